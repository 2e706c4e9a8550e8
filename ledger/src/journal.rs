//! The journal of a running node: a thread that makes durable what the node has decided, one commit a billing window.
//!
//! ```text
//!   node's thread --parcel, once a window--> journal's thread --commit--> store
//!         ^                                        |
//!         +---- empty parcels, and how far --------+
//! ```
//!
//! The node never waits for the disk. It appends, hands over at the end of a window, and can ask how far the disk has come;
//! what must not be acknowledged before it is durable waits for that. When the disk fails, or falls too far behind, the journal
//! has failed for good, and a node that sees it stops: at most the windows that were not yet durable are lost, in favour of
//! the wallets.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use maxwell_core::units::Microjoules;

use crate::ledger::{Close, Ledger, LedgerError};
use crate::limits::{BACKLOG_WINDOWS_MAX, EPOCH_MS, FOLD_STEP_PAUSE_MS, FOLD_TRANSFERS_MAX};
use crate::record::{Note, Payment, Record, Window};

/// Names a record that was appended: they count from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// Why a journal takes nothing more. Fatal: stop, and open the ledger again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// The store failed.
    #[error("the ledger has stopped: {0}")]
    Failed(String),
    /// The disk is too slow.
    #[error(
        "the ledger's disk is {BACKLOG_WINDOWS_MAX} billing windows behind: use a faster one, or find out what else is writing to it"
    )]
    Behind,
}

/// What milliseconds since 1970 are taken from.
pub type WallClock = Box<dyn Fn() -> u64 + Send>;

/// How a journal runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalPolicy {
    /// How long details are kept before they are folded into totals.
    pub retention: Duration,
    /// How often they are looked through for what is too old.
    pub fold_every: Duration,
}

impl Default for JournalPolicy {
    fn default() -> Self {
        Self { retention: Duration::from_hours(7 * 24), fold_every: Duration::from_hours(1) }
    }
}

/// The node's end of the journal.
pub struct Journal {
    full: SyncSender<Parcel>,
    empty: Receiver<Parcel>,
    spare: Vec<Parcel>,
    current: Parcel,
    appended: u64,
    progress: Arc<Progress>,
    thread: JoinHandle<Ledger>,
}

/// How far the disk has come; both threads see it.
#[derive(Debug, Default)]
struct Progress {
    durable: AtomicU64,
    failed: OnceLock<JournalError>,
}

impl Progress {
    /// Notes why the journal goes no further, unless that is known already. Why it does not.
    fn fail(&self, error: JournalError) -> JournalError {
        self.failed.get_or_init(|| error).clone()
    }
}

impl JournalError {
    fn defect() -> Self {
        Self::Failed("its thread has ended by a defect of Maxwell; its message stands above".to_owned())
    }
}

/// What one window hands over. It goes back and forth and keeps its memory, so that the node's thread allocates nothing
/// once it has seen its busiest window.
#[derive(Debug)]
struct Parcel {
    /// What happened before the window ended.
    records: Vec<Record>,
    /// The end of the window.
    window: Window,
    /// The last record of all.
    ticket: Ticket,
}

impl Journal {
    /// Starts the thread that owns `ledger` from now on.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(ledger: Ledger, policy: JournalPolicy, clock: WallClock) -> std::io::Result<Self> {
        let (full, work) = sync_channel(BACKLOG_WINDOWS_MAX);
        let (done, empty) = sync_channel(BACKLOG_WINDOWS_MAX + 1);
        let progress = Arc::new(Progress::default());
        let writer =
            Writer { ledger, policy, clock, done, progress: Arc::clone(&progress), fold_at_ms: None };
        let thread =
            std::thread::Builder::new().name("ledger".to_owned()).spawn(move || writer.run(&work))?;
        let spare = (0..BACKLOG_WINDOWS_MAX).map(|_| Parcel::new()).collect();
        Ok(Self { full, empty, spare, current: Parcel::new(), appended: 0, progress, thread })
    }

    /// Appends a payment by the host's rules.
    pub fn payment(&mut self, payment: Payment) -> Ticket {
        self.append(Record::Payment(payment))
    }

    /// Appends a change that moves no money.
    pub fn note(&mut self, note: Note) -> Ticket {
        self.append(Record::Note(note))
    }

    /// Ends a window and hands over everything since the last. `write` is given the window with no lines in it.
    ///
    /// # Errors
    /// When the journal has failed: nothing more will be durable.
    pub fn window(&mut self, write: impl FnOnce(&mut Window)) -> Result<Ticket, JournalError> {
        self.current.window.lines.clear();
        write(&mut self.current.window);
        self.appended += 1;
        self.current.ticket = Ticket(self.appended);
        self.health()?;
        self.spare.extend(self.empty.try_iter());
        let Some(next) = self.spare.pop() else { return Err(self.progress.fail(JournalError::Behind)) };
        let parcel = std::mem::replace(&mut self.current, next);
        match self.full.try_send(parcel) {
            Ok(()) => Ok(Ticket(self.appended)),
            Err(TrySendError::Full(_)) => Err(self.progress.fail(JournalError::Behind)),
            Err(TrySendError::Disconnected(_)) => Err(self.progress.fail(JournalError::defect())),
        }
    }

    /// The last record that is on disk.
    pub fn durable(&self) -> Ticket {
        Ticket(self.progress.durable.load(Ordering::Acquire))
    }

    /// Whether it still goes on.
    ///
    /// # Errors
    /// Why it does not.
    pub fn health(&self) -> Result<(), JournalError> {
        self.progress.failed.get().map_or(Ok(()), |error| Err(error.clone()))
    }

    /// Makes everything durable that was handed over, writes down all accounts, and gives the ledger back. What was appended
    /// after the last window is lost, as if it had not happened.
    ///
    /// # Errors
    /// Why not everything is durable.
    pub fn close(self) -> Result<Ledger, JournalError> {
        drop(self.full);
        let ledger = self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        self.progress.failed.get().map_or(Ok(ledger), |error| Err(error.clone()))
    }

    fn append(&mut self, record: Record) -> Ticket {
        self.current.records.push(record);
        self.appended += 1;
        Ticket(self.appended)
    }
}

