//! Agents as wasm modules: WASI preview 1 commands with the host functions of the agent's interface.
//!
//! A program is a future that wasmtime runs on a fibre of its own. In **real time** every slot has a worker thread on
//! its core; a granted cell is posted to the worker, which polls the future until the quantum is revoked: pausing is
//! not polling. In the **deterministic** mode the caller's thread polls, one quantum of fuel per grant, and the same
//! run is the same to the bit every time.
//!
//! ```text
//!   owner's thread                      slot's worker                     program's fibre
//!   grant   -- post, unpark ---------->  take  -- poll ----------------->  runs
//!   revoke  -- flag, bump the epoch ---------------------------------->    sees it at its next loop or call, yields
//!   usage   -- waits at most 2 ms ---->  leave <- pending or ready -----
//! ```
//!
//! There is no async runtime: what a program can wait for (a moment, an answer of the node) is looked at when the cell
//! is granted its next quantum, and nothing else ever wakes it.

pub use pooled::REVOKE_PATIENCE;
pub use program::{ModuleError, Program};
pub use runtime::{Pinning, RuntimeError, SpawnError, WasmRuntime};

mod runtime;

mod program;

mod engine;

mod worker;

mod pooled;

mod inline;

mod run;

mod gate;

mod panel;

mod guest;

mod host;

mod wasi;

mod limiter;

mod ending;
