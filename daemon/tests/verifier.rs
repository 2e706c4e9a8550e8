//! One contract for every verifier: a true claim holds, a false one does not, and each is answered once.

use std::sync::mpsc::{Receiver, sync_channel};

use maxwell_core::bounty::{Range, Verifier as Sieve};
use maxwell_core::event::{Claim, Event};
use maxwell_core::tick::CellId;
use maxwell_daemon::verifier::{InlineVerifier, Job, ThreadVerifier, Verifier};

const NUMBERS: Range = Range { first: 1_000_000_000, width: 1_024 };
const CELL: CellId = CellId(3);

fn job(claim: Claim) -> Job {
    Job { cell: CELL, claim, numbers: NUMBERS }
}

/// Submits claims and collects what comes of them, at once or through the inbox.
fn contract(verifier: &mut dyn Verifier, inbox: &Receiver<Event>) {
    let truth = Sieve::default().answer(0, NUMBERS);
    let lies = [
        Claim { count: truth.count + 1, ..truth },
        Claim { sum: truth.sum - 2, ..truth },
        Claim { range: 0, count: 0, sum: 0 },
    ];
    for claim in lies.into_iter().chain([truth]) {
        let at_once = verifier.submit(job(claim)).expect("nothing else waits");
        let outcome = at_once.unwrap_or_else(|| inbox.recv().expect("the verifier lives"));
        assert_eq!(outcome, Event::Verified { cell: CELL, claim, holds: claim == truth });
    }
    assert!(inbox.try_recv().is_err(), "each claim is answered once");
}

#[test]
fn the_inline_verifier_keeps_the_contract() {
    let (_sender, inbox) = sync_channel(16);
    contract(&mut InlineVerifier::default(), &inbox);
}

#[test]
fn the_thread_verifier_keeps_the_contract() {
    let (sender, inbox) = sync_channel(16);
    contract(&mut ThreadVerifier::start(sender).expect("a thread"), &inbox);
}

#[test]
fn a_verifier_whose_node_is_gone_ends_and_can_be_dropped() {
    let (sender, inbox) = sync_channel(1);
    let mut verifier = ThreadVerifier::start(sender).expect("a thread");
    drop(inbox);
    for range in 0..100 {
        // Refused or lost, but never waited for: the drop below would hang if the thread did.
        let _ = verifier.submit(job(Claim { range, count: 0, sum: 0 }));
    }
    drop(verifier);
}
