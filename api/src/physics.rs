//! What `maxwell physics --json` writes: the backends, the one that was taken, and one reading of it.

use serde::{Deserialize, Serialize};

/// Version of this format; it rises when a reader of the old one would be misled.
pub const VERSION: u32 = 1;

/// The choice of a sensor, and what it says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhysicsReport {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// Every backend in the order in which it is tried.
    pub backends: Vec<BackendReport>,
    /// Trust in the readings, from 1 (calibrated) to 4 (all modelled).
    pub tier: u8,
    /// The tier in words.
    pub tier_meaning: String,
    /// A reading of the backend that was taken.
    pub reading: ReadingReport,
}

/// One backend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BackendReport {
    /// Its name.
    pub name: String,
    /// `taken`, `refused` or `not in this version`.
    pub verdict: String,
    /// Why.
    pub reason: String,
}

/// One reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadingReport {
    /// Die temperature in °C.
    pub die_c: FigureReport,
    /// Power in W.
    pub power_w: FigureReport,
    /// Energy since the reading began, in J.
    pub energy_j: FigureReport,
}

/// A figure with its error bar and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FigureReport {
    /// The best estimate.
    pub value: f64,
    /// Half the width of the error bar.
    pub error: f64,
    /// `measured`, `modelled` or `unknown`.
    pub provenance: String,
}
