//! Welfare and externalities, against a search over all assignments.

use super::*;

/// The most that any assignment of the units to the slots is worth, the seller's reserve for what it keeps included, in
/// millionths of a microjoule: by trying every one.
fn best_welfare(limits: &[i64], weights: &[Ppm], reserve: i64) -> i128 {
    let Some((weight, rest)) = weights.split_first() else { return 0 };
    let worth = |limit: i64| i128::from(weight.0) * i128::from(limit);
    let kept = worth(reserve) + best_welfare(limits, rest, reserve);
    let sold = (0..limits.len()).map(|chosen| {
        let mut others = limits.to_vec();
        let limit = others.swap_remove(chosen);
        worth(limit) + best_welfare(&others, rest, reserve)
    });
    sold.max().unwrap_or(kept).max(kept)
}

/// Few units and slots, so that all assignments can be tried.
fn small_games() -> impl Strategy<Value = Game> {
    (bids(0..4), weights(0..5), 0..600_i64).prop_map(|(bids, weights, reserve)| {
        let mut game = Game { bids, weights, reserve };
        while game.units().len() > 6 {
            game.bids.pop();
        }
        game
    })
}

/// Limits of the units of these wallets.
fn limits_of(game: &Game, counts: impl Fn(usize) -> bool) -> Vec<i64> {
    let units = game.units();
    units.iter().filter(|unit| counts(unit.wallet.0 as usize)).map(|unit| unit.limit.0).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn no_assignment_is_worth_more_at_the_bids(game in small_games()) {
        for kind in [MechanismKind::Vickrey, MechanismKind::Gsp, MechanismKind::Vcg] {
            let game = fitted(&game, kind);
            let sold = game.sell(kind);
            let worth: i128 = sold.iter().map(|sold| i128::from(sold.weight) * i128::from(sold.limit)).sum();
            let all: i128 = game.weights.iter().map(|weight| i128::from(weight.0)).sum();
            let given: i128 = sold.iter().map(|sold| i128::from(sold.weight)).sum();
            let welfare = worth + (all - given) * i128::from(game.reserve);
            prop_assert_eq!(welfare, best_welfare(&limits_of(&game, |_| true), &game.weights, game.reserve), "{}", kind);
        }
    }

    #[test]
    fn vcg_charges_a_wallet_what_the_others_lose_by_it(game in small_games()) {
        let sold = game.sell(MechanismKind::Vcg);
        for wallet in 0..4 {
            let mine: Vec<&Sold> = sold.iter().filter(|sold| sold.wallet == wallet).collect();
            let without = best_welfare(&limits_of(&game, |other| other != wallet), &game.weights, game.reserve);
            let all = best_welfare(&limits_of(&game, |_| true), &game.weights, game.reserve);
            let own: i128 = mine.iter().map(|sold| i128::from(sold.weight) * i128::from(sold.limit)).sum();
            let externality = without - (all - own);
            let paid = i128::from(mine.iter().map(|sold| sold.price).sum::<i64>()) * 1_000_000;
            let rounding = mine.len() as i128 * 1_000_000;
            prop_assert!(
                paid >= externality && (paid == externality || paid < externality + rounding),
                "wallet {} pays {} for {}", wallet, paid, externality
            );
        }
    }

    #[test]
    fn with_one_slot_each_vcg_is_the_formula_of_the_textbooks(
        limits in prop::collection::vec(limits(), 0..8), weights in weights(0..7), reserve in 0..600_i64,
    ) {
        // Edelman, Ostrovsky and Schwarz (2007): payments from the last place up, each the next one's plus what is lost by moving down.
        let bids: Vec<Bid> = limits.iter().enumerate().map(|(wallet, limit)| bid(wallet, *limit)).collect();
        let game = Game { bids, weights, reserve };
        let units = game.units();
        let weight = |place: usize| i128::from(game.weights.get(place).map_or(0, |weight| weight.0));
        let mut payment = 0;
        let mut payments = Vec::new();
        for place in (0..game.weights.len()).rev() {
            let next = units.get(place + 1).map_or(game.reserve, |unit| unit.limit.0);
            payment += (weight(place) - weight(place + 1)) * i128::from(next);
            payments.push((payment + 999_999) / 1_000_000);
        }
        payments.reverse();
        payments.truncate(units.len());
        let prices: Vec<i128> = game.sell(MechanismKind::Vcg).iter().map(|sold| i128::from(sold.price)).collect();
        prop_assert_eq!(prices, payments);
    }

    #[test]
    fn with_one_slot_each_and_slots_alike_vickrey_gsp_at_the_last_place_and_vcg_agree(
        limits in prop::collection::vec(limits(), 0..8), slots in 0..7_usize, reserve in 0..600_i64,
    ) {
        let bids: Vec<Bid> = limits.iter().enumerate().map(|(wallet, limit)| bid(wallet, *limit)).collect();
        let game = Game { bids, weights: vec![Ppm::ONE; slots], reserve };
        prop_assert_eq!(game.sell(MechanismKind::Vickrey), game.sell(MechanismKind::Vcg));
        let last = |kind| game.sell(kind).pop();
        prop_assert_eq!(last(MechanismKind::Vickrey), last(MechanismKind::Gsp));
    }

    #[test]
    fn at_the_same_bids_gsp_is_never_cheaper_than_vcg_and_first_price_never_than_gsp(game in games()) {
        let prices = |kind| game.sell(kind).iter().map(|sold| sold.price).collect::<Vec<_>>();
        let (vcg, gsp, first) =
            (prices(MechanismKind::Vcg), prices(MechanismKind::Gsp), prices(MechanismKind::FirstPrice));
        prop_assert!(vcg.iter().zip(&gsp).all(|(vcg, gsp)| vcg <= gsp), "{:?} {:?}", vcg, gsp);
        prop_assert!(gsp.iter().zip(&first).all(|(gsp, first)| gsp <= first), "{:?} {:?}", gsp, first);
    }
}
