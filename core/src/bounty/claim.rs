//! What is claimed: an answer to a key of a bounty.

use super::BountyId;
use crate::limits::ANSWER_BYTES_MAX;

/// What was found for a key: at least one byte and at most [`ANSWER_BYTES_MAX`], copied and never allocated.
///
/// What the bytes mean is for the work of the bounty to say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    len: u8,
    bytes: [u8; ANSWER_BYTES_MAX],
}

impl Answer {
    /// These bytes; `None` if there are none or too many.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let mut answer = Self { len: u8::try_from(bytes.len()).ok()?, bytes: [0; ANSWER_BYTES_MAX] };
        answer.bytes.get_mut(..bytes.len()).filter(|_| !bytes.is_empty())?.copy_from_slice(bytes);
        Some(answer)
    }

    /// The answer to a range of numbers: how many primes there are in it, and their sum, which a guesser does not know. The
    /// count comes first, both in little-endian order.
    pub fn of_primes(count: u32, sum: u64) -> Self {
        let mut bytes = [0; ANSWER_BYTES_MAX];
        bytes[..4].copy_from_slice(&count.to_le_bytes());
        bytes[4..PRIMES_BYTES].copy_from_slice(&sum.to_le_bytes());
        Self { len: PRIMES_BYTES as u8, bytes }
    }

    /// Count and sum of primes, if the bytes can be read as such.
    pub fn primes(&self) -> Option<(u32, u64)> {
        let bytes: &[u8; PRIMES_BYTES] = self.as_bytes().try_into().ok()?;
        let (count, sum) = bytes.split_first_chunk()?;
        Some((u32::from_le_bytes(*count), u64::from_le_bytes(sum.try_into().ok()?)))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

/// Bytes of a count and a sum.
const PRIMES_BYTES: usize = 12;

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Which bounty a cell means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The bounty on primes that it was first offered: what `lease` and `claim` of the agent's interface are about.
    Primes,
    /// The one of this name.
    Named(BountyId),
}

/// A claim that is looked at, or paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// On which bounty.
    pub bounty: BountyId,
    /// For which key.
    pub key: u64,
    /// What was found.
    pub answer: Answer,
}

const _: () = assert!(ANSWER_BYTES_MAX <= u8::MAX as usize, "the length of an answer is a byte");
const _: () = assert!(PRIMES_BYTES <= ANSWER_BYTES_MAX, "an answer has room for a count and a sum");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_its_bytes_and_neither_none_nor_too_many() {
        let full = [7; ANSWER_BYTES_MAX];
        assert_eq!(Answer::new(&full).unwrap().as_bytes(), full);
        assert_eq!(Answer::new(&[7]).unwrap().as_bytes(), [7]);
        assert_eq!(Answer::new(&[]), None);
        assert_eq!(Answer::new(&[7; ANSWER_BYTES_MAX + 1]), None);
        assert_eq!(Answer::new(&[7; 300]), None, "a length that does not fit a byte");
    }

    #[test]
    fn a_count_and_a_sum_are_twelve_bytes_and_nothing_else_is() {
        let answer = Answer::of_primes(0x0102, 0x0304_0506_0708_090a);
        assert_eq!(answer.as_bytes(), [2, 1, 0, 0, 10, 9, 8, 7, 6, 5, 4, 3]);
        assert_eq!(answer.primes(), Some((0x0102, 0x0304_0506_0708_090a)));
        for bytes in [&[0; 11][..], &[0; 13]] {
            assert_eq!(Answer::new(bytes).unwrap().primes(), None);
        }
    }
}
