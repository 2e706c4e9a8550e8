//! A journal that a virtual clock cannot leave behind.

use maxwell_core::population::standing::Change;
use maxwell_core::tick::Transfer;
use maxwell_daemon::founding::FOUNDED_MS;
use maxwell_daemon::journal::{Journal, Recorded, Window};
use maxwell_ledger::journal::{JournalError, JournalPolicy, Ticket};
use maxwell_ledger::ledger::Ledger;

/// The journal of a real node, which after each window waits until it is durable: a virtual clock walks in a second what takes
/// minutes, and no disk has to keep up with that.
pub(crate) struct Paced {
    journal: Recorded,
    told: u64,
}

impl Paced {
    pub(crate) fn start(ledger: Ledger) -> Self {
        let clock = Box::new(|| FOUNDED_MS);
        let journal = Recorded::start(ledger, JournalPolicy::default(), clock).expect("a thread");
        Self { journal, told: 0 }
    }
}

impl Journal for Paced {
    fn is_recorded(&self) -> bool {
        self.journal.is_recorded()
    }

    fn window(&mut self, window: &Window<'_>) -> Result<(), JournalError> {
        self.told += 1;
        self.journal.window(window)?;
        while self.journal.durable() < Ticket(self.told) {
            self.journal.health()?;
            std::thread::yield_now();
        }
        Ok(())
    }

    fn payment(&mut self, payment: &Transfer, range: u64) -> Ticket {
        self.told += 1;
        self.journal.payment(payment, range)
    }

    fn note(&mut self, tick: u64, change: &Change) {
        self.told += 1;
        self.journal.note(tick, change);
    }

    fn durable(&self) -> Ticket {
        self.journal.durable()
    }

    fn health(&self) -> Result<(), JournalError> {
        self.journal.health()
    }

    fn close(self: Box<Self>) -> Result<Option<Ledger>, JournalError> {
        Box::new(self.journal).close()
    }
}
