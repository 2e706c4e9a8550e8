//! Tables of figures: the published pair, the other arms, what was expected, the sweep.

use maxwell_api::summary::{ArmSummary, FundingPoint, Ratio, Summary};

use super::provenance::REPLAYED;
use super::table::{Cell, Column, Table};
use crate::format::{counted, exact, number};
use crate::summarize::{FUNDING, LINUX, MAXWELL, TARGET};

/// Where a figure comes from.
#[derive(Clone, Copy)]
enum From {
    /// Counted or metered on the real machine.
    Counted,
    /// As temperature, power and energy of the package are.
    Physics,
    /// A share of the package's energy, reckoned from CPU time.
    Shares,
}

/// A row of figures: what, unit, where from, and its value in an arm.
struct Quantity {
    what: &'static str,
    unit: &'static str,
    from: From,
    cell: fn(&ArmSummary) -> Cell,
}

macro_rules! plain {
    ($field:ident) => {
        plain!($field, 1.0)
    };
    ($field:ident, $factor:expr) => {
        |arm| Cell::statistic(arm.figures.$field, $factor)
    };
}

const QUANTITIES: &[Quantity] = &[
    Quantity {
        what: "Verified primes per joule",
        unit: "primes/J",
        from: From::Physics,
        cell: plain!(primes_per_joule),
    },
    Quantity {
        what: "The same against `linux`",
        unit: "×",
        from: From::Physics,
        cell: |arm| Cell::ratio(arm.ratio_to_linux),
    },
    Quantity {
        what: "Verified primes per joule above idle",
        unit: "primes/J",
        from: From::Physics,
        cell: plain!(primes_per_joule_above_idle),
    },
    Quantity { what: "Verified primes", unit: "primes", from: From::Counted, cell: plain!(primes) },
    Quantity { what: "Energy of the package", unit: "J", from: From::Physics, cell: plain!(package_j) },
    Quantity { what: "Maxwell's own energy", unit: "J", from: From::Shares, cell: own_energy },
    Quantity { what: "CPU time of Maxwell, charged", unit: "s", from: From::Counted, cell: own_cpu },
    Quantity {
        what: "CPU time of the recorder, not charged",
        unit: "s",
        from: From::Counted,
        cell: recorders_cpu,
    },
    Quantity {
        what: "Energy spent on useful work",
        unit: "%",
        from: From::Shares,
        cell: plain!(useful_share, 100.0),
    },
    Quantity {
        what: "Life of parasites that died",
        unit: "s",
        from: From::Counted,
        cell: plain!(parasite_survival_s),
    },
    Quantity { what: "Parasites alive at the end", unit: "agents", from: From::Counted, cell: survivors },
    Quantity { what: "Peak die temperature", unit: "°C", from: From::Physics, cell: plain!(peak_c) },
    Quantity { what: "Mean die temperature", unit: "°C", from: From::Physics, cell: plain!(mean_c) },
    Quantity {
        what: "Jain's fairness of CPU time",
        unit: "1 is equal",
        from: From::Counted,
        cell: plain!(fairness),
    },
    Quantity { what: "Scheduler latency", unit: "ms", from: From::Counted, cell: plain!(sched_latency_ms) },
    Quantity {
        what: "CPU time of other programs",
        unit: "s",
        from: From::Counted,
        cell: plain!(other_cpu_s),
    },
    Quantity {
        what: "CPU time taken by the machine's host",
        unit: "s",
        from: From::Counted,
        cell: plain!(stolen_s),
    },
    Quantity { what: "Ticks left out", unit: "ticks", from: From::Counted, cell: plain!(ticks_missed) },
    Quantity {
        what: "Complete runs",
        unit: "runs",
        from: From::Counted,
        cell: |arm| Cell::text(arm.runs_complete.to_string()),
    },
];

/// `linux` and `maxwell`.
pub(super) fn published(summary: &Summary) -> Table {
    let is_pair = |arm: &&ArmSummary| arm.arm == LINUX || arm.arm == MAXWELL;
    let arms: Vec<&ArmSummary> = summary.arms.iter().filter(is_pair).collect();
    table(summary, &arms, "Results: mean over repetitions, with the 95 % confidence interval")
}

/// Baselines and ablations; `None` if there are none.
pub(super) fn others(summary: &Summary) -> Option<Table> {
    let is_other =
        |arm: &&ArmSummary| arm.arm != LINUX && arm.arm != MAXWELL && !arm.arm.starts_with(FUNDING);
    let arms: Vec<&ArmSummary> = summary.arms.iter().filter(is_other).collect();
    let caption = "Baselines and ablations: mean over repetitions, with the 95 % confidence interval";
    (!arms.is_empty()).then(|| table(summary, &arms, caption))
}

