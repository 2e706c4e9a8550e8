//! A verifier that is busy or late as it is told to, and notes which keys it found true.

use std::collections::{HashSet, VecDeque};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard};

use maxwell_core::event::Event;
use maxwell_core::tick::CellId;
use maxwell_core::units::Moment;
use maxwell_daemon::verifier::{Busy, InlineVerifier, Job, Verifier};

use crate::faults::{Fault, FaultKind};

/// What the verifier and the witness share.
#[derive(Clone, Debug, Default)]
pub struct Desk(Arc<Mutex<Papers>>);

#[derive(Debug, Default)]
struct Papers {
    now: (u64, Moment),
    late: VecDeque<(u64, Event)>,
    /// When the last late outcome is due.
    due: Option<u64>,
    found: HashSet<(CellId, u64)>,
    /// Claims that were taken and of whose outcome the node was told, or needed not be.
    concluded: u64,
}

/// What has become of the claims that the node took, as the verifier and the stakes that vouch for some know it.
#[derive(Clone, Copy, Debug)]
pub struct Tally {
    /// Their outcome was told, or they were trusted.
    pub concluded: u64,
    /// Their outcome is still held back.
    pub open: u64,
}

impl Desk {
    /// Tells that a tick is over; outcomes that were held back until now go out.
    pub fn tick(&self, tick: u64, at: Moment, events: &SyncSender<Event>) {
        let mut papers = self.papers();
        papers.now = (tick, at);
        while let Some((due, event)) = papers.late.front().copied()
            && due <= tick
            && events.try_send(event).is_ok()
        {
            papers.late.pop_front();
            papers.concluded += 1;
        }
    }

    /// Whether the outcome of a claim is still held back. It never goes out after that.
    pub fn take_late(&self, cell: CellId, key: u64) -> bool {
        let is_it = |event: &Event| matches!(event, Event::Verified { cell: of, claim, .. } if (*of, claim.key) == (cell, key));
        let late = &mut self.papers().late;
        let place = late.iter().position(|(_, event)| is_it(event));
        place.and_then(|place| late.remove(place)).is_some()
    }

    /// What has become of the claims so far.
    pub fn tally(&self) -> Tally {
        let papers = self.papers();
        Tally { concluded: papers.concluded, open: papers.late.len() as u64 }
    }

    /// Whether a payment to `cell` for this key is due: it was found true, or trusted, and is neither paid nor taken back.
    pub fn take_found(&self, cell: CellId, key: u64) -> bool {
        self.papers().found.remove(&(cell, key))
    }

    /// Notes a key whose claim was taken on a stake.
    pub fn trusted(&self, cell: CellId, key: u64) {
        let mut papers = self.papers();
        papers.found.insert((cell, key));
        papers.concluded += 1;
    }

    /// Forgets a key whose claim was refused in the end, or whose payment was cancelled.
    pub fn refused(&self, cell: CellId, key: u64) {
        self.papers().found.remove(&(cell, key));
    }

    fn papers(&self) -> MutexGuard<'_, Papers> {
        self.0.lock().expect("another user of the desk panicked")
    }
}

/// Checks as [`InlineVerifier`] does, with faults.
#[derive(Debug)]
pub struct FaultyVerifier {
    verifier: InlineVerifier,
    faults: Vec<Fault>,
    desk: Desk,
}

impl FaultyVerifier {
    /// A verifier with the faults among `faults` that concern it.
    pub fn new(faults: &[Fault], desk: Desk) -> Self {
        Self { verifier: InlineVerifier::default(), faults: faults.to_vec(), desk }
    }
}

impl Verifier for FaultyVerifier {
    fn submit(&mut self, job: Job) -> Result<Option<Event>, Busy> {
        let (tick, now) = self.desk.papers().now;
        let on: Vec<FaultKind> = self.faults.iter().filter(|f| f.is_on(now)).map(|f| f.kind).collect();
        if on.contains(&FaultKind::VerifierBusy) {
            return Err(Busy);
        }
        let (cell, key) = (job.cell, job.claim.key);
        let outcome = self.verifier.submit(job)?;
        let mut papers = self.desk.papers();
        if let Some(Event::Verified { holds: true, .. }) = outcome {
            papers.found.insert((cell, key));
        }
        let delay = on.iter().find_map(|kind| match kind {
            FaultKind::VerifierLate(ticks) => Some(*ticks),
            _ => None,
        });
        // Outcomes never overtake each other: after the first late one, all go through the queue.
        match outcome {
            Some(event) if delay.is_some() || papers.due.is_some() => {
                let due = (tick + delay.unwrap_or(0)).max(papers.due.unwrap_or(0));
                papers.due = Some(due);
                papers.late.push_back((due, event));
                Ok(None)
            }
            _ => {
                papers.concluded += 1;
                Ok(outcome)
            }
        }
    }
}
