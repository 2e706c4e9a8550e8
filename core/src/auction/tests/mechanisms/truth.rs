//! Where no bid is better than the true value, whatever the others bid.

use super::*;

/// Limits and weights whose products are whole microjoules, so that rounding neither helps nor hides anything.
const STEP: i64 = 1_000;

/// Bids of wallets one to three, of any number and kind.
fn others() -> impl Strategy<Value = Vec<Bid>> {
    let bid = (1..4_usize, 1..30_i64, 1..4_u16);
    prop::collection::vec(
        bid.prop_map(|(wallet, limit, slots)| Bid { wallet, limit: limit * STEP, slots }),
        0..7,
    )
}

/// What wallet zero may say: up to three orders of its cells.
fn lies() -> impl Strategy<Value = Vec<Bid>> {
    let bid = (1..35_i64, 1..5_u16);
    prop::collection::vec(bid.prop_map(|(limit, slots)| Bid { wallet: 0, limit: limit * STEP, slots }), 0..4)
}

fn unequal_weights() -> impl Strategy<Value = Vec<Ppm>> {
    prop::collection::vec(1..=10_u64, 0..6).prop_map(|mut tenths| {
        tenths.sort_unstable_by_key(|tenth| std::cmp::Reverse(*tenth));
        tenths.into_iter().map(|tenth| Ppm(tenth * 100_000)).collect()
    })
}

/// What wallet zero has of saying `own`, among others and in any order of arrival.
fn gain(kind: MechanismKind, rest: &Game, own: &[Bid], first: bool, value: i64, wanted: u16) -> i128 {
    let mut game = rest.clone();
    let place = if first { 0 } else { game.bids.len() };
    game.bids.splice(place..place, own.iter().copied());
    game.utility(kind, 0, value, usize::from(wanted))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn vcg_rewards_no_lie_of_a_bidder_of_any_number_of_slots(
        bids in others(), weights in unequal_weights(), reserve in 0..20_i64,
        value in 1..30_i64, wanted in 1..5_u16, lie in lies(), first in any::<bool>(),
    ) {
        let (rest, value) = (Game { bids, weights, reserve: reserve * STEP }, value * STEP);
        let gain = |own: &[Bid]| gain(MechanismKind::Vcg, &rest, own, first, value, wanted);
        let truth = gain(&[Bid { wallet: 0, limit: value, slots: wanted }]);
        prop_assert!(truth >= 0, "the truth never costs");
        prop_assert!(gain(&lie) <= truth, "{:?} gains {} and the truth {}", lie, gain(&lie), truth);
    }

    #[test]
    fn vcg_rewards_no_lie_of_several_cells_with_different_values(
        bids in others(), weights in unequal_weights(), reserve in 0..20_i64,
        values in prop::collection::vec(1..30_i64, 1..4), lie in lies(),
    ) {
        // Each further slot is worth less to the wallet; the best value goes with the heaviest slot that it has.
        let mut values: Vec<i64> = values.iter().map(|value| value * STEP).collect();
        values.sort_unstable_by_key(|value| -value);
        let utility = |own: Vec<Bid>| {
            let mut game = Game { bids: bids.clone(), weights: weights.clone(), reserve: reserve * STEP };
            game.bids.extend(own);
            let mine: Vec<Sold> = game.sell(MechanismKind::Vcg).into_iter().filter(|sold| sold.wallet == 0).collect();
            let worth: i64 = mine.iter().zip(&values).map(|(sold, value)| sold.weight * value).sum();
            let paid: i64 = mine.iter().map(|sold| sold.price).sum();
            worth - paid * 1_000_000
        };
        let truth = utility(values.iter().map(|value| bid(0, *value)).collect());
        prop_assert!(truth >= 0, "the truth never costs");
        prop_assert!(utility(lie) <= truth);
    }

    #[test]
    fn vickrey_rewards_no_lie_of_a_bidder_of_one_slot(
        bids in others(), slots in 0..6_usize, reserve in 0..20_i64,
        value in 1..30_i64, lie in 1..35_i64, first in any::<bool>(),
    ) {
        let (rest, value) = (Game { bids, weights: vec![Ppm::ONE; slots], reserve: reserve * STEP }, value * STEP);
        let gain = |own: &[Bid]| gain(MechanismKind::Vickrey, &rest, own, first, value, 1);
        let truth = gain(&[bid(0, value)]);
        prop_assert!(truth >= 0, "the truth never costs");
        prop_assert!(gain(&[bid(0, lie * STEP)]) <= truth);
        prop_assert!(gain(&[]) <= truth);
    }

    #[test]
    fn rounding_is_worth_less_than_a_microjoule_a_slot_under_vcg(
        game in games(), value in 1..1_000_i64, lie in 1..1_000_i64,
    ) {
        // Any weights and values, so that prices are rounded: what that could reward is bounded by the rounding itself.
        let mut rest = game;
        rest.bids.retain(|bid| bid.wallet != 0);
        let gain = |own: i64| gain(MechanismKind::Vcg, &rest, &[bid(0, own)], false, value, 1);
        prop_assert!(gain(value) > -1_000_000);
        prop_assert!(gain(lie) < gain(value) + 1_000_000);
    }
}

#[test]
fn vickrey_rewards_who_asks_for_fewer_slots_than_it_wants() {
    // Worth 10 each: for two slots it pays the best loser, 9, twice; for one, nobody loses and it pays the reserve.
    let said = |slots| Game::new(&[Bid { wallet: 0, limit: 10, slots }, bid(1, 9)], &[100, 100], 1);
    let gain = |kind, slots| said(slots).utility(kind, 0, 10, 2) / 1_000_000;
    assert_eq!((gain(MechanismKind::Vickrey, 2), gain(MechanismKind::Vickrey, 1)), (2, 9));
    // Under VCG the second slot costs what it takes from the other, and the first what it takes from nobody.
    assert_eq!((gain(MechanismKind::Vcg, 2), gain(MechanismKind::Vcg, 1)), (10, 9));
}

#[test]
fn gsp_rewards_who_shades_its_bid() {
    // Edelman, Ostrovsky and Schwarz: worth 1,000 with 400 and 200 against it; the lighter slot for 200 beats the heavier for 400.
    let said = |own| Game::new(&[bid(0, own), bid(1, 400), bid(2, 200)], &[100, 99], 0);
    let gain = |kind, own| said(own).utility(kind, 0, 1_000, 1) / 1_000_000;
    assert_eq!((gain(MechanismKind::Gsp, 1_000), gain(MechanismKind::Gsp, 300)), (600, 792));
    assert_eq!((gain(MechanismKind::Vcg, 1_000), gain(MechanismKind::Vcg, 300)), (798, 792));
}
