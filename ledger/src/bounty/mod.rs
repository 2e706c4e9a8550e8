//! What the books know of a bounty: who promised what, and which keys were paid.
//!
//! A bounty is bound to the escrow of its number. It stands in that escrow's account, so whatever keeps an account keeps it
//! too: the row in the store, the fold, the leaf under the signed root, the audit and the receipt.
//!
//! ```text
//!   (no escrow) --post--> open --close, by the sponsor alone--> closed (its number is never used again)
//!                          | ^
//!                          +-+ income: each key once
//! ```

mod paid;

pub use paid::{Paid, Payable, Stretch};

use maxwell_core::bounty::Ranges;
use maxwell_core::bounty::terms::{Terms, Work};
use maxwell_core::units::Microjoules;
use serde::{Deserialize, Serialize};

use crate::limits::{FUEL_MAX, KEY_END_MAX, NUMBER_MAX, RANGE_NUMBERS_MAX, REWARD_MAX, ZERO_BITS_MAX};
use crate::wallet::PublicKey;
use crate::wire;

/// A bounty, as it stands in the account of its escrow. Its budget is what that account has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounty {
    /// Whose money it was, and to whom the rest goes.
    pub sponsor: PublicKey,
    /// What it pays for. It never changes.
    #[serde(with = "wire::TermsForm")]
    pub terms: Terms,
    /// The keys that were paid.
    pub paid: Paid,
}

impl Bounty {
    /// A bounty that has not paid anything.
    pub fn new(sponsor: PublicKey, terms: Terms) -> Self {
        Self { sponsor, terms, paid: Paid::default() }
    }

    /// Whether its terms can be kept and everything that it has paid is within them.
    pub(crate) fn is_sound(&self) -> bool {
        let (first, end) = self.terms.work.keys();
        let within = |stretch: &Stretch| first <= stretch.first && stretch.end <= end;
        check(&self.terms).is_ok() && self.paid.stretches().iter().all(within)
    }
}

/// Why nobody could keep such terms. Final: post others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    /// Zero or less, or more than any work is worth.
    #[error("a reward is more than zero and at most {REWARD_MAX} for a key, not {0}")]
    Reward(Microjoules),
    /// Nothing to be done.
    #[error("there are no keys from {first} to {end}: a bounty pays for one key at least")]
    NoKeys {
        /// The first.
        first: u64,
        /// One past the last.
        end: u64,
    },
    /// Keys that agents cannot say.
    #[error("keys end at {KEY_END_MAX} at most, not at {0}: offer fewer")]
    TooManyKeys(u64),
    /// A range of no numbers, or of too many to be checked at once.
    #[error("a range has 1 to {RANGE_NUMBERS_MAX} numbers, not {0}")]
    Width(u64),
    /// Numbers so large that checking a claim would take too much memory.
    #[error("the last number of the last range lies beyond {NUMBER_MAX}: begin lower, or post fewer ranges")]
    TooLarge,
    /// No work, or work that nobody can do.
    #[error("the digest of a preimage begins with 1 to {ZERO_BITS_MAX} zero bits, not {0}")]
    ZeroBits(u8),
    /// No time to verify, or too much.
    #[error("one verification burns 1 to {FUEL_MAX} units of fuel, not {0}")]
    Fuel(u64),
}

/// Looks whether a host can keep these terms: whether there is anything to do, and whether what is done can be checked.
///
/// # Errors
/// What is wrong with them.
pub fn check(terms: &Terms) -> Result<(), TermsError> {
    let Terms { work, reward } = *terms;
    if reward <= Microjoules::ZERO || reward > REWARD_MAX {
        return Err(TermsError::Reward(reward));
    }
    let (first, end) = work.keys();
    if first >= end {
        return Err(TermsError::NoKeys { first, end });
    }
    if end > KEY_END_MAX {
        return Err(TermsError::TooManyKeys(end));
    }
    match work {
        Work::Primes(ranges) => check_ranges(&ranges),
        Work::Preimages { zero_bits, .. } if !(1..=ZERO_BITS_MAX).contains(&zero_bits) => {
            Err(TermsError::ZeroBits(zero_bits))
        }
        Work::Module { fuel, .. } if !(1..=FUEL_MAX).contains(&fuel) => Err(TermsError::Fuel(fuel)),
        Work::Preimages { .. } | Work::Module { .. } => Ok(()),
    }
}

