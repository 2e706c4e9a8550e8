//! Checks claims, off the tick.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use maxwell_core::bounty::{self, Range};
use maxwell_core::event::{Claim, Event};
use maxwell_core::limits::EVENTS_MAX;
use maxwell_core::tick::CellId;

/// A claim to be checked against its numbers.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// Who claims.
    pub cell: CellId,
    /// What is claimed.
    pub claim: Claim,
    /// The numbers of the range.
    pub numbers: Range,
}

impl Job {
    fn check(&self, sieve: &mut bounty::Verifier) -> Event {
        let holds = sieve.answer(self.claim.range, self.numbers) == self.claim;
        Event::Verified { cell: self.cell, claim: self.claim, holds }
    }
}

/// Where claims are checked.
pub trait Verifier: Send {
    /// Takes a job. The outcome is returned at once or comes through the inbox later; [`Busy`] means that the job was
    /// not taken.
    ///
    /// # Errors
    /// When too many jobs wait.
    fn submit(&mut self, job: Job) -> Result<Option<Event>, Busy>;
}

/// Too many claims wait. The range goes back to the bounty, to be leased again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many claims wait for verification")]
pub struct Busy;

/// Checks at once, on the caller's thread: for a virtual clock, on which it takes no time.
#[derive(Debug, Default)]
pub struct InlineVerifier {
    sieve: bounty::Verifier,
}

impl Verifier for InlineVerifier {
    fn submit(&mut self, job: Job) -> Result<Option<Event>, Busy> {
        Ok(Some(job.check(&mut self.sieve)))
    }
}

/// Checks on a thread of its own.
#[derive(Debug)]
pub struct ThreadVerifier {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl ThreadVerifier {
    /// Starts the thread; outcomes go into `events`.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(events: SyncSender<Event>) -> std::io::Result<Self> {
        let (jobs, queue) = sync_channel(EVENTS_MAX);
        let work = move || check_all(&queue, &events);
        let thread = std::thread::Builder::new().name("maxwell-verify".into()).spawn(work)?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }
}

/// Works until the node is gone: either its end of the jobs or its inbox.
fn check_all(jobs: &Receiver<Job>, events: &SyncSender<Event>) {
    let mut sieve = bounty::Verifier::default();
    for job in jobs {
        if events.send(job.check(&mut sieve)).is_err() {
            return;
        }
    }
}

impl Verifier for ThreadVerifier {
    fn submit(&mut self, job: Job) -> Result<Option<Event>, Busy> {
        let jobs = self.jobs.as_ref().ok_or(Busy)?;
        jobs.try_send(job).map(|()| None).map_err(|_| Busy)
    }
}

impl Drop for ThreadVerifier {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the verifier has been printed by the thread itself; there is nothing left to tell.
            let _ = thread.join();
        }
    }
}
