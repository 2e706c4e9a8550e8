//! The figures of one run, and of several together.

use std::collections::BTreeMap;

use maxwell_api::experiment::AgentRow;
use maxwell_api::summary::{Figures, Statistic};

use crate::RunRecords;
use crate::statistics::{fairness, statistic};

/// Figures up to the last second that was recorded.
pub(super) fn of_run(records: &RunRecords) -> Figures<f64> {
    let last = records.nodes.last();
    let agents = last_rows(records);
    let has_agents = !agents.is_empty();
    let primes = has_agents.then(|| agents.values().map(|row| row.primes as f64).sum::<f64>());
    let package_j = last.map(|row| row.package_j);
    // The idle power of a model is not that of a recorded machine.
    let above_idle_j = last.filter(|row| row.provenance != "replayed").map(|row| row.package_j - row.idle_j);
    let cells_cpu_s: f64 = agents.values().map(|row| row.cpu_s).sum();
    let useful_j: f64 = agents.values().filter(|row| row.primes > 0).map(|row| row.energy_j).sum();
    let temperatures = || records.nodes.iter().map(|row| row.die_c);
    let shares: Vec<f64> = agents.values().map(|row| row.cpu_s).collect();
    Figures {
        primes,
        package_j,
        primes_per_joule: per(primes, package_j),
        primes_per_joule_above_idle: per(primes, above_idle_j),
        own_cpu_s: last.map(|row| row.own_cpu_s),
        own_j: last.map(|row| row.own_j),
        peak_c: temperatures().reduce(f64::max),
        mean_c: statistic(temperatures()).map(|found| found.mean),
        parasite_survival_s: parasite_survival(records),
        useful_share: per(has_agents.then_some(useful_j), package_j),
        fairness: fairness(&shares),
        sched_latency_ms: latency_ms(agents.values().copied()),
        other_cpu_s: last.filter(|_| has_agents).map(|row| row.machine_cpu_s - cells_cpu_s - row.own_cpu_s),
        stolen_s: last.map(|row| row.machine_stolen_s),
        ticks_missed: last.and_then(|row| row.ticks_missed).map(|ticks| ticks as f64),
    }
}

/// The same over repetitions.
pub(super) fn over(runs: &[&Figures<f64>]) -> Figures<Statistic> {
    let over =
        |figure: fn(&Figures<f64>) -> Option<f64>| statistic(runs.iter().filter_map(|run| figure(run)));
    Figures {
        primes: over(|run| run.primes),
        package_j: over(|run| run.package_j),
        primes_per_joule: over(|run| run.primes_per_joule),
        primes_per_joule_above_idle: over(|run| run.primes_per_joule_above_idle),
        own_cpu_s: over(|run| run.own_cpu_s),
        own_j: over(|run| run.own_j),
        peak_c: over(|run| run.peak_c),
        mean_c: over(|run| run.mean_c),
        parasite_survival_s: over(|run| run.parasite_survival_s),
        useful_share: over(|run| run.useful_share),
        fairness: over(|run| run.fairness),
        sched_latency_ms: over(|run| run.sched_latency_ms),
        other_cpu_s: over(|run| run.other_cpu_s),
        stolen_s: over(|run| run.stolen_s),
        ticks_missed: over(|run| run.ticks_missed),
    }
}

/// Each agent's last row: everything in it counts from the start.
pub(super) fn last_rows(records: &RunRecords) -> BTreeMap<&str, &AgentRow> {
    records.agents.iter().map(|row| (row.agent.as_str(), row)).collect()
}

fn per(above: Option<f64>, below: Option<f64>) -> Option<f64> {
    let (above, below) = (above?, below?);
    (below > 0.0).then(|| above / below)
}

fn parasite_survival(records: &RunRecords) -> Option<f64> {
    let died = records.run.agents.iter().filter(|agent| agent.parasite).filter_map(|agent| agent.died_at_s);
    statistic(died).map(|found| found.mean)
}

fn latency_ms<'a>(agents: impl Iterator<Item = &'a AgentRow>) -> Option<f64> {
    let mut wait_s = 0.0;
    let mut timeslices = 0;
    for row in agents {
        if let (Some(wait), Some(slices)) = (row.sched_wait_s, row.sched_timeslices) {
            wait_s += wait;
            timeslices += slices;
        }
    }
    (timeslices > 0).then(|| 1000.0 * wait_s / timeslices as f64)
}
