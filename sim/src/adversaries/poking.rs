//! Raising the price that a rival pays.

use anyhow::ensure;
use maxwell_core::auction::book::grid::Level;
use maxwell_core::population::lifecycle::Reason;
use maxwell_core::units::Microjoules;

use super::floor::WARM;
use super::{Finding, Floor, Player, Verdict};

const TICKS: u64 = 1_000;

/// A loser bids just under the winner: the second price is what it makes of it, and losing costs nothing.
pub(super) fn play() -> anyhow::Result<Finding> {
    let mut floor = Floor::open(1)?;
    let limit = floor.price(40);
    let winner = floor.seat(Player::bidding(limit))?;
    let poker = floor.seat(Player::bidding(Level::at_most(limit - Microjoules(1)).price()))?;
    floor.walk(TICKS)?;
    let bill = floor.bill(winner);
    let price = floor.in_base(bill.quanta) / bill.quanta_granted as f64;
    let cost = floor.in_base(floor.bill(poker).quanta);
    ensure!(price > 3.9, "the documentation says that a losing bid sets the price: {price}");
    Ok(Finding {
        adversary: "pokes: bids one step of the price less than a rival, to make it pay its whole limit",
        verdict: Verdict::NotPrevented,
        measured: format!(
            "the rival pays {price:.2} a quantum instead of 1; the poker pays {cost:.2} in all, but must have the money, and runs at that price when the rival leaves"
        ),
    })
}

/// The same by one who has no money for it.
pub(super) fn without_money() -> anyhow::Result<Finding> {
    let mut floor = Floor::open(1)?;
    let limit = floor.price(40);
    let winner = floor.seat(Player::bidding(limit))?;
    // What must be set aside, and one quantum at the base price.
    let money = floor.base().times(51);
    let poker =
        floor.seat(Player { money, ..Player::bidding(Level::at_most(limit - Microjoules(1)).price()) })?;
    floor.walk(TICKS)?;
    let bill = floor.bill(winner);
    let price = floor.in_base(bill.quanta) / bill.quanta_granted as f64;
    ensure!((price - 1.0).abs() < 0.001, "an order without money sets the price: {price}");
    let Some((Reason::Insolvent, at)) = floor.end(poker) else { anyhow::bail!("the poker lives") };
    Ok(Finding {
        adversary: "pokes with an order that its money does not cover",
        verdict: Verdict::Prevented,
        measured: format!(
            "the rival pays {price:.2}; the poker is ended as insolvent {:.2} s after its start",
            at.since(WARM).as_seconds()
        ),
    })
}
