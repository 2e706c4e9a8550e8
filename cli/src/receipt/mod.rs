//! `maxwell receipt`: bills with their proof, and the check of one.

mod bill;
mod period;

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Error, Result, anyhow, bail, ensure};
use clap::{Args, Subcommand};
use maxwell_api::receipt::{ReceiptWritten, VERSION};
use maxwell_ledger::account::AccountName;
use maxwell_ledger::limits::RECEIPT_BYTES_MAX;
use maxwell_ledger::receipt::{ExportError, Receipt};
use maxwell_ledger::wallet::PublicKey;

use crate::books;
use crate::home::{Common, Home, Whom};
use crate::keys::resolve;
use crate::output::{self, line};

/// Options of `maxwell receipt`.
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Example: maxwell receipt alice --last 10m --out alice.json"
)]
pub(crate) struct Options {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Option<Command>,
    /// Whose bill it is: a name, or an address
    #[arg(value_name = "WALLET", required = true)]
    wallet: Option<Whom>,
    #[command(flatten)]
    period: period::PeriodOptions,
    /// Write it into this file, which must not exist, and show the bill
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a receipt with nothing but the host's address, and show the bill that it proves
    #[command(after_help = "Example: maxwell receipt verify alice.json --host joule1...")]
    Verify {
        /// The receipt
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The host that must have signed it, as `maxwell ledger verify` shows it
        #[arg(long, value_name = "ADDRESS")]
        host: PublicKey,
    },
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    match (&options.command, &options.wallet) {
        (Some(Command::Verify { file, host }), _) => verify(&options.common, file, *host),
        (None, Some(wallet)) => make(options, wallet),
        (None, None) => bail!("whose receipt? name a wallet"),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn make(options: &Options, whom: &Whom) -> Result<()> {
    let home = options.common.home()?;
    let account = AccountName::Wallet(resolve(&home, whom)?);
    let store = books::read(&home)?;
    let host = books::genesis(&home, &store)?.host;
    let period = options.period.period(books::now_ms());
    let receipt = Receipt::export(&store, account, period).map_err(|error| not_made(&home, error))?;
    // What its reader would not believe is not given away.
    let checked = receipt.verify(&host).context("the ledger gives a receipt that does not hold")?;
    let Some(path) = &options.out else {
        return write_receipt(std::io::stdout().lock(), &receipt).context("the output cannot be written");
    };
    let named = || format!("{} cannot be written, and must not exist", path.display());
    let file = File::options().write(true).create_new(true).mode(0o600).open(path).with_context(named)?;
    let written = write_receipt(&file, &receipt).and_then(|()| file.sync_all());
    let bytes = written.and_then(|()| file.metadata()).map(|metadata| metadata.len());
    if bytes.is_err() {
        // It was made a moment ago, and nobody was told of it.
        let _ = fs::remove_file(path);
    }
    let report = ReceiptWritten {
        version: VERSION,
        file: path.display().to_string(),
        bytes: bytes.with_context(named)?,
        bill: bill::report(&host, &receipt, &checked),
    };
    output::write(options.common.json, &report, |out, report| {
        line(out, "receipt", format_args!("{}, {} bytes", report.file, report.bytes))?;
        bill::write(out, &report.bill)
    })
}

fn write_receipt(to: impl Write, receipt: &Receipt) -> std::io::Result<()> {
    let mut to = BufWriter::new(to);
    serde_json::to_writer(&mut to, receipt)?;
    writeln!(to)?;
    to.flush()
}

fn not_made(home: &Home, error: ExportError) -> Error {
    match error {
        ExportError::Ledger(error) => books::of_ledger(home, error),
        ExportError::NoEpoch { last_ms: 0, .. } => {
            anyhow!("the ledger has no signed epoch yet: nothing has happened in it")
        }
        ExportError::NoEpoch { first_ms, last_ms } => anyhow!(
            "no epoch ended in that period: the first that is kept ended {}, the last {}",
            books::time(first_ms),
            books::time(last_ms)
        ),
        ExportError::NoAccount(_) => {
            anyhow!("{error} that a signed epoch knows of: fund it first, or ask for a later time")
        }
    }
}

fn verify(common: &Common, path: &Path, host: PublicKey) -> Result<()> {
    let named = || path.display().to_string();
    let file = File::open(path).with_context(named)?;
    let mut text = Vec::new();
    file.take(RECEIPT_BYTES_MAX + 1).read_to_end(&mut text).with_context(named)?;
    ensure!(
        text.len() as u64 <= RECEIPT_BYTES_MAX,
        "{} is longer than {RECEIPT_BYTES_MAX} bytes: ask for receipts of shorter periods",
        named()
    );
    let receipt: Receipt = serde_json::from_slice(&text)
        .with_context(|| format!("{} is no receipt, or not all of one: ask for it again", named()))?;
    let checked = receipt.verify(&host).with_context(|| format!("{} is not to be believed", named()))?;
    let report = bill::report(&host, &receipt, &checked);
    output::write(common.json, &report, |out, report| {
        writeln!(out, "the receipt holds: this host has signed it, and nothing is left out")?;
        bill::write(out, report)
    })
}
