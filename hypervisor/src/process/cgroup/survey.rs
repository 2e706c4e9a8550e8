//! What works on this machine: tried, not guessed.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use super::clearing::Clearing;
use super::mounts::{Mount, Mounts};
use super::write;
use crate::process::host::GateKind;
use crate::process::meter::MeterKind;
use crate::process::program::{ProcessLimits, StartError};

/// How the names of nodes' folders begin; the number of the node's process follows, then that of the folder.
pub(in crate::process) const FOLDER_PREFIX: &str = "maxwell-";

/// What process cells use, and this node's folder in each hierarchy. Dropping it removes the folders, which are empty
/// by then, and takes back what was passed on to them.
#[derive(Debug)]
pub(in crate::process) struct Survey {
    /// The best gate, or the one that was asked for.
    pub(in crate::process) gate: GateKind,
    /// The best meter.
    pub(in crate::process) meter: MeterKind,
    /// Whether CPU weights can be set; why not.
    pub(in crate::process) weigh: Result<(), String>,
    /// Whether CPU quotas can be set; why not.
    pub(in crate::process) cap: Result<(), String>,
    /// One sentence for everything that was looked at.
    pub(in crate::process) findings: Vec<String>,
    pub(super) folders: Folders,
    /// What was changed for it.
    pub(in crate::process) made: Made,
}

impl Survey {
    /// Whether what a program names can be held here.
    pub(in crate::process) fn can_limit(&self, limits: ProcessLimits) -> Result<(), StartError> {
        let refused = |what, why: &str| StartError::Limit { what, why: why.to_owned() };
        match (&self.folders.memory, &self.folders.pids) {
            (Err(why), _) if limits.memory.is_some() => Err(refused("memory", why)),
            (_, Err(why)) if limits.processes.is_some() => Err(refused("processes", why)),
            _ => Ok(()),
        }
    }
}

/// This node's folder in each hierarchy that works, in which every cell has a group.
#[derive(Debug)]
pub(super) struct Folders {
    pub(super) v2: Option<PathBuf>,
    pub(super) freezer: Option<PathBuf>,
    pub(super) cpuacct: Option<PathBuf>,
    pub(super) cpuset: Option<Controller>,
    pub(super) cpu: Option<Controller>,
    pub(super) memory: Result<Controller, String>,
    pub(super) pids: Result<Controller, String>,
}

/// This node's folder in the hierarchy of a controller.
#[derive(Debug)]
pub(super) struct Controller {
    pub(super) version: Version,
    pub(super) folder: PathBuf,
}

/// Which of the two interfaces a controller has here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::process) enum Version {
    V1,
    V2,
}

/// What was changed on the host.
#[derive(Debug, Default)]
pub(in crate::process) struct Made {
    /// Folders of this node.
    pub(in crate::process) folders: Vec<PathBuf>,
    /// Files with what takes back what was written into them.
    undo: Vec<(PathBuf, String)>,
}

