//! The journal's thread.

mod common;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::{Keys, START_MS, balance, done, index, window};
use maxwell_core::units::{Bytes, Microjoules};
use maxwell_ledger::account::AccountName;
use maxwell_ledger::audit::audit;
use maxwell_ledger::journal::{Journal, JournalError, JournalPolicy, WallClock};
use maxwell_ledger::ledger::Ledger;
use maxwell_ledger::operation::Body;
use maxwell_ledger::record::{At, Payment, Reason};
use maxwell_ledger::store::{Batch, FrameRef, Mark, MemoryStore, Snapshot, Store, StoreError};

/// A clock that goes on by a tenth of a second whenever it is looked at.
fn clock() -> WallClock {
    let now = AtomicU64::new(START_MS);
    Box::new(move || now.fetch_add(100, Ordering::Relaxed))
}

fn funded(keys: &Keys) -> Ledger {
    let mut ledger = keys.ledger();
    for person in 0..3 {
        done(&mut ledger, &keys.fund(person as u64, person, 1_000_000));
    }
    let deposit = Body::Deposit { into: AccountName::Escrow(1), amount: Microjoules(50_000) };
    done(&mut ledger, &keys.order(2, 0, deposit));
    ledger
}

#[test]
fn what_a_node_hands_over_is_durable_in_order_and_all_of_it() {
    let keys = Keys::new(3);
    let ledger = funded(&keys);
    let (escrow, wallet) =
        (ledger.books().find(&AccountName::Escrow(1)).unwrap(), index(&ledger, keys.person(0)));
    let windows: Vec<_> = (1..=300).map(|tick| window(&ledger, &keys, tick, 3, 100)).collect();
    let mut journal = Journal::start(ledger, JournalPolicy::default(), clock()).expect("a thread");
    let mut last = None;
    for (number, full) in windows.iter().enumerate() {
        let payment = Payment {
            at: At { run: 1, tick: full.at.tick },
            reason: Reason::Income,
            reference: number as u64,
            from: escrow,
            to: wallet,
            amount: Microjoules(7),
        };
        journal.payment(payment);
        let ticket = journal.window(|window| window.clone_from(full)).expect("memory does not fail");
        if number % 16 == 0 {
            wait_for(|| journal.durable() >= ticket);
        }
        last = Some(ticket);
    }
    wait_for(|| Some(journal.durable()) == last);
    let ledger = journal.close().expect("memory does not fail");
    assert_eq!(balance(&ledger, keys.person(0)), 1_000_000 - 300 * 103 + 300 * 7);
    let found = audit(ledger.store()).expect("a ledger in order");
    assert_eq!((found.records, found.unsigned), (4 + 600, 0));
    let ledger = keys.open(ledger.into_store());
    assert_eq!(balance(&ledger, keys.person(1)), 1_000_000 - 300 * 103);
}

#[test]
fn old_details_are_folded_away_while_the_journal_runs() {
    let keys = Keys::new(3);
    let ledger = funded(&keys);
    let windows: Vec<_> = (1..=100).map(|tick| window(&ledger, &keys, tick, 3, 100)).collect();
    let (retention, fold_every) = (Duration::from_secs(2), Duration::from_secs(1));
    let policy = JournalPolicy { retention, fold_every };
    let mut journal = Journal::start(ledger, policy, clock()).expect("a thread");
    for full in &windows {
        let ticket = journal.window(|window| window.clone_from(full)).expect("memory does not fail");
        wait_for(|| journal.durable() >= ticket);
    }
    let ledger = journal.close().expect("memory does not fail");
    let found = audit(ledger.store()).expect("a ledger in order");
    // A hundred commits a tenth of a second apart and one to end with: the last two seconds hold nineteen windows.
    assert!(found.folded > 50 && found.records >= 19, "{found:?}");
    assert_eq!(balance(&ledger, keys.person(0)), 1_000_000 - 100 * 103);
}

