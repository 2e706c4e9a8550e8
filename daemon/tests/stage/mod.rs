//! A node on a virtual clock and a modelled machine, with simulated cells.
#![allow(dead_code, reason = "every test file uses its part of it")]

use std::convert::Infallible;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex};

use maxwell_core::bounty::claim::Answer;
use maxwell_core::bounty::{Payment, Ranges};
use maxwell_core::event::{Event, LogLine, Request, Stop};
use maxwell_core::ledger::Ledger;
use maxwell_core::limits::{CELL_MEMORY, QUANTUM, WINDOW};
use maxwell_core::population::lifecycle::Reason;
use maxwell_core::tick::{AccountId, CellId, Transfer};
use maxwell_core::units::{Microjoules, Moment, Nanoseconds, Ppm};
use maxwell_daemon::audit::Audit;
use maxwell_daemon::host::ScriptedMeter;
use maxwell_daemon::inbox::{Inbox, StopSwitch};
use maxwell_daemon::journal::Journal;
use maxwell_daemon::node::{Bidding, Launch, Node, NodeConfig, NodeError, Surroundings};
use maxwell_daemon::scenario::Scenario;
use maxwell_daemon::tariff::ConstantTariff;
use maxwell_daemon::telemetry::{Obituary, Telemetry, TickReport};
use maxwell_daemon::verifier::{Busy, Job, Verifier};
use maxwell_hypervisor::cell::{Cell, CellConfig};
use maxwell_hypervisor::clock::{Clock, VirtualClock};
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
    pub(crate) charged: Vec<Transfer>,
    /// Keys of claims that were refused or false.
    pub(crate) refused: Vec<u64>,
    /// Keys of claims that were taken on a stake.
    pub(crate) trusted: Vec<u64>,
    /// Keys whose payments were cancelled.
    pub(crate) cancelled: Vec<u64>,
    /// Keys of claims that the verifier did not come to, with what their wallets have back.
    pub(crate) given_up: Vec<(u64, Microjoules)>,
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
    fn paid(&mut self, transfer: &Transfer, _payment: &Payment) {
        self.0.lock().unwrap().paid.push(*transfer);
    }
    fn refused(&mut self, _cell: CellId, key: u64) {
        self.0.lock().unwrap().refused.push(key);
    }
    fn charged(&mut self, transfer: &Transfer, _cell: CellId) {
        self.0.lock().unwrap().charged.push(*transfer);
    }
    fn trusted(&mut self, _cell: CellId, key: u64) {
        self.0.lock().unwrap().trusted.push(key);
    }
    fn given_up(&mut self, _cell: CellId, key: u64, fee: Microjoules) {
        self.0.lock().unwrap().given_up.push((key, fee));
    }
    fn cancelled(&mut self, payment: &Payment) {
        self.0.lock().unwrap().cancelled.push(payment.key);
    }
}

/// Takes every claim for true.
pub(crate) struct Believer;

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
        Self::with(ledger, journal, ticks, Audit::default(), |_| Box::new(Believer))
    }

    /// The same with another audit and another verifier, which is given the way to the node's inbox.
    pub(crate) fn with(
        ledger: Ledger,
        journal: Box<dyn Journal>,
        ticks: Option<u64>,
        audit: Audit,
        verifier: impl FnOnce(SyncSender<Event>) -> Box<dyn Verifier>,
    ) -> Self {
        Self::on(Box::new(VirtualClock::default()), ledger, journal, ticks, audit, verifier)
    }

    /// The same on another clock.
    pub(crate) fn on(
        clock: Box<dyn Clock>,
        ledger: Ledger,
        journal: Box<dyn Journal>,
        ticks: Option<u64>,
        audit: Audit,
        verifier: impl FnOnce(SyncSender<Event>) -> Box<dyn Verifier>,
    ) -> Self {
        let scenario = Scenario::default();
        let inbox = Inbox::new(StopSwitch::default(), ticks.map(|ticks| Moment(ticks * QUANTUM.0)));
        let (events, tape, load) = (inbox.sender(), Tape::default(), Arc::new(LoadMeter::new()));
        let sensor = ModelSensor::new(scenario.machine, load.clone(), ErrorBars::NONE).unwrap();
        let around = Surroundings {
            clock,
            sensors: Box::new(InlineSampler::new(Box::new(sensor), WINDOW)),
            load,
            tariff: Box::new(ConstantTariff(Ppm::ONE)),
            host: Box::new(ScriptedMeter { other_slots: 0.0 }),
            verifier: verifier(events.clone()),
            inbox,
            journal,
            telemetry: Box::new(tape.clone()),
        };
        let config = NodeConfig { audit, ..scenario.node_config() };
        let node = Node::new(config, ledger, around).unwrap();
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

    /// Asks for something as a cell would, between two ticks. It is handled before the next one.
    pub(crate) fn ask(&self, cell: CellId, request: Request) {
        self.events.send(Event::Request { cell, request }).unwrap();
    }

    /// Runs the node to its end, after what was asked so far.
    pub(crate) fn stop(&mut self) {
        self.events.send(Event::Stop(Stop::Interrupted)).unwrap();
        self.node.run().expect("every invariant holds");
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
    let answer = |_| Answer::of_primes(1, 0);
    let claims = ClaimWork { cpu_per_range: Nanoseconds::from_millis(7), answer };
    Behaviour { claims: Some(claims), ..Behaviour::default() }
}
