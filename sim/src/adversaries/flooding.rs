//! Changing orders as often as possible, so that the node is kept busy.

use anyhow::ensure;
use maxwell_core::ledger::Totals;
use maxwell_core::limits::{EVENTS_PER_TICK_MAX, REFUSALS_PER_QUANTUM_MAX, REQUESTS_PER_QUANTUM_MAX};
use maxwell_core::population::lifecycle::Reason;
use maxwell_core::tick::CellId;
use maxwell_core::units::Nanoseconds;
use maxwell_hypervisor::simulated::{Behaviour, ClaimWork, Flood};

use super::floor::WARM;
use super::{Finding, Floor, Player, Verdict};
use crate::actor::true_answer;

const TICKS: u64 = 500;
const SLOTS: u16 = 32;

/// All slots but one are won by cells that change their orders as often as they can without being ended. The CPU of the worker
/// beside them is safe, and so is the tick; but all share one queue, and its claims are told "busy" like their orders.
pub(super) fn busy() -> anyhow::Result<Finding> {
    let (paid_alone, _, alone) = beside(0)?;
    let (paid, most, bill) = beside(SLOTS - 1)?;
    ensure!(most <= EVENTS_PER_TICK_MAX, "{most} events between two ticks");
    ensure!(
        bill.quanta_granted == alone.quanta_granted,
        "the worker was granted {} quanta",
        bill.quanta_granted
    );
    ensure!(paid > 0 && paid <= paid_alone, "{paid} claims were paid, {paid_alone} without the flood");
    Ok(Finding {
        adversary: "floods: 31 cells try 10,000 changes of order in each quantum",
        verdict: Verdict::PreventedInPart,
        measured: format!(
            "at most {most} of their 310,000 are handled between two ticks (bound {EVENTS_PER_TICK_MAX}); a worker beside them has its {} quanta as before, but the full queue is busy for it too: {paid} claims paid instead of {paid_alone}",
            bill.quanta_granted
        ),
    })
}

/// Claims paid to a worker beside so many flooders, the most events between two ticks, and the worker's bill.
fn beside(flooders: u16) -> anyhow::Result<(usize, usize, Totals)> {
    let mut floor = Floor::open(SLOTS)?;
    floor.post_bounty(floor.base())?;
    let claims = Some(ClaimWork { cpu_per_range: Nanoseconds::from_millis(2), answer: true_answer });
    let behaviour = Behaviour { claims, ..Behaviour::default() };
    let worker = floor.seat(Player { behaviour, ..Player::bidding(floor.price(30)) })?;
    for _ in 0..flooders {
        floor.seat(flooder(&floor, REFUSALS_PER_QUANTUM_MAX))?;
    }
    let mut most = 0;
    for _ in 0..TICKS {
        most = floor.tick()?.max(most);
    }
    let paid = floor.told().paid.iter().filter(|(cell, _)| *cell == worker).count();
    Ok((paid, most, floor.bill(worker)))
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
