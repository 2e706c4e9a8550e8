//! The profile of a calibrated machine, as `maxwell calibrate` writes it and the daemon loads it.
//!
//! JSON with all units in the names of its fields: W, K/W, W/K, °C (`_c`) and s. Fields that are not known here are
//! refused, so that a misspelt one is not silently without effect.

use serde::{Deserialize, Serialize};

/// Version of this format; it rises when a reader of the old one would be misled.
pub const VERSION: u32 = 1;

/// A calibrated machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// The machine that it was made on.
    pub machine: MachineIdentity,
    /// What the model computes with.
    pub model: ModelProfile,
    /// How far the model can be trusted.
    pub errors: ErrorsProfile,
    /// What was compared with an external meter; absent where none was.
    pub energy_correction: Option<EnergyCorrection>,
    /// Temperatures that this machine could be run at; absent where it does not say at which one it throttles itself.
    pub suggestion: Option<Suggestion>,
    /// What the fit says about itself.
    pub fit: FitProfile,
}

/// Which machine it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachineIdentity {
    /// Model name of its CPUs, as the kernel has it; empty where it is not known.
    pub cpu: String,
    /// Logical CPUs.
    pub cpus: u16,
}

/// The two nodes of the thermal model and the law of power.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelProfile {
    /// Logical CPUs that are sold.
    pub slots: u16,
    /// Power with every CPU idle and the die at ambient temperature, in W.
    pub idle_w: f64,
    /// Power that one busy CPU adds, in W.
    pub slot_w: f64,
    /// Power that every kelvin of the die above ambient adds, in W/K.
    pub leakage_w_per_k: f64,
    /// Temperature of the air during the calibration, in °C.
    pub ambient_c: f64,
    /// Thermal resistance from die to heat sink, in K/W.
    pub die_resistance_k_per_w: f64,
    /// Time constant of the die, in s.
    pub die_tau_s: f64,
    /// Thermal resistance from heat sink to air, in K/W.
    pub sink_resistance_k_per_w: f64,
    /// Time constant of the heat sink, in s.
    pub sink_tau_s: f64,
}

/// Half widths of error bars.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorsProfile {
    /// Of modelled power and energy, as a share of the value.
    pub power_ratio: f64,
    /// Of the modelled die temperature, in degrees.
    pub die_c: f64,
}

/// What is to be done to the energy counters: `scale x power + offset`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnergyCorrection {
    /// W for every W that the counters show.
    pub scale: f64,
    /// W that the counters do not see.
    pub offset_w: f64,
    /// Error that is left in 95 % of all seconds, as a share of the corrected power.
    pub error_ratio: f64,
    /// Whether that makes readings of tier 1: at most 0.05.
    pub tier_1: bool,
}

/// Temperatures to run the machine at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suggestion {
    /// The temperature to hold, in °C.
    pub set_point_c: f64,
    /// The temperature at which nothing is sold, in °C.
    pub critical_c: f64,
}

/// The fit's own account of itself: standard errors and what was left unexplained. They know nothing of a wrong meter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitProfile {
    /// Whether power was measured. If it was not, the watts are assumed, and the resistances with them.
    pub power_measured: bool,
    /// Standard error of `idle_w`; absent where it was not fitted, as those of the next three.
    pub idle_se_w: Option<f64>,
    /// Standard error of `slot_w`.
    pub slot_se_w: Option<f64>,
    /// Standard error of `leakage_w_per_k`; absent too where no leakage was found.
    pub leakage_se_w_per_k: Option<f64>,
    /// Root mean square of measured less fitted power, in W.
    pub power_residual_w: Option<f64>,
    /// Standard error of `ambient_c`.
    pub ambient_se_c: f64,
    /// Standard error of `die_resistance_k_per_w`.
    pub die_resistance_se_k_per_w: f64,
    /// Standard error of `die_tau_s`.
    pub die_tau_se_s: f64,
    /// Standard error of `sink_resistance_k_per_w`.
    pub sink_resistance_se_k_per_w: f64,
    /// Standard error of `sink_tau_s`.
    pub sink_tau_se_s: f64,
    /// Root mean square of measured less fitted temperature, in degrees.
    pub die_residual_c: f64,
    /// Samples that were fitted.
    pub samples: u64,
}

/// What `maxwell calibrate --json` writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationReport {
    /// The profile as it was written.
    pub profile: Profile,
    /// Where the profile was written.
    pub written_to: String,
    /// The comparison with an external meter; absent where none was given.
    pub reference: Option<ReferenceReport>,
}

/// How counters and external meter go together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferenceReport {
    /// Which clock the meter's times were taken to be of: `Unix time` or `seconds since the run began`.
    pub clock: String,
    /// Seconds by which the meter's times are late.
    pub lag_s: f64,
    /// Standard error of the scale.
    pub scale_se: f64,
    /// Standard error of the offset, in W.
    pub offset_se_w: f64,
    /// Root mean square of what is left after correction, in W.
    pub residual_w: f64,
    /// Seconds that were compared.
    pub windows: u64,
    /// Trust in corrected readings, 1 or 2.
    pub tier: u8,
}
