//! Who wins and what is paid, against rules that are read out naively.

use super::*;

/// Every winner's price by the words of the rule, in millionths of a microjoule and not rounded.
fn exact_prices(game: &Game, kind: MechanismKind) -> Vec<i128> {
    let units = game.units();
    let won = units.len().min(game.weights.len());
    let best_of_others = |among: &[Unit], wallet: AccountId| {
        let others = among.iter().filter(|unit| unit.wallet != wallet).map(|unit| unit.limit.0);
        others.max().unwrap_or(0).max(game.reserve)
    };
    let price_of = |place: usize| {
        let (unit, weight) = (units[place], i128::from(game.weights[place].0));
        match kind {
            MechanismKind::Vickrey => weight * i128::from(best_of_others(&units[won..], unit.wallet)),
            MechanismKind::Gsp => weight * i128::from(best_of_others(&units[place + 1..], unit.wallet)),
            MechanismKind::FirstPrice => weight * i128::from(unit.limit.0),
            other => panic!("{other} is told by other tests"),
        }
    };
    (0..won).map(price_of).collect()
}

fn rounded_up(parts: i128) -> i64 {
    i64::try_from(parts / 1_000_000 + i128::from(parts % 1_000_000 > 0)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_best_bids_win_the_heaviest_slots(game in games()) {
        for kind in BEST_WINS {
            let game = fitted(&game, kind);
            let sold = game.sell(kind);
            let best: Vec<(usize, i64)> =
                game.units().iter().zip(&game.weights).map(|(unit, weight)| (unit.cell.0 as usize, weight.0 as i64)).collect();
            prop_assert_eq!(sold.iter().map(|sold| (sold.cell, sold.weight)).collect::<Vec<_>>(), best, "{}", kind);
        }
    }

    #[test]
    fn prices_are_what_the_words_of_the_rule_say(game in games()) {
        for kind in [MechanismKind::Vickrey, MechanismKind::Gsp, MechanismKind::FirstPrice] {
            let game = fitted(&game, kind);
            let expected: Vec<i64> = exact_prices(&game, kind).into_iter().map(rounded_up).collect();
            let prices: Vec<i64> = game.sell(kind).iter().map(|sold| sold.price).collect();
            prop_assert_eq!(prices, expected, "{}", kind);
        }
    }

    #[test]
    fn as_many_are_served_as_there_are_slots_and_units(game in games()) {
        // That prices keep to reserve and limit, and that nothing is sold twice, is asserted in `sell`.
        for kind in MechanismKind::ALL {
            let game = fitted(&game, kind);
            prop_assert_eq!(game.sell(kind).len(), game.units().len().min(game.weights.len()), "{}", kind);
        }
    }

    #[test]
    fn nobody_sets_a_price_for_itself(game in games()) {
        for kind in [MechanismKind::Vickrey, MechanismKind::Gsp, MechanismKind::Vcg, MechanismKind::Karma] {
            let mut game = fitted(&game, kind);
            game.bids.iter_mut().for_each(|bid| bid.wallet = 0);
            for sold in game.sell(kind) {
                let reserve = Ppm(sold.weight as u64).of_rounded_up(Microjoules(game.reserve));
                prop_assert_eq!(sold.price, reserve.0, "{}: one bidder alone pays the reserve", kind);
            }
        }
    }

    #[test]
    fn a_rule_needs_no_more_rivals_than_it_asks_for(game in games()) {
        for kind in BEST_WINS {
            let game = fitted(&game, kind);
            let (units, won) = (game.units(), game.units().len().min(game.weights.len()));
            let rivals = kind.make().rivals(game.weights.len());
            // The worst that the contract allows: of every wallet's rivals the first few, and nothing else.
            let is_needed = |index: usize| {
                let sees = |winner: &Unit| {
                    let before = units[won..index].iter().filter(|loser| loser.wallet != winner.wallet);
                    units[index].wallet != winner.wallet && before.count() < rivals
                };
                index < won || units[..won].iter().any(sees)
            };
            let seen: Vec<Unit> = (0..units.len()).filter(|index| is_needed(*index)).map(|index| units[index]).collect();
            prop_assert_eq!(game.sell_to(&seen, kind), game.sell(kind), "{}", kind);
        }
    }

    #[test]
    fn the_price_is_shared_by_all_under_proportional_share(game in games()) {
        let units = game.units();
        let bids: i128 = units.iter().map(|unit| i128::from(unit.limit.0)).sum();
        let capacity: i128 = game.weights.iter().map(|weight| i128::from(weight.0)).sum();
        for sold in game.sell(MechanismKind::ProportionalShare) {
            let (limit, reserve) = (i128::from(sold.limit), i128::from(game.reserve));
            // Rounded once to the price of weight one, and once more on the slot.
            let of_weight_one = (bids * 1_000_000 + capacity - 1) / capacity;
            let exact = of_weight_one.max(reserve).min(limit) * i128::from(sold.weight);
            prop_assert_eq!(sold.price, rounded_up(exact));
        }
    }
}

#[test]
fn amounts_at_the_border_of_64_bits_are_sold_without_overflow() {
    for kind in BEST_WINS {
        let game =
            Game::new(&[bid(0, i64::MAX), bid(1, i64::MAX), bid(2, i64::MAX - 1)], &[100, 100], i64::MAX - 1);
        let prices: Vec<i64> = game.sell(kind).iter().map(|sold| sold.price).collect();
        assert!(prices.iter().all(|price| *price >= i64::MAX - 1), "{kind}: {prices:?}");
    }
}

#[test]
fn a_price_on_a_small_slot_is_rounded_up_to_a_whole_microjoule() {
    let mut game = Game::new(&[bid(0, 3), bid(1, 3)], &[], 1);
    game.weights = vec![Ppm(1)];
    for kind in MechanismKind::ALL {
        assert_eq!(game.sell(kind)[0].price, 1, "{kind}");
    }
}
