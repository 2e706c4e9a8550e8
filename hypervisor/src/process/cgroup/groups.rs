//! The groups of one cell: one in each hierarchy that is used.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use maxwell_core::tick::CellId;
use maxwell_core::units::Bytes;

use super::clearing::GatePlace;
use super::survey::{Controller, Folders, Survey, Version, inherit_cpuset};
use super::write;
use crate::process::host::GateKind;
use crate::process::meter::MeterKind;
use crate::process::pin::cpu_list;
use crate::process::program::CpuPolicy;

/// Swap that a cell may use in v1.
const SWAP_V1: u64 = 64 << 10;

/// Period of CPU quotas in µs, the kernel's usual one.
const QUOTA_PERIOD: f64 = 100_000.0;

/// The groups of one cell, made before anything is started in them: what already runs could be put into them as well as
/// a new command.
#[derive(Debug, Default)]
pub(in crate::process) struct Groups {
    /// Where it is stopped.
    pub(in crate::process) gate: GatePlace,
    /// The file that counts its CPU time.
    pub(in crate::process) meter: Option<PathBuf>,
    /// The file with its CPUs.
    pub(in crate::process) cpuset: Option<PathBuf>,
    /// Where its memory is counted and bounded.
    pub(in crate::process) memory: Option<MemoryPlace>,
    /// Each of them once: controllers that are mounted together share one.
    pub(in crate::process) all: Vec<PathBuf>,
}

/// A group that counts memory.
#[derive(Clone, Debug)]
pub(in crate::process) struct MemoryPlace {
    group: PathBuf,
    version: Version,
}

impl MemoryPlace {
    /// This group.
    pub(in crate::process) fn new(group: PathBuf, version: Version) -> Self {
        Self { group, version }
    }

    /// The file with all that the group holds.
    pub(in crate::process) fn used(&self) -> PathBuf {
        self.group.join(match self.version {
            Version::V1 => "memory.usage_in_bytes",
            Version::V2 => "memory.current",
        })
    }

    /// The file that says, behind these words, how much of it is contents of files, and how much of those is memory that
    /// processes share, which no disk has.
    pub(in crate::process) fn files(&self) -> (PathBuf, [&'static str; 2]) {
        let words = match self.version {
            Version::V1 => ["total_cache ", "total_shmem "],
            Version::V2 => ["file ", "shmem "],
        };
        (self.group.join("memory.stat"), words)
    }

    /// The files that say, behind these words, how many of its processes were ended for want of memory, be it the machine's, and how
    /// often the group came to its own bound.
    pub(in crate::process) fn ended(&self) -> [(PathBuf, &'static str); 2] {
        let [kills, refusals] = match self.version {
            Version::V1 => [("memory.oom_control", "oom_kill "), ("memory.failcnt", "")],
            Version::V2 => [("memory.events", "oom_kill "), ("memory.events", "oom ")],
        };
        [kills, refusals].map(|(file, word)| (self.group.join(file), word))
    }
}

/// What a cell is to be held to.
#[derive(Clone, Copy, Debug)]
pub(in crate::process) struct Bounds<'a> {
    /// The CPUs that it begins on.
    pub(in crate::process) cpus: &'a [u32],
    /// How it is scheduled.
    pub(in crate::process) cpu: &'a CpuPolicy,
    /// The most memory.
    pub(in crate::process) memory_max: Bytes,
    /// The most processes and threads.
    pub(in crate::process) processes_max: u32,
}

impl Groups {
    /// Makes the groups of a cell. Those that were made when one fails are removed again.
    pub(in crate::process) fn make(survey: &Survey, cell: CellId, bounds: Bounds<'_>) -> io::Result<Self> {
        let mut groups = Self::default();
        match groups.fill(survey, cell, bounds) {
            Ok(()) => Ok(groups),
            Err(error) => {
                groups.all.iter().for_each(|group| _ = fs::remove_dir(group));
                Err(error)
            }
        }
    }

