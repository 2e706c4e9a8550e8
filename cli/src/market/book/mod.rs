//! `maxwell market book`: what would come of a book of orders. The auction is the node's own; only the money is of the moment.

mod file;
mod hall;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::Args;
use maxwell_api::book::{BookReport, VERSION};
use maxwell_core::auction::mechanism::MechanismKind;
use maxwell_core::limits::SLOTS_MAX;
use maxwell_core::units::{Microjoules, Ppm, positive_amount};

use super::weight;
use crate::output;
use hall::Hall;

/// Ticks that are walked at most: a minute of a node.
const TICKS_MAX: u64 = 6_000;

/// What the file looks like, for `--help`.
const EXAMPLE: &str = "\
The file is CSV with a header. Each line is an order; wallets that have several lines pay for all of them:

    wallet,limit,slots,balance
    alice,900 mJ,1,
    bob,700 mJ,2,5 J
    carol,500 mJ,1,

`slots` is 1 where it is empty, and `balance` is enough for everything.

Example: maxwell market book orders.csv --slots 2 --reserve 150mJ --mechanism all";

/// Options of `maxwell market book`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Options {
    /// File of orders, or `-` for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Slots for sale, all alike
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..=i64::from(SLOTS_MAX)))]
    slots: u16,
    /// Slots for sale by their speed relative to the fastest, such as 1,1,0.6
    #[arg(long, value_name = "WEIGHTS", value_delimiter = ',', conflicts_with = "slots", value_parser = weight)]
    weights: Vec<Ppm>,
    /// The least a quantum is sold for, on a slot of weight one
    #[arg(long, value_name = "AMOUNT", default_value = "1 µJ", allow_hyphen_values = true, value_parser = positive_amount)]
    reserve: Microjoules,
    /// The rule: vickrey, gsp, vcg, first-price, proportional-share, karma, or all
    #[arg(long, value_name = "RULE", default_value = "vickrey", value_parser = mechanisms)]
    mechanism: Mechanisms,
    /// Ticks to sell in, over the same book: equals take turns. Balances are not drawn down
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..=TICKS_MAX))]
    ticks: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Rules to compare.
#[derive(Clone, Debug)]
struct Mechanisms(Vec<MechanismKind>);

fn mechanisms(text: &str) -> Result<Mechanisms> {
    if text == "all" {
        return Ok(Mechanisms(MechanismKind::ALL.to_vec()));
    }
    let kind = text.parse().map_err(|error| anyhow!("{error}, or all"))?;
    Ok(Mechanisms(vec![kind]))
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let Options { reserve, ticks, .. } = *options;
    let orders = file::read(&options.file)?;
    let weights = match options.weights.as_slice() {
        [] => vec![Ppm::ONE; usize::from(options.slots)],
        weights => weights.to_vec(),
    };
    let hall = Hall::new(&orders, weights, reserve)?;
    let outcomes = options.mechanism.0.iter().map(|kind| hall.outcome(*kind, ticks)).collect();
    let report = BookReport {
        version: VERSION,
        weights: hall.weights().iter().map(|weight| weight.as_ratio()).collect(),
        reserve_uj: reserve.0,
        ticks,
        orders: hall.orders(),
        outcomes,
    };
    output::write(options.json, &report, show::write)?;
    Ok(ExitCode::SUCCESS)
}
