//! Calibration: from a recorded step load (idle, full, idle) to the parameters of this machine.
//!
//! ```text
//!   samples --check--> power: linear least squares of     P = P_idle + P_core busy + leakage (T - T_ambient)
//!                        |
//!                        +--> heat: nonlinear least squares of the two nodes of `thermal`, fed with that power
//! ```
//!
//! Nothing here knows a clock, a thread or where the samples come from. What the samples do not show is refused with a
//! [`CalibrateError`] that says what to do; it is never filled in with a typical value.

mod check;

mod heat;

mod least_squares;

mod power;

pub mod reference;

pub mod series;

mod table;

use crate::model::MachineModel;
use crate::sensor::ErrorBars;
use crate::thermal::{ParameterError, ThermalParameters};
use maxwell_core::tick::Figure;
use maxwell_core::units::{Celsius, Moment, Watts};

pub use crate::thermometer::kernel::DIE_ERROR;
pub use heat::HeatFit;
pub use power::PowerFit;

/// One sample of the step load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When it was taken.
    pub at: Moment,
    /// CPUs that were busy on average since the sample before.
    pub busy_cpus: f64,
    /// Mean power since the sample before. Only a measured one is fitted.
    pub power: Option<Figure<Watts>>,
    /// Die temperature.
    pub die: Celsius,
}

/// What is known of the machine beside its samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Subject {
    /// Its watts where none were measured, and its number of slots.
    pub assumed: MachineModel,
    /// The temperature at which its hardware throttles itself, where that is known.
    pub limit: Option<Celsius>,
    /// How far the thermometer itself may be off, where that is known.
    pub die_error: Option<Celsius>,
}

/// A fitted number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The best value.
    pub value: f64,
    /// Its standard error, in the same unit. It knows the scatter of the samples and nothing of a wrong meter.
    pub standard_error: f64,
}

impl Estimate {
    /// The standard error as a share of the value.
    pub fn relative(&self) -> f64 {
        self.standard_error / self.value.abs()
    }
}

/// What the samples say.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The machine, ready for the model.
    pub machine: MachineModel,
    /// How power follows load; none where no power was measured, and the watts are those that were assumed. The
    /// resistances are then only as good as these watts; the time constants do not depend on them.
    pub power: Option<PowerFit>,
    /// How temperature follows power.
    pub heat: HeatFit,
    /// How far the thermometer itself may be off: what was said of it, or [`DIE_ERROR`].
    pub die_error: Celsius,
}

/// How far a power meter can be trusted that was never compared with another, as a share: RAPL of different processors was
/// found within about 5 % of external meters when it is read no faster than 20 times a second.
pub const METER_ERROR: f64 = 0.05;

impl Fit {
    /// Error bars for the fitted model: two standard deviations of what it left unexplained and, with it, the error that
    /// the instruments have themselves and no fit shows: the thermometer's, and the `meter`'s as a share ([`METER_ERROR`]
    /// unless it was compared with a reference). Without measured power the watts keep their uncalibrated bar.
    pub fn error_bars(&self, meter: f64) -> ErrorBars {
        let ratio = self.power.as_ref().map_or(ErrorBars::UNCALIBRATED.ratio, |power| {
            let full = self.machine.power(f64::from(self.machine.slots)).0;
            (2.0 * power.residual.0 / full).hypot(meter)
        });
        ErrorBars { ratio, die: Celsius((2.0 * self.heat.residual.0).hypot(self.die_error.0)) }
    }
}

