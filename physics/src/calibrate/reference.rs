//! An external power meter against the processor's own counters: how they lie in time, scale, offset, and whether the
//! machine is tier 1 after correction.
//!
//! ```text
//!   meter(t + lag) = scale x counters(t) + offset        means over windows of a second
//! ```
//!
//! A meter of the whole machine puts everything that is not the processor into the offset.

use super::check::quantile;
use super::least_squares::{Linear, linear};
use super::series::Series;
use super::table::{POWER, TIME, TableError, UNIX_FROM_S, rows};
use super::{Estimate, Sample};
use crate::corrected::Correction;
use crate::select::Tier;
use maxwell_core::tick::Provenance;
use maxwell_core::units::Watts;

/// How far the two clocks may be apart, in seconds.
pub const LAG_MAX_S: f64 = 10.0;

/// Steps of the search, in seconds: a window that is half a step off is wrong by a twentieth of an edge.
const LAG_STEP_S: f64 = 0.1;

/// Length of a window, in seconds: what common meters average over.
const WINDOW_S: f64 = 1.0;

/// Fewest windows that both have seen.
const WINDOWS_MIN: usize = 20;

/// Longest run that is compared, in seconds: a day. Each window is looked up at every lag.
pub const SPAN_MAX_S: f64 = 86_400.0;

/// Points of a window at which the meter is looked up between its rows.
const POINTS: u32 = 10;

/// Largest error that is left in a machine of tier 1, as a share of the reading, in this share of all windows.
const TIER_1_ERROR: f64 = 0.05;
const TIER_1_SHARE: f64 = 0.95;

/// What an external meter said.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// Which clock its times are of.
    pub clock: ReferenceClock,
    /// Seconds and watts, in the order of time, at least two.
    rows: Vec<(f64, f64)>,
}

/// The clock of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceClock {
    /// Seconds since 1970.
    Unix,
    /// Seconds since the run began.
    Run,
}

impl ReferenceClock {
    /// The clock in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Unix => "Unix time",
            Self::Run => "seconds since the run began",
        }
    }
}

/// How meter and counters go together.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferenceFit {
    /// Seconds by which the meter's times are late.
    pub lag_s: f64,
    /// Watts of the meter for every watt of the counters.
    pub scale: Estimate,
    /// Watts of the meter where the counters would show none.
    pub offset: Estimate,
    /// Root mean square of what is left after correction.
    pub residual: Watts,
    /// Share of the reading that 95 % of the windows err by at most after correction.
    pub error: f64,
    /// Windows that were compared.
    pub windows: usize,
}

impl ReferenceFit {
    /// Tier 1 when the remaining error is at most 5 %, else still tier 2.
    pub fn tier(&self) -> Tier {
        if self.error <= TIER_1_ERROR { Tier::Calibrated } else { Tier::Uncalibrated }
    }

    /// What is to be done to the counters.
    pub fn correction(&self) -> Correction {
        Correction {
            scale: self.scale.value,
            offset: Watts(self.offset.value),
            error: self.error,
            tier: self.tier(),
        }
    }
}

/// Why meter and counters cannot be compared.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReferenceError {
    /// The run has no measured power.
    #[error(
        "reference: the run has no measured power to compare with; a host without RAPL cannot be calibrated so"
    )]
    NoPower,
    /// The clocks are of different kinds.
    #[error(
        "reference: the meter's times are {meter}, those of the run are {run}; give both in the same clock"
    )]
    Clocks {
        /// The meter's clock, in words.
        meter: &'static str,
        /// The run's clock, in words.
        run: &'static str,
    },
    /// The run lasts longer than any calibration.
    #[error(
        "reference: the run lasts {seconds:.0} s, at most {SPAN_MAX_S} are compared; cut it to the step load"
    )]
    TooLong {
        /// From its earliest sample to the latest.
        seconds: f64,
    },
    /// Both were hardly recorded at the same time.
    #[error(
        "reference: meter and run share {windows} s, at least {WINDOWS_MIN} are needed; let the meter record the \
         whole run"
    )]
    NoOverlap {
        /// Windows of a second in which both have figures.
        windows: usize,
    },
    /// The counters hardly moved, or not together with the meter.
    #[error(
        "reference: meter and counters do not move together ({what}); check that the meter is at this machine and \
         that the run is a step load"
    )]
    Unrelated {
        /// What was found.
        what: String,
    },
    /// The best lag is the largest that was tried.
    #[error(
        "reference: the clocks seem to be more than {LAG_MAX_S} s apart; set the meter's clock, or shift its times"
    )]
    LagTooLarge,
}

impl Reference {
    /// Reads `t_s,power_w`. Times of 1e9 s and more are Unix time.
    ///
    /// # Errors
    /// Names line and column of what is no number of its kind.
    pub fn parse(text: &str) -> Result<Self, TableError> {
        let rows = rows(text, &[TIME, POWER])?;
        let rows: Vec<(f64, f64)> =
            rows.into_iter().map(|[at, watts]| (at.unwrap_or_default(), watts.unwrap_or_default())).collect();
        let clock = if rows[0].0 >= UNIX_FROM_S { ReferenceClock::Unix } else { ReferenceClock::Run };
        Ok(Self { clock, rows })
    }

