//! Who wins which slot and for how much: the rules that can be chosen.
//!
//! A mechanism sees the funded units, best first, and the weights of the slots for sale, heaviest first; it knows neither the
//! book nor the ledger. A slot of weight one is a slot of the fastest kind, and all limits and the reserve are for it: a quantum of
//! a slot with less weight is worth that part of it.

pub mod vickrey;

use crate::auction::Unit;
use crate::units::{Microjoules, Ppm};

/// What is for sale in one tick, and who wants it.
#[derive(Clone, Copy, Debug)]
pub struct Market<'a> {
    /// Number of the tick.
    pub tick: u64,
    /// The least that a quantum is sold for, on a slot of weight one.
    pub reserve: Microjoules,
    /// Weights of the slots for sale, heaviest first.
    pub weights: &'a [Ppm],
    /// Funded units at or above the reserve, best first: the winners of a market of identical slots and, after them, as many of
    /// the rest as [`Mechanism::rivals`] asks for.
    pub units: &'a [Unit],
}

/// One quantum of one slot, sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sale {
    /// Which of the market's units won it.
    pub unit: usize,
    /// Which of the market's slots it is.
    pub slot: usize,
    /// What it costs if it is used whole.
    pub price: Microjoules,
}

/// The rule that says who wins and what winners pay.
pub trait Mechanism: Send {
    /// Name, as configuration and reports use it.
    fn name(&self) -> &'static str;

    /// How many losing units of other wallets than any one winner's it has to see, when `slots` slots are for sale. A rule that
    /// looks at the whole book says [`usize::MAX`], and costs in proportion to it.
    fn rivals(&self, slots: usize) -> usize;

    /// Sells: fills `sales` (given empty) in the order in which the winners are served. No unit and no slot is sold twice; each
    /// price lies between the reserve and the unit's limit, both for the weight of the slot if the rule knows weights.
    fn clear(&mut self, market: &Market<'_>, sales: &mut Vec<Sale>);
}
