//! Conducts an experiment: one run after the other, each in a process of its own, and the report after each.

mod child;
mod orphans;
mod place;
mod progress;
mod summary;
mod trial;

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use maxwell_api::experiment::{Experiment, Outcome, Run, VERSION};
use maxwell_api::summary::Summary;
use maxwell_core::units::Nanoseconds;
use maxwell_daemon::inbox::StopSwitch;
use maxwell_hypervisor::process::ProcessHost;
use maxwell_report::Records;

use crate::arms::Arm;
use crate::cells;
use crate::files::write_json;
use crate::machine;
use crate::order::{Turn, interleaved};
use crate::plan::{Planned, Request};
use crate::run::{root, unbegun};
use crate::spec::RunSpec;
use orphans::Orphanage;
use progress::Progress;

/// How an experiment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every run is complete.
    Complete,
    /// Some runs failed, as the report says.
    SomeFailed,
    /// The operator ended it.
    Interrupted,
    /// The operator ended it before the first run; nothing was written.
    NeverBegun,
}

/// Makes every run of the plan and writes the report. `switch` is pressed when the operator wants it to end.
///
/// # Errors
/// What stands in the way before the first run, or a file that cannot be written. Nothing is left running.
pub fn conduct(request: &Request, mut planned: Planned, switch: &StopSwitch) -> Result<Verdict> {
    place::look(&request.out)?;
    let host = cells::host(request.slots, request.gate)?;
    planned.skip(|arm| can(arm, &host));
    if planned.arms.is_empty() {
        let why: Vec<_> = planned.skipped.iter().map(|arm| format!("{}: {}", arm.arm, arm.because)).collect();
        bail!("none of the arms can run here: {}", why.join("; "));
    }
    let sensors = trial::sensors(request)?;
    let place = place::make(&request.out)?;
    let orphanage = Orphanage::open();
    let cpu_per_range = match trial::measure(&host, &planned.plan, switch) {
        Err(_) if switch.is_interrupted() => return Ok(Verdict::NeverBegun),
        measured => measured?,
    };
    let experiment = experiment(request, &planned, &host, sensors, cpu_per_range);
    drop(host);
    orphanage.settle();
    write_json(&request.out.join("experiment.json"), &experiment)?;
    place.keep();
    let conductor = Conductor { request, planned: &planned, cpu_per_range, switch, orphanage };
    conductor.conduct()
}

/// Whether this machine can do an arm; why not.
fn can(arm: Arm, host: &ProcessHost) -> Result<(), String> {
    match arm {
        Arm::CpuWeight => host.can_weigh(),
        Arm::CpuMax => host.can_cap(),
        _ => Ok(()),
    }
}

fn experiment(
    request: &Request,
    planned: &Planned,
    host: &ProcessHost,
    sensors: Vec<String>,
    cpu_per_range: Nanoseconds,
) -> Experiment {
    let mut capabilities = host.findings().to_vec();
    let millis = cpu_per_range.as_seconds() * 1e3;
    capabilities.push(format!(
        "A range of the bounty takes the scientist {millis:.3} ms of CPU here, measured before the first run."
    ));
    Experiment {
        version: VERSION,
        maxwell: env!("CARGO_PKG_VERSION").to_owned(),
        command: request.command.clone(),
        began_unix_s: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        plan: planned.plan.clone(),
        machine: machine::machine(root(), capabilities, sensors),
        skipped: planned.skipped.clone(),
    }
}

struct Conductor<'a> {
    request: &'a Request,
    planned: &'a Planned,
    cpu_per_range: Nanoseconds,
    switch: &'a StopSwitch,
    orphanage: Orphanage,
}

impl Conductor<'_> {
    fn conduct(&self) -> Result<Verdict> {
        let plan = &self.planned.plan;
        let turns = interleaved(self.planned.arms.len(), plan.repetitions, plan.seed);
        let mut progress = Progress::new(self.request.json, turns.len(), plan.duration_s);
        let mut verdict = Verdict::Complete;
        let mut summary = None;
        for turn in &turns {
            let outcome = self.make(turn, turns.len(), &mut progress)?;
            summary = Some(self.report()?);
            match outcome {
                Outcome::Complete => {}
                Outcome::Failed(_) => verdict = Verdict::SomeFailed,
                Outcome::Interrupted => verdict = Verdict::Interrupted,
            }
            if self.switch.is_interrupted() {
                verdict = Verdict::Interrupted;
                break;
            }
        }
        progress.finish();
        if let Some(summary) = summary {
            summary::show(&summary, &self.request.out, self.request.json)
                .context("the output cannot be written; the report is written and nothing is left running")?;
        }
        Ok(verdict)
    }

    /// Makes one run, whatever becomes of it.
    fn make(&self, turn: &Turn, runs: usize, progress: &mut Progress) -> Result<Outcome> {
        let spec = self.spec(turn, runs);
        std::fs::create_dir_all(&spec.folder)
            .with_context(|| format!("{} cannot be made; make room there", spec.folder.display()))?;
        progress.begin(turn.run, &spec.arm, turn.repetition);
        let outcome = child::supervise(&spec, self.switch, &mut |beat| progress.beat(beat));
        let left = self.orphanage.settle();
        let outcome = settle_record(&spec, outcome, left)?;
        progress.end(turn.run, &outcome);
        Ok(outcome)
    }

    fn spec(&self, turn: &Turn, runs: usize) -> RunSpec {
        let arm = self.planned.arms[turn.arm].to_string();
        let width = runs.to_string().len().max(2);
        let name = format!("{:0width$}-{arm}-{}", turn.run, turn.repetition);
        RunSpec {
            run: turn.run,
            arm,
            repetition: turn.repetition,
            folder: self.request.out.join("runs").join(name),
            plan: self.planned.plan.clone(),
            trace: self.request.trace.clone(),
            gate: self.request.gate,
            cpu_per_range_ns: self.cpu_per_range.0,
        }
    }

    fn report(&self) -> Result<Summary> {
        let out = &self.request.out;
        let written = Records::read(out).and_then(|records| maxwell_report::write(out, &records));
        written.with_context(|| format!("the report in {} cannot be written", out.display()))
    }
}

/// Brings the run's own record in line with what became of it.
fn settle_record(spec: &RunSpec, outcome: Outcome, left: Option<String>) -> Result<Outcome> {
    let file = spec.folder.join("run.json");
    let told = read_run(&file);
    let outcome = match (&outcome, &told) {
        (Outcome::Complete, None) => Outcome::Failed("it left no readable record of itself".to_owned()),
        _ => outcome,
    };
    let mut run = told.clone().unwrap_or_else(|| unbegun(spec, outcome.clone()));
    run.outcome = outcome.clone();
    run.warnings.extend(left);
    if told.as_ref() == Some(&run) {
        return Ok(outcome);
    }
    match write_json(&file, &run) {
        Ok(()) => Ok(outcome),
        Err(error) => Err(match &outcome {
            Outcome::Failed(why) => error.context(format!("run {} ({}) failed: {why}", spec.run, spec.arm)),
            _ => error,
        }),
    }
}

fn read_run(file: &Path) -> Option<Run> {
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}
