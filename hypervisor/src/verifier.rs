//! Verifiers as wasm modules: a sponsor's own rule of what is right.
//!
//! A module imports nothing, exports its `memory` and `verify(key: i64, pointer: i32, length: i32) -> i32`, and says 1 for a
//! true answer. It is compiled once, when its bounty is posted. Each claim is looked at by a new instance, so that nothing is
//! carried from one claim to the next, with bounded fuel and memory: whatever it does, it ends, and what it does not say within
//! its bounds is false.

mod fuel;

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use maxwell_core::limits::{
    VERIFIER_BYTES_MAX, VERIFIER_COMPILE_MAX, VERIFIER_FUEL_PER_PAGE, VERIFIER_MEMORY,
};
use wasmtime::{
    Config, Engine, ExternType, InstancePre, Linker, Module, Store, StoreLimits, StoreLimitsBuilder, ValType,
    WasmFeatures,
};

/// Stack of an instance: verifiers compute, they do not recurse deeply.
const STACK: usize = 256 << 10;

/// Elements of a module's table: pointers to functions.
const TABLE_ELEMENTS_MAX: usize = 10_000;

/// A page of linear memory. The answer is put into one that is added behind those that the module begins with, so that it lies
/// on nothing of the module's own.
const PAGE: usize = 64 << 10;

/// Why a module cannot verify. Final for the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifierError {
    /// Larger than [`VERIFIER_BYTES_MAX`].
    #[error(
        "the verifier has {0} bytes and at most {VERIFIER_BYTES_MAX} are accepted: strip it or optimise it for size"
    )]
    TooLarge(usize),
    /// It did not compile within [`VERIFIER_COMPILE_MAX`].
    #[error("compiling the verifier takes longer than {} s: split its largest functions", VERIFIER_COMPILE_MAX.as_seconds())]
    TooSlow,
    /// No wasm, or wasm that does not validate or uses a feature that is off.
    #[error("the verifier is no core wasm module, or uses a wasm feature that is off: {0}")]
    Malformed(String),
    /// It asks the host for something.
    #[error(
        "the verifier imports `{module}` `{name}`: a verifier imports nothing, build it without a standard library"
    )]
    Import {
        /// Namespace of the import.
        module: String,
        /// Its name.
        name: String,
    },
    /// Without the function, or with another type.
    #[error("the verifier has to export `verify(key: i64, pointer: i32, length: i32) -> i32`")]
    NoVerify,
    /// Nowhere to put an answer.
    #[error(
        "the verifier has to export its linear memory as `memory`, and let it grow by a page for the answer"
    )]
    NoMemory,
    /// With the page for the answer, more than its fuel or [`VERIFIER_MEMORY`] allows to begin with.
    #[error(
        "the verifier begins with {begins} KiB of memory and may have less than {allowed} KiB: make it use less, a smaller stack say, or allow more fuel, {VERIFIER_FUEL_PER_PAGE} units for 64 KiB and up to {max} KiB", max = VERIFIER_MEMORY.0 >> 10
    )]
    Memory {
        /// What it begins with, in KiB.
        begins: u64,
        /// What it may have with the answer, in KiB.
        allowed: u64,
    },
    /// The machine cannot run wasm, or has no thread left.
    #[error("verifiers cannot run here: {0}")]
    Host(String),
}

/// A compiled verifier. Cheap to clone; a clone allocates nothing.
#[derive(Clone)]
pub struct VerifierModule(Arc<Compiled>);

struct Compiled {
    engine: Engine,
    ready: InstancePre<StoreLimits>,
    /// Where an answer is put: behind the pages that the module begins with.
    answer_at: usize,
    fuel: u64,
    /// Bytes of memory that a run may have.
    memory_max: usize,
}

/// Why a verification has no outcome but false.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It trapped, ran out of fuel or could not be started within its bounds.
    #[error("the verifier did not come to an end within its bounds: {0}")]
    Ended(String),
    /// It said something else than 1.
    #[error("the verifier said {0}")]
    Said(i32),
}

impl VerifierModule {
    /// Compiles a verifier each of whose runs may burn `fuel`. Blocks for as long as that takes, at most
    /// [`VERIFIER_COMPILE_MAX`]: bounties are posted off the tick.
    ///
    /// # Errors
    /// What the module breaks and what to do about it.
    pub fn compile(wasm: &[u8], fuel: u64) -> Result<Self, VerifierError> {
        if wasm.len() > VERIFIER_BYTES_MAX {
            return Err(VerifierError::TooLarge(wasm.len()));
        }
        let (done, compiled) = sync_channel(1);
        let wasm = wasm.to_vec();
        let compile = move || {
            // Nobody listens any more if it took too long. It ends all the same, because its size is bounded.
            let _ = done.send(Compiled::new(&wasm, fuel));
        };
        let thread = std::thread::Builder::new().name("maxwell-compile".into()).spawn(compile);
        thread.map_err(|error| VerifierError::Host(error.to_string()))?;
        let patience = Duration::from_nanos(VERIFIER_COMPILE_MAX.0);
        let compiled = compiled.recv_timeout(patience).map_err(|_| VerifierError::TooSlow)??;
        Ok(Self(Arc::new(compiled)))
    }

