//! Carries out what the population has decided.

use maxwell_api::abi;
use maxwell_core::population::Verdict;
use maxwell_core::population::lifecycle::Reason;
use maxwell_core::tick::CellId;
use maxwell_hypervisor::cell::Notice;

use super::Node;
use crate::telemetry::Obituary;

impl Node {
    pub(super) fn carry_out_verdicts(&mut self) {
        for index in 0..self.verdicts.len() {
            self.carry_out(self.verdicts[index]);
        }
    }

    pub(super) fn carry_out(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Enter(order) => self.auction.enter(order),
            Verdict::Leave(cell) => self.auction.leave(cell),
            Verdict::Notify(cell, reason) => self.notify(cell, reason),
            Verdict::Kill(cell) => self.cells.kill(cell),
            Verdict::Bury(cell, reason) => self.bury(cell, reason),
        }
    }

    fn notify(&mut self, cell: CellId, reason: Reason) {
        let notice = Notice { reason: code(reason), left: self.config.life.grace_wall };
        self.cells.notify(cell, notice);
        self.telemetry.notified(self.clock.now(), cell, reason);
    }

    /// Settles what the cell owes, frees its leases, and tells of its end with the whole bill.
    fn bury(&mut self, cell: CellId, reason: Reason) {
        self.auction.leave(cell);
        self.policies.end(cell);
        self.bounties.release(cell);
        let energy = self.energy.bury(cell);
        self.ledger.attribute(cell, energy);
        let bill = self.ledger.close_bill(self.last_quote.as_ref(), cell);
        let last_words = self.cells.remove(cell);
        let at = self.clock.now();
        self.telemetry.ended(Obituary { cell, at, reason, bill, energy, last_words });
    }
}

/// The reason as the agent's interface spells it.
const fn code(reason: Reason) -> u8 {
    match reason {
        Reason::Insolvent => abi::REASON_INSOLVENT,
        Reason::Debt => abi::REASON_DEBT,
        Reason::Operator | Reason::Limit | Reason::Crashed | Reason::Finished => abi::REASON_OPERATOR,
    }
}
