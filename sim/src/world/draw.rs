//! How a world is drawn. Every figure is wide on purpose: the invariants hold in sensible and in foolish worlds alike.

mod trade;

use maxwell_core::auction::config::MarketConfig;
use maxwell_core::bounty::audit::AuditPolicy;
use maxwell_core::limits::QUANTUM;
use maxwell_core::tick::CellId;
use maxwell_core::units::{Bytes, Celsius, Microjoules, Moment, Nanoseconds, Ppm};
use maxwell_hypervisor::simulated::{Behaviour, ClaimWork, Slow};
use maxwell_physics::model::MachineModel;
use maxwell_physics::thermal::Class;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Agent, BountyPlan, Planned, TrustPlan, World};
use crate::actor::{RANGES, Rebid, careless_answer, false_answer, true_answer};
use crate::faults::{Fault, FaultKind};
use crate::kernel::KernelPlan;

/// The most agents of a world.
const AGENTS_MAX: u16 = 12;

/// Kinds of agents, by their names in the printed world; what stands here twice is drawn twice as often.
const KINDS: [&str; 13] = [
    "scientist",
    "scientist",
    "miner",
    "scientist",
    "miner",
    "sleeper",
    "cheat",
    "careless",
    "finisher",
    "crasher",
    "laggard",
    "glutton",
    "hoarder",
];

pub(super) fn world(seed: u64) -> World {
    let mut dice = Dice(ChaCha8Rng::seed_from_u64(seed));
    let (class, machine) = dice.machine();
    let (none, all) = (machine.settled(0.0), machine.settled(f64::from(machine.slots)));
    let set_point = Celsius(none.0 + dice.between(0.3, 1.05) * (all.0 - none.0));
    let tariff = Ppm::from_ratio(dice.between(0.3, 3.0));
    let base = tariff.of_rounded_up(machine.slot.over(QUANTUM));
    let duration = Nanoseconds::from_millis(dice.0.random_range(20_000..60_000));
    let cpu_per_range = Nanoseconds(dice.spread(3e5, 2e7) as u64);
    let mut world = World {
        seed,
        class,
        set_point,
        critical: Celsius(set_point.0 + dice.between(3.0, 20.0)),
        power_budget: dice
            .happens(0.25)
            .then(|| machine.power(f64::from(machine.slots) * dice.between(0.3, 1.0))),
        tariff,
        market: MarketConfig::default(),
        kernel: dice.kernel(),
        machine,
        wallets: Vec::new(),
        max_bids: Vec::new(),
        agents: Vec::new(),
        bounty: dice.happens(0.8).then(|| dice.bounty(base, cpu_per_range)),
        trust: None,
        orders: Vec::new(),
        faults: Vec::new(),
        stop_at: dice.happens(0.25).then(|| dice.moment(duration)),
        duration,
    };
    dice.population(&mut world, base, cpu_per_range);
    world.orders = dice.orders(&world, base);
    world.faults = (0..dice.0.random_range(0..7)).map(|_| dice.fault(duration)).collect();
    // Dice of their own, so that a world is otherwise the same with and without stakes.
    world.trust = Dice(ChaCha8Rng::seed_from_u64(seed ^ u64::from_le_bytes(*b"by stake"))).trust(&world);
    trade::draw(
        &mut Dice(ChaCha8Rng::seed_from_u64(seed ^ u64::from_le_bytes(*b"by rules"))),
        &mut world,
        base,
    );
    world
}

/// Agents that only compute, each with a wallet of its own that covers its bid for every quantum of the run and as much
/// again for rent; they bid at least twice the base price.
pub(super) fn solvent(seed: u64) -> World {
    let mut world = world(seed);
    let mut dice = Dice(ChaCha8Rng::seed_from_u64(!seed));
    let base = world.tariff.of_rounded_up(world.machine.slot.over(QUANTUM));
    let quanta = world.duration.0 / QUANTUM.0;
    (world.stop_at, world.bounty, world.trust) = (None, None, None);
    world.orders.clear();
    world.wallets.clear();
    world.max_bids.clear();
    for (index, agent) in world.agents.iter_mut().enumerate() {
        agent.bid = agent.bid.max(base.times(2));
        let rent = Microjoules::from_joules(60);
        world.wallets.push(agent.bid.times(2 * quanta * u64::from(agent.slots)) + rent);
        (agent.kind, agent.wallet, agent.rebids, agent.policy) = ("solvent", index, Vec::new(), None);
        agent.behaviour = Behaviour {
            utilisation: agent.behaviour.utilisation,
            memory: Bytes::from_mebibytes(32),
            ..Behaviour::default()
        };
    }
    world.faults = dice.every_sensor_fault(world.duration);
    world
}

struct Dice(ChaCha8Rng);

