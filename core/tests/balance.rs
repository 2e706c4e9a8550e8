//! One balance under threads of the machine; the models beside the code play every interleaving of a few.

use std::sync::Barrier;
use std::thread;

use maxwell_core::ledger::{Balance, InsolvencyError};
use maxwell_core::units::Microjoules;

const THREADS: u64 = 16;

const CHANGES_PER_THREAD: u64 = 20_000;

/// Numbers that look random and are the same every time (xorshift).
fn numbers(seed: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(seed), |&last| {
        let mut next = last;
        next ^= next << 13;
        next ^= next >> 7;
        next ^= next << 17;
        Some(next)
    })
    .skip(1)
}

/// Debits and credits at random; returns what went in less what came out.
fn trade(balance: &Balance, seed: u64) -> i64 {
    let mut gained = 0;
    for number in numbers(seed).take(CHANGES_PER_THREAD as usize) {
        let amount = Microjoules((number >> 8) as i64 % 1_000);
        if number.is_multiple_of(2) {
            balance.credit(amount);
            gained += amount.0;
        } else if let Ok(left) = balance.debit(amount) {
            assert!(left >= Microjoules::ZERO, "a debit left {left}");
            gained -= amount.0;
        }
    }
    gained
}

#[test]
fn sixteen_threads_neither_lose_nor_invent_a_microjoule() {
    let start = Microjoules(5_000);
    let balance = Balance::new(start);
    let together = Barrier::new(THREADS as usize);
    let gained: i64 = thread::scope(|scope| {
        let traders: Vec<_> = (1..=THREADS)
            .map(|seed| {
                let (balance, together) = (&balance, &together);
                scope.spawn(move || {
                    together.wait();
                    trade(balance, seed)
                })
            })
            .collect();
        traders.into_iter().map(|trader| trader.join().unwrap()).sum()
    });
    assert_eq!(balance.get(), start + Microjoules(gained));
}

#[test]
fn sixteen_threads_spend_a_purse_exactly_once() {
    let units = 100_000;
    let balance = Balance::new(Microjoules(units));
    let together = Barrier::new(THREADS as usize);
    let spent: i64 = thread::scope(|scope| {
        let spenders: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    together.wait();
                    std::iter::from_fn(|| balance.debit(Microjoules(1)).ok()).count() as i64
                })
            })
            .collect();
        spenders.into_iter().map(|spender| spender.join().unwrap()).sum()
    });
    assert_eq!((spent, balance.get()), (units, Microjoules::ZERO));
}

#[test]
fn a_debit_that_is_not_covered_changes_nothing_and_says_what_to_do() {
    let balance = Balance::new(Microjoules(10));
    assert_eq!(balance.debit(Microjoules(10)), Ok(Microjoules::ZERO));
    let refused = InsolvencyError { free: Microjoules::ZERO, wanted: Microjoules(1) };
    assert_eq!(balance.debit(Microjoules(1)), Err(refused));
    assert_eq!(balance.get(), Microjoules::ZERO);
    let told = "the balance has 0 J free, 1 µJ is wanted: fund the account or ask for less";
    assert_eq!(refused.to_string(), told);
}

#[test]
fn a_charge_records_the_debt_whole_and_debt_covers_nothing() {
    let balance = Balance::new(Microjoules(10));
    balance.charge(Microjoules(25));
    assert_eq!(balance.get(), Microjoules(-15));
    assert!(balance.debit(Microjoules::ZERO).is_err());
    balance.credit(Microjoules(15));
    assert_eq!(balance.debit(Microjoules::ZERO), Ok(Microjoules::ZERO));
}

#[test]
fn the_ends_of_the_range_are_reached_and_not_passed() {
    let balance = Balance::new(Microjoules(i64::MAX));
    assert_eq!(balance.debit(Microjoules(i64::MAX)), Ok(Microjoules::ZERO));
    balance.charge(Microjoules(i64::MAX));
    balance.charge(Microjoules(1));
    assert_eq!(balance.get(), Microjoules(i64::MIN));
    assert!(balance.debit(Microjoules(i64::MAX)).is_err());
}

#[test]
#[should_panic(expected = "money was made somewhere")]
fn a_credit_beyond_the_range_stops_the_node() {
    Balance::new(Microjoules(i64::MAX)).credit(Microjoules(1));
}

#[test]
#[should_panic(expected = "more debt than a balance can hold")]
fn a_charge_beyond_the_range_stops_the_node() {
    Balance::new(Microjoules(i64::MIN)).charge(Microjoules(1));
}

#[test]
#[should_panic(expected = "not below zero")]
fn a_negative_debit_is_a_fault_of_the_caller() {
    let _ = Balance::new(Microjoules(1)).debit(Microjoules(-1));
}
