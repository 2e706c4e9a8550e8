//! The reserve price: a static function of filtered temperature and power.

use super::PriceConfig;
use crate::tick::Reading;
use crate::units::{Nanoseconds, Ppm};

/// Share of the power budget at which its price begins to rise, and by which it may be passed at the largest price.
const BUDGET_BAND: f64 = 0.1;

/// Multiplier 1 up to the band under the set point, 2 (by default) at it, its maximum at critical; exponential in
/// between. For power against its budget likewise, with a band of 10 %; the dearer of the two holds.
#[derive(Debug)]
pub struct ReserveCurve {
    die: [Knot; 3],
    power: Option<[Knot; 3]>,
    filter_s: f64,
    filtered_die: f64,
    filtered_power: f64,
}

/// A point of the curve: from `at` on (°C or W), the logarithm of the multiplier.
#[derive(Clone, Copy, Debug)]
struct Knot {
    at: f64,
    log: f64,
}

impl ReserveCurve {
    /// The curve of a configuration, its filter at the cheapest point until the first reading.
    pub fn new(config: &PriceConfig) -> Self {
        let (at_set, max) = (config.multiplier_at_set_point.ln(), config.multiplier_max.ln());
        let knots = |low: f64, set: f64, top: f64| {
            [Knot { at: low, log: 0.0 }, Knot { at: set, log: at_set }, Knot { at: top, log: max }]
        };
        let set = config.set_point.0;
        Self {
            die: knots(set - config.band, set, config.critical.0),
            power: config
                .power_budget
                .map(|b| knots(b.0 * (1.0 - BUDGET_BAND), b.0, b.0 * (1.0 + BUDGET_BAND))),
            filter_s: config.filter_s,
            filtered_die: f64::NEG_INFINITY,
            filtered_power: 0.0,
        }
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

    /// The multiplier now, at least one.
    pub fn multiplier(&self) -> Ppm {
        let by_power = self.power.map_or(0.0, |knots| log_multiplier(&knots, self.filtered_power));
        let log = log_multiplier(&self.die, self.filtered_die).max(by_power);
        Ppm::from_ratio(log.exp()).max(Ppm::ONE)
    }
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
