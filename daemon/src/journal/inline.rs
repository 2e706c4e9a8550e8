//! The journal of a virtual clock: it enters and commits on the caller's thread, so that the same run is recorded in the same
//! way every time.

use maxwell_core::limits::QUANTUM;
use maxwell_core::population::standing::Change;
use maxwell_core::tick::Transfer;
use maxwell_ledger::journal::{JournalError, Ticket};
use maxwell_ledger::ledger::{Close, Ledger};
use maxwell_ledger::record::{self, Record};

use super::entries::Run;
use super::{Journal, Window};

/// Commits every window and every payment before it returns, by a wall clock that follows the ticks. It allocates and takes the
/// time that the store takes, which costs nothing on a virtual clock.
pub struct InlineJournal {
    ledger: Ledger,
    run: Run,
    started_ms: u64,
    now_ms: u64,
    failed: Option<JournalError>,
}

impl InlineJournal {
    /// Goes on with `ledger`, in the run after the last that it knows, from `started_ms` (milliseconds since 1970).
    pub const fn new(ledger: Ledger, started_ms: u64) -> Self {
        let run = Run::next_of(&ledger);
        Self { ledger, run, started_ms, now_ms: started_ms, failed: None }
    }

    fn enter(&mut self, record: Record) {
        if let Err(refusal) = self.ledger.enter(record) {
            self.failed.get_or_insert(JournalError::Failed(refusal.to_string()));
        }
    }

    fn commit(&mut self, close: Close) {
        if self.failed.is_none()
            && let Err(error) = self.ledger.commit(self.now_ms, close)
        {
            self.failed = Some(JournalError::Failed(error.to_string()));
        }
    }
}

impl Journal for InlineJournal {
    fn is_recorded(&self) -> bool {
        true
    }

    fn window(&mut self, window: &Window<'_>) -> Result<(), JournalError> {
        self.health()?;
        self.now_ms = self.started_ms + window.tick * (QUANTUM.0 / 1_000_000);
        let mut record = record::Window::default();
        self.run.write(window, &mut record);
        self.enter(Record::Window(record));
        self.commit(Close::IfDue);
        self.health()
    }

    fn payment(&mut self, payment: &Transfer, key: u64) -> Ticket {
        self.enter(Record::Payment(self.run.payment(payment, key)));
        self.commit(Close::IfDue);
        // One that was refused is never durable.
        Ticket(if self.failed.is_some() { u64::MAX } else { self.ledger.books().mark().sequence })
    }

    fn note(&mut self, tick: u64, change: &Change) {
        self.enter(Record::Note(self.run.note(tick, change)));
    }

    fn durable(&self) -> Ticket {
        Ticket(self.ledger.store().last_sequence())
    }

    fn health(&self) -> Result<(), JournalError> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    fn close(mut self: Box<Self>) -> Result<Option<Ledger>, JournalError> {
        self.commit(Close::AndSave);
        self.health()?;
        Ok(Some(self.ledger))
    }
}
