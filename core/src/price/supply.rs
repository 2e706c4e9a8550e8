//! The supply: how many slots the physics allows now.

use crate::tick::Reading;
use crate::units::{Celsius, Nanoseconds, Watts};

/// Sampling period plus half of it as the dead time of the loop, in seconds.
const LOOP_DELAY_S: f64 = 0.15;
/// The closed loop is never asked to be faster than this, in seconds.
const CLOSED_LOOP_MIN_S: f64 = 0.3;
/// Share of the power error that one step of the budget's integral removes.
const BUDGET_GAIN: f64 = 0.3;

/// How the die answers to the power of slots: a first-order lag.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plant {
    /// Power of one busy slot above idle.
    pub slot: Watts,
    /// Thermal resistance from die to heat sink, in kelvin per watt.
    pub die_resistance: f64,
    /// Time constant of the die, in seconds.
    pub die_tau_s: f64,
}

impl Plant {
    pub(super) fn is_physical(&self) -> bool {
        [self.slot.0, self.die_resistance, self.die_tau_s].iter().all(|x| x.is_finite() && *x > 0.0)
    }
}

/// A PI controller on `set point - temperature` whose output is slots, beside an integral controller on
/// `power budget - power`; the smaller wins.
///
/// The gains follow from the plant by lambda tuning with the loop's delay in it, never by hand:
/// `Kp = tau / (R P_slot (lambda + 0.15 s))` with `lambda = max(tau, 0.3 s)`, and `Ki = Kp / tau`.
/// While the output is at a bound the integral is set back to where the output just reaches it, so a load that comes
/// after an hour of saturation meets no wound-up integral.
#[derive(Debug)]
pub struct SupplyController {
    slots: f64,
    set_point: Celsius,
    gain: f64,
    integral_gain: f64,
    integral: f64,
    output: f64,
    budget: Option<Budget>,
}

#[derive(Debug)]
struct Budget {
    watts: Watts,
    slot: Watts,
    slots: f64,
}

impl SupplyController {
    /// A controller whose output is nothing until the first reading.
    pub fn new(plant: Plant, slots: u16, set_point: Celsius, power_budget: Option<Watts>) -> Self {
        let lambda = plant.die_tau_s.max(CLOSED_LOOP_MIN_S);
        let gain = plant.die_tau_s / (plant.die_resistance * plant.slot.0 * (lambda + LOOP_DELAY_S));
        Self {
            slots: f64::from(slots),
            set_point,
            gain,
            integral_gain: gain / plant.die_tau_s,
            integral: 0.0,
            output: 0.0,
            budget: power_budget.map(|watts| Budget { watts, slot: plant.slot, slots: f64::from(slots) }),
        }
    }

    /// Begins with an integral that agrees with the first reading: all slots if it is cool, none if it is hot.
    pub fn begin(&mut self, reading: &Reading) {
        self.integral = if reading.die.value < self.set_point { self.slots } else { 0.0 };
        if let Some(budget) = &mut self.budget {
            budget.slots = self.slots;
        }
    }

    /// Goes on after a gap in which `sold` slots were sold at last: without a bump, the output sets out from there.
    pub fn resume(&mut self, reading: &Reading, sold: f64) {
        let error = self.set_point.0 - reading.die.value.0;
        self.integral = (sold - self.gain * error).clamp(0.0, self.slots);
        if let Some(budget) = &mut self.budget {
            budget.slots = sold;
        }
    }

    /// One step of the controller.
    pub fn observe(&mut self, reading: &Reading, span: Nanoseconds) {
        let error = self.set_point.0 - reading.die.value.0;
        let proportional = self.gain * error;
        let integral = self.integral + self.integral_gain * error * span.as_seconds();
        let output = (proportional + integral).clamp(0.0, self.slots);
        self.integral = anti_windup(integral, proportional, output, self.slots);
        self.output = output;
        if let Some(budget) = &mut self.budget {
            let error = (budget.watts.0 - reading.power.value.0) / budget.slot.0;
            budget.slots = (budget.slots + BUDGET_GAIN * error).clamp(0.0, self.slots);
            self.output = self.output.min(budget.slots);
        }
    }

    /// Slots that may be sold now.
    pub const fn output(&self) -> f64 {
        self.output
    }
}

/// Back-calculation: at a bound the integral may be no further out than what just reaches the bound; it never leaves
/// `0..=slots`, the outputs that an equilibrium can need.
fn anti_windup(integral: f64, proportional: f64, output: f64, slots: f64) -> f64 {
    let saturated = (output - (proportional + integral)).abs() > f64::EPSILON;
    let kept = if saturated { output - proportional } else { integral };
    kept.clamp(0.0, slots)
}
