//! The rules of price, each alone: markets are made here without book and ledger, so that every rule is seen with what it asks
//! for and with nothing else.

mod configured;
mod examples;
mod outcomes;
mod sharing;
mod splitting;
mod truth;
mod welfare;

use proptest::prelude::*;

use super::*;
use crate::auction::mechanism::MechanismKind;
use crate::limits::PRICE_MAX;

/// Rules in which the best bids win, on the heaviest slots.
pub(super) const BEST_WINS: [MechanismKind; 4] =
    [MechanismKind::Vickrey, MechanismKind::Gsp, MechanismKind::Vcg, MechanismKind::FirstPrice];

/// One slot sold, with everything that a test asks of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sold {
    pub(super) cell: usize,
    pub(super) wallet: usize,
    pub(super) limit: i64,
    pub(super) weight: i64,
    pub(super) price: i64,
}

/// Bids and the slots that they are for, in one tick. The bids are cells zero, one and so on, in the order in which they came.
#[derive(Clone, Debug)]
pub(super) struct Game {
    pub(super) bids: Vec<Bid>,
    /// Heaviest first.
    pub(super) weights: Vec<Ppm>,
    pub(super) reserve: i64,
}

impl Game {
    pub(super) fn new(bids: &[Bid], weights_percent: &[u64], reserve: i64) -> Self {
        let weights = weights_percent.iter().map(|percent| Ppm(percent * 10_000)).collect();
        Self { bids: bids.to_vec(), weights, reserve }
    }

    /// Units at or above the reserve, best first.
    pub(super) fn units(&self) -> Vec<Unit> {
        let mut bids: Vec<(usize, Bid)> = self.bids.iter().copied().enumerate().collect();
        bids.retain(|(_, bid)| bid.limit >= self.reserve);
        bids.sort_by_key(|(cell, bid)| (-bid.limit, *cell));
        let unit = |(cell, bid): (usize, Bid)| {
            let unit = Unit {
                cell: CellId(cell as u32),
                wallet: AccountId(bid.wallet as u32),
                limit: Microjoules(bid.limit),
            };
            std::iter::repeat_n(unit, usize::from(bid.slots))
        };
        bids.into_iter().flat_map(unit).collect()
    }

    /// What a rule that remembers nothing sells.
    pub(super) fn sell(&self, kind: MechanismKind) -> Vec<Sold> {
        self.sell_to(&self.units(), kind)
    }

    fn sell_to(&self, units: &[Unit], kind: MechanismKind) -> Vec<Sold> {
        sell(
            &mut *kind.make(),
            &Market { tick: 0, reserve: Microjoules(self.reserve), weights: &self.weights, units },
        )
    }

    /// What a wallet that values each of `wanted` slots at `value` has of what was sold, in millionths of a microjoule:
    /// its best slots' worth less what it pays.
    pub(super) fn utility(&self, kind: MechanismKind, wallet: usize, value: i64, wanted: usize) -> i128 {
        let mine: Vec<Sold> = self.sell(kind).into_iter().filter(|sold| sold.wallet == wallet).collect();
        let used: i64 = mine.iter().take(wanted).map(|sold| sold.weight).sum();
        let paid: i64 = mine.iter().map(|sold| sold.price).sum();
        i128::from(used) * i128::from(value) - i128::from(paid) * 1_000_000
    }
}

/// What a rule sells, with the promises that every rule gives.
pub(super) fn sell(mechanism: &mut dyn Mechanism, market: &Market<'_>) -> Vec<Sold> {
    let mut sales = Vec::with_capacity(market.weights.len());
    mechanism.clear(market, &mut sales);
    check_sales(market, &sales);
    let distinct: std::collections::BTreeSet<usize> = sales.iter().map(|sale| sale.unit).collect();
    assert_eq!(distinct.len(), sales.len(), "a unit is sold twice: {sales:?}");
    let sold = |sale: &Sale| {
        let unit = market.units[sale.unit];
        Sold {
            cell: unit.cell.0 as usize,
            wallet: unit.wallet.0 as usize,
            limit: unit.limit.0,
            weight: market.weights[sale.slot].0 as i64,
            price: sale.price.0,
        }
    };
    sales.iter().map(sold).collect()
}

/// Limits: small, with many ties; and the extremes.
fn limits() -> impl Strategy<Value = i64> {
    prop_oneof![
        6 => (1..20_i64).prop_map(|step| step * 50),
        2 => 1..4_i64,
        1 => (0..3_i64).prop_map(|less| PRICE_MAX.0 - less),
    ]
}

fn weights(slots: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Ppm>> {
    let weight = prop_oneof![
        3 => Just(1_000_000_u64),
        3 => (1..10_u64).prop_map(|tenth| tenth * 100_000),
        1 => 1..1_000_000_u64,
        1 => Just(1),
    ];
    prop::collection::vec(weight, slots).prop_map(|mut weights| {
        weights.sort_by_key(|weight| std::cmp::Reverse(*weight));
        weights.into_iter().map(Ppm).collect()
    })
}

/// Bids of few wallets, with several cells and units of each.
fn bids(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Bid>> {
    let bid =
        (0..4_usize, limits(), 1..4_u16).prop_map(|(wallet, limit, slots)| Bid { wallet, limit, slots });
    prop::collection::vec(bid, count)
}

/// Any game; for `vickrey` with slots that are alike.
pub(super) fn games() -> impl Strategy<Value = Game> {
    let reserve = prop_oneof![4 => (0..20_i64).prop_map(|step| step * 40), 1 => Just(PRICE_MAX.0)];
    (bids(0..8), weights(0..7), reserve).prop_map(|(bids, weights, reserve)| Game { bids, weights, reserve })
}

/// The same game with slots that are alike, if the rule knows only such.
pub(super) fn fitted(game: &Game, kind: MechanismKind) -> Game {
    let mut game = game.clone();
    if !kind.knows_weights() {
        game.weights.fill(Ppm::ONE);
    }
    game
}
