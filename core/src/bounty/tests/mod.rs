//! A key is paid once, to the wallet of who leased it, if the claim is true, and not before its time.

mod posting;
mod sieve;
mod terms;

use super::terms::Terms;
use super::*;
use crate::invariants::{Violation, promises};
use crate::ledger::{BillingPolicy, Role};
use crate::units::{Microjoules, Ppm};
use proptest::prelude::*;

const A: CellId = CellId(1);
const B: CellId = CellId(2);
const REWARD: Microjoules = Microjoules(10);
const FEE: Microjoules = Microjoules(2);
const BOUNTY: BountyId = BountyId(3);
const WINDOW: u64 = 10;

struct Fair {
    ledger: Ledger,
    bounties: Bounties,
    escrow: AccountId,
    wallets: [AccountId; 4],
}

impl Fair {
    fn new(budget: i64, end: u64) -> Self {
        Self::with_paid(budget, end, vec![])
    }

    fn with_paid(budget: i64, end: u64, paid: Vec<std::ops::Range<u64>>) -> Self {
        let mut ledger = Ledger::new(BillingPolicy::default());
        let escrow = ledger.fund_new(0, Role::Escrow, Microjoules(budget)).unwrap();
        let wallets = [(); 4].map(|()| ledger.fund_new(0, Role::Wallet, Microjoules::ZERO).unwrap());
        let ranges = Ranges { origin: 1_000, width: 100, first: 5, end };
        let mut bounties = Bounties::new(AuditPolicy::new(Ppm::ONE, WINDOW).unwrap());
        let terms = Terms { work: Work::Primes(ranges), reward: REWARD };
        bounties.post(Posting { id: BOUNTY, escrow, terms, paid }).unwrap();
        Self { ledger, bounties, escrow, wallets }
    }

    fn lease(&mut self, cell: CellId) -> Option<u64> {
        self.lease_of(cell, Which::Primes)
    }

    fn lease_of(&mut self, cell: CellId, which: Which) -> Option<u64> {
        self.try_lease(cell, which).ok()
    }

    fn try_lease(&mut self, cell: CellId, which: Which) -> Result<u64, NoKey> {
        self.bounties.lease(cell, self.wallets[cell.0 as usize], which, &self.ledger)
    }

    /// Claims a key for a cell, whose wallet has its number.
    fn claim(&mut self, cell: CellId, key: u64) -> Result<Claim, ClaimError> {
        let claim = self.bounties.claim(cell, Which::Primes, key, Answer::of_primes(3, 99))?;
        self.bounties.take(&claim, self.by(cell));
        Ok(claim)
    }

    fn by(&self, cell: CellId) -> Claimant {
        Claimant { cell, wallet: self.wallets[cell.0 as usize], staked: false, fee: FEE }
    }

    /// Pays what is due, and says for which keys.
    fn pay_due(&mut self, tick: u64) -> Vec<u64> {
        let mut keys = Vec::new();
        while let Some((payment, transfer)) = self.bounties.pay_next(tick) {
            assert_eq!((transfer.tick, transfer.kind, transfer.amount), (tick, Kind::Bounty, REWARD));
            assert_eq!((transfer.from, transfer.to), (self.escrow, payment.wallet));
            self.ledger.pay(transfer).expect("what is leased is covered");
            keys.push(payment.key);
        }
        keys
    }

    /// Cancels what is held for a cell's wallet, and says for which keys.
    fn cancel(&mut self, cell: CellId) -> Vec<u64> {
        let mut keys = Vec::new();
        self.bounties.cancel(self.wallets[cell.0 as usize], |payment| keys.push(payment.key));
        keys
    }

    fn free(&self, cell: CellId) -> Microjoules {
        self.ledger.free(self.wallets[cell.0 as usize])
    }
}

#[test]
fn a_key_is_paid_once_to_the_cell_that_leased_it() {
    let mut fair = Fair::new(1_000, 100);
    assert_eq!(fair.lease(A), Some(5));
    assert_eq!(fair.claim(B, 5), Err(ClaimError::NotLeased(5)), "another's");
    assert_eq!(fair.claim(A, 6), Err(ClaimError::NotLeased(6)), "never leased");
    let claim = fair.claim(A, 5).unwrap();
    assert_eq!(fair.claim(A, 5), Err(ClaimError::NotLeased(5)), "claimed already");
    assert_eq!(fair.bounties.conclude(0, B, &claim, true), Conclusion::Unknown, "not who claimed");
    assert_eq!(fair.bounties.conclude(0, A, &claim, true), Conclusion::Accepted(fair.by(A)));
    assert_eq!(fair.bounties.conclude(0, A, &claim, true), Conclusion::Unknown, "twice");
    assert_eq!(fair.pay_due(WINDOW), [5]);
    assert_eq!(fair.claim(A, 5), Err(ClaimError::NotLeased(5)), "paid already");
    fair.bounties.release(A);
    assert_eq!(fair.lease(B), Some(6), "a paid key never comes back");
    assert_eq!(fair.free(A), REWARD);
}

