//! What the benchmarks and the tests of promised numbers share: a node of any size on a virtual clock.
#![forbid(unsafe_code)]

pub mod control;
mod paced;

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use maxwell_core::bidding::Policy;
use maxwell_core::bounty::claim::Answer;
use maxwell_core::bounty::terms::BountyId;
use maxwell_core::event::Event;
use maxwell_core::ledger::{BillingPolicy, Ledger};
use maxwell_core::limits::{CELL_MEMORY, WINDOW};
use maxwell_core::tick::{AccountId, CellId};
use maxwell_core::units::{Bytes, Microjoules, Nanoseconds, Ppm};
use maxwell_daemon::books::{find, ledger_of};
use maxwell_daemon::founding::Founding;
use maxwell_daemon::host::{CellsRun, HostMeter, ProcessMeter, ScriptedMeter};
use maxwell_daemon::inbox::{Inbox, StopSwitch};
use maxwell_daemon::journal::{Journal, Unrecorded};
use maxwell_daemon::node::{Bidding, Launch, Node, Post, Surroundings};
use maxwell_daemon::recorder::{LINES_MAX, Line, Recorder};
use maxwell_daemon::scenario::Scenario;
use maxwell_daemon::tariff::ConstantTariff;
use maxwell_daemon::verifier::{Busy, Job, ThreadVerifier, Verifier};
use maxwell_hypervisor::cell::{Cell, CellConfig};
use maxwell_hypervisor::clock::{Clock, SystemClock, VirtualClock};
use maxwell_hypervisor::simulated::{Behaviour, ClaimWork, SimulatedCell};
use maxwell_hypervisor::wasm::WasmRuntime;
use maxwell_physics::load::LoadMeter;
use maxwell_physics::sampler::{InlineSampler, Sampler, ThreadSampler};
use maxwell_physics::select::{Backend, Choice, ModelInputs, choose};
use maxwell_physics::sensor::{ErrorBars, ThermalSensor};
use paced::Paced;

/// Money of each simulated agent: enough that nobody dies in a benchmark.
const PLENTY: Microjoules = Microjoules::from_joules(1_000_000_000);
/// CPU time that a range takes a simulated agent.
const CPU_PER_RANGE: Nanoseconds = Nanoseconds::from_millis(7);

/// A node with its telemetry, which must be drained now and then.
pub struct Bench {
    /// The node.
    pub node: Node,
    /// What it tells.
    pub lines: Receiver<Line>,
    /// Wallets that are funded already, for the agents that come.
    wallets: std::vec::IntoIter<AccountId>,
    /// Owns the slots' threads; dropped after the node.
    runtime: Option<WasmRuntime>,
}

/// What a node's money is, and where it is recorded.
struct Money {
    ledger: Ledger,
    journal: Box<dyn Journal>,
    wallets: Vec<AccountId>,
    escrow: Option<AccountId>,
}

impl Money {
    /// None yet, and nothing of it is kept: the node mints what it needs.
    fn unrecorded() -> Self {
        let ledger = Ledger::new(BillingPolicy::default());
        Self { ledger, journal: Box::new(Unrecorded), wallets: Vec::new(), escrow: None }
    }

    /// Plenty in each of so many wallets and in an escrow, and all that becomes of it on record.
    fn recorded(wallets: usize) -> Self {
        let founding = Founding::new(&vec![PLENTY; wallets], Some(PLENTY));
        let books = founding.ledger.books();
        let account = |name| find(books, name).expect("it was founded with it");
        let wallets = founding.wallets.iter().map(account).collect();
        let escrow = founding.escrow.as_ref().map(account);
        let ledger = ledger_of(books, BillingPolicy::default()).expect("the books of a host");
        Self { ledger, journal: Box::new(Paced::start(founding.ledger)), wallets, escrow }
    }
}

/// A node on a virtual clock with `agents` simulated agents of different bids that all want to run on `slots` slots,
/// with physics, ledger and telemetry; every fourth one works on the bounty.
///
/// # Panics
/// When the node cannot be set up: a defect of the benchmark.
pub fn node(slots: u16, agents: usize) -> Bench {
    with_agents(slots, agents, Money::unrecorded(), own_bid)
}

/// [`node`], whose agents bid by the four policies in turn.
///
/// # Panics
/// When the node cannot be set up: a defect of the benchmark.
pub fn policy_node(slots: u16, agents: usize) -> Bench {
    let texts = ["fixed:12J", "track:margin=20%", "budget:horizon=1h", "deadline:in=2d,work=1d"];
    let policies = texts.map(|text| text.parse::<Policy>().expect("a policy"));
    let bid = |number: usize, _base| policies[number % policies.len()].into();
    with_agents(slots, agents, Money::unrecorded(), bid)
}

/// First bids that differ by the number of the agent.
fn own_bid(number: usize, base: Microjoules) -> Bidding {
    base.times(70 + (number as u64 * 37) % 101).into()
}

/// [`node`], with everything that moves money recorded by the thread of a ledger in memory. The virtual clock waits for that
/// thread after each billing window, as a real one would not have to.
///
/// # Panics
/// When the node cannot be set up: a defect of the benchmark.
pub fn recorded_node(slots: u16, agents: usize) -> Bench {
    with_agents(slots, agents, Money::recorded(agents), own_bid)
}

