//! Where temperature is read: the seam between the backends and the sensor that takes the hottest die.

mod hwmon;

mod zones;

pub mod kernel;

use crate::meter::ReadError;
use maxwell_core::units::Celsius;
use std::ops::RangeInclusive;

/// No die that computes is colder or hotter, in degrees.
pub const RANGE: RangeInclusive<f64> = -60.0..=200.0;

/// One place whose temperature is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// Name for the operator, such as `package 0` or `Tctl`.
    pub label: String,
    /// Socket that it sits in, where that is known.
    pub socket: Option<u16>,
    /// Half the width of its error bar.
    pub error: Celsius,
    /// The temperature at which the hardware throttles itself, where it says so.
    pub limit: Option<Celsius>,
}

/// Reads the temperature of every die. Files are opened once and stay open.
pub trait Thermometer: Send {
    /// Name of the backend, as `maxwell physics` shows it.
    fn name(&self) -> &'static str;

    /// What is read, at least one die; the same for as long as the thermometer lives.
    fn probes(&self) -> &[Probe];

    /// The temperature of the probe at this place in [`Thermometer::probes`], from -60 to 200 °C.
    ///
    /// # Errors
    /// When there is none this time, or what was found is no temperature. The next call may succeed: a thermometer opens
    /// again what has vanished and come back.
    fn celsius(&mut self, probe: usize) -> Result<Celsius, ReadError>;
}

/// The temperature, if it can be one.
pub(crate) fn plausible(found: Celsius) -> Result<Celsius, ReadError> {
    if RANGE.contains(&found.0) { Ok(found) } else { Err(ReadError(format!("no die is at {} °C", found.0))) }
}

/// The limit, if hardware can have it: firmware writes zero, absolute zero or the largest number for "none".
pub(crate) fn credible_limit(found: Celsius) -> Option<Celsius> {
    (40.0..=150.0).contains(&found.0).then_some(found)
}
