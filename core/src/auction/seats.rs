//! Which slot a winner gets: the one it had last, if it is free, so that its caches are warm.

use crate::tick::{CellId, SlotId};

#[derive(Debug)]
pub(super) struct Seats {
    last: Vec<Option<CellId>>,
    taken: Vec<bool>,
}

impl Seats {
    pub(super) fn new(slots: u16) -> Self {
        Self { last: vec![None; usize::from(slots)], taken: vec![false; usize::from(slots)] }
    }

    /// Begins a tick in which the slots that late cells still sit on are not to be had. How many those are.
    pub(super) fn begin(&mut self, late: impl Iterator<Item = SlotId>) -> usize {
        self.taken.fill(false);
        for slot in late {
            self.taken[usize::from(slot.0)] = true;
        }
        self.taken.iter().filter(|taken| **taken).count()
    }

    /// Takes a slot for `cell`. There must be a free one.
    pub(super) fn take(&mut self, cell: CellId) -> SlotId {
        let is_free = |seat: &usize| !self.taken[*seat];
        let seat = (0..self.last.len())
            .filter(is_free)
            .min_by_key(|&seat| match self.last[seat] {
                Some(last) if last == cell => 0,
                None => 1,
                Some(_) => 2,
            })
            .expect("more winners than slots");
        self.taken[seat] = true;
        self.last[seat] = Some(cell);
        SlotId(seat as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_winner_keeps_its_slot_and_never_gets_a_late_one() {
        let mut seats = Seats::new(3);
        seats.begin(std::iter::empty());
        let mine = seats.take(CellId(7));
        let other = seats.take(CellId(8));
        assert_ne!(mine, other);
        seats.begin(std::iter::empty());
        assert_eq!(seats.take(CellId(8)), other);
        assert_eq!(seats.take(CellId(7)), mine);
        assert_eq!(seats.begin([mine].into_iter()), 1);
        assert_ne!(seats.take(CellId(7)), mine);
    }
}
