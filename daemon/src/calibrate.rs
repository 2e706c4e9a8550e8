//! How fast this machine is at the work that the bounty pays for.
//!
//! A bounty is worth so much per *full quantum* of work, and quanta are worth more work on a faster machine. So before the
//! market opens, the scientist's program runs alone for a moment, without money, and its ranges are counted.

use std::collections::HashSet;
use std::sync::mpsc::Receiver;

use maxwell_core::bounty::claim::Answer;
use maxwell_core::bounty::{Ranges, Sieve};
use maxwell_core::event::{Event, Request};
use maxwell_core::limits::QUANTUM;
use maxwell_core::tick::{Exit, SlotId, SlotSet};
use maxwell_core::units::{Microjoules, Nanoseconds};
use maxwell_hypervisor::cell::{Cell, Permit, Reply};
use maxwell_hypervisor::clock::Clock;

/// Ranges that are enough to know the time of one within a few percent.
const RANGES: usize = 60;

/// How long a measurement may take.
pub struct Patience<'a> {
    /// Quanta after which it ends with fewer ranges.
    pub quanta_max: u32,
    /// Whether the user has had enough of it.
    pub is_over: &'a dyn Fn() -> bool,
}

/// Why the scientist could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum CalibrateError {
    /// The user ended it.
    #[error("the measurement was interrupted")]
    Interrupted,
    /// Its program is over.
    #[error(
        "the scientist is measured before the start and ended too early: {0}; it has to lease and claim ranges until \
         it is told to end"
    )]
    Ended(String),
    /// Nothing that it claimed held.
    #[error(
        "the scientist is measured before the start and did not earn anything in {quanta} quanta of 10 ms: {leases} \
         leases, {claims} claims, none of them true; it has to lease ranges, count their primes and claim them"
    )]
    EarnedNothing {
        /// How long it was measured.
        quanta: u32,
        /// Leases that it asked for.
        leases: u64,
        /// Claims that it made.
        claims: u64,
    },
}

/// CPU time that a range takes the program in `cell`, whose requests arrive in `requests`. Only what holds counts, as in
/// the market: a program that claims what it did not do would seem to be very fast.
///
/// # Errors
/// When there is nothing to measure it by, see [`CalibrateError`].
pub fn range_cost(
    cell: &mut dyn Cell,
    requests: &Receiver<Event>,
    clock: &mut dyn Clock,
    ranges: Ranges,
    patience: &Patience<'_>,
) -> Result<Nanoseconds, CalibrateError> {
    let mut work = Work::new(ranges);
    let (mut used, mut used_at_claim) = (Nanoseconds::ZERO, Nanoseconds::ZERO);
    for _ in 0..patience.quanta_max {
        if (patience.is_over)() {
            return Err(CalibrateError::Interrupted);
        }
        run_quantum(cell, clock);
        let Some(usage) = cell.usage() else { continue };
        used += usage.used;
        let before = work.done.len();
        work.answer(cell, requests);
        if work.done.len() > before {
            used_at_claim = used;
        }
        if work.done.len() >= RANGES {
            break;
        }
        if let Some(exit) = usage.exit {
            return Err(CalibrateError::Ended(how_it_ended(exit, &cell.last_words())));
        }
    }
    if work.done.is_empty() {
        return Err(CalibrateError::EarnedNothing {
            quanta: patience.quanta_max,
            leases: work.leased,
            claims: work.claims,
        });
    }
    Ok(Nanoseconds((used_at_claim.0 / work.done.len() as u64).max(1)))
}

/// The bounty, as far as a measurement needs it.
struct Work {
    ranges: Ranges,
    sieve: Sieve,
    leased: u64,
    claims: u64,
    done: HashSet<u64>,
}

impl Work {
    fn new(ranges: Ranges) -> Self {
        Self { ranges, sieve: Sieve::default(), leased: 0, claims: 0, done: HashSet::new() }
    }

    fn answer(&mut self, cell: &mut dyn Cell, requests: &Receiver<Event>) {
        while let Ok(Event::Request { request, .. }) = requests.try_recv() {
            match request {
                Request::Lease(_) => {
                    // The ranges that the market will begin with: later ones hold larger numbers and take longer.
                    cell.reply(Reply::Leased(self.ranges.first + self.leased));
                    self.leased += 1;
                }
                Request::Claim { key, answer, .. } => {
                    self.claims += 1;
                    if self.holds(key, answer) {
                        self.done.insert(key);
                    }
                }
                Request::Order { .. } | Request::Log(_) => {}
            }
        }
    }

    fn holds(&mut self, range: u64, answer: Answer) -> bool {
        let leased = self.ranges.first..self.ranges.first + self.leased;
        leased.contains(&range) && self.sieve.answer(self.ranges.numbers(range)) == answer
    }
}

/// How a program ended, with what it said last, in words.
pub fn how_it_ended(exit: Exit, last_words: &str) -> String {
    match (exit, last_words.trim()) {
        (Exit::Finished, "") => "its program came to its end".to_owned(),
        (Exit::Finished, words) => format!("its program came to its end after saying: {words}"),
        (_, words) => words.to_owned(),
    }
}

/// Runs a cell alone on slot 0 for one quantum.
pub fn run_quantum(cell: &mut dyn Cell, clock: &mut dyn Clock) {
    let from = clock.now();
    let until = from + QUANTUM;
    let zero = Microjoules::ZERO;
    cell.grant(&Permit {
        slots: SlotSet::only(SlotId(0)),
        from,
        until,
        spot: zero,
        clearing: zero,
        balance: zero,
    });
    clock.wait_until(until);
    cell.revoke();
}
