//! Every pure Nash equilibrium of a game under the generalised second-price rule, found exactly.
//!
//! Whoever has place `j` in the order of bids `b_0 >= b_1 >= ...` gets the slot of weight `w_j` and pays `w_j b_(j+1)`. Nobody
//! gains by moving to the slot `i` if what that slot would cost it is enough:
//!
//! ```text
//!     c_i >= v_j - w_j (v_j - b_(j+1)) / w_i        c_i = b_i above its own place, b_(i+1) below it
//! ```
//!
//! For a given order of bidders each of these inequalities, and `b_j >= b_(j+1)`, bounds one bid from below by a rising
//! function of another. So bids that obey them all form a lattice, and raising bids from the reserve only as far as some
//! inequality asks leads to the least of them, or beyond what a bidder would ever bid, and then there is none. On whole
//! microjoules this ends after finitely many steps, and it decides for every order of bidders whether it is an equilibrium: no grid
//! of bids has to be walked, and nothing is missed between its points. Where bids must be exactly so high for two slots to be
//! equally good, no whole number may do; so nobody moves for [`SLACK`] or less, a millionth of what a quantum is worth here.
//!
//! Orders are searched depth first; one is given up as soon as two places in it cannot go together (the *weakly feasible*
//! pairs of Paes Leme and Tardos). Of bidders with equal values only one order is tried: the others are the same game.

use maxwell_core::units::Microjoules;

use crate::game::Game;

/// Nobody changes its bid to gain this much or less.
pub const SLACK: Microjoules = Microjoules(1);

/// How high bidders go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ceiling {
    /// Nobody bids more than its value, as the theorems assume: it would risk to pay more than it gains.
    Value,
    /// Everybody bids up to this much.
    Fixed(Microjoules),
}

impl Ceiling {
    /// The highest bid of who has this value.
    pub fn of(self, value: Microjoules) -> Microjoules {
        match self {
            Self::Value => value,
            Self::Fixed(most) => most,
        }
    }
}

/// Bids that nobody gains by changing alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Equilibrium {
    /// Who gets which slot: bidders, that of the heaviest slot first.
    pub order: Vec<usize>,
    /// Bid of each of them, and behind them the highest losing bid; the reserve where nobody is left to lose.
    pub bids: Vec<Microjoules>,
    /// Welfare, see [`Game::welfare`].
    pub welfare: Microjoules,
}

/// Gives every allocation that some pure equilibrium has to `visit`, each once, with the lowest bids that hold it up.
pub fn each(game: &Game, ceiling: Ceiling, visit: &mut dyn FnMut(Equilibrium)) {
    let bidders = game.bidders();
    let places = bidders.min(game.weights().len());
    if places > 0 {
        let bids = vec![game.reserve(); places + 1];
        Search { game, ceiling, bidders, places, order: Vec::with_capacity(places), bids }.descend(visit);
    }
}

struct Search<'a> {
    game: &'a Game,
    ceiling: Ceiling,
    bidders: usize,
    places: usize,
    order: Vec<usize>,
    bids: Vec<Microjoules>,
}

impl Search<'_> {
    fn descend(&mut self, visit: &mut dyn FnMut(Equilibrium)) {
        if self.order.len() == self.places {
            if self.settle() {
                let (order, bids) = (self.order.clone(), self.bids.clone());
                visit(Equilibrium { welfare: self.game.welfare(&order), order, bids });
            }
            return;
        }
        for bidder in 0..self.bidders {
            if self.is_next_of_its_equals(bidder) && self.may_follow(bidder) {
                self.order.push(bidder);
                self.descend(visit);
                self.order.pop();
            }
        }
    }

    /// Whether the bidder has no place yet and all before it that have the same value have one.
    fn is_next_of_its_equals(&self, bidder: usize) -> bool {
        let has_place = |bidder: usize| self.order.contains(&bidder);
        let is_twin = bidder > 0 && self.value(bidder - 1) == self.value(bidder);
        !has_place(bidder) && (!is_twin || has_place(bidder - 1))
    }

    fn value(&self, bidder: usize) -> i64 {
        self.game.values()[bidder].0
    }

    fn ceiling(&self, bidder: usize) -> i64 {
        self.ceiling.of(self.game.values()[bidder]).0
    }

    fn weight(&self, place: usize) -> i64 {
        self.game.weights()[place].0 as i64
    }

    /// Whether the bidder can have the next place at all: the highest bids of those above it, at the lowest price of its own,
    /// keep it from their slots, and its own highest bid keeps one out who must lose if it wins.
    fn may_follow(&self, bidder: usize) -> bool {
        let place = self.order.len();
        let (value, own) = (self.value(bidder), self.weight(place));
        let content = own * (value - self.game.reserve().0);
        let keeps_out = bidder < self.places || self.ceiling(bidder) >= self.value(self.places - 1);
        let is_kept = |(above, holder): (usize, &usize)| {
            content >= self.weight(above) * (value - SLACK.0 - self.ceiling(*holder))
        };
        keeps_out && self.order.iter().enumerate().all(is_kept)
    }

    /// Raises the bids from the reserve to the least that hold the order up; false if no bids do.
    fn settle(&mut self) -> bool {
        self.bids.fill(self.game.reserve());
        let losers = || (0..self.bidders).filter(|bidder| !self.order.contains(bidder));
        let highest_loser = losers().map(|bidder| self.value(bidder)).max();
        let highest_losing =
            losers().map(|bidder| self.ceiling(bidder)).max().unwrap_or(self.game.reserve().0);
        // The lowest winner keeps everybody out who won nothing, and so do those above it.
        let floor = highest_loser.unwrap_or(0).max(self.game.reserve().0);
        self.bids[self.places - 1] = Microjoules(floor);
        let mut ceilings: Vec<i64> = self.order.iter().map(|bidder| self.ceiling(*bidder)).collect();
        ceilings.push(highest_losing);
        loop {
            let before = self.bids.clone();
            self.raise();
            if self.bids.iter().zip(&ceilings).any(|(bid, most)| bid.0 > *most) {
                return false;
            }
            if self.bids == before {
                return self.nobody_overpays();
            }
        }
    }

    /// Raises every bid as far as one inequality asks that does not hold.
    fn raise(&mut self) {
        for place in 0..self.places {
            let value = self.value(self.order[place]);
            let gain = self.weight(place) * (value - self.bids[place + 1].0);
            for other in (0..self.places).filter(|other| *other != place) {
                let least = value - SLACK.0 - gain.div_euclid(self.weight(other));
                let price = if other < place { other } else { other + 1 };
                self.bids[price] = self.bids[price].max(Microjoules(least));
            }
        }
        for place in (0..self.places).rev() {
            self.bids[place] = self.bids[place].max(self.bids[place + 1]);
        }
    }

    /// Whether no winner would rather have nothing. It follows where nobody bids more than its value.
    fn nobody_overpays(&self) -> bool {
        self.order.iter().enumerate().all(|(place, bidder)| self.bids[place + 1].0 <= self.value(*bidder))
    }
}
