//! Leases fetched ahead, so that a program seldom waits for the node's answer.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use maxwell_core::bounty::NoKey;
use maxwell_core::limits::LEASES_PER_CELL_MAX;

use crate::cell::Reply;

/// Answers of the node to requests for leases, from the owner's thread to the program's: a ring with one writer and
/// one reader.
///
/// Asked for, waiting here and in the program's hands together never exceed [`LEASES_PER_CELL_MAX`], except that a
/// program that asks with nothing on its way is always asked for.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    ring: [AtomicU64; LEASES_PER_CELL_MAX],
    /// Leases ever put in; written by the owner.
    put: AtomicU32,
    /// Leases ever taken out; written by the program.
    taken: AtomicU32,
    /// Requests that are not answered yet.
    asked: AtomicU32,
    /// Answers "nothing left" that the program has not been told.
    gone: AtomicU32,
    /// Answers "not now" that the program has not been told.
    later: AtomicU32,
    /// Leases in the program's hands: taken and not claimed.
    held: AtomicU32,
    /// The key of a bounty that the program has named: one at a time, which the program waits for.
    named: Named,
}

/// One question and its answer: a key, or one of the marks below. No key is as large as they are.
#[derive(Debug)]
struct Named(AtomicU64);

/// Nothing was asked, or the answer was taken.
const IDLE: u64 = u64::MAX;
/// The answer is on its way.
const ASKED: u64 = u64::MAX - 1;
/// There was nothing left.
const NOTHING: u64 = u64::MAX - 2;
/// There was nothing for now.
const NOT_NOW: u64 = u64::MAX - 3;

impl Default for Named {
    fn default() -> Self {
        Self(AtomicU64::new(IDLE))
    }
}

/// What there is for a program that wants a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// This range, or key.
    Range(u64),
    /// Nothing is left.
    Gone,
    /// There is nothing now.
    Later,
    /// The answer is on its way.
    Wait,
    /// Nobody has been asked.
    Ask,
}

impl Leases {
    /// Owner: passes an answer on. One that nobody asked for is dropped.
    pub(crate) fn answer(&self, reply: Reply) {
        if let Reply::Named(key) = reply {
            let answer = match key {
                Ok(key) => key,
                Err(NoKey::Gone) => NOTHING,
                Err(NoKey::Later) => NOT_NOW,
            };
            // It fails if nobody has asked.
            let _ = self.named.0.compare_exchange(ASKED, answer, Ordering::AcqRel, Ordering::Relaxed);
            return;
        }
        let asked = self.asked.load(Ordering::Acquire);
        let put = self.put.load(Ordering::Relaxed);
        let waiting = put.wrapping_sub(self.taken.load(Ordering::Acquire)) as usize;
        if asked == 0 || waiting == LEASES_PER_CELL_MAX {
            return;
        }
        match reply {
            Reply::Leased(range) => {
                self.ring[put as usize % LEASES_PER_CELL_MAX].store(range, Ordering::Relaxed);
                self.put.store(put.wrapping_add(1), Ordering::Release);
            }
            Reply::NoLease(NoKey::Gone) | Reply::Named(_) => _ = self.gone.fetch_add(1, Ordering::Release),
            Reply::NoLease(NoKey::Later) => _ = self.later.fetch_add(1, Ordering::Release),
        }
        // Last, so that the program never sees neither the answer nor the question.
        self.asked.fetch_sub(1, Ordering::AcqRel);
    }

    /// Whether a program that waits for an answer would go on waiting. One that has named a bounty waits for that answer alone.
    pub(crate) fn is_dry(&self) -> bool {
        match self.named.0.load(Ordering::Acquire) {
            ASKED => true,
            IDLE => self.waiting() == 0 && !self.has_refusal(),
            _ => false,
        }
    }

    /// Program: what has become of the question for a key of the bounty that it named.
    pub(crate) fn take_named(&self) -> Next {
        match self.named.0.load(Ordering::Acquire) {
            IDLE => Next::Ask,
            ASKED => Next::Wait,
            answer => {
                self.named.0.store(IDLE, Ordering::Relaxed);
                match answer {
                    NOTHING => Next::Gone,
                    NOT_NOW => Next::Later,
                    key => Next::Range(key),
                }
            }
        }
    }

    /// Program: the question for a key is about to be sent, or could not be.
    pub(crate) fn asking_named(&self, is_asked: bool) {
        self.named.0.store(if is_asked { ASKED } else { IDLE }, Ordering::Release);
    }

