//! Files that cannot be opened, or not for writing: each is named for what it is, and left as it is.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use maxwell_ledger::store::{Batch, RedbStore, Store, StoreError};
use redb::{Database, TableDefinition};
use tempfile::TempDir;

use crate::common::{content, one_frame};

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// The errors of opening `file` in both ways: of one kind, naming the file, and leaving it as it is.
fn refused(file: &Path, right: impl Fn(&StoreError) -> bool) {
    let before = fs::read(file).ok();
    for opened in [RedbStore::open(file), RedbStore::open_read_only(file)] {
        let error = opened.expect_err("it cannot be opened");
        assert!(right(&error), "{error:?}");
        assert!(error.to_string().contains(file.to_str().expect("text")), "{error}");
    }
    assert_eq!(fs::read(file).ok(), before);
}

#[test]
fn a_file_of_another_user_is_not_opened() {
    let folder = folder();
    let file = folder.path().join("ledger");
    drop(RedbStore::create(&file, b"genesis").expect("a new ledger"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).expect("its owner may");
    if fs::File::open(&file).is_ok() {
        return eprintln!("skipped, because modes do not bind this user");
    }
    refused(&file, |error| matches!(error, StoreError::NoPermission { .. }));
}

#[test]
fn a_missing_file_is_not_made() {
    let folder = folder();
    let file = folder.path().join("ledger");
    refused(&file, |error| matches!(error, StoreError::Missing { .. }));
    assert!(!file.exists());
}

#[test]
fn a_ledger_is_not_created_in_a_missing_folder() {
    let created = RedbStore::create(folder().path().join("missing").join("ledger"), b"genesis");
    assert!(matches!(created, Err(StoreError::NoFolder { .. })), "{created:?}");
}

#[test]
fn a_folder_is_no_ledger() {
    refused(folder().path(), |error| matches!(error, StoreError::NotALedger { .. }));
}

#[test]
fn a_file_of_something_else_is_no_ledger() {
    let folder = folder();
    let file = folder.path().join("ledger");
    for bytes in [&b""[..], b"short", &[0; 10_000], &[b'x'; 10_000]] {
        fs::write(&file, bytes).expect("a file");
        refused(&file, |error| matches!(error, StoreError::NotALedger { .. }));
    }
}

#[test]
fn another_programs_file_of_the_same_engine_is_no_ledger() {
    let folder = folder();
    let file = folder.path().join("ledger");
    let other = Database::create(&file).expect("a file");
    let write = other.begin_write().expect("a transaction");
    write.open_table(TableDefinition::<u64, u64>::new("theirs")).expect("a table");
    write.commit().expect("room");
    drop(other);
    refused(&file, |error| matches!(error, StoreError::NotALedger { .. }));
}

/// Changes a ledger behind its back.
fn tamper(file: &Path, change: impl FnOnce(&redb::WriteTransaction)) {
    let engine = Database::open(file).expect("the engine's file");
    let write = engine.begin_write().expect("a transaction");
    change(&write);
    write.commit().expect("room");
}

#[test]
fn a_ledger_without_one_of_its_tables_is_damaged() {
    let folder = folder();
    for (at, table) in ["frames", "heads"].into_iter().enumerate() {
        let file = folder.path().join(at.to_string());
        drop(RedbStore::create(&file, b"genesis").expect("a new ledger"));
        tamper(&file, |write| {
            write.delete_table(TableDefinition::<u64, &[u8]>::new(table)).expect("a table");
        });
        let opened = RedbStore::open(&file);
        let Err(StoreError::Damaged { what, .. }) = opened else { panic!("{opened:?}") };
        assert!(what.contains(table), "{what}");
    }
}

#[test]
fn an_account_that_is_gone_or_in_anothers_place_is_missed() {
    const CHECKPOINT: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("checkpoint");
    let folder = folder();
    let accounts = vec![(0, b"zero".to_vec()), (1, b"one".to_vec())];
    let mut batch = one_frame(1);
    batch.checkpoint = Some(maxwell_ledger::store::Change { through: 1, extra: vec![], accounts });
    let changes: [fn(&redb::WriteTransaction); 2] = [
        |write| {
            write.open_table(CHECKPOINT).expect("a table").remove(1).expect("an account");
        },
        |write| {
            let mut table = write.open_table(CHECKPOINT).expect("a table");
            let other = table.remove(1).expect("an account").expect("there").value().to_vec();
            table.insert(0, other.as_slice()).expect("room");
        },
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let file = folder.path().join(at.to_string());
        let mut store = RedbStore::create(&file, b"genesis").expect("a new ledger");
        store.commit(&batch).expect("in order");
        drop(store);
        tamper(&file, change);
        let read = content(&RedbStore::open(&file).expect("the engine sees nothing"));
        assert!(matches!(read, Err(StoreError::Damaged { .. })), "{read:?}");
    }
}

#[test]
fn a_ledger_of_another_format_asks_for_another_version() {
    let folder = folder();
    let file = |format: u64| folder.path().join(format.to_string());
    for format in [0, 1, 3] {
        drop(RedbStore::create(file(format), b"genesis").expect("a new ledger"));
        say_format(&file(format), format);
    }
    refused(&file(0), |error| matches!(error, StoreError::Damaged { .. }));
    refused(&file(1), |error| matches!(error, StoreError::Older { found: 1, known: 2, .. }));
    refused(&file(3), |error| matches!(error, StoreError::Newer { found: 3, known: 2, .. }));
}

/// Writes the record of the format as another version would: the checksum is that of its place and of the number.
fn say_format(file: &Path, format: u64) {
    let later = format.to_le_bytes();
    let checksum = blake3::keyed_hash(b"records\0\0\0\0\0\0\0\0\0format\0\0\0\0\0\0\0\0\0\0", &later);
    let stored = [&checksum.as_bytes()[..16], &later].concat();
    tamper(file, |write| {
        let mut records = write.open_table(TableDefinition::<&str, &[u8]>::new("records")).expect("a table");
        records.insert("format", stored.as_slice()).expect("room");
    });
}

#[test]
fn a_new_ledger_is_its_owners_alone_and_is_not_made_over_another() {
    let folder = folder();
    let file = folder.path().join("ledger");
    let mut store = RedbStore::create(&file, b"one").expect("a new ledger");
    store.commit(&one_frame(1)).expect("in order");
    drop(store);
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o7777, 0o600);
    let again = RedbStore::create(&file, b"two");
    assert!(matches!(again, Err(StoreError::Exists { .. })), "{again:?}");
    let store = RedbStore::open(&file).expect("a ledger");
    assert_eq!((store.genesis().expect("readable"), store.last_sequence()), (b"one".to_vec(), 1));
}

#[test]
fn what_is_opened_only_to_read_is_read_by_several_and_written_by_none() {
    let folder = folder();
    let file = folder.path().join("ledger");
    let mut store = RedbStore::create(&file, b"genesis").expect("a new ledger");
    store.commit(&one_frame(1)).expect("in order");
    let right = content(&store).expect("readable");
    let while_written = RedbStore::open_read_only(&file);
    assert!(matches!(while_written, Err(StoreError::Busy { .. })), "{while_written:?}");
    drop(store);
    let before = fs::read(&file).expect("a file");
    let mut reader = RedbStore::open_read_only(&file).expect("a ledger");
    let other = RedbStore::open_read_only(&file).expect("a ledger");
    assert_eq!(content(&reader).expect("readable"), right);
    assert_eq!(content(&other).expect("readable"), right);
    for batch in [one_frame(2), Batch::default()] {
        let refused = reader.commit(&batch);
        assert!(matches!(refused, Err(StoreError::ReadOnly { .. })), "{refused:?}");
    }
    let while_read = RedbStore::open(&file);
    assert!(matches!(while_read, Err(StoreError::Busy { .. })), "{while_read:?}");
    drop((reader, other));
    assert_eq!(fs::read(&file).expect("a file"), before);
}
