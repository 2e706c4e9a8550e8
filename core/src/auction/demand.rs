//! Which orders come to the market of one tick, and how many units of each.

use std::ops::ControlFlow;

use super::Unit;
use super::book::{Order, OrderBook, OrderId};
use crate::ledger::Ledger;
use crate::limits::ACCOUNTS_MAX;
use crate::tick::AccountId;
use crate::units::Microjoules;

/// What one wallet has in the market of one tick.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    /// Which market the rest is about; an older one is as good as none, so nothing has to be cleared between two ticks.
    market: u64,
    /// Limits of its units that can win.
    committed: Microjoules,
    units: usize,
    losing: usize,
    sold: usize,
}

/// The units of one tick, winners of a market of identical slots first, and what each wallet has among them. All room is kept from
/// tick to tick.
#[derive(Debug)]
pub(super) struct Demand {
    units: Vec<Unit>,
    /// Of each unit, the order that it comes from.
    orders: Vec<OrderId>,
    /// Of each unit, whether it is sold.
    is_sold: Vec<bool>,
    /// By number of account.
    tallies: Vec<Tally>,
    market: u64,
    sold: usize,
}

/// What is looked for in the book.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search {
    /// Slots for sale.
    pub(super) slots: usize,
    /// Orders below it stay away.
    pub(super) reserve: Microjoules,
    /// Losing units of other wallets than any one winner's that the rule of price has to see; all for [`usize::MAX`].
    pub(super) rivals: usize,
}

impl Demand {
    /// No units, with room for those of so many slots.
    pub(super) fn new(slots: usize) -> Self {
        // The winners and, for a rule that looks for as many rivals as slots, at most twice as many losers. For one that looks at
        // the whole book there will soon be as much room as its largest market needs.
        let room = 3 * slots + 2;
        Self {
            units: Vec::with_capacity(room),
            orders: Vec::with_capacity(room),
            is_sold: Vec::with_capacity(room),
            tallies: Vec::with_capacity(ACCOUNTS_MAX),
            market: 0,
            sold: 0,
        }
    }

    /// The units, best first.
    pub(super) fn units(&self) -> &[Unit] {
        &self.units
    }

    /// The order that a unit comes from.
    pub(super) fn order(&self, unit: usize) -> OrderId {
        self.orders[unit]
    }

    /// Notes that a unit is sold.
    ///
    /// # Panics
    /// If it was sold before: the node stops rather than charge for it twice.
    pub(super) fn note_sale(&mut self, unit: usize) {
        assert!(!std::mem::replace(&mut self.is_sold[unit], true), "a unit is sold twice: {unit}");
        let wallet = self.units[unit].wallet;
        self.tally(wallet).sold += 1;
        self.sold += 1;
    }

    /// Whether a unit of another wallet was not sold, once all sales are noted.
    pub(super) fn is_contested_by_others(&mut self, wallet: AccountId) -> bool {
        let Tally { units, sold, .. } = *self.tally(wallet);
        self.units.len() - units > self.sold - sold
    }

    /// Fills in what comes to market: the winners and, after them, the losers that a price can depend on.
    ///
    /// An order comes if its wallet's free balance covers it whole, beside what the wallet wins already: the same money pays once.
    /// Of its units only those come that its wallet's bound for a tick leaves room for. No order brings more units than are for
    /// sale, and no wallet more losers than rivals are looked for: what is beyond can neither win nor set a price.
    pub(super) fn collect(&mut self, book: &mut dyn OrderBook, ledger: &Ledger, search: Search) {
        self.units.clear();
        self.orders.clear();
        self.is_sold.clear();
        self.sold = 0;
        self.market += 1;
        self.tallies.resize(ledger.accounts().len().max(self.tallies.len()), Tally::default());
        if search.slots == 0 {
            return;
        }
        let mut losers = Losers::default();
        book.best_first(search.reserve, &mut |id, order| {
            let mut left = self.admitted(order, ledger, search.slots);
            while left > 0 && self.push(id, order, search, &mut losers) {
                left -= 1;
            }
            if losers.suffice(search.rivals) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }

    /// How many units of an order come to market.
    fn admitted(&mut self, order: &Order, ledger: &Ledger, slots: usize) -> usize {
        let committed = self.tally(order.wallet).committed;
        let whole = Microjoules(order.limit.0.saturating_mul(i64::from(order.slots)));
        if ledger.free(order.wallet) - committed < whole {
            return 0;
        }
        let wanted = (order.slots as usize).min(slots);
        match ledger.accounts().max_bid(order.wallet) {
            Some(most) => wanted.min(((most - committed).0.max(0) / order.limit.0) as usize),
            None => wanted,
        }
    }

    /// Brings a unit to market; whether there is a use for another one of the same order.
    fn push(&mut self, id: OrderId, order: &Order, search: Search, losers: &mut Losers) -> bool {
        let Search { slots, rivals, .. } = search;
        let wins = self.units.len() < slots;
        let tally = self.tally(order.wallet);
        // A rule that looks at the whole book may let any unit of it win.
        if wins || rivals == usize::MAX {
            tally.committed += order.limit;
        }
        if !wins {
            if tally.losing >= rivals.max(1) || losers.suffice(rivals) {
                return false;
            }
            tally.losing += 1;
            losers.all += 1;
            losers.most = losers.most.max(tally.losing);
        }
        tally.units += 1;
        self.units.push(Unit { cell: order.cell, wallet: order.wallet, limit: order.limit });
        self.orders.push(id);
        self.is_sold.push(false);
        true
    }

    fn tally(&mut self, wallet: AccountId) -> &mut Tally {
        let market = self.market;
        let tally = &mut self.tallies[wallet.0 as usize];
        if tally.market != market {
            *tally = Tally { market, ..Tally::default() };
        }
        tally
    }
}

/// Losing units: all, and those of the wallet that has most of them.
#[derive(Clone, Copy, Debug, Default)]
struct Losers {
    all: usize,
    most: usize,
}

impl Losers {
    /// Whether every wallet sees so many of others; at least one, which tells whether a slot is contested.
    const fn suffice(self, rivals: usize) -> bool {
        let wanted = if rivals == 0 { 1 } else { rivals };
        self.all - self.most >= wanted
    }
}
