//! What cells ask for, and what becomes of their claims.

use maxwell_core::event::{Claim, Event, Request};
use maxwell_core::tick::CellId;
use maxwell_core::units::Microjoules;
use maxwell_hypervisor::cell::Reply;

use super::Node;
use crate::verifier::Job;

impl Node {
    pub(super) fn serve(&mut self, cell: CellId, request: Request) {
        // A request can arrive after its cell has ended.
        if self.population.get(cell).is_none() {
            return;
        }
        match request {
            Request::Order { limit, slots } => self.own_order(cell, limit, slots),
            Request::Lease => self.lease(cell),
            Request::Claim(claim) => self.claim(cell, claim),
            Request::Log(line) => self.telemetry.said(self.clock.now(), cell, &line),
        }
    }

    /// Changes a cell's standing order. What its wallet's owner has set as the most for a quantum bounds the limit.
    pub(super) fn order(&mut self, cell: CellId, limit: Microjoules, slots: u16) {
        let wallet = self.population.get(cell).map(|member| member.wallet);
        let max_bid = wallet.and_then(|wallet| self.ledger.accounts().max_bid(wallet));
        let limit = max_bid.map_or(limit, |most| limit.min(most));
        let change = self.population.order(cell, limit, slots);
        if let Some(verdict) = change {
            self.carry_out(verdict);
        }
    }

    fn lease(&mut self, cell: CellId) {
        let lease = self.bounty.as_mut().and_then(|bounty| bounty.lease(cell, &self.ledger));
        self.cells.reply(cell, lease.map_or(Reply::NoLease, Reply::Leased));
        if let Some(verdict) = self.population.answered(cell) {
            self.carry_out(verdict);
        }
    }

    fn claim(&mut self, cell: CellId, claim: Claim) {
        let taken = self.bounty.as_mut().and_then(|bounty| bounty.claim(cell, claim).ok());
        let Some(numbers) = taken else {
            self.telemetry.refused(cell, claim.range);
            return;
        };
        match self.verifier.submit(Job { cell, claim, numbers }) {
            Ok(Some(Event::Verified { cell, claim, holds })) => self.conclude(cell, claim, holds),
            Ok(_) => {}
            // The range goes back: the claim is not lost silently, and the work can be claimed under a new lease.
            Err(_) => self.conclude(cell, claim, false),
        }
    }

    /// Pays a claim that holds. When too many payments wait to be durable, the range goes back as if the claim had not come.
    pub(super) fn conclude(&mut self, cell: CellId, claim: Claim, holds: bool) {
        let pays = holds && self.may_wait();
        let (tick, Some(bounty)) = (self.tick_number(), &mut self.bounty) else { return };
        let Some(member) = self.population.get(cell) else { return };
        let payment = bounty.verified(tick, cell, member.wallet, claim, pays);
        match payment {
            Some(transfer) if self.ledger.pay(transfer).is_ok() => {
                self.record_payment(transfer, cell, claim.range, claim.count);
            }
            _ => self.telemetry.refused(cell, claim.range),
        }
    }
}
