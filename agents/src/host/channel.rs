//! The host of a native program in a cell: the node, over the channel that [`crate::channel`] describes.
//!
//! A slot that idles until the node has answered was paid for all the same. So a lease is asked for before it is
//! wanted, and a claim goes out with the next request and is answered while the program computes: an agent that works
//! through ranges never waits. Nothing is allocated once it is under way. A notice comes with a signal, so a look at it
//! costs no system call; in case a signal is lost, the node is asked every 100 ms all the same.

use super::system::{Told, discard_pages};
use super::{Host, Notice, Price, Reason, Refusal, cut};
use crate::channel::{LINE_MAX, Line, Request, parse_answer};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

/// The node is asked for a notice at least so often, if the program looks for one at all.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// Leases that are asked for beyond the one that is wanted.
const LEASES_AHEAD: usize = 1;

/// Requests that wait for their answers: the leases, a claim or two, and one that the program waits for.
const AWAITED_USUAL: usize = 8;

/// The node at the other end of a channel.
///
/// When it is gone, requests are refused as if it were busy, and the end is announced with no time left.
#[derive(Debug)]
pub struct Channel {
    stream: BufReader<UnixStream>,
    /// The last answer; kept for its memory.
    answer: Vec<u8>,
    /// Lines that go out with the next request.
    outbox: Vec<u8>,
    /// What was asked and is not answered yet, in the order of the answers.
    awaited: VecDeque<Awaited>,
    /// Answers to leases that the program has not wanted yet.
    leases: VecDeque<Result<u64, Refusal>>,
    /// Why an earlier claim was refused for good.
    refused: Option<Refusal>,
    told: Told,
    until: Option<Instant>,
    /// When the node was asked for a notice last.
    asked: Option<Instant>,
    announced: Option<Announced>,
    is_gone: bool,
}

/// A request whose answer is on its way.
#[derive(Clone, Copy, Debug)]
enum Awaited {
    /// A lease.
    Lease,
    /// A claim with range, count and sum, to be made again if the node is busy.
    Claim(i64, i32, i64),
    /// What the program waits for.
    Wanted,
}

/// What an answer was to.
#[derive(Clone, Copy, Debug)]
enum Received {
    /// To what the program waits for.
    Wanted(i64),
    /// To something that it asked before, and has been put where it is looked for.
    Earlier,
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
            answer: Vec::with_capacity(LINE_MAX),
            outbox: Vec::with_capacity(AWAITED_USUAL * LINE_MAX),
            awaited: VecDeque::with_capacity(AWAITED_USUAL),
            leases: VecDeque::with_capacity(1 + LEASES_AHEAD),
            refused: None,
            told,
            until: seconds.map(|seconds| Instant::now() + Duration::from_secs(u64::from(seconds))),
            asked: None,
            announced: None,
            is_gone: false,
        }
    }

    /// The answer to a request, `None` if the node is gone.
    fn ask(&mut self, request: &Request<'_>) -> Option<i64> {
        self.put(request, Awaited::Wanted);
        self.flush()?;
        loop {
            if let Received::Wanted(answer) = self.receive()? {
                return Some(answer);
            }
        }
    }

    /// The next lease, `None` if the node is gone.
    fn next_lease(&mut self) -> Option<Result<u64, Refusal>> {
        let asked = self.awaited.iter().filter(|awaited| matches!(awaited, Awaited::Lease)).count();
        for _ in self.leases.len() + asked..=LEASES_AHEAD {
            self.put(&Request::Lease, Awaited::Lease);
        }
        self.flush()?;
        while self.leases.is_empty() {
            self.receive()?;
        }
        self.leases.pop_front()
    }

    fn put(&mut self, request: &Request<'_>, awaited: Awaited) {
        self.outbox.extend_from_slice(Line::request(request).as_bytes());
        self.awaited.push_back(awaited);
    }

    fn put_claim(&mut self, range: i64, count: i32, sum: i64) {
        self.put(&Request::Claim { range, count, sum }, Awaited::Claim(range, count, sum));
    }

    /// Writes what is to go out. `None` if the node is gone.
    fn flush(&mut self) -> Option<()> {
        if !self.is_gone {
            self.is_gone = self.stream.get_mut().write_all(&self.outbox).is_err();
        }
        self.outbox.clear();
        (!self.is_gone).then_some(())
    }

    /// Takes one answer. `None` if the node is gone.
    fn receive(&mut self) -> Option<Received> {
        let answer = self.read_answer();
        self.is_gone = answer.is_none();
        let answer = answer?;
        match self.awaited.pop_front().expect("an answer is read for each request alone") {
            Awaited::Wanted => return Some(Received::Wanted(answer)),
            Awaited::Lease => self.leases.push_back(Refusal::check(answer)),
            Awaited::Claim(range, count, sum) => match Refusal::check(answer) {
                Ok(_) => {}
                Err(Refusal::Busy) => self.put_claim(range, count, sum),
                Err(refusal) => self.refused = Some(refusal),
            },
        }
        Some(Received::Earlier)
    }

    fn read_answer(&mut self) -> Option<i64> {
        self.answer.clear();
        self.stream.read_until(b'\n', &mut self.answer).ok()?;
        parse_answer(self.answer.strip_suffix(b"\n")?)
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
        self.next_lease().unwrap_or(Err(Refusal::Busy))
    }

    /// Goes out with the next request. Refused is one only after an earlier one has been, for good.
    fn claim(&mut self, range: u64, count: u32, sum: u64) -> Result<(), Refusal> {
        if let Some(refusal) = self.refused.take() {
            return Err(refusal);
        }
        self.put_claim(range as i64, count as i32, sum as i64);
        Ok(())
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
