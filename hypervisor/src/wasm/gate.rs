//! Who may touch a program: its owner or the worker of a slot.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use maxwell_core::tick::SlotId;
use rustix::thread::futex;

/// How long an owner sleeps before it nudges a worker that has not left its slot yet. See [`Gate::wait_idle`].
const NUDGE: rustix::time::Timespec = rustix::time::Timespec { tv_sec: 0, tv_nsec: 50_000 };

/// The phase of a cell in real time, and the slot that it is posted to. One word, changed by compare-and-swap; it is
/// also the futex on which the owner waits.
///
/// ```text
///            post               take                leave
///    idle ---------> posted ------------> running ---------> idle
///      ^               |                     |
///      |   withdraw    |                     | doom
///      +---------------+                     v
///      ^                 bury              doomed: the worker drops the program
///      +-------------------------------------+
/// ```
///
/// The program belongs to the owner while idle or posted, to the worker while running or doomed. The owner alone
/// posts, withdraws and dooms; a worker alone takes, leaves and buries.
#[derive(Debug, Default)]
pub(super) struct Gate {
    word: AtomicU32,
    /// Whether the owner sleeps on the word, or is about to: without it a worker saves itself the call to wake. Set
    /// before the word is looked at, read after it was changed, both sequentially consistent: one of the two sees the
    /// other.
    waited: AtomicBool,
}

const IDLE: u32 = 0;
const POSTED: u32 = 1 << 16;
const RUNNING: u32 = 2 << 16;
const DOOMED: u32 = 3 << 16;
const PHASE: u32 = !0xffff;

impl Gate {
    /// Owner: offers the program to the worker of `slot`. False if a worker still has it.
    pub(super) fn post(&self, slot: SlotId) -> bool {
        self.change(IDLE, POSTED | u32::from(slot.0))
    }

    /// Owner: takes back what no worker has taken. False if one has.
    pub(super) fn withdraw(&self) -> bool {
        let word = self.word.load(Ordering::Acquire);
        word & PHASE == POSTED && self.change(word, IDLE)
    }

    /// Owner: leaves the program to its worker to drop. False if no worker has it, and the owner may drop it itself;
    /// true also for one that is doomed already.
    pub(super) fn doom(&self) -> bool {
        self.change(RUNNING, DOOMED) || self.word.load(Ordering::Acquire) == DOOMED
    }

    /// Whether no worker has it or will have it.
    pub(super) fn is_idle(&self) -> bool {
        self.word.load(Ordering::Acquire) == IDLE
    }

    /// Owner: waits until the worker has left, at most `patience`. Calls `nudge` every now and then.
    ///
    /// The nudge is needed because a fibre that resumes reads the engine's epoch after its worker has looked at the
    /// grant: an epoch that is bumped between the two is missed, and only the next bump makes the program yield.
    pub(super) fn wait_idle(&self, patience: Duration, nudge: impl Fn()) -> bool {
        if self.is_idle() {
            return true;
        }
        self.waited.store(true, Ordering::SeqCst);
        let left = self.sleep_until_idle(Instant::now() + patience, nudge);
        self.waited.store(false, Ordering::Relaxed);
        left
    }

    fn sleep_until_idle(&self, deadline: Instant, nudge: impl Fn()) -> bool {
        loop {
            let word = self.word.load(Ordering::SeqCst);
            if word == IDLE {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            // Woken, timed out or changed meanwhile: in each case the word is looked at again.
            let _ = futex::wait(&self.word, futex::Flags::PRIVATE, word, Some(&NUDGE));
            if !self.is_idle() {
                nudge();
            }
        }
    }

    /// Worker: takes what is posted to its own slot. False if it was withdrawn or posted elsewhere since.
    pub(super) fn take(&self, slot: SlotId) -> bool {
        self.change(POSTED | u32::from(slot.0), RUNNING)
    }

    /// Worker: gives the program back. False if it is doomed and to be dropped here.
    pub(super) fn leave(&self) -> bool {
        let left = self.change(RUNNING, IDLE);
        if left {
            self.wake();
        }
        left
    }

    /// Worker: the doomed program is gone.
    pub(super) fn bury(&self) {
        self.word.store(IDLE, Ordering::SeqCst);
        self.wake();
    }

    fn change(&self, from: u32, to: u32) -> bool {
        self.word.compare_exchange(from, to, Ordering::SeqCst, Ordering::Acquire).is_ok()
    }

    fn wake(&self) {
        if !self.waited.load(Ordering::SeqCst) {
            return;
        }
        // Waking nobody is no error, and there is no other for a word of this process.
        let _ = futex::wake(&self.word, futex::Flags::PRIVATE, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_posted_cell_is_taken_only_on_its_own_slot() {
        let gate = Gate::default();
        assert!(gate.post(SlotId(3)));
        assert!(!gate.take(SlotId(2)), "posted to slot 3");
        assert!(gate.take(SlotId(3)));
        assert!(!gate.withdraw(), "it runs");
        assert!(!gate.post(SlotId(3)), "it runs");
        assert!(gate.leave());
        assert!(gate.is_idle());
    }

    #[test]
    fn a_withdrawn_cell_is_not_taken_any_more() {
        let gate = Gate::default();
        assert!(gate.post(SlotId(0)) && gate.withdraw());
        assert!(!gate.take(SlotId(0)));
        assert!(!gate.doom(), "nobody has it");
    }

    #[test]
    fn a_doomed_cell_is_buried_by_its_worker() {
        let gate = Gate::default();
        assert!(gate.post(SlotId(0)) && gate.take(SlotId(0)) && gate.doom());
        assert!(gate.doom(), "doomed twice is still the worker's");
        assert!(!gate.leave(), "to be dropped here");
        assert!(!gate.wait_idle(Duration::ZERO, || ()));
        gate.bury();
        assert!(!gate.doom(), "nobody has it");
        assert!(gate.wait_idle(Duration::ZERO, || ()));
    }
}
