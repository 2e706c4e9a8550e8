//! Which slot a winner gets: one of the weight that it won, and the one it had last if that is free, so that its caches are
//! warm.

use std::cmp::Reverse;

use crate::tick::{CellId, SlotId};
use crate::units::Ppm;

#[derive(Debug)]
pub(super) struct Seats {
    /// Of each slot.
    weights: Vec<Ppm>,
    /// Slots, heaviest first; alike ones in order.
    by_weight: Vec<usize>,
    last: Vec<Option<CellId>>,
    taken: Vec<bool>,
    /// Weights of what is offered in this tick.
    offered: Vec<Ppm>,
}

impl Seats {
    pub(super) fn new(weights: &[Ppm]) -> Self {
        let slots = weights.len();
        let mut by_weight: Vec<usize> = (0..slots).collect();
        by_weight.sort_by_key(|&slot| Reverse(weights[slot]));
        Self {
            weights: weights.to_vec(),
            by_weight,
            last: vec![None; slots],
            taken: vec![false; slots],
            offered: Vec::with_capacity(slots),
        }
    }

    /// Begins a tick in which the slots that late cells still sit on are not to be had. How many those are.
    pub(super) fn begin(&mut self, late: impl Iterator<Item = SlotId>) -> usize {
        self.taken.fill(false);
        for slot in late {
            self.taken[usize::from(slot.0)] = true;
        }
        self.taken.iter().filter(|taken| **taken).count()
    }

    /// Weights of the `count` heaviest free slots, heaviest first. There must be so many.
    pub(super) fn offer(&mut self, count: usize) -> &[Ppm] {
        self.offered.clear();
        let free = self.by_weight.iter().filter(|slot| !self.taken[**slot]).take(count);
        self.offered.extend(free.map(|slot| self.weights[*slot]));
        assert!(self.offered.len() == count, "{count} slots for sale, {} are free", self.offered.len());
        &self.offered
    }

    /// Weight of one of the slots that are offered.
    pub(super) fn offered(&self, index: usize) -> Ppm {
        self.offered[index]
    }

    /// Takes a slot of this weight for `cell`. There must be a free one.
    pub(super) fn take(&mut self, cell: CellId, weight: Ppm) -> SlotId {
        let from = self.by_weight.partition_point(|&slot| self.weights[slot] > weight);
        let alike = self.by_weight[from..].iter().copied().take_while(|&slot| self.weights[slot] == weight);
        let free = alike.filter(|&slot| !self.taken[slot]);
        let slot = (free.clone().find(|&slot| self.last[slot] == Some(cell)))
            .or_else(|| free.clone().find(|&slot| self.last[slot].is_none()))
            .or_else(|| free.clone().next())
            .expect("more winners than slots of a weight");
        self.taken[slot] = true;
        self.last[slot] = Some(cell);
        SlotId(slot as u16)
    }

    /// Weight of the lightest free slot. There must be one.
    pub(super) fn lightest(&self) -> Ppm {
        let free = self.by_weight.iter().rev().find(|slot| !self.taken[**slot]);
        self.weights[*free.expect("more winners than slots")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: Ppm = Ppm(500_000);

    #[test]
    fn a_winner_keeps_its_slot_and_never_gets_a_late_one() {
        let mut seats = Seats::new(&[Ppm::ONE; 3]);
        seats.begin(std::iter::empty());
        let mine = seats.take(CellId(7), Ppm::ONE);
        let other = seats.take(CellId(8), Ppm::ONE);
        assert_ne!(mine, other);
        seats.begin(std::iter::empty());
        assert_eq!(seats.take(CellId(8), Ppm::ONE), other);
        assert_eq!(seats.take(CellId(7), Ppm::ONE), mine);
        assert_eq!(seats.begin([mine].into_iter()), 1);
        assert_ne!(seats.take(CellId(7), Ppm::ONE), mine);
    }

    #[test]
    fn a_winner_gets_the_weight_that_it_won_even_if_it_had_another_slot_last() {
        let mut seats = Seats::new(&[HALF, Ppm::ONE, HALF, Ppm::ONE]);
        seats.begin(std::iter::empty());
        assert_eq!(seats.offer(3), [Ppm::ONE, Ppm::ONE, HALF]);
        assert_eq!(seats.take(CellId(7), Ppm::ONE), SlotId(1));
        assert_eq!(seats.take(CellId(8), HALF), SlotId(0));
        seats.begin(std::iter::empty());
        assert_eq!(seats.take(CellId(7), HALF), SlotId(2));
        assert_eq!(seats.take(CellId(8), HALF), SlotId(0));
        seats.begin(std::iter::empty());
        assert_eq!(seats.take(CellId(9), HALF), SlotId(0), "all of them had somebody");
        assert_eq!(seats.take(CellId(7), Ppm::ONE), SlotId(1), "it was there last of all");
    }

    #[test]
    fn the_heaviest_free_slots_are_offered_and_the_lightest_is_known() {
        let mut seats = Seats::new(&[HALF, Ppm::ONE, Ppm(250_000)]);
        seats.begin([SlotId(1)].into_iter());
        assert_eq!(seats.offer(1), [HALF]);
        assert_eq!(seats.lightest(), Ppm(250_000));
        seats.take(CellId(7), Ppm(250_000));
        assert_eq!(seats.lightest(), HALF);
    }
}
