//! The node's clock: real, or virtual for simulation and fast runs.

use std::time::{Duration, Instant};

use maxwell_core::units::{Moment, Nanoseconds};

/// Where the node's time comes from, and how it passes.
pub trait Clock: Send {
    /// Time since the clock began.
    fn now(&self) -> Moment;

    /// Returns when the moment has come; at once if it has passed.
    fn wait_until(&mut self, moment: Moment);

    /// CPU time that Maxwell itself, cells apart, has used since the clock began, given what its cells have used.
    fn own_cpu(&self, cells: Nanoseconds) -> Nanoseconds;
}

/// The machine's monotonic clock.
#[derive(Debug)]
pub struct SystemClock {
    epoch: Instant,
    cpu_at_epoch: Nanoseconds,
}

impl SystemClock {
    /// A clock that begins now.
    pub fn start() -> Self {
        Self { epoch: Instant::now(), cpu_at_epoch: process_cpu() }
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

    fn own_cpu(&self, cells: Nanoseconds) -> Nanoseconds {
        process_cpu().saturating_sub(self.cpu_at_epoch).saturating_sub(cells)
    }
}

fn process_cpu() -> Nanoseconds {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Nanoseconds(time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64)
}

/// A clock that jumps: waiting takes no time. Maxwell's own CPU time is not measured on it and counts as zero.
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

    fn own_cpu(&self, _cells: Nanoseconds) -> Nanoseconds {
        Nanoseconds::ZERO
    }
}
