//! The node's clock: real, or virtual for simulation and fast runs.

use std::time::{Duration, Instant};

use maxwell_core::units::{Moment, Nanoseconds};

/// Where the node's time comes from, and how it passes.
pub trait Clock: Send {
    /// Time since the clock began.
    fn now(&self) -> Moment;

    /// Returns when the moment has come; at once if it has passed.
    fn wait_until(&mut self, moment: Moment);
}

/// The machine's monotonic clock.
#[derive(Debug)]
pub struct SystemClock {
    epoch: Instant,
}

impl SystemClock {
    /// A clock that begins now.
    pub fn start() -> Self {
        Self { epoch: Instant::now() }
    }

    /// When this clock began, for threads that stamp readings themselves.
    pub const fn epoch(&self) -> Instant {
        self.epoch
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        Moment(self.epoch.elapsed().as_nanos() as u64)
    }

    fn wait_until(&mut self, moment: Moment) {
        loop {
            let left = moment.since(self.now());
            if left == Nanoseconds::ZERO {
                return;
            }
            std::thread::sleep(Duration::from_nanos(left.0));
        }
    }
}

/// A clock that jumps: waiting takes no time.
#[derive(Debug, Default)]
pub struct VirtualClock {
    now: Moment,
}

impl Clock for VirtualClock {
    fn now(&self) -> Moment {
        self.now
    }

    fn wait_until(&mut self, moment: Moment) {
        self.now = self.now.max(moment);
    }
}
