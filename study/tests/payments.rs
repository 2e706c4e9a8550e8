//! The core's rules against the formulas of the textbooks, for bidders who want one slot each.

use maxwell_core::auction::mechanism::MechanismKind;
use maxwell_core::units::{Microjoules, Ppm};
use maxwell_study::house::{Bid, House};
use proptest::prelude::*;

/// Bids and weights, the highest first, and a reserve that all bids reach.
fn markets() -> impl Strategy<Value = (Vec<i64>, Vec<u64>, i64)> {
    let bids = prop::collection::vec(1_000_i64..2_000_000, 1..8);
    let weights = prop::collection::vec(1_000_u64..=1_000_000, 1..6);
    (bids, weights, 1_i64..1_000).prop_map(|(mut bids, mut weights, reserve)| {
        bids.sort_unstable_by(|one, other| other.cmp(one));
        weights.sort_unstable_by(|one, other| other.cmp(one));
        (bids, weights, reserve)
    })
}

/// Payments of the winners, best first.
fn paid(rule: MechanismKind, bids: &[i64], weights: &[u64], reserve: i64) -> Vec<f64> {
    let own: Vec<Bid> =
        bids.iter().zip(0..).map(|(limit, wallet)| Bid { wallet, limit: Microjoules(*limit) }).collect();
    let weights: Vec<Ppm> = weights.iter().map(|weight| Ppm(*weight)).collect();
    let mut house = House::of(rule);
    let mut wins = house.sell(&weights, Microjoules(reserve), &own).to_vec();
    wins.sort_by_key(|win| win.bid);
    wins.iter().map(|win| win.price.0 as f64).collect()
}

/// Whether they are the same, but for rounding up to whole microjoules.
fn same(found: &[f64], exact: &[f64]) -> bool {
    let is_rounded_up = |(found, exact): (&f64, &f64)| (-1e-6..1.0 + 1e-6).contains(&(found - exact));
    found.len() == exact.len() && found.iter().zip(exact).all(is_rounded_up)
}

proptest! {
    #[test]
    fn everybody_pays_what_the_textbook_says((bids, weights, reserve) in markets()) {
        let winners = bids.len().min(weights.len());
        let share = |place: usize| weights.get(place).map_or(0.0, |weight| *weight as f64 / 1e6);
        let bid = |place: usize| *bids.get(place).unwrap_or(&reserve) as f64;

        let gsp: Vec<f64> = (0..winners).map(|place| share(place) * bid(place + 1)).collect();
        prop_assert!(same(&paid(MechanismKind::Gsp, &bids, &weights, reserve), &gsp), "gsp {gsp:?}");

        // The others' welfare without me, less their welfare with me; the seller values what it keeps at the reserve.
        let welfare = |bids: &[f64]| -> f64 {
            (0..weights.len()).map(|place| share(place) * bids.get(place).unwrap_or(&(reserve as f64))).sum()
        };
        let vcg: Vec<f64> = (0..winners).map(|place| {
            let all: Vec<f64> = (0..bids.len()).map(bid).collect();
            let mut others = all.clone();
            others.remove(place);
            welfare(&others) - (welfare(&all) - share(place) * bid(place))
        }).collect();
        prop_assert!(same(&paid(MechanismKind::Vcg, &bids, &weights, reserve), &vcg), "vcg {vcg:?}");

        let first: Vec<f64> = (0..winners).map(|place| share(place) * bid(place)).collect();
        prop_assert!(same(&paid(MechanismKind::FirstPrice, &bids, &weights, reserve), &first), "first-price {first:?}");

        let identical = vec![1_000_000; weights.len()];
        let vickrey = vec![bid(weights.len()); winners];
        prop_assert!(same(&paid(MechanismKind::Vickrey, &bids, &identical, reserve), &vickrey), "vickrey {vickrey:?}");
    }

    #[test]
    fn who_is_below_the_reserve_wins_nothing((bids, weights, _) in markets(), reserve in 1_000_i64..2_000_000) {
        let above = bids.iter().filter(|bid| **bid >= reserve).count();
        let won = paid(MechanismKind::Gsp, &bids, &weights, reserve).len();
        prop_assert_eq!(won, above.min(weights.len()));
    }
}
