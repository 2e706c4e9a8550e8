//! Who bids for a cell: the cell itself, or a policy that its operator gave it.
//!
//! A policy is asked once in each billing window, before the first auction of it, when the charges of the window before are
//! known; what it decides stands until the next. The cell may still make orders of its own, but those only bound the policy's:
//! the lower limit and the fewer slots hold. So an agent that has nothing to do stays away from the market, and none can
//! spend more than its operator's policy says.

use std::num::NonZeroU16;

use maxwell_core::auction::book::grid::Level;
use maxwell_core::bidding::{Bid, Decision, Policy, Rest, View};
use maxwell_core::limits::{CELLS_MAX, PRICE_MAX};
use maxwell_core::tick::{CellId, Quote};
use maxwell_core::units::{Microjoules, Moment};

use super::{Launch, Node};

/// Who makes a cell's orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bidding {
    /// The cell does. This is its first order, for all its slots, so that it can run at all: the most it pays for one quantum.
    Itself(Microjoules),
    /// A policy does, and the cell's own orders can only ask for less.
    Policy(Policy),
}

impl From<Microjoules> for Bidding {
    fn from(first: Microjoules) -> Self {
        Self::Itself(first)
    }
}

impl From<Policy> for Bidding {
    fn from(policy: Policy) -> Self {
        Self::Policy(policy)
    }
}

/// The policy of one cell, and what has come of it.
#[derive(Debug)]
struct Mandate {
    cell: CellId,
    policy: Policy,
    since: Moment,
    decided: Decision,
    own: Own,
}

/// The last order that a cell with a policy has made itself.
#[derive(Clone, Copy, Debug)]
struct Own {
    bid: Bid,
    last_tick: Option<u64>,
}

/// As if it had asked for everything: leaves a policy alone.
const NONE_YET: Own = Own { bid: Bid { limit: PRICE_MAX, slots: u16::MAX }, last_tick: None };

impl Mandate {
    /// The order that stands, no slots for none, and its last tick: as without a policy, a cell whose own order is over stays away until
    /// it makes another. Whose money buys nothing more is insolvent, whoever bids for it: it keeps an order, with which it is hungry.
    fn order(&self, base: Microjoules) -> (Bid, Option<u64>) {
        let Own { bid: bound, last_tick } = self.own;
        let bid = match self.decided {
            Decision::Order(bid) => {
                Bid { limit: bid.limit.min(bound.limit), slots: bid.slots.min(bound.slots) }
            }
            // Income within the window may cover it after all, so the bounds hold for it as well.
            Decision::Rest(Rest::Broke) if bound.slots > 0 => {
                Bid { limit: base.min(self.policy.cap().price()).min(bound.limit), slots: 1 }
            }
            Decision::Rest(_) => Bid { limit: Microjoules::ZERO, slots: 0 },
        };
        (bid, last_tick)
    }
}

/// Every policy of a live cell, in the order of their cells.
#[derive(Debug)]
pub(super) struct Policies {
    mandates: Vec<Mandate>,
    /// Clearing price of the last auction.
    pub(super) clearing: Microjoules,
}

impl Default for Policies {
    fn default() -> Self {
        Self { mandates: Vec::with_capacity(CELLS_MAX), clearing: Microjoules::ZERO }
    }
}

impl Policies {
    /// Forgets the policy of a cell that is over.
    pub(super) fn end(&mut self, cell: CellId) {
        self.mandates.retain(|mandate| mandate.cell != cell);
    }

    fn find(&mut self, cell: CellId) -> Option<&mut Mandate> {
        let place = self.mandates.binary_search_by_key(&cell, |mandate| mandate.cell).ok()?;
        Some(&mut self.mandates[place])
    }
}

impl Node {
    /// Makes the first order of a new cell.
    pub(super) fn begin_bidding(&mut self, cell: CellId, launch: Launch) {
        match launch.bid {
            Bidding::Itself(limit) => self.order(cell, Bid { limit, slots: launch.slots }, None),
            Bidding::Policy(policy) => {
                let (since, decided) = (self.clock.now(), Decision::Rest(Rest::TooDear));
                self.population.bids_by_policy(cell);
                self.policies.mandates.push(Mandate { cell, policy, since, decided, own: NONE_YET });
                let reserve = self.last_quote.map_or(self.price.base(), |quote| quote.reserve);
                self.bid_by_policy(self.policies.mandates.len() - 1, since, reserve);
            }
        }
    }

    /// Asks every policy what to bid in the window that begins.
    pub(super) fn bid_by_policies(&mut self, quote: &Quote) {
        for index in 0..self.policies.mandates.len() {
            self.bid_by_policy(index, quote.at, quote.reserve);
        }
    }

    /// A cell asks for a change of its order.
    pub(super) fn own_order(&mut self, cell: CellId, bid: Bid, last_tick: Option<u64>) {
        let base = self.price.base();
        let (bid, last_tick) = self.policies.find(cell).map_or((bid, last_tick), |mandate| {
            mandate.own = Own { bid, last_tick };
            mandate.order(base)
        });
        self.order(cell, bid, last_tick);
    }

    fn bid_by_policy(&mut self, index: usize, now: Moment, reserve: Microjoules) {
        let Mandate { cell, policy, since, .. } = self.policies.mandates[index];
        let Some(member) = self.population.get(cell) else { return };
        let (Some(totals), Some(slots)) = (self.ledger.totals(cell), NonZeroU16::new(member.slots)) else {
            return;
        };
        // A window that charged the cell nothing has no line of it.
        let lines = self.ledger.lines();
        let line = lines.binary_search_by_key(&cell, |line| line.cell).map(|place| lines[place]).ok();
        let base = self.price.base();
        // Limits are rounded down to the grid of prices, so a bid of exactly a reserve that is not on it would lie below it.
        let least = Level::at_least(reserve).map_or(reserve, Level::price);
        let view = View {
            elapsed: now.since(since),
            base,
            reserve: least,
            clearing: self.policies.clearing,
            free: self.ledger.free(member.wallet),
            max_bid: self.ledger.accounts().max_bid(member.wallet),
            spent: totals.quanta,
            upkeep: line.map_or(Microjoules::ZERO, |line| line.rent + line.tax),
            used: totals.used,
            slots,
        };
        let mandate = &mut self.policies.mandates[index];
        mandate.decided = policy.decide(&view);
        let (bid, last_tick) = mandate.order(base);
        self.order(cell, bid, last_tick);
    }
}
