//! Winning slots and not using them, so that others do not get them.

use anyhow::ensure;
use maxwell_hypervisor::simulated::Behaviour;

use super::{Finding, Floor, Player, Verdict};

const TICKS: u64 = 1_000;

pub(super) fn play() -> anyhow::Result<Finding> {
    let paid = |somebody_waits: bool| {
        let mut floor = Floor::open(1)?;
        let behaviour = Behaviour { utilisation: 0.01, ..Behaviour::default() };
        let blocker = floor.seat(Player { behaviour, ..Player::bidding(floor.price(120)) })?;
        if somebody_waits {
            floor.seat(Player::bidding(floor.price(40)))?;
        }
        floor.walk(TICKS)?;
        let bill = floor.bill(blocker);
        anyhow::Ok(floor.in_base(bill.quanta) / bill.quanta_granted as f64)
    };
    let (contested, alone) = (paid(true)?, paid(false)?);
    ensure!(
        (contested - 4.0).abs() < 0.02,
        "a blocked quantum costs the price that it keeps from others: {contested}"
    );
    ensure!((alone - 0.01).abs() < 0.001, "nobody waits, so it pays what it uses: {alone}");
    Ok(Finding {
        adversary: "wins and uses 1 % of its quanta",
        verdict: Verdict::Priced,
        measured: format!(
            "while a bid of 4 waits it pays {contested:.2} a quantum, all that the slot would have brought; alone it pays {alone:.2} of a price of 1"
        ),
    })
}
