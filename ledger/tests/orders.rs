//! What owners order, rightly and wrongly.

mod common;

use common::{Keys, balance, done, index, refused};
use maxwell_core::limits::MINT_MAX;
use maxwell_core::units::Microjoules;
use maxwell_ledger::account::{AccountName, Index};
use maxwell_ledger::audit::audit;
use maxwell_ledger::books::{Outcome, Refusal};
use maxwell_ledger::ledger::{Close, Ledger, OrderError};
use maxwell_ledger::operation::{Body, OperationError, SignedOperation};
use maxwell_ledger::receipt::{Period, Receipt};
use maxwell_ledger::record::{At, Line, Payment, Reason, Record};

use crate::common::START_MS;

#[test]
fn money_is_issued_sent_and_never_lost() {
    let keys = Keys::new(2);
    let mut ledger = keys.ledger();
    assert_eq!(done(&mut ledger, &keys.fund(0, 0, 10_000_000)), Outcome::Done(1));
    assert_eq!(done(&mut ledger, &keys.transfer(0, 0, 1, 2_500_000)), Outcome::Done(2));
    assert_eq!((balance(&ledger, keys.person(0)), balance(&ledger, keys.person(1))), (7_500_000, 2_500_000));
    assert_eq!(ledger.books().minted(), Microjoules(10_000_000));
    let found = audit(ledger.store()).expect("a ledger in order");
    assert_eq!((found.records, found.operations, found.heads, found.unsigned), (2, 2, 2, 0));
}

#[test]
fn what_is_sent_again_changes_nothing() {
    let keys = Keys::new(2);
    let mut ledger = keys.ledger();
    let fund = keys.fund(0, 0, 1_000);
    done(&mut ledger, &fund);
    let send = keys.transfer(0, 0, 1, 400);
    assert_eq!(done(&mut ledger, &send), Outcome::Done(2));
    assert_eq!(done(&mut ledger, &send), Outcome::Already(2));
    assert_eq!(done(&mut ledger, &fund), Outcome::Already(1));
    // Signed anew with the next nonce because no answer came, and still the same order.
    let mut again = send.operation;
    again.nonce = 1;
    assert_eq!(done(&mut ledger, &again.sign(&keys.people[0])), Outcome::Already(2));
    assert_eq!(balance(&ledger, keys.person(0)), 600);
    let mut other = send.operation;
    other.body = Body::Transfer { to: keys.person(1), amount: Microjoules(500) };
    let error = refused(&mut ledger, &other.sign(&keys.people[0]));
    assert!(matches!(error, OrderError::Refused(Refusal::IdReused { .. })), "{error}");
}

#[test]
fn a_forged_changed_or_foreign_order_is_refused() {
    let keys = Keys::new(2);
    let mut ledger = keys.ledger();
    done(&mut ledger, &keys.fund(0, 0, 1_000));
    let good = keys.transfer(0, 0, 1, 400);

    let mut forged = good;
    forged.operation.body = Body::Transfer { to: keys.person(1), amount: Microjoules(401) };
    assert!(matches!(refused(&mut ledger, &forged), OrderError::Operation(OperationError::Forged { .. })));

    let mut of_another = good;
    of_another.operation.by = keys.person(1);
    assert!(matches!(
        refused(&mut ledger, &of_another),
        OrderError::Operation(OperationError::Forged { .. })
    ));

    let mut elsewhere = good.operation;
    elsewhere.host = keys.person(1);
    let error = refused(&mut ledger, &elsewhere.sign(&keys.people[0]));
    assert!(matches!(error, OrderError::Operation(OperationError::WrongHost { .. })), "{error}");

    let bytes = good.to_bytes();
    assert_eq!(SignedOperation::from_bytes(&bytes), Ok(good));
    for length in 0..bytes.len() {
        assert!(SignedOperation::from_bytes(&bytes[..length]).is_err(), "cut to {length} bytes");
    }
    for bit in 0..8 * bytes.len() {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let accepted = SignedOperation::from_bytes(&flipped).is_ok_and(|order| ledger.order(&order).is_ok());
        assert!(!accepted, "bit {bit} is not signed");
    }
}

#[test]
fn nobody_but_the_mint_issues_money() {
    let keys = Keys::new(1);
    let mut ledger = keys.ledger();
    done(&mut ledger, &keys.fund(0, 0, 1_000));
    let body = Body::Fund { to: keys.person(0), amount: Microjoules(1) };
    for thief in [&keys.people[0], &keys.host] {
        let error = refused(&mut ledger, &keys.signed(thief, 1, body));
        assert!(matches!(error, OrderError::Refused(Refusal::NotTheMint { .. })), "{error}");
    }
}

#[test]
fn orders_come_in_order() {
    let keys = Keys::new(2);
    let mut ledger = keys.ledger();
    done(&mut ledger, &keys.fund(0, 0, 1_000));
    let gap = refused(&mut ledger, &keys.transfer(0, 1, 1, 1));
    assert!(gap.to_string().contains("the next of") && gap.to_string().contains(" is 0"), "{gap}");
    for nonce in 0..20 {
        done(&mut ledger, &keys.transfer(0, nonce, 1, 1));
    }
    // So old that its name is forgotten: its nonce still says that it was done.
    let error = refused(&mut ledger, &keys.transfer(0, 0, 1, 1));
    assert!(matches!(error, OrderError::Refused(Refusal::NonceUsed { nonce: 0, next: 20, .. })), "{error}");
}

