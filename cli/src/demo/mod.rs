//! `maxwell demo`: the thesis in a minute.
//!
//! A node in this process, a scientist and a miner as wasm cells with equal money, two slots on a modelled machine. The
//! node runs on a thread of its own; this thread shows what it is told and never makes it wait.

mod money;
mod plain;
mod setup;
mod story;
mod trade;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::sync_channel;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use maxwell_api::demo::DemoReport;
use maxwell_core::event::Stop;
use maxwell_core::units::Nanoseconds;
use maxwell_daemon::inbox::StopSwitch;
use maxwell_daemon::recorder::{LINES_MAX, SAID_PER_SECOND_MAX};
use maxwell_daemon::scenario::Scenario;
use maxwell_ledger::ledger::Ledger;
use money::{Kept, Money};
use story::StoryTeller;
use trade::Trade;

use crate::complain;
use crate::home::Home;
use crate::signals::{INTERRUPTED, stop_on_signals};

/// Seed of `--fast` unless one is given; the help names it.
const SEED: u64 = 7;
/// Lines that the recorder makes in a second at most: the second itself, and ten of what each agent says.
const LINES_PER_SECOND_MAX: usize = 1 + 2 * SAID_PER_SECOND_MAX as usize;

/// Options of `maxwell demo`.
#[derive(Args, Debug)]
#[command(after_help = trade::CHOICES)]
pub(crate) struct Options {
    /// Print one line a second (the default)
    #[arg(long)]
    plain: bool,
    /// Print nothing but the report, as JSON
    #[arg(long, conflicts_with = "plain")]
    json: bool,
    /// Run on a virtual clock, where the same seed gives the same bytes
    #[arg(long)]
    fast: bool,
    /// Seed of --fast: another machine, another start [default: 7]
    #[arg(long, requires = "fast", value_name = "N", allow_negative_numbers = true)]
    seed: Option<u64>,
    /// How long it runs
    #[arg(long, value_name = "SECONDS", default_value_t = 50, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=3600))]
    duration: u32,
    /// Keep every movement of money in the ledger of this home, made by `maxwell ledger init`
    #[arg(long, value_name = "HOME", conflicts_with_all = ["json", "fast"])]
    ledger: Option<PathBuf>,
    #[command(flatten)]
    trade: Trade,
    #[command(flatten)]
    modules: Modules,
}

/// Programs of one's own in place of those that come with Maxwell.
#[derive(Args, Debug)]
pub(crate) struct Modules {
    /// A wasm module (WASI preview 1) to run as the scientist
    #[arg(long, value_name = "FILE.wasm")]
    scientist: Option<PathBuf>,
    /// A wasm module (WASI preview 1) to run as the miner
    #[arg(long, value_name = "FILE.wasm")]
    miner: Option<PathBuf>,
}

/// In which time a demonstration runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    RealTime,
    Fast { seed: u64 },
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let mode = if options.fast { Mode::Fast { seed: options.seed.unwrap_or(SEED) } } else { Mode::RealTime };
    let mut scenario = match mode {
        Mode::RealTime => Scenario::default(),
        Mode::Fast { seed } => Scenario::seeded(seed),
    };
    scenario.market = options.trade.market();
    scenario.duration = Nanoseconds::from_millis(u64::from(options.duration) * 1_000);

    let switch = StopSwitch::default();
    stop_on_signals(&switch)?;
    let (sender, lines) = sync_channel(lines_max(options.duration));
    let home = options.ledger.clone().map(Home::at);
    let stage = setup::build(&scenario, mode, options, home, switch.clone(), sender);
    if switch.is_interrupted() {
        complain("interrupted before the start; no agent has run in the market and nothing is left running");
        return Ok(ExitCode::from(INTERRUPTED));
    }
    let mut stage = stage?;
    let facts = stage.facts.clone();
    let mut teller = StoryTeller::new(mode, &facts);
    let mut output = std::io::stdout().lock();
    let mut written = Ok(());
    if !options.json {
        written = plain::heading(&mut output, &scenario, mode, &facts);
    }

    let node = std::thread::Builder::new().name("maxwell-node".into()).spawn(move || {
        let ending = stage.node.run();
        let books = setup::Books::close(&stage);
        (ending, books, stage.money, stage.node.into_recorded())
    });
    let node = node.context("the node's thread cannot be started, raise the limit on threads")?;
    for line in lines {
        if written.is_ok() && !options.json {
            written = plain::line(&mut output, &line, &facts);
        }
        if written.is_err() {
            switch.output_lost();
        }
        teller.hear(&line);
    }
    let (ending, books, money, recorded) =
        node.join().map_err(|_| anyhow!("the node failed; its message stands above"))?;
    let closed = kept_money(money, recorded);
    let ending = ending.context("an invariant of Maxwell does not hold; this is a defect, please report it");
    let ending = match (ending, &closed) {
        (Ok(ending), _) => ending,
        (Err(failed), Ok(_)) => return Err(failed),
        (Err(failed), Err(open)) => return Err(both(&failed, open)),
    };
    let report = teller.tell(&ending, &books);
    let shown = written.and_then(|()| show(&mut output, options.json, &report));
    let lost = ending.lost.as_ref().map(|lost| anyhow!("{lost}; what was acknowledged is on disk"));
    // The report stands there by now, whatever became of the bounty.
    let kept = match (closed, &lost) {
        (Ok(kept), _) => kept,
        (Err(open), None) => return Err(open),
        (Err(open), Some(lost)) => return Err(both(lost, &open)),
    };
    shown
        .and_then(|()| kept.map_or(Ok(()), |(kept, ledger)| kept.say(&ledger, &mut output)))
        .context("the output cannot be written; the run was ended and nothing is left running")?;
    lost.map_or(Ok(()), Err)?;
    Ok(if ending.stop == Stop::Interrupted { ExitCode::from(INTERRUPTED) } else { ExitCode::SUCCESS })
}

/// What went wrong, and what went wrong after it with what is to be done about that.
fn both(first: &anyhow::Error, then: &anyhow::Error) -> anyhow::Error {
    anyhow!("{first:#}; and then: {then:#}")
}

/// Gives back what is left of a kept bounty, however the run has ended, as long as its ledger can be written.
fn kept_money(money: Money, recorded: Option<Ledger>) -> Result<Option<(Kept, Ledger)>> {
    let (Money::Kept(kept), Some(mut ledger)) = (money, recorded) else { return Ok(None) };
    kept.close(&mut ledger)?;
    Ok(Some((*kept, ledger)))
}

/// Room for every line that a run of so many seconds can have, and some more for endings: a reader who is slower than the
/// run loses nothing, and the report, which is made from the lines, is the same whoever reads.
fn lines_max(seconds: u32) -> usize {
    LINES_MAX.max((seconds as usize + 1) * LINES_PER_SECOND_MAX + 64)
}

fn show(output: &mut impl Write, json: bool, report: &DemoReport) -> std::io::Result<()> {
    if json {
        serde_json::to_writer_pretty(&mut *output, report)?;
        writeln!(output)?;
    } else {
        plain::summary(output, report)?;
    }
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_failed_says_all_the_same_how_its_bounty_is_closed() {
        let failed = anyhow!("out of order").context("a defect");
        let open = anyhow!("disk full").context("`maxwell bounty close 7` closes it");
        let said = both(&failed, &open).to_string();
        assert_eq!(said, "a defect: out of order; and then: `maxwell bounty close 7` closes it: disk full");
    }
}
