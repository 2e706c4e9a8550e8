//! The default rule: identical slots, and winners pay the best losing bid of somebody else.

use super::{Market, Mechanism, Sale};

/// Each winner pays the highest losing unit of *another wallet*, or the reserve if that is more. For bidders that want one
/// slot each this is the (k+1)th-price auction: it equals VCG, and bidding the true value is the best answer to any
/// bids of the others. For more slots per bidder, budgets and repetition that proof does not hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vickrey;

impl Mechanism for Vickrey {
    fn name(&self) -> &'static str {
        "vickrey"
    }

    fn rivals(&self, _slots: usize) -> usize {
        1
    }

    fn clear(&mut self, market: &Market<'_>, sales: &mut Vec<Sale>) {
        let (winners, losers) = market.units.split_at(market.units.len().min(market.weights.len()));
        sales.extend(winners.iter().enumerate().map(|(place, winner)| {
            let best_rival = losers.iter().find(|loser| loser.wallet != winner.wallet);
            let price = best_rival.map_or(market.reserve, |rival| rival.limit.max(market.reserve));
            Sale { unit: place, slot: place, price }
        }));
    }
}
