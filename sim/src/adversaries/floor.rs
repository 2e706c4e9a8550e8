//! Where adversaries play: a node on a virtual clock, whose machine is so well cooled that every slot is for sale at the base price.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::{Context, ensure};
use maxwell_core::bounty::{Payment, Ranges};
use maxwell_core::event::{Event, LogLine, Request};
use maxwell_core::ledger::{BillingPolicy, Ledger, Totals};
use maxwell_core::limits::{CELL_MEMORY, EVENTS_MAX, QUANTUM, WINDOW};
use maxwell_core::population::lifecycle::Reason;
use maxwell_core::tick::{AccountId, CellId, Transfer, Usage};
use maxwell_core::units::{Celsius, Microjoules, Moment, Ppm};
use maxwell_daemon::host::ScriptedMeter;
use maxwell_daemon::inbox::{Inbox, StopSwitch};
use maxwell_daemon::journal::Unrecorded;
use maxwell_daemon::node::{Bidding, Launch, Node, Surroundings};
use maxwell_daemon::scenario::Economy;
use maxwell_daemon::tariff::ConstantTariff;
use maxwell_daemon::telemetry::{Obituary, Telemetry, TickReport};
use maxwell_daemon::verifier::InlineVerifier;
use maxwell_hypervisor::cell::{Cell, CellConfig, Notice, Permit, Reply};
use maxwell_hypervisor::clock::VirtualClock;
use maxwell_hypervisor::simulated::{Behaviour, SimulatedCell};
use maxwell_physics::load::LoadMeter;
use maxwell_physics::model::{MachineModel, ModelSensor};
use maxwell_physics::sampler::InlineSampler;
use maxwell_physics::sensor::ErrorBars;
use maxwell_physics::thermal::Class;

use crate::actor::RANGES;

/// Ticks until a node that has just begun sells every slot at the base price.
const WARM_UP_TICKS: u64 = 200;

/// When the first player can come.
pub(super) const WARM: Moment = Moment(WARM_UP_TICKS * QUANTUM.0);

/// One agent, with money that does not run out, one slot, and nothing but work.
#[derive(Clone, Copy, Debug)]
pub struct Player {
    /// In its wallet.
    pub money: Microjoules,
    /// Who bids for it.
    pub bid: Bidding,
    /// Slots that it can use at a time.
    pub slots: u16,
    /// What it does with them.
    pub behaviour: Behaviour,
}

impl Player {
    /// A player whose bids are made like this.
    pub fn bidding(bid: impl Into<Bidding>) -> Self {
        let money = Microjoules::from_joules(1_000_000);
        Self { money, bid: bid.into(), slots: 1, behaviour: Behaviour::default() }
    }
}

/// What becomes of a cell's requests on their way out.
pub(super) type Twist = Box<dyn FnMut(Request) -> Vec<Request> + Send>;

/// What the node told.
#[derive(Default)]
pub(super) struct Told {
    pub(super) clearing: Microjoules,
    pub(super) paid: Vec<(CellId, Transfer)>,
    pub(super) refused: HashMap<CellId, u64>,
    pub(super) ended: HashMap<CellId, Obituary>,
}

/// A running market.
pub struct Floor {
    node: Node,
    events: SyncSender<Event>,
    told: Ear,
    wallets: HashMap<CellId, AccountId>,
}

