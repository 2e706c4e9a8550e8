//! Everything that can wake the main loop, in one closed list.

use crate::bounty::claim::{Answer, Claim, Which};
use crate::limits::LOG_LINE_MAX;
use crate::tick::CellId;
use crate::units::Microjoules;

/// What the main loop reacts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Ten milliseconds have passed: walk the tick.
    Tick,
    /// A cell asks for something.
    Request {
        /// The cell, known by the channel that the request came through; never taken from the message.
        cell: CellId,
        /// What it asks for.
        request: Request,
    },
    /// The verifier has looked at a claim.
    Verified {
        /// Who claimed.
        cell: CellId,
        /// What was claimed.
        claim: Claim,
        /// Whether the claim is true.
        holds: bool,
    },
    /// End the run: every cell is stopped, every hold settled.
    Stop(Stop),
}

/// Why a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The time that the run was given is over.
    Elapsed,
    /// The operator asked for it (SIGINT or SIGTERM).
    Interrupted,
    /// Nobody reads the telemetry any more: its output cannot be written.
    OutputLost,
    /// The journal of money has failed: what cannot be recorded is not sold.
    LedgerLost,
}

/// What a cell can ask for through its own channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Put or change the cell's standing order. Zero slots cancels it.
    Order {
        /// The most it pays for one quantum.
        limit: Microjoules,
        /// Slots wanted.
        slots: u16,
        /// The last tick in which it takes part; none if it stays until it is changed.
        last_tick: Option<u64>,
    },
    /// Lease the next key of a bounty.
    Lease(Which),
    /// Claim payment for a leased key.
    Claim {
        /// Of which bounty.
        which: Which,
        /// The key.
        key: u64,
        /// What was found for it.
        answer: Answer,
    },
    /// Say something to the operator.
    Log(LogLine),
}

/// A log line of a cell: printable text of bounded length that is copied, never allocated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LogLine {
    len: u8,
    bytes: [u8; LOG_LINE_MAX],
}

impl LogLine {
    /// Keeps the first [`LOG_LINE_MAX`] bytes of `text` that are whole characters; control characters become spaces,
    /// so that an agent cannot move the operator's cursor.
    pub fn new(text: &str) -> Self {
        let mut line = Self { len: 0, bytes: [0; LOG_LINE_MAX] };
        for symbol in text.trim_end().chars() {
            let symbol = if symbol.is_control() { ' ' } else { symbol };
            let (start, end) = (usize::from(line.len), usize::from(line.len) + symbol.len_utf8());
            if end > LOG_LINE_MAX {
                break;
            }
            symbol.encode_utf8(&mut line.bytes[start..end]);
            line.len = end as u8;
        }
        line
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).expect("built from whole characters")
    }
}

impl std::fmt::Debug for LogLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_str().fmt(f)
    }
}

const _: () = assert!(LOG_LINE_MAX <= u8::MAX as usize, "the length of a log line is a byte");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_lines_are_cut_at_a_character_and_cannot_move_the_cursor() {
        assert_eq!(LogLine::new("a\x1b[2Jb\n").as_str(), "a [2Jb");
        let long = "é".repeat(LOG_LINE_MAX);
        let cut = LogLine::new(&long);
        assert_eq!(cut.as_str().len(), LOG_LINE_MAX / 2 * 2);
    }
}
