//! Equilibria of games that are known, and the search against the definition.

use maxwell_core::auction::mechanism::MechanismKind;
use maxwell_core::units::{Microjoules, Ppm};
use maxwell_study::check::{NOTHING, temptation};
use maxwell_study::draw::{Family, Slots, Values};
use maxwell_study::dynamics::settle;
use maxwell_study::equilibria::{Ceiling, Equilibrium, each};
use maxwell_study::game::{Game, ratio};
use maxwell_study::house::House;
use maxwell_study::respond::Manner;
use maxwell_study::search::{climb, worst};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn game(values: &[i64], weights: &[u64], reserve: i64) -> Game {
    let values = values.iter().map(|value| Microjoules(*value)).collect();
    Game::new(values, weights.iter().map(|weight| Ppm(*weight)).collect(), Microjoules(reserve))
}

fn all(game: &Game, ceiling: Ceiling) -> Vec<Equilibrium> {
    let mut found = Vec::new();
    each(game, ceiling, &mut |equilibrium| found.push(equilibrium));
    found
}

fn worst_ratio(game: &Game) -> f64 {
    worst(game, Ceiling::Value).expect("it has an equilibrium").1
}

/// Who holds the second slot, of weight a, envies the first unless its price, at most the other's value, is 1 - a: so the
/// values 1 and 1 - a may stand in the wrong order, which costs a factor of 1 + a (1 - a), the most for a = 1/2.
#[test]
fn two_bidders_lose_a_quarter_at_most_and_at_a_half() {
    let tight = game(&[1_000_000, 500_000], &[1_000_000, 500_000], 1);
    assert!((worst_ratio(&tight) - 1.25).abs() < 1e-5, "{}", worst_ratio(&tight));
    assert_eq!(all(&tight, Ceiling::Value).len(), 2, "the right order and the wrong one");
    for weight in [300_000, 700_000] {
        let other = game(&[1_000_000, 1_000_000 - weight], &[1_000_000, weight as u64], 1);
        let share = weight as f64 / 1e6;
        assert!((worst_ratio(&other) - (1.0 + share * (1.0 - share))).abs() < 1e-5);
    }
    // A little less, and the wrong order does not hold.
    let beyond = game(&[1_000_000, 499_000], &[1_000_000, 500_000], 1);
    assert_eq!(all(&beyond, Ceiling::Value).len(), 1);
}

#[test]
fn three_bidders_come_close_to_the_bound_that_is_tight_for_them() {
    // Paes Leme and Tardos: 1.259 for three bidders.
    let bad = game(&[1_000_000, 530_913, 141_007], &[1_000_000, 546_089, 469_087], 1);
    let found = worst_ratio(&bad);
    assert!((1.2585..1.2595).contains(&found), "{found}");
}

#[test]
fn climbing_finds_the_tight_game_of_two_bidders_and_nothing_beyond_the_bound() {
    let mut dice = ChaCha8Rng::seed_from_u64(7);
    let best = (0..4).filter_map(|_| climb(2, 2, 3_000, &mut dice)).map(|bad| bad.ratio).fold(1.0, f64::max);
    assert!((1.249..1.250_01).contains(&best), "{best}");
    let best = (0..4).filter_map(|_| climb(4, 4, 1_000, &mut dice)).map(|bad| bad.ratio).fold(1.0, f64::max);
    assert!((1.2..1.282).contains(&best), "{best}");
}

#[test]
fn bids_above_the_value_lose_as_much_as_one_likes() {
    // Who values a quantum at a hundredth bids as much as the other values it at, and the other bids nothing.
    let careless = game(&[1_000_000, 10_000], &[1_000_000, 1_000], 1);
    let (_, found) = worst(&careless, Ceiling::Fixed(Microjoules(1_000_000))).expect("an equilibrium");
    assert!(found > 90.0, "{found}");
    assert!(worst_ratio(&careless) < 1.001);
}

#[test]
fn identical_slots_lose_nothing() {
    let same = game(&[900_000, 700_000, 400_000, 100_000], &[1_000_000, 1_000_000], 1);
    let found = all(&same, Ceiling::Value);
    assert!(!found.is_empty() && found.iter().all(|found| found.welfare == same.optimum()), "{found:?}");
}

#[test]
fn a_reserve_above_every_value_leaves_no_game() {
    let closed = game(&[900_000, 700_000], &[1_000_000], 1_000_000);
    assert_eq!((closed.bidders(), closed.optimum()), (0, Microjoules::ZERO));
    assert_eq!(all(&closed, Ceiling::Value), []);
}

/// Orders of all equilibria on a coarse grid, by the definition: every vector of bids, and for each bidder every other bid.
fn orders_by_brute_force(game: &Game, step: i64) -> Vec<Vec<usize>> {
    let top: Vec<i64> = game.values().iter().map(|value| value.0 / step).collect();
    let mut bids = vec![0; top.len()];
    let mut found: Vec<Vec<usize>> = Vec::new();
    loop {
        let ranked = ranking(&bids);
        let order = ranked[..game.weights().len().min(bids.len())].to_vec();
        let distinct = ranked.windows(2).all(|pair| bids[pair[0]] > bids[pair[1]]);
        if distinct && !found.contains(&order) && nobody_moves(game, &bids, step) {
            found.push(order);
        }
        let Some(next) = (0..bids.len()).find(|bidder| bids[*bidder] < top[*bidder]) else { return found };
        bids[next] += 1;
        bids[..next].fill(0);
    }
}

