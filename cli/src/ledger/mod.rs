//! `maxwell ledger`: making a ledger, checking it, reading it, and carrying out orders that were signed elsewhere.

mod history;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use maxwell_api::ledger::{InitReport, RefundReport, VERSION, VerifyReport};
use maxwell_core::units::Microjoules;
use maxwell_ledger::account::AccountName;
use maxwell_ledger::audit::{Audit, audit};
use maxwell_ledger::ledger::{Close, found};
use maxwell_ledger::operation::SignedOperation;
use maxwell_ledger::record::{Payment, Reason, Record};
use maxwell_ledger::store::RedbStore;
use maxwell_ledger::wallet::{Keypair, PublicKey, keyfile};

use crate::books;
use crate::home::{Common, Home, Whom};
use crate::keys::{PassphraseSource, resolve};
use crate::order;
use crate::output::{self, line};

/// Bytes of a signed order as JSON: three addresses, a signature and some names take about 700.
const ORDER_BYTES_MAX: u64 = 4_096;

/// Options of `maxwell ledger`.
#[derive(Args, Debug)]
pub(crate) struct Options {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make an empty ledger, with a key for its host and one for its mint
    #[command(after_help = "Example: maxwell ledger init")]
    Init {
        /// Let the holder of this address be the mint; no key is made for it
        #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["passphrase", "passphrase_file"])]
        mint: Option<PublicKey>,
        /// Encrypt the mint's key with a passphrase, which is asked for twice
        #[arg(long)]
        passphrase: bool,
        #[command(flatten)]
        source: PassphraseSource,
    },
    /// Check all of it: every signature, rule and hash, and that nothing is missing
    #[command(after_help = "Example: maxwell ledger verify")]
    Verify,
    /// Show what happened, newest last
    #[command(after_help = "Example: maxwell ledger history --wallet alice --limit 50")]
    History {
        /// Only the entries of this wallet: a name, or an address
        #[arg(long, value_name = "WALLET")]
        wallet: Option<Whom>,
        /// How many to show at most
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        limit: u32,
    },
    /// Give back what an escrow has, to a wallet
    #[command(after_help = "Example: maxwell ledger refund 7 --to alice")]
    Refund {
        /// Number of the escrow
        #[arg(value_name = "ESCROW")]
        escrow: u64,
        /// Who receives it: a name, or an address
        #[arg(long, value_name = "WALLET")]
        to: Whom,
    },
    /// Carry out an order that was signed elsewhere, with --print
    #[command(after_help = "Example: maxwell ledger submit order.json")]
    Submit {
        /// The signed order as JSON; `-` reads it from standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// Pays all that an escrow has to a wallet, by the host's rules.
fn refund(common: &Common, escrow: u64, to: &Whom) -> Result<()> {
    let home = common.home()?;
    let to = AccountName::Wallet(resolve(&home, to)?);
    let mut ledger = books::write(&home)?;
    let place = |name: AccountName| {
        let found = ledger.books().find(&name);
        found
            .with_context(|| format!("there is no account {name} in this ledger: it was never sent anything"))
    };
    let (from, to) = (place(AccountName::Escrow(escrow))?, place(to)?);
    let books = ledger.books();
    let (amount, at) = (books.account(from).balance, books.mark().window);
    let refund = Payment { at, reason: Reason::Refund, reference: escrow, from, to, amount };
    let record = ledger.enter(Record::Payment(refund))?.sequence();
    ledger.commit(books::now_ms(), Close::AndSave).map_err(|error| books::of_ledger(&home, error))?;
    let report = RefundReport { version: VERSION, record, escrow, amount_uj: amount.0 };
    output::write(common.json, &report, |out, report| {
        writeln!(out, "done, as record {}", report.record)?;
        line(out, "refund", Microjoules(report.amount_uj))
    })
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let common = &options.common;
    match &options.command {
        Command::Init { mint, passphrase, source } => init(common, *mint, *passphrase, source),
        Command::Verify => verify(common),
        Command::History { wallet: None, limit } => history::ledger(common, *limit as usize),
        Command::History { wallet: Some(wallet), limit } => history::wallet(common, wallet, *limit as usize),
        Command::Refund { escrow, to } => refund(common, *escrow, to),
        Command::Submit { file } => submit(common, file),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// The only way in which a ledger comes to be: so one that is missing is never replaced by an empty one.
fn init(common: &Common, mint: Option<PublicKey>, passphrase: bool, source: &PassphraseSource) -> Result<()> {
    let home = common.home()?;
    home.make()?;
    for path in [home.ledger(), home.host_key(), home.mint_key()] {
        let there = path.symlink_metadata().is_ok();
        ensure!(
            !there,
            "{} is there already and is left as it is: name another home with --home",
            path.display()
        );
    }
    let passphrase = source.for_new_key(passphrase)?;
    let mut made = Vec::new();
    let result = make(&home, mint, passphrase, &mut made);
    if result.is_err() {
        // What this call has made is of no use without the rest, and nobody was told of it.
        for path in &made {
            let _ = fs::remove_file(path);
        }
    }
    output::write(common.json, &result?, |out, report| {
        writeln!(out, "an empty ledger was made")?;
        line(out, "ledger", &report.file)?;
        line(out, "host", &report.host)?;
        line(out, "mint", &report.mint)?;
        writeln!(out, "give the host's address to whoever is to check receipts")
    })
}

fn make(
    home: &Home,
    mint: Option<PublicKey>,
    passphrase: Option<keyfile::Passphrase>,
    made: &mut Vec<PathBuf>,
) -> Result<InitReport> {
    let host = Keypair::generate()?;
    keyfile::create(&home.host_key(), &host, None)?;
    made.push(home.host_key());
    let mint = if let Some(mint) = mint {
        mint
    } else {
        let key = Keypair::generate()?;
        keyfile::create(&home.mint_key(), &key, passphrase)?;
        made.push(home.mint_key());
        key.public()
    };
    let genesis = found(&host, mint, books::now_ms())?;
    let file = home.ledger();
    RedbStore::create(&file, &genesis)?.close()?;
    Ok(InitReport {
        version: VERSION,
        host: host.public().to_string(),
        mint: mint.to_string(),
        file: file.display().to_string(),
    })
}

fn verify(common: &Common) -> Result<()> {
    let home = common.home()?;
    let store = books::read(&home)?;
    let Audit { genesis, records, transfers, operations, heads, last, unsigned, folded, accounts, minted } =
        audit(&store).map_err(|error| books::of_ledger(&home, error))?;
    let report = VerifyReport {
        version: VERSION,
        host: genesis.host.to_string(),
        mint: genesis.mint.to_string(),
        created_ms: genesis.created_ms,
        records,
        transfers,
        operations,
        epochs: heads,
        last_epoch: last.map(|head| head.epoch),
        last_ended_ms: last.map(|head| head.ended_ms),
        unsigned,
        folded,
        accounts,
        minted_uj: minted.0,
    };
    output::write(common.json, &report, write_audit)
}

fn write_audit(out: &mut dyn Write, report: &VerifyReport) -> io::Result<()> {
    writeln!(out, "the ledger is in order")?;
    line(out, "host", &report.host)?;
    line(out, "mint", &report.mint)?;
    line(out, "made", books::time(report.created_ms))?;
    let VerifyReport { records, transfers, operations, .. } = report;
    line(
        out,
        "records",
        format_args!("{records} played again: {transfers} transfers, {operations} signed orders"),
    )?;
    if report.folded > 0 {
        line(out, "", format_args!("{} before them were folded into signed sums", report.folded))?;
    }
    line(out, "epochs", format_args!("{} signatures and roots checked", report.epochs))?;
    if let Some((epoch, ended)) = report.last_epoch.zip(report.last_ended_ms) {
        line(out, "", format_args!("the last is epoch {epoch}, ended {}", books::time(ended)))?;
    }
    line(out, "unsigned", format_args!("{} records since then", report.unsigned))?;
    line(out, "accounts", format_args!("{}, which sum to zero", report.accounts))?;
    line(out, "issued", Microjoules(report.minted_uj))
}

fn submit(common: &Common, file: &Path) -> Result<()> {
    let home = common.home()?;
    let named = || format!("the order in {} cannot be read", file.display());
    let input: Box<dyn Read> = if file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(file).with_context(named)?)
    };
    let mut text = Vec::new();
    input.take(ORDER_BYTES_MAX + 1).read_to_end(&mut text).with_context(named)?;
    ensure!(text.len() as u64 <= ORDER_BYTES_MAX, "{} is longer than any signed order", file.display());
    let order: SignedOperation = serde_json::from_slice(&text).with_context(|| {
        format!("{} is no signed order, or not all of one: print it again with --print", file.display())
    })?;
    order::carry_out(common.json, &mut books::write(&home)?, &order)
}
