//! A range is paid once, to who leased it, if the claim is true; and the verifier knows what is true.

use super::*;
use crate::ledger::{BillingPolicy, Role};
use proptest::prelude::*;

const A: CellId = CellId(1);
const B: CellId = CellId(2);
const REWARD: Microjoules = Microjoules(10);

struct Fair {
    ledger: Ledger,
    bounty: Bounty,
    wallet: AccountId,
}

impl Fair {
    fn new(budget: i64, end: u64) -> Self {
        let mut ledger = Ledger::new(BillingPolicy::default());
        let escrow = ledger.fund_new(0, Role::Escrow, Microjoules(budget)).unwrap();
        let wallet = ledger.fund_new(0, Role::Wallet, Microjoules::ZERO).unwrap();
        let ranges = Ranges { origin: 1_000, width: 100, first: 5, end };
        Self { ledger, bounty: Bounty::new(escrow, REWARD, ranges), wallet }
    }

    fn lease(&mut self, cell: CellId) -> Option<u64> {
        self.bounty.lease(cell, &self.ledger)
    }

    /// Ends a claim; whether it was paid.
    fn conclude(&mut self, cell: CellId, claim: Claim, holds: bool) -> bool {
        let payment = self.bounty.verified(7, cell, self.wallet, claim, holds);
        payment.is_some_and(|transfer| {
            assert_eq!((transfer.tick, transfer.kind, transfer.amount), (7, Kind::Bounty, REWARD));
            self.ledger.pay(transfer).expect("what is leased is covered");
            true
        })
    }
}

fn claim(range: u64) -> Claim {
    Claim { range, count: 3, sum: 99 }
}

#[test]
fn a_range_is_paid_once_to_the_cell_that_leased_it() {
    let mut fair = Fair::new(1_000, 100);
    assert_eq!(fair.lease(A), Some(5));
    assert_eq!(fair.bounty.claim(B, claim(5)), Err(ClaimError::NotLeased(5)), "another's");
    assert_eq!(fair.bounty.claim(A, claim(6)), Err(ClaimError::NotLeased(6)), "never leased");
    assert_eq!(fair.bounty.claim(A, claim(5)), Ok(Range { first: 1_500, width: 100 }));
    assert_eq!(fair.bounty.claim(A, claim(5)), Err(ClaimError::NotLeased(5)), "claimed already");
    assert!(!fair.conclude(B, claim(5), true), "not who claimed");
    assert!(!fair.conclude(A, Claim { sum: 98, ..claim(5) }, true), "not what was claimed");
    assert!(fair.conclude(A, claim(5), true));
    assert!(!fair.conclude(A, claim(5), true), "twice");
    assert_eq!(fair.bounty.claim(A, claim(5)), Err(ClaimError::NotLeased(5)), "paid already");
    fair.bounty.release(A);
    assert_eq!(fair.lease(B), Some(6), "a paid range never comes back");
    assert_eq!(fair.ledger.free(fair.wallet), REWARD);
}

#[test]
fn nothing_is_paid_before_it_is_claimed() {
    let mut fair = Fair::new(1_000, 100);
    fair.lease(A);
    assert!(!fair.conclude(A, claim(5), true));
    assert!(fair.bounty.claim(A, claim(5)).is_ok(), "and the lease still holds");
}

#[test]
fn a_false_claim_returns_the_range() {
    let mut fair = Fair::new(1_000, 100);
    fair.lease(A);
    fair.bounty.claim(A, claim(5)).unwrap();
    assert!(!fair.conclude(A, claim(5), false));
    assert_eq!(fair.ledger.free(fair.wallet), Microjoules::ZERO);
    assert_eq!(fair.bounty.claim(A, claim(5)), Err(ClaimError::NotLeased(5)), "not without a new lease");
    assert_eq!(fair.lease(B), Some(5));
    fair.bounty.claim(B, claim(5)).unwrap();
    assert!(fair.conclude(B, claim(5), true));
}

#[test]
fn the_ranges_of_a_cell_that_is_over_are_leased_again_lowest_first() {
    let mut fair = Fair::new(1_000, 100);
    for expected in 5..9 {
        assert_eq!(fair.lease(A), Some(expected));
    }
    assert_eq!(fair.lease(B), Some(9));
    fair.bounty.claim(A, claim(6)).unwrap();
    fair.bounty.claim(A, claim(7)).unwrap();
    assert!(fair.conclude(A, claim(7), true));
    fair.bounty.release(A);
    assert!(!fair.conclude(A, claim(6), true), "a claim that was not verified in time is lost");
    let again: Vec<_> = (0..4).map(|_| fair.lease(B).unwrap()).collect();
    assert_eq!(again, [5, 6, 8, 10]);
}

#[test]
fn leases_end_with_the_ranges() {
    let mut fair = Fair::new(1_000, 7);
    assert_eq!([fair.lease(A), fair.lease(A), fair.lease(A)], [Some(5), Some(6), None]);
}

