//! Slots as threads: one worker on its core for each.

use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;
use std::{io, ptr, thread};

use maxwell_core::tick::SlotId;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use wasmtime::Engine;

use super::pooled::{Reading, Run};

/// Pause between two attempts to make the workers leave, while the pool closes.
const CLOSING_PAUSE: Duration = Duration::from_micros(100);

/// Where the worker of a slot runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinning {
    /// The slot.
    pub slot: SlotId,
    /// The core that its worker is pinned to; `None` if it could not be pinned and the system moves it about.
    pub core: Option<usize>,
    /// Why it could not be pinned.
    pub warning: Option<String>,
}

/// The slots of a node, as their cells see them.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) engine: Engine,
    slots: Box<[Slot]>,
    closing: AtomicBool,
}

#[derive(Debug, Default)]
struct Slot {
    mailbox: Mailbox,
    /// Set once, before the pool is given to anyone.
    worker: OnceLock<Thread>,
}

/// The threads of a pool. Dropping it ends them, whatever runs on them.
#[derive(Debug)]
pub(super) struct Workers {
    pool: Arc<Pool>,
    threads: Vec<JoinHandle<()>>,
}

impl Pool {
    /// Posts a cell to a slot and wakes its worker. Neither allocates nor locks.
    pub(super) fn post(&self, slot: SlotId, run: Arc<Run>) {
        let slot = &self.slots[usize::from(slot.0)];
        slot.mailbox.post(run);
        if let Some(worker) = slot.worker.get() {
            worker.unpark();
        }
    }

    /// Makes every running program yield: those whose quantum is over leave their slots, the others are polled again.
    pub(super) fn bump(&self) {
        self.engine.increment_epoch();
    }

    /// Whether the workers are to end.
    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// How many slots there are.
    pub(super) fn slots(&self) -> usize {
        self.slots.len()
    }

    fn work(&self, slot: SlotId) {
        let mailbox = &self.slots[usize::from(slot.0)].mailbox;
        let mut clocks = Reading::now();
        while !self.is_closing() {
            if let Some(run) = mailbox.take() {
                clocks = run.quantum(slot, self, clocks);
            } else {
                thread::park();
                clocks = Reading::now();
            }
        }
    }
}

impl Workers {
    /// Starts a worker for each slot, on the cores that this process may use, and says where they run.
    pub(super) fn start(engine: Engine, slots: u16) -> io::Result<(Self, Vec<Pinning>)> {
        let pool = Arc::new(Pool {
            engine,
            slots: (0..slots).map(|_| Slot::default()).collect(),
            closing: AtomicBool::new(false),
        });
        let cores = cores();
        let (reports, pinnings) = channel();
        let mut workers = Self { pool, threads: Vec::with_capacity(usize::from(slots)) };
        for slot in (0..slots).map(SlotId) {
            workers.spawn(slot, &cores, reports.clone())?;
        }
        drop(reports);
        let mut pinnings: Vec<Pinning> = pinnings.iter().collect();
        pinnings.sort_by_key(|pinning| pinning.slot);
        Ok((workers, pinnings))
    }

    /// The slots.
    pub(super) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    fn spawn(
        &mut self,
        slot: SlotId,
        cores: &Result<Vec<usize>, String>,
        reports: Sender<Pinning>,
    ) -> io::Result<()> {
        let core = match cores {
            Ok(cores) => Ok(cores[usize::from(slot.0) % cores.len()]),
            Err(warning) => Err(warning.clone()),
        };
        let pool = self.pool.clone();
        let thread = thread::Builder::new().name(format!("mw-slot-{}", slot.0)).spawn(move || {
            // The receiver waits for every report.
            let _ = reports.send(pin(slot, core));
            drop(reports);
            pool.work(slot);
        })?;
        let worker = &self.pool.slots[usize::from(slot.0)].worker;
        worker.set(thread.thread().clone()).expect("each slot gets one worker");
        self.threads.push(thread);
        Ok(())
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.pool.closing.store(true, Ordering::Release);
        while self.threads.iter().any(|thread| !thread.is_finished()) {
            self.pool.bump();
            self.threads.iter().for_each(|thread| thread.thread().unpark());
            thread::sleep(CLOSING_PAUSE);
        }
        for thread in self.threads.drain(..) {
            // Programs cannot make a worker panic, see `run::poll`; if Maxwell did, it has been printed already.
            let _ = thread.join();
        }
    }
}

/// A place for one posted cell. What is posted over another that nobody has taken replaces it: the gate of the other
/// cell says whether it is still meant.
#[derive(Debug)]
struct Mailbox(AtomicPtr<Run>);

impl Default for Mailbox {
    fn default() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }
}

impl Mailbox {
    fn post(&self, run: Arc<Run>) {
        let posted = Arc::into_raw(run).cast_mut();
        drop(Self::own(self.0.swap(posted, Ordering::AcqRel)));
    }

    fn take(&self) -> Option<Arc<Run>> {
        Self::own(self.0.swap(ptr::null_mut(), Ordering::AcqRel))
    }

    fn own(posted: *mut Run) -> Option<Arc<Run>> {
        if posted.is_null() {
            return None;
        }
        // SAFETY: a pointer in the mailbox comes from `Arc::into_raw` in `post`, which gave its count to the mailbox,
        // and each is taken out exactly once, by a swap. `Arc<Run>` may go to another thread: `Run` is Send and Sync.
        Some(unsafe { Arc::from_raw(posted.cast_const()) })
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        drop(self.take());
    }
}

fn cores() -> Result<Vec<usize>, String> {
    let allowed =
        sched_getaffinity(None).map_err(|error| format!("the usable cores are not known: {error}"))?;
    let cores: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&core| allowed.is_set(core)).collect();
    if cores.is_empty() { Err("no usable core is known".to_owned()) } else { Ok(cores) }
}

/// Pins the calling thread.
fn pin(slot: SlotId, core: Result<usize, String>) -> Pinning {
    let pinned = core.and_then(|core| {
        let mut only = CpuSet::new();
        only.set(core);
        sched_setaffinity(None, &only).map(|()| core).map_err(|error| {
            format!("the worker of slot {} could not be pinned to core {core}: {error}", slot.0)
        })
    });
    match pinned {
        Ok(core) => Pinning { slot, core: Some(core), warning: None },
        Err(warning) => Pinning { slot, core: None, warning: Some(warning) },
    }
}
