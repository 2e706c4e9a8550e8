//! How long something takes, with hot and with cold caches.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Bytes that are streamed to empty the caches: more than the last level of any machine that this is likely to run on.
const EVICTED: usize = 256 << 20;

/// The best of some runs, and the one in the middle, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Took {
    pub(crate) best: f64,
    pub(crate) median: f64,
}

impl Took {
    pub(crate) fn of(mut runs: Vec<Duration>) -> Self {
        runs.sort_unstable();
        let ns = |run: Duration| run.as_secs_f64() * 1e9;
        Self { best: ns(runs[0]), median: ns(runs[runs.len() / 2]) }
    }

    /// Of one among so many.
    pub(crate) fn each(self, count: usize) -> Self {
        Self { best: self.best / count as f64, median: self.median / count as f64 }
    }
}

/// Runs it so often, without a pause.
pub(crate) fn hot<T>(runs: usize, mut work: impl FnMut() -> T) -> Took {
    black_box(work());
    Took::of((0..runs).map(|_| time(&mut work)).collect())
}

/// Rounds in which works that are compared take turns.
const ROUNDS: usize = 10;

/// Runs each so often, without a pause, in rounds in which they take turns: whatever else the machine does meets all of them.
pub(crate) fn in_turns<'a>(runs: usize, works: impl IntoIterator<Item = Box<dyn FnMut() + 'a>>) -> Vec<Took> {
    let mut works: Vec<_> = works.into_iter().map(|work| (work, Vec::with_capacity(ROUNDS * runs))).collect();
    for _ in 0..ROUNDS {
        for (work, took) in &mut works {
            work();
            took.extend((0..runs).map(|_| time(work)));
        }
    }
    works.into_iter().map(|(_, took)| Took::of(took)).collect()
}

/// Empties every cache before each run.
pub(crate) struct Evictor(Vec<u64>);

impl Evictor {
    pub(crate) fn new() -> Self {
        Self(vec![1; EVICTED / 8])
    }

    /// Runs it so often, each time from memory.
    pub(crate) fn cold<T>(&mut self, runs: usize, mut work: impl FnMut() -> T) -> Took {
        let timed = (0..runs).map(|_| {
            self.evict();
            time(&mut work)
        });
        Took::of(timed.collect())
    }

    /// Empties every cache.
    pub(crate) fn evict(&mut self) {
        self.0.iter_mut().for_each(|word| *word = word.wrapping_mul(3));
        black_box(&self.0);
    }
}

pub(crate) fn time<T>(work: &mut impl FnMut() -> T) -> Duration {
    let begun = Instant::now();
    black_box(work());
    begun.elapsed()
}

/// A time in the unit that suits it.
pub(crate) fn show(ns: f64) -> String {
    match ns {
        ..1e3 => format!("{ns:.0} ns"),
        ..1e6 => format!("{:.1} µs", ns / 1e3),
        ..1e9 => format!("{:.1} ms", ns / 1e6),
        _ => format!("{:.1} s", ns / 1e9),
    }
}
