//! A cell in real time: its program goes from its owner to the worker of a slot and back, once a quantum.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

use maxwell_core::tick::{SlotId, Usage};
use maxwell_core::units::Nanoseconds;
use rustix::time::{ClockId, clock_gettime};

use super::gate::Gate;
use super::panel::{Metered, Panel};
use super::run::{Body, Polled, poll};
use super::worker::Pool;
use crate::cell::{Cell, Notice, Permit, Reply};
use crate::offers::Offers;

/// How long `usage` waits for a program to leave its slot: far more than the microseconds that it takes, far less than
/// a quantum.
pub const REVOKE_PATIENCE: Duration = Duration::from_millis(2);

/// What is posted to a worker.
pub(super) struct Run {
    gate: Gate,
    panel: Arc<Panel>,
    /// Never contended: the gate says whose it is. The lock is what makes that safe without trusting the gate.
    body: Mutex<Option<Body>>,
}

/// The owner's end of a cell.
#[derive(Debug)]
pub(super) struct PooledCell {
    run: Arc<Run>,
    pool: Arc<Pool>,
    /// The quantum granted since usage was last told.
    granted: Nanoseconds,
    /// Whether a grant is out that was not revoked.
    out: bool,
}

impl PooledCell {
    /// A cell that has not run yet.
    pub(super) fn new(pool: Arc<Pool>, panel: Arc<Panel>, body: Body) -> Self {
        let run = Run { gate: Gate::default(), panel, body: Mutex::new(Some(body)) };
        Self { run: Arc::new(run), pool, granted: Nanoseconds::ZERO, out: false }
    }
}

impl Cell for PooledCell {
    fn grant(&mut self, permit: &Permit) {
        let slot = permit.slots.first().expect("a permit is for one slot at least");
        assert!(usize::from(slot.0) < self.pool.slots(), "slot {} does not exist", slot.0);
        if !self.run.gate.is_idle() {
            // It has not left its last slot, which `usage` has said with `None`; it cannot use another.
            return;
        }
        self.granted += permit.until.since(permit.from);
        self.out = true;
        self.run.panel.open(permit);
        if self.run.gate.post(slot) {
            self.pool.post(slot, self.run.clone());
        }
    }

    fn revoke(&mut self) {
        self.out = false;
        self.run.panel.close();
        // A bump even if no worker came for it: the worker may be held by a program that missed its own, see the gate.
        if self.run.gate.withdraw() || !self.run.gate.is_idle() {
            self.pool.bump();
        }
    }

    fn usage(&mut self) -> Option<Usage> {
        let patience = if self.out { Duration::ZERO } else { REVOKE_PATIENCE };
        if !self.run.gate.wait_idle(patience, || self.pool.bump()) {
            return None;
        }
        let panel = &self.run.panel;
        let metered = panel.take_metered();
        let granted = std::mem::take(&mut self.granted);
        let (exit, wait) = (panel.take_exit(), panel.waits_for());
        // A program that neither waits nor ended wanted its whole quantum: what it did not get, the host took, be it
        // in the middle or while the worker woke up.
        let short = granted.saturating_sub(metered.used);
        let stolen = if exit.is_none() && wait.is_none() { short } else { metered.stolen };
        Some(Usage {
            cell: panel.id,
            granted,
            used: metered.used,
            stolen,
            resold: Nanoseconds::ZERO,
            cycles: 0,
            freed: panel.take_freed(),
            memory: panel.memory(),
            exit,
            wait,
        })
    }

    fn show_offers(&mut self, offers: &Offers) {
        self.run.panel.board.show_offers(offers);
    }

    fn reply(&mut self, reply: Reply) {
        self.run.panel.leases.answer(reply);
    }

    fn notify(&mut self, notice: Notice) {
        self.run.panel.announce(notice);
    }

    fn kill(&mut self) {
        self.revoke();
        if self.run.gate.doom() {
            // The worker drops it. Waiting is for the nudges alone, which leave no program running that is owned by
            // nobody; it mostly takes microseconds.
            self.run.gate.wait_idle(REVOKE_PATIENCE, || self.pool.bump());
            return;
        }
        // Idle: the worker is done with it, and only this owner could post it again.
        *self.run.body() = None;
        self.run.panel.set_memory(0);
    }

    fn last_words(&self) -> String {
        self.run.panel.output().last_words()
    }
}

impl Drop for PooledCell {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Run {
    /// One quantum on the calling worker, until the grant is revoked or the program gives its slot back. The worker's
    /// clocks read `start`; what they read at the end.
    pub(super) fn quantum(&self, slot: SlotId, pool: &Pool, start: Reading) -> Reading {
        if !self.gate.take(slot) {
            return start;
        }
        let mut body = self.body();
        // A yield with the quantum still open is another cell's revocation, or a deadline from before a wait.
        while self.panel.is_open() && !pool.is_closing() && poll(&mut body, &self.panel) == Polled::Yielded {}
        drop(body);
        let end = Reading::now();
        self.panel.count(end.since(start));
        if !self.gate.leave() {
            *self.body() = None;
            self.gate.bury();
        }
        end
    }

    fn body(&self) -> MutexGuard<'_, Option<Body>> {
        match self.body.try_lock() {
            Ok(body) => body,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => panic!("the gate let two at one program"),
        }
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("cell", &self.panel.id).field("gate", &self.gate).finish_non_exhaustive()
    }
}

/// Wall time and CPU time of the calling thread. Asking for CPU time is a system call, so that a worker that goes from
/// one cell to the next asks once for both.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    wall: Instant,
    cpu: Nanoseconds,
}

impl Reading {
    pub(super) fn now() -> Self {
        let cpu = clock_gettime(ClockId::ThreadCPUTime);
        let cpu = Nanoseconds(cpu.tv_sec as u64 * 1_000_000_000 + cpu.tv_nsec as u64);
        Self { wall: Instant::now(), cpu }
    }

    /// What was used since `start`. The thread was runnable all the while, so wall time beyond CPU time was taken from
    /// it by the host.
    fn since(self, start: Self) -> Metered {
        let used = self.cpu.saturating_sub(start.cpu);
        let wall = Nanoseconds(self.wall.duration_since(start.wall).as_nanos() as u64);
        Metered { used, stolen: wall.saturating_sub(used) }
    }
}
