//! The agent's interface as a process sees it: lines of text on a Unix stream socket that the program inherits.
//!
//! The file descriptor is named in the environment variable [`CHANNEL_FD_VARIABLE`]. The program writes requests; each
//! is answered by one line, in the order of the requests, with the number that the import of the same name returns. The
//! table in [`abi`](crate::abi) says what requests and numbers mean. Several requests may be written at once before an
//! answer is read.
//!
//! ```text
//! request = ( "price " number        ; 0 for the reserve, 1 for the clearing price
//!           | "balance"
//!           | "set_bid " number " " number             ; limit in µJ, slots
//!           | "lease"                                  ; answered when the node has answered
//!           | "claim " number " " number " " number    ; range, count, sum
//!           | "bounty " number                         ; place in the list of open bounties
//!           | "reward_of " number                      ; bounty
//!           | "lease_of " number                       ; bounty; answered when the node has answered
//!           | "claim_of " number " " number " " answer ; bounty, key
//!           | "log " text            ; UTF-8 without a line break, may be empty
//!           | "notice"
//!           ) newline
//! reply   = number newline
//! number  = [ "-" ] digit { digit }  ; decimal
//! answer  = byte { byte }            ; at most ANSWER_MAX
//! byte    = 2 ( digit | "a" to "f" )
//! newline = %x0A
//! ```
//!
//! A line has at most [`LINE_MAX`] bytes with its newline. One that is longer, or that is no request, is answered with
//! [`E_INVALID`](crate::abi::E_INVALID) when it ends, and the next one is read as if nothing had been. There is no
//! `discard` here: a process gives memory back to the system by itself.
//!
//! A session, with what the program writes on the left:
//!
//! ```text
//! set_bid 600000 1                       0
//! lease                                  17
//! claim 17 48 49204823048                0
//! price 1                                150000
//! balance                                89400000
//! log three ranges so far                0
//! discard 0 4096                         -2
//! notice                                 1023745       ; insolvent (1), 3999 ms left: 3999 x 256 + 1
//! ```
//!
//! An announced end is also a SIGTERM to the program's first process, so that a program need not ask for it over and
//! over. When the node is gone the channel is closed.
//!
//! This file depends on nothing but `abi.rs`, so that agents can include it as it is.

use crate::abi::ANSWER_MAX;
use std::fmt::{self, Write};

/// Environment variable that names the file descriptor of the channel.
pub const CHANNEL_FD_VARIABLE: &str = "MAXWELL_CHANNEL_FD";

/// The file descriptor that Maxwell gives to a cell. Programs take the number from [`CHANNEL_FD_VARIABLE`].
pub const CHANNEL_FD: i32 = 3;

/// Bytes of a line at most, its newline included.
pub const LINE_MAX: usize = 256;

/// What a program asks for. The arguments are those of the imports of the same names, not yet checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// A price; the argument says which.
    Price(i32),
    /// The own free balance.
    Balance,
    /// The standing order.
    SetBid {
        /// The most to pay for a quantum, in µJ.
        limit_uj: i64,
        /// Slots wanted.
        slots: i32,
    },
    /// The next range of the bounty.
    Lease,
    /// Payment for a leased range.
    Claim {
        /// Number of the range.
        range: i64,
        /// Primes in it.
        count: i32,
        /// Their sum.
        sum: i64,
    },
    /// The name of an open bounty, by its place.
    Bounty(i32),
    /// What a key of a bounty pays.
    RewardOf(i64),
    /// The next key of a bounty.
    LeaseOf(i64),
    /// Payment for a key of a bounty.
    ClaimOf {
        /// Name of the bounty.
        bounty: i64,
        /// The key.
        key: i64,
        /// What was found for it.
        answer: Answer,
    },
    /// A line to the operator.
    Log(&'a str),
    /// The announced end.
    Notice,
}

impl<'a> Request<'a> {
    /// Reads a line without its newline. `None` if it is no request.
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?;
        if let Some(text) = line.strip_prefix("log ") {
            return Some(Self::Log(text));
        }
        let mut words = line.split(' ');
        let request = match words.next()? {
            "price" => Self::Price(number(words.next()?)?),
            "balance" => Self::Balance,
            "set_bid" => Self::SetBid { limit_uj: number(words.next()?)?, slots: number(words.next()?)? },
            "lease" => Self::Lease,
            "claim" => Self::Claim {
                range: number(words.next()?)?,
                count: number(words.next()?)?,
                sum: number(words.next()?)?,
            },
            "bounty" => Self::Bounty(number(words.next()?)?),
            "reward_of" => Self::RewardOf(number(words.next()?)?),
            "lease_of" => Self::LeaseOf(number(words.next()?)?),
            "claim_of" => Self::ClaimOf {
                bounty: number(words.next()?)?,
                key: number(words.next()?)?,
                answer: Answer::parse(words.next()?)?,
            },
            "notice" => Self::Notice,
            _ => return None,
        };
        match words.next() {
            None => Some(request),
            Some(_) => None,
        }
    }
}

