//! The runtime: what compiles modules, spawns cells and owns the threads that they run on.

use std::sync::Arc;
use std::time::Instant;

use maxwell_core::limits::SLOTS_MAX;
use maxwell_core::units::Bytes;
use wasmtime::{Engine, Linker};

use super::engine::{Metering, engine};
use super::guest::Guest;
use super::inline::InlineCell;
use super::panel::{Panel, Time};
use super::pooled::PooledCell;
use super::program::{ModuleError, Program};
use super::wasi::Randomness;
use super::worker::Workers;
use super::{host, run, wasi};
use crate::cell::{Cell, CellConfig};

pub use super::worker::Pinning;

/// Runs wasm cells, in real time or deterministically.
///
/// Dropping it ends its threads at once, whatever runs on them; cells that are left never run again.
pub struct WasmRuntime {
    engine: Engine,
    linker: Linker<Guest>,
    mode: Mode,
}

enum Mode {
    RealTime { workers: Workers, pinnings: Vec<Pinning>, origin: Instant },
    Deterministic { fuel_per_quantum: u64, seed: u64 },
}

/// Why there is no runtime. None of these goes away by trying again.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// Slots beyond what a node may have, or none.
    #[error("a runtime has 1 to {SLOTS_MAX} slots, not {0}")]
    Slots(u16),
    /// A quantum without fuel never ends.
    #[error("a quantum must be worth some fuel")]
    NoFuel,
    /// wasmtime does not work on this machine.
    #[error("wasmtime cannot be set up on this machine: {0}")]
    Engine(String),
    /// The system gives no threads.
    #[error("the worker of a slot cannot be started, raise the limit on threads: {0}")]
    Thread(#[from] std::io::Error),
}

/// Why a program is not spawned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpawnError {
    /// The program begins with more memory than its cell may have.
    #[error(
        "the program begins with {} KiB of memory and its cell may have {} KiB; raise the limit or build it with less",
        needed.0 >> 10, allowed.0 >> 10
    )]
    Memory {
        /// What the module says it begins with.
        needed: Bytes,
        /// What the cell may have.
        allowed: Bytes,
    },
    /// The program was compiled by another runtime, for another way of metering.
    #[error("the program was compiled by another runtime; compile it with this one")]
    OtherRuntime,
}

impl WasmRuntime {
    /// A runtime whose cells run on worker threads, one for each of `slots`, pinned to the cores that this process may
    /// use, in turn. See [`WasmRuntime::pinning`] for how that went.
    ///
    /// # Errors
    /// No slots or too many, or a machine that cannot run it.
    pub fn real_time(slots: u16) -> Result<Self, RuntimeError> {
        if slots == 0 || slots > SLOTS_MAX {
            return Err(RuntimeError::Slots(slots));
        }
        let engine = engine(Metering::Epoch)?;
        let linker = linker(&engine)?;
        let (workers, pinnings) = Workers::start(engine.clone(), slots)?;
        let mode = Mode::RealTime { workers, pinnings, origin: Instant::now() };
        Ok(Self { engine, linker, mode })
    }

    /// A runtime whose cells run inside `grant`, on the caller's thread, for `fuel_per_quantum` units of fuel: about
    /// one a wasm instruction. Equal programs, arguments, permits, replies and seeds give equal runs to the bit. A
    /// program's random bytes follow from `seed` and its cell's name, its clocks show the start of its quantum.
    ///
    /// # Errors
    /// No fuel, or a machine that cannot run it.
    pub fn deterministic(fuel_per_quantum: u64, seed: u64) -> Result<Self, RuntimeError> {
        if fuel_per_quantum == 0 {
            return Err(RuntimeError::NoFuel);
        }
        let engine = engine(Metering::Fuel)?;
        let linker = linker(&engine)?;
        Ok(Self { engine, linker, mode: Mode::Deterministic { fuel_per_quantum, seed } })
    }

    /// Compiles a module; about 1.2 ms a KiB. Keep it away from the thread that ticks and from the slots' cores.
    ///
    /// # Errors
    /// A module that cells cannot run; the error says why and what to do.
    pub fn compile(&self, bytes: &[u8]) -> Result<Program, ModuleError> {
        Program::compile(&self.engine, &self.linker, bytes)
    }

    /// A cell with this program. It has no memory and has not begun before its first grant.
    ///
    /// # Errors
    /// A program that does not fit into the cell, or of another runtime.
    pub fn spawn(&self, program: &Program, config: CellConfig) -> Result<Box<dyn Cell>, SpawnError> {
        if !program.is_for(&self.engine) {
            return Err(SpawnError::OtherRuntime);
        }
        if program.memory_min() > config.memory_max {
            return Err(SpawnError::Memory { needed: program.memory_min(), allowed: config.memory_max });
        }
        let (time, randomness, fuel) = match self.mode {
            Mode::RealTime { origin, .. } => (Time::Real(origin), Randomness::System, None),
            Mode::Deterministic { fuel_per_quantum, seed } => {
                (Time::Virtual, Randomness::seeded(seed, config.id.0), Some(fuel_per_quantum))
            }
        };
        let panel = Arc::new(Panel::new(config.id, time));
        let guest = Guest::new(config, program.name(), program.memory(), panel.clone(), randomness, fuel);
        let body = run::body(&self.engine, program, guest);
        Ok(match &self.mode {
            Mode::RealTime { workers, .. } => Box::new(PooledCell::new(workers.pool().clone(), panel, body)),
            Mode::Deterministic { fuel_per_quantum, .. } => {
                Box::new(InlineCell::new(panel, body, *fuel_per_quantum))
            }
        })
    }

    /// Where the workers run, in the order of the slots; empty in the deterministic mode. A worker that could not be
    /// pinned says why: its cells run, with more jitter.
    pub fn pinning(&self) -> &[Pinning] {
        match &self.mode {
            Mode::RealTime { pinnings, .. } => pinnings,
            Mode::Deterministic { .. } => &[],
        }
    }

    /// When the monotonic clock that programs see was zero; `None` in the deterministic mode.
    pub fn clock_origin(&self) -> Option<Instant> {
        match self.mode {
            Mode::RealTime { origin, .. } => Some(origin),
            Mode::Deterministic { .. } => None,
        }
    }
}

impl std::fmt::Debug for WasmRuntime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WasmRuntime").field("pinning", &self.pinning()).finish_non_exhaustive()
    }
}

fn linker(engine: &Engine) -> Result<Linker<Guest>, RuntimeError> {
    let mut linker = Linker::new(engine);
    let added = wasi::add_to_linker(&mut linker).and_then(|()| host::add_to_linker(&mut linker));
    added.map_err(|error| RuntimeError::Engine(super::ending::first_line(&error)))?;
    Ok(linker)
}
