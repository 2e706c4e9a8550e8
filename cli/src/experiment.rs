//! `maxwell experiment`: control against treatment.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, ValueEnum};
use maxwell_api::experiment::Outcome;
use maxwell_core::limits::SLOTS_MAX;
use maxwell_daemon::inbox::StopSwitch;
use maxwell_experiment::conduct::{Verdict, conduct};
use maxwell_experiment::economy::{FUNDING_MAX, FUNDING_MIN};
use maxwell_experiment::plan::{Planned, Request};
use maxwell_experiment::spec;

use crate::signals::{INTERRUPTED, stop_on_signals};
use crate::{Arguments, complain};

/// Options of `maxwell experiment`.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Folder for records and report; a new or an empty one
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// What is compared: all, or some of linux, maxwell, nice, cpu.weight, cpu.max, oracle,
    /// no-bounty, flat-price, no-tax, and funding-1 to funding-40, see --sweep
    #[arg(verbatim_doc_comment, long, value_name = "ARM,...", default_value = "linux,maxwell")]
    arms: String,
    /// Who runs: scientist, miner, sleeper, bursty, cheat, hoarder, whale; miner:3 for three of
    /// them, at most 64 in all, a scientist among them
    #[arg(verbatim_doc_comment, long, value_name = "KIND[:N],...", default_value = "scientist,miner")]
    agents: String,
    /// CPUs that are sold or shared
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..=i64::from(SLOTS_MAX)))]
    slots: u16,
    /// How long a run is, from 5 to 3600 s
    #[arg(long, value_name = "SECONDS", default_value_t = 60, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(5..=3600))]
    duration: u32,
    /// How often each arm is run, from 1 to 100 times
    #[arg(long, value_name = "N", default_value_t = 3, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=100))]
    repetitions: u32,
    /// Money of each agent, 1 to 100000, of which 0.5 is set aside: a slot-second is what a slot
    /// costs in a second at the base price [default: 0.1 x the duration, at least 1]
    #[arg(verbatim_doc_comment, long, value_name = "SLOT_SECONDS", allow_negative_numbers = true, value_parser = funding)]
    funding: Option<f64>,
    /// Run the market with 1, 2.5, 5, 10, 20 and 40 slot-seconds of money as well; brings the arm
    /// linux along, with which they are compared
    #[arg(verbatim_doc_comment, long)]
    sweep: bool,
    /// Where heat and energy come from
    #[arg(long, value_enum, default_value_t = Physics::Model)]
    physics: Physics,
    /// The recording that --physics replay replays; at least as long as a run
    #[arg(long, value_name = "FILE.csv")]
    trace: Option<PathBuf>,
    /// Seed of the order of the runs and of the agents' work
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true)]
    seed: u64,
    /// How agents are stopped and continued: the best way, freezer v2 or v1, signals
    #[arg(long, value_enum, default_value_t = Gate::Auto)]
    gate: Gate,
    /// Record every tick of the market as well, a hundred a second
    #[arg(long)]
    record_ticks: bool,
    /// A program to run in place of a built-in agent, with the same arguments and channel; may be
    /// given for several kinds. The market sells each agent one slot at a time
    #[arg(verbatim_doc_comment, long = "program", value_name = "KIND=PATH")]
    programs: Vec<String>,
    /// Print nothing but the summary, as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Physics {
    /// A thermal model on the CPU time that was used
    Model,
    /// A recording
    Replay,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Gate {
    Auto,
    V2,
    V1,
    Signals,
}

impl Gate {
    const fn wanted(self) -> Option<spec::Gate> {
        match self {
            Self::Auto => None,
            Self::V2 => Some(spec::Gate::V2),
            Self::V1 => Some(spec::Gate::V1),
            Self::Signals => Some(spec::Gate::Signals),
        }
    }
}

/// Slot-seconds within bounds.
fn funding(word: &str) -> Result<f64, String> {
    let number: Option<f64> = word.parse().ok();
    let refused = || format!("it is no number from {FUNDING_MIN} to {FUNDING_MAX}");
    number.filter(|number| (FUNDING_MIN..=FUNDING_MAX).contains(number)).ok_or_else(refused)
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    for path in [Some(&options.out), options.trace.as_ref()].into_iter().flatten() {
        if path.to_str().is_none() {
            wrong_usage(&format!("the path {} is no UTF-8; take one that is", path.display()));
        }
    }
    let request = request(options);
    let planned = match Planned::of(&request) {
        Ok(planned) => planned,
        Err(error) => wrong_usage(&error.to_string()),
    };
    let switch = StopSwitch::default();
    stop_on_signals(&switch)?;
    match conduct(&request, planned, &switch) {
        Ok(Verdict::Complete) => Ok(ExitCode::SUCCESS),
        Ok(Verdict::SomeFailed) => Ok(ExitCode::FAILURE),
        Ok(Verdict::Interrupted) => Ok(ExitCode::from(INTERRUPTED)),
        Ok(Verdict::NeverBegun) => {
            complain("interrupted before the first run; nothing is left running and nothing was written");
            Ok(ExitCode::from(INTERRUPTED))
        }
        Err(error) => Err(error),
    }
}

/// `maxwell experiment-run`: one run, in this process.
pub(crate) fn run_one() -> Result<ExitCode> {
    let switch = StopSwitch::default();
    stop_on_signals(&switch)?;
    Ok(match maxwell_experiment::run::run(&switch)? {
        Outcome::Complete => ExitCode::SUCCESS,
        Outcome::Interrupted => ExitCode::from(INTERRUPTED),
        // The conductor reads it from here.
        Outcome::Failed(why) => bail!(why),
    })
}

/// Refuses options that contradict each other as clap refuses single ones.
fn wrong_usage(why: &str) -> ! {
    let mut command = Arguments::command();
    let experiment = command.find_subcommand_mut("experiment").expect("it is a command");
    experiment.clone().bin_name("maxwell experiment").error(ErrorKind::ArgumentConflict, why).exit()
}

fn request(options: &Options) -> Request {
    let words = std::env::args_os().skip(1).map(|word| quoted(word.to_string_lossy().into_owned()));
    Request {
        out: options.out.clone(),
        arms: options.arms.clone(),
        agents: options.agents.clone(),
        programs: options.programs.clone(),
        slots: options.slots,
        duration_s: options.duration,
        repetitions: options.repetitions,
        funding: options.funding,
        sweep: options.sweep,
        replay: options.physics == Physics::Replay,
        trace: options.trace.clone(),
        seed: options.seed,
        gate: options.gate.wanted(),
        record_ticks: options.record_ticks,
        json: options.json,
        command: std::iter::once("maxwell".to_owned()).chain(words).collect::<Vec<_>>().join(" "),
    }
}

/// A word as a shell takes it.
fn quoted(word: String) -> String {
    let plain = |symbol: char| symbol.is_ascii_alphanumeric() || "-_./,:=+@%".contains(symbol);
    if !word.is_empty() && word.chars().all(plain) {
        word
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
