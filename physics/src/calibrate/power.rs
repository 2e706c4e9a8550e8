//! How power follows load and temperature.

use super::least_squares::{linear, neighbour_correlation};
use super::{CalibrateError, Estimate, Sample};
use maxwell_core::tick::{Figure, Provenance};
use maxwell_core::units::{Celsius, Watts};

/// Half the width of the window, in seconds, over which what the law leaves unexplained is averaged before it heats the
/// model: longer than the noise of a meter, shorter than what a governor does.
const SMOOTHING_S: f64 = 0.5;

/// Share of the power below which leakage is left out, however sure it is: a meter without noise would show the rounding
/// of its last digit.
const NEGLIGIBLE_LEAKAGE: f64 = 1e-3;

/// The fitted law of power.
#[derive(Clone, Debug, PartialEq)]
pub struct PowerFit {
    /// Watts with every CPU idle and the die at ambient temperature.
    pub idle: Estimate,
    /// Watts that one busy CPU adds.
    pub core: Estimate,
    /// Watts that every kelvin of the die above ambient adds; none where the samples do not show it.
    pub leakage: Option<Estimate>,
    /// Root mean square of measured less fitted power.
    pub residual: Watts,
}

/// The law with temperatures counted from `base`, because ambient is not known before the heat is fitted.
#[derive(Clone, Debug)]
pub(super) struct PowerLaw {
    base: Celsius,
    fit: PowerFit,
    /// Covariance of idle power and leakage, in W²/K: both explain the same watts, so where one is too large the other is
    /// too small. Zero without leakage.
    covariance: f64,
}

impl PowerLaw {
    /// `None` where most samples have no measured power.
    pub(super) fn fit(samples: &[Sample]) -> Result<Option<Self>, CalibrateError> {
        let measured: Vec<(&Sample, f64)> =
            samples[1..].iter().filter_map(|sample| Some((sample, watts(sample)?))).collect();
        if measured.len() * 2 < samples.len() {
            return Ok(None);
        }
        let base = Celsius(samples.iter().map(|sample| sample.die.0).fold(f64::INFINITY, f64::min));
        let (fit, covariance) = match leaking(&measured, base) {
            Some(found) => found,
            None => (plain(&measured)?, 0.0),
        };
        Ok(Some(Self { base, fit, covariance }))
    }

    /// The law with temperatures counted from `ambient`.
    pub(super) fn above(mut self, ambient: Celsius) -> PowerFit {
        if let Some(leakage) = &self.fit.leakage {
            let moved = ambient.0 - self.base.0;
            let idle = &mut self.fit.idle;
            idle.value += leakage.value * moved;
            let variance = idle.standard_error.powi(2)
                + (moved * leakage.standard_error).powi(2)
                + 2.0 * moved * self.covariance;
            // Rounding can leave less than nothing.
            idle.standard_error = variance.max(0.0).sqrt();
        }
        self.fit
    }

    /// Power that heats the model up to each sample: the law, which is exact in time, plus what of the difference to the
    /// measured power is more than the meter's noise (turbo, a governor). That part is the difference's moving mean,
    /// weighted by the share of its variance that is signal, as Wiener's filter would have it: noise that is fed to the
    /// model wanders slowly in its temperature and would be taken for a wrong time constant.
    pub(super) fn fed(&self, samples: &[Sample]) -> Vec<Watts> {
        let unexplained: Vec<f64> = samples
            .iter()
            .map(|sample| watts(sample).map_or(0.0, |watts| watts - self.explained(sample)))
            .collect();
        let signal = neighbour_correlation(&unexplained);
        let seconds = |index: usize| samples[index].at.as_seconds();
        let (mut first, mut end) = (0, 0);
        let smoothed = |index: usize| {
            while seconds(first) < seconds(index) - SMOOTHING_S {
                first += 1;
            }
            while end < samples.len() && seconds(end) <= seconds(index) + SMOOTHING_S {
                end += 1;
            }
            let count = (end - first) as f64;
            let weight = if signal > 0.0 { signal / (signal + (1.0 - signal) / count) } else { 0.0 };
            weight * unexplained[first..end].iter().sum::<f64>() / count
        };
        let smoothed: Vec<f64> = (0..samples.len()).map(smoothed).collect();
        let all = samples.iter().zip(smoothed);
        all.map(|(sample, more)| Watts((self.explained(sample) + more).max(0.0))).collect()
    }

