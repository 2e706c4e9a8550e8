//! A sensor whose power was compared with an external meter.

use crate::select::Tier;
use crate::sensor::{ErrorBars, Part, SensorError, ThermalSensor};
use crate::thermal::ParameterError;
use maxwell_core::tick::Reading;
use maxwell_core::units::{Microjoules, Moment, Watts};
use std::sync::Mutex;

/// What is to be done to the power that counters show: `scale x power + offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correction {
    /// Watts for every watt shown.
    pub scale: f64,
    /// Watts that the counters do not see; below zero where they see too much.
    pub offset: Watts,
    /// What may still be wrong, as a share of the corrected power.
    pub error: f64,
    /// How far corrected readings can be trusted: tier 1 or 2.
    pub tier: Tier,
}

impl Correction {
    /// Checks that the correction is one that a meter can ask for.
    ///
    /// # Errors
    /// Names the first number that is impossible.
    pub fn validate(&self) -> Result<(), ParameterError> {
        let offset = self.offset.0;
        ParameterError::first(&[
            ("correction scale", self.scale, (0.01..=100.0).contains(&self.scale), "from 0.01 to 100"),
            ("correction offset (W)", offset, offset.abs() <= 1e5, "from -1e5 to 1e5"),
            ("correction error (share)", self.error, (0.0..=1.0).contains(&self.error), "from 0 to 1"),
        ])
    }

    /// The corrected power, never below zero.
    pub fn power(&self, shown: Watts) -> Watts {
        Watts((self.scale * shown.0 + self.offset.0).max(0.0))
    }
}

/// A sensor with its power and energy corrected. Temperature, time, epoch and [`ThermalSensor::parts`] are those of the
/// sensor itself: parts show the counters as they stand.
pub struct Corrected<S> {
    sensor: S,
    correction: Correction,
    state: Mutex<Option<State>>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// The last reading as the sensor gave it.
    shown: Reading,
    /// Corrected energy in whole microjoules, and the part of one that is left.
    energy: Microjoules,
    rest: f64,
}

impl<S: ThermalSensor> Corrected<S> {
    /// Corrects `sensor` from its first sample on.
    ///
    /// # Errors
    /// When the correction is impossible, see [`Correction::validate`].
    pub fn new(sensor: S, correction: Correction) -> Result<Self, ParameterError> {
        correction.validate()?;
        Ok(Self { sensor, correction, state: Mutex::new(None) })
    }

    /// Energy is corrected difference by difference, so that it never falls, whatever the offset, and what is less than
    /// a microjoule is carried on. Between epochs nobody knows for how long energy was counted, so no offset is added.
    fn advance(&self, last: Option<State>, shown: Reading) -> State {
        let scale = self.correction.scale;
        let Some(last) = last else {
            let first = shown.energy.value.0 as f64 * scale;
            let energy = Microjoules(first.floor() as i64);
            return State { shown, energy, rest: first - first.floor() };
        };
        let counted = (shown.energy.value - last.shown.energy.value).0 as f64 * scale;
        let seconds = shown.at.since(last.shown.at).as_seconds();
        let same = shown.epoch == last.shown.epoch;
        let unseen = if same { self.correction.offset.0 * seconds * 1e6 } else { 0.0 };
        let exact = (counted + unseen).max(0.0) + last.rest;
        let energy = last.energy + Microjoules(exact.floor() as i64);
        State { shown, energy, rest: exact - exact.floor() }
    }
}

impl<S: ThermalSensor> ThermalSensor for Corrected<S> {
    fn name(&self) -> &'static str {
        self.sensor.name()
    }

    fn sample(&self, now: Moment) -> Result<Reading, SensorError> {
        let mut state = self.state.lock().expect("an earlier sample panicked");
        let shown = self.sensor.sample(now)?;
        let next = self.advance(*state, shown);
        *state = Some(next);
        let bars = ErrorBars { ratio: self.correction.error, die: shown.die.error };
        Ok(Reading {
            power: bars.power(self.correction.power(shown.power.value), shown.power.provenance),
            energy: bars.energy(next.energy, shown.energy.provenance),
            ..shown
        })
    }

    fn parts(&self) -> Vec<Part> {
        self.sensor.parts()
    }
}
