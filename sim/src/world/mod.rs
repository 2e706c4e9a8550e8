//! A world: everything that one run of the simulation is made of, drawn from a seed.

mod draw;

use std::fmt;

use maxwell_core::auction::config::MarketConfig;
use maxwell_core::bidding::Policy;
use maxwell_core::bounty::audit::AuditPolicy;
use maxwell_core::energy::{EnergyProfile, Readings};
use maxwell_core::population::LifePolicy;
use maxwell_core::price::{Plant, PriceConfig};
use maxwell_core::tick::CellId;
use maxwell_core::units::{Bytes, Celsius, Microjoules, Moment, Nanoseconds, Ppm, Watts};
use maxwell_daemon::audit::Audit;
use maxwell_daemon::node::NodeConfig;
use maxwell_hypervisor::simulated::Behaviour;
use maxwell_physics::model::MachineModel;
use maxwell_physics::thermal::Class;

use crate::actor::Rebid;
use crate::faults::Fault;
use crate::kernel::KernelPlan;

/// One run's circumstances.
#[derive(Clone, Debug)]
pub struct World {
    /// What it was drawn from.
    pub seed: u64,
    /// Class of the machine.
    pub class: Class,
    /// The machine.
    pub machine: MachineModel,
    /// Temperature that the supply holds.
    pub set_point: Celsius,
    /// Temperature at or above which nothing is sold.
    pub critical: Celsius,
    /// Power that the supply does not exceed.
    pub power_budget: Option<Watts>,
    /// Electricity price.
    pub tariff: Ppm,
    /// Who wins, what winners pay, and what each slot is worth.
    pub market: MarketConfig,
    /// What keeps its CPUs busy beside cells, and how its kernel shows that.
    pub kernel: KernelPlan,
    /// Wallets, by their money.
    pub wallets: Vec<Microjoules>,
    /// The most that a wallet may spend in a tick, by their numbers; none for wallets beyond the last.
    pub max_bids: Vec<Option<Microjoules>>,
    /// Agents, in the order in which they are launched.
    pub agents: Vec<Agent>,
    /// The bounty, if there is one.
    pub bounty: Option<BountyPlan>,
    /// Whether claims are taken on stakes, and on which.
    pub trust: Option<TrustPlan>,
    /// Orders from outside, in the order of their times.
    pub orders: Vec<Planned>,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// When the operator stops the node before its time, if he does.
    pub stop_at: Option<Moment>,
    /// How long the node runs.
    pub duration: Nanoseconds,
}

/// One agent.
#[derive(Clone, Debug)]
pub struct Agent {
    /// What kind of agent it was drawn as; the node does not know.
    pub kind: &'static str,
    /// Which wallet pays for it.
    pub wallet: usize,
    /// Slots that it can use at a time.
    pub slots: u16,
    /// Its first bid, if it bids by itself.
    pub bid: Microjoules,
    /// What its operator has given it, if it does not.
    pub policy: Option<Policy>,
    /// The most memory that it may have.
    pub memory_max: Bytes,
    /// What it does.
    pub behaviour: Behaviour,
    /// Orders that it makes itself.
    pub rebids: Vec<Rebid>,
}

/// A bounty on the ranges of [`crate::actor::RANGES`].
#[derive(Clone, Copy, Debug)]
pub struct BountyPlan {
    /// The sponsor's money.
    pub budget: Microjoules,
    /// For each range.
    pub reward: Microjoules,
    /// Ranges that there are.
    pub ranges: u64,
}

/// Claims are looked at by sampling where a stake vouches for them.
#[derive(Clone, Debug)]
pub struct TrustPlan {
    /// How claims are audited.
    pub policy: AuditPolicy,
    /// The stake of each wallet, by their numbers; zero for none.
    pub stakes: Vec<Microjoules>,
}

/// An order that reaches the node at a given time, whether or not its cell still lives.
#[derive(Clone, Copy, Debug)]
pub struct Planned {
    /// When.
    pub at: Moment,
    /// For whom.
    pub cell: CellId,
    /// The most it pays for a quantum.
    pub limit: Microjoules,
    /// Slots wanted.
    pub slots: u16,
    /// For how many ticks, if it ends by itself.
    pub lasts: Option<u64>,
}

