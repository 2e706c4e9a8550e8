//! Bills that anyone can check.
//!
//! A receipt shows one account at two signed heads and every entry between them. The first proves where it began, the second
//! where it ended, and because every entry is hashed into the account's tip, that these entries and no others lie between.
//!
//! It proves what the host has signed, not that the host's joules are true. And it shows the account's own entries alone: of the
//! others it has hashes, and nameless sums over whole branches of the tree, of which the smallest may be one other account.

use std::ops::ControlFlow;

use maxwell_core::units::Microjoules;
use serde::{Deserialize, Serialize};

use crate::account::{Account, AccountName, Salt, Totals};
use crate::books::Books;
use crate::entry::Entry;
use crate::head::{Head, NotSigned, Signed};
use crate::ledger::{self, LedgerError};
use crate::store::{Snapshot, Store};
use crate::sum_tree::{Path, PathError};
use crate::wallet::PublicKey;

/// Version of the format. It rises when what is hashed changes: 2 has bounties in the accounts of escrows.
pub const VERSION: u32 = 2;

/// One account's bill for a period, with its proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// What makes the account's leaf.
    pub salt: Salt,
    /// The account before the period; none if the period begins before its first entry.
    pub opening: Option<State>,
    /// Everything that happened to it, in order.
    pub entries: Vec<Entry>,
    /// The account after the period.
    pub closing: State,
}

/// An account at the end of an epoch, proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// What the host signed.
    pub head: Signed<Head>,
    /// The account.
    pub account: Account,
    /// From the account's leaf to the root that the head names.
    pub path: Path,
}

/// Why a receipt is not to be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Of a later or an earlier Maxwell, or of none.
    #[error(
        "the receipt has format {0}, this Maxwell knows {VERSION}: check it with the Maxwell that wrote it"
    )]
    Version(u32),
    /// Not the host's.
    #[error(transparent)]
    NotSigned(#[from] NotSigned),
    /// The account is not below the root.
    #[error("the account at the {end} of the period is not what the host signed")]
    NotIncluded {
        /// Beginning or end.
        end: End,
    },
    /// The path itself is impossible.
    #[error("the proof at the {end} of the period is malformed: {why}")]
    Path {
        /// Beginning or end.
        end: End,
        /// What is wrong with it.
        why: PathError,
    },
    /// The host signed accounts that do not sum to zero.
    #[error("at the {end} of the period the host has signed accounts that do not sum to zero")]
    NotConserved {
        /// Beginning or end.
        end: End,
    },
    /// Two different accounts, or two heads in the wrong order.
    #[error("the beginning and the end of the period do not belong together")]
    Unrelated,
    /// An entry from outside the period, or out of order.
    #[error("entry {0} of the journal does not belong into the period or comes out of order")]
    OutOfPeriod(u64),
    /// Entries were left out, added or changed.
    #[error(
        "the entries do not lead from the beginning to the end of the period: some were left out, added or changed"
    )]
    Incomplete,
    /// An amount that no ledger has, or a key of a bounty that was paid before.
    #[error(
        "entry {0} of the journal is impossible after those before it: its amount, or a key that is paid again"
    )]
    Impossible(u64),
}

/// Why no receipt can be made.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Nothing ever happened to it.
    #[error("there is no account {0} in this ledger")]
    NoAccount(AccountName),
    /// No signed head lies in the period.
    #[error(
        "no epoch ended in that period: the ledger's epochs end between {first_ms} and {last_ms} (milliseconds since 1970)"
    )]
    NoEpoch {
        /// End of the first epoch whose details are kept.
        first_ms: u64,
        /// End of the last.
        last_ms: u64,
    },
}

/// What a receipt is to be about, in milliseconds since 1970. It reaches from the last epoch that ended by the beginning to the
/// last that ended by the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// The beginning; as early as details are kept, if there is none.
    pub from_ms: Option<u64>,
    /// The end; the last epoch, if there is none.
    pub to_ms: Option<u64>,
}

/// One end of the period of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The beginning.
    Beginning,
    /// The end.
    End,
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Beginning => "beginning",
            Self::End => "end",
        })
    }
}

/// What a receipt comes to, once it is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// Whose.
    pub account: AccountName,
    /// The head from which the period counts; none if it is the account's beginning.
    pub from: Option<Head>,
    /// The head at which the period ends.
    pub to: Head,
    /// Balance before.
    pub before: Microjoules,
    /// Balance after.
    pub after: Microjoules,
    /// What happened, added up.
    pub totals: Totals,
}

