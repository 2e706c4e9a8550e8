//! Serving cells in an order that changes with every slot they get.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use super::Market;
use crate::auction::Unit;
use crate::limits::CELLS_MAX;
use crate::tick::CellId;

/// A cell's claim to be served next. The highest key is served first; among equals the one that stands first in the market,
/// which is the best bid and among equal bids the one that has waited longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Claim<K> {
    pub(super) key: K,
    /// The cell's next unit in the market.
    unit: Reverse<usize>,
    /// Units that are left of it, this one included.
    left: usize,
    /// Units that it has in the market altogether.
    pub(super) wanted: usize,
    pub(super) cell: CellId,
}

impl<K> Claim<K> {
    /// Which of the market's units is to be served.
    pub(super) const fn unit(&self) -> usize {
        self.unit.0
    }
}

/// Who is to be served, the first at the top.
#[derive(Debug)]
pub(super) struct Turns<K> {
    queue: BinaryHeap<Claim<K>>,
}

impl<K: Copy + Ord> Turns<K> {
    pub(super) fn new() -> Self {
        Self { queue: BinaryHeap::with_capacity(CELLS_MAX) }
    }

    /// Lets every cell of the market claim, with the key that it is given for its units.
    pub(super) fn begin(&mut self, market: &Market<'_>, mut key: impl FnMut(&[Unit]) -> K) {
        self.queue.clear();
        let mut unit = 0;
        for units in market.units.chunk_by(|one, next| one.cell == next.cell) {
            let (left, cell) = (units.len(), units[0].cell);
            self.queue.push(Claim { key: key(units), unit: Reverse(unit), left, wanted: left, cell });
            unit += left;
        }
    }

    /// The claim that is to be served now.
    pub(super) fn first(&self) -> Option<Claim<K>> {
        self.queue.peek().copied()
    }

    /// The first claim was served, and its cell has this key for what else it wants.
    pub(super) fn served(&mut self, key: K) {
        let Some(mut first) = self.queue.peek_mut() else { return };
        first.key = key;
        first.unit.0 += 1;
        first.left -= 1;
        if first.left == 0 {
            PeekMut::pop(first);
        }
    }
}