    /// Program: takes the next lease if there is one.
    pub(crate) fn take(&self) -> Next {
        // Read before the answers: a question that is answered in between is then still seen, and looked at again.
        let asked = self.asked.load(Ordering::Acquire);
        if self.waiting() > 0 {
            let taken = self.taken.load(Ordering::Relaxed);
            let range = self.ring[taken as usize % LEASES_PER_CELL_MAX].load(Ordering::Relaxed);
            self.taken.store(taken.wrapping_add(1), Ordering::Release);
            self.held.fetch_add(1, Ordering::Relaxed);
            return Next::Range(range);
        }
        if self.gone.load(Ordering::Acquire) > 0 {
            self.gone.store(0, Ordering::Relaxed);
            return Next::Gone;
        }
        if self.later.load(Ordering::Acquire) > 0 {
            self.later.store(0, Ordering::Relaxed);
            return Next::Later;
        }
        if asked > 0 { Next::Wait } else { Next::Ask }
    }

    /// Program: whether one more may be asked for ahead: not after an answer that there is none, until that is told.
    pub(crate) fn has_room(&self) -> bool {
        let on_the_way = self.asked.load(Ordering::Acquire) as usize;
        let held = self.held.load(Ordering::Relaxed) as usize;
        !self.has_refusal() && on_the_way + self.waiting() + held < LEASES_PER_CELL_MAX
    }

    /// Program: a question is about to be sent. Said before it is sent, so that no answer comes too early.
    pub(crate) fn asking(&self) {
        self.asked.fetch_add(1, Ordering::AcqRel);
    }

    /// Program: the question could not be sent.
    pub(crate) fn not_asked(&self) {
        self.asked.fetch_sub(1, Ordering::AcqRel);
    }

    /// Program: a lease in its hands was claimed.
    pub(crate) fn claimed(&self) {
        let held = self.held.load(Ordering::Relaxed);
        self.held.store(held.saturating_sub(1), Ordering::Relaxed);
    }

    fn has_refusal(&self) -> bool {
        self.gone.load(Ordering::Acquire) > 0 || self.later.load(Ordering::Acquire) > 0
    }

    fn waiting(&self) -> usize {
        self.put.load(Ordering::Acquire).wrapping_sub(self.taken.load(Ordering::Acquire)) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_beyond_those_asked_for_are_dropped() {
        let leases = Leases::default();
        leases.answer(Reply::Leased(9));
        assert_eq!(leases.take(), Next::Ask);
        leases.asking();
        assert_eq!(leases.take(), Next::Wait);
        leases.answer(Reply::Leased(1));
        leases.answer(Reply::Leased(2));
        assert_eq!(leases.take(), Next::Range(1));
        assert_eq!(leases.take(), Next::Ask);
    }

    #[test]
    fn a_key_of_a_named_bounty_is_waited_for_whatever_else_comes() {
        let leases = Leases::default();
        leases.answer(Reply::Named(Ok(5)));
        assert_eq!(leases.take_named(), Next::Ask, "nobody had asked");
        leases.asking_named(true);
        leases.asking();
        leases.answer(Reply::Leased(70));
        assert!(leases.is_dry(), "that is not what it waits for");
        assert_eq!(leases.take_named(), Next::Wait);
        leases.answer(Reply::Named(Ok(5)));
        assert!(!leases.is_dry());
        assert_eq!((leases.take_named(), leases.take_named()), (Next::Range(5), Next::Ask));
        leases.asking_named(true);
        leases.answer(Reply::Named(Err(NoKey::Gone)));
        assert_eq!((leases.take_named(), leases.take()), (Next::Gone, Next::Range(70)));
    }

    #[test]
    fn no_more_than_the_limit_is_asked_for_ahead() {
        let leases = Leases::default();
        let mut asked = 0;
        while leases.has_room() {
            leases.asking();
            asked += 1;
        }
        assert_eq!(asked, LEASES_PER_CELL_MAX);
        (0..4).for_each(|range| leases.answer(Reply::Leased(range)));
        assert_eq!(leases.take(), Next::Range(0));
        assert!(!leases.has_room(), "three wait and one is in hand");
        leases.claimed();
        assert!(leases.has_room());
    }

    #[test]
    fn the_end_of_the_bounty_is_told_after_the_leases_that_came_before_it() {
        let leases = Leases::default();
        (0..2).for_each(|_| leases.asking());
        leases.answer(Reply::Leased(7));
        leases.answer(Reply::NoLease(NoKey::Gone));
        assert_eq!(leases.take(), Next::Range(7));
        assert!(!leases.has_room());
        assert_eq!(leases.take(), Next::Gone);
        assert_eq!(leases.take(), Next::Ask, "a program that asks again is asked for again");
    }

    #[test]
    fn a_program_that_is_to_ask_later_is_not_told_that_the_bounty_is_over() {
        let leases = Leases::default();
        leases.asking();
        assert!(leases.is_dry());
        leases.answer(Reply::NoLease(NoKey::Later));
        assert!(!leases.is_dry() && !leases.has_room());
        assert_eq!((leases.take(), leases.take()), (Next::Later, Next::Ask));
        leases.asking_named(true);
        leases.answer(Reply::Named(Err(NoKey::Later)));
        assert_eq!((leases.take_named(), leases.take_named()), (Next::Later, Next::Ask));
    }
}
