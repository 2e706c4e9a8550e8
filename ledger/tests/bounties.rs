//! Bounties: who may post and close one, that each key is paid once and as promised, and that this is never forgotten.

mod common;

use common::{Keys, START_MS, balance, done, entered, index, refused};
use maxwell_core::bounty::Ranges;
use maxwell_core::bounty::terms::{BountyId, Terms, TermsError, Work};
use maxwell_core::units::Microjoules;
use maxwell_ledger::account::{Account, AccountName, Index};
use maxwell_ledger::audit::audit;
use maxwell_ledger::books::{BountyRefusal, Outcome, Refusal};
use maxwell_ledger::bounty::Stretch;
use maxwell_ledger::entry::What;
use maxwell_ledger::ledger::{Close, Ledger, OrderError};
use maxwell_ledger::limits::OPEN_BOUNTIES_MAX;
use maxwell_ledger::operation::{Body, OperationError, SignedOperation};
use maxwell_ledger::receipt::{Period, Receipt, ReceiptError};
use maxwell_ledger::record::{At, Payment, Reason, Record};
use maxwell_ledger::wallet::Keypair;

/// What a key pays.
const REWARD: i64 = 3_000;

/// Keys 5 to 9 of a search for primes.
const TERMS: Terms = Terms {
    work: Work::Primes(Ranges { origin: 1, width: 1_000, first: 5, end: 10 }),
    reward: Microjoules(REWARD),
};

const NUMBER: u64 = 7;

const ESCROW: AccountName = AccountName::Escrow(NUMBER);

fn post_as(number: u64, terms: Terms, budget: i64) -> Body {
    Body::PostBounty { number, terms, budget: Microjoules(budget) }
}

fn post(budget: i64) -> Body {
    post_as(NUMBER, TERMS, budget)
}

/// The first person has 1,000,000 µJ less 20,000 in a bounty; the second has 1 µJ.
fn posted(keys: &Keys) -> Ledger {
    let mut ledger = keys.ledger();
    done(&mut ledger, &keys.fund(0, 0, 1_000_000));
    done(&mut ledger, &keys.fund(1, 1, 1));
    done(&mut ledger, &keys.order(0, 0, post(20_000)));
    ledger
}

fn escrow(ledger: &Ledger) -> (Index, &Account) {
    let index = ledger.books().find(&ESCROW).expect("it was posted");
    (index, ledger.books().account(index))
}

/// What the bounty would pay the second person for a key.
fn income(ledger: &Ledger, keys: &Keys, key: u64) -> Payment {
    let (from, to) = (escrow(ledger).0, index(ledger, keys.person(1)));
    let (at, amount) = (At { run: 1, tick: 1 }, Microjoules(REWARD));
    Payment { at, reason: Reason::Income, reference: key, from, to, amount }
}

fn pay(ledger: &mut Ledger, keys: &Keys, key: u64, now_ms: u64, close: Close) {
    let payment = income(ledger, keys, key);
    entered(ledger, Record::Payment(payment), now_ms, close);
}

/// Why a payment is not made; nothing has changed.
fn not_paid(ledger: &mut Ledger, payment: Payment) -> BountyRefusal {
    let before = ledger.books().mark();
    let refusal = ledger.enter(Record::Payment(payment)).expect_err("it must not be paid");
    assert_eq!(ledger.books().mark(), before);
    let Refusal::Bounty(refusal) = refusal else { panic!("{refusal}") };
    refusal
}

/// Why a bounty is not posted or closed.
fn not_done(ledger: &mut Ledger, order: &SignedOperation) -> BountyRefusal {
    let error = refused(ledger, order);
    let OrderError::Refused(Refusal::Bounty(refusal)) = error else { panic!("{error}") };
    refusal
}

