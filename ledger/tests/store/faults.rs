//! A disk that fails when it is told to, and what the store makes of it.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use maxwell_ledger::store::{RedbStore, Store, StoreError};
use redb::StorageBackend;

use crate::common::{Dice, History, content};

/// Linux' numbers of the errors that a disk gives.
const EIO: i32 = 5;
const ENOSPC: i32 = 28;

/// Bytes that a disk writes whole or not at all.
const SECTOR: usize = 512;

/// What may be lost with the power.
#[derive(Clone, Debug)]
enum Unsynced {
    Write(usize, Vec<u8>),
    Length(usize),
}

/// What the disk is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Write,
    SetLength,
    Sync,
}

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It does nothing and gives this error.
    Error(i32),
    /// It writes half and gives this error.
    Short(i32),
    /// The machine is off from here on: everything fails, and what was not synced may be lost.
    PowerLoss,
}

#[derive(Debug, Default)]
struct Inside {
    /// What a reader sees.
    now: Vec<u8>,
    /// What is certain to survive, and what may.
    synced: Vec<u8>,
    unsynced: Vec<Unsynced>,
    operations: Vec<Operation>,
    /// The operation, counted from zero, that fails, and how.
    fault: Option<(usize, Fault)>,
    off: bool,
}

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk(Arc<Mutex<Inside>>);

impl Disk {
    /// A disk that holds `bytes`.
    pub(crate) fn holding(bytes: Vec<u8>) -> Self {
        let inside = Inside { now: bytes.clone(), synced: bytes, ..Inside::default() };
        Self(Arc::new(Mutex::new(inside)))
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().expect("nobody panics here")
    }

    /// Lets the operation that comes after `later` others fail.
    pub(crate) fn fail(&self, later: usize, fault: Fault) {
        let mut inside = self.inside();
        inside.fault = Some((inside.operations.len() + later, fault));
    }

    pub(crate) fn operations(&self) -> Vec<Operation> {
        self.inside().operations.clone()
    }

    /// What a reader sees now.
    pub(crate) fn now(&self) -> Vec<u8> {
        self.inside().now.clone()
    }

    /// What is found after a loss of power: all that was synced, and of the rest what the dice choose, the last sectors
    /// of a write without its first ones too.
    pub(crate) fn after_power_loss(&self, dice: &mut Dice) -> Vec<u8> {
        let inside = self.inside();
        let mut image = inside.synced.clone();
        // Now and then all of it arrives, or nothing.
        let chance = dice.below(5);
        for operation in &inside.unsynced {
            match operation {
                Unsynced::Length(len) if dice.below(4) < chance => image.resize(*len, 0),
                Unsynced::Length(_) => {}
                Unsynced::Write(offset, bytes) => {
                    let torn = dice.below(4) == 0;
                    let whole = dice.below(4) < chance;
                    let mut at = *offset;
                    for part in bytes.chunks(SECTOR) {
                        if if torn { dice.below(2) == 0 } else { whole } {
                            let end = at + part.len();
                            image.resize(image.len().max(end), 0);
                            image[at..end].copy_from_slice(part);
                        }
                        at += part.len();
                    }
                }
            }
        }
        image
    }
}

impl Inside {
    fn put(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        self.now.resize(self.now.len().max(end), 0);
        self.now[offset..end].copy_from_slice(bytes);
        self.unsynced.push(Unsynced::Write(offset, bytes.to_vec()));
    }

