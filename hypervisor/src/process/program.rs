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
