//! What happened: the journal, and one account's part of it.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::ops::ControlFlow;

use anyhow::{Result, anyhow};
use maxwell_api::ledger::{
    AccountHistory, EntryReport, HistoryReport, MovementReport, RecordReport, VERSION,
};
use maxwell_core::units::Microjoules;
use maxwell_ledger::account::{AccountName, Index};
use maxwell_ledger::books::Books;
use maxwell_ledger::entry::{Billed, Entry, What};
use maxwell_ledger::ledger::{play, play_and_show, written};
use maxwell_ledger::operation::{Body, Operation};
use maxwell_ledger::record::{Line, Note, Payment, Reason, Record, Standing, Window};
use maxwell_ledger::store::Snapshot;

use crate::books;
use crate::home::{Common, Home, Whom};
use crate::keys::{names, resolve};
use crate::output::{self, line};

/// The last so many of what is pushed.
struct Last<T> {
    items: VecDeque<T>,
    limit: usize,
    before: u64,
}

impl<T> Last<T> {
    const fn new(limit: usize, before: u64) -> Self {
        Self { items: VecDeque::new(), limit, before }
    }

    fn push(&mut self, item: T) {
        if self.items.len() == self.limit {
            self.items.pop_front();
            self.before += 1;
        }
        self.items.push_back(item);
    }
}

/// The last records of the journal.
pub(super) fn ledger(common: &Common, limit: usize) -> Result<()> {
    let home = common.home()?;
    let store = books::read(&home)?;
    let genesis = books::genesis(&home, &store)?;
    let base = written(&store, Snapshot::Base, &genesis);
    let mut books = base.map_err(|error| books::of_ledger(&home, error))?;
    let mut last = Last::new(limit, books.mark().sequence);
    let show = &mut |books: &Books, at_ms, record: &_| last.push(shown(books, at_ms, record));
    play_and_show(&store, &mut books, show, &mut |_, _| Ok(ControlFlow::Continue(())))
        .map_err(|error| books::of_ledger(&home, error))?;
    let report = HistoryReport {
        version: VERSION,
        host: genesis.host.to_string(),
        before: last.before,
        records: last.items.into(),
    };
    let names = named(&home);
    output::write(common.json, &report, |out, report| write_records(out, report, &names))
}

/// A record as the books were before it.
fn shown(books: &Books, at_ms: u64, record: &Record) -> RecordReport {
    let mut report = RecordReport {
        record: books.mark().sequence + 1,
        at_ms,
        kind: String::new(),
        movements: Vec::new(),
        wallet: None,
        remark: None,
        id: None,
    };
    // A damaged index is refused when the record is entered.
    let name = |index: Index| {
        books.accounts().get(index.0 as usize).map_or(AccountName::Mint, |account| account.name)
    };
    match record {
        Record::Operation(signed) => operation(&mut report, books, &signed.operation),
        Record::Payment(Payment { at, reason, reference, from, to, amount }) => {
            reason_word(*reason).clone_into(&mut report.kind);
            report.movements.push(movement(name(*from), name(*to), *amount, None));
            report.remark = Some(format!("reference {reference}, run {} tick {}", at.run, at.tick));
        }
        Record::Window(window) => self::window(&mut report, window, name),
        Record::Note(Note { at, wallet, cell, standing }) => {
            "note".clone_into(&mut report.kind);
            report.wallet = Some(name(*wallet).to_string());
            let standing = standing_words(*standing);
            report.remark = Some(format!("cell {cell}: {standing}, run {} tick {}", at.run, at.tick));
        }
    }
    report
}

