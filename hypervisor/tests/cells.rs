//! In which order the cells of a node are granted, revoked and parked.

use std::sync::{Arc, Mutex};

use maxwell_core::limits::QUANTUM;
use maxwell_core::tick::{AccountId, Award, CellId, Grant, Purse, Quote, SlotId, Usage};
use maxwell_core::units::{Bytes, Celsius, Microjoules, Moment, Nanoseconds, Ppm};
use maxwell_hypervisor::cell::{Cell, Notice, Permit, Reply};
use maxwell_hypervisor::cells::Cells;
use maxwell_hypervisor::clock::{Clock, VirtualClock};

type Calls = Arc<Mutex<Vec<String>>>;

/// Notes what it is told, and uses whatever it is granted.
struct Noting {
    id: CellId,
    calls: Calls,
    granted: Nanoseconds,
}

impl Noting {
    fn note(&self, call: &str) {
        self.calls.lock().unwrap().push(format!("{} {call}", self.id.0));
    }
}

impl Cell for Noting {
    fn grant(&mut self, permit: &Permit) {
        let slots: Vec<u16> = permit.slots.iter().map(|slot| slot.0).collect();
        self.note(&format!("grant {slots:?} with {}", permit.balance.0));
        self.granted += permit.offered();
    }

    fn revoke(&mut self) {
        self.note("revoke");
    }

    fn park(&mut self) {
        self.note("park");
    }

    fn renew_lease(&mut self) {
        self.note("renew");
    }

    fn usage(&mut self) -> Option<Usage> {
        let granted = std::mem::take(&mut self.granted);
        let zero = Nanoseconds::ZERO;
        Some(Usage {
            cell: self.id,
            granted,
            used: granted,
            stolen: zero,
            resold: zero,
            cycles: 0,
            freed: Bytes(0),
            memory: Bytes(0),
            exit: None,
            wait: None,
        })
    }

    fn reply(&mut self, _reply: Reply) {}

    fn notify(&mut self, _notice: Notice) {}

    fn kill(&mut self) {}

    fn last_words(&self) -> String {
        String::new()
    }
}

/// A node's cells and what they were told.
struct Stage {
    cells: Cells,
    clock: VirtualClock,
    calls: Calls,
}

impl Stage {
    fn with(cells: u32) -> Self {
        let mut stage =
            Self { cells: Cells::default(), clock: VirtualClock::default(), calls: Calls::default() };
        for id in (0..cells).map(CellId) {
            let told = Arc::clone(&stage.calls);
            stage.cells.insert(id, Box::new(Noting { id, calls: told, granted: Nanoseconds::ZERO }));
        }
        stage
    }

    /// One quantum for the winners, each a cell, a slot and a balance. What the cells were told, renewals apart.
    fn quantum(&mut self, winners: &[(u32, u16, i64)]) -> Vec<String> {
        let grants: Vec<Grant> = winners.iter().map(|winner| grant(*winner)).collect();
        let until = self.clock.now() + QUANTUM;
        let clearing = Microjoules(2);
        let usages = self.cells.run(&grants, &quote(), clearing, until, &mut self.clock);
        let whole = usages.iter().map(|usage| usage.granted.0 / QUANTUM.0).sum::<u64>();
        assert_eq!(whole, winners.len() as u64, "every quantum is accounted for");
        let calls = std::mem::take(&mut *self.calls.lock().unwrap());
        calls.into_iter().filter(|call| !call.ends_with("renew")).collect()
    }
}

fn grant((cell, slot, balance): (u32, u16, i64)) -> Grant {
    let award = Award {
        cell: CellId(cell),
        wallet: AccountId(cell),
        slot: SlotId(slot),
        weight: Ppm::ONE,
        price: Microjoules(2),
        purse: Purse::Free,
        contested: false,
    };
    Grant { tick: 0, award, balance: Microjoules(balance) }
}

fn quote() -> Quote {
    Quote {
        tick: 0,
        at: Moment(0),
        die: Celsius(50.0),
        fresh: true,
        supply: 2.0,
        slots: 2,
        base: Microjoules(1),
        reserve: Microjoules(1),
        multiplier: Ppm::ONE,
        tariff: Ppm::ONE,
    }
}

#[test]
fn a_winner_who_wins_again_is_not_parked_in_between() {
    let mut stage = Stage::with(1);
    assert_eq!(stage.quantum(&[(0, 0, 9)]), ["0 grant [0] with 9", "0 revoke"]);
    assert_eq!(stage.quantum(&[(0, 0, 8)]), ["0 grant [0] with 8", "0 revoke"]);
}

#[test]
fn the_loser_is_off_the_slot_before_another_is_granted_it() {
    let mut stage = Stage::with(2);
    stage.quantum(&[(0, 0, 9)]);
    assert_eq!(stage.quantum(&[(1, 0, 9)]), ["0 park", "1 grant [0] with 9", "1 revoke"]);
    assert_eq!(stage.quantum(&[]), ["1 park"], "nothing is sold");
    assert_eq!(stage.quantum(&[]), [""; 0], "parked once");
}

#[test]
fn a_cell_that_won_two_slots_is_granted_both_at_once() {
    let mut stage = Stage::with(2);
    let told = stage.quantum(&[(0, 1, 9), (1, 2, 5), (0, 3, 7)]);
    assert_eq!(told, ["0 grant [1, 3] with 7", "1 grant [2] with 5", "0 revoke", "1 revoke"]);
}

#[test]
fn a_cell_that_was_buried_is_not_parked() {
    let mut stage = Stage::with(2);
    stage.quantum(&[(0, 0, 9)]);
    stage.cells.remove(CellId(0));
    assert_eq!(stage.quantum(&[(1, 0, 9)]), ["1 grant [0] with 9", "1 revoke"]);
}

#[test]
fn every_cell_hears_twice_a_second_that_the_node_lives() {
    let mut stage = Stage::with(2);
    let mut renewals = 0;
    for _ in 0..200 {
        stage.cells.run(&[], &quote(), Microjoules(1), stage.clock.now() + QUANTUM, &mut stage.clock);
        let calls = std::mem::take(&mut *stage.calls.lock().unwrap());
        renewals += calls.iter().filter(|call| *call == "1 renew").count();
    }
    assert!((3..=4).contains(&renewals), "{renewals} in two seconds");
}
