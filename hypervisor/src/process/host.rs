//! What the machine offers to process cells.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{fmt, io};

use maxwell_core::limits::CELL_PROCESSES;
use maxwell_core::tick::{SlotId, SlotSet};
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity};

use super::cell::{Parts, ProcessCell};
use super::cgroup::{Bounds, Clearing, FOLDER_PREFIX, Groups, Survey, survey};
use super::channel::Channel;
use super::control::{Control, Order, Report};
use super::keeper::Job;
use super::program::{CpuPolicy, Program, StartError};
use super::undertaker::{Remains, Undertaker};
use crate::cell::CellConfig;

/// How long a keeper may take to execute the command: it takes milliseconds, on a machine that is out of breath more.
const START_PATIENCE: Duration = Duration::from_secs(5);

/// How process cells are to be run.
#[derive(Clone, Debug)]
pub struct HostOptions {
    /// Slots that are sold: one CPU each.
    pub slots: u16,
    /// How cells are stopped; `None` takes the best that works.
    pub gate: Option<GateKind>,
    /// What starts a keeper.
    pub keeper: KeeperCommand,
    /// Where the file tree begins in which the kernel's files are looked for: `/` but in tests.
    pub root: PathBuf,
}

/// The command that runs [`super::keeper::main`] with the arguments that follow these.
#[derive(Clone, Debug)]
pub struct KeeperCommand {
    /// The program.
    pub program: PathBuf,
    /// Its first arguments.
    pub args: Vec<OsString>,
}

/// How a cell is stopped and continued, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateKind {
    /// `cgroup.freeze`.
    FreezerV2,
    /// `freezer.state`.
    FreezerV1,
    /// SIGSTOP and SIGCONT to the process group. Weaker: whoever has the same user can continue it, and a descendant
    /// in a session of its own is not stopped.
    Signals,
}

impl fmt::Display for GateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FreezerV2 => "cgroup v2 freezer",
            Self::FreezerV1 => "cgroup v1 freezer",
            Self::Signals => "signals",
        })
    }
}

/// Why there can be no process cells.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// More slots than CPUs, or none.
    #[error("{slots} slots cannot be sold: this process may use {usable} CPUs; ask for 1 to {usable}")]
    Slots {
        /// What was asked for.
        slots: u16,
        /// CPUs that this process may use.
        usable: usize,
    },
    /// The gate that was asked for does not work here.
    #[error(
        "cells cannot be stopped through {gate} here: {why}; leave the choice to Maxwell, which takes what works"
    )]
    Gate {
        /// What was asked for.
        gate: GateKind,
        /// What was seen when it was tried.
        why: String,
    },
    /// The system does not say which CPUs there are, or gives no thread.
    #[error("process cells cannot be set up: {0}")]
    System(#[from] io::Error),
}

/// What the machine offers to process cells; cheap to clone. When it is dropped with its last clone and its last cell,
/// that waits until everything that its cells have left is gone: processes, keepers, groups.
#[derive(Clone, Debug)]
pub struct ProcessHost(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    slots: SlotSet,
    cpus: Vec<u32>,
    keeper: KeeperCommand,
    // Dropped before the folders of the groups that it waits for.
    undertaker: Undertaker,
    survey: Survey,
}

impl ProcessHost {
    /// Looks at what works on this machine, and makes a folder of its own wherever cells will have a group.
    ///
    /// # Errors
    /// More slots than CPUs that this process may use, or a gate that was asked for and does not work.
    pub fn new(options: HostOptions) -> Result<Self, HostError> {
        let cpus = cpus(options.slots)?;
        let survey = survey(&options.root, &folder_name(), options.gate)
            .map_err(|(gate, why)| HostError::Gate { gate, why })?;
        let mut slots = SlotSet::default();
        (0..options.slots).for_each(|slot| slots.insert(SlotId(slot)));
        let undertaker = Undertaker::start()?;
        Ok(Self(Arc::new(Inner { slots, cpus, keeper: options.keeper, undertaker, survey })))
    }

    /// CPU of each slot. They are the last of those that this process may use, so that the first, on which most of the
    /// system's own work is done, is left to the node if it can be.
    pub fn cpus(&self) -> &[u32] {
        &self.0.cpus
    }

    /// How cells are stopped.
    pub fn gate(&self) -> GateKind {
        self.0.survey.gate
    }

