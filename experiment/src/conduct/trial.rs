//! What is tried before the first run, so that a mistake costs no run.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use anyhow::{Context, Result, bail};
use maxwell_api::experiment::Plan;
use maxwell_core::event::Event;
use maxwell_core::limits::EVENTS_MAX;
use maxwell_core::tick::CellId;
use maxwell_core::units::{Microjoules, Nanoseconds};
use maxwell_daemon::calibrate::{Patience, how_it_ended, range_cost, run_quantum};
use maxwell_daemon::inbox::StopSwitch;
use maxwell_hypervisor::cell::Cell;
use maxwell_hypervisor::clock::SystemClock;
use maxwell_hypervisor::process::{CpuPolicy, ProcessHost};
use maxwell_physics::load::LoadMeter;
use maxwell_physics::replay::Trace;
use maxwell_physics::select::{Choice, ModelInputs, choose};
use maxwell_physics::sensor::ErrorBars;

use crate::arms::Arm;
use crate::cast::{self, Agent};
use crate::cells;
use crate::economy;
use crate::plan::Request;
use crate::run::root;

/// Quanta after which the measurement of the scientist ends with fewer ranges than it wants.
const QUANTA_MAX: u32 = 500;
/// Quanta that a program has to live through before it may take part.
const TRIAL_QUANTA: u32 = 20;

/// Which sensors there are and why they are taken or not, one sentence each. A trace that cannot be replayed or is too
/// short is refused here.
pub(super) fn sensors(request: &Request) -> Result<Vec<String>> {
    let machine = economy::machine(request.slots);
    if let Some(path) = &request.trace {
        let trace = Trace::open(path, &machine.thermal)?;
        let lasts_s = trace.samples().last().map_or(0.0, |last| last.at.as_seconds());
        if lasts_s < f64::from(request.duration_s) {
            bail!(
                "the trace {} ends after {lasts_s} s and a run lasts {} s; give a shorter --duration or a longer trace",
                path.display(),
                request.duration_s
            );
        }
    }
    let choice = request.trace.clone().map_or(Choice::Model, Choice::Replay);
    let inputs = ModelInputs { machine, load: Arc::new(LoadMeter::new()), errors: ErrorBars::NONE };
    let selection = choose(root(), &choice, inputs)?;
    Ok(selection.verdicts.iter().map(ToString::to_string).collect())
}

/// Tries every program that the user brings along, and runs the scientist alone, outside any market, to learn how much
/// CPU time a range takes here.
pub(super) fn measure(host: &ProcessHost, plan: &Plan, switch: &StopSwitch) -> Result<Nanoseconds> {
    let mut agents = cast::agents(&plan.agents);
    agents.dedup_by(|a, b| a.kind == b.kind);
    // The host wants every cell to have a name of its own.
    let mut scientist = None;
    for (agent, id) in agents.iter().zip((0..).map(CellId)) {
        if !agent.parasite {
            scientist = Some((agent, id));
        } else if agent.program.is_some() {
            try_program(host, agent, id, plan).with_context(|| about(agent))?;
        }
    }
    let (scientist, id) = scientist.context("there is no scientist")?;
    let (mut cell, requests) = start(host, scientist, id, plan)?;
    let patience = Patience { quanta_max: QUANTA_MAX, is_over: &|| switch.is_interrupted() };
    let ranges = economy::economy(Arm::Maxwell, plan).ranges();
    range_cost(&mut *cell, &requests, &mut SystemClock::start(), ranges, &patience)
        .with_context(|| about(scientist))
}

/// That a program lives for a fifth of a second.
fn try_program(host: &ProcessHost, agent: &Agent, id: CellId, plan: &Plan) -> Result<()> {
    let (mut cell, _requests) = start(host, agent, id, plan)?;
    let mut clock = SystemClock::start();
    for _ in 0..TRIAL_QUANTA {
        run_quantum(&mut *cell, &mut clock);
        if let Some(exit) = cell.usage().and_then(|usage| usage.exit) {
            bail!(
                "it is tried before the start and is over at once: {}; it has to run until it is told to end",
                how_it_ended(exit, &cell.last_words())
            );
        }
    }
    Ok(())
}

type Started = (Box<dyn Cell>, Receiver<Event>);

fn start(host: &ProcessHost, agent: &Agent, id: CellId, plan: &Plan) -> Result<Started> {
    let (events, requests) = sync_channel(EVENTS_MAX);
    let words = cells::words(Microjoules(1), plan.seed);
    let cell = cells::start(host, agent, CpuPolicy::default(), words, id, events)?;
    Ok((Box::new(cell), requests))
}

fn about(agent: &Agent) -> String {
    match &agent.program {
        Some(path) => format!("the {}'s program {}", agent.kind, path.display()),
        None => format!("the {} that comes with Maxwell", agent.kind),
    }
}