impl fmt::Display for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Price(which) => write!(f, "price {which}"),
            Self::Balance => f.write_str("balance"),
            Self::SetBid { limit_uj, slots } => write!(f, "set_bid {limit_uj} {slots}"),
            Self::Lease => f.write_str("lease"),
            Self::Claim { range, count, sum } => write!(f, "claim {range} {count} {sum}"),
            Self::Bounty(index) => write!(f, "bounty {index}"),
            Self::RewardOf(bounty) => write!(f, "reward_of {bounty}"),
            Self::LeaseOf(bounty) => write!(f, "lease_of {bounty}"),
            Self::ClaimOf { bounty, key, answer } => write!(f, "claim_of {bounty} {key} {answer}"),
            Self::Log(text) => write!(f, "log {text}"),
            Self::Notice => f.write_str("notice"),
        }
    }
}

/// What was found for a key: 1 to [`ANSWER_MAX`] bytes, written as two hexadecimal digits each.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    len: u8,
    bytes: [u8; ANSWER_MAX as usize],
}

impl Answer {
    /// These bytes; `None` if there are none or too many.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let mut answer = Self { len: 0, bytes: [0; ANSWER_MAX as usize] };
        for &byte in bytes {
            answer.push(byte)?;
        }
        (!bytes.is_empty()).then_some(answer)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    fn parse(word: &str) -> Option<Self> {
        let mut answer = Self { len: 0, bytes: [0; ANSWER_MAX as usize] };
        let (pairs, rest) = (word.as_bytes().chunks_exact(2), word.len() % 2);
        for pair in pairs {
            answer.push(digit(pair[0])? << 4 | digit(pair[1])?)?;
        }
        (rest == 0 && answer.len > 0).then_some(answer)
    }

    fn push(&mut self, byte: u8) -> Option<()> {
        *self.bytes.get_mut(usize::from(self.len))? = byte;
        self.len += 1;
        Some(())
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The value of a hexadecimal digit. Every answer is written in one way only, so capital letters are none.
fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        _ => None,
    }
}

/// Reads the line of an answer without its newline. `None` if it is none.
pub fn parse_answer(line: &[u8]) -> Option<i64> {
    number(std::str::from_utf8(line).ok()?)
}

/// A line as it is sent, in a place of its own: nothing is allocated.
#[derive(Clone, Copy)]
pub struct Line {
    bytes: [u8; LINE_MAX],
    len: usize,
}

impl Line {
    /// The line of a request. Line breaks in the text of a log line become spaces, or they would begin another request;
    /// what goes beyond [`LINE_MAX`] is cut off between two characters.
    pub fn request(request: &Request<'_>) -> Self {
        Self::of(request)
    }

    /// The line of an answer.
    pub fn answer(number: i64) -> Self {
        Self::of(&number)
    }

    /// The bytes to send, the newline included.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn of(content: &dyn fmt::Display) -> Self {
        let mut line = Self { bytes: [0; LINE_MAX], len: 0 };
        // It fails when the line is full, and the rest is cut off.
        let _ = write!(line, "{content}");
        line.bytes[line.len] = b'\n';
        line.len += 1;
        line
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for symbol in text.chars() {
            let symbol = if symbol == '\n' { ' ' } else { symbol };
            let end = self.len + symbol.len_utf8();
            // One byte is left for the newline.
            if end >= LINE_MAX {
                return Err(fmt::Error);
            }
            symbol.encode_utf8(&mut self.bytes[self.len..end]);
            self.len = end;
        }
        Ok(())
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Line").field(&String::from_utf8_lossy(self.as_bytes())).finish()
    }
}