fn check_ranges(ranges: &Ranges) -> Result<(), TermsError> {
    let Ranges { origin, width, end, .. } = *ranges;
    if !(1..=RANGE_NUMBERS_MAX).contains(&width) {
        return Err(TermsError::Width(width));
    }
    let beyond = end.checked_mul(width).and_then(|length| length.checked_add(origin));
    if beyond.is_none_or(|beyond| beyond - 1 > NUMBER_MAX) { Err(TermsError::TooLarge) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGES: Ranges = Ranges { origin: 1, width: 1_000, first: 0, end: 10 };

    fn found(work: Work) -> Result<(), TermsError> {
        check(&Terms { work, reward: Microjoules(1) })
    }

    #[test]
    fn a_reward_is_something_and_has_a_bound() {
        for (reward, good) in [(i64::MIN, false), (0, false), (1, true), (REWARD_MAX.0, true)] {
            let terms = Terms { work: Work::Primes(RANGES), reward: Microjoules(reward) };
            assert_eq!(check(&terms).is_ok(), good, "{reward}");
        }
        let terms = Terms { work: Work::Primes(RANGES), reward: REWARD_MAX + Microjoules(1) };
        assert_eq!(check(&terms), Err(TermsError::Reward(terms.reward)));
    }

    #[test]
    fn ranges_lie_on_the_number_line_and_can_be_checked_at_once() {
        let ranges = |width, origin, first, end| found(Work::Primes(Ranges { origin, width, first, end }));
        assert_eq!(ranges(1_000, 1, 0, 10), Ok(()));
        assert_eq!(ranges(1_000, 1, 10, 10), Err(TermsError::NoKeys { first: 10, end: 10 }));
        assert_eq!(ranges(0, 1, 0, 10), Err(TermsError::Width(0)));
        assert_eq!(ranges(RANGE_NUMBERS_MAX + 1, 1, 0, 1), Err(TermsError::Width(RANGE_NUMBERS_MAX + 1)));
        assert_eq!(ranges(1, NUMBER_MAX, 0, 1), Ok(()), "the last number of all");
        assert_eq!(ranges(1, NUMBER_MAX, 0, 2), Err(TermsError::TooLarge));
        assert_eq!(ranges(3, 1, 0, KEY_END_MAX), Err(TermsError::TooLarge), "beyond 64 bits");
        assert_eq!(ranges(1, 1, 0, KEY_END_MAX + 1), Err(TermsError::TooManyKeys(KEY_END_MAX + 1)));
        assert_eq!(ranges(1, u64::MAX, 0, 1), Err(TermsError::TooLarge));
    }

    #[test]
    fn other_work_has_keys_and_bounds_of_its_own() {
        for (zero_bits, good) in [(0, false), (1, true), (ZERO_BITS_MAX, true), (ZERO_BITS_MAX + 1, false)] {
            assert_eq!(found(Work::Preimages { zero_bits, end: 1 }).is_ok(), good, "{zero_bits}");
        }
        for (fuel, good) in [(0, false), (1, true), (FUEL_MAX, true), (FUEL_MAX + 1, false)] {
            assert_eq!(found(Work::Module { digest: [0; 32], fuel, end: 1 }).is_ok(), good, "{fuel}");
        }
        assert_eq!(
            found(Work::Preimages { zero_bits: 1, end: 0 }),
            Err(TermsError::NoKeys { first: 0, end: 0 })
        );
    }
}
