//! What must hold for the result to be believed.

use maxwell_api::experiment::{AgentFate, Outcome};
use maxwell_api::summary::{Check, Expected, RunSummary, Verdict};

use super::{MAXWELL, complete};
use crate::format::{counted, exact, fixed};
use crate::{Records, RunRecords};

/// Other load of the machine up to here, in CPUs, leaves a comparison fair.
const OTHER_LOAD_CPUS_MAX: f64 = 0.1;
/// Of a hundred ticks one may be late without a trace in figures over a minute.
const MISSED_SHARE_MAX: f64 = 0.01;

/// A ratio up to here above its bound is chance; one higher was not measured under equal conditions.
const ABOVE_BOUND_MAX: f64 = 1.02;

/// All checks.
pub(super) fn all(records: &Records, runs: &[RunSummary], expected: &Expected) -> Vec<Check> {
    let market: Vec<&RunRecords> = complete(records, MAXWELL).collect();
    vec![
        below_bound(expected),
        bids_above(&market),
        parasites_broke(&market),
        earners_alive(&market),
        ticks_missed(records),
        quiet("other-load", "CPU time of programs that do not belong to the experiment", runs, |run| {
            run.figures.other_cpu_s
        }),
        quiet("stolen-time", "CPU time that the machine's own host took", runs, |run| run.figures.stolen_s),
    ]
}

fn check(name: &str, holds: Option<bool>, finding: impl Into<String>) -> Check {
    let verdict = match holds {
        Some(true) => Verdict::Holds,
        Some(false) => Verdict::Fails,
        None => Verdict::Unknown,
    };
    Check { name: name.into(), verdict, finding: finding.into() }
}

fn below_bound(expected: &Expected) -> Check {
    const NAME: &str = "below-bound";
    let Some(share) = expected.found_share else {
        return check(NAME, None, "There is no ratio, or no bound to compare it with.");
    };
    let found = format!("The ratio is {} % of its upper bound", fixed(100.0 * share, 1));
    if share <= ABOVE_BOUND_MAX {
        check(NAME, Some(true), format!("{found}."))
    } else {
        let why = "more than is possible: the arms did not run under equal conditions";
        check(NAME, Some(false), format!("{found}, {why}."))
    }
}

fn bids_above(market: &[&RunRecords]) -> Check {
    const NAME: &str = "parasites-bid-above";
    let bids = |parasite: bool| {
        let agents = market.iter().flat_map(|records| &records.run.agents);
        agents.filter(move |agent| agent.parasite == parasite).filter_map(|agent| agent.bid_uj)
    };
    let (Some(lowest), Some(highest)) = (bids(true).min(), bids(false).max()) else {
        return check(NAME, None, "No complete run of `maxwell` has bids of both parasites and earners.");
    };
    let (parasite, earner) = (exact(lowest as f64), exact(highest as f64));
    if lowest > highest {
        check(
            NAME,
            Some(true),
            format!(
                "Every parasite bids above every earner: {parasite} µJ against {earner} µJ a quantum at the start."
            ),
        )
    } else {
        check(
            NAME,
            Some(false),
            format!(
                "A parasite bids {parasite} µJ a quantum and an earner {earner} µJ: a parasite that does not outbid the earners is not starved by its own bid, and the experiment proves nothing."
            ),
        )
    }
}

fn parasites_broke(market: &[&RunRecords]) -> Check {
    const NAME: &str = "parasites-broke";
    let parasites: Vec<&AgentFate> =
        market.iter().flat_map(|records| &records.run.agents).filter(|agent| agent.parasite).collect();
    if parasites.is_empty() {
        return check(NAME, None, "No complete run of `maxwell` has a parasite.");
    }
    let broke = |agent: &&&AgentFate| {
        agent.fate == "dead" && matches!(agent.reason.as_deref(), Some("insolvent" | "debt"))
    };
    let (dead, all) = (parasites.iter().filter(broke).count() as u32, parasites.len() as u32);
    let of = format!("{dead} of {} in `maxwell` went broke before the end", counted(all, "parasite"));
    if dead == all {
        check(NAME, Some(true), format!("{of}."))
    } else {
        check(
            NAME,
            Some(false),
            format!(
                "Only {of}: where the market does not end the parasite, the experiment does not show what it is meant to show."
            ),
        )
    }
}

fn earners_alive(market: &[&RunRecords]) -> Check {
    const NAME: &str = "earners-alive";
    let earners: Vec<&AgentFate> =
        market.iter().flat_map(|records| &records.run.agents).filter(|agent| !agent.parasite).collect();
    if earners.is_empty() {
        return check(NAME, None, "No complete run of `maxwell` has an earner.");
    }
    let alive = earners.iter().filter(|agent| agent.fate != "dead").count();
    let finding =
        format!("{alive} of {} in `maxwell` lived to the end.", counted(earners.len() as u32, "earner"));
    check(NAME, Some(alive == earners.len()), finding)
}

fn ticks_missed(records: &Records) -> Check {
    const NAME: &str = "ticks-missed";
    let counts = || {
        let counting = records.runs.iter().filter(|records| records.run.outcome == Outcome::Complete);
        counting.filter_map(|records| {
            let last = records.nodes.last()?;
            Some((last.ticks?, last.ticks_missed?))
        })
    };
    let walked: u64 = counts().map(|(walked, _)| walked).sum();
    let missed: u64 = counts().map(|(_, missed)| missed).sum();
    if walked + missed == 0 {
        return check(NAME, None, "No complete run with a market counted its ticks.");
    }
    let share = missed as f64 / (walked + missed) as f64;
    let finding = format!(
        "{missed} of {} ticks came too late and were left out ({} %; up to 1 % is taken for harmless).",
        exact((walked + missed) as f64),
        fixed(100.0 * share, 2)
    );
    check(NAME, Some(share <= MISSED_SHARE_MAX), finding)
}

fn quiet(name: &str, what: &str, runs: &[RunSummary], used_s: fn(&RunSummary) -> Option<f64>) -> Check {
    let loads = runs.iter().filter(|run| run.outcome == Outcome::Complete).filter_map(|run| {
        let over_s = run.recorded_s.filter(|seconds| *seconds > 0.0)?;
        Some((used_s(run)? / over_s, run))
    });
    let loads: Vec<(f64, &RunSummary)> = loads.collect();
    let Some((most, run)) = loads.iter().max_by(|one, other| one.0.total_cmp(&other.0)) else {
        return check(name, None, format!("No complete run recorded the {what}."));
    };
    let above = loads.iter().filter(|(load, _)| *load > OTHER_LOAD_CPUS_MAX).count() as u32;
    let finding = format!(
        "The {what} was {} % of a CPU at most (run {}, `{}`); it was above 10 % in {} of {}.",
        fixed(100.0 * most, 1),
        run.run,
        run.arm,
        above,
        counted(loads.len() as u32, "run")
    );
    check(name, Some(above == 0), finding)
}
