//! What may happen: every rule that a record must keep, looked at before anything of it is entered.

use maxwell_core::ledger::Role;
use maxwell_core::limits::{MINT_MAX, WINDOW_LINES_MAX};
use maxwell_core::units::Microjoules;

use super::{Books, BountyRefusal, bounty};
use crate::account::{Account, AccountName, Index};
use crate::limits::ACCOUNTS_MAX;
use crate::operation::{Body, Operation, OperationId};
use crate::record::{At, Note, Payment, Reason, Record, Window};
use crate::wallet::PublicKey;

/// Why a record is not entered. Nothing has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing was ever received by it.
    #[error("there is no account {0} in this ledger: fund it first")]
    NoAccount(AccountName),
    /// A record of the host names an account by a place where there is none.
    #[error("there is no account number {}", _0.0)]
    NoIndex(Index),
    /// Not enough money.
    #[error("{account} has {free}, {wanted} is wanted: fund it or send less")]
    Insufficient {
        /// Who would pay.
        account: AccountName,
        /// What it has.
        free: Microjoules,
        /// What was wanted.
        wanted: Microjoules,
    },
    /// Zero or less.
    #[error("{0} cannot be moved: an amount is more than zero")]
    NotAnAmount(Microjoules),
    /// More than may ever be issued.
    #[error("{wanted} cannot be minted: {left} is left of the {MINT_MAX} that may ever be")]
    NotMintable {
        /// What was wanted.
        wanted: Microjoules,
        /// What may still be issued.
        left: Microjoules,
    },
    /// Money is issued by somebody else than the mint.
    #[error("{by} is not the mint of this ledger: only the key {mint} may fund")]
    NotTheMint {
        /// Who signed.
        by: PublicKey,
        /// Who may.
        mint: PublicKey,
    },
    /// Operations before this one are missing.
    #[error("the operation has nonce {nonce}, the next of {account} is {next}: send those between first")]
    NonceGap {
        /// Whose.
        account: AccountName,
        /// The one it has.
        nonce: u64,
        /// The one it should have.
        next: u64,
    },
    /// Replayed, or signed while another operation was on its way.
    #[error(
        "nonce {nonce} of {account} was used before: the next is {next}; sign the operation anew if it is still wanted"
    )]
    NonceUsed {
        /// Whose.
        account: AccountName,
        /// The one it has.
        nonce: u64,
        /// The one it should have.
        next: u64,
    },
    /// Two operations under one name.
    #[error("{account} has sent another operation under the id {id}: give every operation an id of its own")]
    IdReused {
        /// Whose.
        account: AccountName,
        /// The name.
        id: OperationId,
    },
    /// From an account to itself.
    #[error("{0} cannot send to itself")]
    ToItself(AccountName),
    /// A receiver that nobody can sign for, or everybody.
    #[error("{0} is no key that anybody can own: money sent there would be lost; ask its owner for it again")]
    NobodysKey(PublicKey),
    /// Closed by its owner.
    #[error("{0} was closed by its owner: use another wallet")]
    Closed(AccountName),
    /// Below zero.
    #[error("{account} owes {debt}: fund it before it is closed")]
    InDebt {
        /// Whose.
        account: AccountName,
        /// How much, above zero.
        debt: Microjoules,
    },
    /// Between these two no money moves for this reason.
    #[error("{reason:?} does not pay from {from} to {to}")]
    NotAllowed {
        /// What for.
        reason: Reason,
        /// Who would pay.
        from: AccountName,
        /// Who would receive.
        to: AccountName,
    },
    /// Not a kind of account that takes it.
    #[error("{0} takes no such order: deposits go to an escrow or a stake, bills to a wallet")]
    WrongRole(AccountName),
    /// A billing window again, or an earlier one.
    #[error("the window that ends at run {} tick {} was billed: the last is that of run {} tick {}", at.run, at.tick, last.run, last.tick)]
    WindowBilled {
        /// Which.
        at: At,
        /// The last that was billed.
        last: At,
    },
    /// A window names a cell twice, or cells out of order, or has too many.
    #[error("the lines of a window stand in the order of its cells, each once, at most {WINDOW_LINES_MAX}")]
    Lines,
    /// Charges of so many windows that an account cannot hold them.
    #[error(
        "the charges of this window could take {0} beyond the {MINT_MAX} that may ever be: no node charges so much"
    )]
    OutOfRange(AccountName),
    /// Against the rules of bounties.
    #[error(transparent)]
    Bounty(#[from] BountyRefusal),
    /// The ledger has stopped.
    #[error("the ledger could not be written, and takes nothing more: open it again")]
    Stopped,
    /// A limit is reached.
    #[error("the ledger is full: at most {ACCOUNTS_MAX} accounts")]
    Full,
}

