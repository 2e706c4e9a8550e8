//! Random orders: prices over two octaves, or with a heavy tail.

use maxwell_core::limits::PRICE_MAX;

/// A small generator (Steele, Lea and Flood 2014, `SplitMix64`): the same numbers in every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From zero to `end`, without it.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }

    /// Above zero, up to one.
    pub(crate) fn part(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
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
