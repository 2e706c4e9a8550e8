//! The host of an agent in a wasm cell: the node, through the imports of the module.
//!
//! Only the wasm build looks at this file. Edition 2024 would want the block of imports to be `unsafe extern`, which
//! the compiler of the wasm build does not know yet.

use super::{Host, Notice, Price, Refusal, cut};
use std::fmt::Display;
use std::io;

// The signatures are those of the table in `abi.rs`; the name of the module must be a literal and is `abi::MODULE`.
#[link(wasm_import_module = "maxwell")]
extern "C" {
    fn price(which: i32) -> i64;
    fn balance() -> i64;
    fn set_bid(limit_uj: i64, slots: i32) -> i32;
    fn lease() -> i64;
    fn claim(range: i64, count: i32, sum: i64) -> i32;
    fn discard(pointer: *mut u8, bytes: usize) -> i32;
    fn log(pointer: *const u8, bytes: usize) -> i32;
    fn notice() -> i64;
}

/// Looks at the notice that one pause is made of: some milliseconds, on the slot and paid for. A WASI sleep would give
/// the slot back; looking lets the agent see its end at once.
const PAUSE_LOOKS: u32 = 100_000;

/// The node that runs this module.
pub struct Imports;

impl Imports {
    /// There is nothing to set up, and no time limit: the node ends its cells.
    ///
    /// # Errors
    /// None: natively there are some.
    pub fn start(_seconds: Option<u32>) -> io::Result<Self> {
        Ok(Self)
    }

    /// Nothing to say: the node keeps account of what was achieved.
    pub fn finish(&self, _work: &impl Display) {}

    /// Says why nothing was started.
    pub fn complain(words: &str) {
        // A line that is refused reaches nobody.
        let _ = Self.log(words);
    }
}

impl Host for Imports {
    fn price(&mut self, which: Price) -> i64 {
        // SAFETY: the import takes and returns numbers only.
        unsafe { price(which.code()) }
    }

    fn balance(&mut self) -> i64 {
        // SAFETY: the import returns a number only.
        unsafe { balance() }
    }

    fn set_bid(&mut self, limit_uj: i64, slots: i32) -> Result<(), Refusal> {
        // SAFETY: the import takes and returns numbers only.
        done(unsafe { set_bid(limit_uj, slots) })
    }

    fn lease(&mut self) -> Result<u64, Refusal> {
        // SAFETY: the import returns a number only.
        Refusal::check(unsafe { lease() })
    }

    fn claim(&mut self, range: u64, count: u32, sum: u64) -> Result<(), Refusal> {
        // SAFETY: the import takes and returns numbers only.
        done(unsafe { claim(range as i64, count as i32, sum as i64) })
    }

    fn discard(&mut self, memory: &mut [u8]) -> Result<(), Refusal> {
        // SAFETY: the import writes zeros within the stretch, which is borrowed for writing alone and for which any
        // byte is a valid value.
        done(unsafe { discard(memory.as_mut_ptr(), memory.len()) })
    }

    fn log(&mut self, line: &str) -> Result<(), Refusal> {
        let line = cut(line);
        // SAFETY: the import reads the stretch and keeps no pointer to it.
        done(unsafe { log(line.as_ptr(), line.len()) })
    }

    fn notice(&mut self) -> Option<Notice> {
        // SAFETY: the import returns a number only.
        Notice::unpack(unsafe { notice() })
    }

    fn pause(&mut self) {
        for _ in 0..PAUSE_LOOKS {
            if self.notice().is_some() {
                return;
            }
        }
    }
}

/// Reads a status that carries no answer.
fn done(status: i32) -> Result<(), Refusal> {
    Refusal::check(i64::from(status)).map(|_| ())
}