impl Receipt {
    /// Makes the receipt of one account. Takes as long as playing the journal again.
    ///
    /// # Errors
    /// When the ledger cannot be read, or has no such account or epoch.
    pub fn export(store: &dyn Store, name: AccountName, period: Period) -> Result<Self, ExportError> {
        let genesis = ledger::read_genesis(store)?;
        let mut books = ledger::written(store, Snapshot::Base, &genesis.content)?;
        let (opening, closing) = ends(store, books.mark().sequence, period)?;
        books.watch(name);
        let begun = opening.filter(|head| head.content.sequence == books.mark().sequence);
        let mut before = begun.and_then(|head| State::of(&mut books, name, &head));
        let mut after = None;
        ledger::play(store, &mut books, &mut |books, _| {
            let sequence = books.mark().sequence;
            if let Some(head) = opening.filter(|head| head.content.sequence == sequence) {
                books.take_watched();
                before = State::of(books, name, &head);
            }
            if sequence < closing.content.sequence {
                return Ok(ControlFlow::Continue(()));
            }
            after = State::of(books, name, &closing);
            Ok(ControlFlow::Break(()))
        })?;
        let closing = after.ok_or(ExportError::NoAccount(name))?;
        let salt = genesis.content.salt.of(&name);
        Ok(Self { version: VERSION, salt, opening: before, entries: books.take_watched(), closing })
    }

    /// Checks it with nothing but the host's public key.
    ///
    /// # Errors
    /// Why it is not to be believed.
    pub fn verify(&self, host: &PublicKey) -> Result<Bill, ReceiptError> {
        if self.version != VERSION {
            return Err(ReceiptError::Version(self.version));
        }
        let closing = &self.closing;
        closing.verify(host, &self.salt, End::End)?;
        let name = closing.account.name;
        let mut account = Account::new(name);
        let mut sequence = 0;
        if let Some(opening) = &self.opening {
            opening.verify(host, &self.salt, End::Beginning)?;
            if opening.account.name != name || opening.head.content.epoch >= closing.head.content.epoch {
                return Err(ReceiptError::Unrelated);
            }
            account = opening.account.clone();
            sequence = opening.head.content.sequence.saturating_add(1);
        }
        let before = (account.balance, account.totals);
        for entry in &self.entries {
            let in_period = (sequence..=closing.head.content.sequence).contains(&entry.sequence);
            if !in_period {
                return Err(ReceiptError::OutOfPeriod(entry.sequence));
            }
            sequence = entry.sequence;
            entry.enter(&mut account).ok_or(ReceiptError::Impossible(entry.sequence))?;
        }
        // What the owner may order next is no part of the bill, and entries do not show all of it.
        (account.nonce, account.recent) = (closing.account.nonce, closing.account.recent.clone());
        if account != closing.account {
            return Err(ReceiptError::Incomplete);
        }
        Ok(Bill {
            account: name,
            from: self.opening.as_ref().map(|opening| opening.head.content),
            to: closing.head.content,
            before: before.0,
            after: account.balance,
            totals: account.totals.since(&before.1),
        })
    }
}

/// The heads at which a period begins and ends. It begins without one at the ledger's beginning, and where details were folded
/// away with the head that vouches for what came before.
fn ends(
    store: &dyn Store,
    folded: u64,
    period: Period,
) -> Result<(Option<Signed<Head>>, Signed<Head>), ExportError> {
    let oldest = ledger::head_after(store, 0)?;
    let by = |ms: Option<u64>| match ledger::head_by(store, ms.unwrap_or(u64::MAX), u64::MAX)? {
        Some(head) => ledger::head_after(store, head.epoch - 1),
        None => Ok(None),
    };
    let opening = if period.from_ms.is_some() { by(period.from_ms)? } else { None };
    let opening = opening.or(oldest.filter(|_| folded > 0));
    match by(period.to_ms)? {
        Some(closing) if opening.is_none_or(|opening| opening.content.epoch < closing.content.epoch) => {
            Ok((opening, closing))
        }
        _ => {
            let ended_ms = |head: Option<Signed<Head>>| head.map_or(0, |head| head.content.ended_ms);
            Err(ExportError::NoEpoch { first_ms: ended_ms(oldest), last_ms: ended_ms(by(None)?) })
        }
    }
}

impl State {
    /// An account as the books have it, at a head that was signed over them; none if there is no such account yet.
    fn of(books: &mut Books, name: AccountName, head: &Signed<Head>) -> Option<Self> {
        let index = books.find(&name)?;
        let path = books.prove(index)?;
        Some(Self { head: *head, account: books.account(index).clone(), path })
    }

    fn verify(&self, host: &PublicKey, salt: &Salt, end: End) -> Result<(), ReceiptError> {
        self.head.verify(host)?;
        let signed = self.head.content.root;
        if signed.sums.credit != signed.sums.debit {
            return Err(ReceiptError::NotConserved { end });
        }
        let root =
            self.path.root_of(&self.account.leaf(salt)).map_err(|why| ReceiptError::Path { end, why })?;
        if root == signed { Ok(()) } else { Err(ReceiptError::NotIncluded { end }) }
    }
}