    fn fill(&mut self, survey: &Survey, cell: CellId, bounds: Bounds<'_>) -> io::Result<()> {
        let Folders { v2, freezer, cpuacct, cpuset, cpu, memory, pids } = &survey.folders;
        match (survey.gate, v2, freezer) {
            (GateKind::FreezerV2, Some(v2), _) => self.gate = GatePlace::FreezerV2(self.add(v2, cell)?),
            (GateKind::FreezerV1, _, Some(freezer)) => {
                self.gate = GatePlace::FreezerV1(self.add(freezer, cell)?);
            }
            _ => {}
        }
        match (survey.meter, cpuacct, v2) {
            (MeterKind::CpuAcct, Some(folder), _) => {
                self.meter = Some(self.add(folder, cell)?.join("cpuacct.usage"));
            }
            (MeterKind::CpuStat, _, Some(folder)) => {
                self.meter = Some(self.add(folder, cell)?.join("cpu.stat"));
            }
            _ => {}
        }
        if let Some(controller) = cpuset {
            let group = self.add(&controller.folder, cell)?;
            self.cpuset = Some(set_cpus(controller, &group, bounds.cpus)?);
        }
        if let Ok(controller) = memory {
            let group = self.add(&controller.folder, cell)?;
            set_memory(controller.version, &group, bounds.memory_max)?;
            self.memory = Some(MemoryPlace::new(group, controller.version));
        }
        if let Ok(controller) = pids {
            let group = self.add(&controller.folder, cell)?;
            set(&group, "pids.max", &bounds.processes_max.to_string())?;
        }
        let Some(controller) = cpu else { return Ok(()) };
        if bounds.cpu.weight.is_some() || bounds.cpu.max.is_some() {
            self.add(&controller.folder, cell)?;
        }
        let group = name(&controller.folder, cell);
        if self.all.contains(&group) { set_policy(controller.version, &group, bounds.cpu) } else { Ok(()) }
    }

    fn add(&mut self, folder: &Path, cell: CellId) -> io::Result<PathBuf> {
        let group = name(folder, cell);
        if !self.all.contains(&group) {
            fs::create_dir(&group).map_err(|error| named(&error, &group))?;
            self.all.push(group.clone());
        }
        Ok(group)
    }
}

fn name(folder: &Path, cell: CellId) -> PathBuf {
    folder.join(format!("cell-{}", cell.0))
}

/// The file with the CPUs of a cell.
fn set_cpus(controller: &Controller, group: &Path, cpus: &[u32]) -> io::Result<PathBuf> {
    if controller.version == Version::V1 {
        inherit_cpuset(&controller.folder, group)?;
        // Threads are balanced over the parent's CPUs anyway; without this every change of CPUs has the
        // kernel think about its scheduling domains.
        let _ = write(&group.join("cpuset.sched_load_balance"), "0");
    }
    let file = group.join("cpuset.cpus");
    write(&file, &cpu_list(cpus))?;
    Ok(file)
}

fn set_memory(version: Version, group: &Path, max: Bytes) -> io::Result<()> {
    let (file, _) = version.memory_limit();
    set(group, file, &max.0.to_string())?;
    // What is swapped out is held all the same. Kernels that do not count it have no such files. In v1 the bound on both together is
    // a little higher, so that the bound on memory is the one that is reached, and says so.
    let _ = match version {
        Version::V1 => write(&group.join("memory.memsw.limit_in_bytes"), &(max.0 + SWAP_V1).to_string()),
        Version::V2 => write(&group.join("memory.swap.max"), "0"),
    };
    // A program that has lost one of its processes has not got less to do: all of it goes. In v1 the cell itself sees to that.
    let _ = write(&group.join("memory.oom.group"), "1");
    Ok(())
}

fn set_policy(version: Version, group: &Path, cpu: &CpuPolicy) -> io::Result<()> {
    let set = |file: &str, value: String| set(group, file, &value);
    if cpu.nice != 0 {
        // Between groups the niceness of a process counts for nothing.
        match version {
            Version::V1 => set("cpu.shares", shares_of_nice(cpu.nice).to_string())?,
            Version::V2 => set("cpu.weight.nice", cpu.nice.to_string())?,
        }
    }
    if let Some(weight) = cpu.weight {
        match version {
            Version::V1 => set("cpu.shares", (u64::from(weight) * 1_024 / 100).max(2).to_string())?,
            Version::V2 => set("cpu.weight", weight.to_string())?,
        }
    }
    if let Some(max) = cpu.max {
        let quota = (max * QUOTA_PERIOD) as u64;
        match version {
            Version::V1 => {
                set("cpu.cfs_period_us", format!("{QUOTA_PERIOD}"))?;
                set("cpu.cfs_quota_us", quota.to_string())?;
            }
            Version::V2 => set("cpu.max", format!("{quota} {QUOTA_PERIOD}"))?,
        }
    }
    Ok(())
}

fn set(group: &Path, file: &str, value: &str) -> io::Result<()> {
    let file = group.join(file);
    write(&file, value).map_err(|error| named(&error, &file))
}

/// The kernel's weight of a niceness: a step of one is a factor of 1.25 (`sched_prio_to_weight`).
fn shares_of_nice(nice: i32) -> u64 {
    (1_024.0 / 1.25_f64.powi(nice)).round() as u64
}

fn named(error: &io::Error, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_niceness_has_the_weight_that_the_kernel_gives_it() {
        assert_eq!([-20, -1, 0, 1, 19].map(shares_of_nice), [88_818, 1_280, 1_024, 819, 15]);
    }
}