    /// How CPU time is metered: `cpuacct`, `cpu.stat` or `process clock`.
    pub fn meter(&self) -> &'static str {
        self.0.survey.meter.name()
    }

    /// One sentence for everything that was looked at: taken or refused, and why.
    pub fn findings(&self) -> &[String] {
        &self.0.survey.findings
    }

    /// Whether CPU weights can be set here.
    ///
    /// # Errors
    /// Why not.
    pub fn can_weigh(&self) -> Result<(), String> {
        self.0.survey.weigh.clone()
    }

    /// Whether CPU quotas can be set here.
    ///
    /// # Errors
    /// Why not.
    pub fn can_cap(&self) -> Result<(), String> {
        self.0.survey.cap.clone()
    }

    /// What could not be ended or cleaned up since last asked, in sentences. What nobody asks for is printed to
    /// standard error at the end.
    pub fn complaints(&self) -> Vec<String> {
        self.0.undertaker.complaints()
    }

    /// Starts a program in a cell of its own: executed and parked, on the CPUs of all slots until it is granted some.
    /// Its arguments are the program's, then those of `config`. Takes some milliseconds.
    ///
    /// # Errors
    /// A command that cannot be found or run, or a policy or a limit that cannot be had. Then nothing is left of it.
    pub fn start(&self, program: &Program, config: CellConfig) -> Result<ProcessCell, StartError> {
        self.check(&program.cpu)?;
        self.0.survey.can_limit(program.limits)?;
        let Inner { survey, cpus, .. } = &*self.0;
        let bounds = Bounds {
            cpus,
            cpu: &program.cpu,
            memory_max: program.limits.memory.unwrap_or(config.memory_max),
            processes_max: program.limits.processes.unwrap_or(CELL_PROCESSES),
        };
        let groups = Groups::make(survey, config.id, bounds).map_err(StartError::Groups)?;
        let clearing = Clearing::new(groups.gate.clone(), groups.all.clone());
        self.start_in(groups, &clearing, program, config).inspect_err(|_| {
            // Nothing is in them, and the error that is told is the one that matters.
            let _ = clearing.remove();
        })
    }

    fn start_in(
        &self,
        groups: Groups,
        clearing: &Clearing,
        program: &Program,
        config: CellConfig,
    ) -> Result<ProcessCell, StartError> {
        let job = self.job(&groups, program, &config);
        let CellConfig { id, events, .. } = config;
        let (channel, programs_end) = Channel::open(id, events).map_err(StartError::Keeper)?;
        let (control, keepers_end) = Control::pair().map_err(StartError::Keeper)?;
        let keeper = Command::new(&self.0.keeper.program)
            .args(&self.0.keeper.args)
            .args(job.to_args())
            .stdin(keepers_end)
            .stdout(programs_end)
            .spawn()
            .map_err(StartError::Keeper)?;
        let mut remains = Remains { cell: id, keeper, control, clearing: clearing.clone(), first: None };
        let report = remains.control.wait_for_report(Instant::now() + START_PATIENCE);
        let first = match report {
            Some(Report::Started(pid)) => Pid::from_raw(pid),
            Some(Report::Refused(words)) => {
                remains.bury(Instant::now() + START_PATIENCE, &mut |_| {});
                let program = program.path.display().to_string();
                return Err(StartError::Command { program, words });
            }
            _ => None,
        };
        let Some(first) = first else {
            // Nothing that it has begun is left behind.
            let _ = remains.keeper.kill();
            remains.bury(Instant::now() + START_PATIENCE, &mut |_| {});
            return Err(StartError::Keeper(io::Error::other("it said nothing")));
        };
        remains.first = Some(first);
        let (host, meter, slots) = (self.clone(), self.0.survey.meter, self.0.slots);
        let parts = Parts { id, host, channel, first, groups, meter, slots };
        ProcessCell::new(parts, remains).map_err(|(error, remains)| {
            remains.control.order(Order::End);
            remains.bury(Instant::now() + START_PATIENCE, &mut |_| {});
            StartError::Groups(error)
        })
    }

    fn job(&self, groups: &Groups, program: &Program, config: &CellConfig) -> Job {
        let args = program.args.iter().cloned().chain(config.args.iter().map(OsString::from));
        Job {
            gate: groups.gate.clone(),
            groups: groups.all.clone(),
            folders: self.0.survey.made.folders.clone(),
            cpus: if groups.cpuset.is_some() { Vec::new() } else { self.0.cpus.clone() },
            nice: program.cpu.nice,
            counts_cpu: groups.meter.is_none(),
            program: program.path.clone().into_os_string(),
            args: args.collect(),
        }
    }

    fn check(&self, cpu: &CpuPolicy) -> Result<(), StartError> {
        let refuse = |words: String| Err(StartError::Policy(words));
        match cpu.weight {
            Some(weight) if !(1..=10_000).contains(&weight) => {
                return refuse(format!("a CPU weight is 1 to 10000, not {weight}"));
            }
            Some(_) => self.can_weigh().map_err(StartError::Policy)?,
            None => {}
        }
        match cpu.max {
            // The kernel takes no quota below a millisecond in its period of 100.
            Some(max) if !(0.01..=1e6).contains(&max) => {
                refuse(format!("a CPU quota is 0.01 CPUs or more, not {max}"))
            }
            Some(_) => self.can_cap().map_err(StartError::Policy),
            None => Ok(()),
        }
    }

    /// A cell that was dropped.
    pub(super) fn take_remains(&self, remains: Remains) {
        self.0.undertaker.take(remains);
    }
}

/// The last of the CPUs that this process may use.
fn cpus(slots: u16) -> Result<Vec<u32>, HostError> {
    let allowed = sched_getaffinity(None).map_err(io::Error::from)?;
    let mut usable: Vec<u32> =
        (0..CpuSet::MAX_CPU as u32).filter(|&cpu| allowed.is_set(cpu as usize)).collect();
    let count = usable.len();
    if slots == 0 || usize::from(slots) > count {
        return Err(HostError::Slots { slots, usable: count });
    }
    Ok(usable.split_off(count - usize::from(slots)))
}

/// One process may have several hosts, each with its own folders.
fn folder_name() -> String {
    static HOSTS: AtomicU32 = AtomicU32::new(0);
    format!("{FOLDER_PREFIX}{}-{}", std::process::id(), HOSTS.fetch_add(1, Ordering::Relaxed))
}
