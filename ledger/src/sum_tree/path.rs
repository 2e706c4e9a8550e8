//! The way from one leaf to the root, and its check.

use serde::{Deserialize, Serialize};

use super::{Leaf, Root, side};

/// What stands beside the way from a leaf to the root: with the leaf itself, all that the root's hash needs.
///
/// The module's head says what it proves and what it reveals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Path {
    /// From the leaf to the root; empty if the leaf is the only one.
    pub(super) steps: Vec<Step>,
}

/// One node on the way. On which side the sibling stands follows from the leaf's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The bit of the key at which the way and the sibling part, counted from the highest of the first byte.
    pub bit: u8,
    /// What the sibling's subtree comes down to.
    pub sibling: Root,
}

/// Why a path leads to no root. None of these can be put right by trying again: the path is not what the tree gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The way does not go up: bits must fall strictly from each step to the next.
    #[error(
        "step {step} of the path branches at bit {bit}, and the step before it at bit {before}: bits must fall \
         towards the root; the proof is damaged or forged, get it again from whoever issued it"
    )]
    OutOfOrder {
        /// Number of the step, from zero at the leaf.
        step: usize,
        /// Where it branches.
        bit: u8,
        /// Where the step before it does.
        before: u8,
    },
    /// No tree has sums as large as these.
    #[error(
        "the sums at step {step} of the path are 2^96 µJ or more: no ledger holds that much; the proof is damaged or \
         forged, get it again from whoever issued it"
    )]
    TooMuch {
        /// Number of the step, from zero at the leaf.
        step: usize,
    },
}

impl Path {
    /// The steps from the leaf to the root.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The root that a tree with this leaf and this path beside it has. The caller compares all of it with a root whose
    /// signature it has checked; a path proves nothing by itself.
    ///
    /// A path from a stranger costs at most 256 hashes, however long it is, because the bits of more steps cannot fall.
    ///
    /// # Errors
    /// When no tree can have given the path.
    pub fn root_of(&self, leaf: &Leaf) -> Result<Root, PathError> {
        let mut root = Root::of_leaf(leaf);
        let mut before: Option<u8> = None;
        for (step, &Step { bit, ref sibling }) in self.steps.iter().enumerate() {
            if let Some(before) = before.filter(|before| bit >= *before) {
                return Err(PathError::OutOfOrder { step, bit, before });
            }
            let both = if side(&leaf.key, bit) == 0 { [&root, sibling] } else { [sibling, &root] };
            root = Root::of_both(bit, both).ok_or(PathError::TooMuch { step })?;
            before = Some(bit);
        }
        Ok(root)
    }
}
