//! Hashes, each for one purpose: what is hashed for one never equals what is hashed for another.

use serde::{Deserialize, Serialize};

use crate::wire;

/// A BLAKE3 hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(#[serde(with = "wire::hex")] pub [u8; 32]);

impl Digest {
    /// What comes before the first hash of a chain.
    pub const ZERO: Self = Self([0; 32]);
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What a hash is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Domain {
    /// A leaf's content.
    Account = 1,
    /// A leaf's place.
    Name,
    /// An account's salt.
    Salt,
    /// A link in an account's history.
    Entry,
    /// A link in the journal.
    Frame,
    /// A signed head.
    Head,
    /// What an operation is to do.
    Body,
}

/// What is hashed by the million is no longer than this, and hashing one piece costs half of hashing several.
const SMALL: usize = 320;

/// The hash of `parts`, of which all but the last have a fixed length.
pub(crate) fn of(domain: Domain, parts: &[&[u8]]) -> Digest {
    let length = 1 + parts.iter().map(|part| part.len()).sum::<usize>();
    if length > SMALL {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&[domain as u8]);
        for part in parts {
            hasher.update(part);
        }
        return Digest(*hasher.finalize().as_bytes());
    }
    let mut piece = [0; SMALL];
    piece[0] = domain as u8;
    let mut end = 1;
    for part in parts {
        piece[end..end + part.len()].copy_from_slice(part);
        end += part.len();
    }
    Digest(*blake3::hash(&piece[..end]).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_piece_and_several_have_the_same_hash() {
        for length in [0, 1, SMALL - 34, SMALL - 33, SMALL - 32, 5_000] {
            let long = vec![7; length];
            let mut hasher = blake3::Hasher::new();
            hasher.update(&[Domain::Entry as u8]).update(&[1; 32]).update(&long);
            let expected = Digest(*hasher.finalize().as_bytes());
            assert_eq!(of(Domain::Entry, &[&[1; 32], &long]), expected, "{length} bytes");
        }
    }
}