fn ranking(bids: &[i64]) -> Vec<usize> {
    let mut ranked: Vec<usize> = (0..bids.len()).collect();
    ranked.sort_by_key(|bidder| std::cmp::Reverse(bids[*bidder]));
    ranked
}

/// What the bidder gains under the textbook's rule, in µJ x ppm.
fn textbook_gain(game: &Game, bids: &[i64], bidder: usize, step: i64) -> i64 {
    let ranked = ranking(bids);
    let place = ranked.iter().position(|other| *other == bidder).expect("everybody is ranked");
    let next = ranked.get(place + 1).map_or(0, |other| bids[*other] * step);
    game.weights().get(place).map_or(0, |weight| weight.0 as i64 * (game.values()[bidder].0 - next.max(1)))
}

fn nobody_moves(game: &Game, bids: &[i64], step: i64) -> bool {
    (0..bids.len()).all(|bidder| {
        let now = textbook_gain(game, bids, bidder, step);
        (0..=game.values()[bidder].0 / step).all(|bid| {
            // Ties are left out: who would win them is a matter of time and not of the rule.
            let ties = (0..bids.len()).any(|rival| rival != bidder && bids[rival] == bid);
            let mut other = bids.to_vec();
            other[bidder] = bid;
            ties || textbook_gain(game, &other, bidder, step) <= now
        })
    })
}

#[test]
fn every_equilibrium_on_a_grid_of_bids_is_found() {
    // Fine enough that between any two bids of others a third fits where it matters.
    let step = 20_000;
    for (values, weights) in [
        (vec![1_000_000, 500_000], vec![1_000_000, 500_000]),
        (vec![1_000_000, 600_000, 300_000], vec![1_000_000, 600_000, 450_000]),
        (vec![1_000_000, 560_000, 160_000], vec![1_000_000, 560_000, 460_000]),
        (vec![800_000, 760_000, 700_000], vec![1_000_000, 300_000]),
    ] {
        let game = game(&values, &weights, 1);
        let exact: Vec<Vec<usize>> =
            all(&game, Ceiling::Value).into_iter().map(|found| found.order).collect();
        let on_grid = orders_by_brute_force(&game, step);
        assert!(!on_grid.is_empty(), "{game:?}");
        for order in &on_grid {
            assert!(exact.contains(order), "{order:?} of {game:?} was missed: {exact:?}");
        }
    }
}

#[test]
fn vcg_keeps_the_truth_at_rest_so_nothing_is_lost() {
    let mut dice = ChaCha8Rng::seed_from_u64(3);
    let mut house = House::of(MechanismKind::Vcg);
    for _ in 0..200 {
        let game =
            Family { values: Values::Pareto, slots: Slots::Random, reserve: true }.draw(6, 6, &mut dice);
        let places = game.bidders().min(game.weights().len());
        if places == 0 {
            continue;
        }
        let order: Vec<usize> = (0..places).collect();
        let bids = game.values()[..places].iter().copied().chain([game.reserve()]).collect();
        let truth = Equilibrium { welfare: game.welfare(&order), order, bids };
        assert_eq!(truth.welfare, game.optimum());
        assert!(temptation(&mut house, &game, &truth, Ceiling::Value) <= NOTHING, "{game:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nobody_gains_by_leaving_an_equilibrium_and_none_is_beyond_the_proved_bound(
        family in prop::sample::select(Family::all()), bidders in 2_usize..6, slots in 2_usize..6, seed in any::<u64>()
    ) {
        let game = family.draw(bidders, slots, &mut ChaCha8Rng::seed_from_u64(seed));
        let mut house = House::of(MechanismKind::Gsp);
        let found = all(&game, Ceiling::Value);
        prop_assert!(found.is_empty() == (game.bidders() == 0), "a game without an equilibrium: {game:?}");
        for equilibrium in found {
            prop_assert!(temptation(&mut house, &game, &equilibrium, Ceiling::Value) <= NOTHING);
            let found = ratio(game.optimum(), equilibrium.welfare);
            prop_assert!((1.0..=1.282).contains(&found), "{found}");
        }
    }

    #[test]
    fn where_bidders_come_to_rest_the_search_has_been(
        bidders in 2_usize..6, slots in 2_usize..6, seed in any::<u64>(), manner in prop::sample::select(Manner::ALL.to_vec())
    ) {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let family = Family { values: Values::Uniform, slots: Slots::Random, reserve: false };
        let game = family.draw(bidders, slots, &mut dice);
        if let Some(rest) = settle(&game, manner, &mut dice) {
            // They do not move for a thousandth, so theirs may be an order that only nearly is one.
            let worst = worst_ratio(&game);
            prop_assert!(ratio(game.optimum(), rest.welfare) <= worst + 0.01, "{rest:?} is worse than {worst}");
        }
    }
}