/// A decimal number with nothing around it. The parser of the standard library takes a plus sign as well.
fn number<T: std::str::FromStr>(word: &str) -> Option<T> {
    if word.starts_with('+') {
        return None;
    }
    word.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUESTS: [(Request<'static>, &str); 13] = [
        (Request::Price(0), "price 0"),
        (Request::Price(-7), "price -7"),
        (Request::Balance, "balance"),
        (Request::SetBid { limit_uj: 600_000, slots: 1 }, "set_bid 600000 1"),
        (Request::Lease, "lease"),
        (
            Request::Claim { range: i64::MAX, count: i32::MIN, sum: i64::MIN },
            "claim 9223372036854775807 -2147483648 -9223372036854775808",
        ),
        (Request::Bounty(3), "bounty 3"),
        (Request::RewardOf(7), "reward_of 7"),
        (Request::LeaseOf(-1), "lease_of -1"),
        (
            Request::ClaimOf { bounty: 7, key: 0, answer: Answer { len: 2, bytes: TWO_BYTES } },
            "claim_of 7 0 0af0",
        ),
        (Request::Log("some  text é"), "log some  text é"),
        (Request::Log(""), "log "),
        (Request::Notice, "notice"),
    ];

    /// Two bytes and nothing behind them.
    const TWO_BYTES: [u8; ANSWER_MAX as usize] = {
        let mut bytes = [0; ANSWER_MAX as usize];
        (bytes[0], bytes[1]) = (0x0a, 0xf0);
        bytes
    };

    #[test]
    fn the_longest_answer_fits_a_line_and_a_longer_one_is_none() {
        let answer = Answer::new(&[0xff; ANSWER_MAX as usize]).unwrap();
        let request = Request::ClaimOf { bounty: i64::MIN, key: i64::MIN, answer };
        let line = Line::request(&request);
        let (_, content) = line.as_bytes().split_last().unwrap();
        assert_eq!(Request::parse(content), Some(request));
        let longer = format!("claim_of 1 2 {}", "00".repeat(ANSWER_MAX as usize + 1));
        assert_eq!(Request::parse(longer.as_bytes()), None);
        assert_eq!((Answer::new(&[]), Answer::new(&[0; ANSWER_MAX as usize + 1])), (None, None));
    }

    #[test]
    fn every_request_is_read_as_it_was_written() {
        for (request, text) in REQUESTS {
            let line = Line::request(&request);
            assert_eq!(line.as_bytes(), format!("{text}\n").as_bytes());
            assert_eq!(Request::parse(text.as_bytes()), Some(request), "{text}");
        }
    }

    #[test]
    fn whatever_is_not_exactly_a_request_is_none() {
        for line in [
            "",
            " ",
            "lease ",
            " lease",
            "LEASE",
            "lease\r",
            "lease 1",
            "balance 0",
            "notice  ",
            "price",
            "price ",
            "price x",
            "price 1 2",
            "price  1",
            "price +1",
            "price 1.0",
            "price 0x1",
            "price 2147483648",
            "price -",
            "set_bid",
            "set_bid 5",
            "set_bid 5 ",
            "set_bid 5 1 1",
            "set_bid 9223372036854775808 1",
            "claim 1 2",
            "claim 1 2 3 4",
            "claim 1 2 -",
            "bounty",
            "bounty 2147483648",
            "reward_of 1 2",
            "lease_of",
            "lease_of 1 ",
            "claim_of 1 2",
            "claim_of 1 2 ",
            "claim_of 1 2 a",
            "claim_of 1 2 abc",
            "claim_of 1 2 0A",
            "claim_of 1 2 0x",
            "claim_of 1 2 ab cd",
            "claim_of 1 x ab",
            "claim_of 1 2 é",
            "log",
            "logs x",
            "discard 0 4096",
            "0",
            "price\t1",
        ] {
            assert_eq!(Request::parse(line.as_bytes()), None, "`{line}`");
        }
        assert_eq!(Request::parse(b"log \xff"), None);
        assert_eq!(Request::parse(b"\0"), None);
    }

    /// Bytes that nobody meant: valid lines with some of their bytes changed, added or left out.
    #[test]
    fn whatever_is_read_of_damaged_lines_is_written_and_read_as_the_same() {
        let mut state = 7_u64;
        let mut dice = |sides: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % sides
        };
        let mut read = 0;
        for _ in 0..200_000 {
            let mut line = REQUESTS[dice(REQUESTS.len())].1.as_bytes().to_vec();
            for _ in 0..=dice(3) {
                let (at, byte) = (dice(line.len().max(1)), b" 0123456789abcfklmnorstu_-\n\xff"[dice(28)]);
                match dice(3) {
                    0 => line.insert(at.min(line.len()), byte),
                    1 if at < line.len() => line[at] = byte,
                    _ if at < line.len() => drop(line.remove(at)),
                    _ => {}
                }
            }
            let Some(request) = Request::parse(&line) else { continue };
            read += 1;
            let written = Line::request(&request);
            let (_, content) = written.as_bytes().split_last().unwrap();
            let again = Request::parse(content);
            // A text with a line break in it cannot come from a channel, whose lines end there.
            assert!(again == Some(request) || line.contains(&b'\n'), "{:?}", String::from_utf8_lossy(&line));
        }
        assert!(read > 10_000, "only {read} damaged lines were requests");
    }

    #[test]
    fn answers_are_numbers() {
        for number in [0, -2, i64::MIN, i64::MAX] {
            let line = Line::answer(number);
            let (last, digits) = line.as_bytes().split_last().unwrap();
            assert_eq!((*last, parse_answer(digits)), (b'\n', Some(number)));
        }
        for answer in ["", "-", "+1", " 1", "1 ", "one", "9223372036854775808"] {
            assert_eq!(parse_answer(answer.as_bytes()), None, "`{answer}`");
        }
        assert_eq!(parse_answer(b"\xff"), None);
    }

    #[test]
    fn a_text_can_neither_begin_another_request_nor_make_the_line_too_long() {
        assert_eq!(Line::request(&Request::Log("a\nlease\n")).as_bytes(), b"log a lease \n");
        for text in ["x".repeat(1_000), "é".repeat(1_000), format!("x{}", "é".repeat(1_000))] {
            let line = Line::request(&Request::Log(&text));
            assert!((LINE_MAX - 1..=LINE_MAX).contains(&line.as_bytes().len()));
            let (_, content) = line.as_bytes().split_last().unwrap();
            assert!(matches!(Request::parse(content), Some(Request::Log(cut)) if text.starts_with(cut)));
        }
    }
}
