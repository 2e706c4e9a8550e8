//! A node whose tariff steps while cells run.

use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use maxwell_core::bounty::Payment;
use maxwell_core::event::LogLine;
use maxwell_core::ledger::{BillingPolicy, Ledger};
use maxwell_core::limits::{CELL_MEMORY, WINDOW};
use maxwell_core::population::lifecycle::Reason;
use maxwell_core::tick::{CellId, Quote, Transfer};
use maxwell_core::units::{Microjoules, Moment, Nanoseconds, Ppm};
use maxwell_daemon::host::ScriptedMeter;
use maxwell_daemon::inbox::{Inbox, StopSwitch};
use maxwell_daemon::journal::Unrecorded;
use maxwell_daemon::node::{Launch, Node, NodeError, Surroundings};
use maxwell_daemon::scenario::Scenario;
use maxwell_daemon::tariff::{ConstantTariff, FileFormat, PriceSeries, Reference, Source, Tariff, TariffNow};
use maxwell_daemon::telemetry::{Obituary, Telemetry, TickReport};
use maxwell_daemon::verifier::InlineVerifier;
use maxwell_hypervisor::cell::{Cell, CellConfig};
use maxwell_hypervisor::clock::VirtualClock;
use maxwell_hypervisor::simulated::{Behaviour, SimulatedCell};
use maxwell_physics::load::LoadMeter;
use maxwell_physics::model::ModelSensor;
use maxwell_physics::sampler::InlineSampler;
use maxwell_physics::sensor::ErrorBars;

/// What a tick came to.
#[derive(Clone, Copy, Debug)]
struct Told {
    quote: Quote,
    sold: usize,
    sum: Microjoules,
    held: Microjoules,
}

/// Keeps every tick.
#[derive(Clone, Default)]
struct Tape(Arc<Mutex<Vec<Told>>>);

impl Telemetry for Tape {
    fn tick(&mut self, report: &TickReport<'_>) {
        let held = report.ledger.bills().iter().map(maxwell_core::ledger::Bill::held).sum();
        let (quote, sold) = (*report.quote, report.clearing.awards.len());
        let sum = report.ledger.accounts().sum();
        self.0.lock().unwrap().push(Told { quote, sold, sum, held });
    }

    fn notified(&mut self, _at: Moment, _cell: CellId, _reason: Reason) {}
    fn ended(&mut self, _obituary: Obituary) {}
    fn said(&mut self, _at: Moment, _cell: CellId, _line: &LogLine) {}
    fn paid(&mut self, _transfer: &Transfer, _payment: &Payment) {}
    fn refused(&mut self, _cell: CellId, _range: u64) {}
}

fn node(tariff: Box<dyn Tariff>, tape: Tape, inbox: Inbox) -> Result<Node, NodeError> {
    let scenario = Scenario::default();
    let load = Arc::new(LoadMeter::new());
    let sensor = ModelSensor::new(scenario.machine, load.clone(), ErrorBars::NONE).unwrap();
    let around = Surroundings {
        clock: Box::new(VirtualClock::default()),
        sensors: Box::new(InlineSampler::new(Box::new(sensor), WINDOW)),
        load,
        tariff,
        host: Box::new(ScriptedMeter { other_slots: 0.0 }),
        verifier: Box::new(InlineVerifier::default()),
        inbox,
        journal: Box::new(Unrecorded),
        telemetry: Box::new(tape),
    };
    Node::new(scenario.node_config(), Ledger::new(BillingPolicy::default()), around)
}