#[test]
fn nothing_is_accepted_before_it_is_claimed_and_nothing_paid_before_its_window_is_over() {
    let mut fair = Fair::new(1_000, 100);
    fair.lease(A);
    let claim = Claim { bounty: BOUNTY, key: 5, answer: Answer::of_primes(3, 99) };
    assert_eq!(fair.bounties.conclude(0, A, &claim, true), Conclusion::Unknown);
    fair.claim(A, 5).expect("the lease still holds");
    fair.bounties.conclude(7, A, &claim, true);
    assert_eq!(fair.pay_due(7 + WINDOW - 1), []);
    assert_eq!(fair.claim(A, 5), Err(ClaimError::NotLeased(5)), "held is not leased");
    assert_eq!(fair.pay_due(7 + WINDOW), [5]);
}

#[test]
fn the_end_of_all_windows_pays_at_once() {
    let mut fair = Fair::new(1_000, 100);
    fair.lease(A);
    let claim = fair.claim(A, 5).unwrap();
    fair.bounties.conclude(7, A, &claim, true);
    fair.bounties.end_windows();
    assert_eq!(fair.pay_due(7), [5]);
}

#[test]
fn a_false_claim_returns_the_key() {
    let mut fair = Fair::new(1_000, 100);
    fair.lease(A);
    let claim = fair.claim(A, 5).unwrap();
    assert_eq!(fair.bounties.conclude(0, A, &claim, false), Conclusion::False(fair.by(A)));
    assert_eq!(fair.pay_due(1_000), []);
    assert_eq!(fair.claim(A, 5), Err(ClaimError::NotLeased(5)), "not without a new lease");
    assert_eq!(fair.lease(B), Some(5));
    let claim = fair.claim(B, 5).unwrap();
    assert_eq!(fair.bounties.conclude(0, B, &claim, true), Conclusion::Accepted(fair.by(B)));
}

#[test]
fn what_nobody_concludes_is_given_up_in_order_and_nothing_else_is() {
    let mut fair = Fair::new(1_000, 100);
    let keys: Vec<_> = (0..20).map(|_| fair.lease(A).unwrap()).collect();
    let claims: Vec<_> = keys[..12].iter().map(|key| fair.claim(A, *key).unwrap()).collect();
    fair.bounties.conclude(0, A, &claims[0], true);
    assert!(fair.bounties.await_conclusion());
    let given_up: Vec<_> = claims[1..].iter().map(|claim| (claim.key, fair.by(A))).collect();
    assert_eq!(fair.bounties.give_up(), given_up);
    assert!(!fair.bounties.await_conclusion());
    assert_eq!(fair.bounties.conclude(0, A, &claims[1], true), Conclusion::Unknown, "too late");
    assert_eq!(fair.lease(B), Some(claims[1].key), "its key is free again");
    fair.claim(A, keys[12]).expect("a lease is not given up");
    assert_eq!(fair.pay_due(1_000), [claims[0].key]);
}

#[test]
fn a_refused_claim_ends_its_lease() {
    let mut fair = Fair::new(1_000, 100);
    fair.lease(A);
    let claim = fair.bounties.claim(A, Which::Primes, 5, Answer::of_primes(1, 1)).unwrap();
    fair.bounties.refuse(&claim, A);
    assert_eq!(fair.claim(A, 5), Err(ClaimError::NotLeased(5)));
    assert_eq!(fair.lease(B), Some(5));
}

#[test]
fn the_leases_of_a_cell_that_is_over_come_back_lowest_first_and_its_claims_are_settled() {
    let mut fair = Fair::new(1_000, 100);
    for expected in 5..9 {
        assert_eq!(fair.lease(A), Some(expected));
    }
    assert_eq!(fair.lease(B), Some(9));
    let claims = [6, 7].map(|key| fair.claim(A, key).unwrap());
    assert_eq!(fair.bounties.conclude(0, A, &claims[1], true), Conclusion::Accepted(fair.by(A)));
    fair.bounties.release(A);
    let accepted = Conclusion::Accepted(fair.by(A));
    assert_eq!(fair.bounties.conclude(0, A, &claims[0], true), accepted, "paid for already");
    let again: Vec<_> = (0..3).map(|_| fair.lease(B).unwrap()).collect();
    assert_eq!(again, [5, 8, 10]);
    assert_eq!(fair.pay_due(1_000), [7, 6]);
    assert_eq!(fair.free(A), REWARD.times(2));
}

