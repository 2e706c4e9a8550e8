//! Agents as process cells.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::mpsc::SyncSender;

use anyhow::{Context, Result};
use maxwell_core::event::Event;
use maxwell_core::tick::CellId;
use maxwell_core::units::{Bytes, Microjoules};
use maxwell_hypervisor::cell::CellConfig;
use maxwell_hypervisor::process::{
    CpuPolicy, GateKind, HostOptions, KeeperCommand, ProcessCell, ProcessHost, Program,
};

use crate::cast::Agent;
use crate::run::root;
use crate::spec::Gate;

/// This very program, whatever has become of its file: agents and keepers are commands of it.
const SELF: &str = "/proc/self/exe";
/// The most memory of one agent.
const MEMORY_MAX: Bytes = Bytes::from_mebibytes(512);

/// What this machine offers to agents.
///
/// # Errors
/// When there are not so many CPUs, or the gate that was asked for does not work here.
pub(crate) fn host(slots: u16, gate: Option<Gate>) -> Result<ProcessHost> {
    let keeper = KeeperCommand { program: PathBuf::from(SELF), args: vec![OsString::from("keeper")] };
    let gate = gate.map(GateKind::from);
    Ok(ProcessHost::new(HostOptions { slots, gate, keeper, root: root().to_owned() })?)
}

/// Starts an agent: executed and parked.
///
/// # Errors
/// When its program cannot be run; the message names it.
pub(crate) fn start(
    host: &ProcessHost,
    agent: &Agent,
    cpu: CpuPolicy,
    args: Vec<String>,
    id: CellId,
    events: SyncSender<Event>,
) -> Result<ProcessCell> {
    let (path, own_args) = match &agent.program {
        Some(path) => (path.clone(), vec![]),
        None => (PathBuf::from(SELF), vec!["agent".into(), agent.kind.clone().into()]),
    };
    let program = Program { path, args: own_args, cpu, ..Program::default() };
    let config = CellConfig { id, args, memory_max: MEMORY_MAX, events };
    host.start(&program, config).with_context(|| format!("the {} cannot be started", agent.name))
}

/// The words that tell an agent what it bids and where its work begins.
pub(crate) fn words(bid: Microjoules, seed: u64) -> Vec<String> {
    ["--bid-uj".to_owned(), bid.0.to_string(), "--seed".to_owned(), seed.to_string()].into()
}
