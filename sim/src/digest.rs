//! A fingerprint of a run: two runs are the same to the last bit if their fingerprints are.

use std::fmt;

use maxwell_core::population::lifecycle::{Reason, State};
use maxwell_daemon::telemetry::{Obituary, TickReport};

/// FNV-1a over 64-bit words, which needs no key and is the same on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    /// Adds a word.
    pub fn word(&mut self, word: u64) {
        for byte in word.to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// Adds a tick: its quote, its clearing, what was used, and every balance and state.
    pub fn tick(&mut self, report: &TickReport<'_>) {
        let quote = report.quote;
        for word in [quote.tick, report.at.0, quote.die.0.to_bits(), quote.supply.to_bits()] {
            self.word(word);
        }
        for word in [quote.reserve.0, report.clearing.price.0] {
            self.word(word.cast_unsigned());
        }
        for award in &report.clearing.awards {
            self.word(u64::from(award.cell.0) << 16 | u64::from(award.slot.0));
            self.word(award.price.0.cast_unsigned());
        }
        for usage in report.usages {
            self.word(u64::from(usage.cell.0));
            self.word(usage.used.0);
            self.word(usage.freed.0);
        }
        for member in report.population.members() {
            self.word(u64::from(member.cell.0) << 8 | state_code(member.state));
            self.word(report.ledger.free(member.wallet).0.cast_unsigned());
        }
    }

    /// Adds the end of a cell.
    pub fn ended(&mut self, obituary: &Obituary) {
        self.word(u64::from(obituary.cell.0) << 8 | reason_code(obituary.reason));
        self.word(obituary.at.0);
        self.word(obituary.bill.quanta.0.cast_unsigned());
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

const fn state_code(state: State) -> u64 {
    match state {
        State::Created => 0,
        State::Ready => 1,
        State::Running => 2,
        State::Hungry { .. } => 3,
        State::Dying { .. } => 4,
        State::Dead(_) => 5,
    }
}

const fn reason_code(reason: Reason) -> u64 {
    match reason {
        Reason::Insolvent => 0,
        Reason::Debt => 1,
        Reason::Limit => 2,
        Reason::Operator => 3,
        Reason::Crashed => 4,
        Reason::Finished => 5,
    }
}
