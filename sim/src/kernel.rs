//! The kernel of the simulated machine: counts what its CPUs did, and shows it as a kernel does.
//!
//! It learns what cells used from the cells and not from the node, which keeps a sum of its own: a usage that the node
//! loses or counts twice is one that the kernel has counted once.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use maxwell_core::units::{Moment, Nanoseconds};
use maxwell_daemon::host::{BusyTime, HostMeter};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Busy time that lags is shown in whole ticks of so much.
const GRAIN: Nanoseconds = Nanoseconds::from_millis(10);

/// The longest lag. It and the tick that ends in it are two billing windows.
const LAG_MAX: Nanoseconds = Nanoseconds::from_millis(190);

/// How its load is made up beside cells, and how it shows busy time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KernelPlan {
    /// Slots that Maxwell itself keeps busy.
    pub own_slots: f64,
    /// Slots that other programs keep busy.
    pub other_slots: f64,
    /// From which the lag of busy time is drawn, which changes now and then; `None` for a count that is exact.
    pub lag_seed: Option<u64>,
}

/// The kernel; clones are the same.
#[derive(Clone, Debug)]
pub struct Kernel(Arc<Mutex<Counts>>);

#[derive(Debug)]
struct Counts {
    plan: KernelPlan,
    lag: Option<Lag>,
    now: Moment,
    cells: Nanoseconds,
    own: Nanoseconds,
    other: Nanoseconds,
}

#[derive(Debug)]
struct Lag {
    random: ChaCha8Rng,
    by: Nanoseconds,
    /// When it changes.
    until: Moment,
    /// Busy time as it was, back to what is shown.
    history: VecDeque<(Moment, Nanoseconds)>,
}

impl Kernel {
    /// A kernel that has counted nothing.
    pub fn new(plan: KernelPlan) -> Self {
        let lag = plan.lag_seed.map(|seed| Lag {
            random: ChaCha8Rng::seed_from_u64(seed),
            by: Nanoseconds::ZERO,
            until: Moment(0),
            history: VecDeque::from([(Moment(0), Nanoseconds::ZERO)]),
        });
        let (cells, own, other) = (Nanoseconds::ZERO, Nanoseconds::ZERO, Nanoseconds::ZERO);
        Self(Arc::new(Mutex::new(Counts { plan, lag, now: Moment(0), cells, own, other })))
    }

    /// A cell used so much.
    pub fn ran(&self, used: Nanoseconds) {
        self.counts().cells += used;
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().expect("the kernel never panics")
    }
}

impl HostMeter for Kernel {
    /// As of the tick before: it is read while the present one goes on.
    fn own(&mut self, _cells: Nanoseconds) -> Nanoseconds {
        let mut counts = self.counts();
        counts.own = Nanoseconds((counts.now.0 as f64 * counts.plan.own_slots) as u64);
        counts.own
    }

    fn other(&mut self, now: Moment) -> Nanoseconds {
        let mut counts = self.counts();
        counts.now = now;
        counts.other = Nanoseconds((now.0 as f64 * counts.plan.other_slots) as u64);
        counts.other
    }

    fn busy(&mut self) -> Option<BusyTime> {
        let counts = &mut *self.counts();
        let busy = counts.cells + counts.own + counts.other;
        let time = counts.lag.as_mut().map_or(busy, |lag| lag.show(counts.now, busy));
        Some(BusyTime { time, epoch: 0 })
    }
}

impl Lag {
    /// What is shown at `now`, when the truth is `busy`.
    fn show(&mut self, now: Moment, busy: Nanoseconds) -> Nanoseconds {
        if now >= self.until {
            self.by = Nanoseconds(self.random.random_range(0..=LAG_MAX.0));
            self.until = now + Nanoseconds(self.random.random_range(100_000_000..3_000_000_000));
        }
        self.history.push_back((now, busy));
        let is_past = |at: Moment, lag: Nanoseconds| at + lag <= now;
        while self.history.get(1).is_some_and(|(at, _)| is_past(*at, LAG_MAX)) {
            self.history.pop_front();
        }
        let shown = self.history.iter().rev().find(|(at, _)| is_past(*at, self.by));
        let Nanoseconds(shown) = shown.map_or(self.history[0].1, |(_, busy)| *busy);
        Nanoseconds(shown / GRAIN.0 * GRAIN.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Busy time in a run in which one CPU is busy all the time: as it was, and as it was shown.
    fn run(lag_seed: Option<u64>) -> Vec<(u64, u64)> {
        let mut kernel = Kernel::new(KernelPlan { own_slots: 0.25, other_slots: 0.5, lag_seed });
        let mut tick = |tick: u64| {
            kernel.ran(Nanoseconds(2_500_000));
            let own = kernel.own(Nanoseconds::ZERO);
            let other = kernel.other(Moment(tick * 10_000_000));
            (2_500_000 * tick + own.0 + other.0, kernel.busy().unwrap().time.0)
        };
        (1..2_000).map(&mut tick).collect()
    }

    #[test]
    fn a_count_without_lag_is_exact() {
        assert!(run(None).iter().all(|(busy, shown)| busy == shown));
    }

    #[test]
    fn a_count_with_lag_is_at_most_two_windows_late_and_in_whole_ticks() {
        let shown = run(Some(7));
        assert!(shown.iter().all(|(busy, shown)| shown <= busy && shown % GRAIN.0 == 0));
        let late: Vec<u64> = shown.iter().map(|(busy, shown)| busy - shown).collect();
        let (least, most) = (late.iter().min().unwrap(), late.iter().max().unwrap());
        assert!(*most <= 2 * 100_000_000 + GRAIN.0 && *most - *least > 100_000_000, "{least} to {most}");
        assert_eq!(run(Some(7)), shown, "the same every time");
    }
}
