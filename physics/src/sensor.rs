//! What every sensor can do.

use maxwell_core::tick::Reading;
use maxwell_core::units::Moment;

/// Reads the machine's heat: die temperature, energy since a fixed origin, power.
pub trait ThermalSensor: Send + Sync {
    /// Name of the backend, as `maxwell physics` shows it.
    fn name(&self) -> &'static str;

    /// Reads the machine at `now`. Times must not run backwards from one call to the next.
    ///
    /// # Errors
    /// See [`SensorError`]; the caller goes on without a fresh reading, which the controller treats as heat.
    fn sample(&self, now: Moment) -> Result<Reading, SensorError>;
}

/// Why a sensor gave no reading, by what the caller should do.
#[derive(Debug, thiserror::Error)]
pub enum SensorError {
    /// Passing: the next sample may succeed.
    #[error("{backend}: no reading this time: {why}")]
    Retry {
        /// Backend that failed.
        backend: &'static str,
        /// What happened.
        why: String,
    },
    /// Lasting: choose another backend.
    #[error("{backend}: will give no more readings: {why}")]
    Gone {
        /// Backend that failed.
        backend: &'static str,
        /// What happened.
        why: String,
    },
}
