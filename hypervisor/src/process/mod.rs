//! Agents as processes: any command, stopped and continued by the kernel.

pub use cell::ProcessCell;
pub use host::{GateKind, HostError, HostOptions, KeeperCommand, ProcessHost};
pub use observer::{SchedObserver, SchedStat};
pub use program::{CpuPolicy, ProcessLimits, Program, StartError};

mod host;

mod program;

mod cell;

mod cgroup;

mod gate;

mod meter;

mod pin;

mod memory;

mod observer;

mod channel;

pub mod keeper;

mod control;

mod undertaker;

mod tree;
