//! Builds the demonstration: the modelled machine, the node, the money, the agents.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

use anyhow::{Context, Result, bail};
use maxwell_core::auction::config::MarketConfig;
use maxwell_core::bidding::Policy;
use maxwell_core::event::Event;
use maxwell_core::ledger::Role;
use maxwell_core::limits::{CELL_MEMORY, EVENTS_MAX, MODULE_BYTES_MAX, WINDOW};
use maxwell_core::price::Pricer;
use maxwell_core::tick::{AccountId, CellId};
use maxwell_core::units::{Microjoules, Moment, Nanoseconds, Ppm};
use maxwell_daemon::calibrate::{Patience, range_cost};
use maxwell_daemon::host::{CellsRun, HostMeter, ProcessMeter, ScriptedMeter};
use maxwell_daemon::inbox::{Inbox, StopSwitch};
use maxwell_daemon::journal::Journal;
use maxwell_daemon::node::{Bidding, Launch, Node, Surroundings};
use maxwell_daemon::recorder::{Line, Recorder};
use maxwell_daemon::scenario::Scenario;
use maxwell_daemon::tariff::ConstantTariff;
use maxwell_daemon::verifier::{InlineVerifier, ThreadVerifier, Verifier};
use maxwell_hypervisor::cell::CellConfig;
use maxwell_hypervisor::clock::{Clock, SystemClock, VirtualClock};
use maxwell_hypervisor::wasm::{ModuleError, Program, WasmRuntime};
use maxwell_physics::load::LoadMeter;
use maxwell_physics::sampler::{InlineSampler, Sampler, ThreadSampler};
use maxwell_physics::select::{Backend, Choice, ModelInputs, Selection, choose};
use maxwell_physics::sensor::ErrorBars;

use super::money::{Kept, Money, primes};
use super::trade::{MINER, SCIENTIST};
use super::{Mode, Options};
use crate::home::Home;

/// Fuel of a quantum in the fast mode, one unit for each operation of wasm: about a fortieth of what a core of today
/// does in 10 ms, so that a whole run takes about three seconds.
pub(crate) const FAST_FUEL: u64 = 2_350_000;

/// Niceness that the real-time run asks for: about twenty-eight times the weight of an ordinary program.
const NICENESS: i32 = -15;

/// What was found out before the start.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// The agents, in the order of their cells.
    pub(crate) agents: Vec<AgentFacts>,
    /// The rules of their market.
    pub(crate) market: MarketConfig,
    /// CPU time of a range of the bounty.
    pub(crate) cpu_per_range: Nanoseconds,
    /// What a range pays.
    pub(crate) reward: Microjoules,
    /// Price of a quantum at multiplier one.
    pub(crate) base: Microjoules,
    /// What stood in the way of the best operation, in sentences.
    pub(crate) warnings: Vec<String>,
}

/// An agent before its start.
#[derive(Clone, Debug)]
pub(crate) struct AgentFacts {
    pub(crate) name: String,
    pub(crate) wallet: AccountId,
    pub(crate) bidding: Bidding,
    /// The limit of its standing order at the start; zero if it has none.
    pub(crate) first_bid: Microjoules,
    pub(crate) funded: Microjoules,
}

/// Everything that runs. The runtime's threads end when it is dropped.
pub(crate) struct Stage {
    pub(crate) node: Node,
    pub(crate) money: Money,
    pub(crate) facts: Facts,
    _runtime: WasmRuntime,
}

/// The books after the end.
#[derive(Clone, Debug)]
pub(crate) struct Books {
    pub(crate) minted: Microjoules,
    pub(crate) sum: Microjoules,
    pub(crate) still_held: Microjoules,
    pub(crate) balances: Vec<Microjoules>,
}

impl Books {
    pub(crate) fn close(stage: &Stage) -> Self {
        let accounts = stage.node.ledger().accounts();
        Self {
            minted: accounts.minted(),
            sum: accounts.sum(),
            still_held: accounts.with_role(Role::Wallet).map(|(wallet, _)| accounts.held(wallet)).sum(),
            balances: stage.facts.agents.iter().map(|agent| accounts.balance(agent.wallet)).collect(),
        }
    }
}

