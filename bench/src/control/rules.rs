//! The controllers that are compared. All see the same readings; only Maxwell's sells parts of slots.

use maxwell_core::price::{PriceConfig, PriceError, Pricer};
use maxwell_core::tick::{Reading, Sensed};
use maxwell_core::units::Moment;

use super::plant::{allowed, powers};

/// What a rule lets the market have in one tick.
#[derive(Clone, Copy, Debug)]
pub struct Offer {
    /// Slots for sale.
    pub slots: u16,
    /// Reserve, in base prices.
    pub multiplier: f64,
}

/// A rule that turns readings into an offer.
pub trait Rule {
    /// The offer of this tick.
    fn offer(&mut self, now: Moment, sensed: &Sensed) -> Offer;

    /// How much of the last offer was sold; most rules do not ask.
    fn sold(&mut self, _slots: u16) {}
}

impl Rule for Pricer {
    fn offer(&mut self, now: Moment, sensed: &Sensed) -> Offer {
        let quote = self.quote(now, sensed);
        Offer { slots: quote.slots, multiplier: quote.multiplier.as_ratio() }
    }

    fn sold(&mut self, slots: u16) {
        Self::sold(self, slots);
    }
}

impl Rule for Box<dyn Rule> {
    fn offer(&mut self, now: Moment, sensed: &Sensed) -> Offer {
        self.as_mut().offer(now, sensed)
    }

    fn sold(&mut self, slots: u16) {
        self.as_mut().sold(slots);
    }
}

/// The rules of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Maxwell's supply and reserve.
    Maxwell,
    /// The same with the supply rounded to whole slots, which stay the same until the next reading.
    WholeSlots,
    /// Maxwell's reserve alone.
    PriceOnly,
    /// All or nothing.
    BangBang,
    /// The kernel's power allocator.
    PowerAllocator,
}

impl Kind {
    /// The rules that stand beside each other; one without dither is no rule of its own.
    pub const ALL: [Self; 4] = [Self::Maxwell, Self::PriceOnly, Self::BangBang, Self::PowerAllocator];

    /// Name in tables and legends.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Maxwell => "Maxwell",
            Self::WholeSlots => "Maxwell without dither",
            Self::PriceOnly => "price only",
            Self::BangBang => "bang-bang",
            Self::PowerAllocator => "power_allocator",
        }
    }

    /// A rule of this kind for a machine.
    ///
    /// # Errors
    /// When the configuration is impossible.
    pub fn rule(self, config: PriceConfig) -> Result<Box<dyn Rule>, PriceError> {
        Ok(match self {
            Self::Maxwell => Box::new(Pricer::new(config)?),
            Self::WholeSlots => Box::new(WholeSlots(Pricer::new(config)?)),
            Self::PriceOnly => Box::new(PriceOnly { slots: config.slots, pricer: Pricer::new(config)? }),
            Self::BangBang => Box::new(BangBang { on: true, config }),
            Self::PowerAllocator => Box::new(PowerAllocator::new(config)),
        })
    }
}

/// Maxwell without its dither.
struct WholeSlots(Pricer);

impl Rule for WholeSlots {
    fn offer(&mut self, now: Moment, sensed: &Sensed) -> Offer {
        let offer = self.0.offer(now, sensed);
        Offer { slots: self.0.explain().supply.allowed.round() as u16, ..offer }
    }

    fn sold(&mut self, slots: u16) {
        self.0.sold(slots);
    }
}

/// The reserve of Maxwell, and all slots for sale at it while the die is not critical.
struct PriceOnly {
    slots: u16,
    pricer: Pricer,
}

impl Rule for PriceOnly {
    fn offer(&mut self, now: Moment, sensed: &Sensed) -> Offer {
        let offer = self.pricer.offer(now, sensed);
        let quote = self.pricer.explain();
        Offer { slots: if quote.die < quote.critical { self.slots } else { 0 }, ..offer }
    }
}

/// Sells nothing from the set point on, and everything again from 2 K under it.
struct BangBang {
    on: bool,
    config: PriceConfig,
}

/// Kelvin under the set point at which the bang-bang rule sells again.
const HYSTERESIS: f64 = 2.0;

impl Rule for BangBang {
    fn offer(&mut self, _: Moment, sensed: &Sensed) -> Offer {
        let error = sensed.last().map_or(0.0, |reading| self.config.set_point.0 - reading.die.value.0);
        self.on = if self.on { error > 0.0 } else { error >= HYSTERESIS };
        Offer { slots: if self.on { self.config.slots } else { 0 }, multiplier: 1.0 }
    }
}

/// The rule of Linux' `power_allocator` governor as its documentation and its defaults have it: a PID controller that
/// grants the sustainable power plus a correction, gains from the distance between its two trip points, the integral
/// above the control temperature alone, reset under the first trip point. A cooling device has whole states, so whole
/// slots are granted. The sustainable power is known exactly, which real device trees seldom have.
struct PowerAllocator {
    config: PriceConfig,
    /// Sum of the errors of all periods above the control temperature, in kelvin.
    error_sum: f64,
    acted_on: Option<Moment>,
    slots: u16,
}

/// Kelvin from the trip point that switches the governor on to the one that it controls to.
const TRIP_DISTANCE: f64 = 10.0;

impl PowerAllocator {
    fn new(config: PriceConfig) -> Self {
        Self { slots: config.slots, config, error_sum: 0.0, acted_on: None }
    }

    fn decide(&mut self, reading: &Reading) -> u16 {
        let error = self.config.set_point.0 - reading.die.value.0;
        if error > TRIP_DISTANCE {
            self.error_sum = 0.0;
            return self.config.slots;
        }
        let (idle, slot) = powers();
        let sustainable = allowed(self.config.set_point).0;
        let most = idle.0 + slot.0 * f64::from(self.config.slots);
        // Over- and undershoot have gains of their own; the integral's is a tenth of the latter.
        let (k_over, k_under) = (sustainable / TRIP_DISTANCE, 2.0 * sustainable / TRIP_DISTANCE);
        let k_integral = k_under / 10.0;
        if error < 0.0 && (k_integral * (self.error_sum + error)).abs() < most {
            self.error_sum += error;
        }
        let proportional = error * if error < 0.0 { k_over } else { k_under };
        let granted = (sustainable + proportional + k_integral * self.error_sum).clamp(0.0, most);
        ((granted - idle.0).max(0.0) / slot.0).floor() as u16
    }
}

impl Rule for PowerAllocator {
    fn offer(&mut self, _: Moment, sensed: &Sensed) -> Offer {
        if let Some(reading) = sensed.last().filter(|reading| self.acted_on != Some(reading.at)) {
            self.acted_on = Some(reading.at);
            self.slots = self.decide(reading);
        }
        Offer { slots: self.slots, multiplier: 1.0 }
    }
}
