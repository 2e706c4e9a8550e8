//! What happens: a record that was checked becomes entries of accounts. Nothing here can be refused.

use maxwell_core::units::Microjoules;

use super::Books;
use crate::account::{AccountName, Index};
use crate::entry::{Billed, Entry, What};
use crate::operation::{Body, Operation, OperationId};
use crate::record::{Note, Payment, Record, Window};

/// Enters a record at the place that the books have just given it.
pub(super) fn enter(books: &mut Books, record: &Record) {
    match record {
        Record::Operation(signed) => operation(books, &signed.operation),
        Record::Payment(payment) => self::payment(books, payment),
        Record::Window(window) => self::window(books, window),
        Record::Note(Note { at, wallet, cell, standing }) => {
            post(books, *wallet, What::Noted { at: *at, cell: *cell, standing: *standing });
        }
    }
}

fn operation(books: &mut Books, operation: &Operation) {
    let actor = books.find(&operation.actor()).expect("checked before");
    let sequence = books.mark.sequence;
    books.accounts[actor.0 as usize].remember(operation.remembered(sequence));
    let id = operation.id;
    match operation.body {
        Body::Fund { to, amount } | Body::Transfer { to, amount } => {
            send(books, actor, AccountName::Wallet(to), amount, id);
        }
        Body::Deposit { into, amount } => send(books, actor, into, amount, id),
        Body::SetMaxBid { max_bid } => post(books, actor, What::MaxBid { max_bid, id }),
        Body::Close { to } => {
            let rest = books.account(actor).balance;
            if rest > Microjoules::ZERO {
                send(books, actor, AccountName::Wallet(to), rest, id);
            }
            post(books, actor, What::Closed { id });
        }
        Body::PostBounty { number, terms, budget } => {
            let (to, sponsor) = (AccountName::Escrow(number), operation.by);
            let escrow = books.open(to);
            post(books, actor, What::Sent { to, amount: budget, id });
            post(books, escrow, What::Posted { sponsor, terms, budget, id });
            books.open_bounties.insert(number, escrow);
        }
        Body::CloseBounty { number } => {
            let escrow = books.open_bounties.remove(&number).expect("checked before");
            // What comes back is written down even if it is nothing: it is what the sponsor's order came to.
            let rest = books.account(escrow).balance;
            send(books, escrow, AccountName::Wallet(operation.by), rest, id);
            post(books, escrow, What::Closed { id });
        }
    }
}

fn send(books: &mut Books, from: Index, to: AccountName, amount: Microjoules, id: OperationId) {
    let receiver = books.open(to);
    let sender = books.account(from).name;
    post(books, from, What::Sent { to, amount, id });
    post(books, receiver, What::Received { from: sender, amount, id });
}

fn payment(books: &mut Books, payment: &Payment) {
    let &Payment { at, reason, reference, from, to, amount } = payment;
    let [payer, receiver] = [from, to].map(|index| books.account(index).name);
    post(books, from, What::Released { reason, reference, to: receiver, amount, at });
    post(books, to, What::Paid { reason, reference, from: payer, amount, at });
}

fn window(books: &mut Books, window: &Window) {
    let (at, tariff, provenance) = (window.at, window.tariff, window.provenance);
    books.mark.window = at;
    let (mut income, mut tax) = (Microjoules::ZERO, Microjoules::ZERO);
    for line in &window.lines {
        let bill = Billed {
            at,
            cell: line.cell,
            tariff,
            provenance,
            quanta: line.quanta,
            rent: line.rent,
            tax: line.tax,
            used: line.used,
        };
        income += line.quanta + line.rent;
        tax += line.tax;
        post(books, line.wallet, What::Billed(bill));
    }
    let collected = [(Index::TREASURY, income - window.grid), (Index::TAX, tax), (Index::GRID, window.grid)];
    for (account, amount) in collected {
        if amount != Microjoules::ZERO {
            post(books, account, What::Collected { at, amount });
        }
    }
}

fn post(books: &mut Books, index: Index, what: What) {
    let entry = Entry { sequence: books.mark.sequence, what };
    let account = &mut books.accounts[index.0 as usize];
    let entered = entry.enter(account);
    entered.expect("amounts were checked, and all that was ever issued fits an account twice");
    if let Some((_, entries)) = books.watched.as_mut().filter(|(name, _)| *name == account.name) {
        entries.push(entry);
    }
    books.changed(index);
}
