//! Variations of the demonstration: the same economy with other figures, and what became of its two agents.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use maxwell_core::bounty::Ranges;
use maxwell_core::ledger::{BillingPolicy, Ledger};
use maxwell_core::limits::{CELL_MEMORY, WINDOW};
use maxwell_core::population::lifecycle::Reason;
use maxwell_core::tick::CellId;
use maxwell_core::units::{Bytes, Celsius, Moment, Nanoseconds, Ppm};
use maxwell_daemon::host::ScriptedMeter;
use maxwell_daemon::inbox::{Inbox, StopSwitch};
use maxwell_daemon::journal::Unrecorded;
use maxwell_daemon::node::{Launch, Node, Surroundings};
use maxwell_daemon::recorder::{LINES_MAX, Line, Recorder, Sample};
use maxwell_daemon::scenario::Scenario;
use maxwell_daemon::tariff::ConstantTariff;
use maxwell_daemon::telemetry::Obituary;
use maxwell_daemon::verifier::InlineVerifier;
use maxwell_hypervisor::cell::CellConfig;
use maxwell_hypervisor::clock::VirtualClock;
use maxwell_hypervisor::simulated::{Behaviour, ClaimWork, SimulatedCell};
use maxwell_physics::load::LoadMeter;
use maxwell_physics::model::ModelSensor;
use maxwell_physics::sampler::InlineSampler;
use maxwell_physics::sensor::ErrorBars;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::actor::{RANGES, true_answer};

/// CPU time of a range.
const CPU_PER_RANGE: Nanoseconds = Nanoseconds::from_millis(2);
/// What the miner gives back to the system for each second of CPU time.
const MINER_FREES: Bytes = Bytes::from_mebibytes(7);

/// One variation.
#[derive(Clone, Debug)]
pub struct Variation {
    /// The economy.
    pub scenario: Scenario,
    /// Part of what it is granted that the scientist uses.
    pub scientist_uses: f64,
    /// Part of what it is granted that the miner uses.
    pub miner_uses: f64,
    /// The miner's money is so many times the scientist's.
    pub miner_riches: f64,
}

impl Default for Variation {
    /// The demonstration as it is.
    fn default() -> Self {
        Self { scenario: Scenario::default(), scientist_uses: 1.0, miner_uses: 1.0, miner_riches: 1.0 }
    }
}

/// What became of a variation.
#[derive(Clone, Debug)]
pub struct Course {
    /// How the miner ended before the end of the run, if it did.
    pub miner_end: Option<(Moment, Reason)>,
    /// How the scientist ended before the end of the run, if it did.
    pub scientist_end: Option<(Moment, Reason)>,
    /// The highest mean temperature of a second.
    pub hottest: Celsius,
    /// The mean temperature of the last second.
    pub at_last: Celsius,
    /// The mean clearing price of the last second, relative to the highest of any second.
    pub price_ratio: f64,
    /// Ranges that the scientist was paid for.
    pub ranges_paid: u64,
}

impl Variation {
    /// Draws a variation within the bounds in which the demonstration is claimed to hold.
    pub fn from_seed(seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut scenario = Scenario {
            funding_slot_seconds: random.random_range(25.0..40.0),
            set_point_fraction: random.random_range(0.33..0.47),
            scientist_bid: random.random_range(2.0..11.9),
            other_slots: random.random_range(0.2..0.3),
            miner_first: random.random(),
            ..Scenario::default()
        };
        scenario.miner_bid = random.random_range(scenario.scientist_bid + 0.1..16.0);
        Self {
            scenario,
            scientist_uses: random.random_range(0.8..1.0),
            miner_uses: random.random_range(0.8..1.0),
            miner_riches: 1.0,
        }
    }