#[test]
fn a_bounty_takes_its_budget_pays_and_gives_back_the_rest() {
    let keys = Keys::new(2);
    let mut ledger = posted(&keys);
    assert_eq!((balance(&ledger, keys.person(0)), escrow(&ledger).1.balance.0), (980_000, 20_000));
    assert_eq!(ledger.books().open_bounties().collect::<Vec<_>>(), [(BountyId(NUMBER), escrow(&ledger).0)]);
    for key in [5, 6, 8] {
        pay(&mut ledger, &keys, key, START_MS, Close::Epoch);
    }
    let (bounty, _) = ledger.books().bounty(NUMBER).expect("it was posted");
    assert_eq!((bounty.sponsor, bounty.terms, bounty.paid.count()), (keys.person(0), TERMS, 3));
    assert_eq!(bounty.paid.stretches(), [Stretch { first: 5, end: 7 }, Stretch { first: 8, end: 9 }]);
    assert_eq!(balance(&ledger, keys.person(1)), 1 + 3 * REWARD);

    let close = keys.order(0, 1, Body::CloseBounty { number: NUMBER });
    assert_eq!(done(&mut ledger, &close), Outcome::Done(7));
    assert_eq!(done(&mut ledger, &close), Outcome::Already(7), "the same order again");
    assert_eq!(balance(&ledger, keys.person(0)), 1_000_000 - 3 * REWARD);
    assert!(escrow(&ledger).1.closed && escrow(&ledger).1.balance == Microjoules::ZERO);
    assert_eq!(ledger.books().open_bounties().count(), 0);
    audit(ledger.store()).expect("a ledger in order");
}

#[test]
fn only_the_sponsor_closes_a_bounty_and_only_once() {
    let keys = Keys::new(2);
    let mut ledger = posted(&keys);
    let close = Body::CloseBounty { number: NUMBER };
    let foreign = not_done(&mut ledger, &keys.order(1, 0, close));
    let (by, sponsor) = (keys.person(1), keys.person(0));
    assert_eq!(foreign, BountyRefusal::NotTheSponsor { number: NUMBER, by, sponsor });

    let mut forged = keys.order(1, 0, close);
    forged.operation.by = sponsor;
    forged.operation.nonce = 1;
    assert!(matches!(refused(&mut ledger, &forged), OrderError::Operation(OperationError::Forged { .. })));
    let mut changed = keys.order(0, 1, Body::CloseBounty { number: 8 });
    changed.operation.body = close;
    assert!(matches!(refused(&mut ledger, &changed), OrderError::Operation(OperationError::Forged { .. })));

    done(&mut ledger, &keys.order(0, 1, close));
    assert_eq!(not_done(&mut ledger, &keys.order(0, 2, close)), BountyRefusal::Closed(NUMBER));
    let unknown = keys.order(0, 2, Body::CloseBounty { number: 8 });
    assert_eq!(not_done(&mut ledger, &unknown), BountyRefusal::Unknown(8));
}

#[test]
fn an_escrow_without_terms_is_no_bounty_and_pays_as_before() {
    let keys = Keys::new(2);
    let mut ledger = posted(&keys);
    let into = AccountName::Escrow(8);
    done(&mut ledger, &keys.order(0, 1, Body::Deposit { into, amount: Microjoules(10) }));
    let close = keys.order(0, 2, Body::CloseBounty { number: 8 });
    assert_eq!(not_done(&mut ledger, &close), BountyRefusal::Unknown(8));
    let payment = income(&ledger, &keys, 1);
    let from = ledger.books().find(&into).expect("it was opened");
    for _ in 0..2 {
        let free = Payment { from, amount: Microjoules(5), ..payment };
        ledger.enter(Record::Payment(free)).expect("nobody has promised anything");
    }
}

#[test]
fn a_number_serves_one_bounty_and_no_other_for_ever() {
    let keys = Keys::new(2);
    let mut ledger = posted(&keys);
    assert_eq!(not_done(&mut ledger, &keys.order(0, 1, post(20_000))), BountyRefusal::NumberUsed(NUMBER));
    done(&mut ledger, &keys.order(0, 1, Body::CloseBounty { number: NUMBER }));
    assert_eq!(not_done(&mut ledger, &keys.order(0, 2, post(20_000))), BountyRefusal::NumberUsed(NUMBER));
    let into = AccountName::Escrow(8);
    done(&mut ledger, &keys.order(0, 2, Body::Deposit { into, amount: Microjoules(1) }));
    let taken = keys.order(0, 3, post_as(8, TERMS, 20_000));
    for (number, good) in [(u64::MAX, false), (1 << 63, false), ((1 << 63) - 1, true)] {
        let large = keys.order(0, 3, post_as(number, TERMS, 20_000));
        let outcome = ledger.order(&large);
        let said = OrderError::Refused(Refusal::Bounty(BountyRefusal::Number(number)));
        assert!(if good { outcome.is_ok() } else { outcome == Err(said) }, "{number}: {outcome:?}");
    }
    let taken = keys.order(0, 4, taken.operation.body);
    assert_eq!(not_done(&mut ledger, &taken), BountyRefusal::NumberUsed(8));
}

