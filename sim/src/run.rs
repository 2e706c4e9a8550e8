//! Plays a world: builds the node with its surroundings, runs it, and says what became of it.

use std::cell::RefCell;
use std::convert::Infallible;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Once};

use maxwell_core::auction::config::MarketConfig;
use maxwell_core::bidding::Policy;
use maxwell_core::bounty::Ranges;
use maxwell_core::bounty::terms::BountyId;
use maxwell_core::ledger::{BillingPolicy, LedgerError};
use maxwell_core::limits::{SET_ASIDE_QUANTA, WINDOW};
use maxwell_core::tick::AccountId;
use maxwell_core::units::{Microjoules, Moment};
use maxwell_daemon::books::{find, ledger_of};
use maxwell_daemon::founding::{FOUNDED_MS, Founding};
use maxwell_daemon::host::HostMeter;
use maxwell_daemon::inbox::{Inbox, StopSwitch};
use maxwell_daemon::journal::InlineJournal;
use maxwell_daemon::node::{Bidding, Launch, Node, NodeError, Post, Surroundings};
use maxwell_daemon::tariff::ConstantTariff;
use maxwell_daemon::telemetry::Telemetry;
use maxwell_hypervisor::cell::{Cell, CellConfig};
use maxwell_physics::guard::Guarded;
use maxwell_physics::load::LoadMeter;
use maxwell_physics::model::ModelSensor;
use maxwell_physics::sampler::InlineSampler;
use maxwell_physics::sensor::ErrorBars;

use crate::actor::{Actor, Courier, RANGES};
use crate::checks::{Checks, Setup};
use crate::digest::Digest;
use crate::faults::{FaultySensor, StallingClock, Watched};
use crate::kernel::Kernel;
use crate::recorded;
use crate::verifier::{Desk, FaultyVerifier};
use crate::witness::{Briefing, Broken, Coverage, Witness};
use crate::world::{Agent, World};

/// Names the bounty of a world, which has one at most.
const BOUNTY: BountyId = BountyId(1);

/// A run in which everything held.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Fingerprint of the run.
    pub digest: Digest,
    /// When it ended.
    pub at: Moment,
    /// Ticks that were walked.
    pub ticks: u64,
    /// What happened how often.
    pub coverage: Coverage,
    /// The story, if it was to be told.
    pub story: Vec<String>,
}

/// A run in which something did not hold.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Of which world.
    pub seed: u64,
    /// In which tick.
    pub tick: u64,
    /// What did not hold.
    pub what: String,
    /// The story until then, if it was to be told.
    pub story: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, tick, what, .. } = self;
        writeln!(f, "seed {seed}: FAILED in tick {tick}: {what}")?;
        write!(f, "  replay: cargo run --release --package maxwell-sim -- --seed {seed}")
    }
}

/// Where a test can put something broken between the node and the simulator.
pub struct Seams<'a> {
    /// Stands between each cell and the node.
    pub cell: &'a dyn Fn(Box<dyn Cell>) -> Box<dyn Cell>,
    /// Stands between the kernel's meters and the node.
    pub host: &'a dyn Fn(Box<dyn HostMeter>) -> Box<dyn HostMeter>,
    /// Stands between the node and the witness.
    pub telemetry: &'a dyn Fn(Witness) -> Box<dyn Telemetry>,
}

impl Default for Seams<'_> {
    fn default() -> Self {
        Self { cell: &|cell| cell, host: &|host| host, telemetry: &|witness| Box::new(witness) }
    }
}

/// Plays a world. With `verbose` its story is told.
///
/// # Errors
/// The first thing that did not hold; a panic of the node is one.
pub fn play(world: &World, verbose: bool) -> Result<Outcome, Failure> {
    play_through(world, verbose, &Seams::default())
}

