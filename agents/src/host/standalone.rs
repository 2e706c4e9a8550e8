//! The host of a native program: the program itself. There is no node here, no market and no bounty.
//!
//! Ranges are leased in ascending order and nobody pays for them, prices are zero, the wallet is without bottom, and
//! discarded memory is cleared but stays with the program. It serves to run an agent's work at full speed, to measure
//! it, and to see that it ends as it should. What the market does to an agent cannot be seen with it.

use super::{Host, Notice, Price, Reason, Refusal, cut};
use crate::abi::{PAGE, RANGE_MAX};
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
}

impl Standalone {
    /// Starts the clock. After `seconds` of wall time the end is announced, with no time left; without it, never.
    pub fn start(seconds: Option<u32>) -> Self {
        let started = Instant::now();
        let until = seconds.map(|seconds| started + Duration::from_secs(u64::from(seconds)));
        Self { started, until, leases: 0 }
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

    /// Clears the whole pages. Nothing goes back to the system.
    fn discard(&mut self, memory: &mut [u8]) -> Result<(), Refusal> {
        let page = PAGE as usize;
        let first = memory.as_ptr().align_offset(page).min(memory.len());
        let pages = (memory.len() - first) / page;
        memory[first..first + pages * page].fill(0);
        Ok(())
    }

    /// The operator is who reads the standard error.
    fn log(&mut self, line: &str) -> Result<(), Refusal> {
        writeln!(io::stderr(), "{}", cut(line)).map_err(|_| Refusal::Busy)
    }

    fn notice(&mut self) -> Option<Notice> {
        match self.until {
            Some(until) if Instant::now() >= until => {
                Some(Notice { reason: Reason::Operator, millis_left: 0 })
            }
            _ => None,
        }
    }

    fn pause(&mut self) {
        thread::sleep(Duration::from_millis(10));
    }
}
