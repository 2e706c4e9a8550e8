//! Bidders in motion: they come and go, and each answers a book that is already past.

use std::collections::VecDeque;

use maxwell_core::units::{Microjoules, Ppm};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::machine::{Offer, base};
use crate::draw::{UNIT, Values};
use crate::house::Bid;
use crate::respond::{Manner, View};

/// Bidders, present or not: half as many again as there are slots are there at a time.
const BIDDERS: usize = 18;
/// Chance per tick that a bidder looks at the book: on average each does ten times a second, not all at once.
const LOOKS: f64 = 0.1;
/// Chance per tick that a bidder leaves: on average after 6 s.
const LEAVES: f64 = 1.0 / 600.0;
/// Chance per tick that one comes back, with another value: on average after 3 s.
const COMES: f64 = 1.0 / 300.0;
/// Mean value of a quantum in base prices: the reserve at the set point is two.
const VALUE_MEAN_BASES: i64 = 3;

/// Everybody who may bid.
pub(super) struct Crowd {
    values: Values,
    manner: Manner,
    weights: Vec<Ppm>,
    dice: ChaCha8Rng,
    /// What a quantum is worth to each; none while it is away.
    worth: Vec<Option<Microjoules>>,
    bids: Vec<Microjoules>,
    /// What the book and the offer looked like, the oldest first.
    past: VecDeque<(Vec<Microjoules>, Offer)>,
    delay: usize,
    rivals: Vec<Microjoules>,
}

impl Crowd {
    /// A crowd for slots of these weights that sees a book of `delay` ticks ago.
    pub(super) fn new(
        values: Values,
        manner: Manner,
        weights: Vec<Ppm>,
        delay: usize,
        dice: ChaCha8Rng,
    ) -> Self {
        Self {
            values,
            manner,
            weights,
            dice,
            worth: vec![None; BIDDERS],
            bids: vec![Microjoules::ZERO; BIDDERS],
            past: VecDeque::with_capacity(delay + 1),
            delay,
            rivals: Vec::with_capacity(BIDDERS),
        }
    }

    /// Weights of the slots for sale, the heaviest first.
    pub(super) fn weights(&self, offer: Offer) -> &[Ppm] {
        &self.weights[..offer.slots]
    }

    /// What a quantum is worth to each bidder; nothing to one who is away.
    pub(super) fn worth(&self) -> impl Iterator<Item = Microjoules> {
        self.worth.iter().map(|worth| worth.unwrap_or(Microjoules::ZERO))
    }

    /// A tick passes: some come, some go, and some answer what they see. Fills `standing` with everybody's bid.
    pub(super) fn bid(&mut self, standing: &mut Vec<Bid>) {
        for bidder in 0..BIDDERS {
            let here = self.worth[bidder].is_some();
            if self.dice.random_bool(if here { LEAVES } else { COMES }) {
                let value = self.values.draw(&mut self.dice);
                let share = (VALUE_MEAN_BASES * value.0) as u64;
                self.worth[bidder] = (!here).then(|| base().share(share, UNIT.0 as u64));
                self.bids[bidder] = Microjoules::ZERO;
            }
            let just_came = !here && self.worth[bidder].is_some();
            if just_came || self.dice.random_bool(LOOKS) {
                self.answer(bidder);
            }
        }
        standing.clear();
        standing.extend(self.bids.iter().zip(0..).map(|(limit, wallet)| Bid { wallet, limit: *limit }));
    }

    /// The bidder answers the oldest book that is remembered.
    fn answer(&mut self, bidder: usize) {
        let (Some(value), Some((bids, offer))) = (self.worth[bidder], self.past.front()) else { return };
        self.rivals.clear();
        let others =
            bids.iter().enumerate().filter(|(other, bid)| *other != bidder && **bid >= offer.reserve);
        self.rivals.extend(others.map(|(_, bid)| *bid));
        self.rivals.sort_unstable_by(|one, other| other.cmp(one));
        let view =
            View { weights: &self.weights[..offer.slots], reserve: offer.reserve, rivals: &self.rivals };
        // Who stays out bids what no reserve is as low as.
        self.bids[bidder] = view.respond(value, self.manner, &mut self.dice).unwrap_or(Microjoules::ZERO);
    }

    /// Remembers the tick that is over.
    pub(super) fn remember(&mut self, offer: Offer) {
        let mut bids =
            if self.past.len() == self.delay { self.past.pop_front().map(|(bids, _)| bids) } else { None }
                .unwrap_or_default();
        bids.clone_from(&self.bids);
        self.past.push_back((bids, offer));
    }
}