#[test]
fn a_budget_is_there_and_pays_for_one_key_at_least() {
    let keys = Keys::new(2);
    let mut ledger = posted(&keys);
    let mut refusal = |budget| refused(&mut ledger, &keys.order(0, 1, post_as(8, TERMS, budget)));
    for budget in [0, -1, i64::MIN] {
        assert_eq!(refusal(budget), OrderError::Refused(Refusal::NotAnAmount(Microjoules(budget))));
    }
    for budget in [980_001, i64::MAX] {
        assert!(matches!(refusal(budget), OrderError::Refused(Refusal::Insufficient { .. })));
    }
    let (budget, reward) = (Microjoules(REWARD - 1), Microjoules(REWARD));
    let small = BountyRefusal::Budget { budget, reward };
    assert_eq!(refusal(REWARD - 1), OrderError::Refused(Refusal::Bounty(small)));
    done(&mut ledger, &keys.order(0, 1, post_as(8, TERMS, REWARD)));
    done(&mut ledger, &keys.order(0, 2, post_as(9, TERMS, 980_000 - REWARD)));
    assert_eq!(balance(&ledger, keys.person(0)), 0, "all of it");
}

#[test]
fn terms_that_nobody_can_keep_are_refused() {
    let keys = Keys::new(2);
    let mut ledger = posted(&keys);
    let terms = Terms { reward: Microjoules::ZERO, ..TERMS };
    let refusal = not_done(&mut ledger, &keys.order(0, 1, post_as(8, terms, 10)));
    assert_eq!(refusal, BountyRefusal::Terms(TermsError::Reward(Microjoules::ZERO)));
    let terms = Terms { work: Work::Preimages { zero_bits: 200, end: 3 }, ..TERMS };
    let refusal = not_done(&mut ledger, &keys.order(0, 1, post_as(8, terms, 9_000)));
    assert_eq!(refusal, BountyRefusal::Terms(TermsError::ZeroBits(200)));
}

#[test]
fn a_key_is_paid_once_and_never_again_not_after_any_restart_either() {
    let keys = Keys::new(2);
    let mut ledger = posted(&keys);
    pay(&mut ledger, &keys, 6, START_MS + 1_000, Close::IfDue);
    for close in [Close::IfDue, Close::Epoch, Close::AndSave] {
        let payment = income(&ledger, &keys, 6);
        let again = BountyRefusal::PaidBefore { number: NUMBER, key: 6 };
        assert_eq!(not_paid(&mut ledger, payment), again, "in another tick, to anybody");
        let elsewhere = Payment { to: index(&ledger, keys.person(0)), at: At::default(), ..payment };
        assert_eq!(not_paid(&mut ledger, elsewhere), again);
        ledger.commit(START_MS + 2_000, close).expect("memory does not fail");
        // First from the journal alone, in the end from the row of the account alone.
        ledger = keys.open(ledger.into_store());
    }
    pay(&mut ledger, &keys, 7, START_MS + 9_000, Close::AndSave);
    ledger.fold(START_MS + 9_000, u64::MAX).expect("a whole ledger").expect("all of it is folded");
    audit(ledger.store()).expect("a ledger in order");
    let mut ledger = keys.open(ledger.into_store());
    for key in [6, 7] {
        let payment = income(&ledger, &keys, key);
        assert_eq!(not_paid(&mut ledger, payment), BountyRefusal::PaidBefore { number: NUMBER, key });
    }
    pay(&mut ledger, &keys, 5, START_MS + 10_000, Close::Epoch);
}

#[test]
fn a_payment_that_was_not_committed_can_be_made_after_a_crash() {
    let keys = Keys::new(2);
    let mut ledger = posted(&keys);
    let payment = income(&ledger, &keys, 6);
    ledger.enter(Record::Payment(payment)).expect("a good payment");
    let mut ledger = keys.open(ledger.into_store());
    assert_eq!(balance(&ledger, keys.person(1)), 1, "it was lost with the process");
    pay(&mut ledger, &keys, 6, START_MS, Close::Epoch);
}

