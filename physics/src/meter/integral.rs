//! From power that is read now and then to a count of energy, for hardware that has no counter.

use maxwell_core::units::{Moment, Nanoseconds};

/// Between two reads that lie further apart nobody knows what was drawn: ten sampling periods of 100 ms.
const GAP: Nanoseconds = Nanoseconds::from_millis(1_000);

/// The integral of a power over time by trapezoids, as a counter of whole microjoules with the modulus 2^64.
///
/// After a gap the count goes *back* by one, which no power can do, so that [`super::counter::Counter`] takes what was
/// used in between as unknown instead of as a guess.
#[derive(Clone, Debug, Default)]
pub(crate) struct Integral {
    last: Option<(Moment, u64)>,
    count: u64,
    /// What is not yet a whole microjoule, in halves of a femtojoule (µW x ns).
    rest: u128,
}

/// More than anything can use in a gap that a [`super::counter::Counter`] still believes: a gigajoule.
const JUMP: u64 = 1_000_000_000_000_000;

/// Halves of a femtojoule in a microjoule.
const WHOLE: u128 = 2_000_000_000;

impl Integral {
    /// Takes the power of `now` in microwatts and gives the count. Times must not run backwards.
    pub(crate) fn advance(&mut self, now: Moment, microwatts: u64) -> u64 {
        let Some((then, before)) = self.last.replace((now, microwatts)) else { return self.count };
        let span = now.since(then);
        if span > GAP {
            // From nothing there is no way back; then a jump that no power can make says the same.
            self.count = self.count.checked_sub(1).unwrap_or(JUMP);
            return self.count;
        }
        self.rest += (u128::from(before) + u128::from(microwatts)) * u128::from(span.0);
        self.count = self.count.wrapping_add((self.rest / WHOLE) as u64);
        self.rest %= WHOLE;
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::super::counter::{CountUnit, Counter, Step};
    use super::*;
    use maxwell_core::units::Microjoules;
    use proptest::prelude::*;

    const WATT: u64 = 1_000_000;

    fn at_ms(millis: u64) -> Moment {
        Moment(millis * 1_000_000)
    }

    #[test]
    fn power_that_rises_evenly_is_integrated_exactly() {
        let mut integral = Integral::default();
        let counts: Vec<u64> =
            (0..=10).map(|step| integral.advance(at_ms(step * 100), step * WATT)).collect();
        assert_eq!((counts[0], counts[1], counts[10]), (0, 50_000, 5_000_000));
    }

    #[test]
    fn what_was_used_in_a_gap_is_unknown_to_the_counter_and_counting_goes_on() {
        let mut integral = Integral::default();
        let mut counter = Counter::new(CountUnit::MICROJOULE, 1 << 64);
        let mut step = |now| counter.advance(now, integral.advance(now, 10 * WATT));
        assert_eq!(step(at_ms(0)), Step::Known);
        assert!(matches!(step(at_ms(5_000)), Step::Unknown(_)));
        assert_eq!(step(at_ms(5_100)), Step::Known);
        assert!(matches!(step(at_ms(6_200)), Step::Unknown(_)));
        assert_eq!(step(at_ms(6_300)), Step::Known);
        assert_eq!(counter.energy(), Microjoules::from_joules(2));
    }

    proptest! {
        /// However often it is read: a constant power gives the same energy.
        #[test]
        fn reading_more_often_makes_no_energy(
            microwatts in 0_u64..1_000_000_000,
            spans in prop::collection::vec(0_u64..=1_000_000_000, 1..50),
        ) {
            let (mut integral, mut now, mut count) = (Integral::default(), 0, 0);
            integral.advance(Moment(0), microwatts);
            for span in spans {
                now += span;
                count = integral.advance(Moment(now), microwatts);
            }
            prop_assert_eq!(u128::from(count), u128::from(microwatts) * u128::from(now) / 1_000_000_000);
        }
    }
}
