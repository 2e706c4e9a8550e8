//! What cells ask for, and what becomes of their claims.

use maxwell_core::bidding::Bid;
use maxwell_core::bounty::claim::{Answer, Claim, Which};
use maxwell_core::bounty::{Claimant, Conclusion};
use maxwell_core::event::{Event, Request};
use maxwell_core::tick::{AccountId, CellId, Kind, Transfer};
use maxwell_hypervisor::cell::Reply;

use super::Node;
use crate::verifier::Job;

impl Node {
    pub(super) fn serve(&mut self, cell: CellId, request: Request) {
        // A request can arrive after its cell has ended.
        let Some(member) = self.population.get(cell) else { return };
        let wallet = member.wallet;
        match request {
            Request::Order { limit, slots, last_tick } => {
                self.own_order(cell, Bid { limit, slots }, last_tick);
            }
            Request::Lease(which) => self.lease(cell, wallet, which),
            Request::Claim { which, key, answer } => self.claim(cell, wallet, which, key, answer),
            Request::Log(line) => self.telemetry.said(self.clock.now(), cell, &line),
        }
    }

    /// Changes a cell's standing order, which is over after `last_tick` if one is named. What its wallet's owner has set as the most
    /// for a tick bounds the limit.
    pub(super) fn order(&mut self, cell: CellId, bid: Bid, last_tick: Option<u64>) {
        let wallet = self.population.get(cell).map(|member| member.wallet);
        let max_bid = wallet.and_then(|wallet| self.ledger.accounts().max_bid(wallet));
        let limit = max_bid.map_or(bid.limit, |most| bid.limit.min(most));
        let change = self.population.order_until(cell, limit, bid.slots, last_tick);
        if let Some(verdict) = change {
            self.carry_out(verdict);
        }
    }

    fn lease(&mut self, cell: CellId, wallet: AccountId, which: Which) {
        let key = self.bounties.lease(cell, wallet, which, &self.ledger);
        self.cells.reply(cell, Reply::lease(which, key));
        if let Some(verdict) = self.population.answered(cell) {
            self.carry_out(verdict);
        }
    }

    /// Takes a claim on a key that the cell leases: it is looked at, or accepted on a stake, and its fee is held either way. A
    /// fee that depended on which it is would tell. Whatever a claim comes to, its lease is over, because the cell does not
    /// wait to hear of it.
    fn claim(&mut self, cell: CellId, wallet: AccountId, which: Which, key: u64, answer: Answer) {
        let Ok(claim) = self.bounties.claim(cell, which, key, answer) else {
            self.telemetry.refused(cell, key);
            return;
        };
        let fee = self.fee_of(&claim);
        if self.ledger.free(wallet) < fee {
            return self.refuse(cell, &claim);
        }
        let staked = self.vouched(wallet, &claim);
        let outcome = if staked && !self.config.audit.picks(claim.bounty, key) {
            self.telemetry.trusted(cell, key);
            Some(Event::Verified { cell, claim, holds: true })
        } else {
            match self.verifier.submit(Job { cell, claim, check: self.check_of(&claim) }) {
                Ok(outcome) => outcome,
                Err(_) => return self.refuse(cell, &claim),
            }
        };
        self.bounties.take(&claim, Claimant { cell, wallet, staked, fee });
        self.ledger.prepay(wallet, fee).expect("the wallet was just seen to cover the fee");
        if let Some(Event::Verified { cell, claim, holds }) = outcome {
            self.conclude(cell, &claim, holds);
        }
    }

    /// A claim that is not taken: nothing was charged, and the key goes back.
    fn refuse(&mut self, cell: CellId, claim: &Claim) {
        self.bounties.refuse(claim, cell);
        self.telemetry.refused(cell, claim.key);
    }

    /// Ends a claim: its fee is the host's, and its payment is held from now on, or its key goes back. A false one that a stake
    /// vouched for costs the stake and everything that is held for its wallet.
    pub(super) fn conclude(&mut self, cell: CellId, claim: &Claim, holds: bool) {
        match self.bounties.conclude(self.tick_number(), cell, claim, holds) {
            Conclusion::Unknown => {}
            Conclusion::Accepted(by) => self.collect(&by, claim.key),
            Conclusion::False(by) => {
                self.collect(&by, claim.key);
                self.telemetry.refused(cell, claim.key);
                if by.staked {
                    self.forfeit(&by, claim);
                }
            }
        }
    }

    fn collect(&mut self, by: &Claimant, key: u64) {
        let (tick, to) = (self.tick_number(), self.ledger.treasury());
        let fee = Transfer { tick, kind: Kind::Verification, from: by.wallet, to, amount: by.fee };
        self.ledger.collect(fee);
        self.record_charge(fee, by.cell, key);
    }
}
