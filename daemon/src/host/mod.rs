//! CPU time of the machine that no cell used.

mod machine;

pub use machine::{MachineMeter, MachineMeterError};

use maxwell_core::units::{Moment, Nanoseconds};
use rustix::time::{ClockId, clock_gettime};

/// Says what else than cells used the CPUs since the node began.
pub trait HostMeter: Send {
    /// CPU time of Maxwell itself, given what its cells have used.
    fn own(&mut self, cells: Nanoseconds) -> Nanoseconds;

    /// CPU time of everything else on the machine. Asked after [`HostMeter::own`].
    fn other(&mut self, now: Moment) -> Nanoseconds;

    /// Time for which the machine's CPUs were not idle, by a meter of its own; asked after [`HostMeter::other`]. `None`
    /// where the machine is modelled: then it was busy for as long as the model's own load meter saw.
    fn busy(&mut self) -> Option<BusyTime> {
        None
    }
}

/// Time for which CPUs were not idle since the meter began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BusyTime {
    /// As far as it was counted.
    pub time: Nanoseconds,
    /// How often the count was interrupted. See [`maxwell_core::energy::CpuTime::epoch`].
    pub epoch: u32,
}

/// Where the cells of a node run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellsRun {
    /// On threads of the node's own process.
    Inside,
    /// In processes of their own.
    Outside,
}

/// A real node on a modelled machine: Maxwell's own time is measured; the modelled machine has no other load, whatever
/// the real one does beside.
#[derive(Debug)]
pub struct ProcessMeter {
    at_start: Nanoseconds,
    cells_run: CellsRun,
}

impl ProcessMeter {
    /// A meter at zero.
    pub fn start(cells_run: CellsRun) -> Self {
        Self { at_start: process_cpu(), cells_run }
    }
}

impl HostMeter for ProcessMeter {
    fn own(&mut self, cells: Nanoseconds) -> Nanoseconds {
        let process = process_cpu().saturating_sub(self.at_start);
        match self.cells_run {
            CellsRun::Inside => process.saturating_sub(cells),
            CellsRun::Outside => process,
        }
    }

    fn other(&mut self, _now: Moment) -> Nanoseconds {
        Nanoseconds::ZERO
    }
}

fn process_cpu() -> Nanoseconds {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Nanoseconds(time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64)
}

/// A node on a virtual clock: Maxwell's own time is not measured and counts as none; other programs use a constant
/// part of the machine.
#[derive(Clone, Copy, Debug)]
pub struct ScriptedMeter {
    /// Slots that other programs keep busy.
    pub other_slots: f64,
}

impl HostMeter for ScriptedMeter {
    fn own(&mut self, _cells: Nanoseconds) -> Nanoseconds {
        Nanoseconds::ZERO
    }

    fn other(&mut self, now: Moment) -> Nanoseconds {
        Nanoseconds((now.0 as f64 * self.other_slots) as u64)
    }
}
