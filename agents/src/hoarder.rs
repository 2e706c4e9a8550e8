//! The hoarder: takes memory step by step, and sits on it.
//!
//! Every page is filled with data of its own, so that none can be shared or packed. When it has what it wants, or can
//! get no more, it looks at a block now and then so that its memory stays resident, and does nothing else. It ends in
//! order when told to.

use crate::abi::PAGE;
use crate::args::Options;
use crate::hashing::fill;
use crate::host::{Ending, Host, obey};
use std::fmt;

/// Memory that it grows to unless told otherwise: with the program around it, it fits a wasm cell of 64 MiB.
const MEBIBYTES: u32 = 48;

/// Memory of one step.
const BLOCK_BYTES: usize = 1 << 20;

/// Time between two steps, and between two looks at what it has.
const NAP_MILLIS: u32 = 10;

/// What was hoarded so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hoarded {
    /// Bytes that it holds.
    pub held_bytes: u64,
    /// Looks at a block that it holds.
    pub looks: u64,
}

/// Hoards until the end, and keeps count in `hoarded`.
pub fn run<H: Host>(host: &mut H, options: &Options, hoarded: &mut Hoarded) -> Ending {
    let mut step = options.place_order(host);
    let mut hoard = Hoard::new(options);
    loop {
        if let Err(ending) = step {
            return ending;
        }
        if hoard.is_full {
            hoard.look(hoarded);
        } else {
            hoard.grow(hoarded);
            if hoard.is_full {
                // A line that is refused is not worth repeating.
                let _ = host.log(&hoarded.to_string());
            }
        }
        host.sleep(NAP_MILLIS);
        step = obey(host);
    }
}

struct Hoard {
    blocks: Vec<Vec<u8>>,
    blocks_max: usize,
    is_full: bool,
    state: u64,
}

impl Hoard {
    fn new(options: &Options) -> Self {
        let blocks_max = options.mebibytes.unwrap_or(MEBIBYTES) as usize;
        Self { blocks: Vec::new(), blocks_max, is_full: false, state: options.seed }
    }

    /// Takes one block more and touches all of it.
    fn grow(&mut self, hoarded: &mut Hoarded) {
        let mut block = Vec::new();
        // What cannot be had ends the growth and not the program.
        if block.try_reserve_exact(BLOCK_BYTES).is_err() {
            self.is_full = true;
            return;
        }
        block.resize(BLOCK_BYTES, 0);
        self.state = fill(&mut block, self.state);
        self.blocks.push(block);
        hoarded.held_bytes += BLOCK_BYTES as u64;
        self.is_full = self.blocks.len() >= self.blocks_max;
    }

    /// Touches every page of the next block.
    fn look(&mut self, hoarded: &mut Hoarded) {
        let turn = hoarded.looks as usize % self.blocks.len().max(1);
        if let Some(block) = self.blocks.get_mut(turn) {
            block.iter_mut().step_by(PAGE as usize).for_each(|byte| *byte = byte.wrapping_add(1));
            hoarded.looks += 1;
        }
    }
}

impl fmt::Display for Hoarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "held_bytes {} looks {}", self.held_bytes, self.looks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::script::{Call, Script};
    use crate::host::{Notice, Reason};

    #[test]
    fn it_grows_to_its_bound_and_then_looks_at_what_it_has() {
        let notice = Notice { reason: Reason::Insolvent, millis_left: 500 };
        let mut host = Script::new([]).with_notice(7, notice);
        let mut hoarded = Hoarded::default();
        let options = Options { mebibytes: Some(3), ..Options::default() };
        let ending = run(&mut host, &options, &mut hoarded);

        assert_eq!(ending, Ending::Notice(notice));
        assert_eq!(hoarded, Hoarded { held_bytes: 3 << 20, looks: 5 });
        let said: Vec<&Call> = host.calls.iter().filter(|call| matches!(call, Call::Log(_))).collect();
        assert_eq!(said, [&Call::Log("held_bytes 3145728 looks 0".into())]);
        assert_eq!(host.calls.len(), 1 + 8);
    }

    #[test]
    fn no_two_pages_are_alike_and_a_look_touches_each() {
        let mut hoard = Hoard::new(&Options { mebibytes: Some(2), ..Options::default() });
        let mut hoarded = Hoarded::default();
        (0..2).for_each(|_| hoard.grow(&mut hoarded));
        let before = hoard.blocks.clone();
        assert_ne!(before[0], before[1]);
        (0..2).for_each(|_| hoard.look(&mut hoarded));
        for (block, before) in hoard.blocks.iter().zip(&before) {
            let pages = block.chunks(PAGE as usize).zip(before.chunks(PAGE as usize));
            assert!(pages.into_iter().all(|(page, before)| page[0] != before[0] && page[1..] == before[1..]));
        }
    }
}
