//! `maxwell market`: what is known of the market, away from any machine.

mod study;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

/// Options of `maxwell market`.
#[derive(Args, Debug)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Find out what strategic bidders do to the market, over random games; runs no agent
    Study(study::Options),
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    match &options.command {
        Command::Study(options) => study::run(options),
    }
}
