//! Cells: where agents run. One trait, its implementations, and one contract suite that all of them pass.

pub mod cell;

pub mod clock;

pub mod cells;

pub mod offers;

pub mod simulated;

pub mod wasm;

pub mod verifier;

pub mod process;

pub mod priority;

mod board;

mod requests;

mod leases;

mod output;