/// Four rich cells that always want to run, for this long.
fn run(tariff: Box<dyn Tariff>, seconds: u64) -> Vec<Told> {
    let tape = Tape::default();
    let inbox = Inbox::new(StopSwitch::default(), Some(Moment(seconds * 1_000_000_000)));
    let events = inbox.sender();
    let mut node = node(tariff, tape.clone(), inbox).unwrap();
    for _ in 0..4 {
        let wallet = node.fund_wallet(Microjoules::from_joules(100_000_000)).unwrap();
        let launch = Launch { wallet, slots: 1, bid: Microjoules::from_joules(1_000).into() };
        let create = |id| {
            let config = CellConfig { id, args: vec![], memory_max: CELL_MEMORY, events: events.clone() };
            Ok::<_, Infallible>(Box::new(SimulatedCell::new(config, Behaviour::default())) as Box<dyn Cell>)
        };
        node.launch(launch, create).unwrap();
    }
    node.run().expect("every invariant holds");
    let told = tape.0.lock().unwrap();
    told.clone()
}

/// Steps up, down, and up again, between two ticks.
fn stepping() -> PriceSeries {
    let csv = "time,price\n0,2\n10.005,6\n20.005,-1\n30.005,3\n";
    let reference = Reference::new(2.0).unwrap();
    let path = Path::new("stepping");
    PriceSeries::parse(path, csv, FileFormat::Csv, reference, Duration::ZERO).unwrap().0
}

#[test]
fn a_step_of_the_tariff_moves_the_reserve_within_a_tick_and_the_supply_not_at_all() {
    let stepped = run(Box::new(stepping()), 40);
    let steady = run(Box::new(ConstantTariff(Ppm::ONE)), 40);
    assert_eq!(stepped.len(), steady.len());
    assert!(steady.iter().filter(|tick| tick.sold > 0).count() > 3_000, "a run in which much is sold");
    for (step, flat) in stepped.iter().zip(&steady) {
        let (quote, usual) = (step.quote, flat.quote);
        let expected = match quote.at.0 {
            ..10_005_000_000 => 1_000_000,
            10_005_000_000..20_005_000_000 => 3_000_000,
            20_005_000_000..30_005_000_000 => 10_000,
            _ => 1_500_000,
        };
        assert_eq!(quote.tariff, Ppm(expected), "{quote:?}");
        assert_eq!(quote.base, Ppm(expected).of_rounded_up(usual.base));
        assert_eq!(quote.reserve, quote.multiplier.of_rounded_up(quote.base));
        assert_eq!(
            (quote.supply.to_bits(), quote.slots, quote.multiplier, quote.die),
            (usual.supply.to_bits(), usual.slots, usual.multiplier, usual.die),
            "physics does not know the tariff"
        );
        assert_eq!((step.sold, step.sum), (flat.sold, Microjoules::ZERO), "money is conserved: {quote:?}");
        assert!(step.held >= Microjoules::ZERO);
    }
}

/// Possible, impossible in both ways, and possible again, for a second each.
struct Wild;

impl Tariff for Wild {
    fn latest(&mut self, now: Moment) -> TariffNow {
        let ratio = [2_000_000, 0, u64::MAX, 4_000_000][(now.0 / 1_000_000_000).min(3) as usize];
        TariffNow { ratio: Ppm(ratio), age: Some(Nanoseconds::ZERO), source: Source::Endpoint }
    }
}

#[test]
fn an_impossible_tariff_is_passed_over_and_the_one_before_holds() {
    for tick in run(Box::new(Wild), 5) {
        let expected = if tick.quote.at < Moment(3_000_000_000) { 2_000_000 } else { 4_000_000 };
        assert_eq!(tick.quote.tariff, Ppm(expected), "{:?}", tick.quote);
    }
}

#[test]
fn the_first_tariff_is_in_the_base_price_before_anybody_is_taken_in() {
    let node_with = |ratio| {
        node(Box::new(ConstantTariff(ratio)), Tape::default(), Inbox::new(StopSwitch::default(), None))
    };
    let usual = node_with(Ppm::ONE).unwrap().base_price();
    assert_eq!(node_with(Ppm(5_000_000)).unwrap().base_price(), usual.times(5));
    assert!(matches!(node_with(Ppm(0)), Err(NodeError::Price(_))), "and an impossible one is refused");
}
