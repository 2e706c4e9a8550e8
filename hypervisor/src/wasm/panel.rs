//! What a cell's owner and its program tell each other while either may run.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use maxwell_core::tick::{CellId, Exit, Wait};
use maxwell_core::units::{Bytes, Moment, Nanoseconds};

use super::ending::Ending;
use crate::board::{Board, NEVER};
use crate::cell::{Notice, Permit};
use crate::leases::Leases;
use crate::output::Output;

/// Where a program's time comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Time {
    /// The machine's monotonic clock, since this instant.
    Real(Instant),
    /// The start of the current quantum, whatever the machine's clocks say.
    Virtual,
}

/// The board between owner and program. Everything that grant, revoke and usage touch is an atomic; the output alone
/// has a lock, taken by the program when it writes and by the owner when the program is over.
///
/// Single values need no order among themselves, because the gate's compare-and-swap orders what was written on one
/// side of a hand-over before what is read on the other.
#[derive(Debug)]
pub(super) struct Panel {
    /// The cell's name.
    pub(super) id: CellId,
    /// What the program is shown of the market.
    pub(super) board: Board,
    /// Leases on their way to the program.
    pub(super) leases: Leases,
    time: Time,
    /// Node's clock minus the machine's since its origin, as of the last grant.
    offset: AtomicI64,
    from: AtomicU64,
    granted: AtomicBool,
    wait: AtomicU64,
    /// Time that a notice leaves, until the next grant says when it is now; only in virtual time.
    notice_left: AtomicU64,
    memory: AtomicU64,
    freed: AtomicU64,
    fuel: AtomicU64,
    used: AtomicU64,
    stolen: AtomicU64,
    exit: AtomicU8,
    output: Mutex<Output>,
}

/// Codes of [`Panel::wait`]; a moment is stored as itself plus [`WAIT_UNTIL`].
const WAIT_NOTHING: u64 = 0;
const WAIT_REPLY: u64 = 1;
const WAIT_UNTIL: u64 = 2;

/// Time of polls, measured on a slot's worker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Metered {
    /// CPU time of the worker.
    pub(super) used: Nanoseconds,
    /// Time in which the worker could have run and did not.
    pub(super) stolen: Nanoseconds,
}

impl Panel {
    /// A board for a cell that has not run yet.
    pub(super) fn new(id: CellId, time: Time) -> Self {
        Self {
            id,
            board: Board::default(),
            leases: Leases::default(),
            time,
            offset: AtomicI64::new(0),
            from: AtomicU64::new(0),
            granted: AtomicBool::new(false),
            wait: AtomicU64::new(WAIT_NOTHING),
            notice_left: AtomicU64::new(NEVER.0),
            memory: AtomicU64::new(0),
            freed: AtomicU64::new(0),
            fuel: AtomicU64::new(0),
            used: AtomicU64::new(0),
            stolen: AtomicU64::new(0),
            exit: AtomicU8::new(0),
            output: Mutex::default(),
        }
    }
}

/// The owner's side.
impl Panel {
    /// Opens a quantum.
    pub(super) fn open(&self, permit: &Permit) {
        self.board.open(permit);
        self.from.store(permit.from.0, Ordering::Relaxed);
        if let Time::Real(origin) = self.time {
            let offset = permit.from.0 as i64 - origin.elapsed().as_nanos() as i64;
            self.offset.store(offset, Ordering::Relaxed);
        }
        let left = self.notice_left.swap(NEVER.0, Ordering::Relaxed);
        if left != NEVER.0 {
            self.board.end_at(Nanoseconds(permit.from.0.saturating_add(left)));
        }
        self.granted.store(true, Ordering::Release);
    }

    /// Ends the quantum: the program stops at its next look.
    pub(super) fn close(&self) {
        self.granted.store(false, Ordering::Release);
    }

    /// Announces the end.
    pub(super) fn announce(&self, notice: Notice) {
        let end = match self.time {
            Time::Real(_) => Nanoseconds(self.elapsed().saturating_add(notice.left.0)),
            Time::Virtual => {
                self.notice_left.store(notice.left.0, Ordering::Relaxed);
                NEVER
            }
        };
        self.board.announce(notice.reason, end);
    }

