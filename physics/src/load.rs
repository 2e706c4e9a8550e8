//! Where the model's CPU time comes from.
//!
//! Two sources: the node itself, which knows what it ran ([`LoadMeter`]), and the kernel, which knows what the whole
//! machine ran ([`ProcStat`]).

use maxwell_core::units::Nanoseconds;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// CPU time used since a fixed origin, by who used it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// By cells.
    pub cells: Nanoseconds,
    /// By Maxwell itself.
    pub own: Nanoseconds,
    /// By everything else.
    pub other: Nanoseconds,
}

impl Load {
    /// All CPU time, whoever used it: the heat is the same.
    pub fn total(&self) -> Nanoseconds {
        self.cells + self.own + self.other
    }
}

/// Says how much CPU time was used.
pub trait LoadSource: Send + Sync {
    /// CPU time used up to now.
    ///
    /// # Errors
    /// See [`LoadError`]; all of them are passing, the next call may succeed.
    fn busy(&self) -> Result<Load, LoadError>;
}

/// Why the CPU time could not be had.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}; check that the kernel's /proc is mounted there", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file says something else than it should.
    #[error("{}, line {line}: expected {expected}, found {found:?}; check that this is the kernel's own file", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What should stand there.
        expected: String,
        /// What stands there.
        found: String,
    },
}

/// CPU time that the node counts itself, after each quantum. Lock-free; adding and reading allocate nothing.
#[derive(Debug, Default)]
pub struct LoadMeter {
    cells: AtomicU64,
    own: AtomicU64,
    other: AtomicU64,
}

impl LoadMeter {
    /// A meter at zero.
    pub const fn new() -> Self {
        Self { cells: AtomicU64::new(0), own: AtomicU64::new(0), other: AtomicU64::new(0) }
    }

    /// Adds CPU time used by cells, by Maxwell itself and by everything else. The sums stay below 2^64 ns, which is
    /// more than six months on each of a thousand CPUs.
    pub fn record(&self, cells: Nanoseconds, own: Nanoseconds, other: Nanoseconds) {
        // Each sum is monotonic by itself, and nothing else is published with it: no stronger order is needed.
        self.cells.fetch_add(cells.0, Ordering::Relaxed);
        self.own.fetch_add(own.0, Ordering::Relaxed);
        self.other.fetch_add(other.0, Ordering::Relaxed);
    }

    /// What was recorded so far. No sum is ever lower than in an earlier reading by the same thread.
    pub fn load(&self) -> Load {
        Load {
            cells: Nanoseconds(self.cells.load(Ordering::Relaxed)),
            own: Nanoseconds(self.own.load(Ordering::Relaxed)),
            other: Nanoseconds(self.other.load(Ordering::Relaxed)),
        }
    }
}

impl LoadSource for LoadMeter {
    fn busy(&self) -> Result<Load, LoadError> {
        Ok(self.load())
    }
}

/// One tick of `/proc/stat` (`USER_HZ`): 1/100 s on every architecture that Linux runs on today but Alpha and Itanium,
/// whatever the kernel's own timer rate (`include/uapi/asm-generic/param.h`).
const USER_TICK: Nanoseconds = Nanoseconds::from_millis(10);

/// Bytes read of `/proc/stat`: its first line has ten numbers of at most twenty digits.
const FIRST_LINE_MAX: u64 = 512;

/// The columns of the line `cpu` in `/proc/stat`, and whether the CPU was working then. Time in guests is contained in
/// `user`; time stolen by the host was spent on somebody else's work.
const COLUMNS: [(&str, bool); 7] = [
    ("user", true),
    ("nice", true),
    ("system", true),
    ("idle", false),
    ("iowait", false),
    ("irq", true),
    ("softirq", true),
];

/// CPU time of the whole machine as the kernel counts it, in steps of 10 ms a CPU. All of it counts as
/// [`Load::other`]: the kernel does not know the cells.
#[derive(Clone, Debug)]
pub struct ProcStat {
    path: PathBuf,
}

impl ProcStat {
    /// Reads `<root>/proc/stat`; the root is `/` but in tests. Nothing is opened before the first reading.
    pub fn new(root: &Path) -> Self {
        Self { path: root.join("proc/stat") }
    }

    fn first_line(&self) -> Result<String, LoadError> {
        let unreadable = |source| LoadError::Unreadable { path: self.path.clone(), source };
        let mut bytes = Vec::with_capacity(FIRST_LINE_MAX as usize);
        File::open(&self.path)
            .and_then(|file| file.take(FIRST_LINE_MAX).read_to_end(&mut bytes))
            .map_err(unreadable)?;
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        Ok(String::from_utf8_lossy(line).into_owned())
    }

    fn parse(&self, line: &str) -> Result<Nanoseconds, LoadError> {
        let malformed = |(expected, found): (String, String)| LoadError::Malformed {
            path: self.path.clone(),
            line: 1,
            expected,
            found,
        };
        let ticks = line.strip_prefix("cpu").filter(|rest| rest.is_empty() || rest.starts_with(' '));
        let Some(ticks) = ticks else {
            return Err(malformed(("the line \"cpu\" of all CPUs".to_owned(), line.to_owned())));
        };
        busy_time(ticks).map_err(malformed)
    }
}

/// Busy time from the ticks of a line of `/proc/stat`, its name taken off; else what was expected and what was found.
pub(crate) fn busy_time(line: &str) -> Result<Nanoseconds, (String, String)> {
    let mut words = line.split_ascii_whitespace();
    let mut busy = Nanoseconds::ZERO;
    for (column, works) in COLUMNS {
        let word = words.next().unwrap_or("");
        let ticks = word.parse::<u64>().ok().and_then(|ticks| ticks.checked_mul(USER_TICK.0));
        let time = ticks.ok_or_else(|| (format!("ticks of {column}"), word.to_owned()))?;
        let sum = busy.0.checked_add(if works { time } else { 0 });
        busy = Nanoseconds(sum.ok_or_else(|| ("a sum of ticks in 64 bits".to_owned(), line.to_owned()))?);
    }
    Ok(busy)
}

impl LoadSource for ProcStat {
    fn busy(&self) -> Result<Load, LoadError> {
        let other = self.parse(&self.first_line()?)?;
        Ok(Load { other, ..Load::default() })
    }
}