#[test]
fn impossible_amounts_and_receivers_are_refused() {
    let keys = Keys::new(2);
    let mut ledger = keys.ledger();
    done(&mut ledger, &keys.fund(0, 0, 1_000));
    for amount in [0, -1, i64::MIN] {
        let error = refused(&mut ledger, &keys.transfer(0, 0, 1, amount));
        assert!(matches!(error, OrderError::Refused(Refusal::NotAnAmount(_))), "{error}");
        let error = refused(&mut ledger, &keys.fund(1, 1, amount));
        assert!(matches!(error, OrderError::Refused(Refusal::NotAnAmount(_))), "{error}");
    }
    for amount in [1_001, i64::MAX] {
        let error = refused(&mut ledger, &keys.transfer(0, 0, 1, amount));
        assert!(matches!(error, OrderError::Refused(Refusal::Insufficient { .. })), "{error}");
    }
    let error = refused(&mut ledger, &keys.fund(1, 1, i64::MAX));
    assert!(matches!(error, OrderError::Refused(Refusal::NotMintable { .. })), "{error}");
    let error = refused(&mut ledger, &keys.transfer(0, 0, 0, 1));
    assert!(matches!(error, OrderError::Refused(Refusal::ToItself(_))), "{error}");
    let error = refused(&mut ledger, &keys.transfer(1, 0, 0, 1));
    assert!(matches!(error, OrderError::Refused(Refusal::NoAccount(_))), "{error}");
    let body = Body::Deposit { into: AccountName::Treasury, amount: Microjoules(1) };
    let error = refused(&mut ledger, &keys.order(0, 0, body));
    assert!(matches!(error, OrderError::Refused(Refusal::WrongRole(_))), "{error}");
}

#[test]
fn a_closed_wallet_has_sent_all_it_had_and_moves_nothing_more() {
    let keys = Keys::new(2);
    let mut ledger = keys.ledger();
    done(&mut ledger, &keys.fund(0, 0, 1_000));
    done(&mut ledger, &keys.order(0, 0, Body::Close { to: keys.person(1) }));
    assert_eq!((balance(&ledger, keys.person(0)), balance(&ledger, keys.person(1))), (0, 1_000));
    for order in [keys.transfer(0, 1, 1, 1), keys.transfer(1, 0, 0, 1), keys.fund(1, 0, 1)] {
        let error = refused(&mut ledger, &order);
        assert!(matches!(error, OrderError::Refused(Refusal::Closed(_))), "{error}");
    }
    // The order that closed it is still recognised.
    assert!(matches!(
        ledger.order(&keys.order(0, 0, Body::Close { to: keys.person(1) })),
        Ok(Outcome::Already(2))
    ));
}

#[test]
fn no_fee_is_collected_from_a_closed_wallet() {
    let keys = Keys::new(2);
    let mut ledger = keys.ledger();
    done(&mut ledger, &keys.fund(0, 0, 1_000));
    let from = index(&ledger, keys.person(0));
    let (to, amount) = (Index::TREASURY, Microjoules(7));
    let fee =
        Payment { at: At { run: 0, tick: 1 }, reason: Reason::Verification, from, to, amount, reference: 0 };
    ledger.enter(Record::Payment(fee)).expect("it is open");
    done(&mut ledger, &keys.order(0, 0, Body::Close { to: keys.person(1) }));
    let refusal = ledger.enter(Record::Payment(fee)).expect_err("its owner has all that it had");
    assert_eq!(refusal, Refusal::Closed(AccountName::Wallet(keys.person(0))));
}

#[test]
fn an_order_that_was_not_committed_is_gone_after_a_restart_and_one_that_was_is_not() {
    let keys = Keys::new(1);
    let mut ledger = keys.ledger();
    ledger.order(&keys.fund(0, 0, 5)).expect("a good order");
    ledger.commit(START_MS, Close::IfDue).expect("memory does not fail");
    ledger.order(&keys.fund(1, 0, 7)).expect("a good order");
    let ledger = keys.open(ledger.into_store());
    assert_eq!(balance(&ledger, keys.person(0)), 5);
}

#[test]
fn all_the_money_may_go_back_and_forth_without_end() {
    let keys = Keys::new(2);
    let mut ledger = keys.ledger();
    let all = i64::MAX / 2;
    done(&mut ledger, &keys.fund(0, 0, all));
    for round in 0..4 {
        done(&mut ledger, &keys.transfer(0, round, 1, all));
        done(&mut ledger, &keys.transfer(1, round, 0, all));
    }
    let name = AccountName::Wallet(keys.person(0));
    let account = ledger.books().account(ledger.books().find(&name).expect("it was funded"));
    assert_eq!(
        (account.balance.0, account.totals.received.0),
        (all, i64::MAX),
        "the total stops, the balance is right"
    );
    let ledger = keys.open(ledger.into_store());
    let receipt = Receipt::export(ledger.store(), name, Period::default()).expect("an account");
    assert_eq!(receipt.verify(&keys.host.public()).expect("an honest bill").after.0, all);
}

#[test]
fn charges_that_add_up_beyond_an_account_are_refused() {
    let keys = Keys::new(1);
    let mut ledger = keys.ledger();
    done(&mut ledger, &keys.fund(0, 0, 1));
    let of_window = |tick, ledger: &Ledger| {
        let mut window = common::window(ledger, &keys, tick, 1, 0);
        let line = window.lines[0];
        window.lines =
            (0..16_384).map(|cell| Line { cell, quanta: Microjoules(MINT_MAX.0 >> 16), ..line }).collect();
        Record::Window(window)
    };
    let refused = (1..10).find_map(|tick| {
        let window = of_window(tick, &ledger);
        ledger.enter(window).err()
    });
    let refused = refused.expect("an account has an end");
    assert!(matches!(refused, Refusal::OutOfRange(_)), "{refused}");
}
