//! The power goes, or a sync fails, under a whole ledger at work: orders, windows, epochs, checkpoints, folds. Opened again
//! it passes the audit and holds everything that was acknowledged.

use maxwell_ledger::audit::audit;
use maxwell_ledger::books::Refusal;
use maxwell_ledger::ledger::{Close, Ledger, LedgerError};
use maxwell_ledger::record::{Record, Window};
use maxwell_ledger::store::{RedbStore, StoreError};

use crate::common::Dice;
use crate::faults::{Disk, Fault, Operation, name};
use crate::people::START_MS;
use crate::people::plain::{Plain, records};
use crate::people::workload::Workload;

const SEEDS: u64 = 12;
/// Losses of power in the history of each seed, evenly over its operations of the disk.
const LOSSES: usize = 20;
const COMMITS: u64 = 14;
/// Short enough that details are folded away several times.
const RETENTION_MS: u64 = 3_000;

/// A ledger on a disk that may fail, and what was acknowledged of it.
struct Host {
    disk: Disk,
    workload: Workload,
    ledger: Ledger,
    acknowledged: Vec<Record>,
    entered: Vec<Record>,
    folds: u32,
}

impl Host {
    fn new(seed: u64) -> Self {
        let (disk, workload) = (Disk::default(), Workload::new(6, seed));
        let store =
            RedbStore::create_on(disk.clone(), name(), &workload.keys.genesis()).expect("a new ledger");
        let ledger = workload.keys.open(Box::new(store));
        Self { disk, workload, ledger, acknowledged: Vec::new(), entered: Vec::new(), folds: 0 }
    }

    /// Works until it is done or the disk fails.
    fn work(&mut self) -> bool {
        (0..COMMITS).all(|round| self.round(START_MS + 700 * round))
    }

    fn round(&mut self, now_ms: u64) -> bool {
        let Self { workload, ledger, .. } = self;
        for _ in 0..=workload.dice.below(4) {
            self.entered.push(workload.enter(ledger).1);
        }
        let close = [Close::IfDue, Close::Epoch, Close::AndSave][workload.dice.below(3)];
        if ledger.commit(now_ms, close).is_err() {
            return false;
        }
        self.acknowledged.append(&mut self.entered);
        if workload.dice.below(3) != 0 {
            return true;
        }
        match ledger.fold(now_ms - RETENTION_MS, u64::MAX) {
            Ok(folded) => self.folds += u32::from(folded.is_some()),
            Err(_) => return false,
        }
        true
    }

    /// Opens what is on the disk after all, and compares it with what was acknowledged. What was on its way may be there
    /// too, and then all of it.
    fn found(self, image: Vec<u8>) -> Ledger {
        let store = RedbStore::open_on(Disk::holding(image), name()).expect("it opens after every failure");
        let audit = audit(&store).expect("a ledger in order");
        let all: Vec<_> = self.acknowledged.iter().chain(&self.entered).collect();
        let there = (audit.folded + audit.records) as usize;
        assert!([self.acknowledged.len(), all.len()].contains(&there), "{there} of {}", all.len());
        for (place, record) in records(&store) {
            assert_eq!(&record, all[place as usize - 1], "record {place}");
        }
        let ledger = self.workload.keys.open(Box::new(store));
        let mut plain = Plain::new();
        all[..there].iter().for_each(|record| plain.play(record));
        plain.agrees_with(ledger.books());
        ledger
    }
}

#[test]
fn a_ledger_holds_what_it_acknowledged_wherever_the_power_goes() {
    let mut folds = 0;
    for seed in 0..SEEDS {
        let mut whole = Host::new(seed);
        let begun = whole.disk.operations().len();
        assert!(whole.work());
        folds += whole.folds;
        let operations = whole.disk.operations().len() - begun;
        for loss in 0..LOSSES {
            let mut host = Host::new(seed);
            let at = (operations * loss + seed as usize) / LOSSES;
            host.disk.fail(at, Fault::PowerLoss);
            assert!(!host.work() || at >= operations, "seed {seed}, loss {loss}: the power did not go");
            let image = host.disk.after_power_loss(&mut Dice::new(seed * LOSSES as u64 + loss as u64));
            println!("seed {seed}, power lost at operation {at} of {operations}");
            let mut ledger = host.found(image);
            ledger.commit(START_MS + 60_000, Close::AndSave).expect("this disk works");
            audit(ledger.store()).expect("a ledger in order");
        }
    }
    assert!(folds > SEEDS as u32, "details were folded away {folds} times only");
}

#[test]
fn a_ledger_whose_sync_fails_stops_and_shows_what_it_acknowledged_when_it_is_opened_again() {
    let mut whole = Host::new(1);
    let begun = whole.disk.operations().len();
    assert!(whole.work());
    let operations = whole.disk.operations().split_off(begun);
    let syncs = operations.iter().enumerate().filter(|(_, operation)| **operation == Operation::Sync);
    for (at, _) in syncs {
        let mut host = Host::new(1);
        host.disk.fail(at, Fault::Error(5));
        assert!(!host.work(), "the sync at operation {at} did not fail");
        let refused = host.ledger.enter(Record::Window(Window::default()));
        assert_eq!(refused, Err(Refusal::Stopped), "memory is ahead of the disk");
        let error = host.ledger.commit(START_MS + 60_000, Close::Epoch).expect_err("it has stopped");
        assert!(matches!(error, LedgerError::Store(StoreError::Stopped { .. })), "{error}");
        let image = host.disk.now();
        host.found(image);
    }
}