/// Why there is no fit, and what to do about it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CalibrateError {
    /// A number of a sample is not finite or cannot be.
    #[error(
        "calibration: sample {index} has an impossible {what}; look at the sensor, or take the sample out"
    )]
    Impossible {
        /// Place in the series, from 0.
        index: usize,
        /// Which number.
        what: &'static str,
    },
    /// Samples do not lie in the order of time.
    #[error("calibration: sample {index} is not later than the one before; sort the series")]
    OutOfOrder {
        /// Place in the series, from 0.
        index: usize,
    },
    /// A phase is missing or too short.
    #[error(
        "calibration: {seconds:.1} s {phase}, at least {SHORTEST_PHASE_S} s are needed; make the phase longer \
         (--idle, --full)"
    )]
    TooShort {
        /// Which phase: `idle` or `fully loaded`.
        phase: &'static str,
        /// How long it lasted in all.
        seconds: f64,
    },
    /// The load never stepped.
    #[error(
        "calibration: the load went from {from:.2} to {to:.2} busy CPUs of {slots}, which is no step; end other \
         programs, and let the load use at least half of the CPUs"
    )]
    NoStep {
        /// Lowest load.
        from: f64,
        /// Highest load.
        to: f64,
        /// CPUs of the machine.
        slots: u16,
    },
    /// The die never moved.
    #[error(
        "calibration: the temperature moved by {moved:.1} °C only; this sensor is not on the die, or stands still: \
         choose another one"
    )]
    NoRise {
        /// From the 5th to the 95th percentile, in degrees.
        moved: f64,
    },
    /// The hardware held the temperature, so it says nothing about cooling.
    #[error(
        "calibration: the die came within 1 °C of its limit of {limit} °C, where the hardware throttles itself; cool \
         the machine better, lower its power limit, or load fewer CPUs"
    )]
    Clipped {
        /// The limit, in degrees Celsius.
        limit: f64,
    },
    /// Power does not rise with load.
    #[error(
        "calibration: power does not rise with the load ({what}); check that the meter is that of this machine"
    )]
    NoPowerLaw {
        /// What was found.
        what: String,
    },
    /// No starting point led to a minimum.
    #[error("calibration: the fit of the temperature did not converge; record again on a quiet machine")]
    NoConvergence,
    /// The samples leave a parameter open.
    #[error(
        "calibration: {parameter} is {value:.4} ± {standard_error:.4}: these samples do not tell it; make the full \
         phase longer (--full), so that the heat sink comes nearer to its end"
    )]
    Unidentified {
        /// Name and unit.
        parameter: &'static str,
        /// Best value.
        value: f64,
        /// Its standard error.
        standard_error: f64,
    },
    /// The fit describes no machine.
    #[error("calibration: the best fit is no possible machine: {0}")]
    Unphysical(#[from] ParameterError),
}

/// Shortest time that must be spent idle, and under full load, in seconds: some time constants of the slowest die.
pub const SHORTEST_PHASE_S: f64 = 10.0;

/// Fits the machine to its samples. The first one only says when the second one's means begin.
///
/// # Errors
/// When the samples cannot tell the parameters, see [`CalibrateError`].
pub fn fit(samples: &[Sample], subject: &Subject) -> Result<Fit, CalibrateError> {
    check::check(samples, subject)?;
    let law = power::PowerLaw::fit(samples)?;
    let fed = law.as_ref().map_or_else(
        || samples.iter().map(|sample| subject.assumed.power(sample.busy_cpus)).collect(),
        |law| law.fed(samples),
    );
    let heat = heat::fit(samples, &fed)?;
    let power = law.map(|law| law.above(Celsius(heat.ambient.value)));
    let leakage = power.as_ref().and_then(|power| power.leakage).map_or(0.0, |leakage| leakage.value);
    let thermal = ThermalParameters {
        ambient: Celsius(heat.ambient.value),
        die_resistance: heat.die_resistance.value,
        die_tau_s: heat.die_tau_s.value,
        sink_resistance: heat.sink_resistance.value,
        sink_tau_s: heat.sink_tau_s.value,
        leakage,
    };
    let mut machine = MachineModel { thermal, ..subject.assumed };
    if let Some(power) = &power {
        machine.idle = Watts(power.idle.value);
        machine.slot = Watts(power.core.value);
    }
    machine.validate()?;
    let die_error = subject.die_error.unwrap_or(DIE_ERROR);
    Ok(Fit { machine, power, heat, die_error })
}

/// Seconds from the sample before to the one at `index`.
fn span_s(samples: &[Sample], index: usize) -> f64 {
    samples[index].at.since(samples[index - 1].at).as_seconds()
}
