//! Where energy is counted: the seam between the backends that read counters and the sensor that adds them up.
//!
//! A meter knows its domains from the moment it is opened and gives raw counts; undoing wraps, adding up sockets and
//! judging what cannot be is done once, for all of them, by [`counter::Counter`] and the sensor that reads the meter.

pub mod counter;

pub mod msr;

pub mod powercap;

pub mod perf;

pub(crate) mod integral;

pub mod hwmon;

use crate::sensor::PartKind;
use counter::CountUnit;
use maxwell_core::units::Moment;

/// One thing whose energy is counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Domain {
    /// What is counted.
    pub kind: PartKind,
    /// Socket that it sits in; none for a GPU or a platform.
    pub socket: Option<u16>,
    /// Name for the operator, such as `package 0`.
    pub label: String,
    /// What one count is worth.
    pub unit: CountUnit,
    /// Number of values that the counter takes: after the highest it begins at zero again. 2^32 for a 32-bit register.
    pub modulus: u128,
}

/// Reads energy counters. Files are opened once and stay open.
pub trait EnergyMeter: Send {
    /// Name of the backend, as `maxwell physics` shows it.
    fn name(&self) -> &'static str;

    /// What is counted, at least one package or GPU; the same for as long as the meter lives.
    fn domains(&self) -> &[Domain];

    /// The raw count of the domain at this place in [`EnergyMeter::domains`], below its modulus.
    ///
    /// # Errors
    /// When there is none this time. The next call may succeed: a meter opens again what has vanished and come back.
    fn count(&mut self, domain: usize, now: Moment) -> Result<u64, ReadError>;
}

/// Why a counter or a thermometer gave nothing this time: what, where and what was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReadError(pub String);

/// Why a backend cannot be taken, as a clause that follows its name: `/dev/cpu/0/msr is absent; load the module msr`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);
