//! The CPU time of a cell, as the kernel counts it.
//!
//! For a thread that is not taken off its CPU the counters move only at the kernel's timer tick (every 4 ms at 250 Hz),
//! so what they grow by in a quantum of 10 ms is now 8 ms and now 12. [`Account`] evens that out.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use maxwell_core::units::Nanoseconds;
use rustix::process::Pid;

use super::cgroup::Groups;

/// How CPU time is metered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MeterKind {
    /// `cpuacct.usage` of cgroup v1: nanoseconds, and a read takes 3 µs.
    CpuAcct,
    /// `cpu.stat` of cgroup v2: microseconds, and a read takes 13 µs.
    CpuStat,
    /// The CPU clock of the first process, and what the keeper says of the others ten times a second.
    ProcessClock,
}

impl MeterKind {
    /// Its name in reports.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::CpuAcct => "cpuacct",
            Self::CpuStat => "cpu.stat",
            Self::ProcessClock => "process clock",
        }
    }
}

/// The meter of one cell.
#[derive(Debug)]
pub(super) struct Meter {
    source: Source,
    /// What was read last: a counter that is gone keeps what it said.
    last: Nanoseconds,
}

#[derive(Debug)]
enum Source {
    CpuAcct(File),
    CpuStat(File),
    ProcessClock {
        first: Pid,
        /// CPU time of the others, as the keeper says.
        others: Nanoseconds,
    },
}

impl Meter {
    /// Opens the meter of a cell.
    pub(super) fn open(kind: MeterKind, groups: &Groups, first: Pid) -> std::io::Result<Self> {
        let file = |path: &Option<std::path::PathBuf>| File::open(path.as_deref().unwrap_or(Path::new("")));
        let source = match kind {
            MeterKind::CpuAcct => Source::CpuAcct(file(&groups.meter)?),
            MeterKind::CpuStat => Source::CpuStat(file(&groups.meter)?),
            MeterKind::ProcessClock => Source::ProcessClock { first, others: Nanoseconds::ZERO },
        };
        Ok(Self { source, last: Nanoseconds::ZERO })
    }

    /// CPU time of the cell since its start. Neither allocates nor opens a file.
    pub(super) fn read(&mut self) -> Nanoseconds {
        let now = match &self.source {
            Source::CpuAcct(file) => read_number(file, ""),
            Source::CpuStat(file) => read_number(file, "usage_usec ").map(|micros| micros * 1_000),
            Source::ProcessClock { first, others } => process_clock(*first).map(|own| own + others.0),
        };
        self.last = self.last.max(now.map_or(Nanoseconds::ZERO, Nanoseconds));
        self.last
    }

    /// The keeper says how much CPU time others than the first process have used.
    pub(super) fn others_used(&mut self, cpu: Nanoseconds) {
        if let Source::ProcessClock { others, .. } = &mut self.source {
            *others = cpu;
        }
    }

    /// The keeper says how much CPU time all of them have used, now that the first process is gone and its clock with
    /// it. A group's own counter, which stays, knows better.
    pub(super) fn ended_at(&mut self, cpu: Nanoseconds) {
        if let Source::ProcessClock { .. } = self.source {
            self.last = self.last.max(cpu);
        }
    }
}

/// What was granted and used, told in such a way that no more is told than was granted: what the meter shows beyond it
/// is told with the next grants.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// Granted since last told.
    granted: Nanoseconds,
    /// CPU time told so far, on the meter.
    told: Nanoseconds,
}

impl Account {
    /// A quantum is granted.
    pub(super) fn grant(&mut self, offered: Nanoseconds) {
        self.granted += offered;
    }

    /// What was granted since last asked, and what was used of it, now that the meter shows `total`.
    pub(super) fn tell(&mut self, total: Nanoseconds) -> (Nanoseconds, Nanoseconds) {
        let granted = std::mem::take(&mut self.granted);
        let used = total.saturating_sub(self.told).min(granted);
        self.told += used;
        (granted, used)
    }
}

/// CPU time of all threads of a process, dead ones included; `None` when it is gone.
pub(super) fn process_clock(pid: Pid) -> Option<u64> {
    /// The scheduler's count, in nanoseconds.
    const CPUCLOCK_SCHED: i32 = 2;
    // As clock_getcpuclockid(3) makes it.
    let clock = !pid.as_raw_pid() << 3 | CPUCLOCK_SCHED;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for the one structure that the call writes.
    let got = unsafe { libc::clock_gettime(clock, &raw mut time) };
    (got == 0).then(|| time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64)
}

/// The number after `key` at the beginning of a file.
fn read_number(file: &File, key: &str) -> Option<u64> {
    let mut text = [0; 64];
    let read = file.read_at(&mut text, 0).ok()?;
    let digits = text[..read].strip_prefix(key.as_bytes())?;
    let end = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    std::str::from_utf8(&digits[..end]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn no_more_is_told_than_was_granted_and_nothing_is_lost() {
        let mut account = Account::default();
        let millis = Nanoseconds::from_millis;
        let mut tell = |granted, total| {
            account.grant(millis(granted));
            account.tell(millis(total))
        };
        assert_eq!(tell(10, 8), (millis(10), millis(8)));
        assert_eq!(tell(10, 20), (millis(10), millis(10)), "2 ms are told later");
        assert_eq!(tell(10, 20), (millis(10), millis(2)));
        assert_eq!(tell(0, 25), (millis(0), millis(0)));
        assert_eq!(tell(10, 25), (millis(10), millis(5)));
        assert_eq!(tell(10, 24), (millis(10), millis(0)), "a counter that falls is not believed");
    }

    #[test]
    fn numbers_are_read_where_they_are() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"usage_usec 1234\nuser_usec 1000\n").unwrap();
        assert_eq!(read_number(&file, "usage_usec "), Some(1_234));
        assert_eq!(read_number(&file, ""), None);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"98765432101\n").unwrap();
        assert_eq!(read_number(&file, ""), Some(98_765_432_101));
    }

    #[test]
    fn the_clock_of_a_process_runs_and_one_that_is_gone_has_none() {
        let own = rustix::process::getpid();
        let before = process_clock(own).unwrap();
        while process_clock(own).unwrap() == before {}
        assert_eq!(process_clock(Pid::from_raw(4_194_304).unwrap()), None, "beyond the last number");
    }
}
