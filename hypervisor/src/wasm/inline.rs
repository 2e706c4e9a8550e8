//! A cell in the deterministic mode: a grant runs the program on the caller's thread for one quantum of fuel.

use std::fmt;
use std::sync::Arc;

use maxwell_core::tick::Usage;
use maxwell_core::units::{Microjoules, Nanoseconds};

use super::panel::Panel;
use super::run::{Body, Polled, poll};
use crate::cell::{Cell, Notice, Permit, Reply};
use crate::offers::Offers;

/// A cell on a virtual clock.
pub(super) struct InlineCell {
    panel: Arc<Panel>,
    body: Option<Body>,
    fuel_per_quantum: u64,
    /// Fuel told so far, in all.
    told: u64,
    granted: Nanoseconds,
    used: Nanoseconds,
    cycles: u64,
}

impl InlineCell {
    /// A cell that has not run yet. A grant is worth `fuel_per_quantum`.
    pub(super) fn new(panel: Arc<Panel>, body: Body, fuel_per_quantum: u64) -> Self {
        Self {
            panel,
            body: Some(body),
            fuel_per_quantum,
            told: 0,
            granted: Nanoseconds::ZERO,
            used: Nanoseconds::ZERO,
            cycles: 0,
        }
    }

    /// Fuel of the quantum that a poll was. At a yield it is the quantum's whole fuel; a program that stopped has been
    /// read exactly, and the few instructions by which it ran over at earlier yields are made good.
    fn fuel_of(&self, polled: Polled) -> u64 {
        match polled {
            Polled::Yielded => self.fuel_per_quantum,
            Polled::Waits | Polled::Over => self.panel.fuel().saturating_sub(self.told),
        }
    }
}

impl Cell for InlineCell {
    fn grant(&mut self, permit: &Permit) {
        let quantum = permit.until.since(permit.from);
        self.panel.open(permit);
        self.granted += quantum;
        if self.body.is_none() {
            return;
        }
        let polled = poll(&mut self.body, &self.panel);
        let fuel = self.fuel_of(polled);
        self.told += fuel;
        self.cycles += fuel;
        self.used += Nanoseconds(Microjoules(quantum.0 as i64).share(fuel, self.fuel_per_quantum).0 as u64);
    }

    fn revoke(&mut self) {
        self.panel.close();
    }

    fn usage(&mut self) -> Option<Usage> {
        Some(Usage {
            cell: self.panel.id,
            granted: std::mem::take(&mut self.granted),
            used: std::mem::take(&mut self.used),
            stolen: Nanoseconds::ZERO,
            resold: Nanoseconds::ZERO,
            cycles: std::mem::take(&mut self.cycles),
            freed: self.panel.take_freed(),
            memory: self.panel.memory(),
            exit: self.panel.take_exit(),
            wait: self.panel.waits_for(),
        })
    }

    fn show_offers(&mut self, offers: &Offers) {
        self.panel.board.show_offers(offers);
    }

    fn reply(&mut self, reply: Reply) {
        self.panel.leases.answer(reply);
    }

    fn notify(&mut self, notice: Notice) {
        self.panel.announce(notice);
    }

    fn kill(&mut self) {
        self.body = None;
        self.panel.set_wait(None);
        self.panel.set_memory(0);
    }

    fn last_words(&self) -> String {
        self.panel.output().last_words()
    }
}

impl fmt::Debug for InlineCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InlineCell").field("cell", &self.panel.id).finish_non_exhaustive()
    }
}