fn operation(report: &mut RecordReport, books: &Books, operation: &Operation) {
    let actor = operation.actor();
    report.id = Some(operation.id.to_string());
    let wallet = AccountName::Wallet;
    let (kind, moved, remark) = match operation.body {
        Body::Fund { to, amount } => ("fund", Some((wallet(to), amount)), None),
        Body::Transfer { to, amount } => ("transfer", Some((wallet(to), amount)), None),
        Body::Deposit { into, amount } => ("deposit", Some((into, amount)), None),
        Body::SetMaxBid { max_bid } => ("set-max-bid", None, Some(bound(max_bid))),
        Body::Close { to } => {
            let rest = books::account(books, actor).0.balance;
            ("close", Some((wallet(to), rest)), Some("closed for ever".to_owned()))
        }
    };
    report.wallet = remark.is_some().then(|| actor.to_string());
    kind.clone_into(&mut report.kind);
    report.movements.extend(moved.map(|(to, amount)| movement(actor, to, amount, None)));
    report.remark = remark;
}

fn window(report: &mut RecordReport, window: &Window, name: impl Fn(Index) -> AccountName) {
    "window".clone_into(&mut report.kind);
    report.remark = Some(format!(
        "run {} to tick {}, {} cells, tariff {:.6}",
        window.at.run,
        window.at.tick,
        window.lines.len(),
        window.tariff.as_ratio()
    ));
    for Line { wallet, quanta, rent, tax, .. } in &window.lines {
        let parts = [
            (*quanta, AccountName::Treasury, "quanta"),
            (*rent, AccountName::Treasury, "rent"),
            (*tax, AccountName::Tax, "tax"),
        ];
        for (amount, to, what_for) in parts {
            report.movements.push(movement(name(*wallet), to, amount, Some(what_for)));
        }
    }
    report.movements.push(movement(AccountName::Treasury, AccountName::Grid, window.grid, Some("energy")));
    report.movements.retain(|movement| movement.amount_uj != 0);
}

fn movement(
    from: AccountName,
    to: AccountName,
    amount: Microjoules,
    what_for: Option<&str>,
) -> MovementReport {
    MovementReport {
        from: from.to_string(),
        to: to.to_string(),
        amount_uj: amount.0,
        what_for: what_for.map(ToOwned::to_owned),
    }
}

/// The bound on bids that an owner has set.
fn bound(max_bid: Option<Microjoules>) -> String {
    max_bid.map_or_else(|| "no bound on bids".to_owned(), |max_bid| format!("bids at most {max_bid}"))
}

const fn reason_word(reason: Reason) -> &'static str {
    match reason {
        Reason::Income => "income",
        Reason::Refund => "refund",
        Reason::Forfeit => "forfeit",
        Reason::Verification => "verification",
    }
}

const fn standing_words(standing: Standing) -> &'static str {
    match standing {
        Standing::Hungry => "hungry",
        Standing::Fed => "fed again",
        Standing::InDebt => "in debt",
        Standing::Insolvent => "ended, because it was hungry for too long",
        Standing::EndedForDebt => "ended, because of its debt",
    }
}

/// Names of this home's wallets by address as text.
fn named(home: &Home) -> BTreeMap<String, String> {
    names(home).into_iter().map(|(address, name)| (address.to_string(), name.to_string())).collect()
}

fn write_records(
    out: &mut dyn Write,
    report: &HistoryReport,
    names: &BTreeMap<String, String>,
) -> io::Result<()> {
    line(out, "host", &report.host)?;
    write_before(out, report.before, report.records.is_empty())?;
    let called = |account: &'_ str| names.get(account).cloned().unwrap_or_else(|| account.to_owned());
    for record in &report.records {
        writeln!(out, "{:>8}  {}  {}", record.record, books::time(record.at_ms), record.kind)?;
        for movement in &record.movements {
            let what_for = movement.what_for.as_deref().map_or(String::new(), |what| format!(" for {what}"));
            writeln!(out, "          {}{what_for}", Microjoules(movement.amount_uj))?;
            writeln!(out, "     from {}", called(&movement.from))?;
            writeln!(out, "       to {}", called(&movement.to))?;
        }
        if let Some(wallet) = &record.wallet {
            writeln!(out, "       of {}", called(wallet))?;
        }
        if let Some(remark) = &record.remark {
            writeln!(out, "          {remark}")?;
        }
    }
    Ok(())
}

