//! `maxwell market`: what is known of the market, away from any machine.

mod book;
mod study;

use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use maxwell_core::units::Ppm;

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

/// Reads what a slot is worth relative to the best.
pub(crate) fn weight(text: &str) -> Result<Ppm> {
    let ratio: f64 = text.parse().map_err(|_| anyhow!("`{text}` is no number"))?;
    let weight = Ppm::from_ratio(ratio);
    let possible = ratio.is_finite() && weight > Ppm(0) && weight <= Ppm::ONE;
    possible.then_some(weight).ok_or_else(|| anyhow!("a weight is above 0 and at most 1, the fastest slot"))
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    match &options.command {
        Command::Book(options) => book::run(options),
        Command::Study(options) => study::run(options),
    }
}
