//! Which levels have orders: a tree of bits, 64 to a word, three words deep.
//!
//! ```text
//! top         one word: which words of the middle are not zero
//! middle      14 words: which words of the leaves are not zero
//! leaves      864 words: which levels have orders
//! ```
//!
//! Whatever the number of orders, the best level is three counts of leading zeros away, and the next one below at most three more.

use super::super::grid::Level;

const LEAVES: usize = Level::COUNT.div_ceil(64);
const MIDDLE: usize = LEAVES.div_ceil(64);

const _: () = {
    assert!(MIDDLE <= 64, "three words deep is deep enough");
    assert!(!LEAVES.is_multiple_of(64), "a walk begins behind the last leaf, in the last word of the middle");
};

#[derive(Debug)]
pub(super) struct LevelSet {
    leaves: [u64; LEAVES],
    middle: [u64; MIDDLE],
    top: u64,
}

impl LevelSet {
    pub(super) const fn new() -> Self {
        Self { leaves: [0; LEAVES], middle: [0; MIDDLE], top: 0 }
    }

    pub(super) fn insert(&mut self, level: Level) {
        let (leaf, bit) = split(level.number());
        let (middle, leaf_bit) = split(leaf);
        self.leaves[leaf] |= bit;
        self.middle[middle] |= leaf_bit;
        self.top |= 1 << middle;
    }

    pub(super) fn remove(&mut self, level: Level) {
        let (leaf, bit) = split(level.number());
        self.leaves[leaf] &= !bit;
        if self.leaves[leaf] == 0 {
            let (middle, leaf_bit) = split(leaf);
            self.middle[middle] &= !leaf_bit;
            if self.middle[middle] == 0 {
                self.top &= !(1 << middle);
            }
        }
    }

    /// The highest leaf below this one that has a bit.
    fn leaf_below(&self, leaf: usize) -> Option<usize> {
        let (middle, place) = (leaf / 64, leaf % 64);
        if let Some(found) = highest_in(self.middle[middle] & under(place)) {
            return Some((middle * 64) | found);
        }
        let middle = highest_in(self.top & under(middle))?;
        highest_in(self.middle[middle]).map(|found| (middle * 64) | found)
    }
}

/// A walk over levels, from the highest down. Between its steps, levels that it has passed may come and go.
#[derive(Debug)]
pub(super) struct Descent {
    leaf: usize,
    /// Bits of the leaf that are still to be visited.
    rest: u64,
}

impl Descent {
    /// Before the highest.
    pub(super) const fn new() -> Self {
        Self { leaf: LEAVES, rest: 0 }
    }

    /// The next lower level that has orders.
    #[inline]
    pub(super) fn step(&mut self, set: &LevelSet) -> Option<Level> {
        if self.rest == 0 {
            self.leaf = set.leaf_below(self.leaf)?;
            self.rest = set.leaves[self.leaf];
        }
        let bit = 63 ^ self.rest.leading_zeros();
        self.rest ^= 1 << bit;
        Some(Level(((self.leaf * 64) | bit as usize) as u16))
    }
}

/// The word that has the bit of this number, and the bit.
const fn split(number: usize) -> (usize, u64) {
    (number / 64, 1 << (number % 64))
}

/// All bits under this one of a word.
const fn under(place: usize) -> u64 {
    !(u64::MAX << place)
}

const fn highest_in(word: u64) -> Option<usize> {
    if word == 0 { None } else { Some(63 ^ word.leading_zeros() as usize) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_is_a_set_of_levels(steps in prop::collection::vec((any::<bool>(), levels()), 1..200)) {
            let (mut set, mut oracle) = (LevelSet::new(), BTreeSet::new());
            for (inserts, number) in steps {
                if inserts {
                    set.insert(Level(number));
                    oracle.insert(number);
                } else if oracle.remove(&number) {
                    set.remove(Level(number));
                }
                let mut descent = Descent::new();
                let found: Vec<u16> = std::iter::from_fn(|| descent.step(&set)).map(|level| level.0).collect();
                prop_assert!(found.iter().eq(oracle.iter().rev()));
                prop_assert_eq!(descent.step(&set), None, "it stays at its end");
            }
        }
    }

    /// Few enough that they meet, and such as lie at the borders of words.
    fn levels() -> impl Strategy<Value = u16> {
        let max = Level::MAX.0;
        prop_oneof![0..5_u16, 60..70_u16, 4_090..4_100_u16, max - 70..=max, 0..=max]
    }
}
