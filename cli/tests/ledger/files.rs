//! Files that are missing, open to others, damaged or of another time.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use redb::{Database, TableDefinition};

use crate::lab::Lab;

/// Writes a file with these rights.
pub(crate) fn write_with_mode(path: impl AsRef<Path>, text: &str, mode: u32) {
    fs::write(&path, text).expect("room");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its owner may");
}

const READING: [&[&str]; 5] = [
    &["ledger", "verify"],
    &["ledger", "history"],
    &["wallet", "show", "alice"],
    &["receipt", "alice"],
    &["ledger", "history", "--wallet", "alice"],
];

const WRITING: [&[&str]; 2] =
    [&["wallet", "fund", "alice", "1J"], &["wallet", "transfer", "--from", "alice", "--to", "bob", "1J"]];

#[test]
fn nothing_but_init_makes_a_ledger_and_init_makes_none_twice() {
    let lab = Lab::empty();
    lab.good("wallet new alice");
    lab.good("wallet new bob");
    lab.good("wallet list");
    for words in READING {
        lab.refuses(1, words, &["there is no ledger at", "ledger.redb", "maxwell ledger init"]);
    }
    assert!(!lab.path("ledger.redb").exists());
    lab.good("ledger init");
    lab.refuses(1, &["ledger", "init"], &["ledger.redb is there already"]);
    fs::remove_file(lab.path("ledger.redb")).expect("a file");
    lab.refuses(1, &["ledger", "init"], &["host.key is there already"]);
    for words in WRITING {
        lab.refuses(1, words, &["there is no ledger at", "maxwell ledger init"]);
    }
    assert!(!lab.path("ledger.redb").exists());
}

#[test]
fn a_new_home_is_its_owners_alone() {
    let lab = Lab::with(&["alice"]);
    let mode = |file: &str| fs::metadata(lab.path(file)).expect(file).permissions().mode() & 0o7777;
    assert_eq!((mode(""), mode("wallets")), (0o700, 0o700));
    for file in ["ledger.redb", "host.key", "mint.key", "wallets/alice.key"] {
        assert_eq!(mode(file), 0o600, "{file}");
    }
}

#[test]
fn a_key_that_others_may_read_is_refused_with_what_mends_it() {
    let lab = Lab::funded();
    let open = |file: &str| {
        fs::set_permissions(lab.path(file), fs::Permissions::from_mode(0o644)).expect("its owner may");
        lab.path(file).display().to_string()
    };
    let alice = open("wallets/alice.key");
    let mends = format!("chmod 600 '{alice}'");
    let transfer = ["wallet", "transfer", "--from", "alice", "--to", "bob", "1J"];
    lab.refuses(1, &transfer, &["mode 0644", &mends]);
    lab.refuses(1, &["wallet", "import", &alice, "--name", "carol"], &["mode 0644", &mends]);
    fs::set_permissions(&alice, fs::Permissions::from_mode(0o600)).expect("its owner may");
    for key in ["mint.key", "host.key"] {
        let path = open(key);
        lab.refuses(1, &["wallet", "fund", "bob", "1J"], &[&format!("chmod 600 '{path}'")]);
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("its owner may");
    }
    let home = lab.path("");
    fs::set_permissions(&home, fs::Permissions::from_mode(0o755)).expect("its owner may");
    lab.refuses(1, &transfer, &["mode 0755", "chmod 700"]);
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).expect("its owner may");
    assert_eq!(lab.balance("alice"), 100_000_000);
}

#[test]
fn a_ledger_without_its_hosts_key_is_read_and_not_written() {
    let lab = Lab::funded();
    fs::remove_file(lab.path("host.key")).expect("a file");
    lab.refuses(1, WRITING[1], &["host.key is missing", "put it back from a copy"]);
    lab.good("ledger verify");
    fs::copy(lab.path("mint.key"), lab.path("host.key")).expect("room");
    lab.refuses(1, WRITING[1], &["this ledger belongs to the host"]);
}

#[test]
fn a_ledger_that_was_cut_short_is_named_and_left_as_it_is() {
    let lab = Lab::funded();
    let file = lab.path("ledger.redb");
    let whole = fs::read(&file).expect("a ledger");
    for keep in [0, 5, 512, 4_096, whole.len() / 2, whole.len() - 4_096] {
        fs::write(&file, &whole[..keep]).expect("room");
        for words in READING.iter().chain(&WRITING) {
            lab.args(words).complains(1, &[file.to_str().expect("plain names")]);
        }
        let left = fs::read(&file).expect("a ledger");
        assert_eq!(left.len(), keep, "nothing was put in its place");
    }
    fs::write(&file, &whole).expect("room");
    lab.good("ledger verify");
}

#[test]
fn a_flipped_bit_is_found_or_changes_nothing_of_what_is_shown() {
    let lab = Lab::funded();
    lab.good("wallet transfer --from alice --to bob 1J");
    let file = lab.path("ledger.redb");
    let whole = fs::read(&file).expect("a ledger");
    let right = (lab.good("ledger verify"), lab.good("ledger history"));
    // Most of the file is room that the engine has set aside, and much of the rest holds pages of before.
    let used: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] != 0).collect();
    let mut found = 0;
    for step in 0..40 {
        let at = used[step * used.len() / 40 + step % 7];
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (step % 8);
        fs::write(&file, &flipped).expect("room");
        let verified = lab.run("ledger verify");
        if verified.code == Some(0) {
            assert_eq!((verified.stdout, lab.good("ledger history")), right, "byte {at}");
        } else {
            found += 1;
            verified.complains(1, &[file.to_str().expect("plain names")]);
        }
    }
    assert!(found > 0, "none of 40 was found");
}

#[test]
fn a_ledger_of_a_newer_format_asks_for_a_newer_maxwell() {
    let lab = Lab::funded();
    // The record as a later version would write it: the checksum is that of its place and of the number 3.
    let later = 3_u64.to_le_bytes();
    let checksum = blake3::keyed_hash(b"records\0\0\0\0\0\0\0\0\0format\0\0\0\0\0\0\0\0\0\0", &later);
    let stored = [&checksum.as_bytes()[..16], &later].concat();
    let engine = Database::open(lab.path("ledger.redb")).expect("the engine's file");
    let write = engine.begin_write().expect("a transaction");
    let mut records = write.open_table(TableDefinition::<&str, &[u8]>::new("records")).expect("a table");
    records.insert("format", stored.as_slice()).expect("room");
    drop(records);
    write.commit().expect("room");
    drop(engine);
    let before = fs::read(lab.path("ledger.redb")).expect("a ledger");
    for words in READING.iter().chain(&WRITING) {
        lab.args(words).complains(1, &["has format 3", "use a later version of Maxwell"]);
    }
    assert!(fs::read(lab.path("ledger.redb")).expect("a ledger") == before, "it was left as it is");
}
