//! Claiming what one has not done, or not alone, or twice.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use anyhow::ensure;
use maxwell_core::bounty::claim::{Answer, Which};
use maxwell_core::event::Request;
use maxwell_core::limits::LEASES_PER_CELL_MAX;
use maxwell_core::tick::CellId;
use maxwell_core::units::{Microjoules, Nanoseconds};
use maxwell_hypervisor::simulated::{Behaviour, ClaimWork};

use super::floor::Twist;
use super::{Finding, Floor, Player, Verdict};
use crate::actor::{false_answer, true_answer};

const TICKS: u64 = 500;

/// Ranges that a cell can have leased and not claimed.
const LEASES_AHEAD: usize = 2 * LEASES_PER_CELL_MAX;

/// Claims of a worker that are still on their way or held at the end: five a tick for an audit window, and some more.
const HELD_MAX: usize = 100;

/// The ranges on which a cell has made claims.
type Claimed = Arc<Mutex<BTreeSet<u64>>>;

/// A range and what was found in it.
type Found = (u64, Answer);

/// Passes requests on as `twist` says, and notes on which ranges there are claims.
fn noting(claimed: &Claimed, twist: impl Fn(Found) -> Vec<Found> + Send + 'static) -> Twist {
    let claimed = claimed.clone();
    let claim = |(key, answer)| Request::Claim { which: Which::Primes, key, answer };
    Box::new(move |request| match request {
        Request::Claim { key, answer, .. } => {
            claimed.lock().expect("no other player panicked").insert(key);
            twist((key, answer)).into_iter().map(claim).collect()
        }
        other => vec![other],
    })
}

fn worker(floor: &Floor, answer: fn(u64) -> Answer) -> Player {
    let claims = Some(ClaimWork { cpu_per_range: Nanoseconds::from_millis(2), answer });
    Player { behaviour: Behaviour { claims, ..Behaviour::default() }, ..Player::bidding(floor.price(20)) }
}

/// Payments to a cell and refusals of its claims.
fn outcome(floor: &Floor, cell: CellId) -> (usize, u64) {
    let told = floor.told();
    let paid = told.paid.iter().filter(|(paid, _)| *paid == cell).count();
    (paid, told.refused.get(&cell).copied().unwrap_or_default())
}

/// Every true claim is made twice.
pub(super) fn twice() -> anyhow::Result<Finding> {
    let mut floor = Floor::open(1)?;
    floor.post_bounty(floor.base())?;
    let claimed = Claimed::default();
    let cell =
        floor.seat_twisted(worker(&floor, true_answer), noting(&claimed, |claim| vec![claim, claim]))?;
    floor.walk(TICKS)?;
    let ranges = claimed.lock().expect("no player panicked").len();
    let (paid, refused) = outcome(&floor, cell);
    ensure!(paid > 1_000 && paid <= ranges, "{paid} payments for {ranges} ranges");
    ensure!(refused as usize >= paid, "{refused} refusals of the second claims on {paid} ranges");
    Ok(Finding {
        adversary: "claims every prime twice",
        verdict: Verdict::Prevented,
        measured: format!("{} claims on {ranges} ranges: {paid} paid, {refused} refused", 2 * ranges),
    })
}

/// Beside its own ranges a cell claims those around them, which another cell works on, with the true answer.
pub(super) fn of_another() -> anyhow::Result<Finding> {
    let mut floor = Floor::open(2)?;
    floor.post_bounty(floor.base())?;
    let (own, others) = (Claimed::default(), Claimed::default());
    let steal = |(mine, answer): Found| {
        let around = (mine.saturating_sub(20)..mine + 20).filter(|range| *range != mine);
        std::iter::once((mine, answer)).chain(around.map(|range| (range, true_answer(range)))).collect()
    };
    let thief = floor.seat_twisted(worker(&floor, true_answer), noting(&own, steal))?;
    let honest = floor.seat_twisted(worker(&floor, true_answer), noting(&others, |claim| vec![claim]))?;
    floor.walk(TICKS)?;
    let (of_thief, refused) = outcome(&floor, thief);
    let (of_honest, refused_honest) = outcome(&floor, honest);
    let (own, others) = (own.lock().expect("no player panicked"), others.lock().expect("no player panicked"));
    let (worked, worked_honestly) = (own.len(), others.len());
    ensure!(own.is_disjoint(&others), "a range was leased to both");
    // Of the ranges around there are some that are leased to itself and that it would have come to later.
    ensure!(of_thief <= worked + LEASES_AHEAD, "paid for {of_thief} ranges and had worked on {worked}");
    ensure!(
        refused_honest == 0 && of_honest + HELD_MAX >= worked_honestly,
        "the honest cell lost {refused_honest} claims"
    );
    Ok(Finding {
        adversary: "claims the ranges of another cell, with the true answer",
        verdict: Verdict::Prevented,
        measured: format!(
            "{refused} claims refused; the thief is paid for {of_thief} ranges, which were leased to it, and the other cell for {of_honest} of the {worked_honestly} on which it made claims"
        ),
    })
}

/// A cell guesses instead of working, as fast as it is let: each guess prepays its verification.
pub(super) fn false_ones() -> anyhow::Result<Finding> {
    let mut floor = Floor::open(2)?;
    floor.post_bounty(floor.base())?;
    let liar = worker(&floor, false_answer);
    let claims =
        liar.behaviour.claims.map(|claims| ClaimWork { cpu_per_range: Nanoseconds(1_000), ..claims });
    let liar = floor.seat(Player { behaviour: Behaviour { claims, ..liar.behaviour }, ..liar })?;
    let honest = floor.seat(worker(&floor, true_answer))?;
    let had = floor.free(liar);
    floor.walk(TICKS)?;
    let ((of_liar, refused), (of_honest, lost)) = (outcome(&floor, liar), outcome(&floor, honest));
    let bill = floor.bill(liar);
    let fees: Microjoules = had - floor.free(liar) - bill.quanta - bill.rent - bill.tax;
    ensure!(of_liar == 0, "a false claim was paid");
    ensure!(fees > Microjoules::ZERO, "{refused} guesses were verified for nothing");
    ensure!(
        lost == 0 && of_honest > 1_000,
        "the honest cell was paid {of_honest} times and refused {lost} times"
    );
    Ok(Finding {
        adversary: "spams false claims",
        verdict: Verdict::Priced,
        measured: format!(
            "{refused} claims in {TICKS} ticks, bounded by the leases that a cell may hold; none is paid, and the honest cell beside it is paid {of_honest} times; a thousand guesses cost {:.2} base prices of CPU and {:.2} for their verification",
            1_000.0 * floor.in_base(bill.quanta) / refused as f64,
            1_000.0 * floor.in_base(fees) / refused as f64
        ),
    })
}
