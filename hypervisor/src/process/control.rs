//! What Maxwell and the keeper of a cell say to each other, over a socket that keeps messages apart.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use maxwell_core::limits::LAST_WORDS_MAX;
use maxwell_core::units::Nanoseconds;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair};

/// Longest message: last words and what goes before them. A control character in them becomes a longer replacement.
pub(super) const MESSAGE_MAX: usize = 4 * LAST_WORDS_MAX;

/// What Maxwell tells the keeper: one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The node is alive.
    Lease,
    /// SIGTERM to the first process.
    Terminate,
    /// End everything, clean up and go.
    End,
}

impl Order {
    const ALL: [(Self, u8); 3] = [(Self::Lease, b'l'), (Self::Terminate, b't'), (Self::End, b'e')];

    fn byte(self) -> u8 {
        Self::ALL.iter().find(|(order, _)| *order == self).map_or(b'l', |(_, byte)| *byte)
    }

    /// Reads a message.
    pub(super) fn parse(message: &[u8]) -> Option<Self> {
        Self::ALL.iter().find(|(_, byte)| message == [*byte]).map(|(order, _)| *order)
    }
}

/// How the first process of a cell ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// By itself, with a status.
    Status(i32),
    /// By a signal.
    Signal(i32),
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "ended with status {status}"),
            Self::Signal(libc::SIGKILL) => {
                write!(f, "killed from outside the cell, or for want of memory (SIGKILL)")
            }
            Self::Signal(signal) => write!(f, "killed by signal {signal}{}", signal_name(*signal)),
        }
    }
}

fn signal_name(signal: i32) -> &'static str {
    match signal {
        libc::SIGSEGV => " (SIGSEGV, it touched memory that it does not have)",
        libc::SIGABRT => " (SIGABRT, it gave up)",
        libc::SIGTERM => " (SIGTERM)",
        libc::SIGILL => " (SIGILL, an instruction that this CPU does not have)",
        libc::SIGBUS => " (SIGBUS)",
        libc::SIGFPE => " (SIGFPE)",
        _ => "",
    }
}

/// What the keeper tells Maxwell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Report {
    /// The command runs as this process, and is parked.
    Started(i32),
    /// The command could not be run.
    Refused(String),
    /// The lease was not renewed: the cell is no longer stopped.
    Thawed,
    /// CPU time of all processes but the first.
    OthersUsed(Nanoseconds),
    /// The first process has ended.
    Over {
        /// How.
        ending: Ending,
        /// CPU time of all processes of the cell.
        cpu: Nanoseconds,
        /// What was written last.
        words: String,
    },
    /// Something could not be cleaned up.
    Left(String),
}

impl Report {
    /// As it is sent: a word, then what belongs to it.
    pub(super) fn to_message(&self) -> Vec<u8> {
        let mut message = match self {
            Self::Started(pid) => format!("started {pid}"),
            Self::Refused(words) => format!("refused {words}"),
            Self::Thawed => "thawed ".to_owned(),
            Self::OthersUsed(cpu) => format!("others {}", cpu.0),
            Self::Over { ending: Ending::Status(status), cpu, words } => {
                format!("over status {status} {} {words}", cpu.0)
            }
            Self::Over { ending: Ending::Signal(signal), cpu, words } => {
                format!("over signal {signal} {} {words}", cpu.0)
            }
            Self::Left(words) => format!("left {words}"),
        }
        .into_bytes();
        message.truncate(MESSAGE_MAX);
        message
    }

    /// Reads a message. Those that come in the middle of a tick allocate nothing.
    pub(super) fn parse(message: &[u8]) -> Option<Self> {
        // A long message may have been cut within a character.
        let text = match std::str::from_utf8(message) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&message[..error.valid_up_to()]).unwrap_or_default(),
        };
        let (word, rest) = text.split_once(' ')?;
        Some(match word {
            "started" => Self::Started(rest.parse().ok()?),
            "refused" => Self::Refused(rest.to_owned()),
            "thawed" => Self::Thawed,
            "others" => Self::OthersUsed(Nanoseconds(rest.parse().ok()?)),
            "left" => Self::Left(rest.to_owned()),
            "over" => {
                let mut fields = rest.splitn(4, ' ');
                let (kind, number, cpu) = (fields.next()?, fields.next()?.parse().ok()?, fields.next()?);
                let ending = if kind == "signal" { Ending::Signal(number) } else { Ending::Status(number) };
                let words = fields.next().unwrap_or_default().to_owned();
                Self::Over { ending, cpu: Nanoseconds(cpu.parse().ok()?), words }
            }
            _ => return None,
        })
    }
}

