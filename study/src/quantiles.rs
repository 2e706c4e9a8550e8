//! Quantiles of many figures, of which some may be endless.

use maxwell_api::market::Quantiles;

/// Quantiles by nearest rank; endless ones become `None`, and all are without figures.
pub(crate) fn quantiles(figures: impl IntoIterator<Item = f64>) -> Quantiles {
    let mut sorted: Vec<f64> = figures.into_iter().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    Quantiles {
        count: sorted.len(),
        median: at(&sorted, 0.5),
        p95: at(&sorted, 0.95),
        p99: at(&sorted, 0.99),
        max: at(&sorted, 1.0),
    }
}

/// The figure that a share of all are not above.
pub(crate) fn at(sorted: &[f64], share: f64) -> Option<f64> {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().and_then(finite)
}

/// A figure, unless it is endless.
pub(crate) fn finite(figure: f64) -> Option<f64> {
    figure.is_finite().then_some(figure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_figures_that_occurred() {
        let found = quantiles((1..=200).rev().map(f64::from));
        let expected = (200, Some(100.0), Some(190.0), Some(198.0), Some(200.0));
        assert_eq!((found.count, found.median, found.p95, found.p99, found.max), expected);
    }

    #[test]
    fn endless_figures_are_the_largest_and_have_no_number() {
        let found = quantiles([1.0, f64::INFINITY, 2.0]);
        assert_eq!((found.median, found.max), (Some(2.0), None));
    }

    #[test]
    fn nothing_has_no_quantiles() {
        assert_eq!((quantiles([]).count, quantiles([]).median), (0, None));
    }
}
