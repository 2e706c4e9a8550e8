//! At rest: equilibria of the generalised second-price rule over families of random games, and the worst games that can be
//! found.

use maxwell_api::market::{GameRow, RestRow, WorstGame};
use maxwell_core::auction::mechanism::MechanismKind;
use rand::{Rng, RngExt};

use crate::check::{NOTHING, temptation};
use crate::draw::{Family, Slots, Values, dice};
use crate::dynamics::{INDIFFERENCE, settle};
use crate::equilibria::{Ceiling, Equilibrium, each};
use crate::game::{Game, ratio};
use crate::house::House;
use crate::parallel::{self, Progress};
use crate::quantiles::{finite, quantiles};
use crate::respond::Manner;
use crate::search::{Bad, climb, worst};
use crate::{Plan, UNEQUAL};

/// Bidders and slots of games whose every equilibrium is found.
const SMALL: std::ops::RangeInclusive<usize> = 2..=8;
/// Bidders of larger games, in which bidders have to find equilibria.
const LARGE_BIDDERS: std::ops::RangeInclusive<usize> = 9..=32;
/// Slots of larger games.
const LARGE_SLOTS: std::ops::RangeInclusive<usize> = 4..=24;
/// One larger game for so many small ones.
const SMALL_PER_LARGE: usize = 10;
/// Random starts in each game.
const STARTS: usize = 8;
/// Equilibria of a game that are checked by the core's rule, the first ones; the worst and the best are always.
const CHECKED: usize = 32;
/// Games up to this size are searched with bids above the value as well, which keeps nearly no order of bidders out.
const OVERBIDDERS_MAX: usize = 5;

/// Name of games whose every equilibrium was found.
pub(crate) const EVERY: &str = "every";
/// Name of games whose equilibria are those that bidders reach.
const REACHED: &str = "reached";

/// What was found in one game.
#[derive(Clone, Debug)]
struct Found {
    row: GameRow,
    /// Ratio of every equilibrium.
    ratios: Vec<f64>,
    /// Ratio of every equilibrium that bidders reached.
    reached: Vec<f64>,
}

/// All games of all families, and the table of them: families with unequal values taken together first.
pub(crate) fn games(plan: &Plan, progress: Progress<'_>) -> (Vec<RestRow>, Vec<GameRow>) {
    let families = Family::all();
    let large = plan.games.div_ceil(SMALL_PER_LARGE);
    let per_family = plan.games + large;
    let all = parallel::each("games at rest", families.len() * per_family, progress, |index| {
        let (family, game) = (families[index / per_family], index % per_family);
        let mut dice = dice(plan.seed, 1, index);
        if game < plan.games {
            small(family, game, &mut dice)
        } else {
            reached_alone(family, game, &mut dice)
        }
    });
    let mut rows = Vec::new();
    for slots in Slots::ALL {
        for (reserve, search) in [(false, EVERY), (false, REACHED), (true, EVERY), (true, REACHED)] {
            let is_one = |row: &GameRow| {
                (row.slots.as_str(), row.reserve, row.search.as_str()) == (slots.name(), reserve, search)
                    && row.values != Values::Equal.name()
            };
            let together: Vec<&Found> = all.iter().filter(|found| is_one(&found.row)).collect();
            rows.push(RestRow { values: UNEQUAL.to_owned(), ..table_row(&together) });
        }
    }
    for of_family in all.chunks(per_family) {
        let found: Vec<&Found> = of_family.iter().collect();
        let (small, large) = found.split_at(plan.games);
        rows.extend([small, large].map(table_row));
    }
    (rows, all.into_iter().map(|found| found.row).collect())
}

fn small(family: Family, number: usize, dice: &mut impl Rng) -> Found {
    let (bidders, slots) = (dice.random_range(SMALL), dice.random_range(SMALL));
    let game = family.draw(bidders, slots, dice);
    let mut house = House::of(MechanismKind::Gsp);
    let mut found =
        Found { row: blank(family, EVERY, number, &game), ratios: Vec::new(), reached: Vec::new() };
    let (mut first, mut worst_of_all, mut best_of_all) = (Vec::new(), None, None);
    each(&game, Ceiling::Value, &mut |equilibrium| {
        found.ratios.push(ratio(game.optimum(), equilibrium.welfare));
        keep(&mut worst_of_all, &equilibrium, |new, old| new.welfare < old.welfare);
        keep(&mut best_of_all, &equilibrium, |new, old| new.welfare > old.welfare);
        if first.len() < CHECKED {
            first.push(equilibrium);
        }
    });
    for equilibrium in first.iter().chain(&worst_of_all).chain(&best_of_all) {
        let tempted = temptation(&mut house, &game, equilibrium, Ceiling::Value);
        found.row.temptation_uj = found.row.temptation_uj.max(tempted.0);
    }
    found.row.equilibria = found.ratios.len();
    if game.bidders() <= OVERBIDDERS_MAX {
        let highest = Ceiling::Fixed(game.values()[0]);
        found.row.overbidding_worst = worst(&game, highest).and_then(|(_, ratio)| finite(ratio));
    }
    answer_each_other(&game, &mut found, &mut house, dice);
    complete(&game, found)
}

/// A game too large to look at every order of its bidders: its equilibria are those that bidders reach.
fn reached_alone(family: Family, number: usize, dice: &mut impl Rng) -> Found {
    let (bidders, slots) = (dice.random_range(LARGE_BIDDERS), dice.random_range(LARGE_SLOTS));
    let game = family.draw(bidders, slots, dice);
    let mut house = House::of(MechanismKind::Gsp);
    let row = blank(family, REACHED, number, &game);
    let mut found = Found { row, ratios: Vec::new(), reached: Vec::new() };
    answer_each_other(&game, &mut found, &mut house, dice);
    found.ratios.clone_from(&found.reached);
    found.row.equilibria = found.ratios.len();
    complete(&game, found)
}

