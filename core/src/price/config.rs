//! What the price is made from.

use super::Plant;
use crate::limits::{SLOTS_MAX, WINDOW};
use crate::units::{Celsius, Ppm, Watts};

/// What the price is made from. [`PriceConfig::new`] takes what differs from machine to machine; change the rest in
/// what it gives.
#[derive(Clone, Debug, PartialEq)]
pub struct PriceConfig {
    /// Slots that there are.
    pub slots: u16,
    /// How the die answers to power; the gains follow from it.
    pub plant: Plant,
    /// Temperature that the supply holds.
    pub set_point: Celsius,
    /// Temperature at or above which nothing is sold.
    pub critical: Celsius,
    /// Power that the supply does not exceed, if there is a budget.
    pub power_budget: Option<Watts>,
    /// Power of the machine when it is idle; zero if it is not known. Beside it the power budget is filled: a figure too
    /// small lets demand that sets in pass the budget by as much until the sensor shows it, one too large leaves as
    /// much of it unused.
    pub idle: Watts,
    /// Share of the idle power, from 0 to 1, that the slots pay for in equal parts: `idle_recovery x idle / slots` watts
    /// each. It is part of the base price, below the multiplier, so that multiplier one covers the cost and heat makes
    /// all of it dearer. What is left of the idle power, and the part of slots that nobody bought, others pay.
    pub idle_recovery: f64,
    /// Degrees under the set point at which the price begins to rise.
    pub band: f64,
    /// Multiplier at the set point.
    pub multiplier_at_set_point: f64,
    /// Multiplier at the critical temperature, and without a fresh reading.
    pub multiplier_max: f64,
    /// Time constant of the filter before the reserve, and of a step of the set point, in seconds.
    pub filter_s: f64,
    /// Electricity price relative to the reference.
    pub tariff: Ppm,
    /// Seconds from a change of the die to a reading that shows it; the gains follow from it.
    pub sensor_delay_s: f64,
    /// Share of the heat sink's drift that is fed forward, from 0 (off) to 1. It takes a few tenths of a kelvin from the
    /// overshoot where the sensor is finer than whole degrees, and adds ripple where it is not.
    pub feed_forward: f64,
    /// Time of the derivative on the filtered temperature, in seconds; 0 is off.
    pub derivative_s: f64,
    /// Seconds that the supply takes at least from nothing to all slots. It may fall at once.
    pub rise_s: f64,
}

/// What is wrong with a configuration of the price.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("price: {0}")]
pub struct PriceError(pub(super) &'static str);

impl PriceConfig {
    /// The rules of the price on a machine, with defaults for what is no property of it: no power budget, idle power
    /// unknown and not recovered, a price that rises from 5 K under the set point, doubles at it and reaches 64 times the base at critical, a filter of 3 s, the
    /// reference tariff, a sensor that is one period late, neither feed-forward nor derivative, and half a second from
    /// nothing to all slots.
    pub const fn new(slots: u16, plant: Plant, set_point: Celsius, critical: Celsius) -> Self {
        Self {
            slots,
            plant,
            set_point,
            critical,
            power_budget: None,
            idle: Watts(0.0),
            idle_recovery: 0.0,
            band: 5.0,
            multiplier_at_set_point: 2.0,
            multiplier_max: 64.0,
            filter_s: 3.0,
            tariff: Ppm::ONE,
            // As `WINDOW`, of which a constant function cannot take the seconds; a test compares them.
            sensor_delay_s: 0.1,
            feed_forward: 0.0,
            derivative_s: 0.0,
            rise_s: 0.5,
        }
    }

    /// Idle power that each slot pays for, in watts.
    pub(super) fn idle_share(&self) -> Watts {
        Watts(self.idle_recovery * self.idle.0 / f64::from(self.slots))
    }

    pub(super) fn validate(&self) -> Result<(), PriceError> {
        let window_s = WINDOW.as_seconds();
        let rules = [
            (self.slots > 0 && self.slots <= SLOTS_MAX, "the number of slots must be from 1 to 1024"),
            (
                self.plant.is_physical(),
                "die resistance, time constant and watts of a slot must be above zero",
            ),
            (self.band > 0.0 && self.band.is_finite(), "the band must be above zero degrees"),
            (
                self.set_point.0.is_finite() && self.critical.0.is_finite() && self.critical > self.set_point,
                "critical must be above the set point",
            ),
            (self.multiplier_at_set_point >= 1.0, "the multiplier at the set point must be at least 1"),
            (
                self.multiplier_max >= self.multiplier_at_set_point,
                "the largest multiplier must be the largest",
            ),
            (self.multiplier_max <= 1_000.0, "the largest multiplier must be at most 1000"),
            (
                self.filter_s > 0.0 && self.filter_s.is_finite(),
                "the filter's time constant must be above zero",
            ),
            (
                self.power_budget.is_none_or(|w| w.0 > 0.0 && w.0.is_finite()),
                "the power budget must be above zero watts",
            ),
            (self.idle.0 >= 0.0 && self.idle.0.is_finite(), "the idle power must be zero watts or more"),
            (
                self.power_budget.is_none_or(|w| w > self.idle),
                "the power budget must be above the idle power, or nothing could be sold",
            ),
            ((0.0..=1.0).contains(&self.idle_recovery), "the share of idle recovered must be from 0 to 1"),
            (
                (0.0..=10.0).contains(&self.sensor_delay_s),
                "the delay of the sensor must be from 0 to 10 seconds",
            ),
            ((0.0..=1.0).contains(&self.feed_forward), "the share fed forward must be from 0 to 1"),
            ((0.0..=10.0).contains(&self.derivative_s), "the derivative's time must be from 0 to 10 seconds"),
            (
                (window_s..=60.0).contains(&self.rise_s),
                "the time from nothing to all slots must be from 0.1 to 60 seconds",
            ),
        ];
        rules.iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, rule)| Err(PriceError(rule)))
    }
}
