//! One who can pay any price.

use anyhow::ensure;

use super::{Finding, Floor, Player, Verdict};

const TICKS: u64 = 1_000;

pub(super) fn play() -> anyhow::Result<Finding> {
    let mut floor = Floor::open(2)?;
    let whale = floor.seat(Player { slots: 2, ..Player::bidding(floor.price(10_000)) })?;
    let poor = floor.seat(Player::bidding(floor.price(30)))?;
    floor.walk(TICKS)?;
    let bill = floor.bill(whale);
    let price = floor.in_base(bill.quanta) / bill.quanta_granted as f64;
    let losers = floor.bill(poor).quanta_granted;
    ensure!((price - 3.0).abs() < 0.01, "it pays {price} and not what the best loser bids");
    ensure!(losers <= 2 && floor.end(poor).is_none(), "the poor one had {losers} quanta, or is dead");
    Ok(Finding {
        adversary: "a whale bids 1,000 base prices for every slot",
        verdict: Verdict::Priced,
        measured: format!(
            "it has {} of {} quanta, as designed, at {price:.2}, the bid of its best rival, which it does not set; the rival has {losers}, waits and pays only its rent",
            bill.quanta_granted,
            2 * TICKS
        ),
    })
}
