//! The generalised second price: slots of unequal weight, each for the bid just below.

use super::{Market, Mechanism, Sale};

/// The i-th best unit gets the i-th heaviest slot and pays, per unit of weight, the next lower bid of *another wallet*, or the
/// reserve if there is none.
///
/// It is simple and **not** truthful: a bidder may gain by bidding less and taking a lighter slot for much less. What is known is how
/// bad its equilibria can be (welfare of the best assignment over that of the equilibrium): at most 1.282 for pure ones without
/// overbidding and 2.927 for Bayesian ones (Caragiannis, Kaklamanis, Kanellopoulos, Kyropoulou, Lucier, Paes Leme, Tardos:
/// Bounding the inefficiency of outcomes in generalized second price auctions. Journal of Economic Theory 156, 2015); the older
/// bound of 1.618 is Paes Leme and Tardos (FOCS 2010). The rule is Edelman, Ostrovsky, Schwarz (American Economic Review 97, 2007) and
/// Varian (International Journal of Industrial Organization 25, 2007). All of it is for one slot per bidder.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gsp;

impl Mechanism for Gsp {
    fn name(&self) -> &'static str {
        "gsp"
    }

    fn rivals(&self, _slots: usize) -> usize {
        1
    }

    fn clear(&mut self, market: &Market<'_>, sales: &mut Vec<Sale>) {
        let units = market.units;
        sales.extend((0..market.places()).map(|place| {
            let next = units[place + 1..].iter().find(|unit| unit.wallet != units[place].wallet);
            let price = next.map_or(market.reserve, |unit| unit.limit);
            Sale { unit: place, slot: place, price: market.price_on(place, price) }
        }));
    }
}
