//! How temperature follows power: nonlinear least squares of the two nodes.

use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt};
use nalgebra::storage::Owned;
use nalgebra::{DVector, Dyn, OMatrix, SVector, U6};

use super::least_squares::correlation_factor;
use super::{CalibrateError, Estimate, Sample};
use crate::thermal::{Class, ThermalModel, ThermalParameters};
use maxwell_core::units::{Celsius, Watts};

/// Largest standard error, as a share of the value, at which a parameter of the die counts as known.
const DIE_ERROR_MAX: f64 = 0.2;

/// The same for the heat sink, which steers slowly: being wrong by half is better than not knowing that it is there.
const SINK_ERROR_MAX: f64 = 0.5;

/// Change of a parameter for the slopes: of a logarithm, or in degrees. A millionth keeps half of the digits of a slope.
const DIFFERENCE: f64 = 1e-6;

/// A difference in degrees that no fit has, for parameters that no machine has: the search turns back.
const FAR_AWAY: f64 = 1e4;

/// The fitted two nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatFit {
    /// Time constant of the die, in seconds.
    pub die_tau_s: Estimate,
    /// From die to heat sink, in kelvin per watt.
    pub die_resistance: Estimate,
    /// Time constant of the heat sink, in seconds.
    pub sink_tau_s: Estimate,
    /// From heat sink to air, in kelvin per watt.
    pub sink_resistance: Estimate,
    /// Temperature of the air, in degrees Celsius.
    pub ambient: Estimate,
    /// Root mean square of measured less fitted temperature.
    pub residual: Celsius,
}

/// Logarithms of the four time constants and resistances, so that none becomes negative; then the temperatures of the air
/// and of the sink at the first sample, because nobody knows what the machine did before it.
type Parameters = SVector<f64, 6>;

/// Fits the temperatures of `samples`, where `fed[i]` heats from sample `i - 1` to `i`, from every hardware class's
/// starting point, and takes the best.
pub(super) fn fit(samples: &[Sample], fed: &[Watts]) -> Result<HeatFit, CalibrateError> {
    let solved = [Class::Mobile, Class::Desktop, Class::Workstation, Class::Server].map(|class| {
        let at = start(class, samples, fed);
        let (problem, report) = LevenbergMarquardt::new().minimize(Problem { samples, fed, at });
        (problem, report.termination.was_successful().then_some(report.objective_function))
    });
    let converged = solved.into_iter().filter_map(|(problem, cost)| Some((problem, cost?)));
    let best = converged.min_by(|a, b| a.1.total_cmp(&b.1)).ok_or(CalibrateError::NoConvergence)?.0;
    let fit = best.estimates().ok_or(CalibrateError::NoConvergence)?;
    let known = [
        ("the die's time constant (s)", &fit.die_tau_s, DIE_ERROR_MAX),
        ("the die's resistance (K/W)", &fit.die_resistance, DIE_ERROR_MAX),
        ("the heat sink's time constant (s)", &fit.sink_tau_s, SINK_ERROR_MAX),
        ("the heat sink's resistance (K/W)", &fit.sink_resistance, SINK_ERROR_MAX),
    ];
    match known.iter().find(|(_, estimate, most)| estimate.relative() > *most) {
        Some(&(parameter, &Estimate { value, standard_error }, _)) => {
            Err(CalibrateError::Unidentified { parameter, value, standard_error })
        }
        None => Ok(fit),
    }
}

/// A machine of `class` whose resistances make the rise that was seen.
fn start(class: Class, samples: &[Sample], fed: &[Watts]) -> Parameters {
    let range = |values: &mut dyn Iterator<Item = f64>| {
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (v.min(low), v.max(high)))
    };
    let (cold, hot) = range(&mut samples.iter().map(|sample| sample.die.0));
    let (idle, full) = range(&mut fed[1..].iter().map(|watts| watts.0));
    let resistance = ((hot - cold) / (full - idle)).max(1e-6);
    let typical = ThermalParameters::of_class(class);
    let ambient = cold - idle * resistance;
    Parameters::from([
        typical.die_tau_s.ln(),
        (0.7 * resistance).ln(),
        typical.sink_tau_s.ln(),
        (0.3 * resistance).ln(),
        ambient,
        ambient + 0.3 * idle * resistance,
    ])
}