/// A program of the demonstration.
struct Cast {
    name: &'static str,
    program: Program,
    bid: f64,
    policy: Option<Policy>,
}

pub(crate) fn build(
    scenario: &Scenario,
    mode: Mode,
    options: &Options,
    home: Option<Home>,
    switch: StopSwitch,
    lines: SyncSender<Line>,
) -> Result<Stage> {
    // Before any money moves.
    scenario.market.weights_of(scenario.machine.slots)?;
    let (modules, trade) = (&options.modules, &options.trade);
    if mode == Mode::RealTime {
        ask_for_priority();
    }
    let runtime = match mode {
        Mode::RealTime => WasmRuntime::real_time(scenario.machine.slots)?,
        Mode::Fast { seed } => WasmRuntime::deterministic(FAST_FUEL, seed)?,
    };
    let scientist = Cast {
        name: SCIENTIST,
        program: compile(&runtime, SCIENTIST, modules.scientist.as_deref(), maxwell_agents::SCIENTIST_WASM)?,
        bid: scenario.scientist_bid,
        policy: trade.policy(SCIENTIST),
    };
    let miner = Cast {
        name: MINER,
        program: compile(&runtime, MINER, modules.miner.as_deref(), maxwell_agents::MINER_WASM)?,
        bid: scenario.miner_bid,
        policy: trade.policy(MINER),
    };
    let cpu_per_range = measure(&runtime, &scientist.program, scenario, mode, &switch)?;

    let config = scenario.node_config();
    let base = Pricer::new(config.price.clone())?.base();
    let (reward, budget) = (scenario.reward(base, cpu_per_range), scenario.budget(base));
    let cast = if scenario.miner_first { [miner, scientist] } else { [scientist, miner] };
    let (money, ledger) = match home {
        Some(home) => {
            let (names, terms) = (cast.each_ref().map(|cast| cast.name), primes(reward, scenario.ranges()));
            let (kept, ledger) = Kept::open(home, names, scenario.funding(), terms, budget)?;
            (Money::Kept(Box::new(kept)), Some(ledger))
        }
        None => (Money::MadeUp, None),
    };
    let (ledger, journal) = Money::begin(ledger, mode)?;

    let inbox = Inbox::new(switch, Some(Moment(scenario.duration.0)));
    let events = inbox.sender();
    let mut node = Node::new(config, ledger, surroundings(scenario, mode, inbox, journal, lines)?)?;
    money.post_bounty(&mut node, budget, reward, scenario.ranges())?;
    let agents = cast.iter().map(|cast| launch(&mut node, &money, &runtime, cast, scenario, &events));
    let agents = agents.collect::<Result<_>>()?;
    let warnings = runtime.pinning().iter().filter_map(|pinning| pinning.warning.clone()).collect();
    let market = scenario.market.clone();
    let facts = Facts { agents, market, cpu_per_range, reward, base, warnings };
    Ok(Stage { node, money, facts, _runtime: runtime })
}

/// Asks for more CPU than other programs get, so that what is sold is there to be delivered. It holds for the threads that
/// are started from here on and ends with them. Only root is granted it; without it the demonstration needs an idle machine.
fn ask_for_priority() {
    let _ = rustix::process::setpriority_process(None, NICENESS);
}

/// Compiles the module in `file`, or the one that comes with Maxwell.
fn compile(runtime: &WasmRuntime, agent: &str, file: Option<&Path>, embedded: &[u8]) -> Result<Program> {
    let Some(file) = file else {
        return runtime.compile(embedded).context("a module that comes with Maxwell is refused");
    };
    let place = format!("the {agent}'s module {}", file.display());
    let unreadable = || format!("{place} cannot be read; name a wasm file that exists and that you may read");
    // The kind and the size are looked at before the file is read, so that a device or a huge file is not read whole.
    let entry = std::fs::metadata(file).with_context(unreadable)?;
    if !entry.is_file() {
        let kind = if entry.is_dir() { "a directory" } else { "a device or a pipe" };
        bail!("{place} is {kind}; name a wasm file");
    }
    if entry.len() > MODULE_BYTES_MAX {
        // The runtime's own words for it.
        return Err(ModuleError::TooLarge { bytes: entry.len() }).context(place);
    }
    let wasm = std::fs::read(file).with_context(unreadable)?;
    runtime.compile(&wasm).context(place)
}

