//! How bidders find an equilibrium, if they do: from random bids on, one after the other answers the others' bids.

use maxwell_core::units::{Microjoules, Ppm};
use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

use crate::equilibria::Equilibrium;
use crate::game::Game;
use crate::respond::{Manner, View};

/// Rounds after which bidders that are still at it are taken to go on for ever.
const ROUNDS_MAX: usize = 200;

/// What a bidder does not move for, as a share of its value: prices on the book's grid are as far apart.
pub const INDIFFERENCE: f64 = 1e-3;

/// Lets bidders who never bid more than their value answer each other, in a new random order each round, until nobody gains
/// more than [`INDIFFERENCE`] by another bid; none if that does not come about. The bids then are an equilibrium, to within that.
pub fn settle(game: &Game, manner: Manner, dice: &mut impl Rng) -> Option<Equilibrium> {
    let bidders = game.bidders();
    let reserve = game.reserve().0;
    let mut bids: Vec<Microjoules> = game.values()[..bidders]
        .iter()
        .map(|value| Microjoules(dice.random_range(reserve..=value.0)))
        .collect();
    let mut turns: Vec<usize> = (0..bidders).collect();
    let mut rivals = Vec::with_capacity(bidders);
    for _ in 0..ROUNDS_MAX {
        turns.shuffle(dice);
        let mut at_rest = true;
        for &bidder in &turns {
            rivals.clear();
            rivals.extend((0..bidders).filter(|other| *other != bidder).map(|other| bids[other]));
            rivals.sort_unstable_by(|one, other| other.cmp(one));
            let view = View { weights: game.weights(), reserve: game.reserve(), rivals: &rivals };
            let value = game.values()[bidder];
            let ahead = (0..bidders).filter(|other| (bids[*other], bidder) > (bids[bidder], *other)).count();
            let worth_moving = INDIFFERENCE * (value.0 * Ppm::ONE.0 as i64) as f64;
            if (view.best_gain(value) - view.gain(ahead, value).max(0)) as f64 > worth_moving {
                bids[bidder] = view.respond(value, manner, dice).unwrap_or(bids[bidder]);
                at_rest = false;
            }
        }
        if at_rest {
            return (bidders > 0).then(|| equilibrium(game, &bids));
        }
    }
    None
}

fn equilibrium(game: &Game, bids: &[Microjoules]) -> Equilibrium {
    let mut ranked: Vec<usize> = (0..bids.len()).collect();
    ranked.sort_by_key(|bidder| std::cmp::Reverse(bids[*bidder]));
    let places = ranked.len().min(game.weights().len());
    let mut laid: Vec<Microjoules> = ranked.iter().take(places + 1).map(|bidder| bids[*bidder]).collect();
    laid.resize(places + 1, game.reserve());
    ranked.truncate(places);
    Equilibrium { welfare: game.welfare(&ranked), order: ranked, bids: laid }
}
