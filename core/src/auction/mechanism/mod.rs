//! Who wins which slot and for how much: the rules that can be chosen.
//!
//! A mechanism sees the funded units, best first, and the weights of the slots for sale, heaviest first; it knows neither the
//! book nor the ledger. A slot of weight one is a slot of the fastest kind, and all limits and the reserve are for it: a quantum of
//! a slot with less weight is worth that part of it. Prices are whole microjoules, rounded up once, at the end: since that
//! rounding never changes the order of two amounts, a price never leaves the bounds that the exact one keeps.
//!
//! Three rules have proofs, and three are there to be compared with them; `docs/market/mechanisms.md` says where each proof
//! ends and works an example of each.

pub mod first_price;
pub mod gsp;
pub mod karma;
mod memory;
pub mod proportional_share;
mod turns;
pub mod vcg;
pub mod vickrey;

use std::fmt;
use std::str::FromStr;

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
    /// Funded units at or above the reserve, best first, those of one cell together: as many of the best as there are slots and,
    /// after them, as many of the rest as [`Mechanism::rivals`] asks for.
    pub units: &'a [Unit],
}

impl Market<'_> {
    /// How many units win where the best win: all of them, or as many as there are slots.
    pub fn places(&self) -> usize {
        self.units.len().min(self.weights.len())
    }

    /// What a quantum of one of the slots costs when one of weight one costs `price`, rounded up.
    pub fn price_on(&self, slot: usize, price: Microjoules) -> Microjoules {
        self.weights[slot].of_rounded_up(price)
    }
}

/// One quantum of one slot, sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sale {
    /// Which of the market's units won it.
    pub unit: usize,
    /// Which of the market's slots it is.
    pub slot: usize,
    /// What it costs, on this slot, if it is used whole.
    pub price: Microjoules,
}

/// The rule that says who wins and what winners pay.
pub trait Mechanism: Send {
    /// Name, as configuration and reports use it.
    fn name(&self) -> &'static str;

    /// How many losing units of other wallets than any one winner's it has to see, when `slots` slots are for sale; at least
    /// one, by which the auction knows whether anybody waits. A rule in which others than the best may win says
    /// [`usize::MAX`]: it sees the whole book, costs in proportion to it, and each of its units must be paid for beside all others
    /// of its wallet, since any of them may win.
    fn rivals(&self, slots: usize) -> usize;

    /// Sells: fills `sales` (given empty) in the order in which the winners are served. No unit and no slot is sold twice; each
    /// price lies between the reserve and the unit's limit, both for the weight of the slot and rounded up. The auction asserts
    /// this.
    fn clear(&mut self, market: &Market<'_>, sales: &mut Vec<Sale>);
}

/// The rules by name, for configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MechanismKind {
    /// See [`vickrey`].
    #[default]
    Vickrey,
    /// See [`gsp`].
    Gsp,
    /// See [`vcg`].
    Vcg,
    /// See [`first_price`].
    FirstPrice,
    /// See [`proportional_share`].
    ProportionalShare,
    /// See [`karma`].
    Karma,
}

/// A name that no mechanism has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no mechanism `{0}`: take vickrey, gsp, vcg, first-price, proportional-share or karma")]
pub struct UnknownMechanism(pub String);

impl MechanismKind {
    /// All of them: first those that are proved, then those for comparison.
    pub const ALL: [Self; 6] =
        [Self::Vickrey, Self::Gsp, Self::Vcg, Self::FirstPrice, Self::ProportionalShare, Self::Karma];

    /// The name that configuration and reports use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vickrey => "vickrey",
            Self::Gsp => "gsp",
            Self::Vcg => "vcg",
            Self::FirstPrice => "first-price",
            Self::ProportionalShare => "proportional-share",
            Self::Karma => "karma",
        }
    }

    /// Whether its slots may have unequal weights. `vickrey` sells one price for slots that are all alike, and no more.
    pub const fn knows_weights(self) -> bool {
        !matches!(self, Self::Vickrey)
    }

    /// A new one with nothing remembered. It has room for [`CELLS_MAX`](crate::limits::CELLS_MAX) cells at a time and does not
    /// allocate again.
    pub fn make(self) -> Box<dyn Mechanism> {
        match self {
            Self::Vickrey => Box::new(vickrey::Vickrey),
            Self::Gsp => Box::new(gsp::Gsp),
            Self::Vcg => Box::new(vcg::Vcg),
            Self::FirstPrice => Box::new(first_price::FirstPrice),
            Self::ProportionalShare => Box::new(proportional_share::ProportionalShare::new()),
            Self::Karma => Box::new(karma::Karma::new()),
        }
    }
}

impl fmt::Display for MechanismKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for MechanismKind {
    type Err = UnknownMechanism;

    fn from_str(name: &str) -> Result<Self, UnknownMechanism> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| UnknownMechanism(name.to_owned()))
    }
}
