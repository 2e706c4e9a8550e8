//! What each rule of the market promises, written down once more from its description and without regard to cost.
//!
//! Who is in an auction is known from outside but for one thing: whether a wallet covers its order at that moment. A rich one does
//! for sure, another one possibly. No price falls when one more unit loses, so each lies between what it would be if only the sure
//! losers were there, and what it would be if all possible ones were.

use maxwell_core::auction::mechanism::MechanismKind;
use maxwell_core::tick::{AccountId, CellId};
use maxwell_core::units::{Microjoules, Ppm};

use super::{Verdict, must};

/// A slot that somebody wants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    pub(super) cell: CellId,
    pub(super) wallet: AccountId,
    pub(super) limit: Microjoules,
}

/// A slot that somebody won.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sold {
    pub(super) unit: Unit,
    pub(super) weight: Ppm,
    pub(super) price: Microjoules,
    pub(super) contested: bool,
}

/// One auction, as it looks from outside.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) mechanism: MechanismKind,
    pub(super) reserve: Microjoules,
    /// Of the slots for sale, heaviest first.
    pub(super) weights: Vec<Ppm>,
    /// In the order in which the winners were served.
    pub(super) sold: Vec<Sold>,
    /// Units that lost for sure, best first.
    pub(super) sure: Vec<Unit>,
    /// These and all that may have lost, best first.
    pub(super) possible: Vec<Unit>,
}

impl Outcome {
    /// Checks that the rule was kept.
    pub(super) fn check(&self) -> Verdict {
        let Self { mechanism, weights, sold, sure, possible, .. } = self;
        for (winner, weight) in sold.iter().zip(weights) {
            must!(winner.weight == *weight, "{winner:?} while the best slot left has weight {}", weight.0);
        }
        let is_full = sold.len() == weights.len();
        must!(is_full || sure.is_empty(), "a slot is not sold while {:?} waits", sure[0]);
        if !matches!(mechanism, MechanismKind::ProportionalShare | MechanismKind::Karma) {
            self.best_win()?;
        }
        for (place, winner) in sold.iter().enumerate() {
            let is_rival = |unit: &&Unit| unit.wallet != winner.unit.wallet;
            let (waits, may_wait) =
                (sure.iter().find(is_rival).is_some(), possible.iter().find(is_rival).is_some());
            must!(waits <= winner.contested && winner.contested <= may_wait, "{winner:?}: {sure:?} lost");
            let (least, most) = (self.due(place, sure), self.due(place, possible));
            must!(
                least <= winner.price && winner.price <= most,
                "under {mechanism} {least} to {most} are due for {winner:?}"
            );
        }
        Ok(())
    }

    /// Winners are served best first, and nobody who bid more has lost.
    fn best_win(&self) -> Verdict {
        for pair in self.sold.windows(2) {
            must!(pair[0].unit.limit >= pair[1].unit.limit, "{:?} is served before {:?}", pair[0], pair[1]);
        }
        let (last, best) = (self.sold.last().map(|sold| sold.unit), self.sure.first());
        if let (Some(last), Some(best)) = (last, best) {
            must!(last.limit >= best.limit, "{last:?} won, while {best:?} lost");
        }
        Ok(())
    }

    /// What the winner at `place` owes if these are the losers.
    fn due(&self, place: usize, losers: &[Unit]) -> Microjoules {
        let Sold { unit, weight, .. } = self.sold[place];
        let on_slot = |price: Microjoules| rounded_up(i128::from(weight.0) * i128::from(price.0), 1_000_000);
        let is_rival = |other: &&Unit| other.wallet != unit.wallet;
        let winners_behind = self.sold[place + 1..].iter().map(|sold| &sold.unit);
        match self.mechanism {
            MechanismKind::Vickrey => {
                on_slot(losers.iter().find(is_rival).map_or(self.reserve, |rival| rival.limit))
            }
            MechanismKind::Gsp => {
                let next = winners_behind.chain(losers).find(is_rival);
                on_slot(next.map_or(self.reserve, |rival| rival.limit))
            }
            MechanismKind::Vcg => {
                let others: Vec<Microjoules> =
                    winners_behind.chain(losers).filter(is_rival).map(|rival| rival.limit).collect();
                let with = self.welfare(&others, place + 1);
                rounded_up(self.welfare(&others, place) - with, 1_000_000)
            }
            MechanismKind::FirstPrice => on_slot(unit.limit),
            MechanismKind::ProportionalShare => on_slot(self.shared_price(losers).min(unit.limit)),
            MechanismKind::Karma => on_slot(self.reserve),
        }
    }

    /// What the slots from `first` on are worth to these bidders, best first, and to the seller behind them; in millionths.
    fn welfare(&self, bidders: &[Microjoules], first: usize) -> i128 {
        let bids = bidders.iter().copied().chain(std::iter::repeat(self.reserve));
        let slots = self.weights.iter().skip(first);
        slots.zip(bids).map(|(weight, bid)| i128::from(weight.0) * i128::from(bid.0)).sum()
    }

    /// All bids over all slots, and at least the reserve.
    fn shared_price(&self, losers: &[Unit]) -> Microjoules {
        let winners = self.sold.iter().map(|sold| &sold.unit);
        let bids: i128 = winners.chain(losers).map(|unit| i128::from(unit.limit.0)).sum();
        let slots: i128 = self.weights.iter().map(|weight| i128::from(weight.0)).sum();
        rounded_up(bids * 1_000_000, slots).max(self.reserve)
    }
}

fn rounded_up(amount: i128, parts: i128) -> Microjoules {
    Microjoules(i64::try_from((amount + parts - 1).div_euclid(parts)).unwrap_or(i64::MAX))
}
