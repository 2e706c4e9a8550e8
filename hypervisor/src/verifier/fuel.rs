//! What each operator of a verifier costs: at most as much time as its fuel is charged for.
//!
//! A unit is charged at the time that the fee of a claim assumes (`maxwell_core::bounty::fee`). Most operators take less and cost
//! one. The others were measured by the example `fuel_figures` of the daemon, and cost so much that none gets more time than it
//! pays for: a bound by a clock would make the same claim true on an idle machine and false on a busy one.
//!
//! They were measured on an AMD EPYC of the third generation (Zen 3), where numbers that are subnormal take no longer than a unit pays for.
//! Other processors, Intel's among them, stop for some of those for a hundred cycles and more, which is not charged: run the example where
//! verifiers are to run. It fails if anything takes longer than it costs.
//!
//! Fuel is looked at where functions and loops begin, so a module can go on beyond it for the length of one function: 1.6 ms for
//! one that is as long as a module may be and all loads.

use wasmtime::{OperatorCost, VariableOperatorCost, WasmFeatures};

/// What verifiers may use: the features that compilers call `lime1`, which are those of linear memory, without vectors, references and
/// tail calls. Filling and copying memory are among them: both are paid for by the byte, before they are done. What is not in here
/// need not be measured.
pub(super) const FEATURES: WasmFeatures = WasmFeatures::LIME1.difference(WasmFeatures::GC_TYPES);

/// A load that waits for the one before, anywhere in the largest memory: it misses every cache but the last.
const LOAD: u8 = 12;

/// A division of integers, which is one long instruction.
const DIVISION: u8 = 4;

/// A division or root of floating-point numbers.
const ROOT: u8 = 4;

/// Something that leaves the module for the host and comes back.
const LEAVES: u8 = 4;

/// Growing a memory, which asks the limits of the store, whether it grows or not.
const GROW: u8 = 40;

/// A call through a table. The first through each element makes what is called.
const INDIRECT: u8 = 20;

/// The table of costs.
pub(super) const fn costs() -> OperatorCost {
    OperatorCost {
        I32Load: LOAD,
        I64Load: LOAD,
        F32Load: LOAD,
        F64Load: LOAD,
        I32Load8S: LOAD,
        I32Load8U: LOAD,
        I32Load16S: LOAD,
        I32Load16U: LOAD,
        I64Load8S: LOAD,
        I64Load8U: LOAD,
        I64Load16S: LOAD,
        I64Load16U: LOAD,
        I64Load32S: LOAD,
        I64Load32U: LOAD,
        I32DivS: DIVISION,
        I32DivU: DIVISION,
        I32RemS: DIVISION,
        I32RemU: DIVISION,
        I64DivS: DIVISION,
        I64DivU: DIVISION,
        I64RemS: DIVISION,
        I64RemU: DIVISION,
        F32Div: ROOT,
        F64Div: ROOT,
        F32Sqrt: ROOT,
        F64Sqrt: ROOT,
        MemoryGrow: GROW,
        MemoryFill: LEAVES,
        MemoryCopy: LEAVES,
        CallIndirect: INDIRECT,
        // A unit is far more than a byte takes, and the least that there is.
        variable: VariableOperatorCost {
            memory_fill_per_byte: 1,
            memory_copy_per_byte: 1,
            ..VariableOperatorCost::new()
        },
        ..OperatorCost::new()
    }
}
