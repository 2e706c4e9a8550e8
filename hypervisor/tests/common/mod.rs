//! What the tests of cells share: a harness for each kind of cell, and programs for it.
#![allow(dead_code, reason = "every test file uses its part of it")]

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use maxwell_core::bounty::claim::{Answer, Which};
use maxwell_core::event::{Event, Request};
use maxwell_core::limits::{CELL_MEMORY, EVENTS_MAX, QUANTUM};
use maxwell_core::tick::{CellId, SlotId, SlotSet, Usage};
use maxwell_core::units::{Bytes, Microjoules, Nanoseconds};
use maxwell_hypervisor::cell::{Cell, CellConfig, Permit};
use maxwell_hypervisor::clock::{Clock, SystemClock, VirtualClock};
use maxwell_hypervisor::process::{
    CpuPolicy, GateKind, HostError, HostOptions, KeeperCommand, ProcessCell, ProcessHost, Program,
};
use maxwell_hypervisor::simulated::{Behaviour, ClaimWork, SimulatedCell};
use maxwell_hypervisor::wasm::WasmRuntime;

/// How long a test waits for something before it fails: far more than any of it takes, even on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// Environment variable with the path of a keeper.
pub(crate) const KEEPER: &str = "MAXWELL_TEST_KEEPER";

/// Fuel of a quantum in the deterministic mode: some milliseconds of real work.
pub(crate) const FUEL: u64 = 1_000_000;

/// What a cell is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Compute for ever.
    Endless,
    /// End at once, with success.
    Finisher,
    /// Fail at once.
    Crasher,
    /// Lease and claim for ever.
    Leaser,
    /// Compute until there is a notice, then end.
    Obedient,
    /// Give memory back, then compute for ever.
    Discarder,
}

/// One way of running cells, with the clock that belongs to it.
pub(crate) struct Harness {
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) runtime: Option<WasmRuntime>,
    pub(crate) host: Option<ProcessHost>,
    next: u32,
}

impl Harness {
    pub(crate) fn real_time(slots: u16) -> Self {
        let runtime = WasmRuntime::real_time(slots).expect("this machine runs wasm");
        Self { clock: Box::new(SystemClock::start()), runtime: Some(runtime), host: None, next: 0 }
    }

    pub(crate) fn deterministic() -> Self {
        let runtime = WasmRuntime::deterministic(FUEL, 7).expect("this machine runs wasm");
        Self { clock: Box::new(VirtualClock::default()), runtime: Some(runtime), host: None, next: 0 }
    }

    pub(crate) fn simulated() -> Self {
        Self { clock: Box::new(VirtualClock::default()), runtime: None, host: None, next: 0 }
    }

    /// Processes behind a gate. `None` where the gate does not work, which is said.
    pub(crate) fn process(gate: GateKind, slots: u16) -> Option<Self> {
        let host = match ProcessHost::new(host_options(gate, slots)) {
            Ok(host) => host,
            Err(error @ (HostError::Gate { .. } | HostError::Slots { .. })) => {
                println!("skipped, because {error}");
                return None;
            }
            Err(error) => panic!("{error}"),
        };
        Some(Self { clock: Box::new(SystemClock::start()), runtime: None, host: Some(host), next: 0 })
    }

    /// A process cell that runs a shell script.
    pub(crate) fn shell(&mut self, script: &str) -> (ProcessCell, Receiver<Event>) {
        self.shell_with(script, CpuPolicy::default())
    }

    /// A process cell that runs a shell script under a policy.
    pub(crate) fn shell_with(&mut self, script: &str, cpu: CpuPolicy) -> (ProcessCell, Receiver<Event>) {
        let (config, queue) = self.config(&[]);
        let program =
            Program { path: "sh".into(), args: vec!["-c".into(), script.into()], cpu, ..Program::default() };
        let host = self.host.as_ref().expect("a harness for processes");
        (host.start(&program, config).expect("the shell starts"), queue)
    }

    /// A cell of a kind and the queue of its requests.
    pub(crate) fn cell(&mut self, kind: Kind) -> (Box<dyn Cell>, Receiver<Event>) {
        if self.host.is_some() {
            let (cell, queue) = self.shell(script(kind));
            return (Box::new(cell), queue);
        }
        if self.runtime.is_some() {
            return self.wat(program(kind));
        }
        let (config, queue) = self.config(&[]);
        (Box::new(SimulatedCell::new(config, behaviour(kind))), queue)
    }

    /// A cell that runs a module.
    pub(crate) fn wat(&mut self, text: &str) -> (Box<dyn Cell>, Receiver<Event>) {
        self.wat_with(text, &[], CELL_MEMORY)
    }

    /// A cell that runs a module with arguments and a memory limit.
    pub(crate) fn wat_with(
        &mut self,
        text: &str,
        args: &[&str],
        memory_max: Bytes,
    ) -> (Box<dyn Cell>, Receiver<Event>) {
        let (config, queue) = self.config(args);
        let runtime = self.runtime.as_ref().expect("a harness for wasm");
        let program = runtime.compile(&wat::parse_str(text).expect("valid text")).expect("a valid module");
        (runtime.spawn(&program, CellConfig { memory_max, ..config }).expect("it fits"), queue)
    }

    pub(crate) fn config(&mut self, args: &[&str]) -> (CellConfig, Receiver<Event>) {
        self.next += 1;
        let (events, queue): (SyncSender<Event>, _) = sync_channel(EVENTS_MAX);
        let args = args.iter().map(ToString::to_string).collect();
        (CellConfig { id: CellId(self.next), args, memory_max: CELL_MEMORY, events }, queue)
    }