fn blank(family: Family, search: &str, number: usize, game: &Game) -> GameRow {
    GameRow {
        values: family.values.name().to_owned(),
        slots: family.slots.name().to_owned(),
        reserve: family.reserve,
        search: search.to_owned(),
        game: number,
        bidders: game.bidders(),
        slots_for_sale: game.weights().len(),
        equilibria: 0,
        best: None,
        worst: None,
        worst_with_lost_trade: None,
        starts: 0,
        reached: 0,
        reached_worst: None,
        overbidding_worst: None,
        temptation_uj: 0,
    }
}

fn keep(
    kept: &mut Option<Equilibrium>,
    new: &Equilibrium,
    better: impl Fn(&Equilibrium, &Equilibrium) -> bool,
) {
    if kept.as_ref().is_none_or(|old| better(new, old)) {
        *kept = Some(new.clone());
    }
}

/// Lets bidders of every manner answer each other from random starts.
fn answer_each_other(game: &Game, found: &mut Found, house: &mut House, dice: &mut impl Rng) {
    if game.bidders() == 0 {
        return;
    }
    for manner in Manner::ALL.into_iter().cycle().take(STARTS) {
        found.row.starts += 1;
        let Some(equilibrium) = settle(game, manner, dice) else { continue };
        let tempted = temptation(house, game, &equilibrium, Ceiling::Value);
        let nothing = INDIFFERENCE * game.values()[0].0 as f64 + NOTHING.0 as f64;
        assert!(
            tempted.0 as f64 <= nothing,
            "{game:?} is not at rest: {tempted:?} to be had in {equilibrium:?}"
        );
        found.row.reached += 1;
        found.reached.push(ratio(game.optimum(), equilibrium.welfare));
    }
    found.row.reached_worst = found.reached.iter().copied().reduce(f64::max).and_then(finite);
}

fn complete(game: &Game, mut found: Found) -> Found {
    let worst = found.ratios.iter().copied().reduce(f64::max);
    found.row.best = found.ratios.iter().copied().reduce(f64::min).and_then(finite);
    found.row.worst = worst.and_then(finite);
    let lost = ratio(game.optimum_without_reserve(), game.optimum());
    found.row.worst_with_lost_trade = worst.map(|worst| worst * lost).and_then(finite);
    found
}

fn table_row(games: &[&Found]) -> RestRow {
    let first = &games[0].row;
    let traded: Vec<&Found> = games.iter().copied().filter(|game| game.row.bidders > 0).collect();
    let rows = || traded.iter().map(|game| &game.row);
    let (starts, reached) =
        rows().fold((0, 0), |(starts, reached), row| (starts + row.starts, reached + row.reached));
    RestRow {
        values: first.values.clone(),
        slots: first.slots.clone(),
        reserve: first.reserve,
        search: first.search.clone(),
        games: traded.len(),
        without: rows().filter(|row| row.equilibria == 0).count(),
        equilibria: rows().map(|row| row.equilibria).sum(),
        temptation_uj: rows().map(|row| row.temptation_uj).max().unwrap_or(0),
        ratio: quantiles(traded.iter().flat_map(|game| game.ratios.iter().copied())),
        worst: quantiles(rows().filter_map(|row| row.worst)),
        with_lost_trade: quantiles(rows().filter_map(|row| row.worst_with_lost_trade)),
        reached_share: if starts == 0 { 0.0 } else { reached as f64 / starts as f64 },
        reached: quantiles(traded.iter().flat_map(|game| game.reached.iter().copied())),
        overbidding: quantiles(rows().filter_map(|row| row.overbidding_worst)),
    }
}

/// Climbs to bad games of two bidders and more, with as many slots.
pub(crate) fn worst_games(plan: &Plan, progress: Progress<'_>) -> Vec<WorstGame> {
    let sizes: Vec<usize> = (2..=plan.climbers_max).collect();
    let climbs = parallel::each("search for bad games", sizes.len() * plan.climbs, progress, |index| {
        let bidders = sizes[index / plan.climbs];
        climb(bidders, bidders, plan.climb_steps, &mut dice(plan.seed, 2, index))
    });
    let of_size = |(bidders, found): (&usize, &[Option<Bad>])| {
        let mut found: Vec<&Bad> = found.iter().flatten().collect();
        found.sort_by(|one, other| one.ratio.total_cmp(&other.ratio));
        let median_ratio = found.get(found.len() / 2)?.ratio;
        let Bad { game, equilibrium, ratio } = found.last()?;
        let mut house = House::of(MechanismKind::Gsp);
        Some(WorstGame {
            bidders: *bidders,
            climbs: plan.climbs,
            steps: plan.climb_steps,
            ratio: *ratio,
            median_ratio,
            values_uj: game.values().iter().map(|value| value.0).collect(),
            weights_ppm: game.weights().iter().map(|weight| weight.0).collect(),
            order: equilibrium.order.clone(),
            bids_uj: equilibrium.bids.iter().map(|bid| bid.0).collect(),
            temptation_uj: temptation(&mut house, game, equilibrium, Ceiling::Value).0,
        })
    };
    sizes.iter().zip(climbs.chunks(plan.climbs)).filter_map(of_size).collect()
}
