//! Backend `replay`: a recorded trace, as plain CSV with a header line.
//!
//! | header | what it is |
//! |---|---|
//! | `t_s,die_c,power_w` | our own recordings; energy is what the power of each row makes since the row before |
//! | `t_s,die_c,power_w,energy_j` | the same, with the energy since the origin |
//! | either, then `,die_provenance,power_provenance` | the same, each row saying `measured` or `modelled` for both |
//! | `t_s,socket,domain,energy_j,power_w` | RAPL recordings; `energy_j` is the rise since the socket's last row |
//!
//! A recording that does not say where its figures come from is taken to be modelled, the lesser claim. In a RAPL
//! recording power and energy of the domain `package`, summed over sockets, are measured; it holds no temperature, so
//! the die is that of a thermal model fed with the measured power.

mod parse;

use crate::sensor::{ErrorBars, SensorError, ThermalSensor};
use crate::thermal::{ParameterError, ThermalParameters};
use maxwell_core::tick::{Provenance, Reading};
use maxwell_core::units::{Celsius, Microjoules, Moment, Nanoseconds, Watts};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Name of this backend.
pub const NAME: &str = "replay";

/// Bytes of a trace that are read: two hours of two sockets at 200 rows a second each.
pub const TRACE_BYTES_MAX: u64 = 256 << 20;

/// One row: what the sensors said, and how long after the beginning of the recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Time since the recording's zero.
    pub at: Nanoseconds,
    /// Die temperature.
    pub die: Celsius,
    /// Where the temperature comes from.
    pub die_provenance: Provenance,
    /// Power of all packages.
    pub power: Watts,
    /// Energy of all packages since the origin of the recording; never falls.
    pub energy: Microjoules,
    /// Where power and energy come from.
    pub power_provenance: Provenance,
}

/// A recording: at least one sample, in the order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    samples: Vec<Sample>,
}

impl Trace {
    /// Reads a recording from a file of at most [`TRACE_BYTES_MAX`] bytes. `thermal` is the machine whose die a RAPL
    /// recording heats; recordings with a temperature of their own do not use it.
    ///
    /// # Errors
    /// See [`ReplayError`].
    pub fn open(path: &Path, thermal: &ThermalParameters) -> Result<Self, ReplayError> {
        let mut text = String::new();
        let read = File::open(path).and_then(|file| file.take(TRACE_BYTES_MAX + 1).read_to_string(&mut text));
        match read {
            Err(source) => Err(ReplayError::Unreadable { path: path.to_owned(), source }),
            Ok(bytes) if bytes as u64 > TRACE_BYTES_MAX => {
                Err(ReplayError::TooLong { path: path.to_owned() })
            }
            Ok(_) => Self::parse(&text, path, thermal),
        }
    }

    /// Reads a recording from its text; `path` is what errors call it.
    ///
    /// # Errors
    /// See [`ReplayError`].
    pub fn parse(text: &str, path: &Path, thermal: &ThermalParameters) -> Result<Self, ReplayError> {
        let samples = parse::samples(text, path, thermal)?;
        assert!(samples.is_sorted_by(|a, b| a.at <= b.at && a.energy <= b.energy), "a trace ran backwards");
        Ok(Self { samples })
    }

    /// All samples, in the order of time; never empty.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }
}

/// Why a trace cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The file cannot be read.
    #[error("cannot read the trace {}; name a readable file of plain CSV", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is longer than [`TRACE_BYTES_MAX`].
    #[error("the trace {} is longer than {TRACE_BYTES_MAX} bytes; cut it", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// There is no header, or no sample under it.
    #[error("the trace {} holds no {missing}; nothing can be replayed from it", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// What is not there.
        missing: &'static str,
    },
    /// The header is none of those that are known.
    #[error(
        "{}, line 1: unknown header {found:?}; known are t_s,die_c,power_w[,energy_j][,die_provenance,\
         power_provenance] and t_s,socket,domain,energy_j,power_w",
        path.display()
    )]
    Header {
        /// The file.
        path: PathBuf,
        /// What stands there.
        found: String,
    },
    /// A row has too few columns or too many.
    #[error("{}, line {line}: found {found} columns where the header has {expected}", path.display())]
    Columns {
        /// The file.
        path: PathBuf,
        /// Number of the line, from one.
        line: usize,
        /// Columns in the row.
        found: usize,
        /// Columns in the header.
        expected: usize,
    },
    /// A value is not what its column holds.
    #[error("{}, line {line}, column {column}: expected {expected}, found {found:?}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// Number of the line, from one.
        line: usize,
        /// Name of the column.
        column: &'static str,
        /// What should stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// The thermal model that should give the die's temperature is impossible.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
}

/// A recorded trace as a sensor. Its zero is [`Moment`] zero unless [`ReplaySensor::beginning_at`] says otherwise.
#[derive(Clone, Debug)]
pub struct ReplaySensor {
    trace: Trace,
    origin: Moment,
}

impl ReplaySensor {
    /// Replays `trace`, whose zero is the zero of the node's clock.
    pub const fn new(trace: Trace) -> Self {
        Self { trace, origin: Moment(0) }
    }

    /// The same, with the recording's zero at `origin`.
    #[must_use]
    pub const fn beginning_at(mut self, origin: Moment) -> Self {
        self.origin = origin;
        self
    }

    /// The recording.
    pub const fn trace(&self) -> &Trace {
        &self.trace
    }
}

impl ThermalSensor for ReplaySensor {
    fn name(&self) -> &'static str {
        NAME
    }

    /// The last sample at or before `now`, at its own time: a gap in the recording, or one of fewer than two rows a
    /// second, becomes a stale reading as it would have been. Past the end the sensor is gone.
    fn sample(&self, now: Moment) -> Result<Reading, SensorError> {
        let samples = self.trace.samples();
        let elapsed = now.since(self.origin);
        let after = samples.partition_point(|sample| sample.at <= elapsed);
        let end = samples[samples.len() - 1].at;
        if elapsed > end {
            let why = format!("the trace ended at {} s", end.as_seconds());
            return Err(SensorError::Gone { backend: NAME, why });
        }
        if after == 0 || now < self.origin {
            let why = format!("the trace begins only at {} s", (self.origin + samples[0].at).as_seconds());
            return Err(SensorError::Retry { backend: NAME, why });
        }
        let sample = samples[after - 1];
        let power_bars = bars(sample.power_provenance);
        Ok(Reading {
            at: self.origin + sample.at,
            die: bars(sample.die_provenance).die(sample.die, sample.die_provenance),
            power: power_bars.power(sample.power, sample.power_provenance),
            energy: power_bars.energy(sample.energy, sample.power_provenance),
            epoch: 0,
        })
    }
}

const fn bars(provenance: Provenance) -> ErrorBars {
    match provenance {
        Provenance::Measured => ErrorBars::RAPL,
        Provenance::Modelled | Provenance::Unknown => ErrorBars::UNCALIBRATED,
    }
}
