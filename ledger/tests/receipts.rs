//! Bills, and every way to falsify one.

mod common;

use common::{Keys, START_MS, done, entered, window};
use maxwell_core::units::Microjoules;
use maxwell_ledger::account::{AccountName, Recent};
use maxwell_ledger::digest::Digest;
use maxwell_ledger::entry::What;
use maxwell_ledger::ledger::{Close, Ledger};
use maxwell_ledger::operation::OperationId;
use maxwell_ledger::receipt::{ExportError, Period, Receipt, ReceiptError};
use maxwell_ledger::record::Record;

/// Three wallets, and one window a second for twenty seconds.
fn busy(keys: &Keys) -> Ledger {
    let mut ledger = keys.ledger();
    for person in 0..3 {
        done(&mut ledger, &keys.fund(person as u64, person, 1_000));
    }
    for tick in 1..=20 {
        let window = Record::Window(window(&ledger, keys, tick, 3, 30 + tick as i64));
        entered(&mut ledger, window, START_MS + 1_000 * tick, Close::Epoch);
    }
    ledger
}

fn receipt(ledger: &Ledger, keys: &Keys, person: usize, from: u64, to: u64) -> Receipt {
    let period = Period { from_ms: Some(START_MS + from), to_ms: Some(START_MS + to) };
    Receipt::export(ledger.store(), AccountName::Wallet(keys.person(person)), period).expect("an account")
}

#[test]
fn a_bill_shows_exactly_what_happened_in_its_period() {
    let keys = Keys::new(3);
    let ledger = busy(&keys);
    let receipt = receipt(&ledger, &keys, 1, 5_000, 10_000);
    let bill = receipt.verify(&keys.host.public()).expect("an honest bill");
    assert_eq!(receipt.entries.len(), 5, "windows 6 to 10");
    let quanta: i64 = (6..=10).map(|tick| 30 + tick).sum();
    assert_eq!(bill.totals.quanta, Microjoules(quanta));
    assert_eq!((bill.totals.rent, bill.totals.tax), (Microjoules(5), Microjoules(10)));
    assert_eq!(bill.before - bill.after, Microjoules(quanta + 15));
    assert_eq!(bill.totals.awards, 5);
}

#[test]
fn a_bill_from_the_beginning_needs_no_opening() {
    let keys = Keys::new(3);
    let ledger = busy(&keys);
    let name = AccountName::Wallet(keys.person(2));
    let receipt = Receipt::export(ledger.store(), name, Period::default()).expect("an account");
    assert!(receipt.opening.is_none() && receipt.entries.len() == 21);
    let bill = receipt.verify(&keys.host.public()).expect("an honest bill");
    assert_eq!((bill.before, bill.totals.received), (Microjoules::ZERO, Microjoules(1_000)));
}

#[test]
fn it_survives_json_and_shows_nobody_else() {
    let keys = Keys::new(3);
    let ledger = busy(&keys);
    let receipt = receipt(&ledger, &keys, 0, 5_000, 10_000);
    let text = serde_json::to_string(&receipt).expect("a receipt is plain data");
    let back: Receipt = serde_json::from_str(&text).expect("what was written");
    assert_eq!(back, receipt);
    back.verify(&keys.host.public()).expect("an honest bill");
    assert!(text.contains(&keys.person(0).to_string()));
    for other in 1..3 {
        assert!(!text.contains(&keys.person(other).to_string()), "the bill names somebody else");
    }
}

