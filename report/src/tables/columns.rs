//! The columns of the tables. A row that gains a field gains a line here; a test compares them with the CSV's.

use maxwell_api::experiment::{AgentRow, NodeRow, TickRow};

use super::parquet::{Cell, Column, Columns};

/// One column for each field, in the field's own name.
macro_rules! columns {
    ($row:ty: $($cell:ident($($field:ident),+)),+ $(,)?) => {
        impl Columns for $row {
            fn columns() -> Vec<Column<Self>> {
                vec![$($(Column { name: stringify!($field), cell: Cell::$cell(|row| &row.$field) }),+),+]
            }
        }
    };
}

columns!(NodeRow:
    Count(run), Text(arm), Count(repetition),
    Double(t_s, die_c, power_w, package_j, idle_j, cells_j, own_j),
    Text(provenance),
    MaybeDouble(supply_slots, reserve_uj, clearing_uj),
    MaybeLong(ticks, ticks_missed),
    Double(own_cpu_s, machine_cpu_s, machine_stolen_s),
);

columns!(AgentRow:
    Count(run), Text(arm), Count(repetition), Double(t_s), Text(agent, kind, state),
    MaybeMoney(balance_uj), MaybeLong(quanta_won),
    Double(cpu_s, energy_j), Long(primes, claims_refused),
    MaybeLong(hashes, bytes_freed), MaybeDouble(sched_wait_s), MaybeLong(sched_timeslices),
);

columns!(TickRow:
    Count(run), Text(arm), Count(repetition), Long(tick),
    Double(t_s, die_c, supply_slots), Count(sold_slots),
    Money(reserve_uj, clearing_uj), Text(winners), Double(used_s),
);
