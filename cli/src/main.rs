//! The `maxwell` command.
#![forbid(unsafe_code)]

mod books;
mod bounty;
mod calibrate;
mod demo;
mod experiment;
mod home;
mod keys;
mod ledger;
mod market;
mod order;
mod output;
mod physics;
mod price;
mod receipt;
mod sensors;
mod signals;
mod wallet;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use maxwell_agents::program;

/// Exit code after wrong usage, as clap has it.
const WRONG_USAGE: u8 = 2;

/// Sells the CPUs of a machine to the agents that run on it, at a price that follows its heat.
#[derive(Debug, Parser)]
#[command(name = "maxwell", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the market at work: a useful agent and a parasite with equal money
    Demo(demo::Options),
    /// Run the same agents with and without the market, several times, and write a report
    Experiment(experiment::Options),
    /// Make one run of an experiment, whose orders come on standard input
    #[command(hide = true)]
    ExperimentRun,
    /// Run an agent that comes with Maxwell, in a cell or by itself
    Agent(Agent),
    /// Keep a cell: look after its processes, and end them when Maxwell is gone
    #[command(hide = true, disable_help_flag = true)]
    Keeper(Words),
    /// Show which sensors this machine has, which are taken and why, and what they say
    Physics(physics::Options),
    /// Show what a quantum costs now and how much is for sale, term by term
    Price(price::Options),
    /// Measure how this machine heats under load, and write a profile for `physics` and `price`
    Calibrate(calibrate::Options),
    /// Make and show wallets, and move their money
    Wallet(wallet::Options),
    /// Promise money for verified work, and see what became of it
    Bounty(bounty::Options),
    /// Make, check and read the ledger
    Ledger(ledger::Options),
    /// See what would come of a book of orders, and study what strategic bidders do to a market
    Market(market::Options),
    /// Make a receipt, a bill that anyone can check
    Receipt(receipt::Options),
}

/// Options of `maxwell agent`.
#[derive(Args, Debug)]
struct Agent {
    /// Which agent
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    words: Words,
}

/// Words that somebody else understands.
#[derive(Args, Debug)]
struct Words {
    /// Its own options
    #[arg(value_name = "OPTIONS", trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

/// Exit codes: 0 done, 1 failed, 2 wrong usage (by clap), 130 interrupted.
fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Demo(options) => demo::run(&options),
        Command::Experiment(options) => experiment::run(&options),
        Command::ExperimentRun => experiment::run_one(),
        Command::Agent(agent) => Ok(agent_main(&agent)),
        Command::Keeper(words) => Ok(maxwell_hypervisor::process::keeper::main(words.words.into_iter())),
        Command::Physics(options) => physics::run(&options),
        Command::Price(options) => price::run(&options),
        Command::Calibrate(options) => calibrate::run(&options),
        Command::Wallet(options) => wallet::run(&options),
        Command::Bounty(options) => bounty::run(&options),
        Command::Ledger(options) => ledger::run(&options),
        Command::Market(options) => market::run(&options),
        Command::Receipt(options) => receipt::run(&options),
    };
    result.unwrap_or_else(|error| {
        complain(&format!("{error:#}"));
        ExitCode::FAILURE
    })
}

/// The agent's own main, with its own exit codes.
fn agent_main(agent: &Agent) -> ExitCode {
    // Text that is not UTF-8 cannot be a valid option; with its bad bytes replaced it is refused by name.
    let words = agent.words.words.iter().map(|word| word.to_string_lossy().into_owned());
    let Some(code) = program::named(&agent.name, words.collect()) else {
        complain(&format!("there is no agent {:?}; there are {}", agent.name, program::NAMES.join(", ")));
        return ExitCode::from(WRONG_USAGE);
    };
    u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// Says on standard error what went wrong. Where even that cannot be written the exit code has to do.
fn complain(what: &str) {
    let _ = writeln!(std::io::stderr(), "maxwell: {what}");
}
