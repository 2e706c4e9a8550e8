//! The atomics of the core, in one place, so that a model checker can stand in for the machine.
//!
//! Tests built with `--cfg loom` get those of loom, which plays every interleaving of a few threads, and every value that
//! the memory model lets each of them see. Everything else gets the machine's.

#[cfg(not(all(test, loom)))]
pub(crate) use std::sync::atomic::{AtomicI64, Ordering};

#[cfg(all(test, loom))]
pub(crate) use ::loom::sync::atomic::{AtomicI64, Ordering};
