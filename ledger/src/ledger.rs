//! The ledger: books in memory, which decide, and a store, which remembers.
//!
//! ```text
//!   record --check, enter--> books --pending frame--> commit --> store: frame, head of the epoch, changed accounts
//! ```
//!
//! What was committed is never lost. What was entered and not committed is lost with the process, and nobody was told of it.

use std::ops::ControlFlow;

use maxwell_core::units::Microjoules;

use crate::account::{Account, AccountName, Index, Salt};
use crate::books::{self, Books, Mark, Outcome, Refusal};
use crate::codec::{self, CodecError};
use crate::digest::Digest;
use crate::frame::{self, Frame};
use crate::head::{Genesis, Head, NotSigned, Signed};
use crate::limits::{ACCOUNTS_MAX, CLOCK_STEP_MAX_MS, EPOCH_MS, RECENT_OPERATIONS, TAIL_TRANSFERS_MAX};
use crate::operation::{OperationError, SignedOperation};
use crate::record::Record;
use crate::store::{self, Batch, Change, Fold, Snapshot, Store, StoreError};
use crate::wallet::{Keypair, NoRandomness, PublicKey};

/// Why a ledger cannot be opened or go on.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The store failed. After a failed write the ledger goes no further.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store holds something else than what belongs there.
    #[error("the ledger is damaged: {0}; restore it from a copy, and keep the damaged file")]
    Damaged(String),
    /// The host's own rules have done what the ledger's forbid: a defect of Maxwell.
    #[error(
        "a record of the host itself breaks a rule: {0}; this is a defect of Maxwell, and the ledger is left as it was"
    )]
    Defect(String),
    /// The key is not that of the host whose ledger it is.
    #[error(
        "this ledger belongs to the host {owner}, and the key is that of {key}: use the key that the ledger was made with"
    )]
    NotTheHost {
        /// Whose ledger.
        owner: PublicKey,
        /// Whose key.
        key: PublicKey,
    },
}

