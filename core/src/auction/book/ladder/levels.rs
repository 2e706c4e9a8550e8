//! Which levels have orders: a tree of bits, 64 to a word, three words deep.
//!
//! ```text
//! top         one word: which words of the middle are not zero
//! middle      14 words: which words of the leaves are not zero
//! leaves      864 words: which levels have orders
//! ```
//!
//! Whatever the number of orders, the best level is three counts of leading zeros away, and so is the next one below.

use super::super::grid::Level;

const LEAVES: usize = Level::COUNT.div_ceil(64);
const MIDDLE: usize = LEAVES.div_ceil(64);

const _: () = assert!(MIDDLE <= 64, "three words deep is deep enough");

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

    pub(super) fn highest(&self) -> Option<Level> {
        highest_in(self.top).map(|middle| self.highest_under(middle))
    }

    /// The highest below `level`.
    pub(super) fn below(&self, level: Level) -> Option<Level> {
        let (leaf, place) = (level.number() / 64, level.number() % 64);
        if let Some(found) = highest_in(self.leaves[leaf] & under(place)) {
            return Some(Level(((leaf * 64) | found) as u16));
        }
        let (middle, place) = (leaf / 64, leaf % 64);
        if let Some(found) = highest_in(self.middle[middle] & under(place)) {
            return Some(self.highest_in_leaf((middle * 64) | found));
        }
        highest_in(self.top & under(middle)).map(|middle| self.highest_under(middle))
    }

    fn highest_under(&self, middle: usize) -> Level {
        let leaf = highest_in(self.middle[middle]).expect("a bit above says that there is one below");
        self.highest_in_leaf((middle * 64) | leaf)
    }

    fn highest_in_leaf(&self, leaf: usize) -> Level {
        let bit = highest_in(self.leaves[leaf]).expect("a bit above says that there is one below");
        Level(((leaf * 64) | bit) as u16)
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
        fn it_is_a_set_of_levels(steps in prop::collection::vec((any::<bool>(), levels()), 1..200), ask in levels()) {
            let (mut set, mut oracle) = (LevelSet::new(), BTreeSet::new());
            for (inserts, number) in steps {
                if inserts {
                    set.insert(Level(number));
                    oracle.insert(number);
                } else if oracle.remove(&number) {
                    set.remove(Level(number));
                }
                prop_assert_eq!(set.highest(), oracle.last().copied().map(Level));
                prop_assert_eq!(set.below(Level(ask)), oracle.range(..ask).last().copied().map(Level));
                prop_assert_eq!(set.below(Level(number)), oracle.range(..number).last().copied().map(Level));
            }
        }
    }

    /// Few enough that they meet, and such as lie at the borders of words.
    fn levels() -> impl Strategy<Value = u16> {
        let max = Level::MAX.0;
        prop_oneof![0..5_u16, 60..70_u16, 4_090..4_100_u16, max - 70..=max, 0..=max]
    }
}
