//! The figures of an arm: its complete runs together.

use std::collections::{BTreeMap, BTreeSet};

use maxwell_api::experiment::{AgentFate, AgentRow, ArmPlan, Outcome};
use maxwell_api::summary::{AgentSummary, ArmSummary, RunSummary, Statistic};

use super::figures::{last_rows, over};
use super::{LINUX, complete};
use crate::statistics::{ratio, statistic};
use crate::{Records, RunRecords};

/// All arms in the order of the plan; one that the plan does not name, from a folder of another experiment, comes
/// after them.
pub(super) fn all(records: &Records, runs: &[RunSummary]) -> Vec<ArmSummary> {
    let mut plans = records.experiment.plan.arms.clone();
    for records in &records.runs {
        if !plans.iter().any(|plan| plan.name == records.run.arm) {
            let market = records.nodes.iter().any(|row| row.reserve_uj.is_some());
            let what = "not in the plan of this experiment".into();
            plans.push(ArmPlan { name: records.run.arm.clone(), what, market });
        }
    }
    plans.iter().map(|plan| arm(records, runs, plan)).collect()
}

fn arm(records: &Records, runs: &[RunSummary], plan: &ArmPlan) -> ArmSummary {
    let complete: Vec<&RunRecords> = complete(records, &plan.name).collect();
    let in_arm = records.runs.iter().filter(|records| records.run.arm == plan.name).count();
    let figures: Vec<_> = counted(runs, &plan.name).map(|run| &run.figures).collect();
    let fates = || complete.iter().flat_map(|records| &records.run.agents);
    ArmSummary {
        arm: plan.name.clone(),
        what: plan.what.clone(),
        market: plan.market,
        funding_slot_seconds: complete.iter().find_map(|records| records.run.funding_slot_seconds),
        runs_complete: complete.len() as u32,
        runs_left_out: (in_arm - complete.len()) as u32,
        own_charged: plan.market,
        figures: over(&figures),
        ratio_to_linux: (plan.name != LINUX)
            .then(|| ratio(&by_repetition(runs, &plan.name), &by_repetition(runs, LINUX)))
            .flatten(),
        parasites: fates().filter(|fate| fate.parasite).count() as u32,
        parasites_survived: fates().filter(|fate| fate.parasite && !is_dead(fate)).count() as u32,
        agents: agents(&complete),
    }
}

fn counted<'a>(runs: &'a [RunSummary], arm: &'a str) -> impl Iterator<Item = &'a RunSummary> {
    runs.iter().filter(move |run| run.arm == arm && run.outcome == Outcome::Complete)
}

fn by_repetition(runs: &[RunSummary], arm: &str) -> BTreeMap<u32, f64> {
    counted(runs, arm).filter_map(|run| Some((run.repetition, run.figures.primes_per_joule?))).collect()
}

fn is_dead(fate: &AgentFate) -> bool {
    fate.fate == "dead"
}

fn agents(runs: &[&RunRecords]) -> Vec<AgentSummary> {
    let mut names: Vec<&AgentFate> = Vec::new();
    for fate in runs.iter().flat_map(|records| &records.run.agents) {
        if !names.iter().any(|known| known.agent == fate.agent) {
            names.push(fate);
        }
    }
    names.iter().map(|fate| agent(runs, fate)).collect()
}

fn agent(runs: &[&RunRecords], named: &AgentFate) -> AgentSummary {
    let fates: Vec<&AgentFate> = runs
        .iter()
        .flat_map(|records| &records.run.agents)
        .filter(|fate| fate.agent == named.agent)
        .collect();
    let rows: Vec<&AgentRow> =
        runs.iter().filter_map(|records| last_rows(records).get(named.agent.as_str()).copied()).collect();
    let money = |of: fn(&AgentFate) -> Option<i64>| -> Option<Statistic> {
        statistic(fates.iter().filter_map(|fate| of(fate)).map(|money| money as f64))
    };
    let died = fates.iter().filter(|fate| is_dead(fate)).count();
    AgentSummary {
        agent: named.agent.clone(),
        kind: named.kind.clone(),
        parasite: named.parasite,
        survived: (fates.len() - died) as u32,
        died: died as u32,
        reasons: distinct(fates.iter().filter_map(|fate| fate.reason.as_ref())),
        died_at_s: statistic(fates.iter().filter_map(|fate| fate.died_at_s)),
        cpu_s: statistic(rows.iter().map(|row| row.cpu_s)),
        energy_j: statistic(rows.iter().map(|row| row.energy_j)),
        primes: statistic(rows.iter().map(|row| row.primes as f64)),
        bid_uj: money(|fate| fate.bid_uj),
        funded_uj: money(|fate| fate.funded_uj),
        income_uj: money(|fate| fate.income_uj),
        balance_uj: money(|fate| fate.balance_uj),
        last_words: distinct(fates.iter().filter_map(|fate| fate.last_words.as_ref())),
    }
}

fn distinct<'a>(words: impl Iterator<Item = &'a String>) -> Vec<String> {
    words.collect::<BTreeSet<_>>().into_iter().cloned().collect()
}