/// Looks at the file tree that begins at `root`; the node's folders get this name. A gate that was asked for and does
/// not work is refused with the reason.
pub(in crate::process) fn survey(
    root: &Path,
    name: &str,
    wanted: Option<GateKind>,
) -> Result<Survey, (GateKind, String)> {
    let mounts = Mounts::read(root);
    let mut look = Surveyor { name, is_root: rustix::process::geteuid().is_root(), made: Made::default() };
    let v2 = look.folder(mounts.v2.as_ref(), Order::PointFirst, v2_works);
    let freezer = look.folder(mounts.v1("freezer"), Order::OwnFirst, |_, probe| {
        write(&probe.join("freezer.state"), "FROZEN")?;
        write(&probe.join("freezer.state"), "THAWED")
    });
    let cpuacct = look.folder(mounts.v1("cpuacct"), Order::OwnFirst, |_, probe| {
        fs::read(probe.join("cpuacct.usage")).map(|_| ())
    });
    let cpuset = look.cpuset(&mounts, v2.as_deref().ok());
    let cpu = look.cpu(&mounts, v2.as_deref().ok());
    let memory = look.controller("memory", &mounts, v2.as_deref().ok(), |version, probe| {
        let (file, unlimited) = version.memory_limit();
        write(&probe.join(file), unlimited)
    });
    let pids = look
        .controller("pids", &mounts, v2.as_deref().ok(), |_, probe| write(&probe.join("pids.max"), "max"));

    let works = |gate| match gate {
        GateKind::FreezerV2 => v2.as_ref().map(|_| ()).map_err(Clone::clone),
        GateKind::FreezerV1 => freezer.as_ref().map(|_| ()).map_err(Clone::clone),
        GateKind::Signals => Ok(()),
    };
    let gate = match wanted {
        Some(gate) => works(gate).map(|()| gate).map_err(|why| (gate, why))?,
        None if v2.is_ok() => GateKind::FreezerV2,
        None if freezer.is_ok() => GateKind::FreezerV1,
        None => GateKind::Signals,
    };
    let meter = match (&cpuacct, &v2) {
        (Ok(_), _) => MeterKind::CpuAcct,
        (_, Ok(_)) => MeterKind::CpuStat,
        _ => MeterKind::ProcessClock,
    };
    let mut findings = vec![
        sentence("cgroup v2 freezer", &v2),
        sentence("cgroup v1 freezer", &freezer),
        "signals: work everywhere, and are weaker: whoever has the cell's user can continue it".to_owned(),
        sentence("cpuacct", &cpuacct),
        sentence("cpuset", &cpuset.as_ref().map(|cpuset| &cpuset.folder)),
        sentence("cpu controller", &cpu.as_ref().map(|cpu| &cpu.controller.folder)),
        limits("memory controller", &memory, "how much memory they take"),
        limits("pids controller", &pids, "how many processes they start"),
    ];
    findings.push(format!("taken: cells are stopped through {gate} and metered through {}", meter.name()));
    let refused = |why: &String| Err(format!("there is no cpu controller for cells: {why}"));
    Ok(Survey {
        gate,
        meter,
        weigh: cpu.as_ref().map_or_else(refused, |cpu| cpu.weigh.clone()),
        cap: cpu.as_ref().map_or_else(refused, |cpu| cpu.cap.clone()),
        findings,
        folders: Folders {
            v2: v2.ok(),
            freezer: freezer.ok(),
            cpuacct: cpuacct.ok(),
            cpuset: cpuset.ok(),
            cpu: cpu.ok().map(|cpu| cpu.controller),
            memory,
            pids,
        },
        made: look.made,
    })
}

/// Which group the node's folder is tried in first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// The group that Maxwell itself is in, whose limits then hold for cells too.
    OwnFirst,
    /// As root the hierarchy's own root: in the v2 hierarchy a group that has processes, as Maxwell's has, cannot pass
    /// controllers on, so the cells of a root node would go without weights, quotas and cpusets.
    PointFirst,
}

impl Version {
    /// The file that bounds the memory of a group, and what lifts the bound.
    pub(super) const fn memory_limit(self) -> (&'static str, &'static str) {
        match self {
            Self::V1 => ("memory.limit_in_bytes", "-1"),
            Self::V2 => ("memory.max", "max"),
        }
    }
}

/// The cpu controller as it was found.
#[derive(Debug)]
struct CpuControl {
    controller: Controller,
    weigh: Result<(), String>,
    cap: Result<(), String>,
}

struct Surveyor<'a> {
    name: &'a str,
    is_root: bool,
    made: Made,
}

