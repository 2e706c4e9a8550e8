//! What every store promises, held against the file and against memory.

use std::ops::ControlFlow;

use maxwell_ledger::store::{
    Batch, Change, Fold, Frame, Mark, MemoryStore, RedbStore, Snapshot, Store, StoreError,
};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::common::{History, content, frames, heads, one_frame};

macro_rules! contract {
    ($($name:ident)*) => {
        mod memory {
            $(#[test] fn $name() { super::$name(&super::Place::Memory); })*
        }
        mod file {
            $(#[test] fn $name() { super::$name(&super::Place::file()); })*
        }
    };
}

contract! {
    a_new_store_holds_its_genesis_and_nothing_else
    what_was_committed_is_read_again
    frames_are_found_by_any_sequence_in_them
    a_walk_stops_where_it_is_told_to
    a_snapshot_keeps_what_a_change_leaves_out
    a_fold_leaves_what_is_behind_it
    a_batch_out_of_order_changes_nothing_and_the_next_one_is_taken
    an_empty_batch_is_taken
}

/// Where a store is kept while it is closed.
enum Place {
    Memory,
    File(TempDir),
}

impl Place {
    fn file() -> Self {
        Self::File(tempfile::tempdir().expect("a temporary folder"))
    }

    fn create(&self) -> Box<dyn Store> {
        match self {
            Self::Memory => Box::new(MemoryStore::create(b"genesis")),
            Self::File(folder) => {
                Box::new(RedbStore::create(folder.path().join("ledger"), b"genesis").expect("a new ledger"))
            }
        }
    }

    /// The store after it was closed and opened again.
    fn reopen(&self, store: Box<dyn Store>) -> Box<dyn Store> {
        match self {
            Self::Memory => store,
            Self::File(folder) => {
                drop(store);
                Box::new(RedbStore::open(folder.path().join("ledger")).expect("a ledger"))
            }
        }
    }
}

fn frame(first: u64, last: u64) -> Frame {
    Frame { first, last, bytes: format!("{first}-{last}").into_bytes() }
}

fn change(through: u64, accounts: &[(u32, &str)]) -> Change {
    let accounts = accounts.iter().map(|(index, text)| (*index, text.as_bytes().to_vec())).collect();
    Change { through, extra: format!("at {through}").into_bytes(), accounts }
}

fn texts(store: &dyn Store, of: Snapshot) -> Vec<(u32, String)> {
    let mut texts = Vec::new();
    let mut each = |index, bytes: &[u8]| {
        texts.push((index, String::from_utf8(bytes.to_vec()).expect("text")));
        ControlFlow::Continue(())
    };
    store.accounts(of, &mut each).expect("accounts");
    texts
}

fn a_new_store_holds_its_genesis_and_nothing_else(place: &Place) {
    let store = place.create();
    let store = place.reopen(store);
    let content = content(&*store).expect("readable");
    assert_eq!(content.genesis, b"genesis");
    assert_eq!(content.last, 0);
    assert_eq!(content.marks, [Mark::default(), Mark::default()]);
    assert!(content.accounts.iter().all(std::collections::BTreeMap::is_empty));
    assert!(content.frames.is_empty() && content.heads.is_empty());
}

fn what_was_committed_is_read_again(place: &Place) {
    let mut store = place.create();
    let batch = Batch {
        frames: vec![frame(1, 4), frame(5, 5)],
        heads: vec![(7, b"seven".to_vec()), (8, b"eight".to_vec())],
        checkpoint: Some(change(4, &[(9, "nine"), (2, "two"), (1 << 24, "many")])),
        fold: None,
    };
    store.commit(&batch).expect("in order");
    store.commit(&Batch { frames: vec![frame(6, 9)], ..Batch::default() }).expect("in order");
    let store = place.reopen(store);
    assert_eq!(store.last_sequence(), 9);
    assert_eq!(frames(&*store, 0).expect("frames"), [frame(1, 4), frame(5, 5), frame(6, 9)]);
    assert_eq!(heads(&*store, 8).expect("heads"), [(8, b"eight".to_vec())]);
    assert_eq!(store.last_head().expect("a head"), Some((8, b"eight".to_vec())));
    let mark = Mark { through: 4, extra: b"at 4".to_vec() };
    assert_eq!(store.mark(Snapshot::Checkpoint).expect("a mark"), mark);
    let accounts = [(2, "two".to_owned()), (9, "nine".to_owned()), (1 << 24, "many".to_owned())];
    assert_eq!(texts(&*store, Snapshot::Checkpoint), accounts);
    assert_eq!(texts(&*store, Snapshot::Base), []);
    assert!(store.size().expect("a size").0 > 0);
}

fn frames_are_found_by_any_sequence_in_them(place: &Place) {
    let mut store = place.create();
    let batch = Batch { frames: vec![frame(1, 4), frame(5, 8), frame(9, 9)], ..Batch::default() };
    store.commit(&batch).expect("in order");
    for (from, found) in [(1, 3), (4, 3), (5, 2), (8, 2), (9, 1), (10, 0), (u64::MAX, 0)] {
        assert_eq!(frames(&*store, from).expect("frames").len(), found, "from {from}");
    }
}

fn a_walk_stops_where_it_is_told_to(place: &Place) {
    let mut store = place.create();
    let batch = Batch {
        frames: vec![frame(1, 1), frame(2, 2), frame(3, 3)],
        heads: vec![(0, vec![]), (1, vec![]), (2, vec![])],
        checkpoint: Some(change(1, &[(0, ""), (1, ""), (2, "")])),
        fold: None,
    };
    store.commit(&batch).expect("in order");
    let seen = std::cell::Cell::new(0);
    let second_stops = || {
        seen.set(seen.get() + 1);
        if seen.get() % 2 == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    store.frames(0, &mut |_| second_stops()).expect("two frames");
    store.heads(0, &mut |_, _| second_stops()).expect("two heads");
    store.accounts(Snapshot::Checkpoint, &mut |_, _| second_stops()).expect("two accounts");
    assert_eq!(seen.get(), 6);
}

fn a_snapshot_keeps_what_a_change_leaves_out(place: &Place) {
    let mut store = place.create();
    let mut batch = one_frame(1);
    batch.checkpoint = Some(change(1, &[(0, "zero"), (1, "one"), (2, "two")]));
    store.commit(&batch).expect("in order");
    batch = one_frame(2);
    batch.checkpoint = Some(change(2, &[(3, "three"), (1, "uno")]));
    store.commit(&batch).expect("in order");
    let store = place.reopen(store);
    let accounts =
        [(0, "zero"), (1, "uno"), (2, "two"), (3, "three")].map(|(at, text)| (at, text.to_owned()));
    assert_eq!(texts(&*store, Snapshot::Checkpoint), accounts);
}

fn a_fold_leaves_what_is_behind_it(place: &Place) {
    let mut store = place.create();
    let mut batch = Batch {
        frames: vec![frame(1, 4), frame(5, 6), frame(7, 9)],
        heads: (1..=5).map(|epoch| (epoch, vec![epoch as u8])).collect(),
        checkpoint: Some(change(9, &[(0, "new")])),
        fold: None,
    };
    store.commit(&batch).expect("in order");
    batch.clear();
    batch.fold = Some(Fold { base: change(6, &[(0, "old")]), through_epoch: 3 });
    store.commit(&batch).expect("in order");
    let mut store = place.reopen(store);
    assert_eq!(frames(&*store, 0).expect("frames"), [frame(7, 9)]);
    assert_eq!(heads(&*store, 0).expect("heads").first(), Some(&(3, vec![3])));
    assert_eq!(store.mark(Snapshot::Base).expect("a mark").through, 6);
    assert_eq!(texts(&*store, Snapshot::Base), [(0, "old".to_owned())]);
    assert_eq!(texts(&*store, Snapshot::Checkpoint), [(0, "new".to_owned())]);
    // All of the journal may go; what comes next still continues it.
    batch.fold = Some(Fold { base: change(9, &[]), through_epoch: 5 });
    store.commit(&batch).expect("in order");
    assert_eq!(frames(&*store, 0).expect("frames"), []);
    let mut store = place.reopen(store);
    assert!(store.commit(&one_frame(11)).is_err());
    store.commit(&one_frame(10)).expect("in order");
    assert_eq!(frames(&*store, 0).expect("frames").len(), 1);
}

fn a_batch_out_of_order_changes_nothing_and_the_next_one_is_taken(place: &Place) {
    let mut store = place.create();
    let batch = Batch {
        frames: vec![frame(1, 4), frame(5, 6)],
        heads: vec![(1, vec![]), (2, vec![])],
        checkpoint: Some(change(5, &[])),
        fold: Some(Fold { base: change(4, &[]), through_epoch: 1 }),
    };
    store.commit(&batch).expect("in order");
    let before = content(&*store).expect("readable");
    let with_frames = |frames| Batch { frames, ..Batch::default() };
    let with_head = |epoch| Batch { heads: vec![(epoch, vec![])], ..Batch::default() };
    let with_checkpoint = |through| Batch { checkpoint: Some(change(through, &[])), ..Batch::default() };
    let with_fold = |through, through_epoch| Batch {
        fold: Some(Fold { base: change(through, &[]), through_epoch }),
        ..Batch::default()
    };
    let wrong = [
        ("a gap", with_frames(vec![frame(8, 9)])),
        ("an overlap", with_frames(vec![frame(6, 9)])),
        ("a frame that ends before it begins", with_frames(vec![frame(7, 6)])),
        ("a gap within the batch", with_frames(vec![frame(7, 7), frame(9, 9)])),
        ("a head twice", with_head(2)),
        ("a head too far", with_head(4)),
        ("a checkpoint that goes back", with_checkpoint(4)),
        ("a checkpoint of what is not there", with_checkpoint(7)),
        ("a base that goes back", with_fold(3, 1)),
        ("a base within a frame", with_fold(5, 1)),
        ("a base beyond the checkpoint", with_fold(6, 1)),
        ("heads folded that are not there", with_fold(4, 3)),
    ];
    for (what, batch) in wrong {
        let refused = store.commit(&batch);
        assert!(matches!(refused, Err(StoreError::OutOfOrder { .. })), "{what}: {refused:?}");
        assert_eq!(content(&*store).expect("readable"), before, "{what}");
    }
    store.commit(&with_frames(vec![frame(7, 9)])).expect("in order");
}

fn an_empty_batch_is_taken(place: &Place) {
    let mut store = place.create();
    store.commit(&Batch::default()).expect("nothing to do");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn both_stores_hold_the_same_after_any_history(seed: u64, batches in 1_usize..40, reopened: u8) {
        let place = Place::file();
        let (mut file, mut memory) = (place.create(), Place::Memory.create());
        let mut history = History::new(seed);
        for at in 0..batches {
            let batch = history.next();
            file.commit(&batch).expect("in order");
            memory.commit(&batch).expect("in order");
            if at % (usize::from(reopened) + 1) == 0 {
                file = place.reopen(file);
            }
            let from = history.dice.next() % (memory.last_sequence() + 2);
            prop_assert_eq!(frames(&*file, from).expect("frames"), frames(&*memory, from).expect("frames"));
        }
        prop_assert_eq!(content(&*file).expect("readable"), content(&*memory).expect("readable"));
    }
}
