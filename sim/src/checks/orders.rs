//! The orders as they were sent to the node, in books of the simulator's own: what stands for each cell, until when, and what bounds
//! it.

use std::collections::BTreeMap;

use maxwell_core::auction::book::Order;
use maxwell_core::bidding::Policy;
use maxwell_core::limits::PRICE_MAX;
use maxwell_core::tick::{AccountId, CellId};
use maxwell_core::units::Microjoules;
use maxwell_daemon::node::{Bidding, Launch};
use maxwell_daemon::telemetry::TickReport;

use super::{Verdict, must};
use crate::actor::Ask;

/// Bits of a price that the grid of prices keeps.
const GRID_BITS: u32 = 11;

#[derive(Debug)]
struct Trader {
    wallet: AccountId,
    slots: u16,
    /// What its policy pays at most, if it has one.
    cap: Option<Microjoules>,
    /// Its own order, or its first one; of a cell with a policy the bound on what that may do.
    ask: Ask,
}

#[derive(Debug, Default)]
pub(super) struct Orders {
    traders: BTreeMap<CellId, Trader>,
    max_bids: BTreeMap<AccountId, Microjoules>,
}

impl Orders {
    pub(super) fn bound(&mut self, wallet: AccountId, most: Microjoules) {
        self.max_bids.insert(wallet, most);
    }

    pub(super) fn launched(&mut self, cell: CellId, launch: &Launch) {
        let Launch { wallet, slots, bid } = *launch;
        let (limit, cap) = match bid {
            Bidding::Itself(limit) => (limit, None),
            Bidding::Policy(policy) => (PRICE_MAX, Some(cap_of(policy))),
        };
        let ask = Ask { limit, slots, last_tick: None };
        self.traders.insert(cell, Trader { wallet, slots, cap, ask });
    }

    pub(super) fn asked(&mut self, cell: CellId, ask: Ask) {
        if let Some(trader) = self.traders.get_mut(&cell) {
            trader.ask = ask;
        }
    }

    pub(super) fn ended(&mut self, cell: CellId) {
        self.traders.remove(&cell);
    }

    /// The most that a wallet may spend in a tick.
    pub(super) fn max_bid(&self, wallet: AccountId) -> Option<Microjoules> {
        self.max_bids.get(&wallet).copied()
    }

    /// Whether a policy bids for the cell.
    pub(super) fn is_by_policy(&self, cell: CellId) -> bool {
        self.traders.get(&cell).is_some_and(|trader| trader.cap.is_some())
    }

    /// The order that stands in a tick. A policy may ask for less.
    pub(super) fn standing(&self, cell: CellId, tick: u64) -> Option<Order> {
        let Trader { wallet, slots, cap, ask } = self.traders.get(&cell)?;
        let bounds = [*cap, self.max_bid(*wallet), Some(PRICE_MAX)];
        let limit = on_grid(bounds.into_iter().flatten().fold(ask.limit, Microjoules::min));
        let order = Order {
            cell,
            wallet: *wallet,
            limit,
            slots: ask.slots.min(*slots).into(),
            last_tick: ask.last_tick,
        };
        let is_over = ask.last_tick.is_some_and(|last| last < tick);
        (limit > Microjoules::ZERO && order.slots > 0 && !is_over).then_some(order)
    }

    /// Every cell has the order that it was given and none that is over; what a policy makes is within its bounds.
    pub(super) fn tick(&self, report: &TickReport<'_>) -> Verdict {
        let next = report.quote.tick + 1;
        for member in report.population.members() {
            let (cell, found) = (member.cell, member.order);
            let expected = self.standing(cell, next);
            if !self.is_by_policy(cell) {
                must!(found == expected, "{cell:?} was sent {expected:?} and has {found:?}");
                continue;
            }
            let Some(order) = found else { continue };
            let most =
                expected.ok_or_else(|| format!("{cell:?} has {order:?}, and all it asked for is over"))?;
            let is_within = order.limit <= most.limit && order.slots <= most.slots;
            must!(
                is_within && order.last_tick == most.last_tick,
                "{cell:?} has {order:?}, and its policy may make at most {most:?}"
            );
        }
        Ok(())
    }
}

/// The most that a policy pays.
const fn cap_of(policy: Policy) -> Microjoules {
    match policy {
        Policy::Fixed(cap)
        | Policy::Track { cap, .. }
        | Policy::Budget { cap, .. }
        | Policy::Deadline { cap, .. } => cap.price(),
    }
}

/// A limit as the book keeps it: its highest bits.
const fn on_grid(limit: Microjoules) -> Microjoules {
    let bits = i64::BITS - limit.0.leading_zeros();
    let dropped = bits.saturating_sub(GRID_BITS);
    Microjoules(limit.0 >> dropped << dropped)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELL: CellId = CellId(3);
    const WALLET: AccountId = AccountId(9);

    fn launched(bid: Bidding) -> Orders {
        let mut orders = Orders::default();
        orders.launched(CELL, &Launch { wallet: WALLET, slots: 2, bid });
        orders
    }

    fn ask(limit: i64, slots: u16, last_tick: Option<u64>) -> Ask {
        Ask { limit: Microjoules(limit), slots, last_tick }
    }

    fn stands(orders: &Orders, tick: u64) -> Option<(i64, u32)> {
        orders.standing(CELL, tick).map(|order| (order.limit.0, order.slots))
    }

    #[test]
    fn an_order_stands_to_its_last_tick_and_not_in_the_next() {
        let mut orders = launched(Bidding::Itself(Microjoules(2_000)));
        assert_eq!(stands(&orders, 1_000_000), Some((2_000, 2)));
        orders.asked(CELL, ask(1_000, 7, Some(40)));
        assert_eq!((stands(&orders, 40), stands(&orders, 41)), (Some((1_000, 2)), None));
        orders.asked(CELL, ask(0, 1, None));
        assert_eq!(stands(&orders, 40), None);
    }

    #[test]
    fn the_bound_of_the_wallet_the_cap_of_the_policy_and_the_grid_hold() {
        let cap = "fixed:600000uJ".parse().expect("a policy");
        let mut orders = launched(Bidding::Policy(cap));
        assert_eq!(stands(&orders, 0), Some((599_552, 2)), "eleven bits of it");
        orders.asked(CELL, ask(700_000, 1, None));
        assert_eq!(stands(&orders, 0), Some((599_552, 1)));
        orders.bound(WALLET, Microjoules(3_001));
        assert_eq!(stands(&orders, 0), Some((3_000, 1)));
    }
}
