//! The groups of one cell: one in each hierarchy that is used.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use maxwell_core::tick::CellId;

use super::clearing::GatePlace;
use super::survey::{Survey, Version, inherit_cpuset};
use super::write;
use crate::process::host::GateKind;
use crate::process::meter::MeterKind;
use crate::process::pin::cpu_list;
use crate::process::program::CpuPolicy;

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
    /// Each of them once: controllers that are mounted together share one.
    pub(in crate::process) all: Vec<PathBuf>,
}

impl Groups {
    /// Makes the groups of a cell, which begins on `cpus`. Those that were made when one fails are removed again.
    pub(in crate::process) fn make(
        survey: &Survey,
        cell: CellId,
        cpu: &CpuPolicy,
        cpus: &[u32],
    ) -> io::Result<Self> {
        let mut groups = Self::default();
        match groups.fill(survey, cell, cpu, cpus) {
            Ok(()) => Ok(groups),
            Err(error) => {
                groups.all.iter().for_each(|group| _ = fs::remove_dir(group));
                Err(error)
            }
        }
    }

    fn fill(&mut self, survey: &Survey, cell: CellId, cpu: &CpuPolicy, cpus: &[u32]) -> io::Result<()> {
        let folders = &survey.folders;
        match (survey.gate, &folders.v2, &folders.freezer) {
            (GateKind::FreezerV2, Some(v2), _) => self.gate = GatePlace::FreezerV2(self.add(v2, cell)?),
            (GateKind::FreezerV1, _, Some(freezer)) => {
                self.gate = GatePlace::FreezerV1(self.add(freezer, cell)?);
            }
            _ => {}
        }
        match (survey.meter, &folders.cpuacct, &folders.v2) {
            (MeterKind::CpuAcct, Some(folder), _) => {
                self.meter = Some(self.add(folder, cell)?.join("cpuacct.usage"));
            }
            (MeterKind::CpuStat, _, Some(folder)) => {
                self.meter = Some(self.add(folder, cell)?.join("cpu.stat"));
            }
            _ => {}
        }
        if let Some((version, folder)) = &folders.cpuset {
            let group = self.add(folder, cell)?;
            if *version == Version::V1 {
                inherit_cpuset(folder, &group)?;
                // Threads are balanced over the parent's CPUs anyway; without this every change of CPUs has the
                // kernel think about its scheduling domains.
                let _ = write(&group.join("cpuset.sched_load_balance"), "0");
            }
            let file = group.join("cpuset.cpus");
            write(&file, &cpu_list(cpus))?;
            self.cpuset = Some(file);
        }
        if let Some((_, folder)) = &folders.cpu
            && (cpu.weight.is_some() || cpu.max.is_some())
        {
            self.add(folder, cell)?;
        }
        match &folders.cpu {
            Some((version, folder)) if self.all.contains(&name(folder, cell)) => {
                set_policy(*version, &name(folder, cell), cpu)
            }
            _ => Ok(()),
        }
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

fn set_policy(version: Version, group: &Path, cpu: &CpuPolicy) -> io::Result<()> {
    let set = |file: &str, value: String| {
        let file = group.join(file);
        write(&file, &value).map_err(|error| named(&error, &file))
    };
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
