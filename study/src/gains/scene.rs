//! One bidder who thinks, among others who bid what a quantum is worth to them.

use maxwell_core::units::{Microjoules, Ppm};
use rand::{Rng, RngExt};

use crate::draw::{Slots, UNIT, Values};
use crate::game::worth;
use crate::house::{Bid, House};

/// Others than the one who thinks.
const RIVALS: std::ops::RangeInclusive<usize> = 3..=8;
/// Slots for sale.
const SLOTS: std::ops::RangeInclusive<usize> = 2..=4;
/// Wallets from this number on belong to the one who thinks.
const OWN: u32 = 1_000;

/// Whether the slots are all alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Identical,
    Hybrid,
}

/// What is for sale and who wants it.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) weights: Vec<Ppm>,
    pub(super) reserve: Microjoules,
    /// What a quantum is worth to each rival; each wants one.
    pub(super) rivals: Vec<Microjoules>,
    /// What each of its quanta is worth to the one who thinks.
    pub(super) value: Microjoules,
    /// How many slots it wants.
    pub(super) wanted: usize,
}

impl Scene {
    pub(super) fn draw(kind: Kind, dice: &mut impl Rng) -> Self {
        let values = Values::ALL[dice.random_range(0..3)];
        let slots = dice.random_range(SLOTS);
        let rivals = (0..dice.random_range(RIVALS)).map(|_| values.draw(dice)).collect();
        Self {
            weights: match kind {
                Kind::Identical => vec![Ppm::ONE; slots],
                Kind::Hybrid => Slots::Hybrid.draw(slots, dice),
            },
            reserve: Microjoules(UNIT.0 / 4),
            rivals,
            value: values.draw(dice),
            wanted: dice.random_range(2..=slots),
        }
    }

    /// The most welfare of a tick in which the one who thinks wants so many slots.
    pub(super) fn optimum(&self, wanted: usize) -> Microjoules {
        let own = std::iter::repeat_n(self.value, wanted);
        let mut values: Vec<Microjoules> = self.rivals.iter().copied().chain(own).collect();
        values.retain(|value| *value >= self.reserve);
        values.sort_unstable_by(|one, other| other.cmp(one));
        values.iter().zip(&self.weights).map(|(value, weight)| worth(*value, *weight)).sum()
    }

    /// What the one who thinks gains with these bids of its own, the rivals bidding the truth.
    pub(super) fn gain(&self, house: &mut House, own: &[Bid]) -> Microjoules {
        self.gain_against(house, &self.rivals, own)
    }

    /// The same against these bids of the rivals.
    pub(super) fn gain_against(&self, house: &mut House, rivals: &[Microjoules], own: &[Bid]) -> Microjoules {
        let theirs = rivals.iter().zip(0..).map(|(limit, wallet)| Bid { wallet, limit: *limit });
        let bids: Vec<Bid> = theirs.chain(own.iter().copied()).collect();
        let wins = house.sell(&self.weights, self.reserve, &bids);
        wins.iter().filter(|win| win.bid >= rivals.len()).map(|win| win.gain(self.value)).sum()
    }

    /// Limits between which nothing changes: just above each rival, at each rival, at the reserve and at the value.
    pub(super) fn limits(&self, rivals: &[Microjoules], value: Microjoules) -> Vec<Microjoules> {
        let steps = rivals.iter().flat_map(|bid| [*bid, Microjoules(bid.0 + 1)]);
        let mut limits: Vec<Microjoules> =
            steps.chain([self.reserve, value]).filter(|limit| *limit <= value).collect();
        limits.sort_unstable();
        limits.dedup();
        limits
    }
}

/// Bids for so many slots with one limit, from one wallet.
pub(super) fn order(limit: Microjoules, slots: usize) -> Vec<Bid> {
    split(limit, slots, 1)
}

/// The same, dealt out to several wallets.
pub(super) fn split(limit: Microjoules, slots: usize, wallets: usize) -> Vec<Bid> {
    (0..slots).map(|slot| Bid { wallet: OWN + (slot % wallets) as u32, limit }).collect()
}