impl Surveyor<'_> {
    /// A folder in a hierarchy in which groups can be made, and `works` with the base and a group on trial.
    fn folder(
        &mut self,
        mount: Option<&Mount>,
        order: Order,
        works: impl Fn(&Path, &Path) -> io::Result<()>,
    ) -> Result<PathBuf, String> {
        let mount = mount.ok_or("it is not mounted")?;
        let (own, point) = (mount.own.as_deref(), mount.point.as_path());
        let mut bases = match order {
            Order::PointFirst if self.is_root => vec![Some(point), own],
            Order::OwnFirst | Order::PointFirst => vec![own, Some(point)],
        };
        bases.dedup();
        let mut refusals = Vec::new();
        for base in bases.into_iter().flatten() {
            match self.try_in(base, &works) {
                Ok(folder) => return Ok(folder),
                Err(error) => refusals.push(format!("no usable group in {}: {error}", base.display())),
            }
        }
        Err(refusals.join(", "))
    }

    fn try_in(&mut self, base: &Path, works: impl Fn(&Path, &Path) -> io::Result<()>) -> io::Result<PathBuf> {
        let folder = base.join(self.name);
        let known = self.made.folders.contains(&folder);
        if !known {
            fs::create_dir(&folder)?;
            // Only where we may write, or it would wait for what cannot happen.
            sweep(base);
        }
        let tried = on_trial(&folder, |probe| works(base, probe));
        if !known && tried.is_ok() {
            self.made.folders.push(folder.clone());
        } else if !known {
            fs::remove_dir(&folder)?;
        }
        tried.map(|()| folder)
    }

    /// A controller, of whichever version it is here, and `works` with a group on trial.
    fn controller(
        &mut self,
        name: &str,
        mounts: &Mounts,
        v2: Option<&Path>,
        works: impl Fn(Version, &Path) -> io::Result<()>,
    ) -> Result<Controller, String> {
        if let Some(mount) = mounts.v1(name) {
            let folder = self.folder(Some(mount), Order::OwnFirst, |_, probe| works(Version::V1, probe))?;
            return Ok(Controller { version: Version::V1, folder });
        }
        let folder = v2.ok_or("neither version of it works here")?;
        self.pass_on(folder, name)?;
        on_trial(folder, |probe| works(Version::V2, probe)).map_err(|error| error.to_string())?;
        Ok(Controller { version: Version::V2, folder: folder.to_owned() })
    }

    fn cpuset(&mut self, mounts: &Mounts, v2: Option<&Path>) -> Result<Controller, String> {
        self.controller("cpuset", mounts, v2, |version, probe| match version {
            Version::V1 => {
                let folder = probe.parent().expect("a group on trial is made in a folder");
                inherit_cpuset(folder.parent().expect("which was made in a group"), folder)?;
                inherit_cpuset(folder, probe)
            }
            Version::V2 => write(&probe.join("cpuset.cpus"), "\n"),
        })
    }

    fn cpu(&mut self, mounts: &Mounts, v2: Option<&Path>) -> Result<CpuControl, String> {
        let controller = self.controller("cpu", mounts, v2, |_, _| Ok(()))?;
        let (weight, max) = match controller.version {
            Version::V1 => (("cpu.shares", "1024"), ("cpu.cfs_quota_us", "-1")),
            Version::V2 => (("cpu.weight", "100"), ("cpu.max", "max")),
        };
        let folder = &controller.folder;
        let can = |(file, value): (&str, &str)| {
            on_trial(folder, |probe| write(&probe.join(file), value))
                .map_err(|error| format!("{file} cannot be set in {}: {error}", folder.display()))
        };
        let (weigh, cap) = (can(weight), can(max));
        Ok(CpuControl { controller, weigh, cap })
    }

    /// Passes a controller of the v2 hierarchy on to the groups of cells.
    fn pass_on(&mut self, folder: &Path, controller: &str) -> Result<(), String> {
        let base = folder.parent().ok_or("it has no parent")?;
        for group in [base, folder] {
            let listed = |file: &str| {
                let list = fs::read_to_string(group.join(file)).unwrap_or_default();
                list.split_whitespace().any(|name| name == controller)
            };
            if listed("cgroup.subtree_control") {
                continue;
            }
            if !listed("cgroup.controllers") {
                return Err(format!("{} has no {controller} controller to pass on", group.display()));
            }
            // Written into a group with processes it would succeed, and no cell could be put below any more. Only the
            // root of the hierarchy, which has no type, may have both.
            let has_processes = !fs::read(group.join("cgroup.procs")).unwrap_or_default().is_empty();
            if has_processes && group.join("cgroup.type").exists() {
                return Err(format!("{} has processes, so it cannot pass controllers on", group.display()));
            }
            let control = group.join("cgroup.subtree_control");
            write(&control, &format!("+{controller}")).map_err(|error| {
                format!("{} does not pass the {controller} controller on: {error}", group.display())
            })?;
            self.made.undo.push((control, format!("-{controller}")));
        }
        Ok(())
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for folder in self.folders.iter().rev() {
            // One that still has groups in it has been complained about when these could not be removed.
            let _ = fs::remove_dir(folder);
        }
        for (file, text) in self.undo.iter().rev() {
            // The folder's own file is gone with it; another may have come to need what we passed on.
            let _ = write(file, text);
        }
    }
}