/// What could be expected, and what was found.
pub(super) fn expected(summary: &Summary) -> Table {
    let expected = &summary.expected;
    let found = summary.primes_per_joule_ratio_maxwell_to_linux;
    let value = |value: Option<f64>| value.map_or_else(Cell::empty, |value| Cell::text(number(value)));
    let bound = format!(
        "{} of {} earn; {}, {} W idle, {} W for each busy one",
        expected.earners,
        counted(expected.agents, "agent"),
        counted(expected.slots.into(), "slot"),
        exact(expected.idle_w),
        exact(expected.slot_w)
    );
    let rows = [
        ("At most, by counting", value(expected.upper_bound), "×", bound.as_str()),
        (
            "Found",
            Cell::ratio(found.map(|found| Ratio {
                ratio: found.ratio,
                low: found.low,
                high: found.high,
                repetitions: found.repetitions,
            })),
            "×",
            "paired by repetition, with the 95 % confidence interval",
        ),
        (
            "Found, as a share of the bound",
            value(expected.found_share.map(|share| 100.0 * share)),
            "%",
            "below 100 by what parasites used while they lived, by Maxwell's own cost and by chance",
        ),
        (
            "Published claim",
            Cell::text(exact(TARGET)),
            "×",
            "for one scientist and one miner with equal money on one slot",
        ),
    ];
    let row = |(what, cell, unit, how): (&str, Cell, &str, &str)| {
        vec![Cell::text(what), cell, Cell::text(unit), Cell::text(how)]
    };
    Table {
        caption: "Primes per joule under `maxwell`, divided by those under `linux`".into(),
        columns: vec![
            Column::text("What"),
            Column::numbers("Value"),
            Column::text("Unit"),
            Column::text("How"),
        ],
        rows: rows.into_iter().map(row).collect(),
    }
}

/// The sweep of funding; `None` if there is none.
pub(super) fn sweep(summary: &Summary) -> Option<Table> {
    let row = |point: &FundingPoint| {
        vec![
            Cell::text(format!("`{}`", point.arm)),
            Cell::text(exact(point.funding_slot_seconds)),
            Cell::ratio(point.ratio_to_linux),
            Cell::text(format!("{} of {}", point.parasites_survived, point.parasites)),
            Cell::statistic(point.parasite_survival_s, 1.0),
        ]
    };
    (!summary.funding_sweep.is_empty()).then(|| Table {
        caption: "Sweep of the money that every agent has at the start".into(),
        columns: vec![
            Column::text("Arm"),
            Column::numbers("Money (slot-seconds)"),
            Column::numbers("Primes per joule against `linux` (×)"),
            Column::numbers("Parasites alive at the end (agents)"),
            Column::numbers("Life of those that died (s)"),
        ],
        rows: summary.funding_sweep.iter().map(row).collect(),
    })
}

fn table(summary: &Summary, arms: &[&ArmSummary], caption: &str) -> Table {
    let mut columns = vec![Column::text("Quantity"), Column::text("Unit"), Column::text("Provenance")];
    columns.extend(arms.iter().map(|arm| Column::numbers(format!("`{}`", arm.arm))));
    let row = |quantity: &Quantity| {
        let from = match quantity.from {
            From::Counted => "measured",
            From::Shares if summary.provenance == REPLAYED => "modelled",
            From::Physics | From::Shares => summary.provenance.as_str(),
        };
        let mut cells = vec![Cell::text(quantity.what), Cell::text(quantity.unit), Cell::text(from)];
        cells.extend(arms.iter().map(|arm| (quantity.cell)(arm)));
        cells
    };
    Table { caption: caption.into(), columns, rows: QUANTITIES.iter().map(row).collect() }
}

/// Maxwell's own energy only where there is one.
fn own_energy(arm: &ArmSummary) -> Cell {
    Cell::statistic(arm.figures.own_j.filter(|_| arm.own_charged), 1.0)
}

fn own_cpu(arm: &ArmSummary) -> Cell {
    Cell::statistic(arm.figures.own_cpu_s.filter(|_| arm.own_charged), 1.0)
}

fn recorders_cpu(arm: &ArmSummary) -> Cell {
    Cell::statistic(arm.figures.own_cpu_s.filter(|_| !arm.own_charged), 1.0)
}

fn survivors(arm: &ArmSummary) -> Cell {
    if arm.runs_complete == 0 {
        return Cell::empty();
    }
    Cell::text(format!("{} of {}", arm.parasites_survived, arm.parasites))
}
