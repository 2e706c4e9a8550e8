//! Whether samples can tell anything at all, before any fit is tried.

use super::{CalibrateError, SHORTEST_PHASE_S, Sample, Subject, span_s};
use maxwell_core::units::Celsius;

/// Smallest move of the die that is told from its noise, in degrees: several steps of a sensor that counts whole ones.
const SMALLEST_RISE: f64 = 4.0;

/// How near to its limit hardware begins to throttle, in degrees.
const LIMIT_MARGIN: f64 = 1.0;

pub(super) fn check(samples: &[Sample], subject: &Subject) -> Result<(), CalibrateError> {
    for (index, sample) in samples.iter().enumerate() {
        possible(index, sample)?;
        if index > 0 && sample.at <= samples[index - 1].at {
            return Err(CalibrateError::OutOfOrder { index });
        }
    }
    if samples.len() < 2 {
        return Err(CalibrateError::TooShort { phase: "idle", seconds: 0.0 });
    }
    let (low, high) = load_levels(samples);
    let slots = subject.assumed.slots;
    if high - low < 0.5 * f64::from(slots) {
        return Err(CalibrateError::NoStep { from: low, to: high, slots });
    }
    for (phase, seconds) in [
        ("idle", time_where(samples, |busy| busy < low + 0.25 * (high - low))),
        ("fully loaded", time_where(samples, |busy| busy > high - 0.25 * (high - low))),
    ] {
        if seconds < SHORTEST_PHASE_S {
            return Err(CalibrateError::TooShort { phase, seconds });
        }
    }
    let dies = sorted(samples.iter().map(|sample| sample.die.0));
    let moved = quantile(&dies, 0.95) - quantile(&dies, 0.05);
    if moved < SMALLEST_RISE {
        return Err(CalibrateError::NoRise { moved });
    }
    match subject.limit {
        Some(Celsius(limit)) if dies[dies.len() - 1] >= limit - LIMIT_MARGIN => {
            Err(CalibrateError::Clipped { limit })
        }
        _ => Ok(()),
    }
}

fn possible(index: usize, sample: &Sample) -> Result<(), CalibrateError> {
    let impossible = |what| Err(CalibrateError::Impossible { index, what });
    if !(0.0..=1e5).contains(&sample.busy_cpus) {
        return impossible("load (busy CPUs)");
    }
    if !(-100.0..=300.0).contains(&sample.die.0) {
        return impossible("die temperature (°C)");
    }
    match sample.power {
        Some(power) if !(0.0..=1e6).contains(&power.value.0) => impossible("power (W)"),
        _ => Ok(()),
    }
}

/// What counts as idle and as full: the 5th and 95th percentile of the load.
pub(super) fn load_levels(samples: &[Sample]) -> (f64, f64) {
    let loads = sorted(samples[1..].iter().map(|sample| sample.busy_cpus));
    (quantile(&loads, 0.05), quantile(&loads, 0.95))
}

fn time_where(samples: &[Sample], holds: impl Fn(f64) -> bool) -> f64 {
    (1..samples.len()).filter(|&i| holds(samples[i].busy_cpus)).map(|i| span_s(samples, i)).sum()
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The value below which this share of the sorted values lies; there must be one.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    sorted[(share * (sorted.len() - 1) as f64).round() as usize]
}
