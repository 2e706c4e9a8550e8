//! How the kernel schedules a program, as the kernel itself counts it.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use maxwell_core::units::Nanoseconds;

/// A program's wait for a CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchedStat {
    /// Time in which its first thread could have run and waited for a CPU, since its start.
    pub wait: Nanoseconds,
    /// How often it was put on a CPU.
    pub timeslices: u64,
}

/// `/proc/PID/schedstat` of a cell's first process, held open. It may be read from any thread, and never reads another
/// process that was given the same number later.
#[derive(Clone, Debug)]
pub struct SchedObserver {
    file: Arc<File>,
}

impl SchedObserver {
    /// The figures now; `None` when the process is gone. Neither allocates nor opens a file.
    pub fn read(&self) -> Option<SchedStat> {
        let mut text = [0; 96];
        let read = self.file.read_at(&mut text, 0).ok()?;
        let mut fields = std::str::from_utf8(&text[..read]).ok()?.split_ascii_whitespace();
        let (_cpu, wait, timeslices) = (fields.next()?, fields.next()?, fields.next()?);
        Some(SchedStat { wait: Nanoseconds(wait.parse().ok()?), timeslices: timeslices.parse().ok()? })
    }

    /// Opens the file of a process; `None` if the kernel does not count or the process is gone.
    pub(super) fn open(pid: i32) -> Option<Self> {
        let observer = Self { file: Arc::new(File::open(format!("/proc/{pid}/schedstat")).ok()?) };
        observer.read().map(|_| observer)
    }
}
