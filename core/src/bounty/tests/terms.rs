//! Which terms can be kept: for who writes them down and for who posts them.

use super::super::Ranges;
use super::super::terms::{Terms, TermsError, Work};
use crate::limits::{
    KEY_END_MAX, PRIME_LAST_MAX, PRIME_WIDTH_MAX, REWARD_MAX, VERIFIER_FUEL_MAX, ZERO_BITS_MAX,
};
use crate::units::Microjoules;

const RANGES: Ranges = Ranges { origin: 1, width: 1_000, first: 0, end: 10 };

fn found(work: Work) -> Result<(), TermsError> {
    Terms { work, reward: Microjoules(1) }.check()
}

#[test]
fn a_reward_is_something_and_has_a_bound() {
    for (reward, good) in [(i64::MIN, false), (0, false), (1, true), (REWARD_MAX.0, true)] {
        let terms = Terms { work: Work::Primes(RANGES), reward: Microjoules(reward) };
        assert_eq!(terms.check().is_ok(), good, "{reward}");
    }
    let terms = Terms { work: Work::Primes(RANGES), reward: REWARD_MAX + Microjoules(1) };
    assert_eq!(terms.check(), Err(TermsError::Reward(terms.reward)));
}

#[test]
fn ranges_lie_on_the_number_line_and_can_be_checked_at_once() {
    let ranges = |width, origin, first, end| found(Work::Primes(Ranges { origin, width, first, end }));
    assert_eq!(ranges(1_000, 1, 0, 10), Ok(()));
    assert_eq!(ranges(1_000, 1, 10, 10), Err(TermsError::NoKeys { first: 10, end: 10 }));
    assert_eq!(ranges(0, 1, 0, 10), Err(TermsError::Width(0)));
    assert_eq!(ranges(PRIME_WIDTH_MAX + 1, 1, 0, 1), Err(TermsError::Width(PRIME_WIDTH_MAX + 1)));
    assert_eq!(ranges(1, PRIME_LAST_MAX, 0, 1), Ok(()), "the last number of all");
    assert_eq!(ranges(1, PRIME_LAST_MAX, 0, 2), Err(TermsError::TooLarge));
    assert_eq!(ranges(3, 1, 0, KEY_END_MAX), Err(TermsError::TooLarge), "beyond 64 bits");
    assert_eq!(ranges(1, 1, 0, KEY_END_MAX + 1), Err(TermsError::TooManyKeys(KEY_END_MAX + 1)));
    assert_eq!(ranges(1, u64::MAX, 0, 1), Err(TermsError::TooLarge));
}

#[test]
fn other_work_has_keys_and_bounds_of_its_own() {
    for (zero_bits, good) in [(0, false), (1, true), (ZERO_BITS_MAX, true), (ZERO_BITS_MAX + 1, false)] {
        assert_eq!(found(Work::Preimages { zero_bits, end: 1 }).is_ok(), good, "{zero_bits}");
    }
    for (fuel, good) in [(0, false), (1, true), (VERIFIER_FUEL_MAX, true), (VERIFIER_FUEL_MAX + 1, false)] {
        assert_eq!(found(Work::Module { digest: [0; 32], fuel, end: 1 }).is_ok(), good, "{fuel}");
    }
    assert_eq!(found(Work::Preimages { zero_bits: 1, end: 0 }), Err(TermsError::NoKeys { first: 0, end: 0 }));
}
