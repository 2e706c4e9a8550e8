//! What happens to process cells when their node dies, and what a user without rights gets.
//!
//! Both need a node of their own: this test program, started again with the name of one of its ignored tests.

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use common::{DEADLINE, Harness, KEEPER, host_options};
use maxwell_hypervisor::process::{GateKind, HostOptions, ProcessHost, Program};

/// Environment variable with the gate that a node is to use.
const GATE: &str = "MAXWELL_TEST_GATE";

#[test]
fn a_cell_does_not_outlive_its_node_however_that_ends() {
    for gate in [GateKind::FreezerV2, GateKind::FreezerV1, GateKind::Signals] {
        if Harness::process(gate, 1).is_none() {
            continue;
        }
        let mut node = node(&std::env::current_exe().unwrap(), "node_that_holds_a_parked_cell");
        let mut node = node.env(GATE, gate.to_string()).spawn().unwrap();
        let (pids, folders) = told(&mut node);
        assert!(!pids.into_iter().any(is_over));
        node.kill().unwrap();
        node.wait().unwrap();
        until("the program is gone", || pids.into_iter().all(is_over));
        until("its groups are gone", || folders.iter().all(|folder| !folder.exists()));
    }
}

#[test]
fn what_node_and_keeper_leave_frozen_is_ended_by_the_next_host() {
    for gate in [GateKind::FreezerV2, GateKind::FreezerV1] {
        if Harness::process(gate, 1).is_none() {
            continue;
        }
        let mut node = node(&std::env::current_exe().unwrap(), "node_that_holds_a_parked_cell");
        let mut node = node.env(GATE, gate.to_string()).spawn().unwrap();
        let (pids, folders) = told(&mut node);
        assert!(!pids.into_iter().any(is_over));
        // The keeper first: it would notice the end of the node, which does not notice its.
        let keeper = stat(pids[0]).unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let keeper = rustix::process::Pid::from_raw(keeper).unwrap();
        rustix::process::kill_process(keeper, rustix::process::Signal::KILL).unwrap();
        node.kill().unwrap();
        node.wait().unwrap();
        let _next = Harness::process(gate, 1).unwrap();
        until("the program and its child are gone", || pids.into_iter().all(is_over));
        until("its groups are gone", || folders.iter().all(|folder| !folder.exists()));
    }
}

#[test]
fn without_rights_cells_are_stopped_by_signals() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped, because only root can become nobody");
        return;
    }
    // Where nobody may read them.
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let copy = |from: &Path, name: &str| {
        let to = folder.path().join(name);
        fs::copy(from, &to).unwrap();
        fs::set_permissions(&to, fs::Permissions::from_mode(0o755)).unwrap();
        to
    };
    let test = copy(&std::env::current_exe().unwrap(), "test");
    let keeper = copy(Path::new(env!("CARGO_BIN_EXE_maxwell-keeper")), "keeper");
    let output = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(test)
        .args(["--ignored", "--nocapture", "node_of_nobody"])
        .env(KEEPER, keeper)
        .current_dir("/")
        .output();
    let Ok(output) = output else {
        println!("skipped, because there is no setpriv");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("2 passed"), "{said}");
}

#[test]
#[ignore = "a part of another test"]
fn node_that_holds_a_parked_cell() {
    let gate = std::env::var(GATE).unwrap();
    let gates = [GateKind::FreezerV2, GateKind::FreezerV1, GateKind::Signals];
    let gate = gates.into_iter().find(|kind| kind.to_string() == gate).unwrap();
    let mut harness = Harness::process(gate, 1).unwrap();
    let (mut cell, _queue) = harness.shell("while :; do :; done & while :; do :; done");
    let children = format!("/proc/{0}/task/{0}/children", cell.pid());
    harness.quanta_until(&mut cell, |_| !fs::read_to_string(&children).unwrap().is_empty());
    let child = fs::read_to_string(&children).unwrap().trim().parse().unwrap();
    tell([cell.pid(), child], harness.host.as_ref().unwrap());
    loop {
        std::thread::park();
    }
}

