//! The live cells of a node: carries out grants and collects what was used.

use maxwell_core::limits::{CELLS_MAX, QUANTUM, SLOTS_MAX};
use maxwell_core::tick::{CellId, Grant, Quote, SlotSet, Usage};
use maxwell_core::units::{Microjoules, Moment, Nanoseconds};

use crate::cell::{Cell, Notice, Permit, Reply};
use crate::clock::Clock;

/// How often cells hear that their node lives; their failsafe waits a few times as long.
const LEASE_PERIOD: Nanoseconds = Nanoseconds::from_millis(500);

/// A cell that was granted slots, whose use is still to be asked for.
#[derive(Clone, Copy, Debug)]
struct Granted {
    cell: CellId,
    slots: SlotSet,
    balance: Microjoules,
}

/// Every live cell, in the order of their names.
pub struct Cells {
    live: Vec<(CellId, Box<dyn Cell>)>,
    granted: Vec<Granted>,
    late: Vec<Granted>,
    /// Whose quantum is over and who may still be on its slots, to be granted again or parked.
    resting: Vec<CellId>,
    usages: Vec<Usage>,
    lease_renewed: Moment,
}

impl Default for Cells {
    fn default() -> Self {
        let slots = usize::from(SLOTS_MAX);
        Self {
            live: Vec::with_capacity(CELLS_MAX),
            granted: Vec::with_capacity(slots),
            late: Vec::with_capacity(slots),
            resting: Vec::with_capacity(slots),
            usages: Vec::with_capacity(2 * slots),
            lease_renewed: Moment(0),
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
        let from = clock.now();
        self.gather(grants);
        self.park_the_others();
        for index in 0..self.granted.len() {
            let Granted { cell, slots, balance } = self.granted[index];
            let (spot, clearing) = (quote.reserve, clearing_price);
            self.get(cell).grant(&Permit { slots, from, until, spot, clearing, balance });
        }
        self.renew_leases(from);
        clock.wait_until(until);
        for index in 0..self.granted.len() {
            let cell = self.granted[index].cell;
            self.get(cell).revoke();
            self.resting.push(cell);
        }
        self.collect_usages()
    }

    /// One entry for each winner, with all of its slots. The balance is what it has after the last of them.
    fn gather(&mut self, grants: &[Grant]) {
        self.granted.clear();
        for &Grant { award, balance, .. } in grants {
            if let Some(granted) = self.granted.iter_mut().find(|granted| granted.cell == award.cell) {
                granted.slots.insert(award.slot);
                granted.balance = balance;
            } else {
                let slots = SlotSet::only(award.slot);
                self.granted.push(Granted { cell: award.cell, slots, balance });
            }
        }
    }

    /// Takes the slots from those who had them and were not granted again.
    fn park_the_others(&mut self) {
        while let Some(cell) = self.resting.pop() {
            if !self.granted.iter().any(|granted| granted.cell == cell)
                && let Some(cell) = self.find(cell)
            {
                cell.park();
            }
        }
    }

    fn renew_leases(&mut self, now: Moment) {
        if now.since(self.lease_renewed) < LEASE_PERIOD {
            return;
        }
        self.lease_renewed = now;
        for (_, cell) in &mut self.live {
            cell.renew_lease();
        }
    }

    fn collect_usages(&mut self) -> &[Usage] {
        self.usages.clear();
        self.granted.append(&mut self.late);
        for index in 0..self.granted.len() {
            let granted = self.granted[index];
            match self.get(granted.cell).usage() {
                Some(usage) => self.usages.push(whole_quanta(usage, u64::from(granted.slots.count()))),
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
