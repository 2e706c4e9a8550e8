//! Changing orders as often as possible, so that the node is kept busy.

use anyhow::ensure;
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

/// All slots but one are won by cells that change their orders as often as they can without being ended. The tick is safe, and so is
/// the CPU of who only computes. But all share one queue: who waits for an answer waits for the flood as well.
pub(super) fn busy() -> anyhow::Result<Finding> {
    let only_computes = |flooders| Ok::<_, anyhow::Error>(beside(flooders, None)?.quanta);
    let work = ClaimWork { cpu_per_range: Nanoseconds::from_millis(2), answer: true_answer };
    let (calm, flooded) = (beside(0, Some(work))?, beside(SLOTS - 1, Some(work))?);
    let most = flooded.events_max;
    ensure!(most <= EVENTS_PER_TICK_MAX, "{most} events between two ticks");
    ensure!(only_computes(SLOTS - 1)? == only_computes(0)?, "the flood takes CPU from who does not ask");
    ensure!(flooded.paid > 0, "nobody else is served");
    Ok(Finding {
        adversary: "floods: 31 cells try 10,000 changes of order in each quantum",
        verdict: Verdict::PreventedInPart,
        measured: format!(
            "at most {most} of their 310,000 are handled between two ticks (bound {EVENTS_PER_TICK_MAX}), and a cell beside them that only computes loses nothing; but the queue is common, and one that leases and claims has {} quanta instead of {} and is paid {} times instead of {}",
            flooded.quanta, calm.quanta, flooded.paid, calm.paid
        ),
    })
}

/// What a cell had of its run.
struct Share {
    quanta: u64,
    paid: usize,
    /// The most events that were handled between two ticks.
    events_max: usize,
}

/// What a cell has beside so many flooders.
fn beside(flooders: u16, claims: Option<ClaimWork>) -> anyhow::Result<Share> {
    let mut floor = Floor::open(SLOTS)?;
    floor.post_bounty(floor.base())?;
    let behaviour = Behaviour { claims, ..Behaviour::default() };
    let cell = floor.seat(Player { behaviour, ..Player::bidding(floor.price(30)) })?;
    for _ in 0..flooders {
        floor.seat(flooder(&floor, REFUSALS_PER_QUANTUM_MAX))?;
    }
    let mut events_max = 0;
    for _ in 0..TICKS {
        events_max = floor.tick()?.max(events_max);
    }
    let paid = floor.told().paid.iter().filter(|(payee, _)| *payee == cell).count();
    Ok(Share { quanta: floor.bill(cell).quanta_granted, paid, events_max })
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
    let storm = Some(Flood { changes, limit });
    Player { behaviour: Behaviour { flood: storm, ..Behaviour::default() }, ..Player::bidding(limit) }
}
