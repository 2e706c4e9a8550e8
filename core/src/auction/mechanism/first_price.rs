//! For comparison: winners pay what they bid.

use super::{Market, Mechanism, Sale};

/// The i-th best unit gets the i-th heaviest slot and pays its limit for that weight.
///
/// Nothing is proved of it but that nobody pays more than it said. Bidding the true value never gains anything, so everybody
/// shades its bid, and with standing orders bids chase one another (Edelman and Ostrovsky: Strategic bidder behavior in sponsored
/// search auctions. Decision Support Systems 43, 2007).
#[derive(Clone, Copy, Debug, Default)]
pub struct FirstPrice;

impl Mechanism for FirstPrice {
    fn name(&self) -> &'static str {
        "first-price"
    }

    fn rivals(&self, _slots: usize) -> usize {
        1
    }

    fn clear(&mut self, market: &Market<'_>, sales: &mut Vec<Sale>) {
        sales.extend((0..market.places()).map(|place| Sale {
            unit: place,
            slot: place,
            price: market.price_on(place, market.units[place].limit),
        }));
    }
}
