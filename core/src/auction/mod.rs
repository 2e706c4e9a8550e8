//! Who runs, and what for.
//!
//! Each tick the best standing orders win the slots for sale. Only funded orders take part; each slot wanted is a unit
//! of its own. The dying are served before the auction, at the base price.

pub mod book;
pub mod mechanism;
mod seats;

use std::ops::ControlFlow;

use crate::ledger::Ledger;
use crate::limits::SLOTS_MAX;
use crate::population::Population;
use crate::tick::{AccountId, Award, CellId, Clearing, Purse, Quote, SlotId};
use crate::units::{Microjoules, Ppm};
use book::{Order, OrderBook};
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
    mechanism: Box<dyn Mechanism>,
    seats: Seats,
    /// Of every slot, heaviest first.
    weights: Vec<Ppm>,
    units: Vec<Unit>,
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
            mechanism,
            seats: Seats::new(slots),
            weights: vec![Ppm::ONE; room],
            units: Vec::with_capacity(room + 2),
            sales: Vec::with_capacity(room),
            clearing: Clearing { awards: Vec::with_capacity(room), ..Clearing::default() },
        }
    }

    /// Puts a cell's order into the book, in place of one it had there.
    pub fn enter(&mut self, order: Order) {
        self.book.place(order);
    }

    /// Takes a cell's order out of the book, if it is there.
    pub fn leave(&mut self, cell: CellId) {
        self.book.cancel(cell);
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
        self.collect_units(left, quote.reserve, ledger);
        self.sell(left, quote);
        assert!(self.clearing.awards.len() <= usize::from(quote.slots), "sold more than the physics allows");
        &self.clearing
    }

    /// Lets the mechanism sell `slots` slots to the units, and writes what it says into the clearing.
    fn sell(&mut self, slots: usize, quote: &Quote) {
        let Self { mechanism, sales, weights, units, .. } = self;
        let market = Market { tick: quote.tick, reserve: quote.reserve, weights: &weights[..slots], units };
        sales.clear();
        mechanism.clear(&market, sales);
        let won = sales.len();
        for index in 0..won {
            let Sale { unit, price, .. } = self.sales[index];
            let unit = self.units[unit];
            assert!(price >= quote.reserve && price <= unit.limit, "{unit:?} must not pay {price}");
            let contested = self.units[won..].iter().any(|loser| loser.wallet != unit.wallet);
            self.award(unit.cell, unit.wallet, price, Purse::Free, contested);
            self.clearing.price = self.clearing.price.max(price);
            self.book.ran(unit.cell);
        }
    }

    /// Fills `units` with the winners and, after them, the losers that a price can depend on.
    fn collect_units(&mut self, slots: usize, reserve: Microjoules, ledger: &Ledger) {
        self.units.clear();
        let units = &mut self.units;
        self.book.best_first(&mut |order| {
            if order.limit < reserve {
                return ControlFlow::Break(());
            }
            // The same money pays once: what a wallet has won already in this walk is not free for its next order.
            let won = units.iter().take(slots).filter(|unit| unit.wallet == order.wallet);
            let spent: Microjoules = won.map(|unit| unit.limit).sum();
            if ledger.free(order.wallet) - spent < order.limit.times(u64::from(order.slots)) {
                return ControlFlow::Continue(());
            }
            let unit = Unit { cell: order.cell, wallet: order.wallet, limit: order.limit };
            for _ in 0..order.slots {
                if units.len() <= slots {
                    units.push(unit);
                } else if units[slots].wallet == unit.wallet {
                    break;
                } else {
                    units.push(unit);
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        });
    }

    fn award(&mut self, cell: CellId, wallet: AccountId, price: Microjoules, purse: Purse, contested: bool) {
        let slot: SlotId = self.seats.take(cell);
        self.clearing.awards.push(Award { cell, wallet, slot, price, purse, contested });
    }
}

#[cfg(test)]
mod tests;
