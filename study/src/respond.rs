//! What a bidder does who knows the bids of the others: a best response under the generalised second-price rule.
//!
//! Which slot is best follows from the others' bids; many bids win that slot, and which of them is made decides how dear it
//! becomes for those above. So there are several manners.

use maxwell_core::units::{Microjoules, Ppm};
use rand::{Rng, RngExt};

/// Which of the bids that win the best slot is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// The lowest: it costs those above as little as can be.
    Low,
    /// The one at which being moved up to the slot above, at the price of this bid, would gain nothing (the *balanced* bids
    /// of Cary and others, 2007). A loser bids its value.
    Balanced,
    /// Any of them, drawn evenly.
    Any,
    /// The highest that is not above its value: it costs those above as much as can be.
    High,
}

impl Manner {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Low, Self::Balanced, Self::Any, Self::High];

    /// Name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Balanced => "balanced",
            Self::Any => "any",
            Self::High => "high",
        }
    }
}

/// What a bidder sees.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Weights of the slots for sale, the heaviest first.
    pub weights: &'a [Ppm],
    /// The least that a quantum is sold for.
    pub reserve: Microjoules,
    /// Bids of the others at or above the reserve, the highest first.
    pub rivals: &'a [Microjoules],
}

impl View<'_> {
    /// What who has this value gains in a slot, in µJ x ppm; nothing where no slot is left.
    pub fn gain(&self, slot: usize, value: Microjoules) -> i64 {
        self.weights.get(slot).map_or(0, |weight| weight.0 as i64 * (value - self.price(slot)).0)
    }

    /// The most that it gains in any slot, in µJ x ppm, or nothing.
    pub fn best_gain(&self, value: Microjoules) -> i64 {
        self.best_slot(value).map_or(0, |(_, gain)| gain)
    }

    /// The slot that is best for who has this value, and what it gains there; none if every slot costs as much as it is
    /// worth.
    fn best_slot(&self, value: Microjoules) -> Option<(usize, i64)> {
        let slots = self.weights.len().min(self.rivals.len() + 1);
        // Of equal gains the first is taken, that of the heaviest slot.
        let best = (0..slots).rev().map(|slot| (slot, self.gain(slot, value))).max_by_key(|(_, gain)| *gain);
        best.filter(|(_, gain)| *gain > 0)
    }

    /// What a quantum of the slot costs for each unit of weight.
    fn price(&self, slot: usize) -> Microjoules {
        self.rivals.get(slot).copied().unwrap_or(self.reserve)
    }

    /// A best response; none for who stays out because its value is below the reserve.
    pub fn respond(&self, value: Microjoules, manner: Manner, dice: &mut impl Rng) -> Option<Microjoules> {
        if value < self.reserve {
            return None;
        }
        let Some((slot, gain)) = self.best_slot(value) else {
            return Some(self.lose(value, manner, dice));
        };
        let low = self.rivals.get(slot).map_or(self.reserve.0, |bid| bid.0 + 1);
        let above = if slot == 0 { value.0 } else { self.rivals[slot - 1].0 - 1 };
        let high = above.min(value.0).max(low);
        Some(Microjoules(match manner {
            Manner::Low => low,
            Manner::High => high,
            Manner::Any => dice.random_range(low..=high),
            Manner::Balanced if slot == 0 => i64::midpoint(low, high),
            Manner::Balanced => (value.0 - gain / self.weights[slot - 1].0 as i64).clamp(low, high),
        }))
    }

    /// A bid that wins nothing, because nothing is worth its price.
    fn lose(&self, value: Microjoules, manner: Manner, dice: &mut impl Rng) -> Microjoules {
        match manner {
            Manner::Low => self.reserve,
            Manner::Balanced | Manner::High => value,
            Manner::Any => Microjoules(dice.random_range(self.reserve.0..=value.0)),
        }
    }
}
