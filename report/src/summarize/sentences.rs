//! The result and what goes with it, in sentences.

use maxwell_api::experiment::{Experiment, Outcome, Plan};
use maxwell_api::summary::{ArmSummary, Check, Headline, Verdict};

use super::expected::{REPLAY, is_published};
use super::{LINUX, MAXWELL, TARGET};
use crate::Records;
use crate::format::{counted, listed, with_interval};

/// The result in a sentence or two, also when there is none.
pub(super) fn headline(
    headline: Option<&Headline>,
    arms: &[ArmSummary],
    experiment: &Experiment,
    provenance: &str,
    checks: &[Check],
) -> String {
    let Some(found) = headline else { return missing(arms) };
    let interval = match (found.low, found.high) {
        (Some(_), Some(_)) => {
            format!("95 % interval in brackets, {}", counted(found.repetitions, "repetition"))
        }
        _ => format!("{}, so there is no interval", counted(found.repetitions, "repetition")),
    };
    let ratio = with_interval(found.ratio, found.low, found.high);
    format!(
        "Under Maxwell the machine earned {ratio} times the verified primes per joule that it earned under the \
         kernel's fair scheduler{} ({interval}; joules {provenance}, primes counted). {}{}",
        named(&experiment.machine.scheduler),
        verdict(found, &experiment.plan),
        doubts(checks)
    )
}

/// The scheduler's name behind it, if it has one that is known.
fn named(scheduler: &str) -> String {
    if scheduler.is_empty() || scheduler == "not known" { String::new() } else { format!(", {scheduler}") }
}

/// The checks that do not hold, if there are any.
fn doubts(checks: &[Check]) -> String {
    let failed: Vec<&str> = checks
        .iter()
        .filter(|check| check.verdict == Verdict::Fails)
        .map(|check| check.name.as_str())
        .collect();
    if failed.is_empty() {
        return String::new();
    }
    format!(" Before it is believed, see the checks that do not hold: {}.", listed(&failed))
}

/// What to know beside the figures.
pub(super) fn notes(records: &Records, arms: &[ArmSummary]) -> Vec<String> {
    let mut notes = Vec::new();
    for skipped in &records.experiment.skipped {
        notes.push(format!("The arm `{}` was skipped, because {}", skipped.arm, ended(&skipped.because)));
    }
    for records in &records.runs {
        let run = &records.run;
        let which = format!("Run {} (`{}`, repetition {})", run.run, run.arm, run.repetition);
        match &run.outcome {
            Outcome::Complete => {}
            Outcome::Interrupted => notes.push(format!("{which} was interrupted and does not count.")),
            Outcome::Failed(why) => notes.push(format!("{which} failed and does not count: {}", ended(why))),
        }
    }
    let missing: Vec<String> = arms
        .iter()
        .filter(|arm| arm.runs_complete == 0)
        .map(|arm| format!("`{}`", arm.arm))
        .filter(|arm| !records.experiment.skipped.iter().any(|skipped| *arm == format!("`{}`", skipped.arm)))
        .collect();
    if !missing.is_empty() {
        notes.push(format!("There is no complete run of {}.", listed(&missing)));
    }
    if arms.iter().any(|arm| arm.runs_complete == 1) {
        notes.push(
            "An arm with a single complete run has no interval: how much its figures vary is unknown.".into(),
        );
    }
    if arms.iter().any(|arm| arm.runs_complete > 0 && arm.figures.primes_per_joule.is_none()) {
        notes.push("Where no energy or no prime count was recorded there are no primes per joule.".into());
    }
    if records.experiment.plan.physics == REPLAY {
        notes.push(
            "There are no primes per joule above idle: the package is a recording's, and the idle power is a model's."
                .into(),
        );
    }
    notes.extend(warnings(records));
    notes
}

/// Each warning once, with the number of runs that gave it.
fn warnings(records: &Records) -> Vec<String> {
    let mut warnings: Vec<(&str, u32)> = Vec::new();
    for warning in records.runs.iter().flat_map(|records| &records.run.warnings) {
        match warnings.iter_mut().find(|(known, _)| known == warning) {
            Some((_, count)) => *count += 1,
            None => warnings.push((warning, 1)),
        }
    }
    warnings
        .iter()
        .map(|(warning, count)| format!("In {}: {}", counted(*count, "run"), ended(warning)))
        .collect()
}

fn verdict(found: &Headline, plan: &Plan) -> String {
    if plan.physics == REPLAY {
        return format!(
            "The published claim of {TARGET} is not about joules of a recording, which do not answer to what runs."
        );
    }
    if !is_published(plan) {
        return format!(
            "The published claim of {TARGET} speaks of one scientist and one miner with equal money on one slot; this \
             is another configuration, of which it says nothing."
        );
    }
    let claim = format!("the published claim of {TARGET} for this configuration");
    match (found.reached, found.low, found.high) {
        (true, Some(low), _) if low >= TARGET => {
            format!("It reaches {claim}, and so does the whole interval.")
        }
        (true, Some(_), _) => format!("It reaches {claim}, but the interval reaches below it."),
        (true, ..) => format!("It reaches {claim}, in so far as can be said without an interval."),
        (false, _, Some(high)) if high >= TARGET => {
            format!("It misses {claim}, though the interval reaches up to it.")
        }
        (false, ..) => format!("It misses {claim}."),
    }
}

fn missing(arms: &[ArmSummary]) -> String {
    let complete = |name: &str| arms.iter().any(|arm| arm.arm == name && arm.runs_complete > 0);
    let why = match (complete(MAXWELL), complete(LINUX)) {
        (false, false) => "neither `maxwell` nor `linux` has a complete run",
        (false, true) => "the arm `maxwell` has no complete run",
        (true, false) => "the arm `linux` has no complete run",
        (true, true) => {
            "no repetition is complete in both `maxwell` and `linux` with primes and joules to compare"
        }
    };
    format!("There is no headline ratio: {why}.")
}

/// A sentence with its full stop.
fn ended(sentence: &str) -> String {
    let sentence = sentence.trim_end();
    if sentence.ends_with(['.', '!', '?']) { sentence.to_owned() } else { format!("{sentence}.") }
}
