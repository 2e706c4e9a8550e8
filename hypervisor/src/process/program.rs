//! What a process cell runs.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

/// A command.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// The program; looked for in `PATH` if it is a bare name.
    pub path: PathBuf,
    /// Its first arguments, before those of the cell's configuration.
    pub args: Vec<OsString>,
    /// How the kernel's own scheduler is to treat it.
    pub cpu: CpuPolicy,
    /// The most processes and threads that it may have, where a pids controller counts them.
    pub processes_max: ProcessesMax,
}

/// The most processes and threads of a cell. A fork beyond fails, and so does a fork bomb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessesMax(pub u32);

impl Default for ProcessesMax {
    /// Room for a build or a browser, and little enough that fifty bombs together do not fill a kernel's 32,768 numbers.
    fn default() -> Self {
        Self(512)
    }
}

/// How the kernel's scheduler treats a cell. The default changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CpuPolicy {
    /// Niceness, -20 to 19.
    pub nice: i32,
    /// CPU weight on the scale of cgroup v2: 1 to 10,000, 100 is usual.
    pub weight: Option<u32>,
    /// The most CPUs' worth of time that it may use.
    pub max: Option<f64>,
}

/// Why a cell was not started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The command cannot be run.
    #[error("{program} cannot be run: {words}")]
    Command {
        /// The command.
        program: String,
        /// Why, and what to do.
        words: String,
    },
    /// The policy cannot be had.
    #[error("its CPU policy cannot be set: {0}")]
    Policy(String),
    /// The groups of the cell cannot be made.
    #[error(
        "the cell's control groups cannot be used: {0}; see whether someone else has changed or removed them"
    )]
    Groups(io::Error),
    /// There is no keeper.
    #[error("the cell's keeper cannot be started: {0}; see the limits on processes and open files")]
    Keeper(io::Error),
}
