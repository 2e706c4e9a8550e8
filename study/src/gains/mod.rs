//! Where the proofs end: what a bidder gains by not bidding the truth, under every rule of price.
//!
//! One bidder thinks; all others bid what a quantum is worth to them, unless a trick says otherwise. Gains are in percent of the
//! most welfare that the game could have, so that games of different size count alike.

mod scene;
mod tricks;

use maxwell_api::market::GainRow;
use maxwell_core::auction::mechanism::MechanismKind;
use maxwell_core::units::Microjoules;

use crate::Plan;
use crate::check::NOTHING;
use crate::draw::dice;
use crate::house::House;
use crate::parallel::{self, Progress};
use crate::quantiles::quantiles;
use scene::{Kind, Scene};
use tricks::{Trick, Tried};

/// Rules that are compared, and whether slots are alike; `vickrey` sells no others.
const RULES: [(MechanismKind, Kind); 7] = [
    (MechanismKind::Vickrey, Kind::Identical),
    (MechanismKind::Gsp, Kind::Identical),
    (MechanismKind::Vcg, Kind::Identical),
    (MechanismKind::FirstPrice, Kind::Identical),
    (MechanismKind::Gsp, Kind::Hybrid),
    (MechanismKind::Vcg, Kind::Hybrid),
    (MechanismKind::FirstPrice, Kind::Hybrid),
];

/// Every trick under every rule.
pub(crate) fn table(plan: &Plan, progress: Progress<'_>) -> Vec<GainRow> {
    let cases: Vec<_> = tricks::ALL.iter().flat_map(|trick| RULES.map(|rule| (*trick, rule))).collect();
    let row = |index: usize| {
        let ((name, trick), (rule, kind)): ((&str, Trick), _) = cases[index];
        let tried: Vec<(bool, f64)> =
            (0..plan.tries).map(|game| once(plan.seed, trick, rule, kind, game)).collect();
        let gaining = tried.iter().filter(|(gains, _)| *gains).count();
        let percents = || tried.iter().map(|(_, percent)| *percent);
        GainRow {
            trick: name.to_owned(),
            mechanism: rule.name().to_owned(),
            slots: if kind == Kind::Identical { "identical" } else { "hybrid" }.to_owned(),
            games: tried.len(),
            share: gaining as f64 / tried.len() as f64,
            mean_percent: percents().sum::<f64>() / tried.len() as f64,
            mean_where_it_pays_percent: percents().map(|percent| percent.max(0.0)).sum::<f64>()
                / tried.len() as f64,
            gain_percent: quantiles(percents()),
        }
    };
    parallel::each("what tricks gain", cases.len(), progress, row)
}

/// One game, the same one under every rule: whether the trick gains anything, and how much in percent of the welfare.
fn once(seed: u64, trick: Trick, rule: MechanismKind, kind: Kind, game: usize) -> (bool, f64) {
    let mut dice = dice(seed, 4, game);
    let scene = Scene::draw(kind, &mut dice);
    let Tried { gain, optimum, ticks } = trick(&mut House::of(rule), &scene, &mut dice);
    let all = optimum.times(ticks);
    let percent = if all == Microjoules::ZERO { 0.0 } else { 100.0 * gain.0 as f64 / all.0 as f64 };
    // Rounding, once in every tick, is no gain.
    (gain > NOTHING.times(ticks), percent)
}
