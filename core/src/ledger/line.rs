//! What a cell was billed: one line for each billing window, and the sum of its lines.

use crate::tick::{AccountId, CellId};
use crate::units::{Bytes, Microjoules, Nanoseconds};

/// One cell's bill for one billing window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// For which cell.
    pub cell: CellId,
    /// Who pays.
    pub wallet: AccountId,
    /// For quanta, grace included.
    pub quanta: Microjoules,
    /// For memory held.
    pub rent: Microjoules,
    /// For memory given back.
    pub tax: Microjoules,
    /// Energy that was attributed to the cell since its last line. What is learned of a window only later, when the next
    /// reading has come, stands on a later line.
    pub energy: Microjoules,
    /// CPU time granted.
    pub granted: Nanoseconds,
    /// CPU time used.
    pub used: Nanoseconds,
    /// Cycles of guest work, where they are counted.
    pub cycles: u64,
    /// Bytes given back to the system.
    pub freed: Bytes,
    /// Quanta granted whose use is known.
    pub quanta_granted: u64,
    /// The lowest price of one of them; zero if there are none.
    pub cheapest: Microjoules,
    /// The highest price of one of them; zero if there are none.
    pub dearest: Microjoules,
}

impl Line {
    /// Nothing yet.
    pub const fn new(cell: CellId, wallet: AccountId) -> Self {
        let zero = Microjoules::ZERO;
        Self {
            cell,
            wallet,
            quanta: zero,
            rent: zero,
            tax: zero,
            energy: zero,
            granted: Nanoseconds::ZERO,
            used: Nanoseconds::ZERO,
            cycles: 0,
            freed: Bytes(0),
            quanta_granted: 0,
            cheapest: zero,
            dearest: zero,
        }
    }

    /// Whether nothing was charged and nothing was used.
    pub fn is_empty(&self) -> bool {
        *self == Self::new(self.cell, self.wallet)
    }

    /// What it comes to.
    pub fn charge(&self) -> Microjoules {
        self.quanta + self.rent + self.tax
    }

    pub(super) fn note_quanta(&mut self, count: u64, cheapest: Microjoules, dearest: Microjoules) {
        let is_first = self.quanta_granted == 0;
        self.cheapest = if is_first { cheapest } else { self.cheapest.min(cheapest) };
        self.dearest = self.dearest.max(dearest);
        self.quanta_granted += count;
    }
}

/// What a cell was billed since it started: the sum of its lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// For quanta, grace included.
    pub quanta: Microjoules,
    /// For memory held.
    pub rent: Microjoules,
    /// For memory given back.
    pub tax: Microjoules,
    /// CPU time granted.
    pub granted: Nanoseconds,
    /// CPU time used.
    pub used: Nanoseconds,
    /// Cycles of guest work, where they are counted.
    pub cycles: u64,
    /// Quanta granted.
    pub quanta_granted: u64,
    /// Bytes given back to the system.
    pub freed: Bytes,
}

impl Totals {
    /// Adds a line.
    pub fn add(&mut self, line: &Line) {
        self.quanta += line.quanta;
        self.rent += line.rent;
        self.tax += line.tax;
        self.granted += line.granted;
        self.used += line.used;
        self.cycles += line.cycles;
        self.quanta_granted += line.quanta_granted;
        self.freed += line.freed;
    }
}