    /// Runs it.
    ///
    /// # Errors
    /// What the node says when it cannot be set up or an invariant does not hold.
    pub fn play(&self) -> anyhow::Result<Course> {
        let scenario = &self.scenario;
        let (lines, told) = sync_channel(LINES_MAX);
        let inbox = Inbox::new(StopSwitch::default(), Some(Moment(scenario.duration.0)));
        let events = inbox.sender();
        let load = Arc::new(LoadMeter::new());
        let sensor = ModelSensor::new(scenario.machine, load.clone(), ErrorBars::NONE)?;
        let around = Surroundings {
            clock: Box::new(VirtualClock::default()),
            sensors: Box::new(InlineSampler::new(Box::new(sensor), WINDOW)),
            load,
            tariff: Box::new(ConstantTariff(Ppm::ONE)),
            host: Box::new(ScriptedMeter { other_slots: scenario.other_slots }),
            verifier: Box::new(InlineVerifier::default()),
            inbox,
            journal: Box::new(Unrecorded),
            telemetry: Box::new(Recorder::new(lines)),
        };
        let mut node = Node::new(scenario.node_config(), Ledger::new(BillingPolicy::default()), around)?;
        let base = node.base_price();
        if scenario.bounty > 0.0 {
            // The economy is that of the scenario; the numbers are small ones, which are cheap to check.
            let ranges = Ranges { first: RANGES.first, ..RANGES };
            node.post_bounty(scenario.budget(base), scenario.reward(base, CPU_PER_RANGE), ranges)?;
        }
        let claims = (scenario.bounty > 0.0)
            .then_some(ClaimWork { cpu_per_range: CPU_PER_RANGE, answer: true_answer });
        let scientist = Behaviour { utilisation: self.scientist_uses, claims, ..Behaviour::default() };
        let miner = Behaviour {
            utilisation: self.miner_uses,
            freed_per_second: MINER_FREES,
            obeys_notice: false,
            ..Behaviour::default()
        };
        let mut agents =
            [(scientist, scenario.scientist_bid, 1.0), (miner, scenario.miner_bid, self.miner_riches)];
        if scenario.miner_first {
            agents.reverse();
        }
        for (behaviour, bid, riches) in agents {
            let money =
                Scenario { funding_slot_seconds: scenario.funding_slot_seconds * riches, ..scenario.clone() };
            let wallet = node.fund_wallet(money.funding())?;
            let launch = Launch { wallet, slots: 1, bid: Scenario::bid(base, bid).into() };
            node.launch(launch, |id| {
                let args = Vec::new();
                let config = CellConfig { id, args, memory_max: CELL_MEMORY, events: events.clone() };
                Ok::<_, Infallible>(Box::new(SimulatedCell::new(config, behaviour)))
            })?;
        }
        node.run()?;
        drop(node);
        Ok(Course::read(&told, scenario.miner_first))
    }
}

impl Course {
    fn read(told: &Receiver<Line>, miner_first: bool) -> Self {
        let (miner, scientist) = (CellId(u32::from(!miner_first)), CellId(u32::from(miner_first)));
        let (mut seconds, mut ends): (Vec<Sample>, Vec<Obituary>) = (Vec::new(), Vec::new());
        for line in told.try_iter() {
            match line {
                Line::Second(sample) if sample.ticks > 0 => seconds.push(sample),
                Line::Ended(obituary) => ends.push(obituary),
                Line::Second(_) | Line::Notified { .. } | Line::Said { .. } => {}
            }
        }
        let end_of = |cell| {
            let early = ends.iter().find(|end| end.cell == cell && end.reason != Reason::Operator);
            early.map(|end| (end.at, end.reason))
        };
        let highest = |of: &dyn Fn(&Sample) -> f64| seconds.iter().map(of).fold(f64::MIN, f64::max);
        let last = seconds.last().copied().unwrap_or_default();
        Self {
            miner_end: end_of(miner),
            scientist_end: end_of(scientist),
            hottest: Celsius(highest(&|second| second.die)),
            at_last: Celsius(last.die),
            price_ratio: last.clearing / highest(&|second| second.clearing),
            ranges_paid: last.agents[scientist.0 as usize].ranges_paid,
        }
    }

    /// Kelvin by which the die is cooler in the last second than it was in its hottest.
    pub fn cooled(&self) -> f64 {
        self.hottest.0 - self.at_last.0
    }

    /// What of the demonstration's claim this course misses: the miner is dead of want of money before the end, the die
    /// 2.5 K cooler than at its peak, the price at 0.7 of its peak or less, the scientist alive.
    pub fn misses(&self) -> Vec<&'static str> {
        let broke = |end| matches!(end, Some((_, Reason::Insolvent | Reason::Debt)));
        let claims = [
            (broke(self.miner_end), "the miner is not dead of want of money"),
            (self.scientist_end.is_none(), "the scientist is dead"),
            (self.cooled() >= 2.5, "the die did not cool by 2.5 K"),
            (self.price_ratio <= 0.7, "the price did not fall to 0.7 of its peak"),
        ];
        claims.into_iter().filter(|(holds, _)| !holds).map(|(_, miss)| miss).collect()
    }
}

impl fmt::Display for Course {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |end: Option<(Moment, Reason)>| {
            end.map_or("lives".to_owned(), |(at, reason)| {
                format!("{reason:?} after {:.2} s", at.as_seconds())
            })
        };
        write!(f, "miner {}, scientist {}", end(self.miner_end), end(self.scientist_end))?;
        write!(f, ", {:.2} K cooler, price at {:.2} of its peak", self.cooled(), self.price_ratio)?;
        write!(f, ", {} ranges paid", self.ranges_paid)
    }
}
