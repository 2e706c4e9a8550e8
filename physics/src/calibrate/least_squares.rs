//! Linear least squares with standard errors.

use nalgebra::{SMatrix, SVector};

use super::Estimate;

/// The best coefficients of `y = sum of coefficient x column`.
#[derive(Clone, Debug)]
pub(super) struct Linear<const N: usize> {
    pub(super) estimates: [Estimate; N],
    /// Their covariance; the standard errors are the roots of its diagonal.
    pub(super) covariance: SMatrix<f64, N, N>,
    /// Root of the mean square of what is left.
    pub(super) residual: f64,
}

/// Fits rows of columns to their values. `None` where there are too few, or the columns do not differ.
pub(super) fn linear<const N: usize>(rows: &[([f64; N], f64)]) -> Option<Linear<N>> {
    let mut normal = SMatrix::<f64, N, N>::zeros();
    let mut right = SVector::<f64, N>::zeros();
    for (columns, value) in rows {
        let row = SVector::from(*columns);
        normal += row * row.transpose();
        right += row * *value;
    }
    let inverse = normal.try_inverse().filter(|_| rows.len() > N)?;
    let found = inverse * right;
    let left: Vec<f64> =
        rows.iter().map(|(columns, value)| value - found.dot(&SVector::from(*columns))).collect();
    let square: f64 = left.iter().map(|left| left * left).sum();
    let covariance = inverse * (square / (rows.len() - N) as f64 * correlation_factor(&left));
    let estimate =
        |index: usize| Estimate { value: found[index], standard_error: covariance[(index, index)].sqrt() };
    let estimates = std::array::from_fn(estimate);
    let sound = estimates.iter().all(|e| e.value.is_finite() && e.standard_error.is_finite());
    sound.then_some(Linear { estimates, covariance, residual: (square / rows.len() as f64).sqrt() })
}

/// How many times larger the variance of a mean is than that of independent residuals, if they are a first-order
/// autoregression. Rounded temperatures and slow drifts leave residuals that go together, and pretending that each is
/// news would make the standard errors far too small.
pub(super) fn correlation_factor(residuals: &[f64]) -> f64 {
    let correlation = neighbour_correlation(residuals).min(0.99);
    (1.0 + correlation) / (1.0 - correlation)
}

/// Correlation of each residual with the next, from 0 to 1: the share of them that is more than noise from sample to
/// sample.
pub(super) fn neighbour_correlation(residuals: &[f64]) -> f64 {
    let square: f64 = residuals.iter().map(|r| r * r).sum();
    let neighbours: f64 = residuals.windows(2).map(|pair| pair[0] * pair[1]).sum();
    if square > 0.0 { (neighbours / square).clamp(0.0, 1.0) } else { 0.0 }
}
