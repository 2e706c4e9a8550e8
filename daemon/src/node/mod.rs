//! The node: one owner of all state, its main loop, and the tick.

mod bounties;
mod endings;
mod policies;
mod records;
mod requests;

use std::collections::VecDeque;
use std::sync::Arc;

use maxwell_core::auction::Auction;
use maxwell_core::auction::book::LadderBook;
use maxwell_core::auction::config::{MarketConfig, MarketError};
use maxwell_core::bounty::{Bounties, NoBounty, PostError};
use maxwell_core::energy::{Attribution, CpuTime, EnergyProfile, Shares};
use maxwell_core::event::{Event, Stop};
use maxwell_core::invariants::{self, Violation};
use maxwell_core::ledger::{Ledger, LedgerError, Role};
use maxwell_core::limits::{CELLS_MAX, PAYMENTS_WAITING_MAX, QUANTUM, VERDICTS_PER_CELL_MAX};
use maxwell_core::population::{LifePolicy, Population, PopulationError, Verdict};
use maxwell_core::price::{PriceConfig, PriceError, Pricer};
use maxwell_core::tick::{AccountId, CellId, Provenance, Quote, Usage};
use maxwell_core::units::{Microjoules, Moment, Nanoseconds};
use maxwell_hypervisor::cell::Cell;
use maxwell_hypervisor::cells::Cells;
use maxwell_hypervisor::clock::Clock;
use maxwell_hypervisor::offers::Offers;
use maxwell_hypervisor::verifier::VerifierError;
use maxwell_ledger::journal::JournalError;
use maxwell_physics::load::LoadMeter;
use maxwell_physics::sampler::Sampler;

use crate::audit::Audit;
use crate::host::{BusyTime, HostMeter};
use crate::inbox::Inbox;
use crate::journal::Journal;
use crate::tariff::{Tariff, TariffNow};
use crate::telemetry::{Telemetry, TickReport};
use crate::verifier::Verifier;
pub use bounties::Post;
use bounties::{Modules, Stakes};
use policies::Policies;
use records::Waiting;

pub use policies::Bidding;

/// The rules that a node runs by.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// Price and supply.
    pub price: PriceConfig,
    /// Who wins and what winners pay.
    pub market: MarketConfig,
    /// Life and death.
    pub life: LifePolicy,
    /// Power of idling and of slots, for attribution.
    pub energy: EnergyProfile,
    /// Which claims are looked at, and how long payments are held.
    pub audit: Audit,
}

/// What a node is connected to.
pub struct Surroundings {
    /// Its time.
    pub clock: Box<dyn Clock>,
    /// Its sensors.
    pub sensors: Box<dyn Sampler>,
    /// Where it notes CPU time, for a modelled sensor to read.
    pub load: Arc<LoadMeter>,
    /// What electricity costs.
    pub tariff: Box<dyn Tariff>,
    /// What else than cells used the CPUs.
    pub host: Box<dyn HostMeter>,
    /// Where claims are checked.
    pub verifier: Box<dyn Verifier>,
    /// What wakes the main loop.
    pub inbox: Inbox,
    /// Where every movement of money is recorded.
    pub journal: Box<dyn Journal>,
    /// Who listens.
    pub telemetry: Box<dyn Telemetry>,
}

