//! What a bounty pays for, as its sponsor posts it.

use super::Ranges;
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
