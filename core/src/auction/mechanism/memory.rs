//! What a rule remembers of each cell from tick to tick: bounded, and forgotten when the cell has long been away.

use std::collections::HashMap;

use crate::limits::{CELLS_MAX, REMEMBERED_TICKS};
use crate::tick::CellId;

/// A hash map allocates when it is more than half full of entries, dead places included. At most the remembered and as many new
/// ones are in it at a time, so twice that never allocates.
const ROOM: usize = 4 * CELLS_MAX;

#[derive(Debug)]
pub(super) struct Memory<T> {
    cells: HashMap<CellId, Kept<T>>,
}

#[derive(Clone, Copy, Debug)]
struct Kept<T> {
    /// Last tick in which the cell had a unit in the market.
    seen: u64,
    value: T,
}

impl<T: Copy> Memory<T> {
    pub(super) fn new() -> Self {
        Self { cells: HashMap::with_capacity(ROOM) }
    }

    /// What is remembered of a cell that is in the market in this tick; `new` of one that is not known.
    pub(super) fn meet(&mut self, cell: CellId, tick: u64, new: T) -> T {
        let kept = self.cells.entry(cell).or_insert(Kept { seen: tick, value: new });
        kept.seen = tick;
        kept.value
    }

    /// Remembers another value of a cell that was met.
    pub(super) fn keep(&mut self, cell: CellId, value: T) {
        if let Some(kept) = self.cells.get_mut(&cell) {
            kept.value = value;
        }
    }

    /// Changes what is remembered of every cell, here or away, each in the same way.
    pub(super) fn change_all(&mut self, change: impl Fn(&mut T)) {
        for kept in self.cells.values_mut() {
            change(&mut kept.value);
        }
    }

    /// Forgets who has long been away; everybody who is away now if there are more cells than a node can have.
    pub(super) fn forget(&mut self, tick: u64) {
        let patience = if self.cells.len() > CELLS_MAX { 0 } else { REMEMBERED_TICKS };
        self.cells.retain(|_, kept| kept.seen + patience >= tick);
    }

    /// Cells that are remembered.
    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_long_been_away_is_forgotten_and_no_sooner() {
        let mut memory = Memory::new();
        memory.meet(CellId(1), 0, 10);
        memory.forget(REMEMBERED_TICKS);
        assert_eq!(memory.meet(CellId(1), REMEMBERED_TICKS, 99), 10, "a minute away is remembered");
        memory.forget(2 * REMEMBERED_TICKS + 1);
        assert_eq!(memory.meet(CellId(1), 2 * REMEMBERED_TICKS + 1, 99), 99, "longer is not");
    }

    #[test]
    fn any_number_of_cells_that_come_and_go_fits_what_was_reserved() {
        let mut memory = Memory::new();
        let room = memory.cells.capacity();
        for tick in 0..20 {
            // As many as a node can have, all of them new.
            for cell in 0..CELLS_MAX {
                memory.meet(CellId((tick * CELLS_MAX + cell) as u32), tick as u64, ());
            }
            assert!(memory.len() <= 2 * CELLS_MAX);
            memory.forget(tick as u64);
            assert_eq!(memory.len(), CELLS_MAX);
        }
        // Places of the dead count against the capacity until they are used again; a larger table has more of it.
        assert!(memory.cells.capacity() <= room, "it never allocated");
    }
}
