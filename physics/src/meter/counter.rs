//! From a counter that wraps to energy that only grows.
//!
//! ```text
//!   raw     0 ......... 2^32-1 | 0 ......... 2^32-1 | 0 ...
//!   energy  ------------------------------------------------>
//! ```
//!
//! One wrap between two reads is undone. Where there may have been more than one, because so much time has passed that
//! the largest possible power could have driven the counter all the way round, what was used is *unknown*: the counter
//! begins anew and nothing is guessed. The same holds for a step that no power could have made, as when a driver was
//! loaded again and began at zero.

use maxwell_core::units::{Microjoules, Moment, Nanoseconds, Watts};

/// More than any package, memory or card draws, in watts: the largest server parts of 2026 are rated at 500 to 700 W and
/// GPUs at 1,400 W. It decides after how long a 32-bit counter is not believed any more: 131 s at 61 µJ a count.
pub const DOMAIN_POWER_MAX: Watts = Watts(2_000.0);

/// How much older than its neighbour a count may be: RAPL moves about every millisecond, with jitter, and reading takes a
/// moment on a busy machine.
const JITTER: Nanoseconds = Nanoseconds::from_millis(20);

/// What one count of a counter is worth, as a ratio, so that sums stay exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountUnit {
    microjoules: u64,
    per_counts: u64,
}

impl CountUnit {
    /// One microjoule, the unit of the kernel's files.
    pub const MICROJOULE: Self = Self { microjoules: 1, per_counts: 1 };

    /// One millijoule, the unit of NVML.
    pub const MILLIJOULE: Self = Self { microjoules: 1_000, per_counts: 1 };

    /// `1 / 2^bits` joules, the unit of RAPL registers; `bits` at most 63.
    pub const fn binary(bits: u8) -> Self {
        Self { microjoules: 1_000_000, per_counts: 1 << bits }
    }

    /// `microjoules` each.
    pub const fn microjoules(microjoules: u64) -> Self {
        Self { microjoules, per_counts: 1 }
    }

    /// Energy of so many counts, rounded down to whole microjoules; none beyond 64 bits of them.
    pub fn energy(self, counts: u128) -> Option<Microjoules> {
        let exact = counts.checked_mul(u128::from(self.microjoules))? / u128::from(self.per_counts);
        i64::try_from(exact).ok().map(Microjoules)
    }

    /// Joules of one count, for showing.
    pub fn as_joules(self) -> f64 {
        self.microjoules as f64 / self.per_counts as f64 / 1e6
    }
}

/// What a new count says about the energy since the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is contained in [`Counter::energy`] now.
    Known,
    /// It is not known, because of this; [`Counter::energy`] stays as it was.
    Unknown(String),
}

/// A counter whose wraps are undone.
#[derive(Clone, Debug)]
pub struct Counter {
    unit: CountUnit,
    modulus: u128,
    last: Option<(Moment, u64)>,
    counted: u128,
}

impl Counter {
    /// A counter that begins at the first count it is given.
    ///
    /// # Panics
    /// When the modulus is zero.
    pub const fn new(unit: CountUnit, modulus: u128) -> Self {
        assert!(modulus > 0, "a counter has at least one value");
        Self { unit, modulus, last: None, counted: 0 }
    }

    /// Energy since the first count, as far as it is known; never falls.
    pub fn energy(&self) -> Microjoules {
        // Every step is bounded by `DOMAIN_POWER_MAX`: 64 bits of microjoules last more than a century at it.
        self.unit.energy(self.counted).expect("a counter has counted more than 64 bits of microjoules")
    }

    /// The time after which the counter may have gone all the way round at [`DOMAIN_POWER_MAX`].
    pub fn longest_interval(&self) -> Nanoseconds {
        let joules = self.modulus as f64 * self.unit.as_joules();
        Nanoseconds((joules / DOMAIN_POWER_MAX.0 * 1e9) as u64)
    }