#[test]
fn nothing_can_be_left_out_added_changed_or_swapped() {
    let keys = Keys::new(3);
    let ledger = busy(&keys);
    let host = keys.host.public();
    let good = receipt(&ledger, &keys, 1, 5_000, 10_000);
    let falsified = |change: &dyn Fn(&mut Receipt)| {
        let mut receipt = good.clone();
        change(&mut receipt);
        receipt.verify(&host).expect_err("it was falsified")
    };
    for entry in 0..good.entries.len() {
        let left_out = |receipt: &mut Receipt| {
            receipt.entries.remove(entry);
        };
        assert_eq!(falsified(&left_out), ReceiptError::Incomplete);
    }
    let cheaper = |receipt: &mut Receipt| {
        let What::Billed(billed) = &mut receipt.entries[2].what else { panic!("a window") };
        billed.quanta -= Microjoules(1);
        receipt.closing.account.balance += Microjoules(1);
    };
    assert!(matches!(falsified(&cheaper), ReceiptError::NotIncluded { .. }));
    let fewer_joules = |receipt: &mut Receipt| {
        let What::Billed(billed) = &mut receipt.entries[2].what else { panic!("a window") };
        billed.used.energy = Microjoules::ZERO;
    };
    assert_eq!(falsified(&fewer_joules), ReceiptError::Incomplete);
    let doubled = |receipt: &mut Receipt| receipt.entries.push(receipt.entries[4].clone());
    assert_eq!(falsified(&doubled), ReceiptError::Incomplete);
    let swapped = |receipt: &mut Receipt| receipt.entries.swap(1, 2);
    assert!(matches!(falsified(&swapped), ReceiptError::OutOfPeriod(_)));
    let from_later = |receipt: &mut Receipt| receipt.opening = Some(receipt.closing.clone());
    assert_eq!(falsified(&from_later), ReceiptError::Unrelated);
    let without_beginning = |receipt: &mut Receipt| receipt.opening = None;
    assert_eq!(falsified(&without_beginning), ReceiptError::Incomplete);
    let other = receipt(&ledger, &keys, 2, 5_000, 10_000);
    let of_another = |receipt: &mut Receipt| receipt.opening.clone_from(&other.opening);
    assert!(matches!(falsified(&of_another), ReceiptError::NotIncluded { .. } | ReceiptError::Unrelated));
    let of_long_memory = |receipt: &mut Receipt| {
        let recent = Recent { id: OperationId([7; 16]), body: Digest([7; 32]), sequence: u64::MAX };
        receipt.closing.account.recent = vec![recent; 1_000];
    };
    assert!(matches!(falsified(&of_long_memory), ReceiptError::NotIncluded { .. }));
    let richer = |receipt: &mut Receipt| receipt.closing.head.content.root.sums.credit += 1;
    assert!(matches!(falsified(&richer), ReceiptError::NotSigned(_)));
    assert!(matches!(good.verify(&keys.mint.public()), Err(ReceiptError::NotSigned(_))), "another host");
    assert_eq!(falsified(&|receipt| receipt.version = 1), ReceiptError::Version(1));
}

#[test]
fn no_flipped_bit_of_a_receipt_goes_unnoticed() {
    let keys = Keys::new(3);
    let ledger = busy(&keys);
    let good = receipt(&ledger, &keys, 0, 18_000, 20_000);
    let bytes = maxwell_ledger::codec::to_bytes(&good);
    for bit in (0..8 * bytes.len()).step_by(13) {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let read = maxwell_ledger::codec::from_bytes::<Receipt>(&flipped);
        let believed = read.is_ok_and(|receipt| receipt.verify(&keys.host.public()).is_ok());
        // What the owner may order next is shown and is no part of the bill's sum; it is signed all the same.
        assert!(!believed, "bit {bit} of {}", 8 * bytes.len());
    }
}

#[test]
fn there_is_no_bill_for_nobody_or_for_no_time() {
    let keys = Keys::new(4);
    let ledger = busy(&keys);
    let nobody = AccountName::Wallet(keys.person(3));
    let error = Receipt::export(ledger.store(), nobody, Period::default()).expect_err("never funded");
    assert!(matches!(error, ExportError::NoAccount(_)), "{error}");
    let period = Period { from_ms: Some(START_MS + 5_100), to_ms: Some(START_MS + 5_900) };
    let error =
        Receipt::export(ledger.store(), AccountName::Wallet(keys.person(0)), period).expect_err("no epoch");
    assert!(matches!(error, ExportError::NoEpoch { .. }), "{error}");
}
