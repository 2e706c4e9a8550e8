//! Who runs, and what for.
//!
//! Each tick the best standing orders win the slots for sale. Only funded orders take part; each slot wanted is a unit
//! of its own. The dying are served before the auction, at the base price, on the lightest slots.

pub mod book;
pub mod config;
pub mod mechanism;
mod seats;

use std::ops::ControlFlow;

use crate::ledger::Ledger;
use crate::limits::SLOTS_MAX;
use crate::population::Population;
use crate::tick::{AccountId, Award, CellId, Clearing, Purse, Quote, SlotId, SlotSet};
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
    units: Vec<Unit>,
    sales: Vec<Sale>,
    /// Which units were sold, in ascending order.
    sold: Vec<usize>,
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
            mechanism,
            seats: Seats::new(weights),
            units: Vec::with_capacity(room + 2),
            sales: Vec::with_capacity(room),
            sold: Vec::with_capacity(room),
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
            self.award_to_dying(member.cell, member.wallet, quote.base);
        }
        let left = for_sale - self.clearing.awards.len();
        self.collect_units(left, quote.reserve, ledger);
        self.sell(left, quote);
        assert!(self.clearing.awards.len() <= usize::from(quote.slots), "sold more than the physics allows");
        &self.clearing
    }

    /// Lets the mechanism sell `slots` slots to the units, and writes what it says into the clearing.
    fn sell(&mut self, slots: usize, quote: &Quote) {
        let Self { mechanism, seats, units, sales, .. } = self;
        sales.clear();
        let market = Market { tick: quote.tick, reserve: quote.reserve, weights: seats.offer(slots), units };
        mechanism.clear(&market, sales);
        check_sales(&market, sales);
        let waiting = self.who_waits();
        for index in 0..self.sales.len() {
            let Sale { unit, slot, price } = self.sales[index];
            let (unit, weight) = (self.units[unit], self.seats.offered(slot));
            let contested = waiting.into_iter().flatten().any(|wallet| wallet != unit.wallet);
            self.award(unit, weight, price, contested);
            let of_weight_one = weight.whole_of_rounded_up(price).min(unit.limit);
            self.clearing.price = self.clearing.price.max(of_weight_one);
            self.book.ran(unit.cell);
        }
    }

    /// Two different wallets of units that were left without a slot, as far as there are: enough to tell of any winner
    /// whether somebody else waits.
    fn who_waits(&mut self) -> [Option<AccountId>; 2] {
        let Self { units, sales, sold, .. } = self;
        sold.clear();
        sold.extend(sales.iter().map(|sale| sale.unit));
        sold.sort_unstable();
        assert!(sold.windows(2).all(|pair| pair[0] < pair[1]), "a unit is sold twice: {sales:?}");
        let mut sold = sold.iter().peekable();
        let mut losers = (0..units.len())
            .filter(|index| sold.next_if_eq(&index).is_none())
            .map(|index| units[index].wallet);
        let one = losers.next();
        [one, losers.find(|wallet| Some(*wallet) != one)]
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

/// Stops the node if the mechanism sold a slot twice, too cheap or too dear. That no unit is sold twice is checked where they
/// are put in order.
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
