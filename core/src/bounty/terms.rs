//! What a bounty pays for, as its sponsor posts it.

use super::Ranges;
use crate::limits::{
    KEY_END_MAX, PRIME_LAST_MAX, PRIME_WIDTH_MAX, REWARD_MAX, VERIFIER_FUEL_MAX, ZERO_BITS_MAX,
};
use crate::units::Microjoules;

/// Names a bounty of a host: the number of the escrow that its budget lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BountyId(pub u64);

/// What a sponsor promises. The budget is what the escrow has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What is to be done.
    pub work: Work,
    /// What each key pays, once, when it is done and verified.
    pub reward: Microjoules,
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
    /// A range of no numbers, or of too many to be sieved at once.
    #[error("a range has 1 to {PRIME_WIDTH_MAX} numbers, not {0}")]
    Width(u64),
    /// Numbers so large that checking a claim would take too much memory.
    #[error(
        "the last number of the last range lies beyond {PRIME_LAST_MAX}: begin lower, or post fewer ranges"
    )]
    TooLarge,
    /// No work, or work that nobody can do.
    #[error("the digest of a preimage begins with 1 to {ZERO_BITS_MAX} zero bits, not {0}")]
    ZeroBits(u8),
    /// No time to verify, or too much.
    #[error("one verification burns 1 to {VERIFIER_FUEL_MAX} units of fuel, not {0}")]
    Fuel(u64),
}

impl Terms {
    /// Looks whether these terms can be kept: whether there is anything to do, and whether what is done can be checked.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn check(&self) -> Result<(), TermsError> {
        let Self { work, reward } = *self;
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
            Work::Module { fuel, .. } if !(1..=VERIFIER_FUEL_MAX).contains(&fuel) => {
                Err(TermsError::Fuel(fuel))
            }
            Work::Preimages { .. } | Work::Module { .. } => Ok(()),
        }
    }
}

fn check_ranges(ranges: &Ranges) -> Result<(), TermsError> {
    let Ranges { origin, width, end, .. } = *ranges;
    if !(1..=PRIME_WIDTH_MAX).contains(&width) {
        return Err(TermsError::Width(width));
    }
    let beyond = end.checked_mul(width).and_then(|length| length.checked_add(origin));
    if beyond.is_none_or(|beyond| beyond - 1 > PRIME_LAST_MAX) { Err(TermsError::TooLarge) } else { Ok(()) }
}

/// A kind of work, with the keys that it comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Count the primes of a range, and add them up. A key is the number of a range.
    Primes(Ranges),
    /// Find bytes that hash, with the bounty's name and the key before them, to a digest that begins with zeros.
    Preimages {
        /// Leading bits that are zero: each further one doubles the work.
        zero_bits: u8,
        /// One past the last key; the first is zero.
        end: u64,
    },
    /// Whatever a WASM module says is right.
    Module {
        /// BLAKE3 digest of the module.
        digest: [u8; 32],
        /// Fuel that one verification may burn.
        fuel: u64,
        /// One past the last key; the first is zero.
        end: u64,
    },
}

impl Work {
    /// The keys that can be leased: from the first on, the second not included.
    pub const fn keys(&self) -> (u64, u64) {
        match self {
            Self::Primes(ranges) => (ranges.first, ranges.end),
            Self::Preimages { end, .. } | Self::Module { end, .. } => (0, *end),
        }
    }
}