impl Dice {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        self.0.random_range(low..high)
    }

    /// Between the two, as likely in each power of two.
    fn spread(&mut self, low: f64, high: f64) -> f64 {
        self.between(low.ln(), high.ln()).exp()
    }

    fn happens(&mut self, chance: f64) -> bool {
        self.0.random_bool(chance)
    }

    fn moment(&mut self, duration: Nanoseconds) -> Moment {
        Moment(self.0.random_range(0..duration.0))
    }

    fn machine(&mut self) -> (Class, MachineModel) {
        let classes = [Class::Mobile, Class::Desktop, Class::Workstation, Class::Server];
        let class = classes[self.0.random_range(0..classes.len())];
        let mut machine = MachineModel::of_class(class, self.0.random_range(1..=8));
        machine.thermal.ambient = Celsius(self.between(15.0, 35.0));
        (class, machine)
    }

    fn kernel(&mut self) -> KernelPlan {
        KernelPlan {
            own_slots: self.between(0.0, 0.1),
            other_slots: if self.happens(0.5) { self.between(0.0, 0.4) } else { 0.0 },
            lag_seed: self.happens(0.5).then(|| self.0.random()),
        }
    }

    fn bounty(&mut self, base: Microjoules, cpu_per_range: Nanoseconds) -> BountyPlan {
        let quantum = Ppm::from_ratio(self.between(0.3, 8.0)).of_rounded_up(base);
        let reward = Microjoules(quantum.share(cpu_per_range.0, QUANTUM.0).0.max(1));
        // Some budgets and some bounties are soon used up.
        let payments = self.spread(50.0, 200_000.0) as u64;
        let ranges = if self.happens(0.3) { self.0.random_range(10..2_000) } else { RANGES.end };
        BountyPlan { budget: reward.times(payments), reward, ranges }
    }

    /// In two worlds of five claims are taken on stakes; some wallets have none or too little.
    fn trust(&mut self, world: &World) -> Option<TrustPlan> {
        let bounty = world.bounty.filter(|_| self.happens(0.4))?;
        let rate = Ppm::from_ratio(self.spread(0.02, 0.9));
        let policy = AuditPolicy::new(rate, self.spread(1.0, 300.0) as u64).expect("a possible policy");
        let wanted = policy.stake_for(bounty.reward).expect("not all are looked at");
        let stakes = world.wallets.iter().map(|_| match self.0.random_range(0..4) {
            0 => Microjoules::ZERO,
            _ => Ppm::from_ratio(self.between(0.8, 3.0)).of_rounded_up(wanted),
        });
        Some(TrustPlan { policy, stakes: stakes.collect() })
    }

    fn population(&mut self, world: &mut World, base: Microjoules, cpu_per_range: Nanoseconds) {
        let slot_second =
            world.tariff.of_rounded_up(world.machine.slot.over(Nanoseconds::from_millis(1_000)));
        for _ in 0..self.0.random_range(1..=AGENTS_MAX) {
            // Sometimes the wallet of the agent before pays for this one too, and sometimes a wallet is too small.
            let shares = !world.wallets.is_empty() && self.happens(0.25);
            if !shares {
                let slot_seconds = if self.happens(0.05) { 0.3 } else { self.spread(1.0, 500.0) };
                world.wallets.push(Ppm::from_ratio(slot_seconds).of_rounded_up(slot_second));
            }
            let kind = KINDS[self.0.random_range(0..KINDS.len())];
            let agent = Agent {
                kind,
                wallet: world.wallets.len() - 1,
                slots: if self.happens(0.7) { 1 } else { self.0.random_range(1..=3) },
                bid: self.bid(base),
                policy: None,
                memory_max: Bytes::from_mebibytes(1_024),
                behaviour: self.behaviour(kind, cpu_per_range),
                rebids: self.rebids(base),
            };
            world.agents.push(agent);
        }
    }

    fn bid(&mut self, base: Microjoules) -> Microjoules {
        Ppm::from_ratio(self.spread(0.9, 16.0)).of_rounded_up(base)
    }

    fn rebids(&mut self, base: Microjoules) -> Vec<Rebid> {
        let number = if self.happens(0.3) { self.0.random_range(1..5) } else { 0 };
        let draw = |dice: &mut Self| Rebid {
            quantum: dice.0.random_range(1..2_000),
            limit: dice.bid(base),
            slots: dice.0.random_range(1..=4),
            lasts: None,
        };
        (0..number).map(|_| draw(self)).collect()
    }

    fn behaviour(&mut self, kind: &str, cpu_per_range: Nanoseconds) -> Behaviour {
        let life = |dice: &mut Self| Some(Nanoseconds(dice.0.random_range(1_000_000..8_000_000_000)));
        let work = |answer| Some(ClaimWork { cpu_per_range, answer });
        let mut behaviour = Behaviour {
            utilisation: self.between(0.7, 1.0),
            memory: Bytes::from_mebibytes(self.0.random_range(0..64)),
            obeys_notice: self.happens(0.6),
            ..Behaviour::default()
        };
        match kind {
            "scientist" => behaviour.claims = work(true_answer),
            "cheat" => behaviour.claims = work(false_answer),
            "careless" => behaviour.claims = work(careless_answer),
            // Up to 300 MiB a second: more tax than any balance bears.
            "miner" => behaviour.freed_per_second = Bytes(self.spread(1e4, 3e8) as u64),
            "sleeper" => behaviour.utilisation = self.between(0.0, 0.2),
            "finisher" => behaviour.finish_after = life(self),
            "crasher" => behaviour.crash_after = life(self),
            "laggard" => {
                behaviour.slow =
                    Some(Slow { fading: self.between(0.99, 1.0), late: self.0.random_range(1..6) });
            }
            "glutton" => behaviour.memory = Bytes::from_mebibytes(2_048),
            _ => behaviour.memory = Bytes::from_mebibytes(self.0.random_range(64..1_024)),
        }
        // Now and then two things at once.
        if self.happens(0.1) {
            behaviour.crash_after = life(self);
        }
        behaviour
    }

    fn orders(&mut self, world: &World, base: Microjoules) -> Vec<Planned> {
        let number = if self.happens(0.6) { self.0.random_range(1..12) } else { 0 };
        let mut orders: Vec<Planned> = (0..number)
            .map(|_| Planned {
                at: self.moment(world.duration),
                // One past the last cell: nobody has ever had that name.
                cell: CellId(self.0.random_range(0..=world.agents.len() as u32)),
                limit: if self.happens(0.1) { Microjoules::ZERO } else { self.bid(base) },
                slots: if self.happens(0.1) { u16::MAX } else { self.0.random_range(0..=3) },
                lasts: None,
            })
            .collect();
        orders.sort_by_key(|order| order.at);
        orders
    }

    fn fault(&mut self, duration: Nanoseconds) -> Fault {
        let from = if self.happens(0.1) { Moment(0) } else { self.moment(duration) };
        let until = from + Nanoseconds(self.spread(2e8, 1.2e10) as u64);
        let kind = match self.0.random_range(0..20) {
            0..8 => return Fault { kind: self.sensor_fault(), from, until },
            8 => {
                // One to five samples.
                let until = from + Nanoseconds(self.0.random_range(100_000_000..500_000_000));
                return Fault { from, until, kind: self.spike() };
            }
            9..12 => FaultKind::Heat { rise: self.spread(10.0, 150.0), tau_s: self.between(0.5, 10.0) },
            12..15 => FaultKind::Stall(Nanoseconds(self.spread(1e5, 3e9) as u64)),
            15..17 => FaultKind::VerifierBusy,
            _ => FaultKind::VerifierLate(self.0.random_range(1..100)),
        };
        Fault { from, until, kind }
    }

    /// One of each kind and a second spike. A sensor that is gone for good may end all others: it comes last if at all.
    fn every_sensor_fault(&mut self, duration: Nanoseconds) -> Vec<Fault> {
        let spikes = [self.spike(), self.spike()];
        let mut faults = vec![
            FaultKind::SensorLost,
            FaultKind::SensorStale,
            FaultKind::SensorFrozen,
            FaultKind::EnergyUnknown,
            FaultKind::EnergyFell { told: true },
            FaultKind::EnergyFell { told: false },
        ];
        faults.extend(spikes);
        let place = |dice: &mut Self, kind| {
            let from = dice.moment(duration);
            Fault { from, until: from + Nanoseconds(dice.spread(1e8, 1.2e10) as u64), kind }
        };
        let mut faults: Vec<Fault> = faults.into_iter().map(|kind| place(self, kind)).collect();
        if self.happens(0.3) {
            let from = Moment(duration.0 / 10 * 9);
            faults.push(Fault { from, until: Moment(u64::MAX), kind: FaultKind::SensorGone });
        }
        faults
    }

    fn sensor_fault(&mut self) -> FaultKind {
        match self.0.random_range(0..10) {
            0..3 => FaultKind::SensorLost,
            3 => FaultKind::SensorGone,
            4 => FaultKind::SensorFrozen,
            5 => FaultKind::EnergyUnknown,
            6..8 => FaultKind::EnergyFell { told: self.happens(0.5) },
            _ => FaultKind::SensorStale,
        }
    }

    fn spike(&mut self) -> FaultKind {
        let sign = if self.happens(0.5) { 1.0 } else { -1.0 };
        FaultKind::SensorSpike {
            kelvin: sign * self.spread(5.0, 100.0),
            watts: sign * self.spread(1.0, 1_000.0),
        }
    }
}