impl Parcel {
    fn new() -> Self {
        Self { records: Vec::new(), window: Window::default(), ticket: Ticket::default() }
    }
}

/// The journal's thread.
struct Writer {
    ledger: Ledger,
    policy: JournalPolicy,
    clock: WallClock,
    done: SyncSender<Parcel>,
    progress: Arc<Progress>,
    /// When details are looked through next for what is too old: never at once, because the clock of a machine that has just
    /// started may still be put right.
    fold_at_ms: Option<u64>,
}

impl Writer {
    fn run(mut self, work: &Receiver<Parcel>) -> Ledger {
        // A panic ends the ledger and not the node, which has cells to end in order.
        let served = catch_unwind(AssertUnwindSafe(|| self.serve(work)));
        match served {
            Ok(Ok(())) => {}
            Ok(Err(error)) => drop(self.progress.fail(JournalError::Failed(error.to_string()))),
            Err(_) => drop(self.progress.fail(JournalError::defect())),
        }
        self.ledger
    }

    /// Commits until the node lets go. Whatever waits is committed together.
    fn serve(&mut self, work: &Receiver<Parcel>) -> Result<(), LedgerError> {
        let idle = Duration::from_millis(EPOCH_MS);
        loop {
            match work.recv_timeout(idle) {
                Ok(parcel) => {
                    let mut ticket = self.enter(parcel)?;
                    while let Ok(parcel) = work.try_recv() {
                        ticket = self.enter(parcel)?;
                    }
                    self.commit(Close::IfDue)?;
                    self.progress.durable.store(ticket.0, Ordering::Release);
                }
                Err(RecvTimeoutError::Timeout) => self.commit(Close::IfDue)?,
                Err(RecvTimeoutError::Disconnected) => return self.commit(Close::AndSave),
            }
        }
    }

    /// Enters a parcel and sends it back empty. What the node has done cannot be refused: if a rule says so, node or rule is
    /// wrong, and the ledger goes no further.
    fn enter(&mut self, mut parcel: Parcel) -> Result<Ticket, LedgerError> {
        let ticket = parcel.ticket;
        let window = &parcel.window;
        // A window in which nothing was sold and nothing bought has nothing to keep.
        let is_empty = window.lines.is_empty() && window.grid == Microjoules::ZERO;
        let window = (!is_empty).then(|| Record::Window(window.clone()));
        for record in parcel.records.drain(..).chain(window) {
            self.ledger.enter(record).map_err(|refusal| LedgerError::Defect(refusal.to_string()))?;
        }
        // Nobody takes it back when the node is gone.
        let _ = self.done.try_send(parcel);
        Ok(ticket)
    }

    fn commit(&mut self, close: Close) -> Result<(), LedgerError> {
        let now_ms = (self.clock)();
        let JournalPolicy { retention, fold_every } = self.policy;
        let [retention_ms, fold_every_ms] = [retention, fold_every].map(|span| span.as_millis() as u64);
        let due = *self.fold_at_ms.get_or_insert(now_ms.saturating_add(fold_every_ms)) <= now_ms;
        if !due {
            return self.ledger.commit(now_ms, close).map(drop);
        }
        // Only what is written down can be folded away.
        self.ledger.commit(now_ms, Close::AndSave)?;
        let folded = self.ledger.fold(now_ms.saturating_sub(retention_ms), FOLD_TRANSFERS_MAX)?;
        let more = folded.is_some_and(|folded| folded.more);
        let pause_ms = if more { fold_every_ms.min(FOLD_STEP_PAUSE_MS) } else { fold_every_ms };
        self.fold_at_ms = Some(now_ms.saturating_add(pause_ms));
        Ok(())
    }
}
