//! Who runs, and what for.
//!
//! Each tick the best standing orders win the slots for sale. Only funded orders take part; each slot wanted is a unit
//! of its own. The dying are served before the auction, at the base price, on the lightest slots.

pub mod book;
pub mod config;
mod demand;
pub mod mechanism;
mod seats;

use std::collections::HashMap;

use crate::ledger::Ledger;
use crate::limits::{CELLS_MAX, SLOTS_MAX};
use crate::population::Population;
use crate::tick::{AccountId, Award, CellId, Clearing, Purse, Quote, SlotId, SlotSet};
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
    demand: Demand,
    sales: Vec<Sale>,
    clearing: Clearing,
}

impl Auction {
    /// An auction of `slots` slots that are all alike, over a book that is empty.
    pub fn new(slots: u16, book: Box<dyn OrderBook>, mechanism: Box<dyn Mechanism>) -> Self {
        Self::with_weights(&vec![Ppm::ONE; usize::from(slots)], book, mechanism)
    }

    /// An auction of a slot for each of these weights, over a book that is empty. What an operator chose is checked by
    /// [`MarketConfig`](config::MarketConfig), which makes one as well.
    pub fn with_weights(weights: &[Ppm], book: Box<dyn OrderBook>, mechanism: Box<dyn Mechanism>) -> Self {
        let room = weights.len();
        assert!(room > 0 && room <= usize::from(SLOTS_MAX), "slots from 1 to {SLOTS_MAX}, not {room}");
        assert!(weights.iter().all(|weight| *weight > Ppm(0)), "a slot of no weight cannot be sold");
        Self {
            book,
            orders: HashMap::with_capacity(CELLS_MAX),
            mechanism,
            seats: Seats::new(weights),
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
            self.award_to_dying(member.cell, member.wallet, quote.base);
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
        let Self { mechanism, seats, demand, sales, .. } = self;
        sales.clear();
        let (weights, units) = (seats.offer(slots), demand.units());
        let market = Market { tick: quote.tick, reserve: quote.reserve, weights, units };
        mechanism.clear(&market, sales);
        check_sales(&market, sales);
        for sale in sales {
            demand.note_sale(sale.unit);
        }
        for index in 0..self.sales.len() {
            let Sale { unit: number, slot, price } = self.sales[index];
            let (unit, weight) = (self.demand.units()[number], self.seats.offered(slot));
            let contested = self.demand.is_contested_by_others(unit.wallet);
            self.award(unit, weight, price, contested);
            let of_weight_one = weight.whole_of_rounded_up(price).min(unit.limit);
            self.clearing.price = self.clearing.price.max(of_weight_one);
            self.book.ran(self.demand.order(number)).expect("who was visited in this tick is in the book");
        }
    }

    /// Seats a winner.
    fn award(&mut self, unit: Unit, weight: Ppm, price: Microjoules, contested: bool) {
        let Unit { cell, wallet, .. } = unit;
        let slot: SlotId = self.seats.take(cell, weight);
        self.clearing.awards.push(Award { cell, wallet, slot, weight, price, purse: Purse::Free, contested });
    }

    /// Seats a cell in its grace on the lightest slot, so that the market has the heavier ones. It pays the base price for the
    /// weight of that slot.
    fn award_to_dying(&mut self, cell: CellId, wallet: AccountId, base: Microjoules) {
        let weight = self.seats.lightest();
        let slot: SlotId = self.seats.take(cell, weight);
        let (price, purse) = (weight.of_rounded_up(base), Purse::SetAside);
        self.clearing.awards.push(Award { cell, wallet, slot, weight, price, purse, contested: false });
    }
}

/// Stops the node if the mechanism sold a slot twice, too cheap or too dear. That no unit is sold twice is checked where
/// sales are noted.
fn check_sales(market: &Market<'_>, sales: &[Sale]) {
    let mut slots = SlotSet::default();
    for sale in sales {
        let (unit, weight) = (market.units[sale.unit], market.weights[sale.slot]);
        let (least, most) = (weight.of_rounded_up(market.reserve), weight.of_rounded_up(unit.limit));
        assert!(least <= sale.price && sale.price <= most, "{unit:?} must pay {least} to {most}: {sale:?}");
        slots.insert(SlotId(sale.slot as u16));
    }
    assert!(slots.count() as usize == sales.len(), "a slot is sold twice: {sales:?}");
}

#[cfg(test)]
mod tests;
