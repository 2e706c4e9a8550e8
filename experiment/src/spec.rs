//! What the conductor and a run tell each other.

use std::path::PathBuf;

use maxwell_api::experiment::Plan;
use maxwell_hypervisor::process::GateKind;
use serde::{Deserialize, Serialize};

/// What a run is to do: one line of JSON on its standard input, which stays open for as long as the run may go on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunSpec {
    /// Number of the run, from 1.
    pub run: u32,
    /// Name of the arm.
    pub arm: String,
    /// Repetition, from 1.
    pub repetition: u32,
    /// Where its files go: a folder that is there and empty.
    pub folder: PathBuf,
    /// The plan of the whole experiment.
    pub plan: Plan,
    /// The trace to replay, if that is the physics.
    pub trace: Option<PathBuf>,
    /// How cells are to be stopped; `None` for the best way.
    pub gate: Option<Gate>,
    /// CPU time of a range of the bounty, as measured before the first run.
    pub cpu_per_range_ns: u64,
}

/// [`GateKind`] as it is spelt on the command line and here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gate {
    /// The freezer of cgroup v2.
    V2,
    /// The freezer of cgroup v1.
    V1,
    /// SIGSTOP and SIGCONT.
    Signals,
}

impl From<Gate> for GateKind {
    fn from(gate: Gate) -> Self {
        match gate {
            Gate::V2 => Self::FreezerV2,
            Gate::V1 => Self::FreezerV1,
            Gate::Signals => Self::Signals,
        }
    }
}

/// A sign of life of a run: a line of JSON on its standard output every second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Beat {
    /// Seconds since its start.
    pub t_s: f64,
    /// Verified primes so far.
    pub primes: u64,
    /// Joules of the package so far.
    pub package_j: f64,
    /// Die temperature in °C.
    pub die_c: f64,
}