#[test]
fn what_is_paid_is_what_was_promised() {
    let keys = Keys::new(2);
    let mut ledger = posted(&keys);
    let good = income(&ledger, &keys, 5);
    for amount in [1, REWARD - 1, REWARD + 1, 20_000] {
        let amount = Microjoules(amount);
        let refusal = not_paid(&mut ledger, Payment { amount, ..good });
        let reward = Microjoules(REWARD);
        assert_eq!(refusal, BountyRefusal::NotTheReward { number: NUMBER, amount, reward });
    }
    for key in [0, 4, 10, u64::MAX] {
        let refusal = not_paid(&mut ledger, Payment { reference: key, ..good });
        assert_eq!(refusal, BountyRefusal::NoSuchKey { number: NUMBER, key, first: 5, end: 10 });
    }
    let refund = Payment { reason: Reason::Refund, ..good };
    assert_eq!(not_paid(&mut ledger, refund), BountyRefusal::NotRefundable(NUMBER));
    let none = Payment { amount: Microjoules::ZERO, ..good };
    assert!(matches!(ledger.enter(Record::Payment(none)), Err(Refusal::NotAnAmount(_))));
}

#[test]
fn a_budget_that_is_used_up_pays_nothing_more_until_somebody_adds_to_it() {
    let keys = Keys::new(2);
    let mut ledger = posted(&keys);
    for key in 5..10 {
        pay(&mut ledger, &keys, key, START_MS, Close::IfDue);
    }
    assert_eq!(escrow(&ledger).1.balance.0, 20_000 - 5 * REWARD, "no key is left");
    let small = keys.order(0, 1, post_as(8, TERMS, REWARD));
    done(&mut ledger, &small);
    let from = ledger.books().find(&AccountName::Escrow(8)).expect("it was posted");
    let first = Payment { from, ..income(&ledger, &keys, 5) };
    ledger.enter(Record::Payment(first)).expect("there is enough for one");
    let second = Payment { reference: 6, ..first };
    assert!(matches!(ledger.enter(Record::Payment(second)), Err(Refusal::Insufficient { .. })));
    let into = AccountName::Escrow(8);
    done(&mut ledger, &keys.order(0, 2, Body::Deposit { into, amount: Microjoules(REWARD) }));
    ledger.enter(Record::Payment(second)).expect("somebody has added to it");
}

#[test]
fn a_closed_bounty_pays_nothing_and_takes_nothing() {
    let keys = Keys::new(2);
    let mut ledger = posted(&keys);
    done(&mut ledger, &keys.order(0, 1, Body::CloseBounty { number: NUMBER }));
    let payment = income(&ledger, &keys, 5);
    assert_eq!(not_paid(&mut ledger, payment), BountyRefusal::Closed(NUMBER));
    let mut ledger = keys.open(ledger.into_store());
    assert_eq!(not_paid(&mut ledger, payment), BountyRefusal::Closed(NUMBER), "nor after a restart");
    let deposit = keys.order(0, 2, Body::Deposit { into: ESCROW, amount: Microjoules(1) });
    assert_eq!(refused(&mut ledger, &deposit), OrderError::Refused(Refusal::Closed(ESCROW)));
}

#[test]
fn a_sponsor_closes_its_bounties_before_its_wallet() {
    let keys = Keys::new(2);
    let mut ledger = posted(&keys);
    let close = |nonce| keys.order(0, nonce, Body::Close { to: keys.person(1) });
    let sponsor = keys.person(0);
    assert_eq!(not_done(&mut ledger, &close(1)), BountyRefusal::StillOpen { number: NUMBER, sponsor });
    let mut ledger = keys.open(ledger.into_store());
    assert_eq!(not_done(&mut ledger, &close(1)), BountyRefusal::StillOpen { number: NUMBER, sponsor });
    done(&mut ledger, &keys.order(0, 1, Body::CloseBounty { number: NUMBER }));
    done(&mut ledger, &close(2));
    assert_eq!(balance(&ledger, keys.person(1)), 1_000_001);
}

#[test]
fn so_many_bounties_are_open_and_no_more() {
    let keys = Keys::new(2);
    let mut ledger = posted(&keys);
    let cheap = Terms { reward: Microjoules(1), ..TERMS };
    let mut nonce = 1;
    let mut order = |body| {
        nonce += 1;
        keys.order(0, nonce - 1, body)
    };
    for number in 1..OPEN_BOUNTIES_MAX as u64 {
        ledger.order(&order(post_as(1_000 + number, cheap, 1))).expect("there is room");
    }
    let one_more = order(post_as(1, cheap, 1));
    assert_eq!(not_done(&mut ledger, &one_more), BountyRefusal::TooMany);
    let mut close = keys.order(0, one_more.operation.nonce, Body::CloseBounty { number: NUMBER });
    done(&mut ledger, &close);
    close.operation.nonce += 1;
    done(&mut ledger, &keys.order(0, close.operation.nonce, post_as(1, cheap, 1)));
}