impl Floor {
    /// A node with so many slots and nobody on it.
    ///
    /// # Errors
    /// When it cannot be set up.
    pub fn open(slots: u16) -> anyhow::Result<Self> {
        let machine = MachineModel::of_class(Class::Server, slots);
        let hottest = machine.settled(f64::from(slots));
        let economy = Economy {
            machine,
            set_point: Celsius(hottest.0 + 20.0),
            critical: Celsius(hottest.0 + 60.0),
            multiplier_at_set_point: 2.0,
            multiplier_max: 64.0,
            bounty: 0.0,
            first_range: 0,
            duration: WINDOW,
        };
        let inbox = Inbox::new(StopSwitch::default(), None);
        let (events, told, load) = (inbox.sender(), Ear::default(), Arc::new(LoadMeter::new()));
        let sensor = ModelSensor::new(machine, load.clone(), ErrorBars::NONE)?;
        let around = Surroundings {
            clock: Box::new(VirtualClock::default()),
            sensors: Box::new(InlineSampler::new(Box::new(sensor), WINDOW)),
            load,
            tariff: Box::new(ConstantTariff(Ppm::ONE)),
            host: Box::new(ScriptedMeter { other_slots: 0.0 }),
            verifier: Box::new(InlineVerifier::default()),
            inbox,
            journal: Box::new(Unrecorded),
            telemetry: Box::new(told.clone()),
        };
        let ledger = Ledger::new(BillingPolicy::default());
        let node = Node::new(economy.node_config(), ledger, around)?;
        let mut floor = Self { node, events, told, wallets: HashMap::new() };
        floor.walk(WARM_UP_TICKS)?;
        ensure!(floor.told().clearing == floor.base(), "a cool machine sells at the base price");
        Ok(floor)
    }

    /// Price of a quantum at multiplier one.
    pub fn base(&self) -> Microjoules {
        self.node.base_price()
    }

    /// `tenths` tenths of the base price.
    pub fn price(&self, tenths: u64) -> Microjoules {
        self.base().share(tenths, 10)
    }

    /// An amount in base prices.
    pub fn in_base(&self, amount: Microjoules) -> f64 {
        amount.as_joules() / self.base().as_joules()
    }

    /// Lets a player in.
    ///
    /// # Errors
    /// When the node refuses it.
    pub fn seat(&mut self, player: Player) -> anyhow::Result<CellId> {
        let events = self.events.clone();
        self.launch(player, |id| Box::new(SimulatedCell::new(config(id, events), player.behaviour)))
    }

    /// Lets a player in whose requests go through `twist`.
    pub(super) fn seat_twisted(&mut self, player: Player, twist: Twist) -> anyhow::Result<CellId> {
        let events = self.events.clone();
        self.launch(player, |id| {
            let (inner, asked) = sync_channel(EVENTS_MAX);
            let cell = SimulatedCell::new(config(id, inner), player.behaviour);
            Box::new(Twisted { cell, id, asked, events, twist })
        })
    }

    fn launch(
        &mut self,
        player: Player,
        create: impl FnOnce(CellId) -> Box<dyn Cell>,
    ) -> anyhow::Result<CellId> {
        let wallet = self.node.fund_wallet(player.money)?;
        let launch = Launch { wallet, slots: player.slots, bid: player.bid };
        let cell = self.node.launch(launch, |id| Ok::<_, Infallible>(create(id)))?;
        self.wallets.insert(cell, wallet);
        Ok(cell)
    }

    /// Posts a bounty on primes without end.
    pub(super) fn post_bounty(&mut self, reward: Microjoules) -> anyhow::Result<()> {
        let ranges = Ranges { end: RANGES.end, ..RANGES };
        self.node.post_bounty(Microjoules::from_joules(1_000_000), reward, ranges)?;
        Ok(())
    }

    /// Changes a cell's order, in the last moment before the next tick: nothing else happens in between.
    ///
    /// # Errors
    /// When the queue is full.
    pub fn order(&self, cell: CellId, limit: Microjoules, slots: u16) -> anyhow::Result<()> {
        self.order_until(cell, limit, slots, None)
    }

    /// As [`Floor::order`], for so many ticks if a number is given.
    ///
    /// # Errors
    /// When the queue is full.
    pub fn order_until(
        &self,
        cell: CellId,
        limit: Microjoules,
        slots: u16,
        ticks: Option<u64>,
    ) -> anyhow::Result<()> {
        let over = self.node.ticks_walked() - 1;
        let request = Request::Order { limit, slots, last_tick: ticks.map(|ticks| over + ticks) };
        self.events.try_send(Event::Request { cell, request }).context("the queue is full")
    }

    /// Handles what has arrived, and walks one tick. How many events were handled before it.
    ///
    /// # Errors
    /// An invariant that does not hold.
    pub fn tick(&mut self) -> anyhow::Result<usize> {
        let (before, mut steps) = (self.node.ticks_walked(), 0);
        while self.node.ticks_walked() == before {
            let stop = self.node.step()?;
            ensure!(stop.is_none(), "the node stopped: {stop:?}");
            steps += 1;
        }
        Ok(steps - 1)
    }