/// The machine that the logarithms and temperatures stand for.
fn machine(at: &Parameters) -> ThermalParameters {
    ThermalParameters {
        die_tau_s: at[0].exp(),
        die_resistance: at[1].exp(),
        sink_tau_s: at[2].exp(),
        sink_resistance: at[3].exp(),
        ambient: Celsius(at[4]),
        // The power that is fed contains what leaks.
        leakage: 0.0,
    }
}

struct Problem<'a> {
    samples: &'a [Sample],
    fed: &'a [Watts],
    at: Parameters,
}

impl Problem<'_> {
    /// Fitted less measured temperature at every sample.
    fn differences(&self, at: &Parameters) -> DVector<f64> {
        let (parameters, sink) = (machine(at), at[5]);
        let die = Celsius(sink + self.fed[0].0 * parameters.die_resistance);
        let possible = die.0.is_finite() && parameters.die_tau_s < parameters.sink_tau_s;
        let model = possible.then(|| ThermalModel::starting(parameters, die, Celsius(sink)));
        let Some(Ok(mut model)) = model else {
            return DVector::repeat(self.samples.len(), FAR_AWAY);
        };
        let mut last = self.samples[0].at;
        let of_sample = self.samples.iter().zip(self.fed).map(|(sample, &watts)| {
            model.advance(watts, sample.at.since(last));
            last = sample.at;
            model.die().0 - sample.die.0
        });
        DVector::from_iterator(self.samples.len(), of_sample)
    }

    /// Slopes of the differences, by a small change of each parameter.
    fn slopes(&self) -> OMatrix<f64, Dyn, U6> {
        let here = self.differences(&self.at);
        let columns: [DVector<f64>; 6] = std::array::from_fn(|index| {
            let mut moved = self.at;
            moved[index] += DIFFERENCE;
            (self.differences(&moved) - &here) / DIFFERENCE
        });
        OMatrix::<f64, Dyn, U6>::from_columns(&columns)
    }

    /// The parameters with their standard errors, from the covariance at the minimum.
    fn estimates(&self) -> Option<HeatFit> {
        let left = self.differences(&self.at);
        let slopes = self.slopes();
        let covariance = (slopes.transpose() * &slopes).try_inverse()?;
        let count = self.samples.len() as f64;
        let variance = left.norm_squared() / (count - 6.0) * correlation_factor(left.as_slice());
        let error = |index: usize| (variance * covariance[(index, index)]).sqrt();
        // The error of a logarithm is the relative error of the number.
        let positive = |index: usize| {
            let value = self.at[index].exp();
            Estimate { value, standard_error: value * error(index) }
        };
        let fit = HeatFit {
            die_tau_s: positive(0),
            die_resistance: positive(1),
            sink_tau_s: positive(2),
            sink_resistance: positive(3),
            ambient: Estimate { value: self.at[4], standard_error: error(4) },
            residual: Celsius(left.norm() / count.sqrt()),
        };
        let errors = [0, 1, 2, 3, 4].map(error);
        errors.iter().all(|error| error.is_finite()).then_some(fit)
    }
}

impl LeastSquaresProblem<f64, Dyn, U6> for Problem<'_> {
    type ResidualStorage = Owned<f64, Dyn>;
    type JacobianStorage = Owned<f64, Dyn, U6>;
    type ParameterStorage = Owned<f64, U6>;

    fn set_params(&mut self, at: &Parameters) {
        self.at = *at;
    }

    fn params(&self) -> Parameters {
        self.at
    }

    fn residuals(&self) -> Option<DVector<f64>> {
        Some(self.differences(&self.at))
    }

    fn jacobian(&self) -> Option<OMatrix<f64, Dyn, U6>> {
        Some(self.slopes())
    }
}
