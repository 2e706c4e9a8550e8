//! Means and intervals over repetitions, ratios of pairs, and fairness.

use std::collections::BTreeMap;

use maxwell_api::summary::{Ratio, Statistic};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Two-sided confidence of every interval.
const CONFIDENCE: f64 = 0.95;

/// Mean, deviation of the sample and interval of the mean; `None` without values.
pub(crate) fn statistic(values: impl IntoIterator<Item = f64>) -> Option<Statistic> {
    let values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
    if values.is_empty() {
        return None;
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let mut found = Statistic { mean, deviation: None, low: None, high: None, count: values.len() as u32 };
    if values.len() >= 2 {
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (squares / (count - 1.0)).sqrt();
        let half = t_quantile(values.len() - 1) * deviation / count.sqrt();
        found.deviation = Some(deviation);
        found.low = Some(mean - half);
        found.high = Some(mean + half);
    }
    Some(found)
}

/// Ratio of two arms by repetition. A repetition that only one of them has, or in which there is nothing below the
/// line, makes no pair.
pub(crate) fn ratio(above: &BTreeMap<u32, f64>, below: &BTreeMap<u32, f64>) -> Option<Ratio> {
    let pairs: Vec<(f64, f64)> = above
        .iter()
        .filter_map(|(repetition, above)| Some((*above, *below.get(repetition)?)))
        .filter(|(above, below)| above.is_finite() && *above >= 0.0 && *below > 0.0)
        .collect();
    let repetitions = pairs.len() as u32;
    if pairs.iter().any(|(above, _)| *above == 0.0) {
        let sum = |side: fn(&(f64, f64)) -> f64| pairs.iter().map(side).sum::<f64>();
        return Some(Ratio {
            ratio: sum(|pair| pair.0) / sum(|pair| pair.1),
            low: None,
            high: None,
            repetitions,
        });
    }
    let logarithms = statistic(pairs.iter().map(|(above, below)| (above / below).ln()))?;
    Some(Ratio {
        ratio: logarithms.mean.exp(),
        low: logarithms.low.map(f64::exp),
        high: logarithms.high.map(f64::exp),
        repetitions,
    })
}

/// Jain's index (Jain, Chiu, Hawe 1984): the square of the sum over n times the sum of the squares. `None` if nobody
/// got anything.
pub(crate) fn fairness(shares: &[f64]) -> Option<f64> {
    let sum: f64 = shares.iter().sum();
    let squares: f64 = shares.iter().map(|share| share * share).sum();
    (squares > 0.0).then(|| sum * sum / (shares.len() as f64 * squares))
}

/// Quantile of Student's distribution that leaves half of what is not trusted above it.
fn t_quantile(freedom: usize) -> f64 {
    let distribution = StudentsT::new(0.0, 1.0, freedom as f64).expect("one degree of freedom or more");
    distribution.inverse_cdf(f64::midpoint(1.0, CONFIDENCE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-3 * expected.abs().max(1.0), "{found} is not {expected}");
    }

    fn by_repetition(values: &[f64]) -> BTreeMap<u32, f64> {
        (1..).zip(values.iter().copied()).collect()
    }

    #[test]
    fn quantiles_are_those_of_the_printed_table() {
        // NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.2, column 0.975.
        for (freedom, quantile) in [
            (1, 12.706),
            (2, 4.303),
            (3, 3.182),
            (4, 2.776),
            (5, 2.571),
            (9, 2.262),
            (30, 2.042),
            (100, 1.984),
        ] {
            assert!((t_quantile(freedom) - quantile).abs() < 6e-4, "{freedom}");
        }
    }

    #[test]
    fn the_interval_of_known_samples() {
        // 2, 4, 6: mean 4, deviation 2, half width 4.303 x 2 / sqrt 3 = 4.968.
        let found = statistic([2.0, 4.0, 6.0]).unwrap();
        close(found.mean, 4.0);
        close(found.deviation.unwrap(), 2.0);
        close(found.low.unwrap(), 4.0 - 4.968);
        close(found.high.unwrap(), 4.0 + 4.968);
        assert_eq!(found.count, 3);
    }

    #[test]
    fn one_value_has_no_interval_and_none_has_no_mean() {
        let found = statistic([5.0]).unwrap();
        assert_eq!(
            (found.mean, found.deviation, found.low, found.high, found.count),
            (5.0, None, None, None, 1)
        );
        assert_eq!(statistic([]), None);
        assert_eq!(statistic([f64::NAN]), None);
    }

    #[test]
    fn equal_values_have_an_interval_without_width() {
        let found = statistic([3.0, 3.0]).unwrap();
        assert_eq!((found.deviation, found.low, found.high), (Some(0.0), Some(3.0), Some(3.0)));
    }

    #[test]
    fn ratios_are_taken_pair_by_pair() {
        // 4/2 and 1/2: the geometric mean is 1, the logarithms are +-0.6931 with deviation 0.9803; the half width is
        // 12.706 x 0.9803 / sqrt 2 = 8.807.
        let found = ratio(&by_repetition(&[4.0, 1.0]), &by_repetition(&[2.0, 2.0])).unwrap();
        close(found.ratio, 1.0);
        close(found.low.unwrap(), (-8.8073_f64).exp());
        assert!((found.high.unwrap().ln() - 8.8073).abs() < 2e-3);
        assert_eq!(found.repetitions, 2);
    }

    #[test]
    fn what_both_share_leaves_the_ratio_exact() {
        let found = ratio(&by_repetition(&[2.0, 20.0, 8.0]), &by_repetition(&[1.0, 10.0, 4.0])).unwrap();
        close(found.low.unwrap(), 2.0);
        close(found.high.unwrap(), 2.0);
    }

    #[test]
    fn a_repetition_that_one_arm_lacks_makes_no_pair() {
        let above = BTreeMap::from([(1, 3.0), (3, 9.0)]);
        let below = BTreeMap::from([(1, 1.0), (2, 1.0), (3, 0.0)]);
        let found = ratio(&above, &below).unwrap();
        assert_eq!((found.ratio.round(), found.low, found.repetitions), (3.0, None, 1));
        assert_eq!(ratio(&above, &BTreeMap::from([(2, 1.0)])), None);
    }

    #[test]
    fn nothing_above_the_line_gives_a_ratio_without_an_interval() {
        let found = ratio(&by_repetition(&[0.0, 3.0]), &by_repetition(&[2.0, 4.0])).unwrap();
        assert_eq!((found.ratio, found.low, found.high), (0.5, None, None));
    }

    #[test]
    fn fairness_is_one_for_equal_shares_and_one_in_n_for_one_winner() {
        assert_eq!(fairness(&[5.0, 5.0]), Some(1.0));
        assert_eq!(fairness(&[5.0, 0.0, 0.0, 0.0]), Some(0.25));
        assert_eq!(fairness(&[3.0, 1.0]), Some(0.8));
        assert_eq!(fairness(&[0.0, 0.0]), None);
        assert_eq!(fairness(&[]), None);
    }
}
