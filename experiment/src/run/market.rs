//! A run with the market: a real node, whose cells are processes.

use anyhow::{Context, Result, anyhow};
use maxwell_core::energy::Readings;
use maxwell_core::ledger::{BillingPolicy, Ledger};
use maxwell_core::limits::WINDOW;
use maxwell_core::units::{Microjoules, Ppm};
use maxwell_daemon::host::{CellsRun, ProcessMeter};
use maxwell_daemon::journal::Unrecorded;
use maxwell_daemon::node::{Ending, Launch, Node, Surroundings};
use maxwell_daemon::scenario::Scenario;
use maxwell_daemon::tariff::ConstantTariff;
use maxwell_daemon::verifier::ThreadVerifier;
use maxwell_hypervisor::cell::Cell;
use maxwell_hypervisor::clock::SystemClock;
use maxwell_hypervisor::priority::real_time_priority;
use maxwell_physics::sampler::ThreadSampler;

use super::Finished;
use super::stage::{Stage, cpu_per_range};
use crate::economy;
use crate::record::{AgentSample, Fold, MarketTelemetry};
use crate::spec::RunSpec;

pub(super) fn run(stage: Stage, spec: &RunSpec) -> Result<Finished> {
    let (arm, base) = (stage.arm, stage.base);
    let (budget, reward) = economy::bounty(&stage.economy, base, cpu_per_range(spec)?);
    let first = AgentSample { state: "created", won: Some(0), ..AgentSample::default() };
    let fold = Fold::new(stage.tape, stage.agents.len(), first);
    let telemetry = Box::new(MarketTelemetry::new(fold, spec.plan.record_ticks));
    let verifier = Box::new(ThreadVerifier::start(stage.inbox.sender())?);
    let clock = SystemClock::start();
    let sensors = Box::new(ThreadSampler::start(stage.sensor, WINDOW, clock.epoch())?);
    let around = Surroundings {
        sensors,
        load: stage.load,
        tariff: Box::new(ConstantTariff(Ppm::ONE)),
        host: Box::new(ProcessMeter::start(CellsRun::Outside)),
        verifier,
        inbox: stage.inbox,
        journal: Box::new(Unrecorded),
        telemetry,
        clock: Box::new(clock),
    };
    let mut config = stage.economy.node_config();
    if spec.trace.is_some() {
        config.energy.readings = Readings::Recorded;
    }
    let mut node = Node::new(config, Ledger::new(BillingPolicy::default()), around)?;
    assert_eq!(node.base_price(), base, "one price of a quantum");
    node.post_bounty(budget, reward, stage.economy.ranges())?;
    let mut wallets = Vec::with_capacity(stage.agents.len());
    for (agent, cell) in stage.agents.iter().zip(stage.cells) {
        let wallet = node.fund_wallet(economy::funding(arm, &spec.plan, agent))?;
        let launch = Launch { wallet, slots: 1, bid: Scenario::bid(base, agent.bid).into() };
        let cell: Box<dyn Cell> = Box::new(cell);
        node.launch(launch, |_| Ok::<_, String>(cell))
            .with_context(|| format!("the {} is not taken into the market", agent.name))?;
        wallets.push(wallet);
    }
    let (node, ending, priority) = on_its_own_thread(node)?;
    let accounts = node.ledger().accounts();
    let balances: Vec<Microjoules> = wallets.iter().map(|wallet| accounts.balance(*wallet)).collect();
    let sum = accounts.sum();
    // Its telemetry holds the tape, which has to go before the recording can end.
    drop(node);
    let recorded = stage.recording.end()?;
    let ending =
        ending.context("an invariant of Maxwell does not hold; this is a defect, please report it")?;
    let real_time_priority = priority.is_ok();
    let mut warnings: Vec<String> = priority.err().into_iter().collect();
    if sum != Microjoules::ZERO {
        warnings.push(format!("the accounts sum to {sum} and not to zero: a defect, please report it"));
    }
    let Ending { stop, at, .. } = ending;
    Ok(Finished { stop, at, recorded, warnings, real_time_priority, wallets: balances, host: stage.host })
}

type Ended = (Node, Result<Ending, maxwell_core::invariants::Violation>, Result<(), String>);

/// Runs the node on a thread with real-time priority, if that is granted.
fn on_its_own_thread(mut node: Node) -> Result<Ended> {
    let work = move || {
        let priority = real_time_priority().map_err(|error| error.to_string());
        let ending = node.run();
        (node, ending, priority)
    };
    let thread = std::thread::Builder::new().name("maxwell-node".into()).spawn(work);
    let thread = thread.context("the node's thread cannot be started, raise the limit on threads")?;
    thread.join().map_err(|_| anyhow!("the node failed; its message stands above"))
}