    /// Looks at an answer to `key`, in a new instance.
    ///
    /// # Errors
    /// Why the answer counts as false.
    pub fn verify(&self, key: u64, answer: &[u8]) -> Result<(), Failure> {
        match self.0.run(key, answer) {
            Ok(1) => Ok(()),
            Ok(other) => Err(Failure::Said(other)),
            Err(error) => Err(Failure::Ended(first_line(&error))),
        }
    }
}

impl Compiled {
    fn new(wasm: &[u8], fuel: u64) -> Result<Self, VerifierError> {
        let engine = engine().map_err(|error| VerifierError::Host(first_line(&error)))?;
        let module =
            Module::new(&engine, wasm).map_err(|error| VerifierError::Malformed(first_line(&error)))?;
        if let Some(import) = module.imports().next() {
            let (module, name) = (import.module().to_owned(), import.name().to_owned());
            return Err(VerifierError::Import { module, name });
        }
        let has_verify = match module.get_export("verify") {
            Some(ExternType::Func(of)) => {
                of.params().map(|of| number(&of)).eq([Some(64), Some(32), Some(32)])
                    && of.results().map(|of| number(&of)).eq([Some(32)])
            }
            _ => false,
        };
        if !has_verify {
            return Err(VerifierError::NoVerify);
        }
        let pages = match module.get_export("memory") {
            Some(ExternType::Memory(of)) if of.maximum() != Some(of.minimum()) => of.minimum(),
            _ => return Err(VerifierError::NoMemory),
        };
        let pages_max = pages_for(fuel);
        if pages >= pages_max {
            let [begins, allowed] = [pages, pages_max].map(|pages| pages * (PAGE as u64 >> 10));
            return Err(VerifierError::Memory { begins, allowed });
        }
        let linked = Linker::new(&engine).instantiate_pre(&module);
        let ready = linked.map_err(|error| VerifierError::Malformed(first_line(&error)))?;
        let (answer_at, memory_max) = (pages as usize * PAGE, pages_max as usize * PAGE);
        Ok(Self { engine, ready, answer_at, fuel, memory_max })
    }

    fn run(&self, key: u64, answer: &[u8]) -> wasmtime::Result<i32> {
        let limits = StoreLimitsBuilder::new()
            .memory_size(self.memory_max)
            .table_elements(TABLE_ELEMENTS_MAX)
            .instances(1)
            .memories(1)
            .tables(1)
            .build();
        let mut store = Store::new(&self.engine, limits);
        store.limiter(|limits| limits);
        store.set_fuel(self.fuel)?;
        let instance = self.ready.instantiate(&mut store)?;
        let memory =
            instance.get_memory(&mut store, "memory").ok_or_else(|| wasmtime::format_err!("no memory"))?;
        memory.grow(&mut store, 1)?;
        memory.write(&mut store, self.answer_at, answer)?;
        let verify = instance.get_typed_func::<(i64, i32, i32), i32>(&mut store, "verify")?;
        verify.call(&mut store, (key as i64, self.answer_at as i32, answer.len() as i32))
    }
}

impl fmt::Debug for VerifierModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifierModule").field("fuel", &self.0.fuel).finish_non_exhaustive()
    }
}

/// Pages of memory that so much fuel allows. The first two come with the instance.
fn pages_for(fuel: u64) -> u64 {
    (2 + fuel / VERIFIER_FUEL_PER_PAGE).min(VERIFIER_MEMORY.0 / PAGE as u64)
}

/// Every setting that makes runs end, and nothing that a verifier does not need.
fn engine() -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config.consume_fuel(true).operator_cost(fuel::costs());
    config.wasm_features(WasmFeatures::all(), false).wasm_features(fuel::FEATURES, true);
    config.cranelift_nan_canonicalization(true).max_wasm_stack(STACK);
    config.memory_reservation(VERIFIER_MEMORY.0).memory_guard_size(PAGE as u64).memory_may_move(true);
    Engine::new(&config)
}

/// Bits of an integer type.
fn number(of: &ValType) -> Option<u32> {
    match of {
        ValType::I32 => Some(32),
        ValType::I64 => Some(64),
        _ => None,
    }
}

/// The cause at the bottom of an error, without the frames that wasmtime wraps around it.
fn first_line(error: &wasmtime::Error) -> String {
    error.root_cause().to_string().lines().next().unwrap_or_default().to_owned()
}