impl From<NotSigned> for LedgerError {
    fn from(error: NotSigned) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl From<CodecError> for LedgerError {
    fn from(error: CodecError) -> Self {
        Self::Damaged(format!("a row cannot be read: {error}"))
    }
}

/// Why an order is not carried out. Nothing has moved.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// It is not what it says.
    #[error(transparent)]
    Operation(#[from] OperationError),
    /// It breaks a rule.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// A ledger that can be written.
pub struct Ledger {
    books: Books,
    store: Box<dyn Store>,
    host: Keypair,
    pending: Frame,
    /// Place of the first pending record.
    first: u64,
    epoch: Epoch,
    /// Last record of the last checkpoint.
    saved: u64,
    /// When the last frame was written. Times of the journal do not go back when the clock is put right a little.
    latest_ms: u64,
    /// What the clock said when the last head was signed.
    closed_ms: u64,
    /// Whether a commit has failed: memory is ahead of the disk then, and nothing more is entered.
    stopped: bool,
    /// Records and movements of money since that checkpoint, which the next start has to play again.
    tail: u64,
}

/// Where the chain of heads has come to.
#[derive(Clone, Copy, Debug)]
struct Epoch {
    number: u64,
    digest: Digest,
    ended_ms: u64,
    sequence: u64,
    journal: Digest,
}

impl Ledger {
    /// Opens what a store holds: the accounts of the last checkpoint, and the journal since then played again.
    ///
    /// # Errors
    /// When the store cannot be read, is damaged, or belongs to another host.
    pub fn open(store: Box<dyn Store>, host: Keypair) -> Result<Self, LedgerError> {
        let genesis = read_genesis(&*store)?;
        if genesis.content.host != host.public() {
            return Err(LedgerError::NotTheHost { owner: genesis.content.host, key: host.public() });
        }
        let mut books = written(&*store, Snapshot::Checkpoint, &genesis.content)?;
        let saved = books.mark().sequence;
        let epoch = last_epoch(&*store, &genesis)?;
        epoch.agrees(&books)?;
        let (mut tail, mut latest_ms) = (0, 0);
        play(&*store, &mut books, &mut |books, frame| {
            epoch.agrees(books)?;
            tail += frame.records.iter().map(Record::weight).sum::<u64>();
            latest_ms = frame.at_ms;
            Ok(ControlFlow::Continue(()))
        })?;
        if epoch.sequence > books.mark().sequence {
            return Err(LedgerError::Damaged(format!(
                "epoch {} was signed over {} records, and the journal has {}",
                epoch.number,
                epoch.sequence,
                books.mark().sequence
            )));
        }
        let first = books.mark().sequence + 1;
        let latest_ms = latest_ms.max(epoch.ended_ms);
        Ok(Self {
            books,
            store,
            host,
            pending: Frame::default(),
            first,
            epoch,
            saved,
            tail,
            latest_ms,
            closed_ms: 0,
            stopped: false,
        })
    }

    /// Who has what, as far as it was entered.
    pub const fn books(&self) -> &Books {
        &self.books
    }

    /// What keeps it.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Gives back what keeps it. What was entered and not committed is lost, as in a crash.
    pub fn into_store(self) -> Box<dyn Store> {
        self.store
    }

    /// Carries out an owner's order. It is not durable before the next [`Ledger::commit`].
    ///
    /// # Errors
    /// When it is forged or breaks a rule; nothing has changed then.
    pub fn order(&mut self, order: &SignedOperation) -> Result<Outcome, OrderError> {
        order.verify(&self.books.genesis().host)?;
        Ok(self.enter(Record::Operation(Box::new(*order)))?)
    }

    /// Enters a record of the host's own, or an operation whose signature was checked. It is not durable before the next
    /// [`Ledger::commit`].
    ///
    /// # Errors
    /// When it breaks a rule; nothing has changed then.
    pub fn enter(&mut self, record: Record) -> Result<Outcome, Refusal> {
        if self.stopped {
            return Err(Refusal::Stopped);
        }
        let outcome = self.books.apply(&record)?;
        if let Outcome::Done(_) = outcome {
            self.tail += record.weight();
            self.pending.records.push(record);
        }
        Ok(outcome)
    }

    /// Makes everything durable that was entered so far, with the signed head of an epoch when one is due or asked for. The
    /// last record that is on disk now.
    ///
    /// # Errors
    /// When the store fails. Then the ledger goes no further: what the disk has is not known before it is opened again.
    pub fn commit(&mut self, now_ms: u64, close: Close) -> Result<u64, LedgerError> {
        let mut batch = Batch::default();
        let last = self.books.mark().sequence;
        let set_back = self.latest_ms.saturating_sub(now_ms);
        self.latest_ms = if set_back <= CLOCK_STEP_MAX_MS { self.latest_ms.max(now_ms) } else { now_ms };
        if last >= self.first {
            self.pending.at_ms = self.latest_ms;
            let bytes = self.pending.to_bytes();
            self.books.note_frame(frame::link(self.books.mark().journal, &bytes));
            batch.frames.push(store::Frame { first: self.first, last, bytes });
        }
        let due = close != Close::IfDue || now_ms.abs_diff(self.closed_ms) >= EPOCH_MS;
        if due && last > self.epoch.sequence {
            batch.heads.push(self.close_epoch()?);
            self.closed_ms = now_ms;
        }
        if last > self.saved && (close == Close::AndSave || self.tail >= TAIL_TRANSFERS_MAX) {
            batch.checkpoint = Some(self.checkpoint());
            (self.saved, self.tail) = (last, 0);
        }
        if !batch.is_empty() || self.stopped {
            self.write(&batch)?;
        }
        self.pending.records.clear();
        self.first = last + 1;
        Ok(last)
    }

    /// Folds details away that are older than `before_ms`: the accounts as a head of that time was signed over them are kept,
    /// with their totals, and the journal and the heads before it go. One call folds what leads to the first head after about
    /// `at_most` records and transfers; none if there is nothing to fold. Only what was written down is.
    ///
    /// # Errors
    /// When the store fails, or what is to be folded is not what the host has signed; nothing is lost then.
    pub fn fold(&mut self, before_ms: u64, at_most: u64) -> Result<Option<Folded>, LedgerError> {
        let mut books = written(&*self.store, Snapshot::Base, self.books.genesis())?;
        let folded = books.mark().sequence;
        let Some(last) = head_by(&*self.store, before_ms, self.saved)?.filter(|head| head.sequence > folded)
        else {
            return Ok(None);
        };
        let oldest =
            if folded > 0 { head_after(&*self.store, 0)?.map_or(0, |head| head.content.epoch) } else { 0 };
        let mut next = head_after(&*self.store, oldest)?;
        let (mut reached, mut played) = (None, 0);
        play(&*self.store, &mut books, &mut |books, frame| {
            played += frame.records.iter().map(Record::weight).sum::<u64>();
            while let Some(head) = next.filter(|head| head.content.sequence <= books.mark().sequence) {
                reached = Some(head.content).filter(|head| head.sequence == books.mark().sequence);
                next = head_after(&*self.store, head.content.epoch)?;
            }
            let at_a_head = reached.is_some_and(|head| head.sequence == books.mark().sequence);
            let enough = played >= at_most || books.mark().sequence >= last.sequence;
            Ok(if at_a_head && enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        let Some(head) = reached else {
            return damaged("a head is missing where details are to be folded".to_owned());
        };
        matches(&mut books, &head)?;
        let changed = books.take_unsaved();
        let fold = Fold { base: change(&books, &changed), through_epoch: head.epoch };
        self.write(&Batch { fold: Some(fold), ..Batch::default() })?;
        Ok(Some(Folded { through: head.sequence, more: head.sequence < last.sequence }))
    }

    /// Makes a batch durable. When that fails the ledger has stopped.
    fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.stopped = true;
        self.store.commit(batch)?;
        self.stopped = false;
        Ok(())
    }

    /// Signs what the accounts are now.
    fn close_epoch(&mut self) -> Result<(u64, Vec<u8>), LedgerError> {
        let root = self.books.root();
        if root.sums.credit != root.sums.debit {
            return Err(LedgerError::Damaged(format!("the accounts do not sum to zero: {:?}", root.sums)));
        }
        let Mark { sequence, journal, .. } = self.books.mark();
        let head = Head {
            host: self.host.public(),
            epoch: self.epoch.number + 1,
            previous: self.epoch.digest,
            ended_ms: self.latest_ms,
            sequence,
            journal,
            accounts: self.books.accounts().len() as u64,
            root,
        };
        let signed = Signed::head(head, &self.host);
        self.epoch = Epoch::of(&signed);
        Ok((head.epoch, codec::to_bytes(&signed)))
    }

    /// What changed since the accounts were last written down.
    fn checkpoint(&mut self) -> Change {
        let changed = self.books.take_unsaved();
        change(&self.books, &changed)
    }
}

/// What a fold has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Folded {
    /// The last record whose details are gone.
    pub through: u64,
    /// Whether there is more to fold.
    pub more: bool,
}

/// What a commit adds to what was entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// A head when an epoch is over, the accounts when the tail has become long.
    IfDue,
    /// A head in any case.
    Epoch,
    /// A head in any case, and the accounts, so that the next start has nothing to play again.
    AndSave,
}

impl Epoch {
    fn of(head: &Signed<Head>) -> Self {
        let Head { epoch, ended_ms, sequence, journal, .. } = head.content;
        Self { number: epoch, digest: head.digest(), ended_ms, sequence, journal }
    }

    /// That the journal is the one that was signed, if the books stand where it was. Whether the accounts are is what an audit
    /// finds out.
    fn agrees(&self, books: &Books) -> Result<(), LedgerError> {
        let Mark { sequence, journal, .. } = books.mark();
        if sequence != self.sequence || journal == self.journal {
            return Ok(());
        }
        damaged(format!(
            "the journal up to record {sequence} is not the one that epoch {} was signed over",
            self.number
        ))
    }
}

/// The first row of a new ledger, for the store that is to hold it.
///
/// # Errors
/// When the operating system gives no random bytes.
pub fn found(host: &Keypair, mint: PublicKey, created_ms: u64) -> Result<Vec<u8>, NoRandomness> {
    let mut salt = [0; 32];
    getrandom::fill(&mut salt)?;
    let genesis = Genesis { host: host.public(), mint, created_ms, salt: Salt(salt) };
    Ok(codec::to_bytes(&Signed::genesis(genesis, host)))
}

/// What a store says it is, with the signature checked.
///
/// # Errors
/// When the store cannot be read, or what it says is not signed by the host that it names.
pub fn read_genesis(store: &dyn Store) -> Result<Signed<Genesis>, LedgerError> {
    let genesis: Signed<Genesis> = codec::from_bytes(&store.genesis()?)?;
    genesis.verify()?;
    Ok(genesis)
}

/// Rows of a snapshot, with where the books that they are from stand.
pub(crate) fn change(books: &Books, changed: &[Index]) -> Change {
    let rows = changed.iter().map(|index| (index.0, codec::to_bytes(books.account(*index))));
    let mark = books.mark();
    Change { through: mark.sequence, accounts: rows.collect(), extra: codec::to_bytes(&mark) }
}

/// Books as they were last written down, or as they were when older details were folded away; the books of an empty ledger if
/// they never were.
///
/// # Errors
/// When the store cannot be read or is damaged.
pub fn written(store: &dyn Store, of: Snapshot, genesis: &Genesis) -> Result<Books, LedgerError> {
    let mark = store.mark(of)?;
    if mark.through == 0 {
        return Ok(Books::new(genesis.clone()));
    }
    // Room for all of them at once: a million are a quarter of a gigabyte, which is not to be copied as it grows.
    let signed = store.last_head()?.map(|(_, head)| codec::from_bytes::<Signed<Head>>(&head)).transpose()?;
    let room = signed.map_or(0, |head| head.content.accounts).min(ACCOUNTS_MAX as u64);
    let mut accounts = Vec::with_capacity(room as usize);
    let mut unreadable = None;
    store.accounts(of, &mut |_, row| match codec::from_own_bytes::<Account>(row) {
        Ok(account) => {
            accounts.push(account);
            ControlFlow::Continue(())
        }
        Err(error) => {
            unreadable = Some(error);
            ControlFlow::Break(())
        }
    })?;
    if let Some(error) = unreadable {
        return Err(error.into());
    }
    let begins = accounts.iter().map(|account| account.name).take(AccountName::HOST.len());
    if !begins.eq(AccountName::HOST) {
        return damaged("the host's own accounts are missing".to_owned());
    }
    let stands: Mark = codec::from_bytes(&mark.extra)?;
    let sound = |account: &Account| {
        let in_bounds = account.recent.len() <= RECENT_OPERATIONS && account.balance.0 > -i64::MAX;
        in_bounds && books::is_sound(account)
    };
    let books = Books::with_accounts(genesis.clone(), stands, accounts);
    let minted = books.account(Index::MINT).balance <= Microjoules::ZERO;
    if !books.names_are_unique()
        || !minted
        || stands.sequence != mark.through
        || !books.accounts().iter().all(sound)
    {
        return damaged("the accounts that were written down are impossible".to_owned());
    }
    Ok(books)
}

/// Whether to play on.
pub type Played = Result<ControlFlow<()>, LedgerError>;

/// Plays what the journal has after the books' mark, frame by frame, until `each` breaks. `each` sees the books after every
/// frame, and the frame.
///
/// # Errors
/// When the store cannot be read, or its journal does not lead on from the books by the rules.
pub fn play(
    store: &dyn Store,
    books: &mut Books,
    each: &mut dyn FnMut(&mut Books, &Frame) -> Played,
) -> Result<(), LedgerError> {
    play_and_show(store, books, &mut |_, _, _| (), each)
}

/// The same, and `show` sees the books before every record, the time of its frame, and the record.
///
/// # Errors
/// Those of [`play`].
pub fn play_and_show(
    store: &dyn Store,
    books: &mut Books,
    show: &mut dyn FnMut(&Books, u64, &Record),
    each: &mut dyn FnMut(&mut Books, &Frame) -> Played,
) -> Result<(), LedgerError> {
    let mut result = Ok(());
    store.frames(books.mark().sequence + 1, &mut |stored| {
        let step = replay(books, stored.first, stored.bytes, show).and_then(|frame| each(books, &frame));
        step.unwrap_or_else(|error| {
            result = Err(error);
            ControlFlow::Break(())
        })
    })?;
    result
}

/// Enters the records of a frame that was committed once. That they keep the rules was checked then, and is again.
fn replay(
    books: &mut Books,
    first: u64,
    bytes: &[u8],
    show: &mut dyn FnMut(&Books, u64, &Record),
) -> Result<Frame, LedgerError> {
    let mark = books.mark();
    if first != mark.sequence + 1 {
        return damaged(format!("the journal goes on with record {first} after record {}", mark.sequence));
    }
    let frame: Frame = codec::from_own_bytes(bytes)?;
    for record in &frame.records {
        show(books, frame.at_ms, record);
        let place = books.mark().sequence + 1;
        match books.apply(record) {
            Ok(Outcome::Done(_)) => {}
            Ok(Outcome::Already(before)) => {
                return damaged(format!("record {place} is record {before} once more"));
            }
            Err(refusal) => return damaged(format!("record {place} breaks a rule: {refusal}")),
        }
    }
    books.note_frame(frame::link(mark.journal, bytes));
    Ok(frame)
}

/// Where the chain of heads ends.
fn last_epoch(store: &dyn Store, genesis: &Signed<Genesis>) -> Result<Epoch, LedgerError> {
    let Some((_, bytes)) = store.last_head()? else {
        return Ok(Epoch {
            number: 0,
            digest: genesis.digest(),
            ended_ms: 0,
            sequence: 0,
            journal: Digest::ZERO,
        });
    };
    let head: Signed<Head> = codec::from_bytes(&bytes)?;
    head.verify(&genesis.content.host)?;
    Ok(Epoch::of(&head))
}

/// The first head after an epoch, if there is one.
pub(crate) fn head_after(store: &dyn Store, epoch: u64) -> Result<Option<Signed<Head>>, LedgerError> {
    find_head(store, epoch + 1, |_| true)
}

/// The last of the heads whose epochs ended by then, of those up to a record.
pub(crate) fn head_by(store: &dyn Store, ended_ms: u64, sequence: u64) -> Result<Option<Head>, LedgerError> {
    let mut found = None;
    let later = |head: &Signed<Head>| {
        let later = head.content.ended_ms > ended_ms || head.content.sequence > sequence;
        if !later {
            found = Some(head.content);
        }
        later
    };
    find_head(store, 0, later)?;
    Ok(found)
}

/// The first head from an epoch on that is looked for.
fn find_head(
    store: &dyn Store,
    from: u64,
    mut wanted: impl FnMut(&Signed<Head>) -> bool,
) -> Result<Option<Signed<Head>>, LedgerError> {
    let mut found = Ok(None);
    store.heads(from, &mut |_, bytes| match codec::from_bytes::<Signed<Head>>(bytes) {
        Ok(head) if !wanted(&head) => ControlFlow::Continue(()),
        head => {
            found = head.map(Some);
            ControlFlow::Break(())
        }
    })?;
    Ok(found?)
}

/// That the books are what a head says.
pub(crate) fn matches(books: &mut Books, head: &Head) -> Result<(), LedgerError> {
    let Mark { sequence, journal, .. } = books.mark();
    let epoch = head.epoch;
    if (sequence, journal) != (head.sequence, head.journal) {
        return damaged(format!(
            "the journal up to record {sequence} is not the one that epoch {epoch} was signed over"
        ));
    }
    let root = books.root();
    if root != head.root || books.accounts().len() as u64 != head.accounts {
        return damaged(format!("the accounts are not those that epoch {epoch} was signed over"));
    }
    if root.sums.credit != root.sums.debit {
        return damaged(format!("the accounts of epoch {epoch} do not sum to zero: {:?}", root.sums));
    }
    Ok(())
}

pub(crate) fn damaged<T>(what: String) -> Result<T, LedgerError> {
    Err(LedgerError::Damaged(what))
}
