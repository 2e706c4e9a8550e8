//! Where each figure comes from.

use maxwell_api::summary::Summary;

use super::table::{Cell, Column, Table};
use crate::Records;
use crate::format::exact;

/// Provenance of figures that a recorded trace gave.
pub(super) const REPLAYED: &str = "replayed";

/// Every kind of figure with its provenance and the way it was had.
pub(super) fn provenance(records: &Records, summary: &Summary) -> Table {
    let plan = &records.experiment.plan;
    let physics = summary.provenance.as_str();
    let package = match physics {
        "modelled" => format!(
            "computed from the measured CPU time of the slots: {} W idle and {} W for each busy slot, and from that \
             the die's heat; no sensor was read",
            exact(plan.idle_w),
            exact(plan.slot_w)
        ),
        "measured" => "read from the machine's sensors, as listed below".to_owned(),
        "replayed" => "played back from a recorded trace, whatever the machine did".to_owned(),
        _ => "more than one source, as each row of `node.csv` says".to_owned(),
    };
    // A recording holds the package alone: whose its joules are is reckoned with the model's watts.
    let shares = if physics == REPLAYED { "modelled" } else { physics };
    let rows = [
        ("Temperature, power and energy of the package", physics, package.as_str()),
        if physics == REPLAYED {
            let what = "Energy of the idle machine, cells and agents";
            (what, shares, "a model's watts by the time and by their CPU time")
        } else {
            ("Energy of agents", shares, "power of a slot by the agent's CPU time")
        },
        (
            "Energy of Maxwell itself",
            shares,
            if physics == REPLAYED {
                "by the CPU time of its own process; the recorded package knows nothing of it"
            } else {
                "by the CPU time of its own process; part of the package's in arms with a market, and nothing in the others"
            },
        ),
        ("CPU time", "measured", "the kernel's own meters"),
        ("Primes", "measured", "counted in ranges whose claims were verified"),
        (
            "Scheduler latency",
            "measured",
            "the kernel's count of waiting for each agent's first thread; time in which the market has stopped an agent is not waiting",
        ),
        (
            "CPU time of other programs, and time taken by the host",
            "measured",
            "the kernel's count for the whole machine, less cells and Maxwell",
        ),
        (
            "Hashes, bytes freed",
            "measured",
            "as the agents themselves say, not checked; only in `agents.csv`",
        ),
    ];
    let row =
        |(what, from, how): (&str, &str, &str)| vec![Cell::text(what), Cell::text(from), Cell::text(how)];
    Table {
        caption: "Provenance".into(),
        columns: vec![Column::text("Figure"), Column::text("Provenance"), Column::text("How")],
        rows: rows.into_iter().map(row).collect(),
    }
}
