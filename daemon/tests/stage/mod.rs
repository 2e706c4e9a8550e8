//! A node on a virtual clock and a modelled machine, with simulated cells.

use std::convert::Infallible;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex};

use maxwell_core::bounty::Ranges;
use maxwell_core::event::{Claim, Event, LogLine};
use maxwell_core::ledger::Ledger;
use maxwell_core::limits::{CELL_MEMORY, QUANTUM, WINDOW};
use maxwell_core::population::lifecycle::Reason;
use maxwell_core::tick::{AccountId, CellId, Transfer};
use maxwell_core::units::{Microjoules, Moment, Nanoseconds, Ppm};
use maxwell_daemon::host::ScriptedMeter;
use maxwell_daemon::inbox::{Inbox, StopSwitch};
use maxwell_daemon::journal::Journal;
use maxwell_daemon::node::{Bidding, Launch, Node, NodeError, Surroundings};
use maxwell_daemon::scenario::Scenario;
use maxwell_daemon::tariff::ConstantTariff;
use maxwell_daemon::telemetry::{Obituary, Telemetry, TickReport};
use maxwell_daemon::verifier::{Busy, Job, Verifier};
use maxwell_hypervisor::cell::{Cell, CellConfig};
use maxwell_hypervisor::clock::VirtualClock;
use maxwell_hypervisor::simulated::{Behaviour, ClaimWork, SimulatedCell};
use maxwell_physics::load::LoadMeter;
use maxwell_physics::model::ModelSensor;
use maxwell_physics::sampler::InlineSampler;
use maxwell_physics::sensor::ErrorBars;

/// What the node told.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) ended: Vec<Obituary>,
    pub(crate) paid: Vec<Transfer>,
}

#[derive(Clone, Default)]
struct Tape(Arc<Mutex<Told>>);

impl Telemetry for Tape {
    fn tick(&mut self, _report: &TickReport<'_>) {}
    fn notified(&mut self, _at: Moment, _cell: CellId, _reason: Reason) {}
    fn ended(&mut self, obituary: Obituary) {
        self.0.lock().unwrap().ended.push(obituary);
    }
    fn said(&mut self, _at: Moment, _cell: CellId, _line: &LogLine) {}
    fn paid(&mut self, transfer: &Transfer, _cell: CellId, _primes: u32) {
        self.0.lock().unwrap().paid.push(*transfer);
    }
    fn refused(&mut self, _cell: CellId, _range: u64) {}
}

/// Takes every claim for true.
struct Believer;

impl Verifier for Believer {
    fn submit(&mut self, job: Job) -> Result<Option<Event>, Busy> {
        Ok(Some(Event::Verified { cell: job.cell, claim: job.claim, holds: true }))
    }
}

/// A node, and what it told.
pub(crate) struct Stage {
    pub(crate) node: Node,
    pub(crate) told: Arc<Mutex<Told>>,
    events: SyncSender<Event>,
}

impl Stage {
    /// A node with this money that runs for so many ticks, or until it is told to stop.
    pub(crate) fn new(ledger: Ledger, journal: Box<dyn Journal>, ticks: Option<u64>) -> Self {
        let scenario = Scenario::default();
        let inbox = Inbox::new(StopSwitch::default(), ticks.map(|ticks| Moment(ticks * QUANTUM.0)));
        let (events, tape, load) = (inbox.sender(), Tape::default(), Arc::new(LoadMeter::new()));
        let sensor = ModelSensor::new(scenario.machine, load.clone(), ErrorBars::NONE).unwrap();
        let around = Surroundings {
            clock: Box::new(VirtualClock::default()),
            sensors: Box::new(InlineSampler::new(Box::new(sensor), WINDOW)),
            load,
            tariff: Box::new(ConstantTariff(Ppm::ONE)),
            host: Box::new(ScriptedMeter { other_slots: 0.0 }),
            verifier: Box::new(Believer),
            inbox,
            journal,
            telemetry: Box::new(tape.clone()),
        };
        let node = Node::new(scenario.node_config(), ledger, around).unwrap();
        Self { node, told: tape.0, events }
    }

    /// A cell of one slot.
    pub(crate) fn launch(
        &mut self,
        wallet: AccountId,
        bid: impl Into<Bidding>,
        behaviour: Behaviour,
    ) -> Result<CellId, NodeError> {
        let events = self.events.clone();
        self.node.launch(Launch { wallet, slots: 1, bid: bid.into() }, |id| {
            let config = CellConfig { id, args: vec![], memory_max: CELL_MEMORY, events };
            Ok::<_, Infallible>(Box::new(SimulatedCell::new(config, behaviour)) as Box<dyn Cell>)
        })
    }

    /// Handles events until so many more ticks have been walked.
    pub(crate) fn walk(&mut self, ticks: u64) {
        let end = self.node.ticks_walked() + ticks;
        while self.node.ticks_walked() < end {
            self.node.step().expect("every invariant holds");
        }
    }
}

/// Price of a quantum at multiplier one.
pub(crate) fn base() -> Microjoules {
    Scenario::default().machine.slot.over(QUANTUM)
}

/// The ranges of the bounty.
pub(crate) fn ranges() -> Ranges {
    Scenario::default().ranges()
}

/// Works on the bounty.
pub(crate) fn worker() -> Behaviour {
    let answer = |range| Claim { range, count: 1, sum: 0 };
    let claims = ClaimWork { cpu_per_range: Nanoseconds::from_millis(7), answer };
    Behaviour { claims: Some(claims), ..Behaviour::default() }
}
