//! A second opinion on equilibria: the core's own rule says what everybody would gain by another bid.
//!
//! Nothing here knows the inequalities by which equilibria are found. A bid matters only by which other bids it is above, so
//! trying the bids of all others, and a microjoule more, tries everything.

use maxwell_core::units::Microjoules;

use crate::equilibria::{Ceiling, Equilibrium, SLACK};
use crate::game::Game;
use crate::house::{Bid, House};

/// What nobody counts as a gain: what equilibria leave out, and two for prices and worths of slots, which are rounded to
/// whole microjoules.
pub const NOTHING: Microjoules = Microjoules(SLACK.0 + 2);

/// The most that one bidder gains by another bid of its own while everybody else's bid stands. In an equilibrium it is no
/// more than [`NOTHING`].
pub fn temptation(
    house: &mut House,
    game: &Game,
    equilibrium: &Equilibrium,
    ceiling: Ceiling,
) -> Microjoules {
    let Equilibrium { order, bids, .. } = equilibrium;
    let losers = (0..game.bidders()).filter(|bidder| !order.contains(bidder));
    let bidders: Vec<usize> = order.iter().copied().chain(losers).collect();
    // The first loser, that of the highest value, makes the highest losing bid.
    let limit = |place: usize| bids.get(place).copied().unwrap_or(game.reserve());
    let standing: Vec<Bid> =
        (0..bidders.len()).map(|place| Bid { wallet: bidders[place] as u32, limit: limit(place) }).collect();
    let mut most = Microjoules(i64::MIN);
    for (place, bidder) in bidders.iter().enumerate() {
        let value = game.values()[*bidder];
        let now = gain(house, game, &standing, place, value);
        // Whoever changes its bid goes behind its equals, as in the book.
        let mut others = standing.clone();
        let mut own = others.remove(place);
        others.push(own);
        let last = others.len() - 1;
        let steps = others[..last].iter().flat_map(|bid| [bid.limit, Microjoules(bid.limit.0 + 1)]);
        let tries: Vec<Microjoules> = steps.chain([game.reserve(), value, Microjoules::ZERO]).collect();
        for limit in tries.into_iter().filter(|limit| *limit <= ceiling.of(value)) {
            own.limit = limit;
            others[last] = own;
            most = most.max(gain(house, game, &others, last, value) - now);
        }
    }
    most
}

/// What the bid at `place` gains when the house sells.
fn gain(house: &mut House, game: &Game, bids: &[Bid], place: usize, value: Microjoules) -> Microjoules {
    let wins = house.sell(game.weights(), game.reserve(), bids);
    wins.iter().find(|win| win.bid == place).map_or(Microjoules::ZERO, |win| win.gain(value))
}
