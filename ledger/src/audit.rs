//! The check of a whole ledger, offline: every signature, every rule, every hash, and that all accounts sum to zero.
//!
//! Nothing that the ledger says of itself is believed. The journal is played again from the beginning, or from what is left of
//! it after the oldest details were folded away, and whatever it comes to must be what the host has signed.

use std::ops::ControlFlow;

use maxwell_core::units::Microjoules;

use crate::books::Books;
use crate::digest::Digest;
use crate::frame::Frame;
use crate::head::{Genesis, Head, Signed};
use crate::ledger::{self, LedgerError, damaged, head_after, matches};
use crate::operation::Operation;
use crate::record::Record;
use crate::store::{Snapshot, Store};
use crate::wallet::PublicKey;

/// What a ledger holds, after all of it was found in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// What ledger it is.
    pub genesis: Genesis,
    /// Records that were played again.
    pub records: u64,
    /// Movements of money among them: of operations, of payments, and of the lines of windows.
    pub transfers: u64,
    /// Signed operations among them.
    pub operations: u64,
    /// Signed heads that were checked.
    pub heads: u64,
    /// The last head.
    pub last: Option<Head>,
    /// Records after the last head: durable, and not yet signed.
    pub unsigned: u64,
    /// Records whose details were folded away before this check.
    pub folded: u64,
    /// Accounts that there are.
    pub accounts: u64,
    /// What was issued.
    pub minted: Microjoules,
}

/// Checks a ledger.
///
/// # Errors
/// The first thing that is not in order, or that the store cannot be read.
pub fn audit(store: &dyn Store) -> Result<Audit, LedgerError> {
    let genesis = ledger::read_genesis(store)?;
    let mut books = ledger::written(store, Snapshot::Base, &genesis.content)?;
    let mut auditor = Auditor::new(store, &genesis, &mut books)?;
    ledger::play(store, &mut books, &mut |books, frame| {
        auditor.frame(books, frame)?;
        Ok(ControlFlow::Continue(()))
    })?;
    auditor.end(genesis.content, &books)
}

struct Auditor<'a> {
    store: &'a dyn Store,
    /// The head that the journal has still to lead to, if there is another.
    next: Option<Signed<Head>>,
    /// The head before it, or the genesis.
    previous: (u64, Digest),
    last: Option<Head>,
    /// The accounts that were written down, until the journal has led to them.
    checkpoint: Option<Books>,
    folded: u64,
    transfers: u64,
    operations: u64,
    checked: u64,
}

impl<'a> Auditor<'a> {
    fn new(store: &'a dyn Store, genesis: &Signed<Genesis>, books: &mut Books) -> Result<Self, LedgerError> {
        let mut previous = (0, genesis.digest());
        let mut last = None;
        let folded = books.mark().sequence;
        if folded > 0 {
            let Some(head) = head_after(store, 0)? else {
                return damaged(
                    "details were folded away, and the head that vouches for them is missing".to_owned(),
                );
            };
            head.verify(&genesis.content.host)?;
            matches(books, &head.content)?;
            previous = (head.content.epoch, head.digest());
            last = Some(head.content);
        }
        let saved = ledger::written(store, Snapshot::Checkpoint, &genesis.content)?;
        let next = head_after(store, previous.0)?;
        let mut auditor = Self {
            store,
            next,
            previous,
            last,
            checkpoint: Some(saved),
            folded,
            transfers: 0,
            operations: 0,
            checked: 0,
        };
        auditor.saved(books)?;
        Ok(auditor)
    }

    /// Looks at what a frame has led to.
    fn frame(&mut self, books: &mut Books, frame: &Frame) -> Result<(), LedgerError> {
        for record in &frame.records {
            self.record(&books.genesis().host, record)?;
        }
        self.saved(books)?;
        while let Some(head) = self.next.filter(|head| head.content.sequence <= books.mark().sequence) {
            self.head(books, &head)?;
            self.next = head_after(self.store, head.content.epoch)?;
        }
        Ok(())
    }

    fn record(&mut self, host: &PublicKey, record: &Record) -> Result<(), LedgerError> {
        if let Record::Operation(signed) = record {
            let Operation { by, nonce, .. } = signed.operation;
            signed.verify(host).or_else(|error| damaged(format!("operation {nonce} of {by}: {error}")))?;
            self.operations += 1;
        }
        self.transfers += record.transfers();
        Ok(())
    }

    fn head(&mut self, books: &mut Books, head: &Signed<Head>) -> Result<(), LedgerError> {
        let (epoch, digest) = self.previous;
        let Head { epoch: number, previous, .. } = head.content;
        if (number, previous) != (epoch + 1, digest) {
            return damaged(format!("the head of epoch {number} does not follow that of epoch {epoch}"));
        }
        head.verify(&books.genesis().host)?;
        matches(books, &head.content)?;
        self.previous = (number, head.digest());
        self.last = Some(head.content);
        self.checked += 1;
        Ok(())
    }

    /// That the accounts that were written down are those that the journal leads to.
    fn saved(&mut self, books: &Books) -> Result<(), LedgerError> {
        let Some(saved) = self.checkpoint.take_if(|saved| saved.mark().sequence <= books.mark().sequence)
        else {
            return Ok(());
        };
        if saved.mark() == books.mark() && saved.accounts() == books.accounts() {
            return Ok(());
        }
        let sequence = saved.mark().sequence;
        damaged(format!(
            "the accounts that were written down after record {sequence} are not what the journal says"
        ))
    }

    fn end(self, genesis: Genesis, books: &Books) -> Result<Audit, LedgerError> {
        let sequence = books.mark().sequence;
        if let Some(head) = self.next {
            let Head { epoch, sequence: signed, .. } = head.content;
            return damaged(format!(
                "epoch {epoch} was signed over {signed} records, and the journal has {sequence}"
            ));
        }
        if self.checkpoint.is_some() {
            return damaged(format!(
                "accounts were written down that the journal, of {sequence} records, does not lead to"
            ));
        }
        Ok(Audit {
            genesis,
            records: sequence - self.folded,
            transfers: self.transfers,
            operations: self.operations,
            heads: self.checked,
            last: self.last,
            unsigned: sequence - self.last.map_or(0, |head| head.sequence),
            folded: self.folded,
            accounts: books.accounts().len() as u64,
            minted: books.minted(),
        })
    }
}