/// One end of the socket.
#[derive(Debug)]
pub(super) struct Control(OwnedFd);

/// What there is to be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received<'a> {
    /// A message.
    Message(&'a [u8]),
    /// Nothing now.
    Nothing,
    /// The other end is closed: whoever had it is gone.
    Closed,
}

impl Control {
    /// Maxwell's end, and the keeper's.
    pub(super) fn pair() -> io::Result<(Self, OwnedFd)> {
        let (ours, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        Ok((Self(ours), theirs))
    }

    /// The end that was inherited.
    pub(super) fn from_end(end: OwnedFd) -> Self {
        Self(end)
    }

    /// Sends a message. Never waits: whether it went.
    pub(super) fn send(&self, message: &[u8]) -> bool {
        send(&self.0, message, SendFlags::DONTWAIT | SendFlags::NOSIGNAL).is_ok()
    }

    /// Gives an order.
    pub(super) fn order(&self, order: Order) -> bool {
        self.send(&[order.byte()])
    }

    /// Takes a message if there is one. Never waits.
    pub(super) fn receive<'a>(&self, buffer: &'a mut [u8; MESSAGE_MAX]) -> Received<'a> {
        match recv(&self.0, &mut buffer[..], RecvFlags::DONTWAIT) {
            Ok((_, 0)) => Received::Closed,
            Ok((taken, _)) => Received::Message(&buffer[..taken]),
            Err(Errno::AGAIN | Errno::INTR) => Received::Nothing,
            Err(_) => Received::Closed,
        }
    }

    /// Waits for a report until the deadline; `None` when the keeper is gone or says nothing.
    pub(super) fn wait_for_report(&self, deadline: Instant) -> Option<Report> {
        let mut buffer = [0; MESSAGE_MAX];
        loop {
            match self.receive(&mut buffer) {
                Received::Message(message) => return Report::parse(message),
                Received::Closed => return None,
                Received::Nothing => {}
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            let mut ends = [PollFd::new(&self.0, PollFlags::IN)];
            // An interrupted wait is looked at again.
            let _ = poll(&mut ends, Some(&timespec(left)));
        }
    }
}

impl AsFd for Control {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// A time to wait as the kernel takes it.
pub(super) fn timespec(time: Duration) -> Timespec {
    Timespec { tv_sec: time.as_secs() as i64, tv_nsec: i64::from(time.subsec_nanos()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_is_read_as_it_was_sent() {
        let words = || "two\nlines  with é".to_owned();
        let cpu = Nanoseconds(12_345_678_901);
        for report in [
            Report::Started(42),
            Report::Refused(words()),
            Report::Thawed,
            Report::OthersUsed(cpu),
            Report::Over { ending: Ending::Status(3), cpu, words: words() },
            Report::Over { ending: Ending::Signal(9), cpu, words: String::new() },
            Report::Left(words()),
        ] {
            assert_eq!(Report::parse(&report.to_message()), Some(report));
        }
        for (order, byte) in Order::ALL {
            assert_eq!((Order::parse(&[byte]), order.byte()), (Some(order), byte));
        }
        for garbage in [&b""[..], b"over", b"over x", b"started x", b"\xff\xff", b"what else"] {
            assert_eq!(Report::parse(garbage), None);
        }
        let long = Report::Left("é".repeat(MESSAGE_MAX)).to_message();
        assert!(long.len() == MESSAGE_MAX && Report::parse(&long).is_some());
    }

    #[test]
    fn a_socket_tells_nothing_from_closed() {
        let (ours, theirs) = Control::pair().unwrap();
        let theirs = Control::from_end(theirs);
        let mut buffer = [0; MESSAGE_MAX];
        assert_eq!(ours.receive(&mut buffer), Received::Nothing);
        assert_eq!(ours.wait_for_report(Instant::now()), None);
        assert!(theirs.send(&Report::Thawed.to_message()) && theirs.send(&Report::Started(7).to_message()));
        assert_eq!(ours.wait_for_report(Instant::now()), Some(Report::Thawed));
        assert_eq!(ours.wait_for_report(Instant::now()), Some(Report::Started(7)));
        drop(theirs);
        assert_eq!(ours.receive(&mut buffer), Received::Closed);
        assert!(!ours.order(Order::Lease));
    }
}