#[test]
fn a_cell_holds_no_more_leases_than_it_may() {
    let mut fair = Fair::new(1_000_000, 1_000);
    let leased = (0..100).filter_map(|_| fair.lease(A)).count();
    assert_eq!(leased, LEASES_HELD_MAX);
    assert!(fair.lease(B).is_some(), "others may");
    fair.bounty.claim(A, claim(5)).unwrap();
    assert!(fair.lease(A).is_some() && fair.lease(A).is_none(), "one claimed, one more");
    fair.bounty.release(A);
    assert!(fair.lease(A).is_some());
}

#[test]
fn what_the_escrow_does_not_cover_is_not_leased() {
    let mut fair = Fair::new(29, 100);
    assert_eq!([fair.lease(A), fair.lease(B), fair.lease(A)], [Some(5), Some(6), None]);
    fair.bounty.claim(A, claim(5)).unwrap();
    assert_eq!(fair.lease(B), None, "claimed and not yet paid is still owed");
    assert!(fair.conclude(A, claim(5), true));
    assert_eq!(fair.lease(B), None);
    fair.bounty.claim(B, claim(6)).unwrap();
    assert!(!fair.conclude(B, claim(6), false));
    assert_eq!(fair.lease(A), Some(6), "what a false claim left can be earned again");
}

#[test]
#[should_panic(expected = "beyond the last number")]
fn ranges_that_leave_the_number_line_are_refused() {
    let ranges = Ranges { origin: 0, width: 1 << 40, first: 0, end: 1 << 30 };
    let _ = Bounty::new(AccountId(0), REWARD, ranges);
}

fn is_prime(n: u64) -> bool {
    n > 1 && (2..=n.isqrt()).all(|d| !n.is_multiple_of(d))
}

fn by_trial_division(range: u64, numbers: Range) -> Claim {
    let primes: Vec<u64> = (numbers.first..numbers.first + numbers.width).filter(|n| is_prime(*n)).collect();
    Claim { range, count: primes.len() as u32, sum: primes.iter().sum() }
}

#[test]
fn the_verifier_knows_the_smallest_numbers() {
    for first in 0..60 {
        for width in 1..60 {
            let numbers = Range { first, width };
            assert_eq!(Verifier::default().answer(9, numbers), by_trial_division(9, numbers), "{numbers:?}");
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Lease(u32),
    Claim(u32, u64),
    Verify(usize, bool),
    Release(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..4_u32).prop_map(Step::Lease),
        4 => (0..4_u32, 5..40_u64).prop_map(|(cell, range)| Step::Claim(cell, range)),
        3 => (0..8_usize, any::<bool>()).prop_map(|(which, holds)| Step::Verify(which, holds)),
        1 => (0..4_u32).prop_map(Step::Release),
    ];
    prop::collection::vec(step, 1..300)
}

proptest! {
    #[test]
    fn the_verifier_agrees_with_trial_division(
        ranges in prop::collection::vec((0..3_000_000_u64, 1..400_u64), 1..6),
    ) {
        let mut verifier = Verifier::default();
        for (number, (first, width)) in ranges.into_iter().enumerate() {
            let (range, numbers) = (number as u64, Range { first, width });
            prop_assert_eq!(verifier.answer(range, numbers), by_trial_division(range, numbers));
        }
    }

    #[test]
    fn no_range_is_paid_twice_or_leased_to_two_and_the_escrow_always_covers(
        steps in steps(),
        budget in 0..300_i64,
    ) {
        let mut fair = Fair::new(budget, 40);
        let (mut held, mut pending, mut paid) = (Vec::new(), Vec::new(), Vec::new());
        for step in steps {
            match step {
                Step::Lease(cell) => held.extend(fair.lease(CellId(cell)).map(|range| (range, cell))),
                Step::Claim(cell, range) => {
                    let taken = fair.bounty.claim(CellId(cell), claim(range)).is_ok();
                    let unclaimed = held.contains(&(range, cell)) && !pending.contains(&(range, cell));
                    prop_assert_eq!(taken, unclaimed);
                    pending.extend(taken.then_some((range, cell)));
                }
                Step::Verify(which, holds) if which < pending.len() => {
                    let (range, cell) = pending.remove(which);
                    let lives = held.contains(&(range, cell));
                    prop_assert_eq!(fair.conclude(CellId(cell), claim(range), holds), holds && lives);
                    held.retain(|other| *other != (range, cell));
                    paid.extend((holds && lives).then_some(range));
                }
                Step::Verify(..) => {}
                Step::Release(cell) => {
                    fair.bounty.release(CellId(cell));
                    held.retain(|(_, holder)| *holder != cell);
                    // Its verifications are still on their way: they must come to nothing.
                    pending.retain(|(_, holder)| *holder != cell);
                }
            }
            let mut ranges: Vec<u64> = held.iter().map(|(range, _)| *range).chain(paid.iter().copied()).collect();
            ranges.sort_unstable();
            let count = ranges.len();
            ranges.dedup();
            prop_assert_eq!(ranges.len(), count, "a range belongs to one, once");
            let owed = REWARD.times(held.len() as u64);
            prop_assert!(fair.ledger.free(fair.bounty.escrow) >= owed);
        }
        prop_assert_eq!(fair.ledger.free(fair.wallet), REWARD.times(paid.len() as u64));
    }
}
