//! Modules: what is accepted, and what is said about the rest.

use std::fmt;
use std::sync::Arc;

use maxwell_core::limits::MODULE_BYTES_MAX;
use maxwell_core::units::Bytes;
use wasmtime::{
    Engine, ExternType, Instance, InstancePre, Linker, Module, ModuleExport, Store, UnknownImportError,
};

use super::ending::first_line;
use super::guest::Guest;

/// A compiled module, ready to be spawned any number of times. Cheap to clone.
#[derive(Clone)]
pub struct Program(Arc<Compiled>);

struct Compiled {
    engine: Engine,
    ready: InstancePre<Guest>,
    memory: Option<ModuleExport>,
    memory_min: Bytes,
    name: String,
}

/// Why a module is not accepted. Trying again with the same bytes is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModuleError {
    /// Larger than [`MODULE_BYTES_MAX`].
    #[error(
        "the module has {bytes} bytes and at most {MODULE_BYTES_MAX} are accepted; strip it or optimise it for size"
    )]
    TooLarge {
        /// Its size.
        bytes: u64,
    },
    /// A component rather than a core module.
    #[error(
        "this is a wasm component (WASI preview 2); agents are core modules: build for the target wasm32-wasip1"
    )]
    Component,
    /// Not wasm at all.
    #[error("this is not a wasm module: it does not begin with the bytes 00 61 73 6d (\"\\0asm\")")]
    NotWasm,
    /// Wasm that does not validate, or that uses a feature which is off.
    #[error("the module is malformed or uses a wasm feature that is off: {0}")]
    Malformed(String),
    /// Without the entry point of a WASI command.
    #[error("the module does not export the function `_start`; build it as a program, not as a library")]
    NoStart,
    /// An entry point of another type.
    #[error("the module's `_start` takes parameters or returns results; it must do neither")]
    WrongStart,
    /// An import that cells do not have.
    #[error(
        "the module imports `{module}` `{name}`, which cells do not have; they have `wasi_snapshot_preview1` and `maxwell`"
    )]
    UnknownImport {
        /// Namespace of the import.
        module: String,
        /// Its name.
        name: String,
    },
    /// An import of another type than the one that cells have.
    #[error("the module imports something with a wrong signature: {0}")]
    WrongImport(String),
}

impl Program {
    /// Compiles, checks and links.
    pub(super) fn compile(
        engine: &Engine,
        linker: &Linker<Guest>,
        bytes: &[u8],
    ) -> Result<Self, ModuleError> {
        check_header(bytes)?;
        let module =
            Module::new(engine, bytes).map_err(|error| ModuleError::Malformed(first_line(&error)))?;
        match module.get_export("_start") {
            Some(ExternType::Func(start)) if start.params().len() + start.results().len() == 0 => {}
            Some(ExternType::Func(_)) => return Err(ModuleError::WrongStart),
            _ => return Err(ModuleError::NoStart),
        }
        let ready = linker.instantiate_pre(&module).map_err(|error| import_error(&error))?;
        let wasm_pages = module.resources_required().max_initial_memory_size.unwrap_or(0);
        let exports_memory = matches!(module.get_export("memory"), Some(ExternType::Memory(_)));
        Ok(Self(Arc::new(Compiled {
            engine: engine.clone(),
            memory: exports_memory.then(|| module.get_export_index("memory")).flatten(),
            memory_min: Bytes(wasm_pages << 16),
            name: module.name().unwrap_or("agent").to_owned(),
            ready,
        })))
    }

    /// What it calls itself: the name in its name section, or "agent". Programs get it as their argument zero.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Linear memory that it begins with.
    pub fn memory_min(&self) -> Bytes {
        self.0.memory_min
    }

    /// Whether it was compiled for this engine; another's code meters differently and would not run.
    pub(super) fn is_for(&self, engine: &Engine) -> bool {
        Engine::same(&self.0.engine, engine)
    }

    pub(super) fn memory(&self) -> Option<ModuleExport> {
        self.0.memory
    }

    pub(super) async fn instantiate(&self, store: &mut Store<Guest>) -> wasmtime::Result<Instance> {
        self.0.ready.instantiate_async(store).await
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("name", &self.0.name).field("memory_min", &self.0.memory_min).finish()
    }
}

fn check_header(bytes: &[u8]) -> Result<(), ModuleError> {
    let size = bytes.len() as u64;
    if size > MODULE_BYTES_MAX {
        return Err(ModuleError::TooLarge { bytes: size });
    }
    if !bytes.starts_with(b"\0asm") {
        return Err(ModuleError::NotWasm);
    }
    // After the magic number come two bytes of version and two of layer; the layer of components is one.
    if bytes.get(6..8) == Some(&[1, 0]) {
        return Err(ModuleError::Component);
    }
    Ok(())
}

fn import_error(error: &wasmtime::Error) -> ModuleError {
    match error.downcast_ref::<UnknownImportError>() {
        Some(import) => {
            ModuleError::UnknownImport { module: import.module().to_owned(), name: import.name().to_owned() }
        }
        None => ModuleError::WrongImport(format!("{error:#}")),
    }
}