    fn explained(&self, sample: &Sample) -> f64 {
        let leaked = self.fit.leakage.map_or(0.0, |leakage| leakage.value * (sample.die.0 - self.base.0));
        self.fit.idle.value + self.fit.core.value * sample.busy_cpus + leaked
    }
}

/// Power and leakage together, and the covariance of idle power and leakage; `None` unless the leakage is at least two standard errors above zero and the rest stays
/// possible.
fn leaking(measured: &[(&Sample, f64)], base: Celsius) -> Option<(PowerFit, f64)> {
    let rows: Vec<_> = measured
        .iter()
        .map(|(sample, watts)| ([1.0, sample.busy_cpus, sample.die.0 - base.0], *watts))
        .collect();
    let fit = linear(&rows)?;
    let [idle, core, leakage] = fit.estimates;
    let hottest = rows.iter().map(|([_, _, above], _)| *above).fold(0.0, f64::max);
    let largest = rows.iter().map(|(_, watts)| *watts).fold(0.0, f64::max);
    let shows = leakage.value >= 2.0 * leakage.standard_error
        && leakage.value * hottest >= NEGLIGIBLE_LEAKAGE * largest;
    let possible = idle.value > 0.0 && core.value > 0.0;
    let found = PowerFit { idle, core, leakage: Some(leakage), residual: Watts(fit.residual) };
    (shows && possible).then_some((found, fit.covariance[(0, 2)]))
}

fn plain(measured: &[(&Sample, f64)]) -> Result<PowerFit, CalibrateError> {
    let rows: Vec<_> = measured.iter().map(|(sample, watts)| ([1.0, sample.busy_cpus], *watts)).collect();
    let no_law = |what: String| CalibrateError::NoPowerLaw { what };
    let fit = linear(&rows).ok_or_else(|| no_law("it cannot be fitted".to_owned()))?;
    let [idle, core] = fit.estimates;
    if core.value <= 2.0 * core.standard_error || idle.value < 0.0 {
        return Err(no_law(format!("{:.3} W a CPU on {:.3} W idle", core.value, idle.value)));
    }
    Ok(PowerFit { idle, core, leakage: None, residual: Watts(fit.residual) })
}

fn watts(sample: &Sample) -> Option<f64> {
    let measured = |power: &Figure<Watts>| power.provenance == Provenance::Measured;
    sample.power.filter(measured).map(|power| power.value.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use maxwell_core::units::Moment;

    /// A law that leaks, with noise of half a watt from mixed bits.
    fn samples() -> Vec<Sample> {
        let sample = |index: u32| {
            let noise = f64::from(index.wrapping_mul(2_654_435_761) >> 16) / 65_536.0 - 0.5;
            let (busy, warmer) = (f64::from(index / 10 % 2) * 8.0, f64::from(index % 37));
            let watts = Watts(10.0 + 7.0 * busy + 0.3 * warmer + noise);
            let power = Figure { value: watts, error: Watts(0.0), provenance: Provenance::Measured };
            let at = Moment(u64::from(index) * 100_000_000);
            Sample { at, busy_cpus: busy, power: Some(power), die: Celsius(40.0 + warmer) }
        };
        (0..400).map(sample).collect()
    }

    #[test]
    fn idle_power_moved_to_ambient_has_the_error_of_a_fit_from_ambient() {
        let samples = samples();
        let moved = |ambient| PowerLaw::fit(&samples).unwrap().unwrap().above(Celsius(ambient));
        let measured: Vec<_> = samples[1..].iter().map(|sample| (sample, watts(sample).unwrap())).collect();
        for ambient in [20.0, 40.0, 58.0] {
            let (moved, direct) = (moved(ambient).idle, leaking(&measured, Celsius(ambient)).unwrap().0.idle);
            assert!((moved.value - direct.value).abs() < 1e-9, "{ambient}: {moved:?}, {direct:?}");
            let (moved, direct) = (moved.standard_error, direct.standard_error);
            assert!((moved / direct - 1.0).abs() < 1e-6, "{ambient}: {moved}, {direct}");
        }
    }
}
