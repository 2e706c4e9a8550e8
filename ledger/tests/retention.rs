//! Details that are folded away, and what stays of them.

mod common;

use std::time::Duration;

use common::{Keys, START_MS, balance, done, entered, window};
use maxwell_core::units::Microjoules;
use maxwell_ledger::account::AccountName;
use maxwell_ledger::audit::audit;
use maxwell_ledger::ledger::{Close, Folded, Ledger};
use maxwell_ledger::receipt::{Period, Receipt};
use maxwell_ledger::record::Record;

const DAY_MS: u64 = 24 * 3600 * 1000;

/// Ten days with one window each.
fn ten_days(keys: &Keys) -> Ledger {
    let mut ledger = keys.ledger();
    for person in 0..2 {
        done(&mut ledger, &keys.fund(person as u64, person, 100_000));
    }
    for day in 1..=10 {
        let window = Record::Window(window(&ledger, keys, day, 2, 100));
        entered(&mut ledger, window, START_MS + DAY_MS * day, Close::AndSave);
    }
    ledger
}

fn frames(ledger: &Ledger) -> usize {
    let mut count = 0;
    let each = &mut |_: maxwell_ledger::store::FrameRef<'_>| {
        count += 1;
        std::ops::ControlFlow::Continue(())
    };
    ledger.store().frames(0, each).expect("memory does not fail");
    count
}

#[test]
fn what_is_older_than_the_retention_is_folded_into_signed_totals() {
    let keys = Keys::new(2);
    let mut ledger = ten_days(&keys);
    let before = balance(&ledger, keys.person(0));
    assert_eq!(frames(&ledger), 12);
    let kept = Duration::from_hours(7 * 24).as_millis() as u64;
    let folded = ledger.fold(START_MS + 10 * DAY_MS - kept, u64::MAX).expect("a whole ledger");
    assert_eq!(folded, Some(Folded { through: 5, more: false }), "two orders and the windows of three days");
    assert_eq!(frames(&ledger), 7);
    assert_eq!(ledger.fold(START_MS + 10 * DAY_MS - kept, u64::MAX).expect("a whole ledger"), None, "once");

    let found = audit(ledger.store()).expect("a ledger in order");
    assert_eq!((found.folded, found.records, found.heads), (5, 7, 7));
    assert_eq!(found.minted, Microjoules(200_000));
    let mut ledger = keys.open(ledger.into_store());
    assert_eq!(balance(&ledger, keys.person(0)), before);

    // The bill begins where the details do, and the totals of what came before stand in its opening.
    let name = AccountName::Wallet(keys.person(0));
    let receipt = Receipt::export(ledger.store(), name, Period::default()).expect("an account");
    let opening = receipt.opening.as_ref().expect("what came before was folded").account.totals;
    assert_eq!((opening.quanta, opening.received), (Microjoules(300), Microjoules(100_000)));
    let bill = receipt.verify(&keys.host.public()).expect("an honest bill");
    assert_eq!(bill.totals.quanta, Microjoules(700));

    // And again, later, on top of what was folded.
    assert_eq!(
        ledger.fold(START_MS + 8 * DAY_MS, u64::MAX).expect("a whole ledger"),
        Some(Folded { through: 10, more: false })
    );
    let found = audit(ledger.store()).expect("a ledger in order");
    assert_eq!((found.folded, found.records), (10, 2));
}

#[test]
fn what_was_not_written_down_is_not_folded() {
    let keys = Keys::new(2);
    let mut ledger = keys.ledger();
    done(&mut ledger, &keys.fund(0, 0, 1_000));
    assert_eq!(ledger.fold(u64::MAX, u64::MAX).expect("a whole ledger"), None);
    assert_eq!(frames(&ledger), 1);
}

#[test]
fn a_long_past_is_folded_in_steps() {
    let keys = Keys::new(2);
    let mut ledger = ten_days(&keys);
    let mut steps = Vec::new();
    // Each window counts for itself and for its two lines.
    while let Some(folded) = ledger.fold(START_MS + 8 * DAY_MS, 6).expect("a whole ledger") {
        audit(ledger.store()).expect("a ledger in order");
        steps.push((folded.through, folded.more));
    }
    assert_eq!(steps, [(3, true), (5, true), (7, true), (9, true), (10, false)]);
}
