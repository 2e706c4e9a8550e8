//! Bidding in the last moment before the tick, when every other order is known.

use anyhow::{Context, ensure};
use maxwell_core::auction::book::grid::Level;
use maxwell_core::tick::CellId;
use maxwell_core::units::Microjoules;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Finding, Floor, Player, Verdict};

const TICKS: u64 = 2_000;

pub(super) fn play(seed: u64) -> anyhow::Result<Finding> {
    let (honest, honest_quanta) = earned(seed, false)?;
    let (sniper, quanta) = earned(seed, true)?;
    ensure!(sniper <= honest, "sniping earns {sniper}, a standing order {honest}");
    Ok(Finding {
        adversary: "snipes: sees all orders, tops the best by one step of the price in the last moment before the tick",
        verdict: Verdict::Prevented,
        measured: format!(
            "{quanta} quanta and {:.1} % of the utility of a true standing order, which wins {honest_quanta}",
            100.0 * sniper.as_joules() / honest.as_joules()
        ),
    })
}

/// Utility and quanta of a bidder to whom a quantum is worth 3, against two rivals who bid anew in every tick. One that `waits` bids
/// when they have.
fn earned(seed: u64, waits: bool) -> anyhow::Result<(Microjoules, u64)> {
    let mut floor = Floor::open(1)?;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let value = floor.price(30);
    let sniper = floor.seat(Player::bidding(value))?;
    let rivals = (0..2).map(|_| floor.seat(Player::bidding(floor.base())));
    let rivals: Vec<CellId> = rivals.collect::<anyhow::Result<_>>()?;
    for _ in 0..TICKS {
        let mut best = floor.base();
        for rival in &rivals {
            let limit = Microjoules(random.random_range(floor.base().0..=floor.price(40).0));
            floor.order(*rival, limit, 1)?;
            best = best.max(limit);
        }
        if waits {
            // The next price of the grid: a microjoule more would be rounded down to the rival's own.
            let limit = Level::at_least(best + Microjoules(1)).context("there is a higher price")?.price();
            floor.order(sniper, limit, u16::from(limit <= value))?;
        }
        floor.tick()?;
    }
    Ok((floor.utility(sniper, value), floor.bill(sniper).quanta_granted))
}
