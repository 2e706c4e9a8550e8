//! `maxwell wallet`: keys, and what their owners order.

mod keys;
pub(crate) mod show;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::{Args, Subcommand};
use maxwell_core::units::{Microjoules, positive_amount};
use maxwell_ledger::account::AccountName;
use maxwell_ledger::operation::Body;

use crate::home::{Common, Name, Whom};
use crate::keys::{PassphraseSource, resolve};
use crate::order::Signing;

/// Options of `maxwell wallet`.
#[derive(Args, Debug)]
pub(crate) struct Options {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key, which is a wallet
    #[command(after_help = "Example: maxwell wallet new alice --passphrase")]
    New {
        /// What it is to be called here: letters, digits, `-` and `_`
        #[arg(value_name = "NAME")]
        name: Name,
        /// Encrypt it with a passphrase, which is asked for twice
        #[arg(long)]
        passphrase: bool,
        #[command(flatten)]
        source: PassphraseSource,
    },
    /// List the wallets whose keys are here, with what they have
    #[command(after_help = "Example: maxwell wallet list --json")]
    List,
    /// Show what the ledger knows of a wallet
    #[command(after_help = "Example: maxwell wallet show alice")]
    Show {
        /// A name, or an address
        #[arg(value_name = "WALLET")]
        wallet: Whom,
    },
    /// Issue new money into a wallet, signed by the mint's key
    #[command(after_help = "Example: maxwell wallet fund alice 12.5J")]
    Fund {
        /// Who receives it: a name, or an address
        #[arg(value_name = "WALLET")]
        to: Whom,
        /// How much: `12.5 J`, `3 mJ`, `250 µJ` or `250 uJ`
        #[arg(value_name = "AMOUNT", allow_hyphen_values = true, value_parser = positive_amount)]
        amount: Microjoules,
        #[command(flatten)]
        signing: Signing,
    },
    /// Send money from a wallet to another
    #[command(after_help = "Example: maxwell wallet transfer --from alice --to bob 250mJ")]
    Transfer {
        /// Who pays: a wallet whose key is here
        #[arg(long, value_name = "NAME")]
        from: Name,
        /// Who receives: a name, or an address
        #[arg(long, value_name = "WALLET")]
        to: Whom,
        /// How much: `12.5 J`, `3 mJ`, `250 µJ` or `250 uJ`
        #[arg(value_name = "AMOUNT", allow_hyphen_values = true, value_parser = positive_amount)]
        amount: Microjoules,
        #[command(flatten)]
        signing: Signing,
    },
    /// Put money into an escrow, which pays for verified work
    #[command(after_help = "Example: maxwell wallet deposit alice --escrow 7 3J")]
    Deposit {
        /// Who pays: a wallet whose key is here
        #[arg(value_name = "NAME")]
        from: Name,
        /// Number of the escrow
        #[arg(long, value_name = "N")]
        escrow: u64,
        /// How much: `12.5 J`, `3 mJ`, `250 µJ` or `250 uJ`
        #[arg(value_name = "AMOUNT", allow_hyphen_values = true, value_parser = positive_amount)]
        amount: Microjoules,
        #[command(flatten)]
        signing: Signing,
    },
    /// Set the most that a wallet's cells may bid for a quantum, or lift the bound
    #[command(after_help = "Example: maxwell wallet max-bid alice 250uJ")]
    MaxBid {
        /// A wallet whose key is here
        #[arg(value_name = "NAME")]
        wallet: Name,
        /// The most for one quantum, or `none`
        #[arg(value_name = "AMOUNT", allow_hyphen_values = true, value_parser = bound)]
        max_bid: Bound,
        #[command(flatten)]
        signing: Signing,
    },
    /// Send all that is left in a wallet to another, and close it for ever
    #[command(after_help = "Example: maxwell wallet close alice --to bob")]
    Close {
        /// A wallet whose key is here
        #[arg(value_name = "NAME")]
        wallet: Name,
        /// Who receives the rest: a name, or an address
        #[arg(long, value_name = "WALLET")]
        to: Whom,
        #[command(flatten)]
        signing: Signing,
    },
    /// Copy a wallet's key into a file for its owner alone
    #[command(after_help = "Example: maxwell wallet export alice --out alice.key")]
    Export {
        /// A wallet whose key is here
        #[arg(value_name = "NAME")]
        name: Name,
        /// The file to write, which must not exist
        #[arg(long, value_name = "FILE", required_unless_present = "show_secret")]
        out: Option<PathBuf>,
        /// Print the key file instead: whoever sees it can spend the money
        #[arg(long, conflicts_with = "out")]
        show_secret: bool,
    },
    /// Take in a key that was exported, or made elsewhere
    #[command(after_help = "Example: maxwell wallet import alice.key --name alice")]
    Import {
        /// The key file, of mode 0600
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// What it is to be called here
        #[arg(long, value_name = "NAME")]
        name: Name,
        #[command(flatten)]
        source: PassphraseSource,
    },
}

/// The most for one quantum, if there is a bound.
#[derive(Clone, Copy, Debug)]
struct Bound(Option<Microjoules>);

fn bound(text: &str) -> Result<Bound> {
    if text == "none" { Ok(Bound(None)) } else { Ok(Bound(Some(positive_amount(text)?))) }
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let common = &options.common;
    match &options.command {
        Command::New { name, passphrase, source } => keys::new(common, name, *passphrase, source),
        Command::List => show::list(common),
        Command::Show { wallet } => show::show(common, wallet),
        Command::Fund { to, amount, signing } => fund(common, to, *amount, signing),
        Command::Transfer { from, to, amount, signing } => {
            let to = resolve(&common.home()?, to)?;
            order(common, from, Body::Transfer { to, amount: *amount }, signing)
        }
        Command::Deposit { from, escrow, amount, signing } => {
            let into = AccountName::Escrow(*escrow);
            order(common, from, Body::Deposit { into, amount: *amount }, signing)
        }
        Command::MaxBid { wallet, max_bid, signing } => {
            order(common, wallet, Body::SetMaxBid { max_bid: max_bid.0 }, signing)
        }
        Command::Close { wallet, to, signing } => {
            let to = resolve(&common.home()?, to)?;
            order(common, wallet, Body::Close { to }, signing)
        }
        Command::Export { name, out: Some(out), .. } => keys::export(common, name, out),
        Command::Export { name, out: None, .. } => keys::show_secret(common, name),
        Command::Import { file, name, source } => keys::import(common, file, name, source),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// An order of a wallet's owner.
fn order(common: &Common, by: &Name, body: Body, signing: &Signing) -> Result<()> {
    let key = signing.passphrase.open_wallet(&common.home()?, by)?;
    signing.order(common, &key, body)
}

/// An order of the mint.
fn fund(common: &Common, to: &Whom, amount: Microjoules, signing: &Signing) -> Result<()> {
    let home = common.home()?;
    let to = resolve(&home, to)?;
    let path = home.mint_key();
    ensure!(
        path.symlink_metadata().is_ok(),
        "the mint's key {} is not here: sign where it is, with --print, and bring the order to `maxwell ledger submit`",
        path.display()
    );
    home.must_be_private()?;
    let key = signing.passphrase.open(&path)?;
    signing.order(common, &key, Body::Fund { to, amount })
}
