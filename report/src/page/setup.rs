//! What was done: plan, arms, agents, machine.

use maxwell_api::experiment::{Machine, Plan};
use maxwell_api::summary::Summary;

use super::table::{Cell, Column, Table};
use crate::format::{NONE, counted, exact, listed};
use crate::{Records, RunRecords};

/// Plan and machine as pairs of name and value.
pub(super) fn setup(records: &Records) -> Table {
    let Records { experiment, runs } = records;
    let plan = &experiment.plan;
    let cpus = distinct(runs, |records| {
        let cpus: Vec<String> = records.run.cpus.iter().map(ToString::to_string).collect();
        format!("CPU {}", listed(&cpus))
    });
    let nodes = runs.iter().filter(|records| records.run.funding_slot_seconds.is_some());
    let priority =
        distinct(nodes, |records| if records.run.real_time_priority { "yes" } else { "no" }.into());
    let mut rows = vec![
        (
            "Each run",
            format!(
                "{} s, {} of each arm, arms interleaved",
                plan.duration_s,
                counted(plan.repetitions, "repetition")
            ),
        ),
        ("Slots", format!("{} ({cpus})", plan.slots)),
        (
            "Money of each agent",
            format!("{} slot-seconds, unless the arm says otherwise", exact(plan.funding_slot_seconds)),
        ),
        (
            "Physics",
            format!(
                "{}: {} W idle, {} W for each busy slot, set point {} °C",
                plan.physics,
                exact(plan.idle_w),
                exact(plan.slot_w),
                exact(plan.set_point_c)
            ),
        ),
        ("Gate of the cells", distinct(runs, |records| records.run.gate.clone())),
        ("Meter of CPU time", distinct(runs, |records| records.run.meter.clone())),
        ("Real-time priority of the node", priority),
        ("Seed", plan.seed.to_string()),
    ];
    rows.extend(machine(&experiment.machine));
    rows.push(("Maxwell", experiment.maxwell.clone()));
    Table {
        caption: "Plan and machine".into(),
        columns: vec![Column::text("What"), Column::text("Value")],
        rows: rows.into_iter().map(|(what, value)| vec![Cell::text(what), Cell::text(value)]).collect(),
    }
}

/// The arms and how many runs of each count.
pub(super) fn arms(summary: &Summary) -> Table {
    let row = |arm: &maxwell_api::summary::ArmSummary| {
        vec![
            Cell::text(format!("`{}`", arm.arm)),
            Cell::text(arm.what.clone()),
            Cell::text(if arm.market { "Maxwell" } else { "the kernel" }),
            Cell::text(arm.runs_complete.to_string()),
            Cell::text(arm.runs_left_out.to_string()),
        ]
    };
    Table {
        caption: "Arms".into(),
        columns: vec![
            Column::text("Arm"),
            Column::text("What it is"),
            Column::text("Who decides"),
            Column::numbers("Complete (runs)"),
            Column::numbers("Not counted (runs)"),
        ],
        rows: summary.arms.iter().map(row).collect(),
    }
}

/// The agents of every run.
pub(super) fn agents(plan: &Plan) -> Table {
    let rows = plan.agents.iter().map(|agents| {
        vec![
            Cell::text(agents.kind.clone()),
            Cell::text(agents.count.to_string()),
            Cell::text(if agents.parasite { "yes" } else { "no" }),
            Cell::text(exact(agents.bid)),
            Cell::text(exact(plan.funding_slot_seconds * agents.funding_factor)),
            program(agents.program.clone()),
        ]
    });
    Table {
        caption:
            "Agents of every run. Only the report knows who is taken for a parasite; the market does not."
                .into(),
        columns: vec![
            Column::text("Agent"),
            Column::numbers("Number (agents)"),
            Column::text("Parasite"),
            Column::numbers("Bid (base prices)"),
            Column::numbers("Money of each (slot-seconds)"),
            Column::text("Program"),
        ],
        rows: rows.collect(),
    }
}

fn program(own: Option<String>) -> Cell {
    let value = if own.is_some() { "your own" } else { "comes with Maxwell" };
    Cell { value: value.into(), below: own }
}

fn machine(machine: &Machine) -> Vec<(&'static str, String)> {
    let or_none = |value: &Option<String>| value.clone().unwrap_or_else(|| "none that says so".into());
    let gibibytes = machine.memory_bytes as f64 / f64::from(1 << 30);
    vec![
        ("Processor", format!("{}, {} CPUs usable", machine.cpu, machine.cpus)),
        ("Memory", format!("{gibibytes:.1} GiB")),
        ("Virtual machine", or_none(&machine.virtual_machine)),
        ("Kernel and its fair scheduler", format!("Linux {}, {}", machine.kernel, machine.scheduler)),
        ("Timer", machine.timer_hz.map_or_else(|| "not known".into(), |hertz| format!("{hertz} Hz"))),
        ("Frequency governor", or_none(&machine.governor)),
        ("Control groups", machine.cgroups.clone()),
        ("Run as root", if machine.root { "yes" } else { "no" }.into()),
        ("Load average at the start", format!("{} processes, over one minute", exact(machine.load_average))),
    ]
}

/// What the runs say, each saying once.
fn distinct<'a>(
    runs: impl IntoIterator<Item = &'a RunRecords>,
    of: impl Fn(&RunRecords) -> String,
) -> String {
    let mut said: Vec<String> = Vec::new();
    for value in runs.into_iter().map(of).filter(|value| !value.is_empty()) {
        if !said.contains(&value) {
            said.push(value);
        }
    }
    if said.is_empty() { NONE.into() } else { listed(&said) }
}
