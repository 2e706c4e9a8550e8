//! What every arm needs before it begins: the agents, started and parked, and the physics.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use maxwell_api::experiment::{AgentFate, Outcome, Run};
use maxwell_core::limits::QUANTUM;
use maxwell_core::tick::CellId;
use maxwell_core::units::{Microjoules, Moment, Nanoseconds};
use maxwell_daemon::inbox::{Inbox, StopSwitch};
use maxwell_daemon::scenario::{Economy, Scenario};
use maxwell_hypervisor::process::{ProcessCell, ProcessHost};
use maxwell_physics::load::LoadMeter;
use maxwell_physics::select::{Backend, Choice, ModelInputs, choose};
use maxwell_physics::sensor::{ErrorBars, ThermalSensor};

use super::{UNFINISHED, root, unbegun};
use crate::arms::Arm;
use crate::cast::{self, Agent};
use crate::cells;
use crate::economy;
use crate::record::{Labels, Recording, Source, Tape};
use crate::spec::RunSpec;

/// Everything that is there before the clock starts.
pub(super) struct Stage {
    pub(super) arm: Arm,
    pub(super) economy: Economy,
    /// Price of a quantum at multiplier one.
    pub(super) base: Microjoules,
    pub(super) agents: Vec<Agent>,
    /// In the order of the agents, whose places are their names.
    pub(super) cells: Vec<ProcessCell>,
    pub(super) inbox: Inbox,
    pub(super) sensor: Box<dyn ThermalSensor>,
    pub(super) load: Arc<LoadMeter>,
    pub(super) recording: Recording,
    pub(super) tape: Tape,
    facts: Run,
    /// Dropped last: it looks after what the cells leave behind.
    pub(super) host: ProcessHost,
}

impl Stage {
    pub(super) fn build(spec: &RunSpec, switch: &StopSwitch) -> Result<Self> {
        let arm: Arm = spec.arm.parse().context("the run's orders are not understood")?;
        let economy = economy::economy(arm, &spec.plan);
        let base = economy.machine.slot.over(QUANTUM);
        let agents = cast::agents(&spec.plan.agents);
        let host = cells::host(spec.plan.slots, spec.gate)?;
        let inbox = Inbox::new(switch.clone(), Some(Moment(economy.duration.0)));
        let mut cells = Vec::with_capacity(agents.len());
        for (index, agent) in agents.iter().enumerate() {
            let cpu = arm.policy_of(agent.parasite);
            let words = cells::words(Scenario::bid(base, agent.bid), seed(spec, index));
            cells.push(cells::start(&host, agent, cpu, words, CellId(index as u32), inbox.sender())?);
        }
        let load = Arc::new(LoadMeter::new());
        let sensor = sensor(spec, &economy, load.clone())?;
        let labels = Labels { run: spec.run, arm: spec.arm.clone(), repetition: spec.repetition };
        let source = Source {
            agents: agents.clone(),
            observers: cells.iter().map(ProcessCell::observer).collect(),
            replays: spec.trace.is_some(),
            slot: economy.machine.slot,
        };
        let ticks = spec.plan.record_ticks && arm.has_market();
        let (recording, tape) = Recording::start(&spec.folder, labels, source, ticks, switch.clone())?;
        let facts = facts(spec, arm, &host, &agents, base);
        Ok(Self { arm, economy, base, agents, cells, inbox, sensor, load, recording, tape, facts, host })
    }

    /// The run's record as far as it is known before it begins.
    pub(super) fn facts(&self) -> Run {
        self.facts.clone()
    }
}

fn facts(spec: &RunSpec, arm: Arm, host: &ProcessHost, agents: &[Agent], base: Microjoules) -> Run {
    let fate = |agent: &Agent| {
        let bid = Scenario::bid(base, agent.bid).0;
        let funded = economy::funding(arm, &spec.plan, agent).0;
        AgentFate {
            agent: agent.name.clone(),
            kind: agent.kind.clone(),
            parasite: agent.parasite,
            fate: "alive".to_owned(),
            reason: None,
            died_at_s: None,
            last_words: None,
            bid_uj: arm.has_market().then_some(bid),
            funded_uj: arm.has_market().then_some(funded),
            balance_uj: None,
            income_uj: None,
            cpu_s: 0.0,
            primes: 0,
        }
    };
    Run {
        cpus: host.cpus().to_vec(),
        gate: host.gate().to_string(),
        meter: host.meter().to_owned(),
        agents: agents.iter().map(fate).collect(),
        ..unbegun(spec, Outcome::Failed(UNFINISHED.to_owned()))
    }
}

fn sensor(spec: &RunSpec, economy: &Economy, load: Arc<LoadMeter>) -> Result<Box<dyn ThermalSensor>> {
    let choice = spec.trace.clone().map_or(Choice::Only(Backend::Model), Choice::Replay);
    // The experiment's machine is the model itself: there is nothing that the model could miss.
    let inputs = ModelInputs { machine: economy.machine, load, errors: ErrorBars::NONE };
    Ok(choose(root(), &choice, inputs)?.sensor)
}

/// Seed of an agent's work: in one repetition the same in every arm.
fn seed(spec: &RunSpec, index: usize) -> u64 {
    let place = u64::from(spec.repetition) << 32 | index as u64;
    spec.plan.seed.wrapping_add(place.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// CPU time of a range, which was measured before the first run.
pub(super) fn cpu_per_range(spec: &RunSpec) -> Result<Nanoseconds> {
    let measured = Some(Nanoseconds(spec.cpu_per_range_ns)).filter(|cost| cost.0 > 0);
    measured.ok_or_else(|| anyhow!("the run's orders do not say how long a range takes"))
}
