//! The host of the unit tests: answers what a test wrote down and keeps what the agent asked for.

use super::{Host, Notice, Price, Refusal};
use std::collections::VecDeque;

/// What an agent asked for, looks at prices, notices and leases left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// `set_bid` with limit and slots.
    SetBid(i64, i32),
    /// `claim` with range, count and sum.
    Claim(u64, u32, u64),
    /// `discard` of that many bytes.
    Discard(usize),
    /// `log` of this line.
    Log(String),
    /// `pause`.
    Pause,
    /// `sleep` for that many milliseconds.
    Sleep(u32),
}

/// Answers from a script. After its last lease the bounty is gone.
#[derive(Debug, Default)]
pub(crate) struct Script {
    leases: VecDeque<Result<u64, Refusal>>,
    notices: Vec<(u32, Notice)>,
    looks: u32,
    /// The clearing price.
    pub(crate) clearing: i64,
    /// The balance.
    pub(crate) balance: i64,
    /// What was asked for, in order.
    pub(crate) calls: Vec<Call>,
}

impl Script {
    /// Answers to `lease`, in order.
    pub(crate) fn new(leases: impl IntoIterator<Item = Result<u64, Refusal>>) -> Self {
        Self { leases: leases.into_iter().collect(), ..Self::default() }
    }

    /// Announces `notice` from the look after the first `looks` on. Later notices are added last.
    pub(crate) fn with_notice(mut self, looks: u32, notice: Notice) -> Self {
        self.notices.push((looks, notice));
        self
    }
}

impl Host for Script {
    fn price(&mut self, which: Price) -> i64 {
        match which {
            Price::Spot => 0,
            Price::Clearing => self.clearing,
        }
    }

    fn balance(&mut self) -> i64 {
        self.balance
    }

    fn set_bid(&mut self, limit_uj: i64, slots: i32) -> Result<(), Refusal> {
        self.calls.push(Call::SetBid(limit_uj, slots));
        Ok(())
    }

    fn lease(&mut self) -> Result<u64, Refusal> {
        self.leases.pop_front().unwrap_or(Err(Refusal::Gone))
    }

    fn claim(&mut self, range: u64, count: u32, sum: u64) -> Result<(), Refusal> {
        self.calls.push(Call::Claim(range, count, sum));
        Ok(())
    }

    fn discard(&mut self, memory: &mut [u8]) -> Result<(), Refusal> {
        self.calls.push(Call::Discard(memory.len()));
        Ok(())
    }

    fn log(&mut self, line: &str) -> Result<(), Refusal> {
        self.calls.push(Call::Log(line.into()));
        Ok(())
    }

    fn notice(&mut self) -> Option<Notice> {
        self.looks += 1;
        let due = self.notices.iter().rev().find(|(looks, _)| self.looks > *looks);
        due.map(|(_, notice)| *notice)
    }

    fn pause(&mut self) {
        self.calls.push(Call::Pause);
    }

    fn sleep(&mut self, millis: u32) {
        self.calls.push(Call::Sleep(millis));
    }
}
