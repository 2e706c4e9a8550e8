//! How wasmtime is set up, with the reason for each setting.

use wasmtime::{Config, Engine};

use super::runtime::RuntimeError;

/// Address space set aside for one linear memory. Within it a memory grows in place; beyond it, when the operator
/// allows more, it moves. The default of 4 GiB would save bounds checks and cost 8.6 KiB of page tables a cell.
const MEMORY_RESERVATION: u64 = 64 << 20;

/// Guard behind a memory: what an access may be off by before a bounds check is needed for it.
const MEMORY_GUARD: u64 = 64 << 10;

/// The guest's part of a fibre's stack. Deep recursion beyond it traps.
const GUEST_STACK: usize = 512 << 10;

/// A fibre's stack: the guest's part and as much for host functions. Only touched pages take memory.
const FIBRE_STACK: usize = 1 << 20;

/// What makes a running program yield.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Metering {
    /// A bump of the engine's epoch: costs 0.2 %, comes from outside.
    Epoch,
    /// The consumption of fuel: costs about 10 %, the same at every run.
    Fuel,
}

/// An engine for one way of metering.
pub(super) fn engine(metering: Metering) -> Result<Engine, RuntimeError> {
    let mut config = Config::new();
    config.epoch_interruption(metering == Metering::Epoch).consume_fuel(metering == Metering::Fuel);

    // A computed NaN has no fixed bits on real hardware.
    config.cranelift_nan_canonicalization(metering == Metering::Fuel);

    // What compilers emit for WASI today, and nothing that no agent needs.
    config.wasm_multi_memory(false).wasm_memory64(false).wasm_tail_call(false);
    config.wasm_relaxed_simd(false).wasm_component_model(false);

    // Filling a whole memory is one operation and so one unit of fuel: a quantum of fuel could last for hours.
    if metering == Metering::Fuel {
        config.wasm_bulk_memory(false);
    }

    // Discarded pages must read as zero. With copy-on-write images they would read as the module's initial data.
    config.memory_init_cow(false);
    config.memory_reservation(MEMORY_RESERVATION).memory_guard_size(MEMORY_GUARD).memory_may_move(true);
    config.memory_reservation_for_growth(MEMORY_RESERVATION);

    config.max_wasm_stack(GUEST_STACK).async_stack_size(FIBRE_STACK);
    Engine::new(&config).map_err(|error| RuntimeError::Engine(super::ending::first_line(&error)))
}