#[test]
#[ignore = "a part of another test"]
fn node_of_nobody() {
    let options = HostOptions { gate: None, ..host_options(GateKind::Signals, 1) };
    let host = ProcessHost::new(options).unwrap();
    assert_eq!((host.gate(), host.meter()), (GateKind::Signals, "process clock"));
    let refused = |what: &str| host.findings().iter().any(|finding| finding.starts_with(what));
    assert!(refused("cgroup v2 freezer: refused") && refused("cgroup v1 freezer: refused"));
    let mut harness = Harness::process(GateKind::Signals, 1).unwrap();
    // What the shell's children use is counted too, dead and alive.
    let script = "i=0; while [ $i -lt 200 ]; do i=$((i+1)); (j=0; while [ $j -lt 2000 ]; do j=$((j+1)); done); done; \
                  (while :; do :; done) & while :; do :; done";
    let (mut cell, _queue) = harness.shell(script);
    let mut used = 0;
    harness.quanta_until(&mut cell, |usage| {
        used += usage.used.0;
        used > 500_000_000
    });
    let stat = || fs::read_to_string(format!("/proc/{}/stat", cell.pid())).unwrap();
    until("it is stopped", || stat().rsplit_once(") ").unwrap().1.starts_with('T'));
    let pid = cell.pid();
    drop(cell);
    drop(harness);
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
    let (config, _events) = (common::Harness::process(GateKind::Signals, 1).unwrap()).config(&[]);
    let cpu = maxwell_hypervisor::process::CpuPolicy { nice: -5, ..Default::default() };
    let program = Program { path: "true".into(), cpu, ..Program::default() };
    let error = host.start(&program, config).unwrap_err().to_string();
    assert!(error.contains("niceness -5 is not allowed"), "{error}");
}

#[test]
#[ignore = "a part of another test"]
fn node_of_nobody_with_two_slots() {
    let Some(mut harness) = Harness::process(GateKind::Signals, 2) else { return };
    let (mut cell, _queue) = harness.shell("while :; do :; done & while :; do :; done");
    let children = format!("/proc/{0}/task/{0}/children", cell.pid());
    harness.quanta_until(&mut cell, |_| !fs::read_to_string(&children).unwrap().is_empty());
    let child = fs::read_to_string(&children).unwrap();
    for slot in [1, 0] {
        harness.quantum(&mut cell, slot);
        let cpu = harness.host.as_ref().unwrap().cpus()[usize::from(slot)].to_string();
        for pid in [&cell.pid().to_string(), child.trim()] {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
            assert!(status.contains(&format!("Cpus_allowed_list:\t{cpu}\n")), "{status}");
        }
    }
}

/// This program again, as the node of an ignored test.
fn node(program: &Path, test: &str) -> Command {
    let mut command = Command::new(program);
    command.args(["--exact", "--ignored", "--nocapture", test]).stdout(Stdio::piped());
    command
}

/// Says which processes a node's cell has, and where.
fn tell([first, child]: [u32; 2], host: &ProcessHost) {
    let folders = host.findings().iter().filter_map(|finding| Some(finding.split_once("works, in ")?.1));
    println!("cell {first} {child} {}", folders.collect::<Vec<_>>().join(" "));
}

/// What [`tell`] has said.
fn told(node: &mut Child) -> ([u32; 2], Vec<PathBuf>) {
    let lines = BufReader::new(node.stdout.take().unwrap()).lines();
    let line = lines.map_while(Result::ok).find_map(|line| Some(line.split_once("cell ")?.1.to_owned()));
    let line = line.expect("the node says where its cell is");
    let mut words = line.split(' ');
    let pids = [(); 2].map(|()| words.next().unwrap().parse().unwrap());
    (pids, words.map(PathBuf::from).collect())
}

/// Whether a process has ended. Whoever inherits it from a dead keeper may take its time to wait for it.
fn is_over(pid: u32) -> bool {
    stat(pid).is_none_or(|stat| stat.starts_with(['Z', 'X']))
}

/// State, parent and the rest of what the kernel says about a process, if there is one.
fn stat(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(stat.rsplit_once(") ")?.1.to_owned())
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !done() {
        assert!(Instant::now() < deadline, "it never happened that {what}");
        std::thread::yield_now();
    }
}
