//! Who runs, and what for.
//!
//! Each tick the best standing orders win the slots for sale. Only funded orders take part; each slot wanted is a unit
//! of its own. The dying are served before the auction, at the base price.

pub mod book;
mod demand;
pub mod mechanism;
mod seats;

use std::collections::HashMap;

use crate::ledger::Ledger;
use crate::limits::{CELLS_MAX, SLOTS_MAX};
use crate::population::Population;
use crate::tick::{AccountId, Award, CellId, Clearing, Purse, Quote, SlotId};
use crate::units::{Microjoules, Ppm};
use book::{Order, OrderBook, OrderId};
use demand::{Demand, Search};
use mechanism::{Market, Mechanism, Sale};
use seats::Seats;

/// One slot wanted by a funded order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Who wants it.
    pub cell: CellId,
    /// Who pays.
    pub wallet: AccountId,
    /// The most it pays.
    pub limit: Microjoules,
}

/// The auction: the book, the rule of price, and where everybody sat last.
pub struct Auction {
    book: Box<dyn OrderBook>,
    /// The order of each cell that has one in the book. It may be over there before the cell leaves.
    orders: HashMap<CellId, OrderId>,
    mechanism: Box<dyn Mechanism>,
    seats: Seats,
    /// Of every slot, heaviest first.
    weights: Vec<Ppm>,
    demand: Demand,
    sales: Vec<Sale>,
    clearing: Clearing,
}

impl Auction {
    /// An auction of `slots` slots with an empty book.
    pub fn new(slots: u16, book: Box<dyn OrderBook>, mechanism: Box<dyn Mechanism>) -> Self {
        assert!(slots > 0 && slots <= SLOTS_MAX, "slots from 1 to {SLOTS_MAX}, not {slots}");
        let room = usize::from(slots);
        Self {
            book,
            orders: HashMap::with_capacity(CELLS_MAX),
            mechanism,
            seats: Seats::new(slots),
            weights: vec![Ppm::ONE; room],
            demand: Demand::new(room),
            sales: Vec::with_capacity(room),
            clearing: Clearing { awards: Vec::with_capacity(room), ..Clearing::default() },
        }
    }

    /// Puts a cell's order into the book, in place of one it had there. What the population lets in fits: no book holds fewer orders
    /// than cells may live, and none that is over or lasts too long is let in.
    pub fn enter(&mut self, order: Order) {
        let had = self.orders.get(&order.cell);
        let changed = had.is_some_and(|id| self.book.change(*id, order).is_ok());
        if !changed {
            let id = self.book.enter(order).expect("what the population lets in fits into the book");
            self.orders.insert(order.cell, id);
        }
    }

    /// Takes a cell's order out of the book, if it is there.
    pub fn leave(&mut self, cell: CellId) {
        if let Some(id) = self.orders.remove(&cell) {
            // An order that is over may be gone already, and then its name is stale.
            let _ = self.book.cancel(id);
        }
    }

    /// Orders in the book.
    pub fn depth(&self) -> usize {
        self.book.len()
    }

    /// Sells the slots of the quote.
    pub fn clear(&mut self, quote: &Quote, population: &Population, ledger: &Ledger) -> &Clearing {
        self.clearing.tick = quote.tick;
        self.clearing.price = quote.reserve;
        self.clearing.awards.clear();
        // A late cell still heats the die: what it sits on is part of what the physics allows.
        let late = self.seats.begin(population.late_slots());
        let for_sale = usize::from(quote.slots).saturating_sub(late);

        let dying = population.dying().take(for_sale);
        for member in dying {
            self.award(member.cell, member.wallet, quote.base, Purse::SetAside, false);
        }
        let left = for_sale - self.clearing.awards.len();
        self.book.begin(quote.tick);
        let rivals = self.mechanism.rivals(left);
        let search = Search { slots: left, reserve: quote.reserve, rivals };
        self.demand.collect(&mut *self.book, ledger, search);
        self.sell(left, quote);
        assert!(self.clearing.awards.len() <= usize::from(quote.slots), "sold more than the physics allows");
        &self.clearing
    }

    /// Lets the mechanism sell `slots` slots to the units, and writes what it says into the clearing.
    fn sell(&mut self, slots: usize, quote: &Quote) {
        let Self { mechanism, sales, weights, demand, .. } = self;
        let units = demand.units();
        let market = Market { tick: quote.tick, reserve: quote.reserve, weights: &weights[..slots], units };
        sales.clear();
        mechanism.clear(&market, sales);
        for sale in sales {
            demand.note_sale(sale.unit);
        }
        for index in 0..self.sales.len() {
            let Sale { unit: number, price, .. } = self.sales[index];
            let unit = self.demand.units()[number];
            assert!(price >= quote.reserve && price <= unit.limit, "{unit:?} must not pay {price}");
            let contested = self.demand.is_contested_by_others(unit.wallet);
            self.award(unit.cell, unit.wallet, price, Purse::Free, contested);
            self.clearing.price = self.clearing.price.max(price);
            self.book.ran(self.demand.order(number)).expect("who was visited in this tick is in the book");
        }
    }

    fn award(&mut self, cell: CellId, wallet: AccountId, price: Microjoules, purse: Purse, contested: bool) {
        let slot: SlotId = self.seats.take(cell);
        self.clearing.awards.push(Award { cell, wallet, slot, price, purse, contested });
    }
}

#[cfg(test)]
mod tests;
