//! Feed-forward of the model: the heat sink warms over half a minute, and the supply follows it without waiting for an
//! error of the die's temperature.

use super::Plant;
use crate::tick::Reading;

/// Time constant of the filter on the estimate, in seconds: a tenth of a usual sink's, so that the estimate lags little,
/// and thirty readings, so that the noise of power is averaged out.
const FILTER_S: f64 = 3.0;

/// Estimates the sink's temperature: the die's less what the power heats the die above its sink, `R P` behind a lag of
/// tau. The power is lagged rather than the temperature differentiated, because a sensor of whole degrees has no slope.
#[derive(Debug)]
pub(super) struct SinkObserver {
    plant: Plant,
    /// Share of the drift that is fed forward.
    share: f64,
    /// Kelvin of the die above its sink, by the model.
    rise: f64,
    /// Estimate at the first reading, which the integral stands for, in °C.
    reference: f64,
    /// Estimate now, in °C.
    filtered: f64,
}

impl SinkObserver {
    pub(super) const fn new(plant: Plant, share: f64) -> Self {
        Self { plant, share, rise: 0.0, reference: 0.0, filtered: 0.0 }
    }

    /// Begins with a die that neither warms nor cools.
    pub(super) fn begin(&mut self, reading: &Reading) {
        self.rise = self.plant.die_resistance * reading.power.value.0;
        self.reference = reading.die.value.0 - self.rise;
        self.filtered = self.reference;
    }

    /// Moves the estimate; the feed-forward in slots.
    pub(super) fn observe(&mut self, reading: &Reading, span_s: f64) -> f64 {
        let settled = self.plant.die_resistance * reading.power.value.0;
        self.rise += (1.0 - (-span_s / self.plant.die_tau_s).exp()) * (settled - self.rise);
        let sink = reading.die.value.0 - self.rise;
        self.filtered += (1.0 - (-span_s / FILTER_S).exp()) * (sink - self.filtered);
        self.slots()
    }

    /// Slots by which the sink's drift since the first reading lowers what the set point allows.
    pub(super) fn slots(&self) -> f64 {
        self.share * (self.reference - self.filtered) / self.plant.slot_rise()
    }
}
