//! The client's side of the agent's interface: what an agent may ask of the node that runs it.
//!
//! [`Host`] is the seam. A wasm module is answered by its imports; a native program by a node over a channel if its
//! environment names one, else by itself. [`Here`] names what this build uses, so an agent is written once against
//! [`Host`].

#[cfg(not(target_arch = "wasm32"))]
pub mod channel;
#[cfg(not(target_arch = "wasm32"))]
pub mod native;
#[cfg(test)]
pub(crate) mod script;
#[cfg(not(target_arch = "wasm32"))]
pub mod standalone;
#[cfg(not(target_arch = "wasm32"))]
pub mod system;
#[cfg(target_arch = "wasm32")]
pub mod wasm;

use crate::abi;
use std::fmt;
use std::thread;
use std::time::Duration;

/// The host of this build.
#[cfg(not(target_arch = "wasm32"))]
pub type Here = native::Native;
/// The host of this build.
#[cfg(target_arch = "wasm32")]
pub type Here = wasm::Imports;

/// Bytes of a log line that are kept; the rest of a longer one is cut off. The node keeps no more either.
pub const LOG_LINE_MAX: usize = 120;

/// What an agent may ask of its host. Everything concerns the agent's own wallet, orders and memory.
pub trait Host {
    /// A price of the last auction, in µJ per quantum.
    fn price(&mut self, which: Price) -> i64;

    /// Free balance of the own wallet in µJ; negative is debt.
    fn balance(&mut self) -> i64;

    /// Puts or changes the standing order: at most `limit_uj` µJ for a quantum, on `slots` slots; 0 slots cancels it.
    ///
    /// # Errors
    /// [`Refusal::Busy`] or [`Refusal::Invalid`].
    fn set_bid(&mut self, limit_uj: i64, slots: i32) -> Result<(), Refusal>;

    /// Number of the next range of the prime bounty, which this agent alone then works on. Waits for the answer.
    ///
    /// # Errors
    /// [`Refusal::Busy`], also while as many ranges are out as may be, or [`Refusal::Gone`] when the bounty is exhausted or closed.
    fn lease(&mut self) -> Result<u64, Refusal>;

    /// Claims payment for a leased range that holds `count` primes which add up to `sum`.
    ///
    /// # Errors
    /// Any [`Refusal`].
    fn claim(&mut self, range: u64, count: u32, sum: u64) -> Result<(), Refusal>;

    /// Gives the whole pages of [`abi::PAGE`] bytes inside `memory` back to the system. They read as zero afterwards;
    /// the bytes around them are left alone.
    ///
    /// # Errors
    /// [`Refusal::Busy`] or [`Refusal::Invalid`].
    fn discard(&mut self, memory: &mut [u8]) -> Result<(), Refusal>;

    /// Says one line to the operator, cut to [`LOG_LINE_MAX`] bytes.
    ///
    /// # Errors
    /// [`Refusal::Busy`]: the line is lost, which an agent may well leave at that.
    fn log(&mut self, line: &str) -> Result<(), Refusal>;

    /// The end that was announced, if there is one.
    fn notice(&mut self) -> Option<Notice>;

    /// Lets some milliseconds pass after [`Refusal::Busy`]; shorter if an end is announced.
    fn pause(&mut self);

    /// Sleeps for that many milliseconds at least.
    fn sleep(&mut self, millis: u32) {
        thread::sleep(Duration::from_millis(u64::from(millis)));
    }
}

/// The prices that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Price {
    /// The reserve: the least that a quantum is sold for now.
    Spot,
    /// What the winners paid.
    Clearing,
}

/// Why a request was not met, told by what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Try again in a later quantum.
    Busy,
    /// An argument is wrong; trying again is of no use.
    Invalid,
    /// There is no such thing any more.
    Gone,
}

/// An announced end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Why the agent is ended.
    pub reason: Reason,
    /// Milliseconds of wall time that are left at most.
    pub millis_left: u32,
}

/// Why an agent is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The wallet could not buy a quantum for too long.
    Insolvent,
    /// The wallet is in debt.
    Debt,
    /// The operator wants it.
    Operator,
    /// A code that this agent does not know.
    Other(u8),
}

/// Why an agent stops working.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Its end was announced.
    Notice(Notice),
    /// It was refused something that it cannot go on without.
    Refused(Refusal),
}

/// Asks until the answer is other than [`Refusal::Busy`].
///
/// # Errors
/// The end, if it was announced meanwhile or the request was refused for good.
pub fn patiently<H: Host, T>(
    host: &mut H,
    mut ask: impl FnMut(&mut H) -> Result<T, Refusal>,
) -> Result<T, Ending> {
    loop {
        match ask(host) {
            Ok(answer) => return Ok(answer),
            Err(Refusal::Busy) => host.pause(),
            Err(refusal) => return Err(Ending::Refused(refusal)),
        }
        obey(host)?;
    }
}

/// Looks for a notice.
///
/// # Errors
/// The end, if it was announced.
pub fn obey<H: Host>(host: &mut H) -> Result<(), Ending> {
    match host.notice() {
        Some(notice) => Err(Ending::Notice(notice)),
        None => Ok(()),
    }
}

impl Price {
    /// The number that stands for it in the interface.
    pub fn code(self) -> i32 {
        match self {
            Self::Spot => abi::PRICE_SPOT,
            Self::Clearing => abi::PRICE_CLEARING,
        }
    }
}

impl Refusal {
    /// Reads the status of a call, which is not negative if the call succeeded.
    ///
    /// # Errors
    /// The refusal. A code that this agent does not know is one that it has no reason to try again.
    pub fn check(status: i64) -> Result<u64, Self> {
        const BUSY: i64 = abi::E_BUSY as i64;
        const GONE: i64 = abi::E_GONE as i64;
        match status {
            0..=i64::MAX => Ok(status as u64),
            BUSY => Err(Self::Busy),
            GONE => Err(Self::Gone),
            _ => Err(Self::Invalid),
        }
    }
}

impl Notice {
    /// Reads what the import `notice` returns.
    pub fn unpack(packed: i64) -> Option<Self> {
        let reason = match abi::notice_reason(packed) {
            0 => return None,
            abi::REASON_INSOLVENT => Reason::Insolvent,
            abi::REASON_DEBT => Reason::Debt,
            abi::REASON_OPERATOR => Reason::Operator,
            other => Reason::Other(other),
        };
        Some(Self { reason, millis_left: abi::notice_millis_left(packed) })
    }
}

impl Ending {
    /// The exit code: 0 for an end in order, 1 if the agent asked for what is not allowed.
    pub fn exit_code(self) -> i32 {
        match self {
            Self::Notice(_) | Self::Refused(Refusal::Busy | Refusal::Gone) => 0,
            Self::Refused(Refusal::Invalid) => 1,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, why) = match self {
            Self::Notice(notice) => ("told to end", notice.reason.name()),
            Self::Refused(Refusal::Busy) => ("gave up", "the node is busy"),
            Self::Refused(Refusal::Invalid) => ("gave up", "a request was invalid"),
            Self::Refused(Refusal::Gone) => ("done", "the bounty is closed"),
        };
        write!(f, "{what} ({why})")
    }
}

impl Reason {
    /// The reason as a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Insolvent => "insolvent",
            Self::Debt => "in debt",
            Self::Operator => "operator",
            Self::Other(_) => "unknown reason",
        }
    }
}

/// As much of `line` as a log line holds, whole characters only.
pub fn cut(line: &str) -> &str {
    let mut end = line.len().min(LOG_LINE_MAX);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    &line[..end]
}

#[cfg(test)]
mod tests;
