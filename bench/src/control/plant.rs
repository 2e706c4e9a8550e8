//! The machine and its market, tick by tick.

use maxwell_core::limits::QUANTUM;
use maxwell_core::price::{Plant, PriceConfig};
use maxwell_core::tick::Sensed;
use maxwell_core::units::{Celsius, Moment, Watts};
use maxwell_physics::thermal::{ParameterError, ThermalModel, ThermalParameters};

use super::demand::Demand;
use super::rules::{Offer, Rule};
use super::sensor::{Quality, Sensor};

/// Time constants of the die, in seconds: thin mobile, desktop, workstation, large server package.
pub const TAUS: [f64; 4] = [0.3, 1.0, 2.0, 3.5];
/// Ticks in a second.
pub const SECOND: usize = 100;
/// Ticks between two readings.
const PERIOD: usize = 10;
/// Power of the idle machine.
const IDLE: Watts = Watts(10.0);
/// Power of a busy slot above idle.
const SLOT: Watts = Watts(15.0);
const SLOTS: u16 = 8;
/// Temperature that is to be held: a little more than five slots heat the machine to it.
pub const SET_POINT: Celsius = Celsius(70.0);
const CRITICAL: Celsius = Celsius(90.0);
/// Seed of the sensor's noise.
const SEED: u64 = 12;

/// Power budget of the runs that have one: 3.8 slots, under what the set point allows. Not a whole number of slots, so
/// that the dither has work to do.
pub const BUDGET: Watts = Watts(67.0);

/// What differs between the machines of the study.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Machine {
    /// Time constant of the die, in seconds.
    pub die_tau_s: f64,
    /// Power that leaks more for every kelvin of the die above ambient, in watts per kelvin.
    pub leakage: f64,
}

impl Machine {
    /// A machine whose power does not depend on its temperature.
    pub const fn of(die_tau_s: f64) -> Self {
        Self { die_tau_s, leakage: 0.0 }
    }

    /// The die on a sink of 30 s.
    const fn parameters(self) -> ThermalParameters {
        ThermalParameters {
            ambient: Celsius(25.0),
            die_resistance: 0.35,
            die_tau_s: self.die_tau_s,
            sink_resistance: 0.15,
            sink_tau_s: 30.0,
            leakage: self.leakage,
        }
    }
}

/// What the controllers know of the machine. They know nothing of leakage.
pub fn config(die_tau_s: f64) -> PriceConfig {
    let die_resistance = Machine::of(die_tau_s).parameters().die_resistance;
    let plant = Plant { slot: SLOT, die_resistance, die_tau_s };
    PriceConfig { idle: IDLE, ..PriceConfig::new(SLOTS, plant, SET_POINT, CRITICAL) }
}

/// Power of the whole machine, leakage included, at which the die settles at `set_point`.
pub fn allowed(set_point: Celsius) -> Watts {
    let machine = Machine::of(1.0).parameters();
    Watts((set_point.0 - machine.ambient.0) / (machine.die_resistance + machine.sink_resistance))
}

/// Power of the idle machine, and of a busy slot above it.
pub const fn powers() -> (Watts, Watts) {
    (IDLE, SLOT)
}

/// What happened in one tick.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Die temperature at the end of the tick, in °C.
    pub die: f64,
    /// Power of the whole machine, in W.
    pub power: f64,
    /// Reserve, in base prices.
    pub multiplier: f64,
    /// Slots sold.
    pub sold: u16,
}

/// A machine with its sensor and the rule that controls it.
pub struct Bench<R> {
    /// The rule.
    pub rule: R,
    /// Slots that other programs keep busy; they pay nobody and heat as much.
    pub other_slots: f64,
    thermal: ThermalModel,
    sensor: Sensor,
    sensed: Sensed,
    /// Sum of the power since the last reading.
    gathered: f64,
    tick: usize,
}

impl<R: Rule> Bench<R> {
    /// A machine that has long been idle.
    ///
    /// # Errors
    /// When no such machine can exist.
    pub fn idle(machine: Machine, quality: Quality, rule: R) -> Result<Self, ParameterError> {
        let thermal = ThermalModel::new(machine.parameters(), IDLE)?;
        let power = Watts(IDLE.0 + thermal.leaking().0);
        Ok(Self {
            rule,
            other_slots: 0.0,
            thermal,
            sensor: Sensor::new(quality, SEED),
            sensed: Sensed::Missing,
            gathered: power.0 * PERIOD as f64,
            tick: 0,
        })
    }

    /// One tick under `demand`, none for a market without buyers.
    pub fn tick(&mut self, demand: Option<Demand>) -> Sample {
        if self.tick.is_multiple_of(PERIOD) {
            let power = Watts(std::mem::take(&mut self.gathered) / PERIOD as f64);
            self.sensed = Sensed::Fresh(self.sensor.read(self.now(), self.thermal.die(), power));
        }
        self.sell(demand)
    }

    /// One tick in which the sensor says nothing; its last reading is stale once it is older than half a second.
    pub fn blind_tick(&mut self, demand: Option<Demand>) -> Sample {
        let now = self.now();
        self.gathered = 0.0;
        if let Some(last) = self.sensed.last().copied().filter(|last| now.since(last.at).as_seconds() > 0.5) {
            self.sensed = Sensed::Stale(last);
        }
        self.sell(demand)
    }

    /// `seconds` under `demand`.
    pub fn run(&mut self, seconds: usize, demand: Option<Demand>) -> Vec<Sample> {
        (0..seconds * SECOND).map(|_| self.tick(demand)).collect()
    }

    fn sell(&mut self, demand: Option<Demand>) -> Sample {
        let Offer { slots, multiplier } = self.rule.offer(self.now(), &self.sensed);
        let sold = slots.min(demand.map_or(0, |demand| demand.buyers(multiplier)));
        self.rule.sold(sold);
        let used = Watts(IDLE.0 + SLOT.0 * (f64::from(sold) + self.other_slots));
        let power = used.0 + self.thermal.advance(used, QUANTUM).0;
        self.gathered += power;
        self.tick += 1;
        Sample { die: self.thermal.die().0, power, multiplier, sold }
    }

    fn now(&self) -> Moment {
        Moment(self.tick as u64 * QUANTUM.0)
    }
}
