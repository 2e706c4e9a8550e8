//! For comparison: time in proportion to bids, as in Tycoon.

use std::cmp::Reverse;

use super::memory::Memory;
use super::turns::Turns;
use super::{Market, Mechanism, Sale};
use crate::auction::Unit;
use crate::units::{Microjoules, Ppm};

/// Part of a quantum that one ticket pays for, in units so small that the division costs no share: 1,024 units at the highest price
/// are 10^15 tickets, for which a quantum is still 10^10 of them. At one ticket the counter lasts for 10^13 quanta.
const TICKET: u128 = 1 << 64;

/// Quanta that a cell is owed at most. With one, cells whose share is nearly a whole slot lose what they cannot catch up
/// with; ten, a billing window, lose nothing.
const OWED_MAX: u128 = 10;

/// Every cell gets slots in proportion to the sum of the limits of its units, its tickets; but no more than it has units.
///
/// Tycoon sells shares of a machine in proportion to bids (Lai, Rasmusson, Adar, Zhang, Huberman: Tycoon: an implementation of a
/// distributed, market-based resource allocation system. Multiagent and Grid Systems 1, 2005). Whole quanta of whole slots are
/// shared by stride scheduling (Waldspurger and Weihl: Stride scheduling. MIT LCS TM-528, 1995): each cell has a pass,
/// which a quantum moves on by its weight over the cell's tickets, and the smallest pass is served next, on the heaviest slot that
/// is left. A newcomer begins one quantum behind whoever was served last, and nobody is owed more than ten quanta, whether it could
/// not be served, asked for less than its share, or for nothing: so coming and going gains no more than that, once.
///
/// Tycoon's price is the sum of all bids over the capacity. Here winners pay that per unit of weight, but at least the reserve and at
/// most their own limit, which with much demand is what they pay. Nothing is proved of it: who bids more gets more time *and*
/// pays more for all of it.
#[derive(Debug)]
pub struct ProportionalShare {
    passes: Memory<u128>,
    turns: Turns<Reverse<u128>>,
    /// The furthest pass that was served.
    reached: u128,
}

impl ProportionalShare {
    /// One that has served nobody.
    pub fn new() -> Self {
        Self { passes: Memory::new(), turns: Turns::new(), reached: 0 }
    }
}

impl Default for ProportionalShare {
    fn default() -> Self {
        Self::new()
    }
}

impl Mechanism for ProportionalShare {
    fn name(&self) -> &'static str {
        "proportional-share"
    }

    fn rivals(&self, _slots: usize) -> usize {
        usize::MAX
    }

    fn clear(&mut self, market: &Market<'_>, sales: &mut Vec<Sale>) {
        let Self { passes, turns, reached } = self;
        turns.begin(market, |units| {
            let quantum = stride(Ppm::ONE, units[0], units.len());
            let pass = passes.meet(units[0].cell, market.tick, *reached + quantum);
            Reverse(pass.max(reached.saturating_sub(OWED_MAX * quantum)))
        });
        let shared_price = price_of_all(market);
        for (slot, weight) in market.weights.iter().enumerate() {
            let Some(claim) = turns.first() else { break };
            let unit = market.units[claim.unit()];
            let pass = claim.key.0 + stride(*weight, unit, claim.wanted);
            *reached = claim.key.0.max(*reached);
            passes.keep(claim.cell, pass);
            turns.served(Reverse(pass));
            let price = market.price_on(slot, shared_price.min(unit.limit));
            sales.push(Sale { unit: claim.unit(), slot, price });
        }
        passes.forget(market.tick);
    }
}

/// How far a quantum of a slot of this weight moves the pass of a cell with `wanted` units like this one.
fn stride(weight: Ppm, unit: Unit, wanted: usize) -> u128 {
    let tickets = u128::from(unit.limit.0.unsigned_abs()) * wanted as u128;
    u128::from(weight.0) * TICKET / tickets
}

/// The sum of all limits over the sum of all weights, rounded up, and at least the reserve.
fn price_of_all(market: &Market<'_>) -> Microjoules {
    let bids: i128 = market.units.iter().map(|unit| i128::from(unit.limit.0)).sum();
    let capacity: i128 = market.weights.iter().map(|weight| i128::from(weight.0)).sum();
    if capacity == 0 {
        return market.reserve;
    }
    let price = (bids * i128::from(Ppm::ONE.0) + capacity - 1) / capacity;
    Microjoules(i64::try_from(price).unwrap_or(i64::MAX)).max(market.reserve)
}
