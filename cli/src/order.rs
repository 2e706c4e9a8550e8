//! Orders of owners: signed here, and carried out here or printed for somebody else to carry out.

use std::io::Write;
use std::ops::ControlFlow;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use maxwell_api::wallet::{OrderReport, VERSION};
use maxwell_core::units::Microjoules;
use maxwell_ledger::account::AccountName;
use maxwell_ledger::books::{Books, Outcome, Refusal};
use maxwell_ledger::frame::Frame;
use maxwell_ledger::ledger::{Close, Ledger, LedgerError};
use maxwell_ledger::operation::{Body, Operation, OperationId, SignedOperation};
use maxwell_ledger::record::Record;
use maxwell_ledger::store::Store;
use maxwell_ledger::wallet::{Keypair, PublicKey};

use crate::books;
use crate::home::{Common, Home};
use crate::keys::PassphraseSource;
use crate::output::{self, line};

/// Options of every command that orders something.
#[derive(Args, Debug)]
pub(crate) struct Signing {
    /// The order's name, 32 hex digits: under one name it is done once
    #[arg(long, value_name = "HEX", value_parser = operation_id)]
    id: Option<OperationId>,
    /// Print the signed order, for `ledger submit`
    #[arg(long, visible_alias = "sign-only")]
    print: bool,
    /// Sign for this host's ledger, where the ledger itself is not at hand
    #[arg(long, value_name = "ADDRESS", requires = "print")]
    host: Option<PublicKey>,
    /// Sign with this nonce instead of the next one
    #[arg(long, value_name = "N", requires = "print")]
    nonce: Option<u64>,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseSource,
}

/// Reads an id as JSON has it.
fn operation_id(text: &str) -> Result<OperationId> {
    let id = serde_json::from_value(text.into());
    id.map_err(|_| anyhow!("an id has 32 hexadecimal digits in lower case, such as {}", "0f".repeat(16)))
}

impl Signing {
    /// Whether the order was given a name of its own.
    pub(crate) const fn is_named(&self) -> bool {
        self.id.is_some()
    }

    /// Whether the order is signed here and carried out elsewhere.
    pub(crate) const fn only_prints(&self) -> bool {
        self.print
    }

    /// Signs an order and carries it out, or prints it.
    pub(crate) fn order(&self, common: &Common, key: &Keypair, body: Body) -> Result<()> {
        let home = common.home()?;
        let id = self.id.map_or_else(random_id, Ok)?;
        if self.print {
            return print(&self.sign(&home, key, id, body)?);
        }
        let mut ledger = books::write(&home)?;
        let nonce = books::account(ledger.books(), actor(key, &body)).0.nonce;
        let host = ledger.books().genesis().host;
        let order = Operation { host, by: key.public(), nonce, id, body }.sign(key);
        // The ledger itself knows the last few ids of an owner. Who names one may come back with it much later.
        if self.id.is_some() {
            let earlier = earlier(ledger.store(), &order.operation);
            if let Some((record, before)) = earlier.map_err(|error| books::of_ledger(&home, error))? {
                if before != body {
                    return Err(Refusal::IdReused { account: order.operation.actor(), id }.into());
                }
                return report(common.json, &ledger, &order, Outcome::Already(record), None);
            }
        }
        carry_out(common.json, &mut ledger, &order)
    }

    /// Signs an order with what was said of host and nonce, and asks the ledger for the rest.
    fn sign(&self, home: &Home, key: &Keypair, id: OperationId, body: Body) -> Result<SignedOperation> {
        let (host, nonce) = match (self.host, self.nonce) {
            (Some(host), Some(nonce)) => (host, nonce),
            (host, nonce) => {
                let books = books::now(home, &books::read(home)?)?;
                let account = books::account(&books, actor(key, &body)).0;
                (host.unwrap_or(books.genesis().host), nonce.unwrap_or(account.nonce))
            }
        };
        Ok(Operation { host, by: key.public(), nonce, id, body }.sign(key))
    }
}

/// The account whose nonce counts.
fn actor(key: &Keypair, body: &Body) -> AccountName {
    match body {
        Body::Fund { .. } => AccountName::Mint,
        _ => AccountName::Wallet(key.public()),
    }
}

/// A name that nobody else has.
fn random_id() -> Result<OperationId> {
    let mut id = [0; 16];
    getrandom::fill(&mut id)
        .context("the operating system gives no random bytes, and an order needs a name")?;
    Ok(OperationId(id))
}

fn print(order: &SignedOperation) -> Result<()> {
    let text = serde_json::to_string(order).context("the order cannot be written as JSON")?;
    writeln!(std::io::stdout(), "{text}").context("the output cannot be written")
}

