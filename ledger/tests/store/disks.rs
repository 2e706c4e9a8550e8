//! A disk that is really full and one that is really read-only: a small file system in memory, in a mount namespace of
//! this test's own, which is gone with the process that made it.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use maxwell_ledger::store::{RedbStore, Store, StoreError};

use crate::common::{content, one_frame};

/// Names the folder to mount on to the process in the namespace, and makes a test one.
const FOLDER: &str = "MAXWELL_TEST_MOUNT";

fn mount(arguments: &[&str], folder: &Path) {
    let status = Command::new("mount").args(arguments).arg(folder).status().expect("the command");
    assert!(status.success(), "mount {arguments:?}");
}

/// Runs a test of this program again in a mount namespace of its own, where it finds a folder to mount on.
fn in_a_namespace(test: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let unshared = |command: &[&str]| {
        let mut unshare = Command::new("unshare");
        unshare.arg("--mount").args(command).env(FOLDER, folder.path());
        unshare.output()
    };
    let try_out = ["mount", "-t", "tmpfs", "maxwell-test", folder.path().to_str().expect("text")];
    match unshared(&try_out) {
        Ok(output) if output.status.success() => {}
        Ok(_) => return eprintln!("skipped, because this user may not mount"),
        Err(error) => return eprintln!("skipped, because there is no `unshare`: {error}"),
    }
    let program = env::current_exe().expect("this program");
    let output =
        unshared(&[program.to_str().expect("text"), "--exact", test, "--nocapture"]).expect("a process");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{:?}", output.stderr);
}

/// Commits until the disk refuses. Gives the last sequence that was acknowledged, and the error.
fn fill(store: &mut RedbStore) -> (u64, StoreError) {
    for sequence in 1..1_000 {
        let mut batch = one_frame(sequence);
        batch.frames[0].bytes.resize(30_000, 7);
        if let Err(error) = store.commit(&batch) {
            return (sequence - 1, error);
        }
    }
    panic!("the disk is never full");
}

#[test]
fn a_disk_that_is_really_full_is_named_and_nothing_acknowledged_is_lost() {
    let Some(folder) = env::var_os(FOLDER) else {
        return in_a_namespace("disks::a_disk_that_is_really_full_is_named_and_nothing_acknowledged_is_lost");
    };
    let folder = Path::new(&folder);
    mount(&["-t", "tmpfs", "-o", "size=4m", "maxwell-test"], folder);
    let (file, filler) = (folder.join("ledger"), folder.join("filler"));
    fs::write(&filler, vec![1; 1 << 20]).expect("room");
    let mut store = RedbStore::create(&file, b"genesis").expect("room");
    let (promised, error) = fill(&mut store);
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    let again = store.commit(&one_frame(promised + 1));
    assert!(matches!(again, Err(StoreError::Stopped { .. })), "{again:?}");
    drop(store);
    let reader = RedbStore::open_read_only(&file).expect("readable without any room");
    let found = content(&reader).expect("readable");
    assert!(found.last >= promised, "{promised} was acknowledged, found {}", found.last);
    drop(reader);
    fs::remove_file(filler).expect("a file");
    let mut store = RedbStore::open(&file).expect("there is room now");
    assert_eq!(content(&store).expect("readable"), found);
    store.commit(&one_frame(found.last + 1)).expect("room");
}

#[test]
fn a_disk_that_is_really_read_only_is_named_and_can_be_read() {
    let Some(folder) = env::var_os(FOLDER) else {
        return in_a_namespace("disks::a_disk_that_is_really_read_only_is_named_and_can_be_read");
    };
    let folder = Path::new(&folder);
    mount(&["-t", "tmpfs", "maxwell-test"], folder);
    let file = folder.join("ledger");
    let mut store = RedbStore::create(&file, b"genesis").expect("room");
    store.commit(&one_frame(1)).expect("room");
    // Left as by a crash: what recovers it must not need to write.
    let crashed = folder.join("crashed");
    fs::copy(&file, &crashed).expect("room");
    drop(store);
    mount(&["-o", "remount,ro"], folder);
    for file in [file, crashed] {
        let opened = RedbStore::open(&file);
        assert!(matches!(opened, Err(StoreError::ReadOnly { .. })), "{opened:?}");
        let reader = RedbStore::open_read_only(&file).expect("it can be read");
        assert_eq!(content(&reader).expect("readable").last, 1);
    }
    let created = RedbStore::create(folder.join("another"), b"genesis");
    assert!(matches!(created, Err(StoreError::ReadOnly { .. })), "{created:?}");
}
