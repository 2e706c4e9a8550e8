//! A recorded step load as CSV, `t_s,busy_cpus,die_c,power_w`, so that a calibration can be fitted again elsewhere. An
//! empty `power_w` says that no power was measured.

use std::fmt::Write;

use super::Sample;
use super::table::{Column, POWER, TIME, UNIX_FROM_S, rows};
use maxwell_core::tick::{Figure, Provenance};
use maxwell_core::units::{Celsius, Moment, Watts};

pub use super::table::{ROWS_MAX, TEXT_MAX, TableError};

const BUSY: Column =
    Column { name: "busy_cpus", optional: false, range: (0.0, 1e5), expected: "busy CPUs from 0 to 1e5" };

const DIE: Column = Column {
    name: "die_c",
    optional: false,
    range: (-100.0, 300.0),
    expected: "degrees Celsius from -100 to 300",
};

/// Samples, and when they began.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Unix time of the origin of the samples' moments, in seconds, where it is known.
    pub began_unix_s: Option<f64>,
    /// The samples, in the order of time.
    pub samples: Vec<Sample>,
}

impl Series {
    /// Reads a recorded series. Times of 1e9 s and more are Unix time; all others count from the start of the run.
    ///
    /// # Errors
    /// Names line and column of what is no number of its kind.
    pub fn parse(text: &str) -> Result<Self, TableError> {
        let rows = rows(text, &[TIME, BUSY, DIE, Column { optional: true, ..POWER }])?;
        let first = rows[0][0].unwrap_or_default();
        let began_unix_s = (first >= UNIX_FROM_S).then(|| first.floor());
        let sample = |[at, busy, die, power]: [Option<f64>; 4]| {
            let seconds = at.unwrap_or_default() - began_unix_s.unwrap_or_default();
            Sample {
                at: Moment((seconds * 1e9).round() as u64),
                busy_cpus: busy.unwrap_or_default(),
                // Measured by whoever recorded it, with an error that the file does not hold.
                power: power.map(|watts| Figure {
                    value: Watts(watts),
                    error: Watts(0.0),
                    provenance: Provenance::Measured,
                }),
                die: Celsius(die.unwrap_or_default()),
            }
        };
        Ok(Self { began_unix_s, samples: rows.into_iter().map(sample).collect() })
    }

    /// The series as CSV, in Unix time where that is known. Power that was only modelled is left out.
    pub fn to_csv(&self) -> String {
        let mut text = String::from("t_s,busy_cpus,die_c,power_w\n");
        let began = self.began_unix_s.unwrap_or_default();
        for sample in &self.samples {
            let measured = sample.power.filter(|power| power.provenance == Provenance::Measured);
            let power = measured.map_or_else(String::new, |power| format!("{:.3}", power.value.0));
            let (at, busy, die) = (began + sample.at.as_seconds(), sample.busy_cpus, sample.die.0);
            writeln!(text, "{at:.4},{busy:.4},{die:.3},{power}").expect("a string takes any text");
        }
        text
    }
}