    /// Counts an operation and fails it when it is its turn. `written` is what a short write still does.
    fn step(&mut self, operation: Operation, written: Option<(usize, &[u8])>) -> io::Result<()> {
        let turn = self.operations.len();
        self.operations.push(operation);
        if self.off {
            return Err(io::Error::from_raw_os_error(EIO));
        }
        match self.fault.filter(|(at, _)| *at == turn) {
            None => Ok(()),
            Some((_, Fault::Error(number))) => Err(io::Error::from_raw_os_error(number)),
            Some((_, Fault::Short(number))) => {
                if let Some((offset, bytes)) = written {
                    self.put(offset, &bytes[..bytes.len() / 2]);
                }
                Err(io::Error::from_raw_os_error(number))
            }
            Some((_, Fault::PowerLoss)) => {
                if let Some((offset, bytes)) = written {
                    self.put(offset, bytes);
                }
                self.off = true;
                Err(io::Error::from_raw_os_error(EIO))
            }
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.inside().now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let inside = self.inside();
        let found = inside.now.get(offset as usize..).and_then(|rest| rest.get(..out.len()));
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut inside = self.inside();
        inside.step(Operation::SetLength, None)?;
        inside.now.resize(len as usize, 0);
        inside.unsynced.push(Unsynced::Length(len as usize));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut inside = self.inside();
        inside.step(Operation::Sync, None)?;
        let Inside { now, synced, .. } = &mut *inside;
        synced.clone_from(now);
        inside.unsynced.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut inside = self.inside();
        inside.step(Operation::Write, Some((offset as usize, data)))?;
        inside.put(offset as usize, data);
        Ok(())
    }
}

pub(crate) fn name() -> &'static Path {
    Path::new("the disk of this test")
}

/// A ledger with something in it, and the history that it came from.
pub(crate) fn begun(seed: u64, batches: usize) -> (Disk, RedbStore, History) {
    let disk = Disk::default();
    let mut store = RedbStore::create_on(disk.clone(), name(), b"genesis").expect("a new ledger");
    let mut history = History::new(seed);
    for _ in 0..batches {
        store.commit(&history.next()).expect("in order");
    }
    (disk, store, history)
}

/// Lets every operation of one commit fail in turn, and each time looks what the store says and what it holds when it is
/// opened again: what it held before the commit or, when the last sync was all that failed, after it.
fn every_operation_may_fail(fault: Fault, of: Operation, right: impl Fn(&StoreError) -> bool) {
    let (mut at, mut failed) = (0, 0);
    loop {
        let (disk, mut store, mut history) = begun(7, 6);
        let before = content(&store).expect("readable");
        let batch = history.next();
        disk.fail(at, fault);
        let start = disk.operations().len();
        let result = store.commit(&batch);
        let operations = disk.operations();
        if operations.len() - start <= at {
            assert!(result.is_ok() && failed > 0, "the commit is done before operation {at}");
            return;
        }
        if operations[start + at] == of {
            failed += 1;
            let error = result.expect_err("the disk failed");
            assert!(right(&error), "{error:?}");
            assert!(error.to_string().contains("the disk of this test"), "{error}");
            let again = store.commit(&batch);
            assert!(matches!(again, Err(StoreError::Stopped { .. })), "{again:?}");
            drop(store);
            let mut store = RedbStore::open_on(Disk::holding(disk.now()), name()).expect("still a ledger");
            if content(&store).expect("readable") == before {
                store.commit(&batch).expect("as if it had never been tried");
            }
            let (_, whole, _) = begun(7, 7);
            assert_eq!(content(&store).expect("readable"), content(&whole).expect("readable"));
        }
        at += 1;
    }
}

#[test]
fn a_write_that_fails_stops_the_store_for_good() {
    every_operation_may_fail(Fault::Error(EIO), Operation::Write, |error| {
        matches!(error, StoreError::Io { .. })
    });
}

#[test]
fn a_sync_that_fails_stops_the_store_for_good() {
    every_operation_may_fail(Fault::Error(EIO), Operation::Sync, |error| {
        matches!(error, StoreError::Io { .. })
    });
}

#[test]
fn a_write_that_is_cut_short_stops_the_store_for_good() {
    every_operation_may_fail(Fault::Short(EIO), Operation::Write, |error| {
        matches!(error, StoreError::Io { .. })
    });
}

#[test]
fn a_disk_that_fills_up_in_the_middle_is_named_as_full() {
    every_operation_may_fail(Fault::Short(ENOSPC), Operation::Write, |error| {
        matches!(error, StoreError::Full { .. })
    });
}

#[test]
fn a_ledger_that_could_not_be_created_says_why() {
    let (probe, _open, _) = begun(1, 0);
    for at in 0..probe.operations().len() {
        let disk = Disk::default();
        disk.fail(at, Fault::Error(ENOSPC));
        let result = RedbStore::create_on(disk, name(), b"genesis");
        assert!(matches!(result, Err(StoreError::Full { .. })), "operation {at}: {result:?}");
    }
}
