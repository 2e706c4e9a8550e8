//! Audits and receipts.

use maxwell_ledger::account::{AccountName, Index};
use maxwell_ledger::audit::audit;
use maxwell_ledger::ledger::{Close, Ledger};
use maxwell_ledger::receipt::{Period, Receipt};
use maxwell_ledger::record::Record;
use maxwell_ledger::store::MemoryStore;

use crate::world::{self, START_MS, genesis, host};
use crate::{median, row};

pub(crate) fn run() {
    million();
    for (what, windows) in [("a minute", 600), ("ten minutes", 6_000), ("an hour", 36_000)] {
        receipt(what, windows);
    }
}

/// A million bills in a thousand epochs.
fn million() {
    let mut ledger = world::audited(Box::new(MemoryStore::create(&genesis())), 1_000);
    for tick in 1..=1_000 {
        let window = world::window(tick, 0, 1_000, 1_000);
        commit(&mut ledger, tick, window);
    }
    let took = median(3, || audit(ledger.store()).expect("a ledger in order"));
    row(
        "audit of 1,000,000 transfers in 1,000 signed epochs, 1,000 wallets",
        &format!("{:.2} s", took.as_secs_f64()),
    );
}

fn commit(ledger: &mut Ledger, tick: u64, window: maxwell_ledger::record::Window) {
    ledger.enter(Record::Window(window)).expect("a good window");
    ledger.commit(START_MS + 1_000 * tick, Close::IfDue).expect("memory does not fail");
}

/// A bill with a line for every tenth of a second, read from JSON and checked.
fn receipt(what: &str, windows: u64) {
    let mut ledger = world::ledger(Box::new(MemoryStore::create(&genesis())), 8);
    for tick in 1..=windows {
        ledger.enter(Record::Window(world::window(tick, 0, 8, 8))).expect("a good window");
        ledger.commit(START_MS + 100 * tick, Close::IfDue).expect("memory does not fail");
    }
    ledger.commit(START_MS + 100 * windows, Close::Epoch).expect("memory does not fail");
    let name = ledger.books().account(Index(world::FIRST_WALLET)).name;
    assert!(matches!(name, AccountName::Wallet(_)));
    let receipt = Receipt::export(ledger.store(), name, Period::default()).expect("an account");
    let text = serde_json::to_vec(&receipt).expect("plain data");
    let checked = median(9, || receipt.verify(&host().public()).expect("an honest bill"));
    let read = median(9, || {
        let receipt: Receipt = serde_json::from_slice(&text).expect("what was written");
        receipt.verify(&host().public()).expect("an honest bill")
    });
    let (checked, read) = (checked.as_secs_f64() * 1e3, read.as_secs_f64() * 1e3);
    let size = text.len() as f64 / 1e6;
    row(
        &format!("receipt of {what}, {windows} windows, {size:.2} MB of JSON"),
        &format!("checked in {checked:.2} ms, read and checked in {read:.2} ms"),
    );
}
