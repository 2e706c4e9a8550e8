//! From records to figures.

use std::collections::BTreeSet;

use maxwell_api::experiment::Outcome;
use maxwell_api::summary::{self, ArmSummary, FundingPoint, Headline, RunSummary, Summary};

use crate::{Records, RunRecords};

mod figures;

mod arm;

mod expected;

mod checks;

mod sentences;

/// What is published: with one scientist and one miner on one slot, 1.8 times the primes per joule or better.
pub(crate) const TARGET: f64 = 1.8;

/// Name of the arm without a market.
pub(crate) const LINUX: &str = "linux";
/// Name of the arm with the whole market.
pub(crate) const MAXWELL: &str = "maxwell";
/// What names of arms of the funding sweep begin with.
pub(crate) const FUNDING: &str = "funding-";

/// The figures of an experiment. The same records give the same figures.
pub fn summarize(records: &Records) -> Summary {
    let experiment = &records.experiment;
    let runs: Vec<RunSummary> = records.runs.iter().map(run_summary).collect();
    let arms = arm::all(records, &runs);
    let headline = headline(&arms);
    let expected = expected::expected(&experiment.plan, headline.as_ref());
    let checks = checks::all(records, &runs, &expected);
    let provenance = provenance(records);
    let published_configuration = expected::is_published(&experiment.plan);
    let notes = sentences::notes(records, &arms);
    Summary {
        version: summary::VERSION,
        maxwell: experiment.maxwell.clone(),
        command: experiment.command.clone(),
        began_unix_s: experiment.began_unix_s,
        headline: sentences::headline(headline.as_ref(), &arms, experiment, &provenance, &checks),
        primes_per_joule_ratio_maxwell_to_linux: headline,
        provenance,
        published_configuration,
        expected,
        checks,
        funding_sweep: funding_sweep(&arms),
        arms,
        runs,
        skipped: experiment.skipped.clone(),
        notes,
    }
}

/// The records of an arm that count.
pub(crate) fn complete<'a>(records: &'a Records, arm: &'a str) -> impl Iterator<Item = &'a RunRecords> {
    records
        .runs
        .iter()
        .filter(move |records| records.run.arm == arm && records.run.outcome == Outcome::Complete)
}

fn run_summary(records: &RunRecords) -> RunSummary {
    let run = &records.run;
    RunSummary {
        run: run.run,
        arm: run.arm.clone(),
        repetition: run.repetition,
        outcome: run.outcome.clone(),
        recorded_s: records.nodes.last().map(|row| row.t_s),
        figures: figures::of_run(records),
    }
}

fn headline(arms: &[ArmSummary]) -> Option<Headline> {
    let ratio = arms.iter().find(|arm| arm.arm == MAXWELL)?.ratio_to_linux?;
    Some(Headline {
        ratio: ratio.ratio,
        low: ratio.low,
        high: ratio.high,
        repetitions: ratio.repetitions,
        target: TARGET,
        reached: ratio.ratio >= TARGET,
    })
}

fn provenance(records: &Records) -> String {
    let all: BTreeSet<&str> =
        records.runs.iter().flat_map(|run| &run.nodes).map(|row| row.provenance.as_str()).collect();
    if all.is_empty() {
        return "unknown".into();
    }
    all.into_iter().collect::<Vec<_>>().join(" and ")
}

/// Arms of the sweep and `maxwell` itself, which is the point at the usual money.
fn funding_sweep(arms: &[ArmSummary]) -> Vec<FundingPoint> {
    if !arms.iter().any(|arm| arm.arm.starts_with(FUNDING)) {
        return Vec::new();
    }
    let mut points: Vec<FundingPoint> = arms
        .iter()
        .filter(|arm| arm.arm.starts_with(FUNDING) || arm.arm == MAXWELL)
        .filter_map(|arm| {
            Some(FundingPoint {
                arm: arm.arm.clone(),
                funding_slot_seconds: arm.funding_slot_seconds?,
                ratio_to_linux: arm.ratio_to_linux,
                parasites: arm.parasites,
                parasites_survived: arm.parasites_survived,
                parasite_survival_s: arm.figures.parasite_survival_s,
            })
        })
        .collect();
    points.sort_by(|one, other| one.funding_slot_seconds.total_cmp(&other.funding_slot_seconds));
    points
}
