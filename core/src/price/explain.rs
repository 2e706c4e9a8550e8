//! The quote, term by term.

use super::{ReserveTerms, SupplyTerms};
use crate::tick::Quote;
use crate::units::{Celsius, Microjoules, Moment, Ppm, Watts};

/// Every term of a quote. The quote is made from it, so the two cannot disagree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Explanation {
    /// Number of the tick, from zero.
    pub tick: u64,
    /// When the quote was made.
    pub at: Moment,
    /// Temperature that was read last, however old; `None` before the first reading.
    pub die_read: Option<Celsius>,
    /// Temperature that was acted on: the one read or, without a fresh reading, one that is assumed.
    pub die: Celsius,
    /// Whether the reading behind the quote was fresh.
    pub fresh: bool,
    /// Set point in force.
    pub set_point: Celsius,
    /// Set point that was asked for; the one in force glides there.
    pub set_point_asked: Celsius,
    /// Temperature at or above which nothing is sold.
    pub critical: Celsius,
    /// Electricity price relative to the reference.
    pub tariff: Ppm,
    /// Power of one busy slot above idle.
    pub slot: Watts,
    /// Part of the idle power that each slot pays beside its own.
    pub idle_share: Watts,
    /// Price of a quantum at multiplier one: tariff x (slot + its share of idle) x 10 ms, rounded up.
    pub base: Microjoules,
    /// How the multiplier came about.
    pub price: ReserveTerms,
    /// base x multiplier, rounded up: the least a quantum is sold for.
    pub reserve: Microjoules,
    /// How the supply came about.
    pub supply: SupplyTerms,
    /// Whole slots for sale in this tick.
    pub slots: u16,
    /// Part of a slot that is owed to the ticks to come.
    pub owed: f64,
}

impl Explanation {
    /// The quote that these terms make.
    pub const fn quote(&self) -> Quote {
        Quote {
            tick: self.tick,
            at: self.at,
            die: self.die,
            fresh: self.fresh,
            supply: self.supply.allowed,
            slots: self.slots,
            base: self.base,
            reserve: self.reserve,
            multiplier: self.price.multiplier,
            tariff: self.tariff,
        }
    }
}
