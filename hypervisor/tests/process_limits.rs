//! What a process cell may hold at most: memory, and processes. Where this machine has no controller for it, that is said.

mod common;

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use common::{Harness, host_options};
use maxwell_core::limits::CELL_MEMORY;
use maxwell_core::tick::Exit;
use maxwell_core::units::Bytes;
use maxwell_hypervisor::cell::Cell;
use maxwell_hypervisor::process::{
    GateKind, HostOptions, ProcessCell, ProcessHost, ProcessLimits, Program, StartError,
};

/// A harness behind each gate that works, with the folder of a controller's groups.
fn with(controller: &str, test: impl Fn(Harness, PathBuf)) {
    for gate in [GateKind::FreezerV2, GateKind::FreezerV1, GateKind::Signals] {
        let Some(harness) = Harness::process(gate, 1) else { continue };
        let findings = harness.host.as_ref().expect("processes").findings();
        let finding = findings.iter().find(|finding| finding.starts_with(controller)).expect("it is told");
        match finding.split_once("works, in ") {
            Some((_, folder)) => {
                let folder = PathBuf::from(folder);
                test(harness, folder);
            }
            None => println!("skipped, because {finding}"),
        }
    }
}

/// A cell that runs a shell script within limits, and the name of its groups.
fn start(harness: &mut Harness, script: &str, memory: Bytes, processes: u32) -> (ProcessCell, String) {
    let (config, _queue) = harness.config(&[]);
    let name = format!("cell-{}", config.id.0);
    let limits = ProcessLimits { memory: Some(memory), processes: Some(processes) };
    let host = harness.host.as_ref().expect("processes");
    (host.start(&shell(script, limits), config).expect("the shell starts"), name)
}

fn shell(script: &str, limits: ProcessLimits) -> Program {
    Program { path: "sh".into(), args: vec!["-c".into(), script.into()], limits, ..Program::default() }
}

const GROWS: &str = "x=0123456789abcdef; while :; do x=$x$x; done";

#[test]
fn a_cell_that_takes_too_much_memory_ends_and_is_told_why() {
    with("memory controller", |mut harness, _| {
        let (mut cell, _) = start(&mut harness, GROWS, Bytes::from_mebibytes(16), 10);
        assert_eq!(harness.run(&mut cell).exit, Some(Exit::Limit));
        assert!(cell.last_words().contains("more memory than it may have"), "{}", cell.last_words());
    });
}

#[test]
fn a_cell_ends_for_what_a_descendant_takes_whatever_it_makes_of_that() {
    let child = format!("sh -c '{GROWS}'");
    let scripts = [
        format!("{child}; exit 9"),
        format!("{child}; exit 0"),
        format!("while :; do {child}; done"),
        format!("{child}; while :; do :; done"),
    ];
    with("memory controller", |mut harness, _| {
        for script in &scripts {
            let (mut cell, _) = start(&mut harness, script, Bytes::from_mebibytes(16), 10);
            assert_eq!(harness.run(&mut cell).exit, Some(Exit::Limit), "{script}");
        }
    });
}

#[test]
fn what_descendants_hold_is_the_cells_and_what_files_hold_is_not() {
    with("memory controller", |mut harness, _| {
        let folder = tempfile::tempdir().expect("a folder");
        let [file, done] = ["file", "done"].map(|name| folder.path().join(name));
        let writes = format!(
            "head -c 33554432 /dev/zero > {file}; : > {done}; while :; do :; done",
            file = file.display(),
            done = done.display()
        );
        let (mut cell, _) = start(&mut harness, &writes, CELL_MEMORY, 10);
        harness.quanta_until(&mut cell, |_| done.exists());
        // The next look comes within a second.
        let looked = Instant::now() + Duration::from_secs(1);
        let usage = harness.quanta_until(&mut cell, |_| Instant::now() > looked);
        assert!(usage.memory < Bytes::from_mebibytes(8), "{usage:?}");
        drop(cell);

        let holds = "sh -c 'x=0123456789abcdef; while [ ${#x} -lt 8388608 ]; do x=$x$x; done; while :; do :; done'; :";
        let (mut cell, _) = start(&mut harness, holds, CELL_MEMORY, 10);
        harness.quanta_until(&mut cell, |usage| usage.memory >= Bytes::from_mebibytes(8));
    });
}

#[test]
fn a_fork_bomb_gets_no_further_than_its_limit_and_ends_with_its_cell() {
    with("pids controller", |mut harness, folder| {
        let bomb = "b() { b | b & }; b; while :; do :; done";
        let (mut cell, name) = start(&mut harness, bomb, CELL_MEMORY, 20);
        let group = folder.join(name);
        let count = |file: &str| {
            let text = fs::read_to_string(group.join(file)).expect("the group is there");
            text.split_whitespace().next_back().expect("a number").parse::<u64>().expect("a number")
        };
        assert_eq!(count("pids.max"), 20);
        // The kernel counts the forks that it has refused.
        harness.quanta_until(&mut cell, |_| {
            assert!(count("pids.current") <= 20);
            count("pids.events") > 0
        });
        drop(cell);
        drop(harness);
        assert!(!group.exists(), "everything in it is gone, and so is the group");
    });
}

#[test]
fn without_the_controllers_a_limit_that_is_named_is_refused_and_the_rest_is_told() {
    let root = tempfile::tempdir().expect("a folder");
    let options = HostOptions { root: root.path().to_owned(), ..host_options(GateKind::Signals, 1) };
    let host = ProcessHost::new(options).expect("signals work everywhere");
    for words in ["nothing limits how much memory they take", "nothing limits how many processes they start"]
    {
        assert!(host.findings().iter().any(|finding| finding.ends_with(words)), "{:?}", host.findings());
    }
    let memory = ProcessLimits { memory: Some(CELL_MEMORY), processes: None };
    let processes = ProcessLimits { memory: None, processes: Some(9) };
    for (limits, words) in [(memory, "memory cannot be held"), (processes, "processes cannot be held")] {
        let (config, _queue) = Harness::simulated().config(&[]);
        let error = host.start(&shell("exit 0", limits), config).expect_err("nothing holds it");
        assert!(matches!(error, StartError::Limit { .. }) && error.to_string().contains(words), "{error}");
    }
}