#[test]
fn receipts_show_a_bounty_to_sponsor_worker_and_whoever_asks_for_the_escrow() {
    let keys = Keys::new(2);
    let mut ledger = posted(&keys);
    for (second, key) in [(1, 5), (2, 9)] {
        pay(&mut ledger, &keys, key, START_MS + 1_000 * second, Close::Epoch);
    }
    done(&mut ledger, &keys.order(0, 1, Body::CloseBounty { number: NUMBER }));
    let host = keys.host.public();
    let bill = |name| {
        let receipt = Receipt::export(ledger.store(), name, Period::default()).expect("an account");
        let bill = receipt.verify(&host).expect("an honest bill");
        (receipt, bill)
    };
    let (receipt, worker) = bill(AccountName::Wallet(keys.person(1)));
    assert_eq!(worker.totals.income.0, 2 * REWARD);
    let keys_paid = receipt.entries.iter().filter_map(|entry| match entry.what {
        What::Paid { reference, from: ESCROW, .. } => Some(reference),
        _ => None,
    });
    assert_eq!(keys_paid.collect::<Vec<_>>(), [5, 9]);
    let (_, sponsor) = bill(AccountName::Wallet(keys.person(0)));
    assert_eq!((sponsor.totals.sent.0, sponsor.totals.received.0), (20_000, 1_014_000));
    let (receipt, spent) = bill(ESCROW);
    assert_eq!((spent.after.0, spent.totals.received.0), (0, 20_000));
    let bounty = receipt.closing.account.bounty.as_ref().expect("it is part of the account");
    assert_eq!((bounty.sponsor, bounty.paid.count()), (keys.person(0), 2));
    let text = serde_json::to_string(&receipt).expect("a receipt is plain data");
    let back: Receipt = serde_json::from_str(&text).expect("what was written");
    assert_eq!(back, receipt);
}

#[test]
fn a_receipt_that_hides_or_repeats_a_paid_key_is_found_out() {
    let keys = Keys::new(2);
    let mut ledger = posted(&keys);
    for (second, key) in [(1, 5), (2, 9)] {
        pay(&mut ledger, &keys, key, START_MS + 1_000 * second, Close::Epoch);
    }
    let good = Receipt::export(ledger.store(), ESCROW, Period::default()).expect("an account");
    let host = keys.host.public();
    let mut hidden = good.clone();
    hidden.closing.account.bounty.as_mut().expect("a bounty").paid = maxwell_ledger::bounty::Paid::default();
    assert!(matches!(hidden.verify(&host), Err(ReceiptError::NotIncluded { .. })));
    let mut other_terms = good.clone();
    other_terms.closing.account.bounty.as_mut().expect("a bounty").terms.reward = Microjoules(1);
    assert!(matches!(other_terms.verify(&host), Err(ReceiptError::NotIncluded { .. })));
    let mut repeated = good.clone();
    let What::Released { reference, .. } = &mut repeated.entries[2].what else { panic!("{good:?}") };
    *reference = 5;
    let sequence = repeated.entries[2].sequence;
    assert_eq!(repeated.verify(&host), Err(ReceiptError::Impossible(sequence)));
}

#[test]
fn the_signed_bytes_of_a_bounty_are_these() {
    let key = Keypair::from_seed(&[1; 32]);
    let keys = Keys::new(1);
    let signed = keys.signed(&key, 3, post(20_000));
    assert!(signed.to_bytes().len() < 200, "{} bytes", signed.to_bytes().len());
    let json = serde_json::to_value(signed.operation.body).expect("an order is plain data");
    let ranges = serde_json::json!({ "origin": 1, "width": 1_000, "first": 5, "end": 10 });
    let terms = serde_json::json!({ "work": { "primes": ranges }, "reward_uj": 3_000 });
    let expected = serde_json::json!({ "post-bounty": { "number": 7, "terms": terms, "budget_uj": 20_000 } });
    assert_eq!(json, expected);
    assert_eq!(serde_json::from_value::<Body>(json).expect("what was written"), post(20_000));
    let bytes = maxwell_ledger::codec::to_bytes(&post(20_000));
    // Variant 5, number, primes, origin, width, first, end, and reward and budget as zigzag numbers.
    assert_eq!(bytes, [5, 7, 0, 1, 0xe8, 7, 5, 10, 0xf0, 0x2e, 0xc0, 0xb8, 2]);
}