/// Plays a world twice and requires that both runs are the same to the last bit.
///
/// # Errors
/// See [`play`], and that the runs differ.
pub fn play_twice(world: &World, verbose: bool) -> Result<Outcome, Failure> {
    let first = play(world, verbose)?;
    let second = play(world, false)?;
    if first.digest == second.digest && first.ticks == second.ticks {
        return Ok(first);
    }
    let what = format!("not deterministic: digest {} and then {}", first.digest, second.digest);
    Err(Failure { seed: world.seed, tick: first.ticks, what, story: first.story })
}

/// [`play`], with something broken in between.
///
/// # Errors
/// See [`play`].
pub fn play_through(world: &World, verbose: bool, seams: &Seams<'_>) -> Result<Outcome, Failure> {
    keep_panics();
    let stage = Stage::new(world, verbose);
    let witness = stage.witness.clone();
    PANIC.with_borrow_mut(|panic| *panic = Panic::Kept(None));
    let ended = catch_unwind(AssertUnwindSafe(|| stage.play(world, seams)));
    let panic = PANIC.with_borrow_mut(std::mem::take);
    let mut notes = witness.notes();
    let story = std::mem::take(&mut notes.story);
    let broken = notes.broken.take();
    let tick = notes.tick;
    let fail = |tick, what| Failure { seed: world.seed, tick, what, story: story.clone() };
    match (ended, broken) {
        (Err(_), _) => Err(fail(tick, format!("panic: {}", panic.text()))),
        (Ok(_), Some(Broken { tick, what })) => Err(fail(tick, what)),
        (Ok(Err(what)), None) => Err(fail(tick, what)),
        (Ok(Ok((at, ticks))), None) => {
            Ok(Outcome { digest: notes.digest, at, ticks, coverage: notes.coverage.clone(), story })
        }
    }
}

/// Everything around the node.
struct Stage {
    witness: Witness,
    inbox: Inbox,
    courier: Courier,
    desk: Desk,
}

impl Stage {
    fn new(world: &World, verbose: bool) -> Self {
        let config = world.node_config();
        let switch = StopSwitch::default();
        let inbox = Inbox::new(switch.clone(), Some(Moment(world.duration.0)));
        let (desk, courier) = (Desk::default(), Courier::new(inbox.sender()));
        let checks = Checks::new(&Setup {
            machine: world.machine,
            market: world.market.clone(),
            kernel: world.kernel,
            critical: world.critical,
            tariff: world.tariff,
            multiplier_max: config.price.multiplier_max,
            life: config.life,
        });
        let witness = Witness::new(Briefing {
            checks,
            desk: desk.clone(),
            faults: world.faults.clone(),
            events: inbox.sender(),
            courier: courier.clone(),
            switch,
            orders: world.orders.clone(),
            stop_at: world.stop_at,
            critical: world.critical,
            verbose,
        });
        Self { witness, inbox, courier, desk }
    }

