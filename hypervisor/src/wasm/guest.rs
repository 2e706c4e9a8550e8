//! What a program's store holds: everything that its host functions can reach, and nothing of another cell.

use std::sync::Arc;

use maxwell_core::event::Request;
use maxwell_core::limits::HOST_BYTES_PER_QUANTUM_MAX;
use wasmtime::{Caller, Extern, Memory, ModuleExport};
use wasmtime_wasi::WasiCtx;
use wasmtime_wasi::p1::WasiP1Ctx;

use super::limiter::Limiter;
use super::panel::Panel;
use super::wasi::{self, Randomness};
use crate::cell::CellConfig;
use crate::requests::Requests;

/// The state behind a program's imports.
pub(super) struct Guest {
    /// The board shared with the owner.
    pub(super) panel: Arc<Panel>,
    /// Limits on growth.
    pub(super) limiter: Limiter,
    /// WASI preview 1, for all that [`wasi`] does not do itself.
    pub(super) wasi: WasiP1Ctx,
    /// Where random bytes come from.
    pub(super) randomness: Randomness,
    /// Fuel after which a program yields, in the deterministic mode.
    pub(super) fuel: Option<u64>,
    requests: Requests,
    memory: Option<ModuleExport>,
    /// Bytes that host calls have moved for the program since it last yielded within one.
    host_bytes: usize,
}

impl Guest {
    /// The state of a program called `name` whose memory is `memory`.
    pub(super) fn new(
        config: CellConfig,
        name: &str,
        memory: Option<ModuleExport>,
        panel: Arc<Panel>,
        randomness: Randomness,
        fuel: Option<u64>,
    ) -> Self {
        let wasi = WasiCtx::builder()
            .arg(name)
            .args(&config.args)
            .wall_clock(wasi::Clock(panel.clone()))
            .monotonic_clock(wasi::Clock(panel.clone()))
            .build_p1();
        Self {
            limiter: Limiter::new(panel.clone(), config.memory_max),
            panel,
            wasi,
            randomness,
            fuel,
            requests: Requests::new(config.id, config.events),
            memory,
            host_bytes: 0,
        }
    }

    /// Passes a request to the main loop, if the quantum's limit and its queue allow; `None` is one that is invalid.
    /// The status is one of the agent's interface.
    ///
    /// # Errors
    /// A program that goes on after very many refusals is flooding and is ended.
    pub(super) fn submit(&mut self, request: Option<Request>) -> wasmtime::Result<i32> {
        Ok(self.requests().submit(request)?)
    }

    /// Refuses a request with `status`, and counts it.
    ///
    /// # Errors
    /// As [`Guest::submit`].
    pub(super) fn refuse(&mut self, status: i32) -> wasmtime::Result<i32> {
        Ok(self.requests().refuse(status)?)
    }

    /// What `lease` returns, `None` while the answer is on its way.
    ///
    /// # Errors
    /// As [`Guest::submit`].
    pub(super) fn lease(&mut self) -> wasmtime::Result<Option<i64>> {
        let panel = self.panel.clone();
        Ok(self.requests().lease(&panel.leases)?)
    }

    /// What `lease_of` returns, `None` while the answer is on its way.
    ///
    /// # Errors
    /// As [`Guest::submit`].
    pub(super) fn lease_of(&mut self, bounty: i64) -> wasmtime::Result<Option<i64>> {
        let panel = self.panel.clone();
        Ok(self.requests().lease_of(&panel.leases, bounty)?)
    }

    /// Notes work of a host call, and whether the program shall yield before it goes on.
    pub(super) fn host_work_is_due(&mut self, bytes: usize) -> bool {
        if self.fuel.is_none() {
            return !self.panel.is_open();
        }
        self.host_bytes += bytes;
        let due = self.host_bytes >= HOST_BYTES_PER_QUANTUM_MAX;
        if due {
            self.host_bytes = 0;
        }
        due
    }

    fn requests(&mut self) -> &mut Requests {
        self.requests.in_quantum(self.panel.board.quantum())
    }
}

/// The program's linear memory, if it exports one by the name "memory".
pub(super) fn memory(caller: &mut Caller<'_, Guest>) -> Option<Memory> {
    let export = caller.data().memory?;
    caller.get_module_export(&export).and_then(Extern::into_memory)
}

/// The stretch of `bytes` bytes at `pointer`, if all of it lies in the memory.
pub(super) fn stretch(memory: &[u8], pointer: u32, bytes: u32) -> Option<&[u8]> {
    let start = pointer as usize;
    memory.get(start..start.checked_add(bytes as usize)?)
}
