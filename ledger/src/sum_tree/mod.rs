//! One hash and two sums over all accounts, with a short proof for each.
//!
//! A Merkle-sum tree: every node carries the hash of what is below it and the sums of its balances. Its shape is that of
//! a binary radix trie without nodes of one child (a crit-bit tree), so it follows from the set of keys alone, in
//! whatever order they came, and a change of one leaf concerns only the nodes above it. Leaves stand in the order of
//! their keys; a key's first bit is the highest of its first byte.
//!
//! # What is hashed
//!
//! BLAKE3 in keyed mode, with one public key for each kind of node, so that none can be taken for another. Numbers are
//! little-endian.
//!
//! ```text
//! leaf:  key (32 bytes), digest (32), balance (8)
//! inner: bit at which its two subtrees part (1), then of each, zero side first: hash (32), credit (12), debit (12)
//! empty: nothing
//! ```
//!
//! Sums take 12 bytes because those of the largest tree fit, and an inner node then takes two blocks of BLAKE3 and not
//! three. Larger ones are refused everywhere, so none is ever cut off.
//!
//! An inner node covers the sums of both subtrees and not only their total: otherwise the host could show each of two
//! customers a split that leaves out the other (Hu, Zhang and Guo, "Breaking the Binding", Computers & Security, 2019).
//! Balances below zero are summed apart, because a sum in which they cancelled others would hide what is owed behind
//! an invented debt (Chalkias and others, "Distributed Auditing Proofs of Liabilities", 2020, on negative balances in
//! Maxwell's summation tree).
//!
//! # What a path proves
//!
//! Let a verifier hold a root that the host signed, and recompute it with [`Path::root_of`] from a leaf and its path.
//! If hash and sums are equal, and BLAKE3 has no known collision, then
//!
//! - the leaf with exactly this key, digest and balance is below the root;
//! - it is the only one of its key that any path can show below that root, because each node covers the bit at which it
//!   branches and the key says which way to go: nobody can be shown another balance for the same account;
//! - the credit of the root is at least the leaf's if that is above zero, and so is the debit if below: sums are
//!   unsigned, and an overflow is refused. When the owners of some accounts all check their own, the root's sums cover
//!   all of theirs together.
//!
//! A path does not prove that the sums of a sibling are those of its accounts: whoever owns one of them checks that. Nor
//! does it prove that a key is absent, or that the host signed no second root for the same time.
//!
//! # What a path reveals
//!
//! The sums of the sibling on every level, without names. The nearest may be a single account: its balance then stands
//! there, and whoever guesses its key and digest sees the guess confirmed by the hash, unless the digest covers
//! something that is not to be guessed. The bits and their number tell roughly how many accounts there are.

mod path;

mod trie;

pub use path::{Path, PathError, Step};
pub use trie::{LEAVES_MAX, SumTree};

use maxwell_core::units::Microjoules;
use serde::{Deserialize, Serialize};

/// The keys of the hash, one for each kind of node.
const LEAF: &[u8; 32] = b"maxwell ledger sum tree 1 leaf  ";
const INNER: &[u8; 32] = b"maxwell ledger sum tree 1 inner ";
const EMPTY: &[u8; 32] = b"maxwell ledger sum tree 1 empty ";

/// Bytes of a sum where it is hashed.
const SUM_BYTES: usize = 12;

/// The first sum that is too large to be hashed.
const SUM_END: u128 = 1 << (8 * SUM_BYTES);

const _: () = assert!(
    SUM_END / (1 << 63) >= LEAVES_MAX as u128,
    "no tree has sums that are refused: a balance is at most 2^63 µJ away from zero"
);

/// One account as the tree covers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The account's name. No two leaves of a tree have the same.
    pub key: [u8; 32],
    /// Hash of all else that is to be covered about the account.
    pub digest: [u8; 32],
    /// What the account holds; below zero is debt.
    pub balance: Microjoules,
}

/// What accounts hold together, in µJ, with debts kept apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// Sum of the balances above zero.
    pub credit: u128,
    /// Sum of the magnitudes of the balances below zero.
    pub debit: u128,
}

/// What a tree or a subtree comes down to. The hash covers the sums as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// BLAKE3 over all leaves, as the module's head describes.
    pub hash: [u8; 32],
    /// What the accounts hold together.
    pub sums: Sums,
}

impl Sums {
    /// The sums of one account.
    pub fn of(balance: Microjoules) -> Self {
        let magnitude = u128::from(balance.0.unsigned_abs());
        if balance.0 < 0 {
            Self { credit: 0, debit: magnitude }
        } else {
            Self { credit: magnitude, debit: 0 }
        }
    }

    /// Both together, or nothing if either sum is more than any tree holds.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let add = |a: u128, b: u128| a.checked_add(b).filter(|sum| *sum < SUM_END);
        Some(Self { credit: add(self.credit, other.credit)?, debit: add(self.debit, other.debit)? })
    }
}

impl Root {
    /// The root of a tree without accounts.
    pub fn empty() -> Self {
        Self { hash: *blake3::keyed_hash(EMPTY, &[]).as_bytes(), sums: Sums::default() }
    }

    /// The root of a tree with one account.
    fn of_leaf(leaf: &Leaf) -> Self {
        let mut covered = [0; 72];
        covered[..32].copy_from_slice(&leaf.key);
        covered[32..64].copy_from_slice(&leaf.digest);
        covered[64..].copy_from_slice(&leaf.balance.0.to_le_bytes());
        Self { hash: *blake3::keyed_hash(LEAF, &covered).as_bytes(), sums: Sums::of(leaf.balance) }
    }

    /// The root of two subtrees that part at `bit`, or nothing if their sums are more than any tree holds.
    fn of_both(bit: u8, [zero, one]: [&Self; 2]) -> Option<Self> {
        // Neither part of a sum is larger than the sum, so what fits together fits apart.
        let sums = zero.sums.checked_add(one.sums)?;
        let mut covered = [0; 1 + 2 * Self::COVERED];
        covered[0] = bit;
        zero.write_to(&mut covered[1..=Self::COVERED]);
        one.write_to(&mut covered[1 + Self::COVERED..]);
        Some(Self { hash: *blake3::keyed_hash(INNER, &covered).as_bytes(), sums })
    }

    /// Bytes of a subtree's root in what its parent hashes.
    const COVERED: usize = 32 + 2 * SUM_BYTES;

    fn write_to(&self, covered: &mut [u8]) {
        let (hash, sums) = covered.split_at_mut(32);
        let (credit, debit) = sums.split_at_mut(SUM_BYTES);
        hash.copy_from_slice(&self.hash);
        credit.copy_from_slice(&self.sums.credit.to_le_bytes()[..SUM_BYTES]);
        debit.copy_from_slice(&self.sums.debit.to_le_bytes()[..SUM_BYTES]);
    }
}

/// The bit of a key that decides between a node's two sides: 0 or 1.
fn side(key: &[u8; 32], bit: u8) -> usize {
    usize::from((key[usize::from(bit / 8)] >> (7 - bit % 8)) & 1)
}

/// The first bit in which two keys differ, if they do.
fn parting(a: &[u8; 32], b: &[u8; 32]) -> Option<u8> {
    let byte = a.iter().zip(b).position(|(a, b)| a != b)?;
    Some((byte * 8) as u8 + (a[byte] ^ b[byte]).leading_zeros() as u8)
}

#[cfg(test)]
mod tests;
