//! Checks claims, off the tick.
//!
//! What is built in: primes, by a sieve, and preimages. Everything else is a wasm module that the sponsor brings. A proof of
//! inference is none of the three: it comes with the crate that can verify one.

mod preimage;

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use maxwell_core::bounty::claim::Claim;
use maxwell_core::bounty::{Range, Sieve};
use maxwell_core::event::Event;
use maxwell_core::limits::EVENTS_MAX;
use maxwell_core::tick::CellId;
use maxwell_hypervisor::verifier::VerifierModule;

/// A claim to be checked.
#[derive(Clone, Debug)]
pub struct Job {
    /// Who claims.
    pub cell: CellId,
    /// What is claimed.
    pub claim: Claim,
    /// By which rule.
    pub check: Check,
}

/// What a claim is checked against.
#[derive(Clone, Debug)]
pub enum Check {
    /// The primes among these numbers, counted and added up.
    Primes(Range),
    /// A digest that begins with so many zero bits.
    Preimage(u8),
    /// What the module says.
    Module(VerifierModule),
}

impl Job {
    /// Looks at the claim.
    fn run(self, sieve: &mut Sieve) -> Event {
        let Self { cell, claim, check } = self;
        let holds = match check {
            Check::Primes(numbers) => sieve.answer(numbers) == claim.answer,
            Check::Preimage(zero_bits) => preimage::holds(&claim, zero_bits),
            Check::Module(module) => module.verify(claim.key, claim.answer.as_bytes()).is_ok(),
        };
        Event::Verified { cell, claim, holds }
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

/// Too many claims wait. The key goes back to its bounty, to be leased again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many claims wait for verification")]
pub struct Busy;

/// Checks at once, on the caller's thread: for a virtual clock, on which it takes no time.
#[derive(Debug, Default)]
pub struct InlineVerifier {
    sieve: Sieve,
}

impl Verifier for InlineVerifier {
    fn submit(&mut self, job: Job) -> Result<Option<Event>, Busy> {
        Ok(Some(job.run(&mut self.sieve)))
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
    let mut sieve = Sieve::default();
    for job in jobs {
        if events.send(job.run(&mut sieve)).is_err() {
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
