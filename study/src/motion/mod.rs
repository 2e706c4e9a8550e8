//! In motion: the generalised second-price rule while the die heats and cools, reserve and supply follow it, bidders come and
//! go, and each answers a book that is already past.
//!
//! Welfare is counted in every tick: what the quanta are worth to those who run, over what they would be worth to the best
//! who are there. Two questions are asked of the same run. *Given the offer*, the best are those whose value is at or above the
//! reserve of this tick, on the slots for sale: a slot that stays unsold because nobody bids high enough, though somebody values it
//! highly enough, is a loss. With *lost trade*, the best are the highest values on the slots for sale whatever the reserve.
//! Slots that heat forbids are no loss of the market's in either.

mod crowd;
mod machine;

use maxwell_api::market::MotionRow;
use maxwell_core::auction::mechanism::MechanismKind;
use maxwell_core::units::Microjoules;

use crate::Plan;
use crate::draw::{Slots, Values, dice};
use crate::game::{ratio, worth};
use crate::house::House;
use crate::parallel::{self, Progress};
use crate::quantiles::quantiles;
use crate::respond::Manner;
use crowd::Crowd;
use machine::{Machine, SLOTS, base};

/// Time constants of the die in seconds: thin mobile, desktop, workstation, large server package; none for a machine
/// whose reserve and supply stand still.
pub(crate) const TAUS_S: [Option<f64>; 5] = [None, Some(0.3), Some(1.0), Some(2.0), Some(3.5)];
/// Ages of the book that bidders answer to, in ticks: 10 ms and 100 ms.
const DELAYS: [usize; 2] = [1, 10];
/// Manner of rows that take all together.
pub(crate) const ALL: &str = "all";
/// Ticks in a second.
const SECOND: usize = 100;
/// Seconds at the start that are not counted: the machine is cold, and nobody is there yet.
const WARM_UP_S: usize = 20;

/// What differs between runs.
#[derive(Clone, Copy, Debug)]
struct Case {
    tau_s: Option<f64>,
    manner: Manner,
    delay: usize,
}

/// What became of one run.
#[derive(Clone, Debug)]
struct Run {
    case: Case,
    /// Ratio of each tick in which something could be sold.
    ticks: Vec<f32>,
    /// Ratio of each second.
    seconds: Vec<f64>,
    whole: Sums,
    multiplier_sum: f64,
    multiplier_max: f64,
    multipliers: usize,
}

/// Welfare, added up.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    reached: Microjoules,
    given_the_offer: Microjoules,
    without_reserve: Microjoules,
}

impl Sums {
    fn add(&mut self, other: Self) {
        self.reached += other.reached;
        self.given_the_offer += other.given_the_offer;
        self.without_reserve += other.without_reserve;
    }
}

/// All runs, and the table of them: a line for each time constant, and one for each manner and delay in it.
pub(crate) fn runs(plan: &Plan, progress: Progress<'_>) -> Vec<MotionRow> {
    let cases: Vec<Case> = TAUS_S
        .iter()
        .flat_map(|tau_s| Manner::ALL.map(|manner| (*tau_s, manner)))
        .flat_map(|(tau_s, manner)| DELAYS.map(|delay| Case { tau_s, manner, delay }))
        .collect();
    let all = parallel::each("games in motion", cases.len() * plan.runs, progress, |index| {
        run(plan, cases[index / plan.runs], index % plan.runs)
    });
    let mut rows = Vec::new();
    for of_tau in all.chunks(Manner::ALL.len() * DELAYS.len() * plan.runs) {
        rows.push(MotionRow { manner: ALL.to_owned(), delay_ticks: None, ..row(of_tau) });
        rows.extend(of_tau.chunks(plan.runs).map(row));
    }
    rows
}

/// One run. The same number has the same crowd, whatever the case: cases differ in nothing else.
fn run(plan: &Plan, case: Case, number: usize) -> Run {
    let mut dice = dice(plan.seed, 3, number);
    // Equal values would lose nothing however they are served.
    let values = [Values::Uniform, Values::Exponential, Values::Pareto][number % 3];
    let weights = Slots::ALL[number % Slots::ALL.len()].draw(usize::from(SLOTS), &mut dice);
    let mut crowd = Crowd::new(values, case.manner, weights, case.delay, dice);
    let mut machine = Machine::new(case.tau_s);
    let mut house = House::of(MechanismKind::Gsp);
    let mut standing = Vec::new();
    let mut second = Sums::default();
    let mut run = Run {
        case,
        ticks: Vec::new(),
        seconds: Vec::new(),
        whole: Sums::default(),
        multiplier_sum: 0.0,
        multiplier_max: 0.0,
        multipliers: 0,
    };
    for tick in 0..(WARM_UP_S + plan.run_seconds) * SECOND {
        let offer = machine.offer();
        crowd.bid(&mut standing);
        let wins = house.sell(crowd.weights(offer), offer.reserve, &standing);
        let values: Vec<Microjoules> = crowd.worth().collect();
        let reached = wins.iter().map(|win| worth(values[win.bid], win.weight)).sum();
        machine.run(wins.len());
        if tick >= WARM_UP_S * SECOND {
            let sums = best(values, &crowd, offer, reached);
            run.count(sums, offer.reserve);
            second.add(sums);
            if (tick + 1).is_multiple_of(SECOND) {
                run.seconds.push(ratio(second.given_the_offer, second.reached));
                second = Sums::default();
            }
        }
        crowd.remember(offer);
    }
    run
}

/// What could have been reached in a tick.
fn best(mut values: Vec<Microjoules>, crowd: &Crowd, offer: machine::Offer, reached: Microjoules) -> Sums {
    values.sort_unstable_by(|one, other| other.cmp(one));
    let pairs =
        || values.iter().zip(crowd.weights(offer)).map(|(value, weight)| (*value, worth(*value, *weight)));
    let given_the_offer = pairs().filter(|(value, _)| *value >= offer.reserve).map(|(_, worth)| worth).sum();
    Sums { reached, given_the_offer, without_reserve: pairs().map(|(_, worth)| worth).sum() }
}

impl Run {
    fn count(&mut self, sums: Sums, reserve: Microjoules) {
        self.whole.add(sums);
        if sums.given_the_offer > Microjoules::ZERO {
            self.ticks.push(ratio(sums.given_the_offer, sums.reached) as f32);
        }
        let multiplier = reserve.0 as f64 / base().0 as f64;
        self.multiplier_sum += multiplier;
        self.multiplier_max = self.multiplier_max.max(multiplier);
        self.multipliers += 1;
    }
}

fn row(runs: &[Run]) -> MotionRow {
    let Case { tau_s, manner, delay } = runs[0].case;
    let multipliers: usize = runs.iter().map(|run| run.multipliers).sum();
    MotionRow {
        tau_s,
        manner: manner.name().to_owned(),
        delay_ticks: Some(delay),
        runs: runs.len(),
        ticks: runs.iter().map(|run| run.ticks.len()).sum(),
        tick: quantiles(runs.iter().flat_map(|run| run.ticks.iter().copied().map(f64::from))),
        second: quantiles(runs.iter().flat_map(|run| run.seconds.iter().copied())),
        run: quantiles(runs.iter().map(|run| ratio(run.whole.given_the_offer, run.whole.reached))),
        run_with_lost_trade: quantiles(
            runs.iter().map(|run| ratio(run.whole.without_reserve, run.whole.reached)),
        ),
        multiplier_mean: runs.iter().map(|run| run.multiplier_sum).sum::<f64>() / multipliers as f64,
        multiplier_max: runs.iter().map(|run| run.multiplier_max).fold(0.0, f64::max),
    }
}