    /// Runs the node from its launch to its end. When it ended, and after how many ticks.
    fn play(self, world: &World, seams: &Seams<'_>) -> Result<(Moment, u64), String> {
        let Self { witness, inbox, courier, desk } = self;
        let load = Arc::new(LoadMeter::new());
        let machine =
            ModelSensor::new(world.machine, load.clone(), ErrorBars::NONE).map_err(|e| e.to_string())?;
        let faulty = FaultySensor::new(machine, &world.faults);
        let refusals = Arc::new(AtomicU64::new(0));
        let guarded = Guarded::new(faulty, &world.machine).map_err(|e| e.to_string())?;
        let sensor = Watched::new(guarded, refusals.clone());
        let kernel = Kernel::new(world.kernel);
        let founding = found(world);
        let ledger =
            ledger_of(founding.ledger.books(), BillingPolicy::default()).map_err(|e| e.to_string())?;
        let account = |name| find(founding.ledger.books(), name).expect("it was founded with it");
        let wallets: Vec<AccountId> = founding.wallets.iter().map(account).collect();
        let escrow = founding.escrow.as_ref().map(account);
        let stakes: Vec<_> = founding.stakes.iter().map(|(wallet, name)| (*wallet, account(name))).collect();
        let around = Surroundings {
            clock: Box::new(StallingClock::new(&world.faults)),
            sensors: Box::new(InlineSampler::new(Box::new(sensor), WINDOW)),
            load,
            tariff: Box::new(ConstantTariff(world.tariff)),
            host: (seams.host)(Box::new(kernel.clone())),
            verifier: Box::new(FaultyVerifier::new(&world.faults, desk)),
            inbox,
            journal: Box::new(InlineJournal::new(founding.ledger, FOUNDED_MS)),
            telemetry: (seams.telemetry)(witness.clone()),
        };
        let mut node = Node::new(world.node_config(), ledger, around).map_err(|e| e.to_string())?;
        post(&mut node, world, &witness, escrow)?;
        vouch(&mut node, world, &witness, &wallets, &stakes)?;
        launch(&mut node, world, &witness, &wallets, &courier, &kernel, seams)?;
        let ending = node.run().map_err(|violation| violation.to_string())?;
        if let Some(lost) = ending.lost {
            return Err(lost.to_string());
        }
        let mut notes = witness.notes();
        let MarketConfig { mechanism, weights } = &world.market;
        notes.coverage.add(mechanism.name(), 1);
        let are_unequal = weights.iter().any(|weight| *weight != weights[0]);
        notes.coverage.add("slots of unequal weight", u64::from(are_unequal));
        notes.coverage.add("readings that the guard refused", refusals.load(Ordering::Relaxed));
        let auctions = notes.briefing.checks.auctions();
        notes.coverage.add("auctions judged", auctions.judged);
        notes.coverage.add("auctions unseen", auctions.unseen);
        if notes.broken.is_none() {
            let claims = notes.briefing.desk.tally();
            let verdict = notes.briefing.checks.finish(node.ledger(), claims);
            notes.judge(verdict);
            let verdict = recorded::compare(node);
            notes.judge(verdict);
        }
        Ok((ending.at, ending.ticks))
    }
}

/// Posts the bounty.
fn post(node: &mut Node, world: &World, witness: &Witness, escrow: Option<AccountId>) -> Result<(), String> {
    let (Some(bounty), Some(escrow)) = (world.bounty, escrow) else { return Ok(()) };
    let ranges = Ranges { end: RANGES.first + bounty.ranges, ..RANGES };
    node.post(Post::primes(BOUNTY, escrow, bounty.reward, ranges)).map_err(|e| e.to_string())?;
    witness.notes().briefing.checks.posted(escrow, bounty.budget, bounty.reward);
    Ok(())
}

/// The ledger of a world. Who has a stake is given the money for it as well.
fn found(world: &World) -> Founding {
    let stakes = world.trust.as_ref().map_or(&[][..], |trust| &trust.stakes);
    let stake_of = |number: usize| stakes.get(number).copied().unwrap_or(Microjoules::ZERO);
    let wallets: Vec<Microjoules> =
        world.wallets.iter().enumerate().map(|(number, amount)| *amount + stake_of(number)).collect();
    let mut founding = Founding::new(&wallets, world.bounty.map(|bounty| bounty.budget));
    for (number, most) in (0..wallets.len()).filter_map(|number| Some((number, world.max_bid(number)?))) {
        founding.bound(number, most);
    }
    for (number, stake) in stakes.iter().enumerate().filter(|(_, stake)| **stake > Microjoules::ZERO) {
        founding.stake(number, *stake);
    }
    founding
}

/// Names the stakes.
fn vouch(
    node: &mut Node,
    world: &World,
    witness: &Witness,
    wallets: &[AccountId],
    stakes: &[(usize, AccountId)],
) -> Result<(), String> {
    let mut notes = witness.notes();
    for (number, (wallet, amount)) in wallets.iter().zip(&world.wallets).enumerate() {
        notes.briefing.checks.funded(*wallet, *amount);
        if let Some(most) = world.max_bid(number) {
            notes.briefing.checks.bound(*wallet, most);
            notes.coverage.add("wallets with a bound", 1);
        }
    }
    for (number, stake) in stakes {
        node.set_stake(wallets[*number], *stake).map_err(|e| e.to_string())?;
        let amount = node.ledger().free(*stake);
        notes.briefing.checks.staked(wallets[*number], *stake, amount);
    }
    Ok(())
}