#[test]
fn the_held_payments_of_one_wallet_are_cancelled_and_no_other_s() {
    let mut fair = Fair::new(1_000, 100);
    for cell in [A, B, A, B] {
        let key = fair.lease(cell).unwrap();
        let claim = fair.claim(cell, key).unwrap();
        fair.bounties.conclude(0, cell, &claim, true);
    }
    assert_eq!(fair.cancel(A), [5, 7]);
    assert_eq!([fair.lease(B), fair.lease(B)], [Some(5), Some(7)], "their keys are free again");
    assert_eq!(fair.pay_due(1_000), [6, 8], "in the order in which they were accepted");
    assert_eq!((fair.free(A), fair.free(B)), (Microjoules::ZERO, REWARD.times(2)));
}

#[test]
fn leases_end_with_the_keys() {
    let mut fair = Fair::new(1_000, 7);
    assert_eq!([fair.lease(A), fair.lease(A)], [Some(5), Some(6)]);
    assert_eq!(fair.try_lease(A, Which::Primes), Err(NoKey::Gone));
}

#[test]
fn a_cell_holds_no_more_leases_than_it_may() {
    let mut fair = Fair::new(1_000_000, 1_000);
    let leased = (0..100).filter_map(|_| fair.lease(A)).count();
    assert_eq!(leased, LEASES_HELD_MAX);
    assert_eq!(fair.try_lease(A, Which::Primes), Err(NoKey::Later), "until it has claimed one");
    assert!(fair.lease(B).is_some(), "others may");
    fair.claim(A, 5).unwrap();
    assert!(fair.lease(A).is_some() && fair.lease(A).is_none(), "one claimed, one more");
    fair.bounties.release(A);
    assert!(fair.lease(A).is_some());
}

#[test]
fn a_cell_that_claims_all_it_can_and_waits_does_not_keep_another_from_leasing() {
    let all = KEYS_OUT_MAX as u64;
    let mut fair = Fair::new(i64::MAX / 4, 2 * all);
    let squat = |fair: &mut Fair, cell| {
        let mut taken = 0;
        while let Some(key) = fair.lease(cell) {
            let claim = fair.claim(cell, key).unwrap();
            // Its window never ends here.
            fair.bounties.conclude(0, cell, &claim, true);
            taken += 1;
        }
        taken
    };
    assert_eq!(squat(&mut fair, A), all / 2);
    // A second life of the same wallet has nothing more.
    fair.bounties.release(A);
    let (again, wallet) = (CellId(9), fair.wallets[A.0 as usize]);
    let waits = fair.bounties.lease(again, wallet, Which::Primes, &fair.ledger);
    assert_eq!(waits, Err(NoKey::Later), "it is not told that the bounty is over");
    assert!(fair.lease(B).is_some(), "another wallet has its share");
    assert_eq!(squat(&mut fair, B), all / 4 - 1);
    assert!(fair.lease(CellId(2)).is_none() && fair.lease(CellId(3)).is_some());
    fair.pay_due(WINDOW);
    assert!(fair.lease(A).is_some(), "what is paid is out no more");
}

#[test]
fn what_the_escrow_does_not_cover_is_not_leased() {
    let mut fair = Fair::new(29, 100);
    let later = Err(NoKey::Later);
    assert_eq!([fair.lease(A), fair.lease(B)], [Some(5), Some(6)]);
    assert_eq!(fair.try_lease(A, Which::Primes), later);
    let claim = fair.claim(A, 5).unwrap();
    assert_eq!(fair.try_lease(B, Which::Primes), later, "claimed is still owed");
    fair.bounties.conclude(0, A, &claim, true);
    assert_eq!(fair.try_lease(B, Which::Primes), later, "held is still owed");
    assert_eq!(fair.pay_due(WINDOW), [5]);
    assert_eq!(fair.try_lease(B, Which::Primes), later);
    let claim = fair.claim(B, 6).unwrap();
    fair.bounties.conclude(0, B, &claim, false);
    assert_eq!(fair.lease(A), Some(6), "what a false claim left can be earned again");
    let claim = fair.claim(A, 6).unwrap();
    fair.bounties.conclude(0, A, &claim, true);
    assert_eq!(fair.pay_due(WINDOW), [6]);
    assert_eq!(fair.try_lease(A, Which::Primes), Err(NoKey::Gone), "the escrow is spent");
}

