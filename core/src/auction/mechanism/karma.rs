//! For comparison: credits instead of bids, so that nobody starves.

use std::cmp::Reverse;

use super::memory::Memory;
use super::turns::Turns;
use super::{Market, Mechanism, Sale};
use crate::units::Ppm;

/// The most that a cell saves or owes, in millionths of a quantum: a second of one slot. So the longest that a saver keeps others
/// waiting is bounded.
const CREDITS_MAX: i64 = 100 * Ppm::ONE.0 as i64;

/// Every cell that bids the reserve or more is served by its credits, the most first, and among equals the one that ran
/// longest ago; what it bids beyond the reserve orders only those that never ran. A quantum costs its weight in credits, and what is
/// paid is shared alike by all cells, those that ask for nothing just now included: who leaves its share to others has it
/// later. Winners pay the reserve.
///
/// After Vuppalapati, Fikioris, Agarwal, Cidon, Khandelwal, Tardos: Karma: resource allocation for dynamic demands. OSDI 2023. It is
/// their rule without a guaranteed part, with indivisible slots, and with credits that end at a bound, above and below; the published
/// proofs (nobody gains by lying about demand in the same quantum) are for fixed users with divisible demands and are not
/// claimed here. With n cells of one slot each, and k slots alike, everybody runs once in every n/k ticks, rounded up. Credits are
/// per cell: who runs more cells gets more, and value decides nothing.
///
/// A cell that was away for [`REMEMBERED_TICKS`](crate::limits::REMEMBERED_TICKS) is forgotten with its credits; until then it has its
/// share, asleep or ended, since the rule cannot tell the one from the other. A new one has none, which is the mean of all.
#[derive(Debug)]
pub struct Karma {
    accounts: Memory<Account>,
    turns: Turns<Account>,
    /// What was paid and could not be shared yet without a rest.
    rest: i64,
    /// Quanta that were sold.
    sold: u64,
}

/// What is remembered of a cell: the greatest is served first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Account {
    /// In millionths of a quantum.
    credits: i64,
    /// Which of all quanta it had last; zero before it had any.
    ran: Reverse<u64>,
}

impl Karma {
    /// One in which nobody has credits.
    pub fn new() -> Self {
        Self { accounts: Memory::new(), turns: Turns::new(), rest: 0, sold: 0 }
    }

    /// Shares what was paid among all that are remembered.
    fn share_out(&mut self) {
        let cells = self.accounts.len() as i64;
        if cells == 0 {
            return;
        }
        let share = self.rest / cells;
        self.rest %= cells;
        self.accounts.change_all(|account| account.credits = (account.credits + share).min(CREDITS_MAX));
    }
}

impl Default for Karma {
    fn default() -> Self {
        Self::new()
    }
}

impl Mechanism for Karma {
    fn name(&self) -> &'static str {
        "karma"
    }

    fn rivals(&self, _slots: usize) -> usize {
        usize::MAX
    }

    fn clear(&mut self, market: &Market<'_>, sales: &mut Vec<Sale>) {
        let newcomer = Account { credits: 0, ran: Reverse(0) };
        let Self { accounts, turns, .. } = self;
        turns.begin(market, |units| accounts.meet(units[0].cell, market.tick, newcomer));
        for (slot, weight) in market.weights.iter().enumerate() {
            let Some(claim) = self.turns.first() else { break };
            let cost = weight.0 as i64;
            self.rest += cost;
            self.sold += 1;
            let left = (claim.key.credits - cost).max(-CREDITS_MAX);
            let account = Account { credits: left, ran: Reverse(self.sold) };
            self.accounts.keep(claim.cell, account);
            self.turns.served(account);
            sales.push(Sale { unit: claim.unit(), slot, price: market.price_on(slot, market.reserve) });
        }
        self.share_out();
        self.accounts.forget(market.tick);
    }
}
