//! What a home and its ledger know of wallets.

use std::io::{self, Write};

use anyhow::Result;
use maxwell_api::wallet::{ListedWallet, TotalsReport, VERSION, WalletList, WalletReport};
use maxwell_core::units::Microjoules;
use maxwell_ledger::account::{AccountName, Totals};
use maxwell_ledger::books::Books;

use crate::books;
use crate::home::{Common, Home, Name, Whom};
use crate::keys::{address_of, names, resolve};
use crate::output::{self, line};

pub(super) fn list(common: &Common) -> Result<()> {
    let home = common.home()?;
    // Keys are of use without a ledger; one that is there and cannot be read is an error.
    let there = home.ledger().symlink_metadata().is_ok();
    let books = if there { Some(books::now(&home, &books::read(&home)?)?) } else { None };
    let wallets = home.names()?.into_iter().map(|name| listed(&home, &name, books.as_ref())).collect();
    output::write(common.json, &WalletList { version: VERSION, wallets }, write_list)
}

fn listed(home: &Home, name: &Name, books: Option<&Books>) -> ListedWallet {
    let (address, trouble) = match address_of(home, name) {
        Ok(Some(address)) => (Some(address), None),
        Ok(None) => (None, Some("its key is encrypted, and its address is not noted".to_owned())),
        Err(error) => (None, Some(format!("{error:#}"))),
    };
    let balance = address.zip(books).map(|(address, books)| {
        let (account, _) = books::account(books, AccountName::Wallet(address));
        account.balance.0
    });
    ListedWallet {
        name: name.to_string(),
        address: address.map(|address| address.to_string()),
        balance_uj: balance,
        trouble,
    }
}

fn write_list(out: &mut dyn Write, list: &WalletList) -> io::Result<()> {
    if list.wallets.is_empty() {
        return writeln!(out, "no wallets; make one with `maxwell wallet new NAME`");
    }
    for wallet in &list.wallets {
        let balance = wallet.balance_uj.map_or_else(|| "-".to_owned(), |uj| Microjoules(uj).to_string());
        writeln!(out, "{:<44} {balance:>24}", wallet.name)?;
        let address = wallet.address.as_deref().or(wallet.trouble.as_deref());
        writeln!(out, "     {}", address.unwrap_or_default())?;
    }
    Ok(())
}

pub(super) fn show(common: &Common, whom: &Whom) -> Result<()> {
    let home = common.home()?;
    let address = resolve(&home, whom)?;
    let books = books::now(&home, &books::read(&home)?)?;
    let (account, known) = books::account(&books, AccountName::Wallet(address));
    let report = WalletReport {
        version: VERSION,
        name: names(&home).get(&address).map(ToString::to_string),
        address: address.to_string(),
        known,
        balance_uj: account.balance.0,
        entries: account.entries,
        nonce: account.nonce,
        max_bid_uj: account.max_bid.map(|max_bid| max_bid.0),
        closed: account.closed,
        totals: totals(&account.totals),
    };
    output::write(common.json, &report, write_wallet)
}

fn write_wallet(out: &mut dyn Write, report: &WalletReport) -> io::Result<()> {
    line(out, "wallet", report.name.as_deref().unwrap_or("not of this home"))?;
    line(out, "address", &report.address)?;
    if !report.known {
        line(out, "", "the ledger has no account for it yet: fund it")?;
    }
    if report.closed {
        line(out, "", "closed by its owner")?;
    }
    line(out, "balance", Microjoules(report.balance_uj))?;
    let max_bid = report.max_bid_uj.map_or_else(|| "none".to_owned(), |uj| Microjoules(uj).to_string());
    line(out, "max bid", max_bid)?;
    line(out, "nonce", report.nonce)?;
    line(out, "entries", report.entries)?;
    write_totals(out, &report.totals)
}

/// The sums as a report has them.
pub(crate) fn totals(totals: &Totals) -> TotalsReport {
    TotalsReport {
        received_uj: totals.received.0,
        sent_uj: totals.sent.0,
        income_uj: totals.income.0,
        fees_uj: totals.fees.0,
        quanta_uj: totals.quanta.0,
        rent_uj: totals.rent.0,
        tax_uj: totals.tax.0,
        energy_uj: totals.energy.0,
        used_ns: totals.used_ns,
        cycles: totals.cycles,
        freed_bytes: totals.freed_bytes,
        awards: totals.awards,
    }
}

/// The sums as lines.
pub(crate) fn write_totals(out: &mut dyn Write, totals: &TotalsReport) -> io::Result<()> {
    line(out, "received", Microjoules(totals.received_uj))?;
    line(out, "income", format_args!("{} for verified work", Microjoules(totals.income_uj)))?;
    line(out, "claims", format_args!("{} for their verification", Microjoules(totals.fees_uj)))?;
    line(out, "sent", Microjoules(totals.sent_uj))?;
    let (quanta, awards) = (Microjoules(totals.quanta_uj), totals.awards);
    line(out, "quanta", format_args!("{quanta} for {awards} of them"))?;
    line(out, "rent", format_args!("{} for memory held", Microjoules(totals.rent_uj)))?;
    let (tax, freed) = (Microjoules(totals.tax_uj), totals.freed_bytes);
    line(out, "tax", format_args!("{tax} for {freed} bytes given back"))?;
    line(out, "energy", Microjoules(totals.energy_uj))?;
    let seconds = totals.used_ns as f64 / 1e9;
    line(out, "CPU time", format_args!("{seconds:.3} s, {} cycles counted", totals.cycles))
}
