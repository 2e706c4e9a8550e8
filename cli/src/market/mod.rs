//! `maxwell market`: what is known of the market, away from any machine.

mod book;
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
    /// Clear a book of orders from a file, under one rule or all of them; runs no agent
    Book(book::Options),
    /// Find out what strategic bidders do to the market, over random games; runs no agent
    Study(study::Options),
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    match &options.command {
        Command::Book(options) => book::run(options),
        Command::Study(options) => study::run(options),
    }
}