/// Removes what nodes have left that were killed together with the keepers of their cells, which would have done it:
/// folders with the number of a process that is no more, and whatever is in their groups, frozen maybe for ever.
fn sweep(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let node = entry.file_name().to_str().and_then(node_of);
        if node.is_some_and(|node| test_kill_process(node) == Err(Errno::SRCH)) {
            let folder = entry.path();
            let cells: Vec<_> = Clearing::below(&folder).collect();
            // To another PID namespace, which shares the hierarchy with ours, the node may be alive.
            if cells.iter().all(Clearing::is_of_our_namespace) {
                cells.iter().for_each(Clearing::finish);
            }
            // One with groups in it cannot be removed, and is not.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// The node's process in the name of its folder.
fn node_of(folder: &str) -> Option<Pid> {
    let (node, number) = folder.strip_prefix(FOLDER_PREFIX)?.split_once('-')?;
    number.parse::<u32>().ok()?;
    Pid::from_raw(node.parse().ok()?)
}

/// Cells can be frozen in a group of the v2 hierarchy, and processes moved into it.
fn v2_works(base: &Path, probe: &Path) -> io::Result<()> {
    write(&probe.join("cgroup.freeze"), "1")?;
    write(&probe.join("cgroup.freeze"), "0")?;
    // To move a process one must be allowed to write here as well, the group that both places are in.
    OpenOptions::new().write(true).open(base.join("cgroup.procs")).map(|_| ())
}

/// In v1 a new cpuset is empty, and takes no process before it has CPUs and memory.
pub(super) fn inherit_cpuset(from: &Path, to: &Path) -> io::Result<()> {
    for file in ["cpuset.cpus", "cpuset.mems"] {
        write(&to.join(file), fs::read_to_string(from.join(file))?.trim_end())?;
    }
    Ok(())
}

/// Makes a group, tries something with it and removes it.
fn on_trial(folder: &Path, works: impl Fn(&Path) -> io::Result<()>) -> io::Result<()> {
    let probe = folder.join("probe");
    fs::create_dir(&probe)?;
    let tried = works(&probe);
    fs::remove_dir(&probe)?;
    tried
}

fn sentence(what: &str, found: &Result<impl AsRef<Path>, impl AsRef<str>>) -> String {
    match found {
        Ok(folder) => format!("{what}: works, in {}", folder.as_ref().display()),
        Err(why) => format!("{what}: refused, {}", why.as_ref()),
    }
}

/// Of a controller that holds a limit.
fn limits(what: &str, found: &Result<Controller, String>, unlimited: &str) -> String {
    match found {
        Ok(controller) => sentence(what, &Ok::<_, &str>(&controller.folder)),
        Err(why) => format!("{what}: refused, {why}; nothing limits {unlimited}"),
    }
}
