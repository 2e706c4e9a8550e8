//! What `maxwell physics --json` writes: the backends and what became of them, one reading, and the figures of each part.

use serde::{Deserialize, Serialize};

/// Version of this format; it rises when a reader of the old one would be misled.
pub const VERSION: u32 = 2;

/// The choice of sensors, and what they say.
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
    /// A reading of what was taken; none if it gave none.
    pub reading: Option<ReadingReport>,
    /// Why there is no reading.
    pub trouble: Option<String>,
    /// Packages, cores, memory, probes and GPUs with their own figures; empty for a model and a replay.
    pub parts: Vec<PartReport>,
    /// How long taking the reading took, in microseconds.
    pub sample_us: Option<f64>,
}

/// One backend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BackendReport {
    /// Its name.
    pub name: String,
    /// `taken` or `refused`.
    pub verdict: String,
    /// Why.
    pub reason: String,
}

/// A part of the machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartReport {
    /// Backend that reads it.
    pub backend: String,
    /// Its name.
    pub label: String,
    /// `package`, `cores`, `uncore`, `memory`, `platform`, `gpu` or `probe`.
    pub kind: String,
    /// The socket that it sits in, if it sits in one.
    pub socket: Option<u16>,
    /// Its energy counter as it stands, in J; it wraps.
    pub counter_j: Option<f64>,
    /// Energy since the reading began, in J.
    pub energy_j: Option<FigureReport>,
    /// Power in W.
    pub power_w: Option<FigureReport>,
    /// Temperature in °C.
    pub celsius: Option<FigureReport>,
    /// Temperature at which the hardware throttles itself, in °C, where it says so.
    pub limit_c: Option<f64>,
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
