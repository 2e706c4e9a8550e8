//! The store: where the ledger's bytes lie. It knows nothing of money.
//!
//! It keeps two things that grow and two that change. *Frames* are the journal, numbered by the sequences of the
//! movements in them; *heads* are the links of the signed chain, numbered by epoch. A *snapshot* is a table of accounts
//! together with the sequence through which it is current: the newest one (`Checkpoint`), from which a restart goes
//! on, and the oldest one (`Base`), into which the journal before it has been folded away.
//!
//! ```text
//!     base.through            checkpoint.through              last_sequence
//!          |                          |                              |
//!     -----+--------- frames ---------+----------- frames -----------+
//!     gone    kept, as history           applied again at a restart
//! ```
//!
//! There is one writer, and it commits one [`Batch`] a billing window: all of it is durable when `commit` returns, or
//! none of it. [`RedbStore`] is the real one, one file; [`MemoryStore`] keeps the same promises except for durability.

mod error;
mod memory;
mod redb;
mod seal;
mod state;
mod view;

use std::ops::ControlFlow;

use maxwell_core::units::Bytes;

pub use error::StoreError;
pub use memory::MemoryStore;
pub use redb::RedbStore;

/// What a ledger needs from whatever keeps its bytes. Reads show the last commit and nothing of a failed one.
///
/// Every `each` may stop the walk by breaking; what is missing behind that is then not noticed.
pub trait Store: Send {
    /// Makes the batch durable, all of it or nothing.
    ///
    /// # Errors
    /// [`StoreError::OutOfOrder`] when the batch does not continue what is stored: nothing was written, and the store
    /// goes on. After any other error the store is *stopped* and refuses every later commit: a sync that failed may
    /// have lost what was written before it, and to go on would be to lie. Whether the failed batch is in the file
    /// shows when it is opened again; what was acknowledged before it is.
    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError>;

    /// What the ledger was created with. It never changes.
    ///
    /// # Errors
    /// Whatever keeps the file from being read.
    fn genesis(&self) -> Result<Vec<u8>, StoreError>;

    /// The last sequence of the newest frame; 0 as long as there has been none.
    fn last_sequence(&self) -> u64;

    /// Through which sequence a snapshot is current, and what its writer put beside it.
    ///
    /// # Errors
    /// Whatever keeps the file from being read.
    fn mark(&self, of: Snapshot) -> Result<Mark, StoreError>;

    /// Walks the accounts of a snapshot in the order of their indices.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] also at the end of the walk, when accounts are missing or out of date: what `each` was
    /// given must then not be used.
    fn accounts(
        &self,
        of: Snapshot,
        each: &mut dyn FnMut(u32, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Walks the frames that hold sequence `from` or a later one, in order and without a gap. It begins with the
    /// oldest frame there is when `from` has been folded away.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] also when a frame is missing.
    fn frames(
        &self,
        from: u64,
        each: &mut dyn FnMut(FrameRef<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Walks the heads from epoch `from` on, in order and without a gap, beginning with the oldest there is when `from`
    /// has been folded away.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] also when a head is missing.
    fn heads(&self, from: u64, each: &mut dyn FnMut(u64, &[u8]) -> ControlFlow<()>)
    -> Result<(), StoreError>;

    /// The newest head, with its epoch.
    ///
    /// # Errors
    /// Those of [`Store::heads`].
    fn last_head(&self) -> Result<Option<(u64, Vec<u8>)>, StoreError>;

    /// The room it takes: on disk, or in memory.
    ///
    /// # Errors
    /// Whatever keeps the file from being asked.
    fn size(&self) -> Result<Bytes, StoreError>;
}

/// One of the two tables of accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Snapshot {
    /// The newest: frames behind it are applied again at a restart.
    Checkpoint,
    /// The oldest: frames before it are gone.
    Base,
}

/// Where a snapshot stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The last sequence that is contained in it; 0 before there was one.
    pub through: u64,
    /// What its writer put beside it.
    pub extra: Vec<u8>,
}

/// A piece of the journal, as the store gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRef<'a> {
    /// The first sequence in it.
    pub first: u64,
    /// The last sequence in it.
    pub last: u64,
    /// Its content.
    pub bytes: &'a [u8],
}

/// A piece of the journal, as the store is given it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The first sequence in it: one more than the last of the frame before; 1 in the first frame of all.
    pub first: u64,
    /// The last sequence in it.
    pub last: u64,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// How a snapshot moves on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The sequence through which the snapshot is then current. Never goes back.
    pub through: u64,
    /// What is kept beside it.
    pub extra: Vec<u8>,
    /// Accounts that are new or different, by index; the others stay. None is ever removed.
    pub accounts: Vec<(u32, Vec<u8>)>,
}

/// How history is folded away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fold {
    /// The base moves on to here, the last sequence of some frame and not beyond the checkpoint. Frames up to it go.
    pub base: Change,
    /// Heads before this epoch go; its own stays.
    pub through_epoch: u64,
}

/// What becomes durable together. The caller keeps it and fills it again after [`Batch::clear`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Further pieces of the journal, in order.
    pub frames: Vec<Frame>,
    /// Further heads by epoch, each one higher than the one before. The first of all may have any epoch.
    pub heads: Vec<(u64, Vec<u8>)>,
    /// The newest snapshot moves on.
    pub checkpoint: Option<Change>,
    /// History is folded away.
    pub fold: Option<Fold>,
}

impl Batch {
    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.frames.clear();
        self.heads.clear();
        self.checkpoint = None;
        self.fold = None;
    }

    /// Whether there is nothing to make durable.
    pub const fn is_empty(&self) -> bool {
        self.frames.is_empty() && self.heads.is_empty() && self.checkpoint.is_none() && self.fold.is_none()
    }
}
