//! The machine in motion: heat follows what was sold, reserve and supply follow heat.
//!
//! It is the machine of `docs/controller`: eight slots of 15 W beside 10 W idle, 25 °C around it, a set point of 70 °C at which
//! 5.33 slots are the equilibrium. Price controller and thermal model are those of a node.

use maxwell_core::limits::{QUANTUM, WINDOW_TICKS};
use maxwell_core::price::{Plant, PriceConfig, Pricer};
use maxwell_core::tick::{Figure, Provenance, Quote, Reading, Sensed};
use maxwell_core::units::{Celsius, Microjoules, Moment, Watts};
use maxwell_physics::thermal::{ThermalModel, ThermalParameters};

/// Slots of the machine.
pub(super) const SLOTS: u16 = 8;
/// Slots for sale on the machine that stands still: the whole slots of its equilibrium.
const SLOTS_STILL: u16 = 5;
const IDLE: Watts = Watts(10.0);
const SLOT: Watts = Watts(15.0);
const SET_POINT: Celsius = Celsius(70.0);
const CRITICAL: Celsius = Celsius(90.0);

/// Where reserve and supply come from.
pub(super) enum Machine {
    /// From a temperature that follows what was sold.
    Moving(Box<Moving>),
    /// They stand still: the base price, and the whole slots of the equilibrium.
    Still,
}

/// A machine with its sensor and its controller.
pub(super) struct Moving {
    thermal: ThermalModel,
    pricer: Pricer,
    sensed: Sensed,
    /// Sum of the watts of each tick since the last reading.
    gathered: f64,
    tick: u64,
}

/// What is for sale in a tick.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer {
    pub(super) slots: usize,
    pub(super) reserve: Microjoules,
}

/// Price of a quantum at multiplier one and at the reference tariff.
pub(super) fn base() -> Microjoules {
    SLOT.over(QUANTUM)
}

impl Machine {
    /// A machine whose die has this time constant and that has long been idle, or one that stands still.
    pub(super) fn new(die_tau_s: Option<f64>) -> Self {
        let Some(die_tau_s) = die_tau_s else { return Self::Still };
        let parameters = ThermalParameters {
            ambient: Celsius(25.0),
            die_resistance: 0.35,
            die_tau_s,
            sink_resistance: 0.15,
            sink_tau_s: 30.0,
            leakage: 0.0,
        };
        let plant = Plant { slot: SLOT, die_resistance: parameters.die_resistance, die_tau_s };
        let config = PriceConfig { idle: IDLE, ..PriceConfig::new(SLOTS, plant, SET_POINT, CRITICAL) };
        Self::Moving(Box::new(Moving {
            thermal: ThermalModel::new(parameters, IDLE).expect("a machine that can exist"),
            pricer: Pricer::new(config).expect("a price that can be asked"),
            sensed: Sensed::Missing,
            gathered: IDLE.0 * WINDOW_TICKS as f64,
            tick: 0,
        }))
    }

    /// What is for sale now.
    pub(super) fn offer(&mut self) -> Offer {
        match self {
            Self::Still => Offer { slots: usize::from(SLOTS_STILL), reserve: base() },
            Self::Moving(moving) => {
                let Quote { slots, reserve, .. } = moving.quote();
                Offer { slots: usize::from(slots), reserve }
            }
        }
    }

    /// So many slots were sold, and now they run for a quantum.
    pub(super) fn run(&mut self, sold: usize) {
        if let Self::Moving(moving) = self {
            moving.run(sold as u16);
        }
    }
}

impl Moving {
    fn quote(&mut self) -> Quote {
        let now = Moment(self.tick * QUANTUM.0);
        if self.tick.is_multiple_of(WINDOW_TICKS) {
            let power = std::mem::take(&mut self.gathered) / WINDOW_TICKS as f64;
            self.sensed = Sensed::Fresh(reading(now, self.thermal.die(), Watts(power)));
        }
        self.pricer.quote(now, &self.sensed)
    }

    fn run(&mut self, sold: u16) {
        self.pricer.sold(sold);
        let power = Watts(IDLE.0 + SLOT.0 * f64::from(sold));
        self.thermal.advance(power, QUANTUM);
        self.gathered += power.0;
        self.tick += 1;
    }
}

/// What an exact sensor says.
fn reading(at: Moment, die: Celsius, power: Watts) -> Reading {
    let provenance = Provenance::Modelled;
    Reading {
        at,
        die: Figure { value: die, error: Celsius(0.0), provenance },
        power: Figure { value: power, error: Watts(0.0), provenance },
        energy: Figure {
            value: Microjoules::ZERO,
            error: Microjoules::ZERO,
            provenance: Provenance::Unknown,
        },
        epoch: 0,
    }
}
