//! What can be posted, and what closing does.

use super::super::terms::{Terms, TermsError};
use super::super::*;
use super::*;

fn posting(id: u64, work: Work) -> Posting {
    let terms = Terms { work, reward: REWARD };
    Posting { id: BountyId(id), escrow: AccountId(100 + id as u32), terms, paid: vec![] }
}

fn refusal(posting: Posting) -> PostError {
    Bounties::new(AuditPolicy::default()).post(posting).expect_err("impossible terms")
}

#[test]
fn impossible_terms_and_names_are_refused() {
    let module = |id, fuel| posting(id, Work::Module { digest: [0; 32], fuel, end: 5 });
    assert_eq!(refusal(module(1, 0)), PostError::Terms(TermsError::Fuel(0)));
    let unspeakable = Posting { id: BountyId(u64::MAX), ..module(1, 5) };
    assert_eq!(refusal(unspeakable), PostError::Name(BountyId(u64::MAX)));
}

#[test]
fn a_name_and_an_escrow_belong_to_one_bounty_and_there_are_so_many_at_most() {
    let mut bounties = Bounties::new(AuditPolicy::default());
    let work = Work::Preimages { zero_bits: 8, end: 5 };
    bounties.post(posting(1, work)).unwrap();
    let same_name = Posting { escrow: AccountId(7), ..posting(1, work) };
    assert_eq!(bounties.post(same_name), Err(PostError::Taken(BountyId(1))));
    let same_escrow = Posting { escrow: AccountId(101), ..posting(2, work) };
    assert_eq!(bounties.post(same_escrow), Err(PostError::EscrowTaken(BountyId(1))));
    for id in 2..=BOUNTIES_MAX as u64 {
        bounties.post(posting(id, work)).unwrap();
    }
    assert_eq!(bounties.post(posting(1_000, work)), Err(PostError::Full));
}

#[test]
fn what_was_paid_by_an_earlier_run_is_never_leased_again() {
    let mut fair = Fair::with_paid(10_000, 20, vec![12..14, 5..7, 6..9, 14..15, 30..30, 19..40]);
    let leased: Vec<_> = std::iter::from_fn(|| fair.lease(A)).collect();
    assert_eq!(leased, [9, 10, 11, 15, 16, 17, 18]);
}

#[test]
fn a_cell_works_on_the_bounty_that_it_names_and_else_on_the_first_on_primes() {
    let mut fair = Fair::new(1_000, 100);
    let escrow = fair.ledger.fund_new(0, Role::Escrow, Microjoules(1_000)).unwrap();
    let hashes = Posting { escrow, ..posting(77, Work::Preimages { zero_bits: 8, end: 3 }) };
    fair.bounties.post(hashes).unwrap();
    let named = Which::Named(BountyId(77));
    let keys: Vec<_> = (0..4).map(|_| fair.lease_of(A, named)).collect();
    assert_eq!(keys, [Some(0), Some(1), Some(2), None]);
    assert_eq!(fair.lease(A), Some(5), "the other one has keys left");
    assert_eq!(fair.try_lease(A, Which::Named(BountyId(9))), Err(NoKey::Gone), "there is none");
    let answer = Answer::new(b"found").unwrap();
    assert!(fair.bounties.claim(A, named, 5, answer).is_err(), "a key of the other bounty");
    let claim = fair.bounties.claim(A, named, 1, answer).unwrap();
    assert_eq!(claim.bounty, BountyId(77));
}

#[test]
fn a_cell_stays_with_the_bounty_on_primes_that_it_was_first_offered() {
    let mut fair = Fair::new(1_000, 100);
    assert_eq!(fair.lease(A), Some(5));
    fair.bounties.close(BOUNTY).unwrap();
    let escrow = fair.ledger.fund_new(0, Role::Escrow, Microjoules(1_000)).unwrap();
    let ranges = Ranges { origin: 0, width: 10, first: 50, end: 60 };
    fair.bounties.post(Posting { escrow, ..posting(8, Work::Primes(ranges)) }).unwrap();
    assert_eq!(fair.lease(A), None, "numbers of ranges would mean something else");
    assert_eq!(fair.lease(B), Some(50), "a new one is offered the new bounty");
}

#[test]
fn a_name_does_not_come_back_when_its_bounty_is_closed() {
    let mut fair = Fair::new(1_000, 100);
    assert_eq!(fair.bounties.free_name(), BountyId(BOUNTY.0 + 1));
    fair.bounties.close(BOUNTY).unwrap();
    assert!(fair.bounties.posted().is_empty());
    assert_eq!(fair.bounties.free_name(), BountyId(BOUNTY.0 + 1));
    let again = posting(BOUNTY.0, Work::Preimages { zero_bits: 8, end: 5 });
    assert_eq!(fair.bounties.post(again), Err(PostError::Taken(BOUNTY)));
    assert_eq!(Bounties::new(AuditPolicy::default()).free_name(), BountyId(1));
}

#[test]
fn closing_ends_leases_and_settles_what_is_claimed() {
    let mut fair = Fair::new(1_000, 100);
    let keys: Vec<_> = (0..4).map(|_| fair.lease(A).unwrap()).collect();
    let [first, second, third] = [keys[0], keys[1], keys[2]].map(|key| fair.claim(A, key).unwrap());
    assert_eq!(fair.bounties.conclude(0, A, &first, true), Conclusion::Accepted(fair.by(A)));
    fair.bounties.close(BOUNTY).unwrap();
    assert_eq!(fair.bounties.close(BOUNTY), Err(NoBounty(BOUNTY)), "once");
    assert_eq!(fair.claim(A, keys[3]), Err(ClaimError::NotLeased(keys[3])), "a lease that is over");
    assert_eq!(fair.try_lease(B, Which::Primes), Err(NoKey::Gone));
    assert_eq!(fair.bounties.get(BOUNTY).unwrap().keys_out(), 3);
    assert_eq!(fair.bounties.conclude(0, A, &second, true), Conclusion::Accepted(fair.by(A)));
    assert!(matches!(fair.bounties.conclude(0, A, &third, false), Conclusion::False(_)));
    assert_eq!(fair.pay_due(1_000), [first.key, second.key]);
    assert!(fair.bounties.get(BOUNTY).is_none(), "all is settled");
    assert_eq!(fair.ledger.free(fair.escrow), Microjoules(1_000 - 20), "the rest is the sponsor's");
}

#[test]
fn a_bounty_without_claims_is_gone_as_soon_as_it_is_closed() {
    let mut fair = Fair::new(1_000, 100);
    fair.lease(A);
    fair.bounties.close(BOUNTY).unwrap();
    assert!(fair.bounties.posted().is_empty());
    fair.bounties.release(A);
}
