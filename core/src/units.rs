//! Units as types, so that a watt is never added to a joule.
//!
//! Money and energy are whole microjoules; time is whole nanoseconds; ratios that touch money are whole parts per
//! million. Temperatures and powers, which only steer, are floating point.

mod amount;

use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

pub use amount::{AmountError, positive_amount};

/// An amount of energy, and of the energy token: 1 $JOULE buys one joule at price multiplier 1.
///
/// Sums that leave the 64-bit range stop the node (overflow checks are on in every profile).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Microjoules(pub i64);

impl Microjoules {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Whole joules.
    pub const fn from_joules(joules: i64) -> Self {
        Self(joules * 1_000_000)
    }

    /// For showing and for ratios only: never computed back into money.
    pub fn as_joules(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// `self x count`, for prices of several quanta.
    #[must_use]
    pub const fn times(self, count: u64) -> Self {
        Self(self.0 * count as i64)
    }

    /// `self x part / whole`, rounded half up, computed without intermediate overflow. `whole` must not be zero.
    #[must_use]
    pub fn share(self, part: u64, whole: u64) -> Self {
        let (product, whole) = (i128::from(self.0) * i128::from(part), i128::from(whole));
        let rounds_up = product.rem_euclid(whole) * 2 >= whole;
        Self::from_wide(product.div_euclid(whole) + i128::from(rounds_up))
    }

    /// An amount that was computed in millionths of a microjoule, rounded up: a sum of amounts, each times its parts per million.
    ///
    /// # Panics
    /// If it does not fit 64 bits: money never wraps.
    pub fn from_millionths_rounded_up(parts: i128) -> Self {
        Self::from_wide((parts + 999_999).div_euclid(1_000_000))
    }

    /// An amount that was computed in 128 bits. One that does not fit 64 stops the node: money never wraps.
    fn from_wide(amount: i128) -> Self {
        Self(i64::try_from(amount).expect("an amount of money leaves the 64-bit range"))
    }

    /// The distance between two amounts.
    #[must_use]
    pub const fn abs_diff(self, other: Self) -> Self {
        Self((self.0 - other.0).abs())
    }
}

impl Add for Microjoules {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Microjoules {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sub for Microjoules {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl SubAssign for Microjoules {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}

impl Neg for Microjoules {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Sum for Microjoules {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::ZERO, Add::add)
    }
}

/// A point in time: nanoseconds since the node's clock began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub u64);

impl Moment {
    /// The time from `earlier` to `self`; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Nanoseconds {
        Nanoseconds(self.0.saturating_sub(earlier.0))
    }

    /// Seconds since the clock began, for showing and for physics.
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Add<Nanoseconds> for Moment {
    type Output = Self;
    fn add(self, span: Nanoseconds) -> Self {
        Self(self.0 + span.0)
    }
}

/// A span of time, of a clock or of a CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanoseconds(pub u64);

impl Nanoseconds {
    /// No time.
    pub const ZERO: Self = Self(0);

    /// Whole milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000_000)
    }

    /// Seconds, for showing and for physics.
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// `self - other`, or zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add for Nanoseconds {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Nanoseconds {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sum for Nanoseconds {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::ZERO, Add::add)
    }
}

/// A ratio in parts per million, for everything that multiplies money: tariffs, price multipliers, shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ppm(pub u64);

impl Ppm {
    /// One to one.
    pub const ONE: Self = Self(1_000_000);

    /// The nearest whole part per million. Negative ratios and NaN become zero, too large ones the largest.
    pub fn from_ratio(ratio: f64) -> Self {
        Self((ratio * 1e6).round() as u64)
    }

    /// The ratio as a number, for showing and for physics.
    pub fn as_ratio(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// `amount x self`, rounded up to a whole microjoule, so that a price is never below its exact value.
    #[must_use]
    pub fn of_rounded_up(self, amount: Microjoules) -> Microjoules {
        Microjoules::from_millionths_rounded_up(i128::from(amount.0) * i128::from(self.0))
    }

    /// The amount of which `part` is this ratio, rounded up. The ratio must not be zero.
    ///
    /// # Panics
    /// If it does not fit 64 bits: money never wraps.
    #[must_use]
    pub fn whole_of_rounded_up(self, part: Microjoules) -> Microjoules {
        let (parts, ratio) = (i128::from(part.0) * 1_000_000, i128::from(self.0));
        Microjoules::from_wide((parts + ratio - 1).div_euclid(ratio))
    }
}

/// A temperature in degrees Celsius.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Celsius(pub f64);

impl Celsius {
    /// The same temperature in kelvin.
    pub fn kelvin(self) -> f64 {
        self.0 + 273.15
    }
}

/// A power in watts.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Watts(pub f64);

impl Watts {
    /// The energy of this power over `span`, to the nearest microjoule.
    pub fn over(self, span: Nanoseconds) -> Microjoules {
        Microjoules((self.0 * span.0 as f64 / 1e3).round() as i64)
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

impl Bytes {
    /// Whole mebibytes.
    pub const fn from_mebibytes(mebibytes: u64) -> Self {
        Self(mebibytes << 20)
    }
}

impl AddAssign for Bytes {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_round_half_up_and_never_overflow() {
        assert_eq!(Microjoules(150_000).share(1, 3), Microjoules(50_000));
        assert_eq!(Microjoules(1).share(1, 2), Microjoules(1));
        assert_eq!(Microjoules(-1).share(1, 2), Microjoules(0));
        assert_eq!(Microjoules(i64::MAX).share(u64::MAX, u64::MAX), Microjoules(i64::MAX));
        assert_eq!(Microjoules(i64::MIN).share(u64::MAX, u64::MAX), Microjoules(i64::MIN));
    }

    #[test]
    #[should_panic(expected = "leaves the 64-bit range")]
    fn a_share_that_does_not_fit_stops_the_node() {
        let _ = Microjoules(i64::MAX).share(3, 1);
    }

    #[test]
    fn a_price_is_never_rounded_below_its_exact_value() {
        assert_eq!(Ppm(1_000_001).of_rounded_up(Microjoules(150_000)), Microjoules(150_001));
        assert_eq!(Ppm::ONE.of_rounded_up(Microjoules(150_000)), Microjoules(150_000));
        assert_eq!(Microjoules::from_millionths_rounded_up(2_000_001), Microjoules(3));
        assert_eq!(Ppm(600_000).whole_of_rounded_up(Microjoules(60)), Microjoules(100));
        assert_eq!(Ppm(600_000).whole_of_rounded_up(Microjoules(61)), Microjoules(102));
    }

    #[test]
    fn watts_over_time_are_microjoules() {
        assert_eq!(Watts(15.0).over(Nanoseconds::from_millis(10)), Microjoules(150_000));
    }
}
