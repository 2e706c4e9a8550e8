//! In which order runs are made.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// A place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Number of the run, from 1.
    pub run: u32,
    /// Which arm, counted as in the plan from 0.
    pub arm: usize,
    /// Repetition, from 1.
    pub repetition: u32,
}

/// Every arm once in each repetition, in an order that the seed shuffles anew for each: whatever drifts on the machine
/// meets all arms alike, and no arm always follows the same other one.
pub fn interleaved(arms: usize, repetitions: u32, seed: u64) -> Vec<Turn> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut turns = Vec::with_capacity(arms * repetitions as usize);
    for repetition in 1..=repetitions {
        let mut order: Vec<usize> = (0..arms).collect();
        order.shuffle(&mut random);
        for arm in order {
            turns.push(Turn { run: turns.len() as u32 + 1, arm, repetition });
        }
    }
    turns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_repetition_has_every_arm_once() {
        let turns = interleaved(5, 4, 7);
        assert_eq!(turns.iter().map(|turn| turn.run).collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
        for (index, repetition) in turns.chunks(5).enumerate() {
            assert!(repetition.iter().all(|turn| turn.repetition == index as u32 + 1));
            let mut arms: Vec<usize> = repetition.iter().map(|turn| turn.arm).collect();
            arms.sort_unstable();
            assert_eq!(arms, [0, 1, 2, 3, 4]);
        }
    }

    #[test]
    fn the_seed_decides_the_order_and_nothing_else_does() {
        assert_eq!(interleaved(5, 4, 7), interleaved(5, 4, 7));
        assert_ne!(interleaved(5, 4, 7), interleaved(5, 4, 8));
        let orders: Vec<Vec<usize>> =
            interleaved(5, 20, 1).chunks(5).map(|c| c.iter().map(|turn| turn.arm).collect()).collect();
        assert!(orders.iter().any(|order| *order != orders[0]), "{orders:?}");
    }
}
