//! What the machine draws with nothing running: learned while it rests, kept while it works.

use crate::units::{Microjoules, Nanoseconds, Watts};

/// What the profile's figure weighs at the start, as if it had been measured for so long. One window: the profile serves
/// until the machine has been seen at rest, and no longer.
const PROFILE_WEIGHS_S: f64 = 0.1;

/// Time at rest over which mean and spread are taken. Half a minute follows the warmth of a room and not one window.
const MEMORY_S: f64 = 30.0;

/// Time at work whose mean power is compared with the baseline. A single window may be low by noise, and the least of
/// many always is; of a hundred the noise is a tenth.
const COMPARED_OVER: Nanoseconds = Nanoseconds::from_millis(10_000);

const NO_WORK: (Microjoules, Nanoseconds) = (Microjoules::ZERO, Nanoseconds::ZERO);

/// Idle power with its error bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IdleBaseline {
    mean: f64,
    variance: f64,
    weight_s: f64,
    /// Energy and time at work that are not compared yet.
    work: (Microjoules, Nanoseconds),
}

impl IdleBaseline {
    /// Begins from what is known of the machine; `error` is half the width of the error bar.
    pub(super) const fn new(value: Watts, error: Watts) -> Self {
        Self { mean: value.0, variance: error.0 * error.0, weight_s: PROFILE_WEIGHS_S, work: NO_WORK }
    }

    /// The best estimate.
    pub const fn value(&self) -> Watts {
        Watts(self.mean)
    }

    /// Half the width of the error bar: the standard deviation of the windows at rest, with the error of each.
    pub fn error(&self) -> Watts {
        Watts(self.variance.sqrt())
    }

    /// A window at rest used this much, give or take `error`.
    pub(super) fn learn(&mut self, used: Microjoules, error: Microjoules, span: Nanoseconds) {
        let seconds = span.as_seconds().min(MEMORY_S);
        let gain = seconds / (self.weight_s + seconds);
        let error = error.as_joules() / span.as_seconds();
        let off = used.as_joules() / span.as_seconds() - self.mean;
        self.mean += gain * off;
        // West's update of the variance for a weighted mean, and what each window is unsure of by itself.
        self.variance = (1.0 - gain) * (self.variance + gain * off * off) + gain * error * error;
        self.weight_s = (self.weight_s + seconds).min(MEMORY_S);
    }

    /// A window at work used this much. A machine at work draws at least what it draws at rest, so a baseline above the
    /// mean of its work is wrong, and comes down to it.
    pub(super) fn compare(&mut self, used: Microjoules, span: Nanoseconds) {
        self.work.0 += used;
        self.work.1 += span;
        if self.work.1 >= COMPARED_OVER {
            self.mean = self.mean.min(self.work.0.as_joules() / self.work.1.as_seconds());
            self.work = NO_WORK;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Nanoseconds = Nanoseconds::from_millis(100);

    #[test]
    fn a_wrong_profile_is_forgotten_within_a_minute_of_rest() {
        let mut idle = IdleBaseline::new(Watts(60.0), Watts(20.0));
        for window in 0..600 {
            let noise = if window % 2 == 0 { 0.5 } else { -0.5 };
            idle.learn(Watts(40.0 + noise).over(WINDOW), Microjoules::ZERO, WINDOW);
        }
        assert!((idle.value().0 - 40.0).abs() <= idle.error().0, "{idle:?}");
        assert!(idle.error().0 < 3.0, "{idle:?}");
    }

    #[test]
    fn idle_is_lowered_by_ten_seconds_of_work_and_never_raised() {
        let mut idle = IdleBaseline::new(Watts(10.0), Watts(0.0));
        let mut work = |watts: f64, windows| {
            (0..windows).for_each(|_| idle.compare(Watts(watts).over(WINDOW), WINDOW));
            idle.value().0
        };
        assert!((work(30.0, 200) - 10.0).abs() < 1e-9);
        assert!((work(8.0, 99) - 10.0).abs() < 1e-9, "not yet");
        assert!((work(8.0, 1) - 8.0).abs() < 1e-9);
    }
}