    /// Walks so many ticks.
    ///
    /// # Errors
    /// An invariant that does not hold.
    pub fn walk(&mut self, ticks: u64) -> anyhow::Result<()> {
        (0..ticks).try_for_each(|_| self.tick().map(drop))
    }

    /// What a cell was billed; the open window is not in it.
    pub fn bill(&self, cell: CellId) -> Totals {
        let ended = || self.told().ended.get(&cell).map(|end| end.bill);
        self.node.ledger().totals(cell).or_else(ended).unwrap_or_default()
    }

    /// The standing order of a live cell: limit and slots.
    pub fn standing_order(&self, cell: CellId) -> Option<(Microjoules, u32)> {
        let order = self.node.population().get(cell)?.order?;
        Some((order.limit, order.slots))
    }

    /// Why a cell ended and when, if it did.
    pub fn end(&self, cell: CellId) -> Option<(Reason, Moment)> {
        self.told().ended.get(&cell).map(|end| (end.reason, end.at))
    }

    /// What the wallet of a cell has free.
    pub fn free(&self, cell: CellId) -> Microjoules {
        self.node.ledger().free(self.wallets[&cell])
    }

    /// What the quanta of a cell were worth at `value` each, less what they cost.
    pub(super) fn utility(&self, cell: CellId, value: Microjoules) -> Microjoules {
        let bill = self.bill(cell);
        value.times(bill.quanta_granted) - bill.quanta
    }

    pub(super) fn told(&self) -> MutexGuard<'_, Told> {
        self.told.0.lock().expect("the node's telemetry does not panic")
    }
}

fn config(id: CellId, events: SyncSender<Event>) -> CellConfig {
    CellConfig { id, args: Vec::new(), memory_max: CELL_MEMORY, events }
}

/// Listens to the node.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Told>>);

impl Ear {
    fn note(&self, note: impl FnOnce(&mut Told)) {
        note(&mut self.0.lock().expect("the floor does not panic while it looks"));
    }
}

impl Telemetry for Ear {
    fn tick(&mut self, report: &TickReport<'_>) {
        self.note(|told| told.clearing = report.clearing.price);
    }

    fn notified(&mut self, _at: Moment, _cell: CellId, _reason: Reason) {}

    fn ended(&mut self, obituary: Obituary) {
        self.note(|told| drop(told.ended.insert(obituary.cell, obituary)));
    }

    fn said(&mut self, _at: Moment, _cell: CellId, _line: &LogLine) {}

    fn paid(&mut self, transfer: &Transfer, payment: &Payment) {
        self.note(|told| told.paid.push((payment.cell, *transfer)));
    }

    fn refused(&mut self, cell: CellId, _range: u64) {
        self.note(|told| *told.refused.entry(cell).or_default() += 1);
    }
}

/// A simulated cell whose requests are twisted on their way out.
struct Twisted {
    cell: SimulatedCell,
    id: CellId,
    asked: Receiver<Event>,
    events: SyncSender<Event>,
    twist: Twist,
}

impl Cell for Twisted {
    fn grant(&mut self, permit: &Permit) {
        self.cell.grant(permit);
        for event in self.asked.try_iter() {
            let Event::Request { request, .. } = event else { continue };
            for request in (self.twist)(request) {
                // A full queue is "busy": the request is lost.
                let _ = self.events.try_send(Event::Request { cell: self.id, request });
            }
        }
    }

    fn revoke(&mut self) {
        self.cell.revoke();
    }

    fn usage(&mut self) -> Option<Usage> {
        self.cell.usage()
    }

    fn reply(&mut self, reply: Reply) {
        self.cell.reply(reply);
    }

    fn notify(&mut self, notice: Notice) {
        self.cell.notify(notice);
    }

    fn kill(&mut self) {
        self.cell.kill();
    }

    fn last_words(&self) -> String {
        self.cell.last_words()
    }
}
