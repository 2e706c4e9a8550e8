//! How long it takes from the decision to let a cell run to its first instruction, and from one cell to the next on
//! the same slot. Prints distributions in microseconds; nothing is asserted, machines differ.
//!
//! The program looks at its clock for ever. When it sees a gap, its quantum has just begun, and it says what time it
//! is, as the limit of a bid. A process also says when it last looked before the gap: then it was stopped.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::sleep;
use std::time::{Duration, Instant};

use maxwell_core::event::{Event, Request};
use maxwell_core::limits::{CELL_MEMORY, QUANTUM};
use maxwell_core::tick::{CellId, SlotId, SlotSet};
use maxwell_core::units::{Microjoules, Moment};
use maxwell_hypervisor::cell::{Cell, CellConfig, Permit};
use maxwell_hypervisor::priority::real_time_priority;
use maxwell_hypervisor::process::{GateKind, HostOptions, KeeperCommand, ProcessHost, Program, keeper};
use maxwell_hypervisor::wasm::WasmRuntime;
use rustix::thread::{sched_getaffinity, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

/// A gap of 100 µs is no interrupt, and shorter than any pause made here.
const PROGRAM: &str = r#"(module
    (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
    (import "maxwell" "set_bid" (func $bid (param i64 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "_start") (local $now i64) (local $last i64)
        (loop $look
            (drop (call $clock (i32.const 1) (i64.const 1) (i32.const 8)))
            (local.set $now (i64.load (i32.const 8)))
            (if (i64.gt_u (i64.sub (local.get $now) (local.get $last)) (i64.const 100000))
                (then (drop (call $bid (local.get $now) (i32.const 1)))))
            (local.set $last (local.get $now))
            (br $look))))"#;

/// A gap that is no interrupt, for processes.
const GAP: Duration = Duration::from_micros(100);

/// Decisions measured for each figure.
const ROUNDS: usize = 2_000;

/// How long a cell runs between two decisions.
const RUN: Duration = Duration::from_millis(1);

struct Agent {
    cell: Box<dyn Cell>,
    queue: Receiver<Event>,
}

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    match args.next() {
        // This program is keeper and agent too.
        Some(word) if word == "keeper" => return keeper::main(args),
        Some(_) => watch(args.next().and_then(|origin| origin.to_str()?.parse().ok()).unwrap_or(0)),
        None => {}
    }
    wasm();
    processes(false);
    processes(true);
    ExitCode::SUCCESS
}

/// Every gate that works here.
fn processes(real_time: bool) {
    for gate in [GateKind::FreezerV2, GateKind::FreezerV1, GateKind::Signals] {
        let program = std::env::current_exe().expect("this program has a path");
        let command = KeeperCommand { program: program.clone(), args: vec!["keeper".into()] };
        let options = HostOptions { slots: 1, gate: Some(gate), keeper: command, root: "/".into() };
        match ProcessHost::new(options) {
            Ok(host) => {
                // On a thread of its own, so that the next host finds every CPU.
                std::thread::scope(|scope| _ = scope.spawn(|| process(&host, program, real_time)));
            }
            Err(error) => println!("skipped, because {error}"),
        }
    }
}

/// Leaves the slot's CPU to the cell, if there is another, so that the cell runs when it is parked.
fn step_aside(host: &ProcessHost) {
    let mut others = sched_getaffinity(None).expect("the usable CPUs are known");
    host.cpus().iter().for_each(|&cpu| others.unset(cpu as usize));
    if others.count() > 0 {
        sched_setaffinity(None, &others).expect("a thread may use some of its CPUs");
    }
}

/// One gate.
fn process(host: &ProcessHost, path: std::path::PathBuf, real_time: bool) {
    step_aside(host);
    let priority = real_time.then(|| match real_time_priority() {
        Ok(()) => ", real-time".to_owned(),
        Err(error) => format!(", not real-time: {error}"),
    });
    let name = format!("{}{}", host.gate(), priority.unwrap_or_default());
    let (events, queue) = sync_channel(1_024);
    let origin = monotonic();
    let args = vec![String::from("watch"), origin.as_nanos().to_string()];
    let config = CellConfig { id: CellId(1), args, memory_max: CELL_MEMORY, events };
    let cell = host.start(&Program { path, ..Program::default() }, config).expect("it starts");
    let mut agent = Agent { cell: Box::new(cell), queue };
    let (mut grants, mut parks, mut starts, mut stops) = (vec![], vec![], vec![], vec![]);
    let mut parked = Duration::ZERO;
    for round in 0..=ROUNDS {
        sleep(RUN);
        agent.cell.renew_lease();
        agent.drain();
        let decided = monotonic();
        agent.start();
        grants.push(monotonic().saturating_sub(decided));
        let (stopped, started) = (agent.says(), agent.says());
        // The first gap is the start.
        if round > 0 {
            stops.push((origin + stopped).saturating_sub(parked));
            starts.push((origin + started).saturating_sub(decided));
        }
        sleep(RUN);
        agent.cell.revoke();
        agent.free();
        parked = monotonic();
        agent.cell.park();
        parks.push(monotonic().saturating_sub(parked));
    }
    report(&format!("{name}: grant as the caller sees it"), grants);
    report(&format!("{name}: decision to first instruction"), starts);
    report(&format!("{name}: park as the caller sees it"), parks);
    report(&format!("{name}: decision to last instruction"), stops);
}

/// The agent: looks at its clock for ever, and says when it last looked before a gap and first after it.
fn watch(origin: u64) -> ! {
    let mut channel = UnixStream::from(channel_end());
    let mut last = Duration::from_nanos(origin);
    loop {
        let now = monotonic();
        if now.saturating_sub(last) < GAP {
            last = now;
            continue;
        }
        let since = |moment: Duration| moment.as_nanos() as u64 - origin;
        write!(channel, "set_bid {} 1\nset_bid {} 1\n", since(last), since(now)).expect("Maxwell reads");
        // Two answers of two bytes. Waiting for them is no gap.
        channel.read_exact(&mut [0; 4]).expect("Maxwell answers");
        last = monotonic();
    }
}

/// What every process on the machine reads alike.
fn monotonic() -> Duration {
    let time = clock_gettime(ClockId::Monotonic);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn channel_end() -> std::os::fd::OwnedFd {
    // The descriptor can be opened anew only if it is no socket, so a copy of it is taken.
    // SAFETY: the keeper has opened it for this program, which does not use it otherwise.
    let end = unsafe { std::os::fd::BorrowedFd::borrow_raw(3) };
    end.try_clone_to_owned().expect("the keeper gives every program its channel")
}

fn wasm() {
    let runtime = WasmRuntime::real_time(1).expect("this machine runs wasm");
    for worker in runtime.pinning() {
        println!("{worker:?}");
    }
    let origin = runtime.clock_origin().expect("real time");
    let mut agents = [agent(&runtime, 1), agent(&runtime, 2)];
    // The first quantum instantiates and warms up.
    for agent in &mut agents {
        agent.first_instruction(origin, Agent::start);
    }

    let asleep = (0..ROUNDS).map(|_| {
        sleep(RUN);
        agents[0].first_instruction(origin, Agent::start)
    });
    report("decision to first instruction, worker asleep", asleep.collect());

    let calls = (0..ROUNDS).map(|_| agents[0].calls());
    let (grants, frees): (Vec<_>, Vec<_>) = calls.unzip();
    report("grant as the caller sees it, worker asleep", grants);
    report("revoke and usage, as the caller sees them", frees);

    report("switch from one cell to the next, worker awake", switches(&mut agents, origin));
}

/// Time from a decision to the first instruction of the next cell, when that is posted before the last is revoked.
fn switches(agents: &mut [Agent; 2], origin: Instant) -> Vec<Duration> {
    agents[0].start();
    let switches = (0..ROUNDS).map(|round| {
        sleep(RUN);
        let [first, second] = agents;
        let (now, next) = if round % 2 == 0 { (first, second) } else { (second, first) };
        next.drain();
        let decided = origin.elapsed();
        next.start();
        now.cell.revoke();
        let took = next.says().saturating_sub(decided);
        now.free();
        took
    });
    let switches = switches.collect();
    for agent in agents {
        agent.cell.revoke();
        agent.free();
    }
    switches
}

impl Agent {
    fn start(&mut self) {
        let permit = Permit {
            slots: SlotSet::only(SlotId(0)),
            from: Moment(0),
            until: Moment(0) + QUANTUM,
            spot: Microjoules(1),
            clearing: Microjoules(1),
            balance: Microjoules(1),
        };
        self.cell.grant(&permit);
    }

    /// Waits until the slot is free.
    fn free(&mut self) {
        while self.cell.usage().is_none() {}
    }

    fn drain(&mut self) {
        while self.queue.try_recv().is_ok() {}
    }

    /// When its quantum began, on its own clock.
    fn says(&mut self) -> Duration {
        match self.queue.recv().expect("the cell lives") {
            Event::Request { request: Request::Order { limit, .. }, .. } => {
                Duration::from_nanos(limit.0 as u64)
            }
            other => panic!("{other:?}"),
        }
    }

    /// A whole quantum; how long its first instruction took from the decision.
    fn first_instruction(&mut self, origin: Instant, start: impl Fn(&mut Self)) -> Duration {
        self.drain();
        let decided = origin.elapsed();
        start(self);
        let began = self.says();
        sleep(RUN);
        self.cell.revoke();
        self.free();
        began.saturating_sub(decided)
    }

    /// What the caller waits for in `grant`, and in `revoke` with `usage`.
    fn calls(&mut self) -> (Duration, Duration) {
        sleep(RUN);
        let start = Instant::now();
        self.start();
        let granted = start.elapsed();
        sleep(RUN);
        let start = Instant::now();
        self.cell.revoke();
        self.free();
        (granted, start.elapsed())
    }
}

fn agent(runtime: &WasmRuntime, id: u32) -> Agent {
    let (events, queue) = sync_channel(1_024);
    let config = CellConfig { id: CellId(id), args: Vec::new(), memory_max: CELL_MEMORY, events };
    let program = runtime.compile(&wat::parse_str(PROGRAM).expect("valid text")).expect("a valid module");
    Agent { cell: runtime.spawn(&program, config).expect("it fits"), queue }
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_nanos() as f64 / 1e3;
    println!(
        "{what:<70} p10 {:7.1}  p50 {:7.1}  p90 {:7.1}  p99 {:7.1}  max {:8.1} µs  ({} rounds)",
        at(0.1),
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0),
        times.len()
    );
}
