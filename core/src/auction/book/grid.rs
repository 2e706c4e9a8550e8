//! The prices that there are: a grid of 1,024 levels per octave.
//!
//! ```text
//! level   0 ... 2,047   one microjoule apart: exact
//!         2,048 ...     two apart, then four, ...: the eleven highest bits of a price are kept
//!         55,295        the last one under 2^63 µJ
//! ```
//!
//! Neighbours are never more than 1/1,024 (0.098 %) apart, which is the tick of an exchange. A limit is rounded *down* to the
//! grid when its order enters, so nobody pays more than was said, and from then on the rounded one *is* the limit: prices
//! are exact and not floors of something unknown.

use crate::units::Microjoules;

/// Bits of a price behind its highest one that are kept.
const FRACTION_BITS: u32 = 10;

/// Levels in an octave: prices from one power of two to the next.
const OCTAVE: u16 = 1 << FRACTION_BITS;

/// A price on the grid, by its number: a higher level is a higher price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(pub(super) u16);

impl Level {
    /// How many there are, from that of zero to the highest below 2^63 µJ.
    pub const COUNT: usize = (63 - FRACTION_BITS as usize + 1) * OCTAVE as usize;

    /// The highest.
    pub const MAX: Self = Self(Self::COUNT as u16 - 1);

    /// The highest level whose price is not above `limit`. Nothing and less is level zero.
    pub const fn at_most(limit: Microjoules) -> Self {
        if limit.0 < OCTAVE as i64 {
            return Self(if limit.0 < 0 { 0 } else { limit.0 as u16 });
        }
        let octave = 63 - FRACTION_BITS - limit.0.leading_zeros();
        let mantissa = (limit.0 >> octave) as u16;
        Self(octave as u16 * OCTAVE + mantissa)
    }

    /// The lowest level whose price is not below `price`; none if that is above the highest.
    pub const fn at_least(price: Microjoules) -> Option<Self> {
        let below = Self::at_most(price);
        if below.price().0 >= price.0 {
            return Some(below);
        }
        if below.0 == Self::MAX.0 { None } else { Some(Self(below.0 + 1)) }
    }

    /// What it stands for.
    pub const fn price(self) -> Microjoules {
        if self.0 < OCTAVE {
            return Microjoules(self.0 as i64);
        }
        let octave = self.0 / OCTAVE - 1;
        let mantissa = (self.0 % OCTAVE) | OCTAVE;
        Microjoules((mantissa as i64) << octave)
    }

    /// Its number as an index.
    pub(super) const fn number(self) -> usize {
        self.0 as usize
    }
}

const _: () = {
    assert!(Level::COUNT <= u16::MAX as usize + 1, "a level's number has sixteen bits");
    assert!(Level::at_most(Microjoules(i64::MAX)).0 == Level::MAX.0, "every amount has a level");
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::PRICE_MAX;
    use proptest::prelude::*;

    /// Amounts of every size, the borders of octaves among them.
    fn amounts() -> impl Strategy<Value = i64> {
        let near_a_power = (0..63_u32, -2..3_i64).prop_map(|(power, off)| ((1_i64 << power) + off).max(0));
        let any_size = (any::<i64>(), 0..63_u32).prop_map(|(bits, shift)| (bits & i64::MAX) >> shift);
        prop_oneof![any_size, near_a_power, Just(PRICE_MAX.0), Just(i64::MAX), 0..5_000_i64]
    }

    #[test]
    fn small_prices_are_exact_and_every_level_stands_for_itself() {
        for price in 0..2 * i64::from(OCTAVE) {
            assert_eq!(Level::at_most(Microjoules(price)).price(), Microjoules(price));
        }
        for number in 0..Level::COUNT as u16 {
            let level = Level(number);
            assert_eq!(Level::at_most(level.price()), level);
            assert_eq!(Level::at_least(level.price()), Some(level));
        }
    }

    #[test]
    fn what_is_below_zero_is_level_zero_and_above_the_highest_there_is_none() {
        assert_eq!(Level::at_most(Microjoules(i64::MIN)), Level(0));
        assert_eq!(Level::at_least(Microjoules(i64::MIN)), Some(Level(0)));
        assert_eq!(Level::at_most(Microjoules(i64::MAX)), Level::MAX);
        assert_eq!(Level::at_least(Microjoules(i64::MAX)), None);
        assert_eq!(Level::at_least(Microjoules(Level::MAX.price().0 + 1)), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn a_limit_is_rounded_down_by_less_than_a_thousandth(limit in amounts()) {
            let price = Level::at_most(Microjoules(limit)).price().0;
            prop_assert!(price <= limit);
            prop_assert!(i128::from(limit - price) * 1_024 <= i128::from(limit), "{limit} became {price}");
        }

        #[test]
        fn rounding_up_is_the_level_above_unless_the_price_is_on_the_grid(price in amounts()) {
            let below = Level::at_most(Microjoules(price));
            match Level::at_least(Microjoules(price)) {
                Some(above) if below.price().0 == price => prop_assert_eq!(above, below),
                Some(above) => {
                    prop_assert_eq!(above, Level(below.0 + 1));
                    prop_assert!(above.price().0 > price);
                }
                None => prop_assert!(below == Level::MAX && price > below.price().0),
            }
        }

        #[test]
        fn the_order_of_amounts_is_kept(one in amounts(), other in amounts()) {
            let (low, high) = (one.min(other), one.max(other));
            prop_assert!(Level::at_most(Microjoules(low)) <= Level::at_most(Microjoules(high)));
        }
    }
}
