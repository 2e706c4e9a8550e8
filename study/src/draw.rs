//! How games are drawn.

use maxwell_core::units::{Microjoules, Ppm};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::game::Game;

/// What a quantum is worth on average; the grid of whole microjoules is a millionth of it.
pub const UNIT: Microjoules = Microjoules(1_000_000);

/// No value is above so many units: the far end of a heavy tail would make every other bidder vanish beside it.
const VALUE_MAX_UNITS: f64 = 1_000.0;

/// The index of the heavy-tailed values: their mean is finite, and their variance is not.
const PARETO_INDEX: f64 = 1.5;

/// How values are distributed among bidders; all have a mean of one unit, but for the cut of the tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Evenly between zero and twice the mean.
    Uniform,
    /// Exponentially: many small, few large.
    Exponential,
    /// Pareto with index 1.5: a few are worth more than all others together.
    Pareto,
    /// All the same.
    Equal,
}

impl Values {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Uniform, Self::Exponential, Self::Pareto, Self::Equal];

    /// Name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Exponential => "exponential",
            Self::Pareto => "pareto",
            Self::Equal => "equal",
        }
    }

    /// A value, at least a thousandth of a unit.
    pub fn draw(self, dice: &mut impl Rng) -> Microjoules {
        // Above zero, so that its logarithm and its powers are finite.
        let even = 1.0 - dice.random::<f64>();
        let units = match self {
            Self::Uniform => 2.0 * even,
            Self::Exponential => -even.ln(),
            Self::Pareto => (PARETO_INDEX - 1.0) / PARETO_INDEX * even.powf(-1.0 / PARETO_INDEX),
            Self::Equal => 1.0,
        };
        Microjoules((units.clamp(1e-3, VALUE_MAX_UNITS) * UNIT.0 as f64) as i64)
    }
}

/// What slots a machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slots {
    /// Half of them performance cores, half efficiency cores of 0.6 of their speed.
    Hybrid,
    /// Pairs of siblings on one core: the second of a pair adds 0.3 of what the first does alone.
    Siblings,
    /// Performance cores, efficiency cores and siblings, a third of each.
    Mixed,
    /// Any weights between 0.05 and 1.
    Random,
}

impl Slots {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Hybrid, Self::Siblings, Self::Mixed, Self::Random];

    /// Name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hybrid => "hybrid",
            Self::Siblings => "siblings",
            Self::Mixed => "mixed",
            Self::Random => "random",
        }
    }

    /// Weights of `count` slots, the heaviest first.
    pub fn draw(self, count: usize, dice: &mut impl Rng) -> Vec<Ppm> {
        let kind = |kinds: &[f64], slot: usize| kinds[slot * kinds.len() / count];
        let weight = |slot: usize| match self {
            Self::Hybrid => kind(&[1.0, 0.6], slot),
            Self::Siblings => kind(&[1.0, 0.3], slot),
            Self::Mixed => kind(&[1.0, 0.6, 0.3], slot),
            Self::Random => dice.random_range(0.05..=1.0),
        };
        let mut weights: Vec<Ppm> = (0..count).map(weight).map(Ppm::from_ratio).collect();
        weights.sort_unstable_by(|one, other| other.cmp(one));
        weights
    }
}

/// Games that are drawn in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// Of values.
    pub values: Values,
    /// Of weights.
    pub slots: Slots,
    /// Whether there is a reserve, of half the mean value; else it is the least that a node can ask, one microjoule.
    pub reserve: bool,
}

impl Family {
    /// All of them.
    pub fn all() -> Vec<Self> {
        let of = |values, slots| [false, true].map(|reserve| Self { values, slots, reserve });
        Values::ALL
            .iter()
            .flat_map(|values| Slots::ALL.iter().flat_map(move |slots| of(*values, *slots)))
            .collect()
    }

    /// A game with so many bidders and slots.
    pub fn draw(self, bidders: usize, slots: usize, dice: &mut impl Rng) -> Game {
        let values = (0..bidders).map(|_| self.values.draw(dice)).collect();
        let reserve = if self.reserve { Microjoules(UNIT.0 / 2) } else { Microjoules(1) };
        Game::new(values, self.slots.draw(slots, dice), reserve)
    }
}

/// The dice of one game: every game has its own, so that it does not depend on which was drawn before.
pub(crate) fn dice(seed: u64, part: u32, index: usize) -> ChaCha8Rng {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    dice.set_stream(u64::from(part) << 32 | index as u64);
    dice
}