    /// Leave to run on a slot for one quantum from now.
    pub(crate) fn permit(&self, slot: u16) -> Permit {
        let from = self.clock.now();
        Permit {
            slots: SlotSet::only(SlotId(slot)),
            from,
            until: from + QUANTUM,
            spot: Microjoules(150_000),
            clearing: Microjoules(200_000),
            balance: Microjoules(-3),
        }
    }

    /// One whole quantum, and what was used of it. The next is another's.
    pub(crate) fn quantum(&mut self, cell: &mut dyn Cell, slot: u16) -> Usage {
        let permit = self.permit(slot);
        cell.grant(&permit);
        cell.renew_lease();
        self.clock.wait_until(permit.until);
        cell.revoke();
        let usage = usage(cell);
        cell.park();
        usage
    }

    /// Quanta until `done` says so.
    pub(crate) fn quanta_until(
        &mut self,
        cell: &mut dyn Cell,
        mut done: impl FnMut(&Usage) -> bool,
    ) -> Usage {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let usage = self.quantum(cell, 0);
            if done(&usage) {
                return usage;
            }
            assert!(Instant::now() < deadline, "it never happened; the last usage was {usage:?}");
        }
    }

    /// Quanta until the program is over.
    pub(crate) fn run(&mut self, cell: &mut dyn Cell) -> Usage {
        self.quanta_until(cell, |usage| usage.exit.is_some())
    }
}

/// The usage as soon as the program has left its slot.
pub(crate) fn usage(cell: &mut dyn Cell) -> Usage {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(usage) = cell.usage() {
            return usage;
        }
        assert!(Instant::now() < deadline, "it never left its slot");
    }
}

/// The requests that wait in a queue.
pub(crate) fn requests(queue: &Receiver<Event>) -> Vec<Request> {
    let request = |event| match event {
        Event::Request { request, .. } => request,
        other => panic!("a cell sends requests only, not {other:?}"),
    };
    queue.try_iter().map(request).collect()
}

/// The claim that every test program makes.
pub(crate) fn claim(range: u64) -> Request {
    Request::Claim { which: Which::Primes, key: range, answer: answer(range) }
}

fn answer(_range: u64) -> Answer {
    Answer::of_primes(1, 2)
}

/// How process cells are run in tests: the keeper of this crate, unless the environment names a copy of it.
pub(crate) fn host_options(gate: GateKind, slots: u16) -> HostOptions {
    let program = std::env::var_os(KEEPER).unwrap_or_else(|| env!("CARGO_BIN_EXE_maxwell-keeper").into());
    let keeper = KeeperCommand { program: program.into(), args: Vec::new() };
    HostOptions { slots, gate: Some(gate), keeper, root: "/".into() }
}

fn behaviour(kind: Kind) -> Behaviour {
    let endless = Behaviour::default();
    match kind {
        Kind::Endless => endless,
        Kind::Finisher => Behaviour { finish_after: Some(Nanoseconds(1)), ..endless },
        Kind::Crasher => Behaviour { crash_after: Some(Nanoseconds(1)), ..endless },
        Kind::Leaser => {
            let work = ClaimWork { cpu_per_range: Nanoseconds(100_000), answer };
            Behaviour { claims: Some(work), ..endless }
        }
        Kind::Obedient => Behaviour { obeys_notice: true, ..endless },
        Kind::Discarder => Behaviour { freed_per_second: Bytes(1 << 20), ..endless },
    }
}

fn program(kind: Kind) -> &'static str {
    match kind {
        Kind::Endless => r#"(module (memory (export "memory") 1) (func (export "_start") (loop (br 0))))"#,
        Kind::Finisher => r#"(module (func (export "_start")))"#,
        Kind::Crasher => r#"(module (func (export "_start") unreachable))"#,
        Kind::Leaser => {
            r#"(module
                (import "maxwell" "lease" (func $lease (result i64)))
                (import "maxwell" "claim" (func $claim (param i64 i32 i64) (result i32)))
                (func (export "_start") (local $range i64)
                    (loop $next
                        (local.set $range (call $lease))
                        (br_if $next (i64.eq (local.get $range) (i64.const -1)))
                        (if (i64.lt_s (local.get $range) (i64.const 0)) (then (return)))
                        (drop (call $claim (local.get $range) (i32.const 1) (i64.const 2)))
                        (br $next))))"#
        }
        Kind::Obedient => {
            r#"(module
                (import "maxwell" "notice" (func $notice (result i64)))
                (func (export "_start") (loop $again (br_if $again (i64.eqz (call $notice))))))"#
        }
        Kind::Discarder => {
            r#"(module
                (import "maxwell" "discard" (func $discard (param i32 i32) (result i32)))
                (memory (export "memory") 1)
                (func (export "_start")
                    (drop (call $discard (i32.const 100) (i32.const 12288)))
                    (loop (br 0))))"#
        }
    }
}

fn script(kind: Kind) -> &'static str {
    match kind {
        Kind::Endless => "while :; do :; done",
        Kind::Finisher => "exit 0",
        Kind::Crasher => "exit 3",
        Kind::Leaser => {
            r#"while :; do
                echo lease >&3; read range <&3
                [ "$range" = -1 ] && continue
                [ "$range" -lt 0 ] && exit 0
                echo "claim $range 1 2" >&3; read status <&3
            done"#
        }
        Kind::Obedient => {
            r#"trap "" TERM
            while :; do
                echo notice >&3; read notice <&3
                [ "$notice" = 0 ] || exit 0
            done"#
        }
        Kind::Discarder => unreachable!("a process gives memory back by itself"),
    }
}
