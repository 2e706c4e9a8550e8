//! Every interleaving of a few threads on one balance. Run with `cargo xtask check --only loom`.

use std::collections::BTreeSet;
use std::sync::Mutex;

use ::loom::model;
use ::loom::sync::Arc;
use ::loom::thread::{JoinHandle, spawn};

use super::*;

type Answer = Result<Microjoules, InsolvencyError>;

fn shared(amount: i64) -> Arc<Balance> {
    Arc::new(Balance::new(Microjoules(amount)))
}

fn debitor(balance: &Arc<Balance>, amount: i64) -> JoinHandle<Answer> {
    let balance = Arc::clone(balance);
    spawn(move || balance.debit(Microjoules(amount)))
}

fn left_or_free(answer: Answer) -> Result<i64, i64> {
    answer.map(|left| left.0).map_err(|refused| refused.free.0)
}

/// What this thread and the debitors were told, in the order of the values rather than of the threads.
fn answers<const N: usize>(own: Answer, debitors: [JoinHandle<Answer>; N]) -> Vec<Result<i64, i64>> {
    let others = debitors.into_iter().map(|debitor| debitor.join().unwrap());
    let mut answers: Vec<_> = std::iter::once(own).chain(others).map(left_or_free).collect();
    answers.sort_unstable();
    answers
}

#[test]
fn of_two_debitors_with_money_for_one_exactly_one_gets_it() {
    model(|| {
        let balance = shared(10);
        let other = [debitor(&balance, 7)];
        assert_eq!(answers(balance.debit(Microjoules(7)), other), [Ok(3), Err(3)]);
        assert_eq!(balance.get(), Microjoules(3));
    });
}

#[test]
fn of_three_debitors_with_money_for_two_exactly_two_get_it() {
    model(|| {
        let balance = shared(10);
        let others = [debitor(&balance, 4), debitor(&balance, 4)];
        assert_eq!(answers(balance.debit(Microjoules(4)), others), [Ok(2), Ok(6), Err(2)]);
        assert_eq!(balance.get(), Microjoules(2));
    });
}

#[test]
fn a_debit_sees_a_credit_whole_or_not_at_all() {
    model(|| {
        let balance = shared(3);
        let debit = debitor(&balance, 5);
        balance.credit(Microjoules(4));
        match left_or_free(debit.join().unwrap()) {
            Ok(left) => assert_eq!((left, balance.get()), (2, Microjoules(2))),
            Err(free) => assert_eq!((free, balance.get()), (3, Microjoules(7))),
        }
    });
}

#[test]
fn a_debit_and_a_credit_at_once_both_count() {
    model(|| {
        let balance = shared(5);
        let debit = debitor(&balance, 5);
        balance.credit(Microjoules(4));
        let answer = left_or_free(debit.join().unwrap());
        assert!(answer == Ok(0) || answer == Ok(4), "{answer:?}");
        assert_eq!(balance.get(), Microjoules(4));
    });
}

#[test]
fn a_charge_between_debits_is_recorded_whole() {
    model(|| {
        let balance = shared(5);
        let debit = debitor(&balance, 5);
        balance.charge(Microjoules(3));
        let answer = left_or_free(debit.join().unwrap());
        assert!(answer == Ok(0) || answer == Err(2), "{answer:?}");
        assert_eq!(balance.get(), Microjoules(if answer.is_ok() { -3 } else { 2 }));
    });
}

#[test]
fn a_reader_sees_each_value_that_was_and_no_other_and_in_their_order() {
    // Kept over all interleavings: if the model did not play them, the reader would not have seen everything.
    let found = std::sync::Arc::new(Mutex::new(BTreeSet::new()));
    let kept = std::sync::Arc::clone(&found);
    model(move || {
        let balance = shared(10);
        let debit = debitor(&balance, 4);
        // The reader comes last: loom then tries it before, between and after the changes.
        let reader = {
            let balance = Arc::clone(&balance);
            spawn(move || [balance.get(), balance.get()].map(|amount| amount.0))
        };
        balance.credit(Microjoules(1));
        debit.join().unwrap().unwrap();
        let seen = reader.join().unwrap();
        let fits = |history: [i64; 3]| {
            let places = seen.map(|value| history.iter().position(|was| *was == value));
            places[0].is_some() && places[0] <= places[1]
        };
        assert!(fits([10, 6, 7]) || fits([10, 11, 7]), "{seen:?}");
        assert_eq!(balance.get(), Microjoules(7));
        kept.lock().unwrap().extend(seen);
    });
    assert_eq!(*found.lock().unwrap(), BTreeSet::from([6, 7, 10, 11]));
}
