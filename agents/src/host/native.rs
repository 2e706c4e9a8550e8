//! The host of a native program: the one that its environment asks for.

use super::channel::Channel;
use super::standalone::Standalone;
use super::system::{Told, inherited_channel};
use super::{Host, Notice, Price, Refusal};
use std::fmt::Display;
use std::io::{self, Write};

/// A node behind a channel if the environment names one, else no node at all.
#[derive(Debug)]
pub enum Native {
    /// In a cell.
    Channel(Box<Channel>),
    /// By itself.
    Standalone(Standalone),
}

impl Native {
    /// Looks for a channel, handles signals, and starts the clock. After `seconds` of wall time the end is announced.
    ///
    /// # Errors
    /// The environment names a channel that is none, or signals cannot be handled.
    pub fn start(seconds: Option<u32>) -> io::Result<Self> {
        let told = Told::by_signals()?;
        Ok(match inherited_channel()? {
            Some(stream) => Self::Channel(Box::new(Channel::over(stream, seconds, told))),
            None => Self::Standalone(Standalone::start(seconds, told)),
        })
    }

    /// Says what was achieved: on the standard output if there is no node that keeps account of it.
    pub fn finish(&self, work: &impl Display) {
        if let Self::Standalone(host) = self {
            host.finish(work);
        }
    }

    /// Says why nothing was started.
    pub fn complain(words: &str) {
        // Without a standard error there is nobody to tell.
        let _ = writeln!(io::stderr(), "{words}");
    }
}

impl Host for Native {
    fn price(&mut self, which: Price) -> i64 {
        match self {
            Self::Channel(host) => host.price(which),
            Self::Standalone(host) => host.price(which),
        }
    }

    fn balance(&mut self) -> i64 {
        match self {
            Self::Channel(host) => host.balance(),
            Self::Standalone(host) => host.balance(),
        }
    }

    fn set_bid(&mut self, limit_uj: i64, slots: i32) -> Result<(), Refusal> {
        match self {
            Self::Channel(host) => host.set_bid(limit_uj, slots),
            Self::Standalone(host) => host.set_bid(limit_uj, slots),
        }
    }

    fn lease(&mut self) -> Result<u64, Refusal> {
        match self {
            Self::Channel(host) => host.lease(),
            Self::Standalone(host) => host.lease(),
        }
    }

    fn claim(&mut self, range: u64, count: u32, sum: u64) -> Result<(), Refusal> {
        match self {
            Self::Channel(host) => host.claim(range, count, sum),
            Self::Standalone(host) => host.claim(range, count, sum),
        }
    }

    fn discard(&mut self, memory: &mut [u8]) -> Result<(), Refusal> {
        match self {
            Self::Channel(host) => host.discard(memory),
            Self::Standalone(host) => host.discard(memory),
        }
    }

    fn log(&mut self, line: &str) -> Result<(), Refusal> {
        match self {
            Self::Channel(host) => host.log(line),
            Self::Standalone(host) => host.log(line),
        }
    }

    fn notice(&mut self) -> Option<Notice> {
        match self {
            Self::Channel(host) => host.notice(),
            Self::Standalone(host) => host.notice(),
        }
    }

    fn pause(&mut self) {
        match self {
            Self::Channel(host) => host.pause(),
            Self::Standalone(host) => host.pause(),
        }
    }
}
