//! CPU time of the real machine beside the run.

use std::path::{Path, PathBuf};

use maxwell_core::units::Nanoseconds;
use maxwell_physics::load::{LoadSource, ProcStat};
use rustix::time::{ClockId, clock_gettime};

/// Place of `steal` in the line `cpu` of `/proc/stat`, the name counted.
const STEAL: usize = 8;
/// One tick of `/proc/stat`.
const USER_TICK: Nanoseconds = Nanoseconds::from_millis(10);

/// CPU times since some origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Times {
    busy: Nanoseconds,
    stolen: Nanoseconds,
    own: Nanoseconds,
}

/// Counts from its start. A file that cannot be read counts nothing.
#[derive(Debug)]
pub(super) struct MachineTime {
    stat: ProcStat,
    path: PathBuf,
    at_start: Times,
}

impl MachineTime {
    pub(super) fn start(root: &Path) -> Self {
        let mut time =
            Self { stat: ProcStat::new(root), path: root.join("proc/stat"), at_start: Times::default() };
        time.at_start = time.now();
        time
    }

    /// Seconds of the whole machine, stolen from it, and of this process, since the start.
    pub(super) fn seconds(&self) -> (f64, f64, f64) {
        let now = self.now();
        let since = |now: Nanoseconds, then: Nanoseconds| now.saturating_sub(then).as_seconds();
        (
            since(now.busy, self.at_start.busy),
            since(now.stolen, self.at_start.stolen),
            since(now.own, self.at_start.own),
        )
    }

    fn now(&self) -> Times {
        let own = clock_gettime(ClockId::ProcessCPUTime);
        Times {
            busy: self.stat.busy().map(|load| load.other).unwrap_or_default(),
            stolen: stolen(&std::fs::read_to_string(&self.path).unwrap_or_default()),
            own: Nanoseconds(own.tv_sec as u64 * 1_000_000_000 + own.tv_nsec as u64),
        }
    }
}

fn stolen(stat: &str) -> Nanoseconds {
    let word = stat.lines().next().and_then(|line| line.split_ascii_whitespace().nth(STEAL));
    let ticks = word.and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
    Nanoseconds(ticks.saturating_mul(USER_TICK.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stolen_time_is_the_eighth_column() {
        assert_eq!(
            stolen("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 1 1 1 1 1 1 99\n"),
            Nanoseconds::from_millis(80)
        );
        assert_eq!(stolen("cpu  1 2 3"), Nanoseconds::ZERO);
        assert_eq!(stolen(""), Nanoseconds::ZERO);
    }

    #[test]
    fn times_count_from_the_start() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("proc")).unwrap();
        let write = |line: &str| std::fs::write(root.path().join("proc/stat"), line).unwrap();
        write("cpu  100 0 0 50 0 0 0 10 0 0\n");
        let time = MachineTime::start(root.path());
        write("cpu  250 0 50 60 0 0 0 30 0 0\n");
        let (busy, stolen, own) = time.seconds();
        assert_eq!((busy, stolen), (2.0, 0.2));
        assert!((0.0..10.0).contains(&own));
    }
}