/// Launches the agents on the wallets that they share or have for themselves.
fn launch(
    node: &mut Node,
    world: &World,
    witness: &Witness,
    wallets: &[AccountId],
    courier: &Courier,
    kernel: &Kernel,
    seams: &Seams<'_>,
) -> Result<(), String> {
    let mut notes = witness.notes();
    for agent in &world.agents {
        let wallet = wallets[agent.wallet];
        let create = |id| {
            let config =
                CellConfig { id, args: Vec::new(), memory_max: agent.memory_max, events: courier.events() };
            let actor =
                Actor::new(config, agent.behaviour, agent.rebids.clone(), courier.clone(), kernel.clone());
            Ok::<_, Infallible>((seams.cell)(Box::new(actor)))
        };
        let free = node.ledger().free(wallet);
        let bid = agent.policy.map_or(Bidding::Itself(agent.bid), Bidding::Policy);
        let launch = Launch { wallet, slots: agent.slots, bid };
        match node.launch(launch, create) {
            Ok(cell) => {
                notes.briefing.checks.launched(cell, &launch);
                notes.coverage.add(word(bid), 1);
            }
            Err(error) => {
                is_rightly_refused(node, agent, wallet, &error)?;
                notes.coverage.add("refused launches", 1);
            }
        }
        let shared = world.agents.iter().filter(|other| other.wallet == agent.wallet).count() > 1;
        notes.coverage.add("cells with a shared wallet", u64::from(shared));
        let spent = free - node.ledger().free(wallet);
        let set_aside = node.base_price().times(SET_ASIDE_QUANTA * u64::from(agent.slots));
        if spent.0 != 0 && spent != set_aside {
            return Err(format!("{spent} was set aside for {}, not {set_aside}", agent.kind));
        }
    }
    Ok(())
}

/// Who bids, for the coverage.
const fn word(bid: Bidding) -> &'static str {
    match bid {
        Bidding::Itself(_) => "agents that bid by themselves",
        Bidding::Policy(Policy::Fixed(_)) => "policies: fixed",
        Bidding::Policy(Policy::Track { .. }) => "policies: track",
        Bidding::Policy(Policy::Budget { .. }) => "policies: budget",
        Bidding::Policy(Policy::Deadline { .. }) => "policies: deadline",
    }
}

/// A launch is refused only for want of money, and then no money has moved.
fn is_rightly_refused(
    node: &Node,
    agent: &Agent,
    wallet: AccountId,
    error: &NodeError,
) -> Result<(), String> {
    let wanted = node.base_price().times(SET_ASIDE_QUANTA * u64::from(agent.slots));
    let is_poor = node.ledger().free(wallet) < wanted;
    let says_so = matches!(error, NodeError::Ledger(LedgerError::Insufficient { .. }));
    if is_poor && says_so { Ok(()) } else { Err(format!("{} was refused: {error}", agent.kind)) }
}

/// What the thread does with a panic.
#[derive(Debug, Default)]
enum Panic {
    /// Leaves it to the hook that was there before.
    #[default]
    Printed,
    /// Keeps its text: a node is running.
    Kept(Option<String>),
}

impl Panic {
    fn text(self) -> String {
        match self {
            Self::Kept(Some(text)) => text,
            _ => "of which nothing is known".to_owned(),
        }
    }
}

thread_local! {
    static PANIC: RefCell<Panic> = RefCell::default();
}

/// Panics of a node that runs in the simulator are reported with its seed rather than printed.
fn keep_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let is_kept = PANIC.with_borrow_mut(|panic| match panic {
                Panic::Kept(text) => {
                    *text = Some(info.to_string().replace('\n', " "));
                    true
                }
                Panic::Printed => false,
            });
            if !is_kept {
                before(info);
            }
        }));
    });
}
