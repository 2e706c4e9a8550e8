//! `maxwell bounty`: promises to pay for verified work.

mod module;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use maxwell_core::bounty::Ranges;
use maxwell_core::bounty::terms::{Terms, Work};
use maxwell_core::units::{Microjoules, positive_amount};
use maxwell_ledger::account::AccountName;
use maxwell_ledger::books::{Books, BountyRefusal};
use maxwell_ledger::operation::Body;

use crate::books;
use crate::home::{Common, Home, Name};
use crate::keys::names;
use crate::order::Signing;
use module::Kept;

/// Options of `maxwell bounty`.
#[derive(Args, Debug)]
pub(crate) struct Options {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Promise so much for each key of some work, and set money aside for it
    #[command(
        after_help = "Example: maxwell bounty post --wallet alice --budget 50J --reward 3mJ \\\n             primes --from 1000000 --width 10000 --ranges 500"
    )]
    Post(Post),
    /// List the bounties, with what they have paid and what is left
    #[command(after_help = "Example: maxwell bounty list --json")]
    List,
    /// End a bounty: it pays nothing more, and its sponsor gets back what is left
    #[command(after_help = "Example: maxwell bounty close 7")]
    Close {
        /// Number of the bounty
        #[arg(value_name = "BOUNTY")]
        number: u64,
        /// Its sponsor, where the ledger cannot be asked
        #[arg(long, value_name = "NAME")]
        wallet: Option<Name>,
        #[command(flatten)]
        signing: Signing,
    },
}

#[derive(Args, Debug)]
struct Post {
    /// Who pays, and gets back what is left: a wallet whose key is here
    #[arg(long, value_name = "NAME")]
    wallet: Name,
    /// What there is to pay from: `12.5 J`, `3 mJ`, `250 µJ` or `250 uJ`
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true, value_parser = positive_amount)]
    budget: Microjoules,
    /// What one key pays, once
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true, value_parser = positive_amount)]
    reward: Microjoules,
    /// Its number, which no escrow had before; else the lowest that is free
    #[arg(long, value_name = "N")]
    number: Option<u64>,
    #[command(flatten)]
    signing: Signing,
    #[command(subcommand)]
    work: Wanted,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
enum Wanted {
    /// Count the primes in ranges of numbers, and add them up; a key is a range
    #[command(
        after_help = "Example: maxwell bounty post --wallet alice --budget 50J --reward 3mJ \\\n             primes --from 1000000 --width 10000 --ranges 500"
    )]
    Primes {
        /// First number of the first range
        #[arg(long, value_name = "N")]
        from: u64,
        /// Numbers in a range
        #[arg(long, value_name = "W")]
        width: u64,
        /// How many ranges
        #[arg(long, value_name = "K")]
        ranges: u64,
    },
    /// Find bytes that hash, with bounty and key before them, to a digest with zeros first
    #[command(
        after_help = "Example: maxwell bounty post --wallet alice --budget 1J --reward 1mJ \\\n             preimages --zero-bits 20 --keys 1000"
    )]
    Preimages {
        /// How many bits of zero: each further one doubles the work
        #[arg(long, value_name = "B")]
        zero_bits: u8,
        /// How many keys
        #[arg(long, value_name = "K")]
        keys: u64,
    },
    /// Do what a module of yours says is right
    #[command(
        after_help = "The module is copied into the home, as bounties/DIGEST.wasm, unless the order is only printed.\n\n\
            Example: maxwell bounty post --wallet alice --budget 1J --reward 1mJ \\\n             module check.wasm --fuel 1000000 --keys 100"
    )]
    Module {
        /// The module: WASM that imports nothing and exports the function `verify`
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Fuel that one verification may burn
        #[arg(long, value_name = "F")]
        fuel: u64,
        /// How many keys
        #[arg(long, value_name = "K")]
        keys: u64,
    },
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let common = &options.common;
    match &options.command {
        Command::Post(wanted) => post(common, wanted),
        Command::List => show::list(common),
        Command::Close { number, wallet, signing } => close(common, *number, wallet.as_ref(), signing),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn post(common: &Common, wanted: &Post) -> Result<()> {
    let Post { wallet, budget, reward, number, signing, work } = wanted;
    let home = common.home()?;
    let bytes = match work {
        Wanted::Module { file, fuel, .. } => Some(module::read(file, *fuel)?),
        Wanted::Primes { .. } | Wanted::Preimages { .. } => None,
    };
    let terms = Terms { work: asked(work, bytes.as_deref()), reward: *reward };
    // The ledger looks at them too. Here they are refused before a key is opened or a file is written.
    terms.check()?;
    ensure!(
        number.is_some() || !signing.is_named(),
        "under one id an order is done once: name the bounty's --number too, so that it is the same order"
    );
    let key = signing.passphrase.open_wallet(&home, wallet)?;
    let number = number.map_or_else(|| free_number(&home), Ok)?;
    let kept = bytes.filter(|_| !signing.only_prints()).map(|bytes| Kept::put(&home, &bytes)).transpose()?;
    let done = signing.order(common, &key, Body::PostBounty { number, terms, budget: *budget });
    if let (Err(_), Some(kept)) = (&done, kept) {
        kept.is_of_no_use(&home, number);
    }
    done.with_context(|| format!("bounty {number}"))
}

/// The work as terms have it.
fn asked(work: &Wanted, module: Option<&[u8]>) -> Work {
    match *work {
        Wanted::Primes { from, width, ranges } => {
            Work::Primes(Ranges { origin: from, width, first: 0, end: ranges })
        }
        Wanted::Preimages { zero_bits, keys } => Work::Preimages { zero_bits, end: keys },
        Wanted::Module { fuel, keys, .. } => Work::Module {
            digest: module::digest(module.expect("a module was read before")),
            fuel,
            end: keys,
        },
    }
}

/// The lowest number from 1 that no escrow ever had.
fn free_number(home: &Home) -> Result<u64> {
    let books = books::now(home, &books::read(home)?)?;
    let is_free = |number: &u64| books.find(&AccountName::Escrow(*number)).is_none();
    (1..=u64::MAX).find(is_free).context("every number was used")
}

/// Whether a number has a bounty now.
fn is_posted(home: &Home, number: u64) -> Result<bool> {
    Ok(books::now(home, &books::read(home)?)?.bounty(number).is_some())
}

fn close(common: &Common, number: u64, wallet: Option<&Name>, signing: &Signing) -> Result<()> {
    let home = common.home()?;
    let wallet = match wallet {
        Some(name) => name.clone(),
        None => sponsor(&home, &books::now(&home, &books::read(&home)?)?, number)?,
    };
    let key = signing.passphrase.open_wallet(&home, &wallet)?;
    signing.order(common, &key, Body::CloseBounty { number })
}

/// What the sponsor of a bounty is called in this home.
fn sponsor(home: &Home, books: &Books, number: u64) -> Result<Name> {
    let (bounty, _) = books.bounty(number).ok_or(BountyRefusal::Unknown(number))?;
    let sponsor = bounty.sponsor;
    names(home).remove(&sponsor).with_context(|| {
        format!(
            "bounty {number} was posted by {sponsor}, whose key is not here: close it where it is, with --print"
        )
    })
}
