//! Limits on what a program may grow.

use std::sync::Arc;

use maxwell_core::units::Bytes;
use wasmtime::ResourceLimiter;

use super::panel::Panel;

/// Elements of all tables of a module: pointers to functions, eight bytes each; large programs have some thousands.
const TABLE_ELEMENTS_MAX: usize = 100_000;

/// Tables of a module. Compilers emit one.
const TABLES_MAX: usize = 4;

/// Refuses growth beyond the cell's limits, and remembers it: most programs trap when an allocation fails, and the
/// limit, not the trap, is what the operator should hear of.
#[derive(Debug)]
pub(super) struct Limiter {
    panel: Arc<Panel>,
    memory_max: Bytes,
    refusal: Option<Refusal>,
    /// Size before the last growth that was allowed, and after it.
    growth: Option<(usize, usize)>,
}

#[derive(Clone, Copy, Debug)]
enum Refusal {
    Memory { wanted: usize },
    Table { wanted: usize },
    Host { wanted: usize },
}

impl Limiter {
    /// Allows `memory_max` of linear memory.
    pub(super) fn new(panel: Arc<Panel>, memory_max: Bytes) -> Self {
        Self { panel, memory_max, refusal: None, growth: None }
    }

    /// The last growth that was refused, in words.
    pub(super) fn refusal(&self) -> Option<String> {
        let max = self.memory_max.0 >> 10;
        Some(match self.refusal? {
            Refusal::Memory { wanted } => format!(
                "limit reached: the program asked for {} KiB of memory and may have {max} KiB; raise its memory limit or make it use less",
                wanted >> 10
            ),
            Refusal::Table { wanted } => format!(
                "limit reached: the program asked for a table of {wanted} elements and may have {TABLE_ELEMENTS_MAX}"
            ),
            Refusal::Host { wanted } => format!(
                "limit reached: the host could not give {} KiB of memory; run fewer cells or raise vm.max_map_count",
                wanted >> 10
            ),
        })
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, now: usize, wanted: usize, max: Option<usize>) -> wasmtime::Result<bool> {
        self.growth = None;
        if wanted as u64 > self.memory_max.0 {
            self.refusal = Some(Refusal::Memory { wanted });
            return Ok(false);
        }
        if max.is_some_and(|max| wanted > max) {
            // The module's own maximum: not a limit of ours to speak of.
            return Ok(false);
        }
        self.growth = Some((now, wanted));
        self.panel.set_memory(wanted as u64);
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        if let Some((before, wanted)) = self.growth.take() {
            self.panel.set_memory(before as u64);
            self.refusal = Some(Refusal::Host { wanted });
        }
        Ok(())
    }

    fn table_growing(&mut self, _now: usize, wanted: usize, _max: Option<usize>) -> wasmtime::Result<bool> {
        if wanted > TABLE_ELEMENTS_MAX {
            self.refusal = Some(Refusal::Table { wanted });
            return Ok(false);
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        TABLES_MAX
    }

    fn memories(&self) -> usize {
        1
    }
}