fn write_before(out: &mut dyn Write, before: u64, empty: bool) -> io::Result<()> {
    match (before, empty) {
        (0, true) => writeln!(out, "nothing has happened yet"),
        (0, false) => Ok(()),
        (before, _) => writeln!(out, "{before} earlier ones are not shown"),
    }
}

/// The last entries of one wallet.
pub(super) fn wallet(common: &Common, whom: &Whom, limit: usize) -> Result<()> {
    let home = common.home()?;
    let account = AccountName::Wallet(resolve(&home, whom)?);
    let store = books::read(&home)?;
    let genesis = books::genesis(&home, &store)?;
    let base = written(&store, Snapshot::Base, &genesis);
    let mut books = base.map_err(|error| books::of_ledger(&home, error))?;
    let (begin, _) = books::account(&books, account);
    let mut balance = begin.balance;
    let mut last = Last::new(limit, begin.entries);
    books.watch(account);
    play(&store, &mut books, &mut |books, frame| {
        for entry in books.take_watched() {
            let change = entry.change().expect("it was entered a moment ago, so it fits");
            balance += change;
            last.push(entry_shown(&entry, frame.at_ms, change, balance));
        }
        Ok(ControlFlow::Continue(()))
    })
    .map_err(|error| books::of_ledger(&home, error))?;
    if !books::account(&books, account).1 {
        return Err(anyhow!("the ledger has no account for {account} yet: fund it first"));
    }
    let report = AccountHistory {
        version: VERSION,
        account: account.to_string(),
        before: last.before,
        entries: last.items.into(),
    };
    let names = named(&home);
    output::write(common.json, &report, |out, report| write_entries(out, report, &names))
}

fn entry_shown(entry: &Entry, at_ms: u64, change: Microjoules, balance: Microjoules) -> EntryReport {
    let paid = |reason: Reason, reference: u64| (reason_word(reason), Some(format!("reference {reference}")));
    let ((kind, remark), with) = match &entry.what {
        What::Received { from, .. } => (("received", None), Some(from)),
        What::Sent { to, .. } => (("sent", None), Some(to)),
        What::Paid { reason, reference, from, .. } => (paid(*reason, *reference), Some(from)),
        What::Released { reason, reference, to, .. } => (paid(*reason, *reference), Some(to)),
        What::Billed(billed) => (("billed", Some(bill(billed))), None),
        What::Collected { .. } => (("collected", None), None),
        What::MaxBid { max_bid, .. } => (("set-max-bid", Some(bound(*max_bid))), None),
        What::Closed { .. } => (("closed", None), None),
        What::Noted { cell, standing, .. } => {
            (("noted", Some(format!("cell {cell}: {}", standing_words(*standing)))), None)
        }
    };
    EntryReport {
        record: entry.sequence,
        at_ms,
        kind: kind.to_owned(),
        with: with.map(ToString::to_string),
        change_uj: change.0,
        balance_uj: balance.0,
        remark,
    }
}

fn bill(billed: &Billed) -> String {
    let Billed { cell, quanta, rent, tax, used, .. } = billed;
    format!("cell {cell}: {} quanta for {quanta}, rent {rent}, tax {tax}", used.awards)
}

fn write_entries(
    out: &mut dyn Write,
    report: &AccountHistory,
    names: &BTreeMap<String, String>,
) -> io::Result<()> {
    line(out, "wallet", &report.account)?;
    write_before(out, report.before, report.entries.is_empty())?;
    for entry in &report.entries {
        let EntryReport { record, at_ms, kind, with, change_uj, balance_uj, remark } = entry;
        let (change, balance) = (Microjoules(*change_uj), Microjoules(*balance_uj));
        let sign = if *change_uj > 0 { "+" } else { "" };
        writeln!(out, "{record:>8}  {}  {kind}  {sign}{change} = {balance}", books::time(*at_ms))?;
        if let Some(with) = with {
            let way = if *change_uj > 0 { "from" } else { "to" };
            writeln!(out, "     {way:>4} {}", names.get(with).unwrap_or(with))?;
        }
        if let Some(remark) = remark {
            writeln!(out, "          {remark}")?;
        }
    }
    Ok(())
}
