//! The journal of a durable ledger, written by a thread of its own.

use maxwell_core::population::standing::Change;
use maxwell_core::tick::Transfer;
use maxwell_ledger::journal::{self, JournalError, JournalPolicy, Ticket, WallClock};
use maxwell_ledger::ledger::Ledger;

use super::entries::Run;
use super::{Journal, Window};

/// Hands everything to the ledger's thread, once a billing window. The node's thread allocates nothing for it once it has seen
/// its busiest window.
pub struct Recorded {
    journal: journal::Journal,
    run: Run,
    /// The node fell too far ahead of the disk: the ledger's thread does not know of it.
    failed: Option<JournalError>,
}

impl Recorded {
    /// Starts the thread that owns `ledger` until the journal is closed. Everything that follows belongs to the run after the
    /// last that the ledger knows.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(ledger: Ledger, policy: JournalPolicy, clock: WallClock) -> std::io::Result<Self> {
        let run = Run::next_of(&ledger);
        Ok(Self { journal: journal::Journal::start(ledger, policy, clock)?, run, failed: None })
    }
}

impl Journal for Recorded {
    fn is_recorded(&self) -> bool {
        true
    }

    fn window(&mut self, window: &Window<'_>) -> Result<(), JournalError> {
        self.health()?;
        let handed_over = self.journal.window(|record| self.run.write(window, record));
        handed_over.map(|_| ()).inspect_err(|error| self.failed = Some(error.clone()))
    }

    fn payment(&mut self, payment: &Transfer, key: u64) -> Ticket {
        self.journal.payment(self.run.payment(payment, key))
    }

    fn note(&mut self, tick: u64, change: &Change) {
        self.journal.note(self.run.note(tick, change));
    }

    fn durable(&self) -> Ticket {
        self.journal.durable()
    }

    fn health(&self) -> Result<(), JournalError> {
        self.failed.clone().map_or_else(|| self.journal.health(), Err)
    }

    fn close(self: Box<Self>) -> Result<Option<Ledger>, JournalError> {
        let closed = self.journal.close()?;
        self.failed.map_or(Ok(Some(closed)), Err)
    }
}
