//! Ending everything in the groups of a cell, and the groups with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getpid, kill_process};

use super::write;

/// How long a group that is empty may take to let itself be removed: the kernel does it as soon as the last task of it
/// has been scheduled away for good.
const REMOVAL_PATIENCE: Duration = Duration::from_secs(1);

/// How long everything in the groups of a dead node's cell may take to end.
const KILLING_PATIENCE: Duration = Duration::from_secs(1);

/// Where a cell is stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::process) enum GatePlace {
    /// A group of the v2 hierarchy.
    FreezerV2(PathBuf),
    /// A group of the v1 freezer.
    FreezerV1(PathBuf),
    /// Its process group.
    #[default]
    Signals,
}

impl GatePlace {
    /// Where what is in a group can be stopped, by the files that it has.
    fn of(group: &Path) -> Self {
        let gates = [Self::FreezerV2(group.to_owned()), Self::FreezerV1(group.to_owned())];
        let has_file = |gate: &Self| gate.file().is_some_and(|(file, ..)| file.exists());
        gates.into_iter().find(has_file).unwrap_or_default()
    }

    /// The file to write to, with what stops and what continues.
    pub(in crate::process) fn file(&self) -> Option<(PathBuf, &'static str, &'static str)> {
        match self {
            Self::FreezerV2(group) => Some((group.join("cgroup.freeze"), "1", "0")),
            Self::FreezerV1(group) => Some((group.join("freezer.state"), "FROZEN", "THAWED")),
            Self::Signals => None,
        }
    }

    /// The file that ends everything in the group at once, in kernels that have it (5.14 and later).
    pub(in crate::process) fn kill_file(&self) -> Option<PathBuf> {
        match self {
            Self::FreezerV2(group) => Some(group.join("cgroup.kill")),
            Self::FreezerV1(_) | Self::Signals => None,
        }
    }
}

/// The groups of a cell that is to end.
#[derive(Clone, Debug)]
pub(in crate::process) struct Clearing {
    gate: GatePlace,
    groups: Vec<PathBuf>,
}

impl Clearing {
    /// Of the groups of one cell.
    pub(in crate::process) fn new(gate: GatePlace, groups: Vec<PathBuf>) -> Self {
        Self { gate, groups }
    }

    /// Of every group in a node's folder.
    pub(super) fn below(folder: &Path) -> impl Iterator<Item = Self> {
        groups_below(folder).map(|group| Self::new(GatePlace::of(&group), vec![group]))
    }

    /// Whether everything in the groups is of our PID namespace, so that its numbers are what whoever made the groups
    /// saw.
    pub(super) fn is_of_our_namespace(&self) -> bool {
        fs::read_link("/proc/self/ns/pid")
            .is_ok_and(|ours| self.groups.iter().all(|group| is_of(group, &ours)))
    }

    /// Ends everything in the groups and removes them, as far as it can be done soon.
    pub(super) fn finish(&self) {
        let deadline = Instant::now() + KILLING_PATIENCE;
        while !self.is_empty() && Instant::now() < deadline {
            self.strike(|| {});
            std::thread::sleep(Duration::from_millis(1));
        }
        if self.is_empty() {
            // What is left is tried again by the next host.
            let _ = self.remove();
        }
    }

    /// Kills everything that is in the groups now. What is forked meanwhile is stopped with its parent, and is found
    /// when this is done again. `stopped` does more while the freezer holds everything.
    pub(in crate::process) fn strike(&self, stopped: impl FnOnce()) {
        if let Some(file) = self.gate.kill_file() {
            // An old kernel has no such file; then the rest does it.
            let _ = write(&file, "1");
        }
        let freezer = self.gate.file();
        if let Some((file, freeze, _)) = &freezer {
            let _ = write(file, freeze);
        }
        for group in &self.groups {
            members(group, &mut |pid| _ = kill_process(pid, Signal::KILL));
        }
        stopped();
        if let Some((file, _, thaw)) = &freezer {
            // What is frozen in v1 dies only when it is thawed.
            let _ = write(file, thaw);
        }
    }

    /// Whether nothing is in the groups.
    pub(in crate::process) fn is_empty(&self) -> bool {
        let mut empty = true;
        for group in &self.groups {
            members(group, &mut |_| empty = false);
        }
        empty
    }

    /// Removes the groups. Says which could not be removed, and why.
    pub(in crate::process) fn remove(&self) -> Result<(), String> {
        let deadline = Instant::now() + REMOVAL_PATIENCE;
        let mut left = Vec::new();
        for group in &self.groups {
            while let Err(error) = remove_tree(group) {
                if Instant::now() >= deadline {
                    left.push(format!("{} could not be removed: {error}", group.display()));
                    break;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        if left.is_empty() { Ok(()) } else { Err(left.join("; ")) }
    }
}

/// Every process of a group and of the groups that it has made below; never the caller.
fn members(group: &Path, found: &mut impl FnMut(Pid)) {
    let list = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    // A process that cannot be seen from here is listed as 0, which is no process.
    for pid in list.lines().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)) {
        if pid != getpid() {
            found(pid);
        }
    }
    for below in groups_below(group) {
        members(&below, found);
    }
}

/// Whether every process of a group and of those below is of a PID namespace.
fn is_of(group: &Path, namespace: &Path) -> bool {
    let list = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    // A process of a namespace above ours is listed as 0; one of a namespace below has a number here too.
    let here = |pid: &str| match fs::read_link(format!("/proc/{pid}/ns/pid")) {
        Ok(its) => its == namespace,
        // It has ended meanwhile.
        Err(_) => pid != "0" && !Path::new("/proc").join(pid).exists(),
    };
    list.lines().all(here) && groups_below(group).all(|below| is_of(&below, namespace))
}

fn remove_tree(group: &Path) -> std::io::Result<()> {
    for below in groups_below(group) {
        remove_tree(&below)?;
    }
    match fs::remove_dir(group) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn groups_below(group: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(group).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path())
}
