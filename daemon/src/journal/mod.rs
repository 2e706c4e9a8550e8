//! Where a node's money is recorded: the seam, and the way of keeping nothing.
//!
//! The node tells its journal every movement of money as it happens and goes on; it never waits. What must not be acknowledged
//! before it is durable has a [`Ticket`], and the node asks on every tick how far the journal has come.

mod entries;
mod inline;
mod recorded;

pub use inline::InlineJournal;
pub use recorded::Recorded;

use maxwell_core::ledger::Line;
use maxwell_core::population::standing::Change;
use maxwell_core::tick::{Provenance, Transfer};
use maxwell_core::units::{Microjoules, Ppm};
use maxwell_ledger::journal::{JournalError, Ticket};
use maxwell_ledger::ledger::Ledger;

/// What one billing window charged, and at which conditions.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// Its last tick. Windows come in order, each tick once.
    pub tick: u64,
    /// Electricity price relative to the reference.
    pub tariff: Ppm,
    /// Where the joules come from.
    pub provenance: Provenance,
    /// What the treasury paid for energy.
    pub grid: Microjoules,
    /// Each cell's bill, in the order of cells.
    pub lines: &'a [Line],
}

/// Takes down everything that moves money on a node. Called on the node's thread: nothing here waits but [`Journal::close`].
pub trait Journal: Send {
    /// Whether anything is kept. Where it is, money comes from signed operations alone, and a node mints none.
    fn is_recorded(&self) -> bool;

    /// A billing window is over: it is made durable, with everything since the last.
    ///
    /// # Errors
    /// When the journal has failed. It stays so: see [`Journal::health`].
    fn window(&mut self, window: &Window<'_>) -> Result<(), JournalError>;

    /// A payment was made for a key of a bounty: income, a prepaid verification or a forfeited stake. Income may be
    /// acknowledged once [`Journal::durable`] has come to the ticket.
    fn payment(&mut self, payment: &Transfer, key: u64) -> Ticket;

    /// The standing of a cell's money changed in this tick.
    fn note(&mut self, tick: u64, change: &Change);

    /// How far everything is durable.
    fn durable(&self) -> Ticket;

    /// Whether it still goes on.
    ///
    /// # Errors
    /// Why not. It is final: the node ends its run.
    fn health(&self) -> Result<(), JournalError>;

    /// Returns once everything up to the last window is durable, with the ledger, if there is one.
    ///
    /// # Errors
    /// Why not everything is durable.
    fn close(self: Box<Self>) -> Result<Option<Ledger>, JournalError>;
}

/// Keeps nothing, and so loses nothing: whatever it is told counts as durable at once. For demonstrations, experiments and
/// simulations, whose money ends with the run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unrecorded;

impl Journal for Unrecorded {
    fn is_recorded(&self) -> bool {
        false
    }

    fn window(&mut self, _window: &Window<'_>) -> Result<(), JournalError> {
        Ok(())
    }

    fn payment(&mut self, _payment: &Transfer, _key: u64) -> Ticket {
        Ticket::default()
    }

    fn note(&mut self, _tick: u64, _change: &Change) {}

    fn durable(&self) -> Ticket {
        Ticket(u64::MAX)
    }

    fn health(&self) -> Result<(), JournalError> {
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<Option<Ledger>, JournalError> {
        Ok(None)
    }
}