/// Checks a record. The place where it was entered before, if it was.
pub(super) fn check(books: &Books, record: &Record) -> Result<Option<u64>, Refusal> {
    match record {
        Record::Operation(signed) => operation(books, &signed.operation),
        Record::Payment(payment) => self::payment(books, payment).map(|()| None),
        Record::Window(window) => self::window(books, window).map(|()| None),
        Record::Note(note) => self::note(books, note).map(|()| None),
    }
}

fn operation(books: &Books, operation: &Operation) -> Result<Option<u64>, Refusal> {
    let mint = books.genesis.mint;
    let actor = operation.actor();
    if actor == AccountName::Mint && operation.by != mint {
        return Err(Refusal::NotTheMint { by: operation.by, mint });
    }
    let account = books.account(books.find(&actor).ok_or(Refusal::NoAccount(actor))?);
    if let Some(sequence) = known(account, operation)? {
        return Ok(Some(sequence));
    }
    if account.closed {
        return Err(Refusal::Closed(actor));
    }
    let (nonce, next) = (operation.nonce, account.nonce);
    match nonce.cmp(&next) {
        std::cmp::Ordering::Less => return Err(Refusal::NonceUsed { account: actor, nonce, next }),
        std::cmp::Ordering::Greater => return Err(Refusal::NonceGap { account: actor, nonce, next }),
        std::cmp::Ordering::Equal => {}
    }
    match operation.body {
        Body::Fund { to, amount } => {
            positive(amount)?;
            let left = MINT_MAX + account.balance;
            if amount > left {
                return Err(Refusal::NotMintable { wanted: amount, left });
            }
            may_receive(books, actor, AccountName::Wallet(to))?;
        }
        Body::Transfer { to, amount } => {
            covered(account, amount)?;
            may_receive(books, actor, AccountName::Wallet(to))?;
        }
        Body::Deposit { into, amount } => {
            covered(account, amount)?;
            if !matches!(into.role(), Role::Escrow | Role::Stake) {
                return Err(Refusal::WrongRole(into));
            }
            may_receive(books, actor, into)?;
        }
        Body::SetMaxBid { max_bid } => max_bid.map_or(Ok(()), positive)?,
        Body::Close { to } => {
            if account.balance < Microjoules::ZERO {
                return Err(Refusal::InDebt { account: actor, debt: -account.balance });
            }
            bounty::needs_no_more(books, operation.by)?;
            may_receive(books, actor, AccountName::Wallet(to))?;
        }
        Body::PostBounty { number, terms, budget } => {
            covered(account, budget)?;
            bounty::may_post(books, number, &terms, budget)?;
        }
        Body::CloseBounty { number } => bounty::may_close(books, number, operation.by)?,
    }
    Ok(None)
}

/// The place of an operation that was entered not long ago.
fn known(account: &Account, operation: &Operation) -> Result<Option<u64>, Refusal> {
    let Some(recent) = account.recent.iter().find(|recent| recent.id == operation.id) else {
        return Ok(None);
    };
    if recent.body == operation.body_digest() {
        return Ok(Some(recent.sequence));
    }
    Err(Refusal::IdReused { account: account.name, id: operation.id })
}

