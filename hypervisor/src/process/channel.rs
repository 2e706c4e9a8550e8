//! The node's end of a process cell's channel; `maxwell_api::channel` says what is spoken on it.
//!
//! ```text
//!   owner's thread                     channel's thread                         program
//!   grant   -- atomics -------------->  answers at once  <---- request ----------
//!   reply   -- ring, unpark --------->  `lease` with none there waits here
//!   usage   <- waits, flooded --------
//!   close   -- shut down, unpark ---->  ends, whatever it waits for
//! ```
//!
//! The thread belongs to one cell, so a program that never reads its answers fills its own socket and stops its own
//! channel, and nothing else.

use std::io::{self, BufWriter, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use maxwell_api::abi;
use maxwell_api::channel::{self, LINE_MAX, Line};
use maxwell_core::event::{Event, LogLine, Request};
use maxwell_core::tick::CellId;
use maxwell_core::units::Nanoseconds;

use crate::board::Board;
use crate::cell::{Notice, Permit, Reply};
use crate::leases::Leases;
use crate::offers::Offers;
use crate::requests::{Flooding, Requests, claim, claim_of, order};

/// Stack of a channel's thread: it calls nothing deep.
const STACK_BYTES: usize = 64 << 10;

/// Bytes that are read and written at a time: some dozen requests.
const BUFFER_BYTES: usize = 1_024;

/// The owner's end. Dropping it closes the channel.
#[derive(Debug)]
pub(crate) struct Channel {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

/// What the owner and the channel's thread both touch.
#[derive(Debug)]
struct Shared {
    board: Board,
    leases: Leases,
    /// Origin of the clock of notices.
    origin: Instant,
    stream: UnixStream,
    /// The program waits for a lease. Taken back before the lease is taken, see [`Channel::waits`].
    waiting: AtomicBool,
    flooded: AtomicBool,
    closed: AtomicBool,
}

impl Channel {
    /// A channel whose requests go into `events` as those of `cell`, and the program's end of it.
    ///
    /// # Errors
    /// The system has no socket or no thread left.
    pub(crate) fn open(cell: CellId, events: SyncSender<Event>) -> io::Result<(Self, OwnedFd)> {
        let (stream, programs_end) = UnixStream::pair()?;
        let shared = Arc::new(Shared {
            board: Board::default(),
            leases: Leases::default(),
            origin: Instant::now(),
            stream,
            waiting: AtomicBool::new(false),
            flooded: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        });
        let server = Server { shared: shared.clone(), requests: Requests::new(cell, events) };
        let thread = thread::Builder::new()
            .name(format!("channel {}", cell.0))
            .stack_size(STACK_BYTES)
            .spawn(move || server.serve())?;
        Ok((Self { shared, thread }, programs_end.into()))
    }

    /// Tells the program's view of the market. Atomics only: it neither waits nor allocates nor asks the system.
    pub(crate) fn grant(&self, permit: &Permit) {
        self.shared.board.open(permit);
    }

    /// Shows the program where the open bounties are listed.
    pub(crate) fn show_offers(&self, offers: &Offers) {
        self.shared.board.show_offers(offers);
    }

    /// Announces the end.
    pub(crate) fn notify(&self, notice: Notice) {
        let end = Nanoseconds(self.shared.elapsed().0.saturating_add(notice.left.0));
        self.shared.board.announce(notice.reason, end);
    }

    /// Passes an answer on, and wakes the thread if it waits for one.
    pub(crate) fn reply(&self, reply: Reply) {
        self.shared.leases.answer(reply);
        self.thread.thread().unpark();
    }

    /// Whether the program waits for an answer of the node.
    pub(crate) fn waits(&self) -> bool {
        // In this order. Only the owner gives answers, so none comes between the two looks; and the thread takes its
        // word back before it takes a lease, so what is dry because of that is not waited for.
        self.shared.leases.is_dry() && self.shared.waiting.load(Ordering::Acquire)
    }

    /// Whether the program has gone on after very many refusals in one quantum. Its channel is not served any more.
    pub(crate) fn flooded(&self) -> bool {
        self.shared.flooded.load(Ordering::Acquire)
    }

    /// Closes the channel: the thread ends, even if the program does not read its answers. Does not wait for it.
    pub(crate) fn close(&self) {
        if !self.shared.closed.swap(true, Ordering::AcqRel) {
            // It fails only if the program has closed its end, which ends the thread too.
            let _ = self.shared.stream.shutdown(Shutdown::Both);
            self.thread.thread().unpark();
        }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn elapsed(&self) -> Nanoseconds {
        Nanoseconds(self.origin.elapsed().as_nanos() as u64)
    }
}

/// Why the thread is done.
enum Done {
    /// The program has closed its end, or the owner the channel.
    Closed,
    /// The program floods.
    Flooded,
}

impl From<io::Error> for Done {
    fn from(_: io::Error) -> Self {
        Self::Closed
    }
}

impl From<Flooding> for Done {
    fn from(_: Flooding) -> Self {
        Self::Flooded
    }
}

/// The thread's side.
struct Server {
    shared: Arc<Shared>,
    requests: Requests,
}

impl Server {
    fn serve(mut self) {
        let shared = self.shared.clone();
        // A flooding program gets no answer any more and finds its channel open until its owner ends it: it is to be
        // the owner that does, with the reason said, and not a broken socket.
        if matches!(self.answer_all(&shared.stream), Err(Done::Flooded)) {
            shared.flooded.store(true, Ordering::Release);
        }
    }

    /// Answers line by line until there is a reason to stop.
    fn answer_all(&mut self, mut stream: &UnixStream) -> Result<(), Done> {
        let mut answers = BufWriter::with_capacity(BUFFER_BYTES, stream);
        let mut lines = Lines::default();
        let mut buffer = [0; BUFFER_BYTES];
        loop {
            answers.flush()?;
            let taken = match stream.read(&mut buffer) {
                Ok(0) => return Err(Done::Closed),
                Ok(taken) => taken,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            for &byte in &buffer[..taken] {
                if lines.push(byte) {
                    let answer = match lines.take().and_then(channel::Request::parse) {
                        Some(request) => self.answer(request, &mut answers)?,
                        None => self.submit(None)?,
                    };
                    answers.write_all(Line::answer(answer).as_bytes())?;
                }
            }
        }
    }

    fn answer(&mut self, request: channel::Request<'_>, answers: &mut impl Write) -> Result<i64, Done> {
        let board = &self.shared.board;
        match request {
            channel::Request::Price(which) => Ok(board.price(which)),
            channel::Request::Balance => Ok(board.balance()),
            channel::Request::Notice => Ok(board.notice(self.shared.elapsed())),
            channel::Request::SetBid { limit_uj, slots } => self.submit(order(limit_uj, slots)),
            channel::Request::Claim { range, count, sum } => {
                let status = self.submit(claim(range, count, sum))?;
                if status == i64::from(abi::OK) {
                    self.shared.leases.claimed();
                }
                Ok(status)
            }
            channel::Request::Bounty(index) => Ok(board.bounty(index)),
            channel::Request::RewardOf(bounty) => Ok(board.reward_of(bounty)),
            channel::Request::ClaimOf { bounty, key, answer } => {
                let request = claim_of(bounty, key, answer.as_bytes());
                match board.may_claim(bounty) {
                    abi::OK => self.submit(request),
                    _ if request.is_none() => self.submit(None),
                    status => self.refuse(status),
                }
            }
            channel::Request::Log(text) => self.submit(Some(Request::Log(LogLine::new(text)))),
            channel::Request::Lease => self.lease(None, answers),
            channel::Request::LeaseOf(bounty) => self.lease(Some(bounty), answers),
        }
    }

    fn submit(&mut self, request: Option<Request>) -> Result<i64, Done> {
        let quantum = self.shared.board.quantum();
        Ok(i64::from(self.requests.in_quantum(quantum).submit(request)?))
    }

    fn refuse(&mut self, status: i32) -> Result<i64, Done> {
        let quantum = self.shared.board.quantum();
        Ok(i64::from(self.requests.in_quantum(quantum).refuse(status)?))
    }

    /// The next range, or the next key of the bounty that is named, waiting for it if need be. What was answered before is
    /// sent first.
    fn lease(&mut self, named: Option<i64>, answers: &mut impl Write) -> Result<i64, Done> {
        loop {
            let (leases, quantum) = (&self.shared.leases, self.shared.board.quantum());
            let requests = self.requests.in_quantum(quantum);
            let answer = match named {
                Some(bounty) => requests.lease_of(leases, bounty)?,
                None => requests.lease(leases)?,
            };
            if let Some(answer) = answer {
                return Ok(answer);
            }
            answers.flush()?;
            self.shared.waiting.store(true, Ordering::Release);
            while self.shared.leases.is_dry() {
                if self.shared.closed.load(Ordering::Acquire) {
                    return Err(Done::Closed);
                }
                thread::park();
            }
            self.shared.waiting.store(false, Ordering::Release);
        }
    }
}

/// Puts lines together from bytes.
struct Lines {
    bytes: [u8; LINE_MAX],
    /// Bytes of the line so far, those left out counted too.
    len: usize,
}

impl Default for Lines {
    fn default() -> Self {
        Self { bytes: [0; LINE_MAX], len: 0 }
    }
}

impl Lines {
    /// Takes the next byte, and says whether it ends a line.
    fn push(&mut self, byte: u8) -> bool {
        if byte == b'\n' {
            return true;
        }
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
        }
        self.len = self.len.saturating_add(1);
        false
    }

    /// The line that has ended, without its newline; `None` if it was too long.
    fn take(&mut self) -> Option<&[u8]> {
        let len = std::mem::take(&mut self.len);
        self.bytes[..LINE_MAX - 1].get(..len)
    }
}

#[cfg(test)]
mod tests;