/// The order of the same owner with the same id that was carried out before: its place, and what it did. All of the journal
/// is looked through; what was folded away is forgotten.
fn earlier(store: &dyn Store, order: &Operation) -> Result<Option<(u64, Body)>, LedgerError> {
    let mut found = Ok(None);
    store.frames(0, &mut |stored| {
        found = Frame::from_bytes(stored.bytes).map_err(LedgerError::from).map(|frame| {
            let mut records = (stored.first..).zip(&frame.records);
            records.find_map(|(place, record)| match record {
                Record::Operation(signed) => {
                    let Operation { id, body, .. } = signed.operation;
                    let same = (id, signed.operation.actor()) == (order.id, order.actor());
                    same.then_some((place, body))
                }
                _ => None,
            })
        });
        if matches!(found, Ok(None)) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    found
}

/// Carries out a signed order. It is on disk before anybody is told.
pub(crate) fn carry_out(json: bool, ledger: &mut Ledger, order: &SignedOperation) -> Result<()> {
    let back = back(ledger.books(), &order.operation.body);
    let outcome = ledger.order(order)?;
    let back = back.filter(|_| matches!(outcome, Outcome::Done(_)));
    ledger.commit(books::now_ms(), Close::AndSave).with_context(|| {
        let id = order.operation.id;
        format!(
            "whether the order was carried out is not known; repeat it with --id {id}, and it is done once"
        )
    })?;
    report(json, ledger, order, outcome, back)
}

/// What a bounty that is to be closed gives back to its sponsor.
fn back(books: &Books, body: &Body) -> Option<Microjoules> {
    let Body::CloseBounty { number } = *body else { return None };
    books.bounty(number).map(|(_, escrow)| escrow.balance)
}

fn report(
    json: bool,
    ledger: &Ledger,
    order: &SignedOperation,
    outcome: Outcome,
    back: Option<Microjoules>,
) -> Result<()> {
    let Operation { host, by, nonce, id, body } = order.operation;
    let record = outcome.sequence();
    let outcome = match outcome {
        Outcome::Done(_) => "done",
        Outcome::Already(_) => "already done",
    };
    let (kind, to, amount) = match body {
        Body::PostBounty { number, budget, .. } => {
            ("post-bounty", Some(AccountName::Escrow(number).to_string()), Some(budget))
        }
        Body::CloseBounty { .. } => ("close-bounty", None, back),
        Body::Fund { to, amount } => ("fund", Some(to.to_string()), Some(amount)),
        Body::Transfer { to, amount } => ("transfer", Some(to.to_string()), Some(amount)),
        Body::Deposit { into, amount } => ("deposit", Some(into.to_string()), Some(amount)),
        Body::SetMaxBid { max_bid } => ("set-max-bid", None, max_bid),
        Body::Close { to } => ("close", Some(to.to_string()), None),
    };
    let bounty = match body {
        Body::PostBounty { number, .. } | Body::CloseBounty { number } => Some(number),
        _ => None,
    };
    let report = OrderReport {
        version: VERSION,
        host: host.to_string(),
        kind: kind.to_owned(),
        bounty,
        by: by.to_string(),
        to,
        amount_uj: amount.map(|amount| amount.0),
        id: id.to_string(),
        nonce,
        outcome: outcome.to_owned(),
        record,
        balance_uj: books::account(ledger.books(), order.operation.actor()).0.balance.0,
    };
    output::write(json, &report, write_plain)
        .with_context(|| format!("the order is {outcome}, as record {record}, and only this cannot be said"))
}

fn write_plain(out: &mut dyn Write, report: &OrderReport) -> std::io::Result<()> {
    writeln!(out, "{}, as record {}", report.outcome, report.record)?;
    let amount = report.amount_uj.map(|amount| Microjoules(amount).to_string());
    let (label, otherwise) = match report.kind.as_str() {
        "set-max-bid" => ("max bid", "none"),
        "post-bounty" => ("budget", "none"),
        "close-bounty" => ("back", "all that was left"),
        kind => (kind, "all that was left"),
    };
    if let Some(bounty) = report.bounty {
        line(out, "bounty", bounty)?;
    }
    line(out, label, amount.as_deref().unwrap_or(otherwise))?;
    line(out, "by", &report.by)?;
    if let Some(to) = &report.to {
        line(out, "to", to)?;
    }
    line(out, "id", &report.id)?;
    if report.kind == "fund" {
        return line(out, "issued", Microjoules(-report.balance_uj));
    }
    line(out, "balance", Microjoules(report.balance_uj))
}
