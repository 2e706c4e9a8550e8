//! Changing orders as often as possible, so that the node is kept busy.

use anyhow::ensure;
use maxwell_core::limits::{EVENTS_PER_TICK_MAX, REFUSALS_PER_QUANTUM_MAX, REQUESTS_PER_QUANTUM_MAX};
use maxwell_core::population::lifecycle::Reason;
use maxwell_core::tick::CellId;
use maxwell_hypervisor::simulated::{Behaviour, Flood};

use super::floor::WARM;
use super::{Finding, Floor, Player, Verdict};

const TICKS: u64 = 500;
const SLOTS: u16 = 32;

/// All slots but one are won by cells that change their orders as often as they can without being ended.
pub(super) fn busy() -> anyhow::Result<Finding> {
    let mut floor = Floor::open(SLOTS)?;
    let worker = floor.seat(Player::bidding(floor.price(30)))?;
    for _ in 1..SLOTS {
        floor.seat(flooder(&floor, REFUSALS_PER_QUANTUM_MAX))?;
    }
    let (mut most, mut all) = (0, 0);
    for _ in 0..TICKS {
        let handled = floor.tick()?;
        (most, all) = (most.max(handled), all + handled);
    }
    let bill = floor.bill(worker);
    ensure!(most <= EVENTS_PER_TICK_MAX, "{most} events between two ticks");
    // It enters the market with the first judgement, and the last window is not billed.
    ensure!(bill.quanta_granted + 2 >= TICKS, "the worker was granted {} quanta", bill.quanta_granted);
    Ok(Finding {
        adversary: "floods: 31 cells try 10,000 changes of order in each quantum",
        verdict: Verdict::Prevented,
        measured: format!(
            "{} of 310,000 are taken a tick, at most {most} (bound {EVENTS_PER_TICK_MAX}); the worker beside them has {} of {TICKS} quanta",
            all as u64 / TICKS,
            bill.quanta_granted
        ),
    })
}

/// A cell that goes on after the last refusal that it may have is ended.
pub(super) fn refused() -> anyhow::Result<Finding> {
    let mut floor = Floor::open(1)?;
    let cell: CellId =
        floor.seat(flooder(&floor, REQUESTS_PER_QUANTUM_MAX + REFUSALS_PER_QUANTUM_MAX + 1))?;
    floor.walk(10)?;
    let Some((reason, at)) = floor.end(cell) else { anyhow::bail!("the flooder lives") };
    ensure!(reason == Reason::Limit, "it ended as {reason:?}");
    Ok(Finding {
        adversary: "floods on after 10,000 refusals in one quantum",
        verdict: Verdict::Prevented,
        measured: format!("ended with reason `limit` {} ms after its start", at.since(WARM).0 / 1_000_000),
    })
}

fn flooder(floor: &Floor, changes: u32) -> Player {
    let limit = floor.price(20);
    let flood = Some(Flood { changes, limit });
    Player { behaviour: Behaviour { flood, ..Behaviour::default() }, ..Player::bidding(limit) }
}
