//! A quantity over time, over several runs.

use std::collections::BTreeMap;

/// Mean, lowest and highest at every second.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Curve {
    pub(super) points: Vec<Point>,
}

/// A second of a curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) t_s: f64,
    pub(super) mean: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

/// The full second that a sample belongs to: runs sample at slightly different moments.
pub(super) fn second(t_s: f64) -> u64 {
    t_s.round().max(0.0) as u64
}

impl Curve {
    /// Takes runs together, second by second.
    pub(super) fn over(runs: impl Iterator<Item = Vec<(f64, f64)>>) -> Self {
        let mut samples: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
        for (t_s, value) in runs.flatten().filter(|(t_s, value)| t_s.is_finite() && value.is_finite()) {
            samples.entry(second(t_s)).or_default().push(value);
        }
        let points = samples.into_iter().map(|(second, values)| Point {
            t_s: second as f64,
            mean: values.iter().sum::<f64>() / values.len() as f64,
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        });
        Self { points: points.collect() }
    }

    pub(super) fn lowest(&self) -> Option<f64> {
        self.points.iter().map(|point| point.min).reduce(f64::min)
    }

    pub(super) fn highest(&self) -> Option<f64> {
        self.points.iter().map(|point| point.max).reduce(f64::max)
    }

    pub(super) fn last_t(&self) -> Option<f64> {
        self.points.last().map(|point| point.t_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_taken_together_second_by_second() {
        let curve = Curve::over([vec![(1.01, 2.0), (2.0, 5.0)], vec![(0.98, 4.0)]].into_iter());
        assert_eq!(
            curve.points,
            [
                Point { t_s: 1.0, mean: 3.0, min: 2.0, max: 4.0 },
                Point { t_s: 2.0, mean: 5.0, min: 5.0, max: 5.0 }
            ]
        );
        assert_eq!((curve.lowest(), curve.highest(), curve.last_t()), (Some(2.0), Some(5.0), Some(2.0)));
    }

    #[test]
    fn what_is_no_number_is_left_out() {
        assert_eq!(Curve::over([vec![(1.0, f64::NAN)]].into_iter()), Curve::default());
    }
}
