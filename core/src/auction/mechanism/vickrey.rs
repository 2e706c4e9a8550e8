//! The default rule: identical slots, and winners pay the best losing bid of somebody else.

use super::{Market, Mechanism, Sale};

/// Each winner pays the highest losing unit of *another wallet*, or the reserve if that is more: the (k+1)th price.
///
/// For bidders that want one slot each it equals VCG, and bidding the true value is the best answer to any bids of the others
/// (William Vickrey: Counterspeculation, auctions, and competitive sealed tenders. Journal of Finance 16, 1961). The proof ends
/// with the second slot of one wallet: who wins several pays for each what the best loser bids, and gains by asking for fewer.
/// It ends with unequal weights as well, so configuration refuses those.
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
        let (winners, losers) = market.units.split_at(market.places());
        sales.extend(winners.iter().enumerate().map(|(place, winner)| {
            let best_rival = losers.iter().find(|loser| loser.wallet != winner.wallet);
            let price = best_rival.map_or(market.reserve, |rival| rival.limit);
            Sale { unit: place, slot: place, price: market.price_on(place, price) }
        }));
    }
}