/// Runs the scientist alone, outside the market, to learn how much CPU time a range takes here.
fn measure(
    runtime: &WasmRuntime,
    scientist: &Program,
    scenario: &Scenario,
    mode: Mode,
    switch: &StopSwitch,
) -> Result<Nanoseconds> {
    let (events, requests) = sync_channel(EVENTS_MAX);
    let config = CellConfig { id: CellId(u32::MAX), args: vec![], memory_max: CELL_MEMORY, events };
    let mut cell = runtime.spawn(scientist, config).context("the scientist cannot be started")?;
    // A range takes about 2 ms of a core of today, and a hundred times that in the fuel of the fast mode.
    let quanta_max = if mode == Mode::RealTime { 500 } else { 2_000 };
    let patience = Patience { quanta_max, is_over: &|| switch.is_interrupted() };
    Ok(range_cost(&mut *cell, &requests, &mut *clock(mode), scenario.ranges(), &patience)?)
}

fn clock(mode: Mode) -> Box<dyn Clock> {
    match mode {
        Mode::RealTime => Box::new(SystemClock::start()),
        Mode::Fast { .. } => Box::new(VirtualClock::default()),
    }
}

fn surroundings(
    scenario: &Scenario,
    mode: Mode,
    inbox: Inbox,
    journal: Box<dyn Journal>,
    lines: SyncSender<Line>,
) -> Result<Surroundings> {
    let load = Arc::new(LoadMeter::new());
    // The demonstration's machine is the model itself: there is nothing that the model could miss.
    let inputs = ModelInputs { machine: scenario.machine, load: load.clone(), errors: ErrorBars::NONE };
    let Selection { sensor, .. } = choose(Path::new("/"), &Choice::Only(Backend::Model), inputs)?;
    let clock: Box<dyn Clock>;
    let sensors: Box<dyn Sampler>;
    let host: Box<dyn HostMeter>;
    let verifier: Box<dyn Verifier>;
    match mode {
        Mode::RealTime => {
            let system = SystemClock::start();
            sensors = Box::new(ThreadSampler::start(sensor, WINDOW, system.epoch())?);
            verifier = Box::new(ThreadVerifier::start(inbox.sender())?);
            host = Box::new(ProcessMeter::start(CellsRun::Inside));
            clock = Box::new(system);
        }
        Mode::Fast { .. } => {
            sensors = Box::new(InlineSampler::new(sensor, WINDOW));
            verifier = Box::new(InlineVerifier::default());
            host = Box::new(ScriptedMeter { other_slots: scenario.other_slots });
            clock = Box::new(VirtualClock::default());
        }
    }
    let telemetry = Box::new(Recorder::new(lines));
    let tariff = Box::new(ConstantTariff(Ppm::ONE));
    Ok(Surroundings { clock, sensors, load, tariff, host, verifier, inbox, journal, telemetry })
}

fn launch(
    node: &mut Node,
    money: &Money,
    runtime: &WasmRuntime,
    cast: &Cast,
    scenario: &Scenario,
    events: &SyncSender<Event>,
) -> Result<AgentFacts> {
    let bid = Scenario::bid(node.base_price(), cast.bid);
    let funded = scenario.funding();
    let wallet = money.wallet(node, cast.name, funded)?;
    // An agent that has a policy makes no order of its own, which would bound it.
    let (bidding, args) = match cast.policy {
        Some(policy) => (Bidding::Policy(policy), Vec::new()),
        None => (Bidding::Itself(bid), vec!["--bid-uj".to_owned(), bid.0.to_string()]),
    };
    let launched = node.launch(Launch { wallet, slots: 1, bid: bidding }, |id| {
        let config = CellConfig { id, args, memory_max: CELL_MEMORY, events: events.clone() };
        runtime.spawn(&cast.program, config)
    });
    let cell = launched.with_context(|| format!("the {} cannot be started", cast.name))?;
    let order = node.population().get(cell).and_then(|member| member.order);
    let first_bid = order.map_or(Microjoules::ZERO, |order| order.limit);
    Ok(AgentFacts { name: cast.name.to_owned(), wallet, bidding, first_bid, funded })
}
