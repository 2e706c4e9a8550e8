//! The reserve price: a static function of filtered temperature and power.

use super::PriceConfig;
use crate::tick::Reading;
use crate::units::{Celsius, Nanoseconds, Ppm, Watts};

/// Share of the power budget at which its price begins to rise, and by which it may be passed at the largest price.
const BUDGET_BAND: f64 = 0.1;

/// A point of the curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knot {
    /// Where it lies, in °C or W.
    pub at: f64,
    /// Logarithm of the multiplier there.
    pub log: f64,
}

/// What the multiplier follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// The die's temperature.
    Temperature,
    /// Power against its budget.
    Power,
    /// Nothing: there is no fresh reading, and the largest multiplier holds.
    NoReading,
}

/// The terms of the multiplier `exp(u)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReserveTerms {
    /// Die temperature after the filter; before the first reading the critical one.
    pub die: Celsius,
    /// Power after the filter; before the first reading zero.
    pub power: Watts,
    /// The curve over temperature; linear between the knots, flat outside them.
    pub die_knots: [Knot; 3],
    /// The curve over power, if there is a budget.
    pub power_knots: Option<[Knot; 3]>,
    /// u by temperature.
    pub u_die: f64,
    /// u by power; zero without a budget.
    pub u_power: f64,
    /// Which of them holds: the larger.
    pub driver: Driver,
    /// What the base is multiplied by: exp(u), in millionths.
    pub multiplier: Ppm,
}

/// Multiplier 1 up to the band under the set point, 2 (by default) at it, its maximum at critical; exponential in
/// between. For power against its budget likewise, with a band of 10 %; the dearer of the two holds.
#[derive(Debug)]
pub struct ReserveCurve {
    band: f64,
    log_at_set_point: f64,
    critical: Knot,
    die: [Knot; 3],
    power: Option<[Knot; 3]>,
    filter_s: f64,
    filtered_die: f64,
    filtered_power: f64,
}

impl ReserveCurve {
    /// The curve of a configuration, its filter at the dearest point until the first reading.
    pub fn new(config: &PriceConfig) -> Self {
        let (at_set, max) = (config.multiplier_at_set_point.ln(), config.multiplier_max.ln());
        let critical = Knot { at: config.critical.0, log: max };
        Self {
            band: config.band,
            log_at_set_point: at_set,
            critical,
            die: knots(config.set_point.0 - config.band, config.set_point.0, critical, at_set),
            power: config.power_budget.map(|budget| {
                let top = Knot { at: budget.0 * (1.0 + BUDGET_BAND), log: max };
                knots(budget.0 * (1.0 - BUDGET_BAND), budget.0, top, at_set)
            }),
            filter_s: config.filter_s,
            filtered_die: critical.at,
            filtered_power: 0.0,
        }
    }

    /// Lays the curve around another set point.
    pub fn set_set_point(&mut self, set_point: Celsius) {
        self.die = knots(set_point.0 - self.band, set_point.0, self.critical, self.log_at_set_point);
    }

    /// Begins at what is read, as if it had long been so.
    pub fn begin(&mut self, reading: &Reading) {
        self.filtered_die = reading.die.value.0;
        self.filtered_power = reading.power.value.0;
    }

    /// Moves the first-order filter towards the reading by the time that has passed.
    pub fn observe(&mut self, reading: &Reading, span: Nanoseconds) {
        let weight = 1.0 - (-span.as_seconds() / self.filter_s).exp();
        self.filtered_die += weight * (reading.die.value.0 - self.filtered_die);
        self.filtered_power += weight * (reading.power.value.0 - self.filtered_power);
    }

    /// The multiplier now, at least one, and what it follows from.
    pub fn terms(&self, fresh: bool) -> ReserveTerms {
        let u_die = log_multiplier(&self.die, self.filtered_die);
        let u_power = self.power.map_or(0.0, |knots| log_multiplier(&knots, self.filtered_power));
        let (driver, u) = match fresh {
            false => (Driver::NoReading, self.critical.log),
            true if u_power > u_die => (Driver::Power, u_power),
            true => (Driver::Temperature, u_die),
        };
        ReserveTerms {
            die: Celsius(self.filtered_die),
            power: Watts(self.filtered_power),
            die_knots: self.die,
            power_knots: self.power,
            u_die,
            u_power,
            driver,
            multiplier: Ppm::from_ratio(u.exp()).max(Ppm::ONE),
        }
    }
}

fn knots(low: f64, set: f64, top: Knot, log_at_set: f64) -> [Knot; 3] {
    [Knot { at: low, log: 0.0 }, Knot { at: set, log: log_at_set }, top]
}

/// Linear between the knots, flat outside them.
fn log_multiplier(knots: &[Knot; 3], x: f64) -> f64 {
    if x <= knots[0].at {
        return knots[0].log;
    }
    for pair in knots.windows(2) {
        if x <= pair[1].at {
            let along = (x - pair[0].at) / (pair[1].at - pair[0].at);
            return pair[0].log + along * (pair[1].log - pair[0].log);
        }
    }
    knots[2].log
}
