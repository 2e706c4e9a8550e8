//! The host of a native program by itself: the program. There is no node here, no market and no bounty.
//!
//! Ranges are leased in ascending order and nobody pays for them, prices are zero, and the wallet is without bottom. It
//! serves to run an agent's work at full speed, to measure it, and to see that it ends as it should: SIGINT and SIGTERM
//! announce the end. What the market does to an agent cannot be seen with it.

use super::system::{Told, discard_pages};
use super::{Host, Notice, Price, Reason, Refusal, cut};
use crate::abi::RANGE_MAX;
use std::fmt::Display;
use std::io::{self, Write};
use std::thread;
use std::time::{Duration, Instant};

/// Answers the agent's interface without a node.
#[derive(Debug)]
pub struct Standalone {
    started: Instant,
    until: Option<Instant>,
    leases: u64,
    told: Told,
}

impl Standalone {
    /// Starts the clock. When `told` is set, and after `seconds` of wall time, the end is announced with no time left.
    pub fn start(seconds: Option<u32>, told: Told) -> Self {
        let started = Instant::now();
        let until = seconds.map(|seconds| started + Duration::from_secs(u64::from(seconds)));
        Self { started, until, leases: 0, told }
    }

    /// Prints what was achieved, and in how many seconds, as one line on the standard output.
    pub fn finish(&self, work: &impl Display) {
        let seconds = self.started.elapsed().as_secs_f64();
        // A reader that has gone is no reason to fail at the very end.
        let _ = writeln!(io::stdout(), "{work} seconds {seconds:.1}");
    }
}

impl Host for Standalone {
    /// Nothing is sold: 0.
    fn price(&mut self, _which: Price) -> i64 {
        0
    }

    /// Unlimited: the largest number that there is.
    fn balance(&mut self) -> i64 {
        i64::MAX
    }

    /// There is no auction; the order is checked and forgotten.
    fn set_bid(&mut self, limit_uj: i64, slots: i32) -> Result<(), Refusal> {
        if limit_uj < 0 || slots < 0 {
            return Err(Refusal::Invalid);
        }
        Ok(())
    }

    fn lease(&mut self) -> Result<u64, Refusal> {
        if self.leases == RANGE_MAX {
            return Err(Refusal::Gone);
        }
        self.leases += 1;
        Ok(self.leases - 1)
    }

    /// Nobody pays; only that the range was leased is checked.
    fn claim(&mut self, range: u64, _count: u32, _sum: u64) -> Result<(), Refusal> {
        if range >= self.leases {
            return Err(Refusal::Invalid);
        }
        Ok(())
    }

    fn discard(&mut self, memory: &mut [u8]) -> Result<(), Refusal> {
        discard_pages(memory).map_err(|_| Refusal::Busy)
    }

    /// The operator is who reads the standard error.
    fn log(&mut self, line: &str) -> Result<(), Refusal> {
        writeln!(io::stderr(), "{}", cut(line)).map_err(|_| Refusal::Busy)
    }

    fn notice(&mut self) -> Option<Notice> {
        let is_over = self.told.is_set() || self.until.is_some_and(|until| Instant::now() >= until);
        is_over.then_some(Notice { reason: Reason::Operator, millis_left: 0 })
    }

    fn pause(&mut self) {
        thread::sleep(Duration::from_millis(10));
    }
}
