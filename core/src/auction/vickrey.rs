//! The default rule: identical slots, and winners pay the best losing bid of somebody else.

use super::{Mechanism, Unit};
use crate::units::Microjoules;

/// Each winner pays the highest losing unit of *another wallet*, or the reserve if that is more. For bidders that want one
/// slot each this is the (k+1)th-price auction: it equals VCG, and bidding the true value is the best answer to any
/// bids of the others. For more slots per bidder, budgets and repetition that proof does not hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vickrey;

impl Mechanism for Vickrey {
    fn name(&self) -> &'static str {
        "vickrey"
    }

    fn prices(&self, reserve: Microjoules, units: &[Unit], won: usize, prices: &mut Vec<Microjoules>) {
        let (winners, losers) = units.split_at(won);
        prices.extend(winners.iter().map(|winner| {
            let best_rival = losers.iter().find(|loser| loser.wallet != winner.wallet);
            best_rival.map_or(reserve, |rival| rival.limit.max(reserve))
        }));
    }
}