    /// What the program waits for, as things stand now.
    pub(super) fn waits_for(&self) -> Option<Wait> {
        match self.wait.load(Ordering::Relaxed) {
            WAIT_NOTHING => None,
            WAIT_REPLY => self.leases.is_dry().then_some(Wait::Reply),
            moment => Some(Wait::Until(Moment(moment - WAIT_UNTIL))),
        }
    }

    /// Linear memory now.
    pub(super) fn memory(&self) -> Bytes {
        Bytes(self.memory.load(Ordering::Relaxed))
    }

    /// Bytes given back since last asked.
    pub(super) fn take_freed(&self) -> Bytes {
        Bytes(self.freed.swap(0, Ordering::Relaxed))
    }

    /// CPU time since last asked.
    pub(super) fn take_metered(&self) -> Metered {
        Metered {
            used: Nanoseconds(self.used.swap(0, Ordering::Relaxed)),
            stolen: Nanoseconds(self.stolen.swap(0, Ordering::Relaxed)),
        }
    }

    /// How the program ended, once.
    pub(super) fn take_exit(&self) -> Option<Exit> {
        match self.exit.swap(0, Ordering::AcqRel) {
            0 => None,
            1 => Some(Exit::Finished),
            2 => Some(Exit::Crashed),
            _ => Some(Exit::Limit),
        }
    }

    /// Fuel that the program had used when it was last read exactly.
    pub(super) fn fuel(&self) -> u64 {
        self.fuel.load(Ordering::Relaxed)
    }
}

/// The side of the program and of whoever polls it.
impl Panel {
    /// Whether the quantum is still open.
    pub(super) fn is_open(&self) -> bool {
        self.granted.load(Ordering::Acquire)
    }

    /// Time of the clock that programs see as monotonic, in nanoseconds.
    pub(super) fn elapsed(&self) -> u64 {
        match self.time {
            Time::Real(origin) => origin.elapsed().as_nanos() as u64,
            Time::Virtual => self.from.load(Ordering::Relaxed),
        }
    }

    /// Whether time is the machine's.
    pub(super) fn is_real_time(&self) -> bool {
        matches!(self.time, Time::Real(_))
    }

    /// Now on the node's clock. In real time it is reckoned from the last grant.
    pub(super) fn now(&self) -> Moment {
        Moment(self.elapsed().saturating_add_signed(self.offset.load(Ordering::Relaxed)))
    }

    /// The notice as the agent's interface packs it, zero if there is none.
    pub(super) fn notice(&self) -> i64 {
        self.board.notice(Nanoseconds(self.elapsed()))
    }

    /// Says what the program waits for; `None` while it runs.
    pub(super) fn set_wait(&self, wait: Option<Wait>) {
        let code = match wait {
            None => WAIT_NOTHING,
            Some(Wait::Reply) => WAIT_REPLY,
            Some(Wait::Until(moment)) => moment.0.saturating_add(WAIT_UNTIL),
        };
        self.wait.store(code, Ordering::Relaxed);
    }

    /// Says how large linear memory is.
    pub(super) fn set_memory(&self, bytes: u64) {
        self.memory.store(bytes, Ordering::Relaxed);
    }

    /// Counts bytes given back to the system.
    pub(super) fn count_freed(&self, bytes: u64) {
        self.freed.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Says how much fuel has been used in all.
    pub(super) fn set_fuel(&self, used: u64) {
        self.fuel.store(used, Ordering::Relaxed);
    }

    /// Counts time of polls.
    pub(super) fn count(&self, metered: Metered) {
        self.used.fetch_add(metered.used.0, Ordering::Relaxed);
        self.stolen.fetch_add(metered.stolen.0, Ordering::Relaxed);
    }

    /// Says that the program is over. Its memory is gone by now.
    pub(super) fn end(&self, ending: Ending) {
        let code = match ending.exit {
            Exit::Finished => 1,
            Exit::Crashed => 2,
            Exit::Limit => 3,
        };
        self.output().end(ending.words);
        self.set_wait(None);
        self.set_memory(0);
        self.exit.store(code, Ordering::Release);
    }

    /// What the program has written.
    pub(super) fn output(&self) -> MutexGuard<'_, Output> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
