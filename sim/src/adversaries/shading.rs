//! Bidding less than the quantum is worth, to pay less.

use anyhow::ensure;
use maxwell_core::tick::CellId;
use maxwell_core::units::Microjoules;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Finding, Floor, Player, Verdict};

const TICKS: u64 = 2_000;

/// What a quantum is worth to the one who shades, in tenths of the base price.
const VALUE: u64 = 30;

/// One slot and three rivals who bid anew in every tick. Under the second price the truth earns the most.
pub(super) fn one_slot(seed: u64) -> anyhow::Result<Finding> {
    let truth = earned(seed, 100)?;
    let mut figures = Vec::new();
    for percent in [125, 90, 75, 50] {
        let earned = earned(seed, percent)?;
        ensure!(earned <= truth, "{percent} % of the value earns {earned}, the truth {truth}");
        figures.push(format!("{percent} %: {:.1} %", 100.0 * earned.as_joules() / truth.as_joules()));
    }
    Ok(Finding {
        adversary: "shades the bid for one slot",
        verdict: Verdict::Prevented,
        measured: format!(
            "bids of so many per cent of the value, and their utility by that of the true bid: {}",
            figures.join(", ")
        ),
    })
}

/// Utility of bidding `percent` of the value.
fn earned(seed: u64, percent: u64) -> anyhow::Result<Microjoules> {
    let mut floor = Floor::open(1)?;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let value = floor.price(VALUE);
    let shader = floor.seat(Player::bidding(value.share(percent, 100)))?;
    let rivals = (0..3).map(|_| floor.seat(Player::bidding(floor.base())));
    let rivals: Vec<CellId> = rivals.collect::<anyhow::Result<_>>()?;
    for _ in 0..TICKS {
        for rival in &rivals {
            let limit = Microjoules(random.random_range(floor.base().0..=floor.price(40).0));
            floor.order(*rival, limit, 1)?;
        }
        floor.tick()?;
    }
    Ok(floor.utility(shader, value))
}

/// Two slots, both worth 4 to one bidder; a rival wants one of them for 3. Asking for one slot less leaves the price at the reserve.
pub(super) fn several_slots() -> anyhow::Result<Finding> {
    let earned = |slots: u16| {
        let mut floor = Floor::open(2)?;
        let (value, rival) = (floor.price(40), floor.price(30));
        let bidder = floor.seat(Player { slots: 2, ..Player::bidding(value) })?;
        floor.order(bidder, value, slots)?;
        floor.seat(Player::bidding(rival))?;
        floor.walk(TICKS)?;
        anyhow::Ok(floor.utility(bidder, value))
    };
    let (honest, reduced) = (earned(2)?, earned(1)?);
    ensure!(reduced > honest, "the documentation says that demand reduction gains: {reduced}, {honest}");
    let gain = 100.0 * (reduced.as_joules() / honest.as_joules() - 1.0);
    Ok(Finding {
        adversary: "asks for fewer slots than it wants (demand reduction)",
        verdict: Verdict::NotPrevented,
        measured: format!(
            "two slots worth 4, a rival bids 3 for one: asking for one earns {gain:.0} % more than asking for both"
        ),
    })
}
