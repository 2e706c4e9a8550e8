//! A game of one tick: who values a slot how much, and what is for sale.

use maxwell_core::units::{Microjoules, Ppm};

/// Bidders who each want one slot, the slots, and the least that a quantum is sold for.
///
/// A slot's weight is its speed relative to the fastest; a bidder's value is what a quantum of the fastest is worth to it,
/// and a quantum of another slot is worth that part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Game {
    values: Vec<Microjoules>,
    weights: Vec<Ppm>,
    reserve: Microjoules,
}

impl Game {
    /// A game; values and weights are put in order, the highest first.
    ///
    /// # Panics
    /// If there is no bidder or no slot, if a value or a weight is not above zero, or if a weight is above one.
    pub fn new(mut values: Vec<Microjoules>, mut weights: Vec<Ppm>, reserve: Microjoules) -> Self {
        assert!(!values.is_empty() && !weights.is_empty(), "a game needs a bidder and a slot");
        values.sort_unstable_by(|one, other| other.cmp(one));
        weights.sort_unstable_by(|one, other| other.cmp(one));
        assert!(values[values.len() - 1] > Microjoules::ZERO, "values above zero, not {values:?}");
        assert!(
            weights[0] <= Ppm::ONE && weights[weights.len() - 1].0 > 0,
            "weights above zero and at most one, not {weights:?}"
        );
        Self { values, weights, reserve }
    }

    /// What a quantum of the fastest slot is worth to each bidder, the highest first.
    pub fn values(&self) -> &[Microjoules] {
        &self.values
    }

    /// Weights of the slots, the heaviest first.
    pub fn weights(&self) -> &[Ppm] {
        &self.weights
    }

    /// The least that a quantum of the fastest slot is sold for.
    pub fn reserve(&self) -> Microjoules {
        self.reserve
    }

    /// How many bidders value a quantum at the reserve or more; they are the first ones. The others stay out.
    pub fn bidders(&self) -> usize {
        self.values.partition_point(|value| *value >= self.reserve)
    }

    /// Welfare when the slots go to `order`, the heaviest first: the sum of what the quanta are worth to those who run.
    /// What the heat costs is not taken away, and payments only change hands.
    pub fn welfare(&self, order: &[usize]) -> Microjoules {
        let worth = |(bidder, weight): (&usize, &Ppm)| worth(self.values[*bidder], *weight);
        order.iter().zip(&self.weights).map(worth).sum()
    }

    /// The most welfare that those who value a quantum at the reserve or more can have: the heavier slot to the higher value.
    pub fn optimum(&self) -> Microjoules {
        self.best_of(self.bidders())
    }

    /// The same if nobody had to stay out.
    pub fn optimum_without_reserve(&self) -> Microjoules {
        self.best_of(self.values.len())
    }

    fn best_of(&self, bidders: usize) -> Microjoules {
        let order: Vec<usize> = (0..bidders).collect();
        self.welfare(&order)
    }
}

/// What a quantum of a slot is worth to who values one of the fastest at `value`, to the nearest microjoule.
pub fn worth(value: Microjoules, weight: Ppm) -> Microjoules {
    value.share(weight.0, Ppm::ONE.0)
}

/// How often the optimum is as much as what was reached; endless when nothing was, and one when there was nothing to reach.
pub fn ratio(optimum: Microjoules, reached: Microjoules) -> f64 {
    if optimum == Microjoules::ZERO { 1.0 } else { optimum.0 as f64 / reached.0 as f64 }
}