/// Why a node cannot be set up, or a cell not be taken in. No money has moved.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// Wrong configuration.
    #[error(transparent)]
    Price(#[from] PriceError),
    /// Weights that do not fit the slots or the mechanism.
    #[error(transparent)]
    Market(#[from] MarketError),
    /// Not enough money, or too many accounts.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Too many cells.
    #[error(transparent)]
    Population(#[from] PopulationError),
    /// The money of a recorded node comes from its books.
    #[error(
        "this node's ledger is on record, and a node mints nothing into it: fund wallets and escrows by signed operations before the start"
    )]
    Recorded,
    /// A bounty is paid from an escrow.
    #[error("account {} is no escrow: deposit the bounty's budget into one and name that", _0.0)]
    NotAnEscrow(AccountId),
    /// Its terms are impossible, or it collides with another bounty.
    #[error(transparent)]
    Post(#[from] PostError),
    /// Its verifier is not accepted.
    #[error(transparent)]
    Verifier(#[from] VerifierError),
    /// The bytes that came with a bounty are not the module that its terms name.
    #[error(
        "the verifier that came with the bounty is not the one that its terms name by digest: hand over that file"
    )]
    WrongModule,
    /// There is none to close.
    #[error(transparent)]
    NoBounty(#[from] NoBounty),
    /// A stake vouches for a wallet, and no account of another kind for another.
    #[error("account {} cannot vouch for account {}: name an account of stakes and a wallet, neither of which is linked yet", stake.0, wallet.0)]
    NotAStake {
        /// What was to vouch.
        stake: AccountId,
        /// For whom.
        wallet: AccountId,
    },
    /// The cell itself could not be made.
    #[error("{0}")]
    Cell(String),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ending {
    /// Why it stopped.
    pub stop: Stop,
    /// Why the journal failed, if it did: what it says is for the operator.
    pub lost: Option<JournalError>,
    /// When.
    pub at: Moment,
    /// Ticks that were walked.
    pub ticks: u64,
    /// Whose joules.
    pub shares: Shares,
}

/// One node.
pub struct Node {
    clock: Box<dyn Clock>,
    inbox: Inbox,
    sensors: Box<dyn Sampler>,
    tariff: Box<dyn Tariff>,
    price: Pricer,
    auction: Auction,
    ledger: Ledger,
    cells: Cells,
    population: Population,
    policies: Policies,
    bounties: Bounties,
    modules: Modules,
    stakes: Stakes,
    /// What programs see of the bounties.
    offers: Offers,
    verifier: Box<dyn Verifier>,
    energy: Attribution,
    load: Arc<LoadMeter>,
    host: Box<dyn HostMeter>,
    journal: Box<dyn Journal>,
    /// Payments that are made and not yet durable, in the order of their tickets.
    waiting: VecDeque<Waiting>,
    /// What the journal leaves behind when it is closed.
    recorded: Option<maxwell_ledger::ledger::Ledger>,
    /// Where the joules of the last reading come from.
    provenance: Provenance,
    telemetry: Box<dyn Telemetry>,
    config: NodeConfig,
    cpu: CpuTime,
    last_quote: Option<Quote>,
    next_tick: Moment,
    missed: u64,
    verdicts: Vec<Verdict>,
}

/// What a new agent brings along.
#[derive(Clone, Copy, Debug)]
pub struct Launch {
    /// Who pays for it.
    pub wallet: AccountId,
    /// Slots that it can use at a time.
    pub slots: u16,
    /// Who bids for it.
    pub bid: Bidding,
}

impl Node {
    /// A node with nobody on it. Its tariff is that of its surroundings from the beginning. Its ledger is new, or has the accounts
    /// of the books that its journal goes on with: see [`ledger_of`](crate::books::ledger_of).
    ///
    /// # Errors
    /// When the configuration is impossible, or the price at the first tariff.
    pub fn new(config: NodeConfig, ledger: Ledger, mut around: Surroundings) -> Result<Self, NodeError> {
        let slots = config.price.slots;
        let mut price = Pricer::new(config.price.clone())?;
        price.set_tariff(around.tariff.latest(around.clock.now()).ratio)?;
        Ok(Self {
            price,
            auction: config.market.open(slots, Box::new(LadderBook::default()))?,
            ledger,
            cells: Cells::default(),
            population: Population::new(config.life),
            policies: Policies::default(),
            bounties: Bounties::new(config.audit.policy()),
            modules: Modules::default(),
            stakes: Stakes::default(),
            offers: Offers::default(),
            energy: Attribution::new(config.energy),
            cpu: CpuTime::default(),
            last_quote: None,
            next_tick: around.clock.now(),
            missed: 0,
            verdicts: Vec::with_capacity(VERDICTS_PER_CELL_MAX * CELLS_MAX),
            clock: around.clock,
            inbox: around.inbox,
            sensors: around.sensors,
            tariff: around.tariff,
            verifier: around.verifier,
            load: around.load,
            host: around.host,
            journal: around.journal,
            waiting: VecDeque::with_capacity(PAYMENTS_WAITING_MAX),
            recorded: None,
            provenance: Provenance::Unknown,
            telemetry: around.telemetry,
            config,
        })
    }

    /// Opens a wallet and mints `amount` into it.
    ///
    /// # Errors
    /// See [`Ledger::fund_new`]; and that the node's ledger is on record.
    pub fn fund_wallet(&mut self, amount: Microjoules) -> Result<AccountId, NodeError> {
        self.mint(Role::Wallet, amount)
    }

    /// Makes a cell with `create`, which is given its name, and takes it in. A cell that cannot be made, or whose wallet
    /// does not cover what it must set aside, is refused before any money moves.
    ///
    /// # Errors
    /// What `create` says, or that the wallet or the node has no room.
    pub fn launch<E: std::fmt::Display>(
        &mut self,
        launch: Launch,
        create: impl FnOnce(CellId) -> Result<Box<dyn Cell>, E>,
    ) -> Result<CellId, NodeError> {
        let id = self.population.next_id()?;
        let mut cell = create(id).map_err(|error| NodeError::Cell(error.to_string()))?;
        cell.show_offers(&self.offers);
        self.ledger.open_bill(id, launch.wallet, launch.slots, self.price.base())?;
        self.cells.insert(id, cell);
        self.population.admit(id, launch.wallet, launch.slots);
        self.begin_bidding(id, launch);
        Ok(id)
    }

    /// Price of a quantum at multiplier one.
    pub const fn base_price(&self) -> Microjoules {
        self.price.base()
    }

    /// Ticks that were walked so far.
    pub fn ticks_walked(&self) -> u64 {
        self.last_quote.map_or(0, |quote| quote.tick + 1)
    }

    /// The ledger, to read.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The durable ledger of a recorded run that has ended well.
    pub fn into_recorded(self) -> Option<maxwell_ledger::ledger::Ledger> {
        self.recorded
    }

    /// Who lives on the node.
    pub const fn population(&self) -> &Population {
        &self.population
    }

    /// Runs until told to stop, or until the journal has failed: what cannot be recorded is not sold. Then every cell is ended,
    /// every bill settled, every hold voided, and the journal closed.
    ///
    /// # Errors
    /// An invariant that does not hold: a defect, on which the node stops rather than go on.
    pub fn run(&mut self) -> Result<Ending, Violation> {
        self.next_tick = self.clock.now();
        loop {
            if let Some(stop) = self.step()? {
                return self.finish(stop);
            }
        }
    }

    /// Handles one event: the tick, when nothing else has arrived. Why the run shall end, if it shall.
    ///
    /// # Errors
    /// See [`Node::run`].
    pub fn step(&mut self) -> Result<Option<Stop>, Violation> {
        match self.inbox.next(self.clock.now()) {
            Event::Tick if self.journal.health().is_err() => return Ok(Some(Stop::LedgerLost)),
            Event::Tick => self.tick()?,
            Event::Request { cell, request } => self.serve(cell, request),
            Event::Verified { cell, claim, holds } => self.conclude(cell, &claim, holds),
            Event::Stop(stop) => return Ok(Some(stop)),
        }
        Ok(None)
    }

    /// One tick: the diagram, walked once.
    ///
    /// # Errors
    /// An invariant that does not hold.
    fn tick(&mut self) -> Result<(), Violation> {
        let (now, until) = self.begin_quantum();
        self.pay_due();
        self.acknowledge();

        let sensed = self.sensors.latest(now);
        self.energy.observe(&sensed, self.cpu);
        let tariff = self.follow_tariff(now);
        let quote = self.price.quote(now, &sensed);
        if quote.begins_window() {
            self.bid_by_policies(&quote);
        }
        let clearing = self.auction.clear(&quote, &self.population, &self.ledger);
        self.price.sold(clearing.awards.len() as u16);
        self.policies.clearing = clearing.price;
        let grants = self.ledger.hold(clearing);
        let usages = self.cells.run(grants, &quote, clearing.price, until, &mut *self.clock);
        if quote.ends_window() {
            records::attribute(&mut self.ledger, &self.population, &self.energy);
        }
        self.ledger.charge(&quote, &sensed, usages);
        self.verdicts.clear();
        self.verdicts.extend(self.population.judge(&quote, usages, &self.ledger));

        let at = self.clock.now();
        self.cpu = meter(&mut *self.host, &self.load, self.cpu, at, usages);
        self.energy.note(usages);
        let (shares, critical) = (self.energy.shares(), self.config.price.critical);
        invariants::check(&quote, clearing, critical, &self.ledger, shares)?;
        invariants::promises(quote.tick, &self.bounties, &self.ledger)?;
        self.telemetry.tick(&TickReport {
            at,
            sensed: &sensed,
            tariff,
            quote: &quote,
            clearing,
            usages,
            transfers: self.ledger.transfers(),
            population: &self.population,
            ledger: &self.ledger,
            shares,
            cpu: self.cpu,
            missed: self.missed,
        });
        self.last_quote = Some(quote);
        // In this order, because a charge of the window can be the cause of a change.
        self.record_window(&quote, &sensed);
        self.tell_changes(quote.tick);
        self.carry_out_verdicts();
        Ok(())
    }

    /// The tariff as its source says it. One at which no price is possible is passed over: the one before holds, and the
    /// quote says which it is.
    fn follow_tariff(&mut self, now: Moment) -> TariffNow {
        let tariff = self.tariff.latest(now);
        if tariff.ratio != self.price.tariff() {
            let _ = self.price.set_tariff(tariff.ratio);
        }
        tariff
    }

    /// The present, and the end of the quantum that begins: a grid of whole quanta, so that no lateness adds up. Ticks
    /// whose time has passed altogether are left out and counted.
    fn begin_quantum(&mut self) -> (Moment, Moment) {
        let now = self.clock.now();
        let behind = now.since(self.next_tick).0 / QUANTUM.0;
        self.missed += behind;
        let until = self.next_tick + Nanoseconds((behind + 1) * QUANTUM.0);
        self.next_tick = until;
        (now, until)
    }

    /// Opens an account with new money in it, if that is the node's to make.
    fn mint(&mut self, role: Role, amount: Microjoules) -> Result<AccountId, NodeError> {
        if self.journal.is_recorded() {
            return Err(NodeError::Recorded);
        }
        Ok(self.ledger.fund_new(self.tick_number(), role, amount)?)
    }

    fn tick_number(&self) -> u64 {
        self.last_quote.map_or(0, |quote| quote.tick)
    }

    /// Ends every cell, settles every bill and every claim, checks the books a last time, and waits until all of it is on record.
    fn finish(&mut self, stop: Stop) -> Result<Ending, Violation> {
        self.verdicts.clear();
        self.verdicts.extend(self.population.stop_all());
        self.carry_out_verdicts();
        let at = self.clock.now();
        self.settle_bounties();
        invariants::money(self.tick_number(), &self.ledger)?;
        let lost = self.close_journal().err();
        let stop = if lost.is_some() { Stop::LedgerLost } else { stop };
        let (ticks, shares) = (self.ticks_walked(), *self.energy.shares());
        Ok(Ending { stop, lost, at, ticks, shares })
    }
}

/// Adds what the quantum used to the CPU time so far, and tells a modelled sensor.
fn meter(
    host: &mut dyn HostMeter,
    load: &LoadMeter,
    before: CpuTime,
    now: Moment,
    usages: &[Usage],
) -> CpuTime {
    let cells = before.cells + usages.iter().map(|usage| usage.used).sum();
    let (own, other) = (host.own(cells).max(before.own), host.other(now).max(before.other));
    let mut after = CpuTime { cells, own, other, ..before };
    load.record(
        after.cells.saturating_sub(before.cells),
        after.own.saturating_sub(before.own),
        after.other.saturating_sub(before.other),
    );
    let BusyTime { time, epoch } =
        host.busy().unwrap_or_else(|| BusyTime { time: load.load().total(), epoch: before.epoch });
    (after.busy, after.epoch) = (time.max(before.busy), epoch);
    after
}
