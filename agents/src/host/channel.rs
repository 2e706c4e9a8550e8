//! The host of a native program in a cell: the node, over the channel that [`crate::channel`] describes.
//!
//! Every request is one write and one read, and allocates nothing. A claim asks for the next lease in the same write:
//! whoever claims a range goes on with another, and a slot that idles until the node's thread has woken up costs more
//! than all else here. A notice comes with a signal, so a look at it costs no system call; in case a signal is lost, the
//! node is asked every 100 ms all the same.

use super::system::{Told, discard_pages};
use super::{Host, Notice, Price, Reason, Refusal, cut};
use crate::channel::{LINE_MAX, Line, Request, parse_answer};
use std::io::{BufRead, BufReader, Write};
use std::mem;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

/// The node is asked for a notice at least so often, if the program looks for one at all.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// The node at the other end of a channel.
///
/// When it is gone, requests are refused as if it were busy, and the end is announced with no time left.
#[derive(Debug)]
pub struct Channel {
    stream: BufReader<UnixStream>,
    /// What was written or read last; kept for its memory.
    buffer: Vec<u8>,
    ahead: Ahead,
    told: Told,
    until: Option<Instant>,
    /// When the node was asked for a notice last.
    asked: Option<Instant>,
    announced: Option<Announced>,
    is_gone: bool,
}

/// A lease that was asked for together with a claim.
#[derive(Clone, Copy, Debug)]
enum Ahead {
    /// There is none.
    No,
    /// Its answer is the next one to be read.
    Asked,
    /// Its answer was read on the way to that of a later request.
    Came(i64),
}

#[derive(Clone, Copy, Debug)]
struct Announced {
    reason: Reason,
    end: Instant,
}

impl Channel {
    /// The node behind `stream`. It is asked for a notice whenever `told` is set. After `seconds` of wall time the end
    /// is announced, whatever the node says.
    pub fn over(stream: UnixStream, seconds: Option<u32>, told: Told) -> Self {
        Self {
            stream: BufReader::with_capacity(LINE_MAX, stream),
            buffer: Vec::with_capacity(2 * LINE_MAX),
            ahead: Ahead::No,
            told,
            until: seconds.map(|seconds| Instant::now() + Duration::from_secs(u64::from(seconds))),
            asked: None,
            announced: None,
            is_gone: false,
        }
    }

    /// The answer to a request, `None` if the node is gone.
    fn ask(&mut self, request: &Request<'_>) -> Option<i64> {
        self.send(&[request])?;
        if let Ahead::Asked = self.ahead {
            self.ahead = Ahead::Came(self.receive()?);
        }
        self.receive()
    }

    /// Writes requests at once. `None` if the node is gone.
    fn send(&mut self, requests: &[&Request<'_>]) -> Option<()> {
        self.buffer.clear();
        for request in requests {
            self.buffer.extend_from_slice(Line::request(request).as_bytes());
        }
        if !self.is_gone {
            self.is_gone = self.stream.get_mut().write_all(&self.buffer).is_err();
        }
        (!self.is_gone).then_some(())
    }

    /// Reads the next answer. `None` if the node is gone.
    fn receive(&mut self) -> Option<i64> {
        self.buffer.clear();
        let answer = match self.stream.read_until(b'\n', &mut self.buffer) {
            Ok(_) => self.buffer.strip_suffix(b"\n").and_then(parse_answer),
            Err(_) => None,
        };
        self.is_gone = answer.is_none();
        answer
    }

    fn status(&mut self, request: &Request<'_>) -> Result<u64, Refusal> {
        Refusal::check(self.ask(request).ok_or(Refusal::Busy)?)
    }

    fn ask_for_notice(&mut self, now: Instant) {
        self.asked = Some(now);
        let notice = self.ask(&Request::Notice).and_then(Notice::unpack);
        self.announced = notice.map(|notice| Announced {
            reason: notice.reason,
            end: now + Duration::from_millis(u64::from(notice.millis_left)),
        });
    }
}

impl Host for Channel {
    fn price(&mut self, which: Price) -> i64 {
        self.ask(&Request::Price(which.code())).unwrap_or(0)
    }

    fn balance(&mut self) -> i64 {
        self.ask(&Request::Balance).unwrap_or(0)
    }

    fn set_bid(&mut self, limit_uj: i64, slots: i32) -> Result<(), Refusal> {
        self.status(&Request::SetBid { limit_uj, slots }).map(|_| ())
    }

    fn lease(&mut self) -> Result<u64, Refusal> {
        let answer = match mem::replace(&mut self.ahead, Ahead::No) {
            Ahead::No => self.ask(&Request::Lease),
            Ahead::Asked => self.receive(),
            Ahead::Came(answer) => Some(answer),
        };
        Refusal::check(answer.ok_or(Refusal::Busy)?)
    }

    fn claim(&mut self, range: u64, count: u32, sum: u64) -> Result<(), Refusal> {
        let claim = Request::Claim { range: range as i64, count: count as i32, sum: sum as i64 };
        if !matches!(self.ahead, Ahead::No) {
            return self.status(&claim).map(|_| ());
        }
        self.send(&[&claim, &Request::Lease]).ok_or(Refusal::Busy)?;
        self.ahead = Ahead::Asked;
        // The claim's answer comes before that of the lease.
        Refusal::check(self.receive().ok_or(Refusal::Busy)?).map(|_| ())
    }

    /// The system's business: the node sees what a process holds.
    fn discard(&mut self, memory: &mut [u8]) -> Result<(), Refusal> {
        discard_pages(memory).map_err(|_| Refusal::Busy)
    }

    fn log(&mut self, line: &str) -> Result<(), Refusal> {
        self.status(&Request::Log(cut(line))).map(|_| ())
    }

    fn notice(&mut self) -> Option<Notice> {
        let now = Instant::now();
        let is_due = self.asked.is_none_or(|asked| now.duration_since(asked) >= ASK_EVERY);
        if self.told.take() || is_due {
            self.ask_for_notice(now);
        }
        if self.is_gone || self.until.is_some_and(|until| now >= until) {
            return Some(Notice { reason: Reason::Operator, millis_left: 0 });
        }
        self.announced.map(|announced| {
            let left = announced.end.saturating_duration_since(now).as_millis();
            Notice { reason: announced.reason, millis_left: u32::try_from(left).unwrap_or(u32::MAX) }
        })
    }

    fn pause(&mut self) {
        thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(test)]
mod tests;
