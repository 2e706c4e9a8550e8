//! Several processes on one ledger.

use maxwell_ledger::store::RedbStore;

use crate::common::Running;
use crate::lab::Lab;

#[test]
fn a_ledger_that_another_process_has_is_neither_read_nor_written() {
    let lab = Lab::funded();
    let held = RedbStore::open(lab.path("ledger.redb")).expect("nobody else has it");
    let file = lab.path("ledger.redb").display().to_string();
    for words in
        ["ledger verify", "wallet list", "wallet show alice", "wallet fund alice 1J", "receipt alice"]
    {
        lab.run(words).complains(1, &[&file, "is in use by another process"]);
    }
    drop(held);
    lab.good("ledger verify");
    assert_eq!(lab.balance("alice"), 100_000_000);
}

#[test]
fn eight_transfers_at_once_are_each_done_or_refused_and_no_microjoule_is_lost() {
    let lab = Lab::funded();
    let home = lab.path("").display().to_string();
    let mut done = 0;
    for _ in 0..3 {
        let words = ["wallet", "transfer", "--from", "alice", "--to", "bob", "1J", "--home", &home];
        let running: Vec<_> = (0..8).map(|_| Running::start(&words)).collect();
        for ended in running.into_iter().map(Running::end) {
            if ended.code == Some(0) {
                ended.good();
                done += 1;
            } else {
                ended.complains(1, &["is in use by another process"]);
            }
        }
    }
    assert!(done > 0, "the first of all finds nobody else");
    assert_eq!(
        (lab.balance("alice"), lab.balance("bob")),
        (100_000_000 - done * 1_000_000, done * 1_000_000)
    );
    assert!(lab.good("ledger verify").contains(&format!("{} played again", done + 1)));
}