impl World {
    /// The world of a seed.
    pub fn from_seed(seed: u64) -> Self {
        draw::world(seed)
    }

    /// The world of a seed in which every agent could pay for all of it, and every kind of sensor fault happens: whoever
    /// dies there was killed by a fault.
    pub fn solvent_from_seed(seed: u64) -> Self {
        draw::solvent(seed)
    }

    /// The most that a wallet may spend in a tick, if it is bounded.
    pub fn max_bid(&self, wallet: usize) -> Option<Microjoules> {
        self.max_bids.get(wallet).copied().flatten()
    }

    /// The rules of the node.
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
                power_budget: self.power_budget,
                tariff: self.tariff,
                ..PriceConfig::new(machine.slots, plant, self.set_point, self.critical)
            },
            market: self.market.clone(),
            life: LifePolicy::default(),
            energy: EnergyProfile {
                idle: machine.idle,
                idle_error: Watts(0.0),
                slot: machine.slot,
                cpus: machine.slots,
                readings: Readings::OfThisRun,
            },
            audit: self.trust.as_ref().map_or_else(Audit::default, |trust| {
                let mut secret = [0; 32];
                secret[..8].copy_from_slice(&self.seed.to_le_bytes());
                Audit::new(trust.policy, secret)
            }),
        }
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, class, machine, set_point, critical, tariff, .. } = self;
        let (slots, idle, slot) = (machine.slots, machine.idle.0, machine.slot.0);
        writeln!(
            f,
            "seed {seed}: {class:?}, {slots} slots of {slot} W on {idle} W idle, tariff {:.2}",
            tariff.as_ratio()
        )?;
        write!(
            f,
            "  set point {:.1} C, critical {:.1} C, other programs {:.2} slots, Maxwell {:.2}, busy time {}",
            set_point.0,
            critical.0,
            self.kernel.other_slots,
            self.kernel.own_slots,
            if self.kernel.lag_seed.is_some() { "lags" } else { "is exact" },
        )?;
        if let Some(budget) = self.power_budget {
            write!(f, ", at most {:.1} W", budget.0)?;
        }
        writeln!(f, ", {:.1} s", self.duration.as_seconds())?;
        let weights: Vec<f64> = self.market.weights.iter().map(|weight| weight.as_ratio()).collect();
        writeln!(f, "  slots are sold by {}, of weights {weights:?}", self.market.mechanism)?;
        if let Some(bounty) = self.bounty {
            writeln!(
                f,
                "  bounty: {} a range, {} ranges, {} in all",
                bounty.reward, bounty.ranges, bounty.budget
            )?;
        }
        if let Some(trust) = &self.trust {
            let stakes = trust.stakes.iter().filter(|stake| stake.0 > 0).count();
            writeln!(f, "  {} of a million claims on {stakes} stakes are looked at", trust.policy.rate().0)?;
        }
        for (index, agent) in self.agents.iter().enumerate() {
            let (kind, bid, slots) = (agent.kind, agent.bid.as_joules(), agent.slots);
            let money = self.wallets[agent.wallet].as_joules();
            write!(f, "  {index} {kind}: wallet {} with {money:.1} J", agent.wallet)?;
            if let Some(most) = self.max_bid(agent.wallet) {
                write!(f, ", at most {:.3} J a tick", most.as_joules())?;
            }
            match agent.policy {
                None => write!(f, ", bids {bid:.3} J")?,
                Some(policy) => write!(f, ", {policy}")?,
            }
            write!(f, " for {slots}, uses {:.2}", agent.behaviour.utilisation)?;
            writeln!(f, ", {} MiB", agent.behaviour.memory.0 >> 20)?;
        }
        for fault in &self.faults {
            writeln!(f, "  fault {fault}")?;
        }
        if !self.orders.is_empty() {
            writeln!(f, "  {} orders from outside", self.orders.len())?;
        }
        if let Some(stop) = self.stop_at {
            writeln!(f, "  the operator stops it after {:.2} s", stop.as_seconds())?;
        }
        Ok(())
    }
}
