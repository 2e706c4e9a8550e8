//! What is tried before the first run, so that a mistake costs no run.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use anyhow::{Context, Result, bail};
use maxwell_api::experiment::Plan;
use maxwell_core::event::Event;
use maxwell_core::limits::{EVENTS_MAX, WINDOW};
use maxwell_core::tick::CellId;
use maxwell_core::units::{Microjoules, Nanoseconds};
use maxwell_daemon::calibrate::{Patience, how_it_ended, range_cost, run_quantum};
use maxwell_daemon::inbox::StopSwitch;
use maxwell_hypervisor::cell::Cell;
use maxwell_hypervisor::clock::SystemClock;
use maxwell_hypervisor::process::{CpuPolicy, ProcessHost};
use maxwell_physics::load::LoadMeter;
use maxwell_physics::replay::{Sample, Trace};
use maxwell_physics::sampler::STALE_PERIODS;
use maxwell_physics::select::{Backend, Choice, ModelInputs, choose};
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
    let mut warnings = Vec::new();
    if let Some(path) = &request.trace {
        let trace = Trace::open(path, &machine.thermal)?;
        suits(trace.samples(), request).with_context(|| format!("the trace {}", path.display()))?;
        warnings.extend(sells_nothing(trace.samples(), request));
    }
    let choice = request.trace.clone().map_or(Choice::Only(Backend::Model), Choice::Replay);
    let inputs = ModelInputs { machine, load: Arc::new(LoadMeter::new()), errors: ErrorBars::NONE };
    let selection = choose(root(), &choice, inputs)?;
    let verdicts = selection.verdicts.iter().map(ToString::to_string);
    Ok(verdicts.chain(warnings).collect())
}

/// That a trace gives a fresh reading at every moment of a run: a market sells less and less on stale ones.
fn suits(samples: &[Sample], request: &Request) -> Result<()> {
    let lasts = samples.last().map_or(Nanoseconds::ZERO, |last| last.at);
    if lasts.as_seconds() < f64::from(request.duration_s) {
        bail!(
            "ends after {} s and a run lasts {} s; give a shorter --duration or a longer trace",
            lasts.as_seconds(),
            request.duration_s
        );
    }
    let fresh_for = Nanoseconds(STALE_PERIODS * WINDOW.0);
    let mut before = Nanoseconds::ZERO;
    for sample in samples {
        let gap = sample.at.saturating_sub(before);
        if gap > fresh_for {
            bail!(
                "says nothing from {} s on for {} s; the market takes readings older than {} s for stale, so give a trace \
                 with a row at least so often, the first at 0 s",
                before.as_seconds(),
                gap.as_seconds(),
                fresh_for.as_seconds()
            );
        }
        before = sample.at;
    }
    Ok(())
}

/// A trace that is too hot for the market.
fn sells_nothing(samples: &[Sample], request: &Request) -> Option<String> {
    let critical = economy::critical(request.slots);
    let hottest = samples.iter().map(|sample| sample.die.0).fold(f64::MIN, f64::max);
    (hottest >= critical.0).then(|| {
        format!(
            "The trace reaches {hottest:.1} °C; a market sells nothing at or above {:.1} °C, while the kernel's scheduler \
             goes on",
            critical.0
        )
    })
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
