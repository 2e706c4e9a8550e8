//! Stopping a cell and letting it go on: one system call each.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;

use rustix::process::{Pid, Signal, kill_process_group};

use super::cgroup::GatePlace;

/// The gate of one cell, held open. It keeps no state: the cell and its keeper have one each.
#[derive(Debug)]
pub(super) enum Gate {
    /// A file of a freezer.
    Freezer {
        /// Held open, so that nothing is looked up.
        file: File,
        /// What stops.
        freeze: &'static str,
        /// What continues.
        thaw: &'static str,
    },
    /// A process group.
    Signals(Pid),
}

impl Gate {
    /// Opens the gate of a cell whose first process, the leader of its process group, is `pid`.
    pub(super) fn at(place: &GatePlace, pid: Pid) -> io::Result<Self> {
        let Some((path, freeze, thaw)) = place.file() else { return Ok(Self::Signals(pid)) };
        let file = OpenOptions::new().write(true).open(path)?;
        Ok(Self::Freezer { file, freeze, thaw })
    }

    /// Stops everything in the cell. Returns before all of it has stopped.
    pub(super) fn close(&self) -> io::Result<()> {
        match self {
            Self::Freezer { file, freeze, .. } => file.write_all_at(freeze.as_bytes(), 0),
            Self::Signals(group) => Ok(kill_process_group(*group, Signal::STOP)?),
        }
    }

    /// Lets everything in the cell go on.
    pub(super) fn open(&self) -> io::Result<()> {
        match self {
            Self::Freezer { file, thaw, .. } => file.write_all_at(thaw.as_bytes(), 0),
            Self::Signals(group) => Ok(kill_process_group(*group, Signal::CONT)?),
        }
    }
}