    /// Compares the meter with the measured power of a run.
    ///
    /// # Errors
    /// When they have too little in common, see [`ReferenceError`].
    pub fn compare(&self, run: &Series) -> Result<ReferenceFit, ReferenceError> {
        let origin = match (self.clock, run.began_unix_s) {
            (ReferenceClock::Run, None | Some(_)) => 0.0,
            (ReferenceClock::Unix, Some(began)) => began,
            (ReferenceClock::Unix, None) => {
                let run = ReferenceClock::Run.words();
                return Err(ReferenceError::Clocks { meter: self.clock.words(), run });
            }
        };
        let times = || run.samples.iter().map(|sample| sample.at.as_seconds());
        let seconds = times().fold(0.0, f64::max) - times().fold(f64::INFINITY, f64::min);
        if seconds > SPAN_MAX_S {
            return Err(ReferenceError::TooLong { seconds });
        }
        let counted = windows(&run.samples);
        if counted.is_empty() {
            return Err(ReferenceError::NoPower);
        }
        let steps = (LAG_MAX_S / LAG_STEP_S).round() as i32;
        let pairs = |step: i32| self.pairs(&counted, origin + f64::from(step) * LAG_STEP_S);
        let fits = (-steps..=steps).filter_map(|step| Some((step, fit(&pairs(step))?)));
        let Some((step, best)) = fits.min_by(|a, b| a.1.residual.total_cmp(&b.1.residual)) else {
            let windows = pairs(0).len();
            return Err(if windows < WINDOWS_MIN {
                ReferenceError::NoOverlap { windows }
            } else {
                ReferenceError::Unrelated { what: "the counters stand still".to_owned() }
            });
        };
        let pairs = pairs(step);
        let found = finish(&best, &pairs, f64::from(step) * LAG_STEP_S);
        // Standing figures fit at any lag; only where they move does it mean something to lie at the edge.
        let Estimate { value, standard_error } = found.scale;
        if value < 5.0 * standard_error {
            let what = format!("the scale is {value:.3} ± {standard_error:.3}");
            return Err(ReferenceError::Unrelated { what });
        }
        if step.abs() == steps { Err(ReferenceError::LagTooLarge) } else { Ok(found) }
    }

    /// Watts of counters and meter in every window that both have, with the run's origin at `origin` of the meter's time.
    fn pairs(&self, counted: &[(f64, f64)], origin: f64) -> Vec<(f64, f64)> {
        let mut next = 0;
        let pair = |&(begins, watts): &(f64, f64)| {
            let point = |index: u32| begins + WINDOW_S * (f64::from(index) + 0.5) / f64::from(POINTS);
            let metered = (0..POINTS).map(|index| self.at(origin + point(index), &mut next));
            let sum: Option<f64> = metered.sum();
            Some((watts, sum? / f64::from(POINTS)))
        };
        counted.iter().filter_map(pair).collect()
    }

    /// The meter at a time, on the straight line between its two rows there; `next` is where the last search ended.
    fn at(&self, seconds: f64, next: &mut usize) -> Option<f64> {
        while *next < self.rows.len() && self.rows[*next].0 < seconds {
            *next += 1;
        }
        let (after, before) = (self.rows.get(*next)?, self.rows.get(next.checked_sub(1)?)?);
        let share = (seconds - before.0) / (after.0 - before.0);
        Some(before.1 + share * (after.1 - before.1))
    }
}

fn fit(pairs: &[(f64, f64)]) -> Option<Linear<2>> {
    if pairs.len() < WINDOWS_MIN {
        return None;
    }
    let rows: Vec<_> = pairs.iter().map(|&(counted, metered)| ([counted, 1.0], metered)).collect();
    linear(&rows)
}

fn finish(best: &Linear<2>, pairs: &[(f64, f64)], lag_s: f64) -> ReferenceFit {
    let [scale, offset] = best.estimates;
    let error = |&(counted, metered): &(f64, f64)| {
        ((scale.value * counted + offset.value - metered) / metered.max(f64::MIN_POSITIVE)).abs()
    };
    let mut errors: Vec<f64> = pairs.iter().map(error).collect();
    errors.sort_by(f64::total_cmp);
    ReferenceFit {
        lag_s,
        scale,
        offset,
        residual: Watts(best.residual),
        error: quantile(&errors, TIER_1_SHARE),
        windows: pairs.len(),
    }
}

/// Mean measured power of every whole second of the run, with the second's beginning. A second in which part of the power
/// was not measured is left out.
fn windows(samples: &[Sample]) -> Vec<(f64, f64)> {
    let mut windows = Vec::new();
    let (mut energy, mut covered, mut current) = (0.0, 0.0, 0.0);
    for pair in samples.windows(2) {
        let (from, to) = (pair[0].at.as_seconds(), pair[1].at.as_seconds());
        let power = pair[1].power.filter(|power| power.provenance == Provenance::Measured);
        let mut at = from;
        // A sample's mean is spread over the seconds that it spans.
        while at < to {
            let window = at.div_euclid(WINDOW_S) * WINDOW_S;
            if window > current {
                finish_window(&mut windows, current, energy, covered);
                (energy, covered, current) = (0.0, 0.0, window);
            }
            let until = to.min(window + WINDOW_S);
            if let Some(power) = power {
                energy += power.value.0 * (until - at);
                covered += until - at;
            }
            at = until;
        }
    }
    finish_window(&mut windows, current, energy, covered);
    windows
}

fn finish_window(windows: &mut Vec<(f64, f64)>, begins: f64, energy: f64, covered: f64) {
    if covered > 0.999 * WINDOW_S {
        windows.push((begins, energy / covered));
    }
}
