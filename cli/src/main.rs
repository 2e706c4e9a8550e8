//! The `maxwell` command.
#![forbid(unsafe_code)]

mod demo;
mod physics;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
    /// Show which sensors this machine has, which one is taken, and what it says
    Physics(physics::Options),
}

/// Exit codes: 0 done, 1 failed, 2 wrong usage (by clap), 130 interrupted.
fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Demo(options) => demo::run(&options),
        Command::Physics(options) => physics::run(&options),
    };
    result.unwrap_or_else(|error| {
        complain(&format!("{error:#}"));
        ExitCode::FAILURE
    })
}

/// Says on standard error what went wrong. Where even that cannot be written the exit code has to do.
fn complain(what: &str) {
    let _ = writeln!(std::io::stderr(), "maxwell: {what}");
}
