//! The economy of the demonstration: one machine, two agents with equal money, one bounty.
//!
//! Its figures were found by simulation before this was written and hold over wide ranges; `maxwell-sim` draws
//! variations of it. Nothing in it knows which agent is useful: the agents differ in their programs and their bids.

use maxwell_core::auction::config::MarketConfig;
use maxwell_core::bounty::Ranges;
use maxwell_core::energy::{EnergyProfile, Readings};
use maxwell_core::limits::QUANTUM;
use maxwell_core::population::LifePolicy;
use maxwell_core::price::{Plant, PriceConfig};
use maxwell_core::units::{Celsius, Microjoules, Nanoseconds, Ppm, Watts};
use maxwell_physics::model::MachineModel;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::audit::Audit;
use crate::node::NodeConfig;

/// One run's figures.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The modelled machine.
    pub machine: MachineModel,
    /// Where the set point lies between one slot busy (0) and all (1).
    pub set_point_fraction: f64,
    /// Temperature at or above which nothing is sold.
    pub critical: Celsius,
    /// Slots that other programs keep busy.
    pub other_slots: f64,
    /// Money of each agent, in seconds of one slot at the base price.
    pub funding_slot_seconds: f64,
    /// The scientist's bid, in base prices.
    pub scientist_bid: f64,
    /// The miner's bid, in base prices.
    pub miner_bid: f64,
    /// What the bounty pays for the work of a full quantum, in base prices; zero for no bounty.
    pub bounty: f64,
    /// First range of the bounty that is leased.
    pub first_range: u64,
    /// Whether the miner starts before the scientist.
    pub miner_first: bool,
    /// Who wins, what winners pay, and what each slot is worth.
    pub market: MarketConfig,
    /// How long it runs.
    pub duration: Nanoseconds,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            machine: MachineModel::DEMONSTRATION,
            set_point_fraction: 0.47,
            critical: Celsius(75.0),
            other_slots: 0.0,
            funding_slot_seconds: 33.0,
            scientist_bid: 4.0,
            miner_bid: 12.0,
            bounty: 4.4,
            first_range: 0,
            miner_first: false,
            market: MarketConfig::default(),
            duration: Nanoseconds::from_millis(50_000),
        }
    }
}

impl Scenario {
    /// The demonstration on the machine that the seed describes: another ambient temperature, other programs beside it,
    /// other numbers to search, another order of start.
    pub fn seeded(seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut scenario = Self::default();
        scenario.machine.thermal.ambient = Celsius(random.random_range(24.0..26.0));
        scenario.other_slots = random.random_range(0.2..0.3);
        scenario.first_range = random.random_range(0..1_000_000);
        scenario.miner_first = random.random();
        scenario
    }

    /// Temperature that the supply holds.
    pub fn set_point(&self) -> Celsius {
        // The ambient of the day moves the die, not the set point, which an operator sets once.
        let mut usual = self.machine;
        usual.thermal.ambient = MachineModel::DEMONSTRATION.thermal.ambient;
        let (one, all) = (usual.settled(1.0), usual.settled(f64::from(self.machine.slots)));
        Celsius(one.0 + self.set_point_fraction * (all.0 - one.0))
    }

    /// The rules of a node for this run.
    pub fn node_config(&self) -> NodeConfig {
        NodeConfig { market: self.market.clone(), ..self.economy().node_config() }
    }

    /// What this run shares with every other one on such a machine.
    pub fn economy(&self) -> Economy {
        Economy {
            machine: self.machine,
            set_point: self.set_point(),
            critical: self.critical,
            multiplier_at_set_point: 2.0,
            multiplier_max: 64.0,
            bounty: self.bounty,
            first_range: self.first_range,
            duration: self.duration,
        }
    }

    /// Money of each agent.
    pub fn funding(&self) -> Microjoules {
        let joules = self.funding_slot_seconds * self.machine.slot.0;
        // Whole joules, as an operator would fund.
        Microjoules::from_joules(joules.round() as i64)
    }

    /// `multiple` of the base price, as a bid.
    pub fn bid(base: Microjoules, multiple: f64) -> Microjoules {
        Ppm::from_ratio(multiple).of_rounded_up(base)
    }

    /// See [`Economy::reward`].
    pub fn reward(&self, base: Microjoules, cpu_per_range: Nanoseconds) -> Microjoules {
        self.economy().reward(base, cpu_per_range)
    }

    /// See [`Economy::budget`].
    pub fn budget(&self, base: Microjoules) -> Microjoules {
        self.economy().budget(base)
    }

    /// The ranges of the bounty, laid out as the agent's interface says.
    pub const fn ranges(&self) -> Ranges {
        ranges_from(self.first_range)
    }
}

/// The rules of a market on a modelled machine, whoever trades in it: the demonstration's and the experiment's differ in
/// these figures and in nothing else.
#[derive(Clone, Debug)]
pub struct Economy {
    /// The modelled machine.
    pub machine: MachineModel,
    /// Temperature that the supply holds.
    pub set_point: Celsius,
    /// Temperature at or above which nothing is sold.
    pub critical: Celsius,
    /// What the reserve is multiplied by at the set point.
    pub multiplier_at_set_point: f64,
    /// What it is multiplied by at the critical temperature; one for a price that heat does not move.
    pub multiplier_max: f64,
    /// What the bounty pays for the work of a full quantum, in base prices; zero for no bounty.
    pub bounty: f64,
    /// First range of the bounty that is leased.
    pub first_range: u64,
    /// How long it runs.
    pub duration: Nanoseconds,
}

impl Economy {
    /// The rules of a node.
    pub fn node_config(&self) -> NodeConfig {
        let machine = &self.machine;
        let plant = Plant {
            slot: machine.slot,
            die_resistance: machine.thermal.die_resistance,
            die_tau_s: machine.thermal.die_tau_s,
        };
        NodeConfig {
            price: PriceConfig {
                idle: machine.idle,
                multiplier_at_set_point: self.multiplier_at_set_point,
                multiplier_max: self.multiplier_max,
                ..PriceConfig::new(machine.slots, plant, self.set_point, self.critical)
            },
            market: MarketConfig::default(),
            life: LifePolicy::default(),
            energy: EnergyProfile {
                idle: machine.idle,
                idle_error: Watts(0.0),
                slot: machine.slot,
                cpus: machine.slots,
                readings: Readings::OfThisRun,
            },
            audit: Audit::default(),
        }
    }

    /// What a verified range pays, given the CPU time that it takes here.
    pub fn reward(&self, base: Microjoules, cpu_per_range: Nanoseconds) -> Microjoules {
        Scenario::bid(base, self.bounty).share(cpu_per_range.0, QUANTUM.0)
    }

    /// The sponsor's budget: more than every slot could earn in the whole run.
    pub fn budget(&self, base: Microjoules) -> Microjoules {
        let slots = u64::from(self.machine.slots);
        let quanta = 2 * slots * (1 + self.duration.0 / QUANTUM.0);
        Scenario::bid(base, self.bounty).times(quanta)
    }

    /// The ranges of the bounty.
    pub const fn ranges(&self) -> Ranges {
        ranges_from(self.first_range)
    }
}

/// Ranges as the agent's interface lays them out.
const fn ranges_from(first: u64) -> Ranges {
    use maxwell_api::abi::{RANGE_MAX, RANGE_ORIGIN, RANGE_WIDTH};
    Ranges { origin: RANGE_ORIGIN, width: RANGE_WIDTH, first, end: RANGE_MAX }
}
