//! The latest-value cell: one writer leaves a reading, readers pick it up without waiting.
//!
//! A sequence lock. The sequence is odd while the words are being written; a reader that sees it odd, or changed after
//! it has copied the words, has met the writer and throws the copy away. It does not try again in a loop: a writer that
//! the kernel took off its CPU in the middle of a write would keep it waiting. The reader goes on with what it had,
//! which is one sampling period older, and its age is checked all the same.
//!
//! ```text
//!   writer:  seq = odd | fence | words... | seq = even (release)
//!   reader:  s = seq (acquire) | words... | fence | s still the same?
//! ```
//! (Boehm, "Can seqlocks get along with programming language memory models?", MSPC 2012, figure 6.)

use maxwell_core::tick::{Figure, Provenance, Reading};
use maxwell_core::units::{Celsius, Microjoules, Moment, Watts};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// Words of a reading: its time, value and error bar of three figures, and their provenances with the epoch.
const WORDS: usize = 8;

#[derive(Debug, Default)]
struct Cell {
    /// Zero until the first write, odd during one.
    sequence: AtomicU64,
    words: [AtomicU64; WORDS],
}

/// The only one who can write; it cannot be copied.
#[derive(Debug)]
pub(crate) struct LatestWriter(Arc<Cell>);

/// One who reads, and remembers what it read last.
#[derive(Clone, Debug)]
pub(crate) struct LatestReader {
    cell: Arc<Cell>,
    /// Sequence of the reading below.
    seen: u64,
    last: Option<Reading>,
}

/// An empty cell.
pub(crate) fn latest() -> (LatestWriter, LatestReader) {
    let cell = Arc::new(Cell::default());
    (LatestWriter(Arc::clone(&cell)), LatestReader { cell, seen: 0, last: None })
}

impl LatestWriter {
    /// Replaces what is in the cell.
    pub(crate) fn publish(&mut self, reading: &Reading) {
        let Cell { sequence, words } = &*self.0;
        let even = sequence.load(Ordering::Relaxed);
        sequence.store(even + 1, Ordering::Relaxed);
        fence(Ordering::Release);
        for (word, value) in words.iter().zip(encode(reading)) {
            word.store(value, Ordering::Relaxed);
        }
        sequence.store(even + 2, Ordering::Release);
    }
}

impl LatestReader {
    /// The latest reading, or the one before if the latest is being written right now. Never waits, never allocates.
    pub(crate) fn read(&mut self) -> Option<Reading> {
        let Cell { sequence, words } = &*self.cell;
        let before = sequence.load(Ordering::Acquire);
        if before == self.seen || before % 2 == 1 {
            return self.last;
        }
        let mut copy = [0; WORDS];
        for (value, word) in copy.iter_mut().zip(words) {
            *value = word.load(Ordering::Relaxed);
        }
        fence(Ordering::Acquire);
        if sequence.load(Ordering::Relaxed) == before {
            self.seen = before;
            self.last = Some(decode(copy));
        }
        self.last
    }
}

fn encode(reading: &Reading) -> [u64; WORDS] {
    let Reading { at, die, power, energy, epoch } = reading;
    [
        at.0,
        die.value.0.to_bits(),
        die.error.0.to_bits(),
        power.value.0.to_bits(),
        power.error.0.to_bits(),
        energy.value.0.cast_unsigned(),
        energy.error.0.cast_unsigned(),
        code(die.provenance)
            | code(power.provenance) << 8
            | code(energy.provenance) << 16
            | u64::from(*epoch) << 32,
    ]
}

fn decode(words: [u64; WORDS]) -> Reading {
    let [at, die, die_error, power, power_error, energy, energy_error, codes] = words;
    let celsius = |bits| Celsius(f64::from_bits(bits));
    let watts = |bits| Watts(f64::from_bits(bits));
    let microjoules = |bits: u64| Microjoules(bits.cast_signed());
    Reading {
        at: Moment(at),
        die: Figure { value: celsius(die), error: celsius(die_error), provenance: provenance(codes) },
        power: Figure { value: watts(power), error: watts(power_error), provenance: provenance(codes >> 8) },
        energy: Figure {
            value: microjoules(energy),
            error: microjoules(energy_error),
            provenance: provenance(codes >> 16),
        },
        epoch: (codes >> 32) as u32,
    }
}

const fn code(provenance: Provenance) -> u64 {
    match provenance {
        Provenance::Unknown => 0,
        Provenance::Modelled => 1,
        Provenance::Measured => 2,
    }
}

const fn provenance(codes: u64) -> Provenance {
    match codes & 0xff {
        1 => Provenance::Modelled,
        2 => Provenance::Measured,
        _ => Provenance::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITES: u64 = 300_000;

    /// Every word of the reading follows from `n`, so that a mixture of two readings shows.
    fn numbered(n: u64) -> Reading {
        let provenance = [Provenance::Unknown, Provenance::Modelled, Provenance::Measured][(n % 3) as usize];
        let (float, whole) = (n as f64, n.cast_signed());
        Reading {
            at: Moment(n),
            die: Figure { value: Celsius(float), error: Celsius(-float), provenance },
            power: Figure { value: Watts(2.0 * float), error: Watts(-2.0 * float), provenance },
            energy: Figure { value: Microjoules(-whole), error: Microjoules(whole), provenance },
            epoch: n as u32,
        }
    }

    #[test]
    fn empty_until_the_first_write_then_what_was_written() {
        let (mut writer, mut reader) = latest();
        assert_eq!(reader.read(), None);
        for n in [3, 1, 2] {
            writer.publish(&numbered(n));
            assert_eq!(reader.read(), Some(numbered(n)));
            assert_eq!(reader.clone().read(), Some(numbered(n)));
        }
    }

    #[test]
    fn a_reader_that_meets_the_writer_keeps_what_it_had() {
        let (mut writer, mut reader) = latest();
        writer.publish(&numbered(1));
        assert_eq!(reader.read(), Some(numbered(1)));
        writer.0.sequence.fetch_add(1, Ordering::Relaxed);
        writer.0.words[0].store(99, Ordering::Relaxed);
        assert_eq!(reader.read(), Some(numbered(1)));
    }

    #[test]
    fn readings_are_never_torn_and_never_run_back() {
        let (mut writer, reader) = latest();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                let mut reader = reader.clone();
                scope.spawn(move || {
                    let mut last = 0;
                    while last < WRITES {
                        let Some(reading) = reader.read() else { continue };
                        assert_eq!(reading, numbered(reading.at.0), "torn");
                        assert!(reading.at.0 >= last, "went back from {last} to {}", reading.at.0);
                        last = reading.at.0;
                    }
                });
            }
            scope.spawn(move || (1..=WRITES).for_each(|n| writer.publish(&numbered(n))));
        });
    }
}