#[test]
fn a_journal_whose_disk_fails_says_so_and_takes_nothing_more() {
    let keys = Keys::new(3);
    let store = funded(&keys).into_store();
    let mut room = 3;
    let ledger = keys.open(Gated::boxed(&*store, move || {
        if room == 0 {
            let source = std::io::Error::from_raw_os_error(28);
            return Err(StoreError::Full { file: "test".into(), source });
        }
        room -= 1;
        Ok(())
    }));
    let windows: Vec<_> = (1..=10_000).map(|tick| window(&ledger, &keys, tick, 1, 1)).collect();
    let mut journal = Journal::start(ledger, JournalPolicy::default(), clock()).expect("a thread");
    let mut durable = journal.durable();
    let error = windows.iter().find_map(|full| {
        let ticket = journal.window(|window| window.clone_from(full));
        if let Ok(ticket) = ticket {
            wait_for(|| journal.durable() >= ticket || journal.health().is_err());
        }
        durable = durable.max(journal.durable());
        ticket.err()
    });
    let error = error.expect("the disk fails");
    assert!(matches!(&error, JournalError::Failed(why) if why.contains("no room")), "{error}");
    assert_eq!(durable.0, 3, "what was durable before stays so");
    assert_eq!(journal.close().err(), Some(error));
}

#[test]
fn a_node_does_not_wait_for_a_disk_that_stands_still_but_stops() {
    let keys = Keys::new(3);
    let store = funded(&keys).into_store();
    let gate = Arc::new(Mutex::new(()));
    let closed = Arc::clone(&gate);
    let ledger = keys.open(Gated::boxed(&*store, move || {
        let _open = closed.lock().expect("nobody panicked");
        Ok(())
    }));
    let windows: Vec<_> = (1..=1_000).map(|tick| window(&ledger, &keys, tick, 1, 1)).collect();
    let held = gate.lock().expect("nobody panicked");
    let mut journal = Journal::start(ledger, JournalPolicy::default(), clock()).expect("a thread");
    let error = windows.iter().find_map(|full| journal.window(|window| window.clone_from(full)).err());
    assert_eq!(error, Some(JournalError::Behind));
    drop(held);
    assert_eq!(journal.health(), Err(JournalError::Behind), "it does not go on with a window missing");
    assert_eq!(journal.close().err(), Some(JournalError::Behind));
}

/// Waits for the other thread.
fn wait_for(holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(30), "waited in vain");
        std::thread::yield_now();
    }
}

/// What a store holds, in a store of its own.
fn copy(store: &dyn Store) -> MemoryStore {
    let mut copy = MemoryStore::create(&store.genesis().expect("it has one"));
    let mut batch = Batch::default();
    let frames = &mut |frame: FrameRef<'_>| {
        let (first, last) = (frame.first, frame.last);
        batch.frames.push(maxwell_ledger::store::Frame { first, last, bytes: frame.bytes.to_vec() });
        ControlFlow::Continue(())
    };
    store.frames(0, frames).expect("memory does not fail");
    copy.commit(&batch).expect("memory does not fail");
    copy
}

/// A store that looks at every commit before it is made.
struct Gated<F> {
    inner: MemoryStore,
    gate: F,
}

impl<F: FnMut() -> Result<(), StoreError> + Send + 'static> Gated<F> {
    fn boxed(store: &dyn Store, gate: F) -> Box<dyn Store> {
        Box::new(Self { inner: copy(store), gate })
    }
}

impl<F: FnMut() -> Result<(), StoreError> + Send> Store for Gated<F> {
    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        (self.gate)()?;
        self.inner.commit(batch)
    }
    fn genesis(&self) -> Result<Vec<u8>, StoreError> {
        self.inner.genesis()
    }
    fn last_sequence(&self) -> u64 {
        self.inner.last_sequence()
    }
    fn mark(&self, of: Snapshot) -> Result<Mark, StoreError> {
        self.inner.mark(of)
    }
    fn accounts(
        &self,
        of: Snapshot,
        each: &mut dyn FnMut(u32, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.inner.accounts(of, each)
    }
    fn frames(
        &self,
        from: u64,
        each: &mut dyn FnMut(FrameRef<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.inner.frames(from, each)
    }
    fn heads(
        &self,
        from: u64,
        each: &mut dyn FnMut(u64, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.inner.heads(from, each)
    }
    fn last_head(&self) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
        self.inner.last_head()
    }
    fn size(&self) -> Result<Bytes, StoreError> {
        self.inner.size()
    }
}
