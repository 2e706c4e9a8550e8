//! What a process cell runs.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use maxwell_core::units::Bytes;

/// A command.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// The program; looked for in `PATH` if it is a bare name.
    pub path: PathBuf,
    /// Its first arguments, before those of the cell's configuration.
    pub args: Vec<OsString>,
    /// How the kernel's own scheduler is to treat it.
    pub cpu: CpuPolicy,
    /// Bounds that must be held.
    pub limits: ProcessLimits,
}

/// What a process cell may hold at most. One that is named is held, or the cell is not started; one that is not is the default, held
/// where the machine has a controller for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProcessLimits {
    /// Memory of all its processes; by default that of the cell's configuration.
    pub memory: Option<Bytes>,
    /// Processes and threads, by default [`CELL_PROCESSES`](maxwell_core::limits::CELL_PROCESSES). A fork beyond fails, and so does a
    /// fork bomb.
    pub processes: Option<u32>,
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
    /// A limit that was named cannot be held here.
    #[error(
        "the cell's limit on {what} cannot be held: {why}; leave it out to run without, or mount the controller"
    )]
    Limit {
        /// On what.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// The groups of the cell cannot be made.
    #[error(
        "the cell's control groups cannot be used: {0}; see whether someone else has changed or removed them"
    )]
    Groups(io::Error),
    /// There is no keeper.
    #[error("the cell's keeper cannot be started: {0}; see the limits on processes and open files")]
    Keeper(io::Error),
}
