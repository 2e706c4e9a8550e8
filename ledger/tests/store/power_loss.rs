//! The power goes at any operation of the disk. What is found then is some commit, not older than the last one that was
//! acknowledged, and all of it.

use maxwell_ledger::store::{RedbStore, Store};

use crate::common::{Content, Dice, History, content};
use crate::faults::{Disk, Fault, name};

/// Histories, and losses of power that are played in each, every one at an operation and with sectors of its own.
const HISTORIES: u64 = 15;
const LOSSES: u64 = 20;
const BATCHES: usize = 8;

/// What is in the store after each commit of a history, and how many operations of the disk they take.
fn states(history: u64) -> (Vec<Content>, usize) {
    let disk = Disk::default();
    let mut store = RedbStore::create_on(disk.clone(), name(), b"genesis").expect("a new ledger");
    let created = disk.operations().len();
    let mut history = History::new(history);
    let mut states = vec![content(&store).expect("readable")];
    for _ in 0..BATCHES {
        store.commit(&history.next()).expect("in order");
        states.push(content(&store).expect("readable"));
    }
    store.close().expect("nothing is wrong with this disk");
    (states, disk.operations().len() - created)
}

/// Plays one loss of power, and one more while the first is being recovered from.
fn lose_power(history: u64, seed: u64, states: &[Content], operations: usize) {
    let mut dice = Dice::new(seed);
    let disk = Disk::default();
    let mut store = RedbStore::create_on(disk.clone(), name(), b"genesis").expect("a new ledger");
    disk.fail(dice.below(operations), Fault::PowerLoss);
    let mut history = History::new(history);
    let mut acknowledged = 0;
    while acknowledged < BATCHES && store.commit(&history.next()).is_ok() {
        acknowledged += 1;
    }
    drop(store);
    let recovering = Disk::holding(disk.after_power_loss(&mut dice));
    if dice.below(2) == 0 {
        recovering.fail(dice.below(6), Fault::PowerLoss);
        drop(RedbStore::open_on(recovering.clone(), name()));
    }
    let recovered = Disk::holding(recovering.after_power_loss(&mut dice));
    let store = RedbStore::open_on(recovered, name()).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    let found = content(&store).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    let may_be = &states[acknowledged..=BATCHES.min(acknowledged + 1)];
    assert!(may_be.contains(&found), "seed {seed}: {acknowledged} were acknowledged, found {}", found.last);
}

#[test]
fn whatever_a_loss_of_power_leaves_is_a_whole_commit_and_not_an_older_one() {
    for history in 0..HISTORIES {
        let (states, operations) = states(history);
        for loss in 0..LOSSES {
            lose_power(history, history * LOSSES + loss, &states, operations);
        }
    }
}

#[test]
fn a_loss_of_power_during_creation_leaves_an_empty_ledger_or_an_error() {
    let disk = Disk::default();
    drop(RedbStore::create_on(disk.clone(), name(), b"genesis").expect("a new ledger"));
    let (mut whole, operations) = (0, disk.operations().len());
    for seed in 0..200 {
        let mut dice = Dice::new(seed);
        let disk = Disk::default();
        disk.fail(dice.below(operations), Fault::PowerLoss);
        let created = RedbStore::create_on(disk.clone(), name(), b"genesis").is_ok();
        let found = RedbStore::open_on(Disk::holding(disk.after_power_loss(&mut dice)), name());
        match found {
            Ok(store) => {
                whole += 1;
                let content = content(&store).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
                assert_eq!(
                    content,
                    Content { genesis: b"genesis".to_vec(), ..Content::default() },
                    "seed {seed}"
                );
            }
            Err(error) => assert!(!created, "seed {seed}: {error}"),
        }
    }
    assert!(whole > 0, "some losses come late enough");
}