#[test]
fn an_escrow_that_no_longer_covers_what_is_promised_is_a_violation() {
    let mut fair = Fair::new(20, 100);
    let keys = [fair.lease(A), fair.lease(A)];
    assert_eq!(keys, [Some(5), Some(6)]);
    assert_eq!(promises(9, &fair.bounties, &fair.ledger), Ok(()));
    let (from, to) = (fair.escrow, fair.wallets[0]);
    fair.ledger.pay(Transfer { tick: 9, kind: Kind::Bounty, from, to, amount: Microjoules(1) }).unwrap();
    let (promised, escrow) = (Microjoules(20), Microjoules(19));
    let violation = Violation::Promises { tick: 9, bounty: BOUNTY, promised, escrow };
    assert_eq!(promises(9, &fair.bounties, &fair.ledger), Err(violation));
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Lease(u32),
    Claim(u32, u64),
    Conclude(usize, bool),
    Cancel(u32),
    Release(u32),
    Pay,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..4_u32).prop_map(Step::Lease),
        4 => (0..4_u32, 5..40_u64).prop_map(|(cell, key)| Step::Claim(cell, key)),
        3 => (0..8_usize, any::<bool>()).prop_map(|(which, holds)| Step::Conclude(which, holds)),
        1 => (0..4_u32).prop_map(Step::Cancel),
        1 => (0..4_u32).prop_map(Step::Release),
        2 => Just(Step::Pay),
    ];
    prop::collection::vec(step, 1..300)
}

proptest! {
    #[test]
    fn no_key_is_paid_twice_or_leased_to_two_and_the_escrow_always_covers(
        steps in steps(),
        budget in 0..300_i64,
    ) {
        let mut fair = Fair::new(budget, 40);
        let (mut leased, mut claimed, mut held, mut paid) = (vec![], vec![], vec![], vec![]);
        for (tick, step) in (0_u64..).zip(steps) {
            match step {
                Step::Lease(cell) => leased.extend(fair.lease(CellId(cell)).map(|key| (key, cell))),
                Step::Claim(cell, key) => {
                    let taken = fair.claim(CellId(cell), key);
                    prop_assert_eq!(taken.is_ok(), leased.contains(&(key, cell)));
                    leased.retain(|other| *other != (key, cell));
                    claimed.extend(taken.map(|claim| (claim, cell)));
                }
                Step::Conclude(which, holds) if which < claimed.len() => {
                    let (claim, cell) = claimed.remove(which);
                    let accepted = fair.bounties.conclude(tick, CellId(cell), &claim, holds);
                    prop_assert_eq!(matches!(accepted, Conclusion::Accepted(_)), holds);
                    held.extend(holds.then_some((claim.key, cell)));
                }
                Step::Conclude(..) => {}
                Step::Cancel(cell) => {
                    let of_cell: Vec<u64> =
                        held.iter().filter(|(_, holder)| *holder == cell).map(|(key, _)| *key).collect();
                    held.retain(|(_, holder)| *holder != cell);
                    prop_assert_eq!(fair.cancel(CellId(cell)), of_cell);
                }
                Step::Release(cell) => {
                    fair.bounties.release(CellId(cell));
                    leased.retain(|(_, holder)| *holder != cell);
                }
                Step::Pay => {
                    for key in fair.pay_due(tick) {
                        prop_assert!(held.iter().any(|(other, _)| *other == key), "{} is not held", key);
                        held.retain(|(other, _)| *other != key);
                        paid.push(key);
                    }
                }
            }
            let out = leased.iter().map(|(key, _)| *key).chain(claimed.iter().map(|(claim, _)| claim.key));
            let out: Vec<u64> = out.chain(held.iter().map(|(key, _)| *key)).collect();
            prop_assert_eq!(out.len(), fair.bounties.get(BOUNTY).unwrap().keys_out());
            let mut keys: Vec<u64> = out.iter().chain(&paid).copied().collect();
            keys.sort_unstable();
            let count = keys.len();
            keys.dedup();
            prop_assert_eq!(keys.len(), count, "a key belongs to one, once");
            let promised = fair.bounties.get(BOUNTY).unwrap().promised();
            prop_assert_eq!(promised, REWARD.times(out.len() as u64));
            prop_assert!(fair.ledger.free(fair.escrow) >= promised);
        }
        let wallets: Microjoules = (0..4).map(|cell| fair.free(CellId(cell))).sum();
        prop_assert_eq!(wallets, REWARD.times(paid.len() as u64));
    }
}