fn with_agents(
    slots: u16,
    agents: usize,
    money: Money,
    bid: impl Fn(usize, Microjoules) -> Bidding,
) -> Bench {
    let mut scenario = Scenario::default();
    scenario.machine.slots = slots;
    // Cooling grows with the machine, so that the die is as warm as in the demonstration.
    scenario.machine.thermal.die_resistance *= 2.0 / f64::from(slots);
    scenario.machine.thermal.sink_resistance *= 2.0 / f64::from(slots);
    let clock = Box::new(VirtualClock::default());
    let sampler = |sensor| Box::new(InlineSampler::new(sensor, WINDOW)) as Box<dyn Sampler>;
    let host = Box::new(ScriptedMeter { other_slots: 0.0 });
    let (mut bench, events) = connect(&scenario, money, clock, host, |_| Box::new(Believer), sampler);
    let base = bench.node.base_price();
    for number in 0..agents {
        let claims = number.is_multiple_of(4).then_some(ClaimWork { cpu_per_range: CPU_PER_RANGE, answer });
        let behaviour =
            Behaviour { claims, freed_per_second: Bytes::from_mebibytes(1), ..Behaviour::default() };
        bench.launch(bid(number, base), |id| {
            let config = CellConfig { id, args: vec![], memory_max: CELL_MEMORY, events: events.clone() };
            Box::new(SimulatedCell::new(config, behaviour))
        });
    }
    bench
}

/// A node in real time, with the scientist and the miner as wasm cells on two slots.
///
/// # Panics
/// When the node cannot be set up: a defect of the benchmark, or a machine that cannot run wasm.
pub fn wasm_node() -> Bench {
    let scenario = Scenario::default();
    let runtime = WasmRuntime::real_time(scenario.machine.slots).expect("a machine that runs wasm");
    let clock = SystemClock::start();
    let epoch = clock.epoch();
    let sampler =
        |sensor| Box::new(ThreadSampler::start(sensor, WINDOW, epoch).expect("a thread")) as Box<dyn Sampler>;
    let verifier = |events: &SyncSender<Event>| {
        Box::new(ThreadVerifier::start(events.clone()).expect("a thread")) as Box<dyn Verifier>
    };
    let (mut bench, events) = connect(
        &scenario,
        Money::unrecorded(),
        Box::new(clock),
        Box::new(ProcessMeter::start(CellsRun::Inside)),
        verifier,
        sampler,
    );
    for wasm in [maxwell_agents::SCIENTIST_WASM, maxwell_agents::MINER_WASM] {
        let program = runtime.compile(wasm).expect("the agents' modules are accepted");
        let bid = bench.node.base_price().times(4);
        bench.launch(bid, |id| {
            let config = CellConfig { id, args: vec![], memory_max: CELL_MEMORY, events: events.clone() };
            runtime.spawn(&program, config).expect("the agents fit into their cells")
        });
    }
    bench.runtime = Some(runtime);
    bench
}

/// Connects a node to a modelled machine and posts the bounty.
fn connect(
    scenario: &Scenario,
    money: Money,
    clock: Box<dyn Clock>,
    host: Box<dyn HostMeter>,
    verifier: impl FnOnce(&SyncSender<Event>) -> Box<dyn Verifier>,
    sampler: impl FnOnce(Box<dyn ThermalSensor>) -> Box<dyn Sampler>,
) -> (Bench, SyncSender<Event>) {
    let inbox = Inbox::new(StopSwitch::default(), None);
    let events = inbox.sender();
    let (sender, lines) = sync_channel(LINES_MAX);
    let load = Arc::new(LoadMeter::new());
    let inputs = ModelInputs { machine: scenario.machine, load: load.clone(), errors: ErrorBars::NONE };
    let selection =
        choose(Path::new("/"), &Choice::Only(Backend::Model), inputs).expect("the model works anywhere");
    let around = Surroundings {
        clock,
        sensors: sampler(selection.sensor),
        load,
        tariff: Box::new(ConstantTariff(Ppm::ONE)),
        host,
        verifier: verifier(&events),
        inbox,
        journal: money.journal,
        telemetry: Box::new(Recorder::new(sender)),
    };
    let mut node = Node::new(scenario.node_config(), money.ledger, around).expect("a possible configuration");
    let reward = scenario.reward(node.base_price(), CPU_PER_RANGE);
    let ranges = scenario.ranges();
    match money.escrow {
        Some(escrow) => node.post(Post::primes(BountyId(1), escrow, reward, ranges)).expect("an escrow"),
        None => {
            node.post_bounty(PLENTY, reward, ranges).expect("room for an escrow");
        }
    }
    (Bench { node, lines, wallets: money.wallets.into_iter(), runtime: None }, events)
}

/// An empty answer: finding the primes is the work of cells, not of the tick.
fn answer(_range: u64) -> Answer {
    Answer::of_primes(0, 0)
}

/// Takes every claim for true, so that the path of payment is walked: checking is the work of another thread.
struct Believer;

impl Verifier for Believer {
    fn submit(&mut self, job: Job) -> Result<Option<Event>, Busy> {
        Ok(Some(Event::Verified { cell: job.cell, claim: job.claim, holds: true }))
    }
}

impl Bench {
    fn launch(&mut self, bid: impl Into<Bidding>, create: impl FnOnce(CellId) -> Box<dyn Cell>) {
        let funded = self.wallets.next();
        let wallet = funded.unwrap_or_else(|| self.node.fund_wallet(PLENTY).expect("room for a wallet"));
        let launch = Launch { wallet, slots: 1, bid: bid.into() };
        self.node.launch(launch, |id| Ok::<_, Infallible>(create(id))).expect("room for a cell");
    }

    /// Handles events until `ticks` ticks have been walked.
    ///
    /// # Panics
    /// When an invariant does not hold.
    pub fn walk(&mut self, ticks: u64) {
        let end = self.node.ticks_walked() + ticks;
        while self.node.ticks_walked() < end {
            self.node.step().expect("every invariant holds");
        }
    }

    /// Takes out what the node told.
    pub fn drain(&mut self) {
        while self.lines.try_recv().is_ok() {}
    }
}
