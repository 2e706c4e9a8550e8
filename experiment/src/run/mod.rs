//! One run, in a process of its own: the command `maxwell experiment-run`.
//!
//! Its orders are a line of JSON on standard input, which stays open: when it closes, the conductor is gone and the run
//! ends in order. Signs of life go to standard output, rows and `run.json` into the run's folder.

mod free;
mod market;
mod stage;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, bail};
use maxwell_api::experiment::{AgentFate, Outcome, Run, VERSION};
use maxwell_core::event::Stop;
use maxwell_core::population::lifecycle::Reason;
use maxwell_core::units::{Microjoules, Moment};
use maxwell_daemon::inbox::StopSwitch;
use maxwell_hypervisor::process::ProcessHost;

use crate::arms::Arm;
use crate::economy;
use crate::files::write_json;
use crate::record::{Recorded, say};
use crate::spec::{Beat, RunSpec};
use stage::Stage;

/// The longest order that is read: far more than the longest plan.
const SPEC_BYTES_MAX: u64 = 1 << 20;

/// What the outcome says until the run has another one.
pub const UNFINISHED: &str = "it did not come to its end";

/// Makes the run that standard input asks for. `switch` is pressed by whoever wants it to end.
///
/// # Errors
/// What went wrong; everything that was started is ended, and what was recorded stays.
pub fn run(switch: &StopSwitch) -> Result<Outcome> {
    let spec = read_spec(switch)?;
    let stage = Stage::build(&spec, switch)?;
    let mut run = stage.facts();
    let file = spec.folder.join("run.json");
    // A run that is killed leaves this behind.
    write_json(&file, &run)?;
    say(&Beat::default());
    let arm = stage.arm;
    let finished = if arm.has_market() { market::run(stage, &spec) } else { free::run(stage) };
    let Finished { stop, at, recorded, warnings, real_time_priority, wallets, host: _host } = finished?;
    run.duration_s = at.as_seconds();
    run.real_time_priority = real_time_priority;
    run.warnings.extend(warnings);
    if recorded.dropped > 0 {
        let lost = recorded.dropped;
        run.warnings.push(format!("{lost} rows were not written down: the disk was too slow"));
    }
    if let Some(error) = recorded.error {
        run.outcome = Outcome::Failed(error.to_string());
        // The disk may have room for the reason where it has none for a row; if not, the old file stands.
        let _ = write_json(&file, &run);
        return Err(error.into());
    }
    run.outcome = match stop {
        Stop::Elapsed => Outcome::Complete,
        Stop::Interrupted => Outcome::Interrupted,
        Stop::OutputLost => Outcome::Failed("its records cannot be written any more".to_owned()),
        Stop::LedgerLost => Outcome::Failed("its ledger cannot be written any more".to_owned()),
    };
    for (index, fate) in run.agents.iter_mut().enumerate() {
        complete(fate, arm, index, &recorded, &wallets);
    }
    if let (Outcome::Complete, Some(fate)) = (&run.outcome, run.agents.iter().find(|fate| left_early(fate))) {
        run.outcome = Outcome::Failed(how_it_left(fate));
    }
    write_json(&file, &run)?;
    Ok(run.outcome)
}

/// What an arm leaves behind.
struct Finished {
    stop: Stop,
    at: Moment,
    recorded: Recorded,
    warnings: Vec<String>,
    real_time_priority: bool,
    /// Each agent's wallet at the end; none without a market.
    wallets: Vec<Microjoules>,
    /// Dropped when the record is written: it waits until nothing is left of the cells.
    host: ProcessHost,
}

fn read_spec(switch: &StopSwitch) -> Result<RunSpec> {
    let mut input = BufReader::new(std::io::stdin());
    let mut line = String::new();
    input.by_ref().take(SPEC_BYTES_MAX).read_line(&mut line).context("the run's orders cannot be read")?;
    if line.is_empty() {
        bail!("this is a part of `maxwell experiment`, which gives it its orders; run that");
    }
    let spec = serde_json::from_str(&line).context("the run's orders are not understood")?;
    let flag = switch.interrupt_flag();
    let watch = move || {
        // Nothing more is said: this returns when the conductor is gone, whatever became of it.
        let _ = std::io::copy(&mut input, &mut std::io::sink());
        flag.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    std::thread::Builder::new().name("maxwell-lifeline".into()).spawn(watch).context("no thread is given")?;
    Ok(spec)
}

/// What is known of the agent at the end.
fn complete(fate: &mut AgentFate, arm: Arm, index: usize, recorded: &Recorded, wallets: &[Microjoules]) {
    let last = &recorded.agents[index];
    fate.primes = last.primes;
    fate.cpu_s = last.cpu.as_seconds();
    if let Some(&balance) = wallets.get(index) {
        fate.balance_uj = Some(balance.0);
        fate.income_uj = Some(last.income.0);
    }
    let killed = arm == Arm::Oracle && fate.parasite;
    let Some(obituary) = &recorded.obituaries[index] else { return };
    // The end of the run ends everybody; it says nothing about this one.
    if obituary.reason != Reason::Operator || killed {
        "dead".clone_into(&mut fate.fate);
        fate.reason = Some(if killed { "killed" } else { obituary.reason.word() }.to_owned());
        fate.died_at_s = Some(obituary.at.as_seconds());
        fate.last_words = Some(obituary.last_words.trim().to_owned()).filter(|words| !words.is_empty());
    }
}

/// Whether an agent's program was over before anybody ended it. Then the arms did not run the same agents, and what they
/// did cannot be compared.
fn left_early(fate: &AgentFate) -> bool {
    matches!(fate.reason.as_deref(), Some("crashed" | "finished" | "limit"))
}

fn how_it_left(fate: &AgentFate) -> String {
    let reason = fate.reason.as_deref().unwrap_or_default();
    let words = fate.last_words.as_deref().map(|words| format!(": {words}")).unwrap_or_default();
    format!("the {} was over after {:.1} s ({reason}){words}", fate.agent, fate.died_at_s.unwrap_or_default())
}

/// The record of a run that did not even begin.
pub fn unbegun(spec: &RunSpec, outcome: Outcome) -> Run {
    let arm = spec.arm.parse::<Arm>().ok().filter(|arm| arm.has_market());
    Run {
        version: VERSION,
        run: spec.run,
        arm: spec.arm.clone(),
        repetition: spec.repetition,
        outcome,
        duration_s: 0.0,
        funding_slot_seconds: arm.map(|arm| economy::funding_slot_seconds(arm, &spec.plan)),
        cpus: vec![],
        gate: String::new(),
        meter: String::new(),
        real_time_priority: false,
        agents: vec![],
        warnings: vec![],
    }
}

/// Where the kernel's files begin.
const ROOT: &str = "/";

/// The machine's own file tree.
pub(crate) fn root() -> &'static Path {
    Path::new(ROOT)
}
