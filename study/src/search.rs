//! A search for bad games: from random ones uphill, towards the largest loss of welfare that an equilibrium has.

use maxwell_core::units::{Microjoules, Ppm};
use rand::{Rng, RngExt};

use crate::draw::UNIT;
use crate::equilibria::{Ceiling, Equilibrium, each};
use crate::game::{Game, ratio};

/// The first step changes every figure of a game by up to this share of the whole range.
const STEP_FIRST: f64 = 0.3;
/// The last steps are as fine as the grid of weights.
const STEP_LAST: f64 = 1e-6;
/// The least value and the least weight that are tried: a value of zero is no bidder.
const LEAST: f64 = 1e-3;

/// The worst game that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Bad {
    /// The game; its highest value is one unit and its heaviest slot has weight one.
    pub game: Game,
    /// Its worst equilibrium.
    pub equilibrium: Equilibrium,
    /// Optimum / welfare of the equilibrium.
    pub ratio: f64,
}

/// The equilibrium of least welfare, and how often the optimum is as much; none if the game has no equilibrium.
pub fn worst(game: &Game, ceiling: Ceiling) -> Option<(Equilibrium, f64)> {
    let mut worst: Option<Equilibrium> = None;
    each(game, ceiling, &mut |found| {
        if worst.as_ref().is_none_or(|worst| found.welfare < worst.welfare) {
            worst = Some(found);
        }
    });
    worst.map(|worst| {
        let ratio = ratio(game.optimum(), worst.welfare);
        (worst, ratio)
    })
}

/// Climbs once from a random game of so many bidders and slots, without a reserve. Steps shrink on the way; a step that makes
/// the worst equilibrium no worse is taken back.
pub fn climb(bidders: usize, slots: usize, steps: usize, dice: &mut impl Rng) -> Option<Bad> {
    // All but the highest value and the heaviest slot are free.
    let free = bidders + slots - 2;
    let mut here: Vec<f64> = (0..free).map(|_| dice.random_range(LEAST..=1.0)).collect();
    let mut best: Option<Bad> = bad(&here, bidders);
    for step in 0..steps {
        let size = STEP_FIRST * (STEP_LAST / STEP_FIRST).powf(step as f64 / steps as f64);
        let mut there = here.clone();
        for figure in &mut there {
            // Half of the figures stay: a good game is often better in one of them alone.
            if dice.random_bool(0.5) {
                *figure = (*figure + size * dice.random_range(-1.0..=1.0)).clamp(LEAST, 1.0);
            }
        }
        let found = bad(&there, bidders);
        if found.as_ref().map(|bad| bad.ratio) >= best.as_ref().map(|bad| bad.ratio) {
            (here, best) = (there, found);
        }
    }
    best
}

/// The game of these figures, values first, and its worst equilibrium.
fn bad(figures: &[f64], bidders: usize) -> Option<Bad> {
    let (values, weights) = figures.split_at(bidders - 1);
    let value = |share: &f64| Microjoules((share * UNIT.0 as f64).round() as i64);
    let values = [1.0].iter().chain(values).map(value).collect();
    let weights = [1.0].iter().chain(weights).map(|share| Ppm::from_ratio(*share)).collect();
    let game = Game::new(values, weights, Microjoules(1));
    let (equilibrium, ratio) = worst(&game, Ceiling::Value)?;
    Some(Bad { game, equilibrium, ratio })
}
