//! What the node tells its journal, and what it must not tell anybody before the journal has it.

use maxwell_core::bounty::Payment;
use maxwell_core::energy::Attribution;
use maxwell_core::ledger::Ledger;
use maxwell_core::limits::PAYMENTS_WAITING_MAX;
use maxwell_core::population::Population;
use maxwell_core::tick::{CellId, Provenance, Quote, Sensed, Transfer};
use maxwell_core::units::Ppm;
use maxwell_ledger::journal::{JournalError, Ticket};

use super::Node;
use crate::journal::{Unrecorded, Window};

/// A payment that was made and is not yet acknowledged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    ticket: Ticket,
    transfer: Transfer,
    payment: Payment,
}

/// Adds to every bill what attribution has learned, so that the lines of the window that is about to end have it.
pub(super) fn attribute(ledger: &mut Ledger, population: &Population, energy: &Attribution) {
    for member in population.members() {
        ledger.attribute(member.cell, energy.of_cell(member.cell));
    }
}

impl Node {
    /// Records the window that ended with this tick. A journal that fails here says so again before the next tick.
    pub(super) fn record_window(&mut self, quote: &Quote, sensed: &Sensed) {
        self.provenance = sensed.last().map_or(Provenance::Unknown, |reading| reading.energy.provenance);
        if quote.ends_window() {
            let _ = self.tell_window(quote.tick, quote.tariff);
        }
    }

    /// Records and tells whose standing the last judgement has changed.
    pub(super) fn tell_changes(&mut self, tick: u64) {
        let at = self.clock.now();
        for change in self.population.changes() {
            self.journal.note(tick, change);
            self.telemetry.standing(at, change.cell, change.standing);
        }
    }

    /// Whether one more payment may wait for its acknowledgement.
    pub(super) fn may_wait(&self) -> bool {
        self.waiting.len() < PAYMENTS_WAITING_MAX
    }

    /// Records income that was paid. It is acknowledged once it is durable.
    pub(super) fn record_income(&mut self, transfer: Transfer, payment: &Payment) {
        let ticket = self.journal.payment(&transfer, payment.key);
        self.waiting.push_back(Waiting { ticket, transfer, payment: *payment });
    }

    /// Records what was taken from a wallet or a stake because of a claim of this cell, and tells it. It need not be durable
    /// first: it is the host's to lose.
    pub(super) fn record_charge(&mut self, transfer: Transfer, cell: CellId, key: u64) {
        self.journal.payment(&transfer, key);
        self.telemetry.charged(&transfer, cell);
    }

    /// Acknowledges every payment that is durable by now.
    pub(super) fn acknowledge(&mut self) {
        let durable = self.journal.durable();
        while let Some(paid) = self.waiting.pop_front_if(|waiting| waiting.ticket <= durable) {
            self.telemetry.paid(&paid.transfer, &paid.payment);
        }
    }

    /// Records what was billed since the last window, when every bill is closed, and waits until all of it is durable. The last
    /// window is named by the tick that was not walked any more: its own tick may have ended the window before.
    ///
    /// # Errors
    /// Why not everything is durable. What waits to be acknowledged then is not.
    pub(super) fn close_journal(&mut self) -> Result<(), JournalError> {
        self.ledger.end_last_window();
        let told = self.tell_window(self.ticks_walked(), self.price.tariff());
        let journal = std::mem::replace(&mut self.journal, Box::new(Unrecorded));
        // It is closed in any case: what was handed over before it failed becomes durable.
        let closed = journal.close();
        self.recorded = told.and(closed).inspect_err(|_| self.waiting.clear())?;
        self.acknowledge();
        Ok(())
    }

    fn tell_window(&mut self, tick: u64, tariff: Ppm) -> Result<(), JournalError> {
        let (grid, lines) = (self.ledger.bought(), self.ledger.lines());
        self.journal.window(&Window { tick, tariff, provenance: self.provenance, grid, lines })
    }
}