    /// Takes the count of `now`. The first one is the origin. A count at a time that is not later than the last one must
    /// not be given.
    pub fn advance(&mut self, now: Moment, raw: u64) -> Step {
        let Some((then, before)) = self.last.replace((now, raw)) else { return Step::Known };
        let (span, longest) = (now.since(then), self.longest_interval());
        if span >= longest {
            let (span, longest) = (span.as_seconds(), longest.as_seconds());
            return Step::Unknown(format!(
                "{span:.1} s passed between two reads, and the counter may wrap every {longest:.1} s"
            ));
        }
        let (raw, before) = (u128::from(raw), u128::from(before));
        let counts = if raw >= before { raw - before } else { raw + self.modulus.saturating_sub(before) };
        let used = counts as f64 * self.unit.as_joules();
        if used > DOMAIN_POWER_MAX.0 * (span + JITTER).as_seconds() {
            let span = span.as_seconds();
            return Step::Unknown(format!(
                "the counter moved by {used:.1} J in {span:.3} s, which nothing can draw"
            ));
        }
        self.counted += counts;
        Step::Known
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REGISTER: u128 = 1 << 32;

    fn at_ms(millis: u64) -> Moment {
        Moment(millis * 1_000_000)
    }

    #[test]
    fn one_wrap_is_undone() {
        let mut counter = Counter::new(CountUnit::binary(14), REGISTER);
        assert_eq!(counter.advance(at_ms(0), 0xffff_ff00), Step::Known);
        assert_eq!(counter.advance(at_ms(100), 0x3f00), Step::Known);
        assert_eq!(counter.energy(), Microjoules(1_000_000));
    }

    #[test]
    fn what_may_have_wrapped_twice_is_unknown_and_counting_goes_on_from_there() {
        let mut counter = Counter::new(CountUnit::binary(14), REGISTER);
        let longest = counter.longest_interval();
        assert!((longest.as_seconds() - 131.072).abs() < 1e-6, "{longest:?}");
        counter.advance(at_ms(0), 7);
        counter.advance(at_ms(1_000), 7 + 16_384);
        let Step::Unknown(why) = counter.advance(at_ms(1_000) + longest, 9) else { panic!("it is known") };
        assert!(why.contains("131.1 s passed"), "{why}");
        assert_eq!(counter.energy(), Microjoules(1_000_000));
        assert_eq!(counter.advance(at_ms(1_500) + longest, 9 + 16_384), Step::Known);
        assert_eq!(counter.energy(), Microjoules(2_000_000));
    }

    #[test]
    fn a_counter_that_was_set_back_is_unknown() {
        let mut counter = Counter::new(CountUnit::MICROJOULE, 262_143_328_851);
        counter.advance(at_ms(0), 5_000_000);
        let Step::Unknown(why) = counter.advance(at_ms(100), 0) else { panic!("it is known") };
        assert!(why.contains("nothing can draw"), "{why}");
        assert_eq!(counter.energy(), Microjoules::ZERO);
    }

    #[test]
    fn what_is_no_energy_at_all_is_none_and_no_panic() {
        assert_eq!(CountUnit::MILLIJOULE.energy(u128::from(u64::MAX)), None);
        assert_eq!(CountUnit::MICROJOULE.energy(u128::MAX), None);
        assert_eq!(CountUnit::binary(63).energy(u128::MAX), None);
    }

    #[test]
    fn a_counter_of_64_bits_is_known_after_weeks() {
        let mut counter = Counter::new(CountUnit::binary(32), 1 << 64);
        counter.advance(at_ms(0), 0);
        let weeks_s = 3 * 7 * 86_400;
        assert_eq!(counter.advance(at_ms(weeks_s * 1_000), (weeks_s * 100) << 32), Step::Known);
        assert_eq!(counter.energy(), Microjoules::from_joules((weeks_s * 100) as i64));
    }

    proptest! {
        /// Whatever the steps and wherever the wraps: the energy is that of the counts, to the microjoule.
        #[test]
        fn no_energy_is_lost_or_made(
            start in any::<u32>(),
            steps in prop::collection::vec((1_u64..1_000, 0.0_f64..1.0), 1..200),
            bits in 10_u8..=16,
        ) {
            let unit = CountUnit::binary(bits);
            let mut counter = Counter::new(unit, REGISTER);
            let (mut now, mut total) = (0, 0_u128);
            counter.advance(at_ms(0), u64::from(start));
            for (millis, share) in steps {
                now += millis;
                let joules = DOMAIN_POWER_MAX.0 * millis as f64 / 1e3 * share;
                total += (joules / unit.as_joules()) as u128;
                let raw = (u128::from(start) + total) % REGISTER;
                prop_assert_eq!(counter.advance(at_ms(now), raw as u64), Step::Known);
                prop_assert_eq!(Some(counter.energy()), unit.energy(total));
            }
        }
    }
}
