//! Random orders: prices over two octaves, or with a heavy tail.

use maxwell_core::limits::PRICE_MAX;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The same numbers in every run.
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// From zero to `end`, without it.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0.random_range(..end)
    }

    /// Above zero, up to one.
    fn part(&mut self) -> f64 {
        1.0 - self.0.random::<f64>()
    }

    /// A limit between one and four base prices of 150 mJ, each ratio as likely as the other: 2,048 levels of the grid.
    pub(crate) fn limit(&mut self) -> i64 {
        (150_000.0 * 4.0_f64.powf(self.part())) as i64
    }

    /// A limit with the tail of incomes (Pareto, exponent 1.16: four fifths of the money with a fifth of the bidders).
    pub(crate) fn pareto_limit(&mut self) -> i64 {
        (150_000.0 * self.part().powf(-1.0 / 1.16)).min(PRICE_MAX.0 as f64) as i64
    }
}
