//! The live cells of a node: carries out grants and collects what was used.

use maxwell_core::limits::{CELLS_MAX, QUANTUM, SLOTS_MAX};
use maxwell_core::tick::{CellId, Grant, Quote, Usage};
use maxwell_core::units::{Microjoules, Moment, Nanoseconds};

use crate::cell::{Cell, Notice, Permit, Reply};
use crate::clock::Clock;

/// A cell whose use is still to be asked for, and how many quanta it was granted.
#[derive(Clone, Copy, Debug)]
struct Granted {
    cell: CellId,
    quanta: u64,
}

/// Every live cell, in the order of their names.
pub struct Cells {
    live: Vec<(CellId, Box<dyn Cell>)>,
    granted: Vec<Granted>,
    late: Vec<Granted>,
    usages: Vec<Usage>,
}

impl Default for Cells {
    fn default() -> Self {
        let slots = usize::from(SLOTS_MAX);
        Self {
            live: Vec::with_capacity(CELLS_MAX),
            granted: Vec::with_capacity(slots),
            late: Vec::with_capacity(slots),
            usages: Vec::with_capacity(2 * slots),
        }
    }
}

impl Cells {
    /// Takes a cell in. Names come in ascending order.
    pub fn insert(&mut self, id: CellId, cell: Box<dyn Cell>) {
        assert!(self.live.last().is_none_or(|(last, _)| *last < id), "{id:?} comes out of turn");
        self.live.push((id, cell));
    }

    /// Runs the winners until the quantum's end, at `until`, and returns what was used. Cells that have not left their
    /// slot by then are asked again in the next tick.
    pub fn run(
        &mut self,
        grants: &[Grant],
        quote: &Quote,
        clearing_price: Microjoules,
        until: Moment,
        clock: &mut dyn Clock,
    ) -> &[Usage] {
        self.usages.clear();
        self.granted.clear();
        let from = clock.now();
        for grant in grants {
            let Grant { award, balance, .. } = *grant;
            let permit = Permit {
                slot: award.slot,
                from,
                until,
                spot: quote.reserve,
                clearing: clearing_price,
                balance,
            };
            self.get(award.cell).grant(&permit);
            match self.granted.iter_mut().find(|granted| granted.cell == award.cell) {
                Some(granted) => granted.quanta += 1,
                None => self.granted.push(Granted { cell: award.cell, quanta: 1 }),
            }
        }
        clock.wait_until(until);
        for index in 0..self.granted.len() {
            self.get(self.granted[index].cell).revoke();
        }
        self.granted.append(&mut self.late);
        for index in 0..self.granted.len() {
            let granted = self.granted[index];
            match self.get(granted.cell).usage() {
                Some(usage) => self.usages.push(whole_quanta(usage, granted.quanta)),
                None => self.late.push(granted),
            }
        }
        &self.usages
    }

    /// Passes an answer of the main loop to a cell's program, if the cell still lives.
    pub fn reply(&mut self, cell: CellId, reply: Reply) {
        if let Some(cell) = self.find(cell) {
            cell.reply(reply);
        }
    }

    /// Announces its end to a cell.
    pub fn notify(&mut self, cell: CellId, notice: Notice) {
        self.get(cell).notify(notice);
    }

    /// Ends a cell's program now.
    pub fn kill(&mut self, cell: CellId) {
        self.get(cell).kill();
    }

    /// Lets a cell that is over go; what its program said last.
    pub fn remove(&mut self, id: CellId) -> String {
        self.late.retain(|late| late.cell != id);
        let place = self.live.binary_search_by_key(&id, |(id, _)| *id).expect("a live cell");
        let (_, cell) = self.live.remove(place);
        cell.last_words()
    }

    fn find(&mut self, id: CellId) -> Option<&mut Box<dyn Cell>> {
        let place = self.live.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(&mut self.live[place].1)
    }

    fn get(&mut self, id: CellId) -> &mut Box<dyn Cell> {
        self.find(id).expect("only live cells are granted and judged")
    }
}

/// The good that is sold is a whole quantum: what a tick that began late left of it short was taken by the host.
fn whole_quanta(usage: Usage, quanta: u64) -> Usage {
    let missing = Nanoseconds(quanta * QUANTUM.0).saturating_sub(usage.granted);
    Usage { granted: usage.granted + missing, stolen: usage.stolen + missing, ..usage }
}