fn payment(books: &Books, payment: &Payment) -> Result<(), Refusal> {
    positive(payment.amount)?;
    let (from, to) = (at(books, payment.from)?, at(books, payment.to)?);
    let allowed = match payment.reason {
        Reason::Income => (from.name.role(), to.name.role()) == (Role::Escrow, Role::Wallet),
        Reason::Refund => {
            matches!(from.name.role(), Role::Escrow | Role::Stake) && to.name.role() == Role::Wallet
        }
        Reason::Forfeit => (from.name.role(), to.name.role()) == (Role::Stake, Role::Treasury),
        Reason::Verification => (from.name.role(), to.name.role()) == (Role::Wallet, Role::Treasury),
    };
    if !allowed {
        return Err(Refusal::NotAllowed { reason: payment.reason, from: from.name, to: to.name });
    }
    bounty::may_pay(from, payment)?;
    match payment.reason {
        // It was set apart when the claim was taken. By the time it is collected a bill may have taken the wallet below zero:
        // then it is owed, as the bill is. A wallet that is closed has nothing set apart.
        Reason::Verification if from.closed => return Err(Refusal::Closed(from.name)),
        Reason::Verification => {
            let amount = i128::from(payment.amount.0);
            bears(from, -amount)?;
            bears(to, amount)?;
        }
        Reason::Income | Reason::Refund | Reason::Forfeit => covered(from, payment.amount)?,
    }
    may_receive(books, from.name, to.name)
}

/// A charge is posted whole, whatever the wallet has: what it does not cover is its debt.
fn window(books: &Books, window: &Window) -> Result<(), Refusal> {
    let last = books.mark.window;
    if window.at <= last {
        return Err(Refusal::WindowBilled { at: window.at, last });
    }
    let in_order = window.lines.windows(2).all(|pair| pair[0].cell < pair[1].cell);
    if !in_order || window.lines.len() > WINDOW_LINES_MAX {
        return Err(Refusal::Lines);
    }
    not_negative(window.grid)?;
    let mut charged = i128::from(window.grid.0);
    for line in &window.lines {
        wallet(books, line.wallet)?;
        [line.used.energy, line.used.cheapest, line.used.dearest].into_iter().try_for_each(not_negative)?;
        for charge in [line.quanta, line.rent, line.tax] {
            not_negative(charge)?;
            charged += i128::from(charge.0);
        }
    }
    let paying = window.lines.iter().map(|line| (line.wallet, -charged));
    let host = [
        (Index::TREASURY, -charged),
        (Index::TREASURY, charged),
        (Index::TAX, charged),
        (Index::GRID, charged),
    ];
    paying.chain(host).try_for_each(|(index, change)| bears(at(books, index)?, change))
}

/// That an account can hold a change, even if all the charges of a window are its own: debts add up without end, and the range
/// of an account does not.
fn bears(account: &Account, change: i128) -> Result<(), Refusal> {
    let after = (i128::from(account.balance.0) + change).abs();
    let nearer = after <= i128::from(account.balance.0).abs();
    if nearer || after <= i128::from(MINT_MAX.0) { Ok(()) } else { Err(Refusal::OutOfRange(account.name)) }
}

fn note(books: &Books, note: &Note) -> Result<(), Refusal> {
    wallet(books, note.wallet)
}

fn wallet(books: &Books, index: Index) -> Result<(), Refusal> {
    let account = at(books, index)?;
    if account.name.role() == Role::Wallet { Ok(()) } else { Err(Refusal::WrongRole(account.name)) }
}

fn at(books: &Books, index: Index) -> Result<&Account, Refusal> {
    books.accounts.get(index.0 as usize).ok_or(Refusal::NoIndex(index))
}

fn may_receive(books: &Books, from: AccountName, to: AccountName) -> Result<(), Refusal> {
    if from == to {
        return Err(Refusal::ToItself(to));
    }
    match books.find(&to) {
        Some(index) if books.account(index).closed => Err(Refusal::Closed(to)),
        Some(_) => Ok(()),
        None if books.accounts.len() >= ACCOUNTS_MAX => Err(Refusal::Full),
        None => match to {
            AccountName::Wallet(key) if key.check().is_err() => Err(Refusal::NobodysKey(key)),
            _ => Ok(()),
        },
    }
}

fn covered(account: &Account, wanted: Microjoules) -> Result<(), Refusal> {
    positive(wanted)?;
    let free = account.balance;
    if wanted <= free { Ok(()) } else { Err(Refusal::Insufficient { account: account.name, free, wanted }) }
}

fn positive(amount: Microjoules) -> Result<(), Refusal> {
    if amount > Microjoules::ZERO { Ok(()) } else { Err(Refusal::NotAnAmount(amount)) }
}

/// A charge of a window; how much all of them may be together is looked at for each account.
fn not_negative(charge: Microjoules) -> Result<(), Refusal> {
    if charge >= Microjoules::ZERO { Ok(()) } else { Err(Refusal::NotAnAmount(charge)) }
}
