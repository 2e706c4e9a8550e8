//! What a process cell may hold at most: memory, and processes. Where this machine has no controller for it, that is said.

mod common;

use std::fs;
use std::path::PathBuf;

use common::Harness;
use maxwell_core::limits::CELL_MEMORY;
use maxwell_core::tick::{Exit, Usage};
use maxwell_core::units::Bytes;
use maxwell_hypervisor::cell::{Cell, CellConfig};
use maxwell_hypervisor::process::{GateKind, ProcessCell, ProcessesMax, Program};

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
fn start(
    harness: &mut Harness,
    script: &str,
    memory_max: Bytes,
    processes_max: u32,
) -> (ProcessCell, String) {
    let (config, _queue) = harness.config(&[]);
    let config = CellConfig { memory_max, ..config };
    let name = format!("cell-{}", config.id.0);
    let program = Program {
        path: "sh".into(),
        args: vec!["-c".into(), script.into()],
        processes_max: ProcessesMax(processes_max),
        ..Program::default()
    };
    let host = harness.host.as_ref().expect("processes");
    (host.start(&program, config).expect("the shell starts"), name)
}

#[test]
fn a_cell_that_takes_too_much_memory_ends_and_is_told_why() {
    with("memory controller", |mut harness, _| {
        let grows = "x=0123456789abcdef; while :; do x=$x$x; done";
        let (mut cell, _) = start(&mut harness, grows, Bytes::from_mebibytes(16), 10);
        assert_eq!(harness.run(&mut cell).exit, Some(Exit::Limit));
        assert!(cell.last_words().contains("more memory than it may have"), "{}", cell.last_words());
    });
}

#[test]
fn a_cell_whose_descendant_takes_too_much_ends_for_it_and_not_as_one_that_has_failed() {
    with("memory controller", |mut harness, _| {
        let grows = "sh -c 'x=0123456789abcdef; while :; do x=$x$x; done'; exit 9";
        let (mut cell, _) = start(&mut harness, grows, Bytes::from_mebibytes(16), 10);
        assert_eq!(harness.run(&mut cell).exit, Some(Exit::Limit));
    });
}

#[test]
fn what_descendants_hold_is_the_cells() {
    with("memory controller", |mut harness, _| {
        let holds = "sh -c 'x=0123456789abcdef; while [ ${#x} -lt 8388608 ]; do x=$x$x; done; while :; do :; done'; :";
        let (mut cell, _) = start(&mut harness, holds, CELL_MEMORY, 10);
        let enough = |usage: &Usage| usage.memory >= Bytes::from_mebibytes(8);
        let usage = harness.quanta_until(&mut cell, enough);
        assert!(usage.memory <= CELL_MEMORY, "{usage:?}");
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
fn a_machine_without_the_controllers_says_what_is_not_limited() {
    let root = tempfile::tempdir().expect("a folder");
    let options = common::host_options(GateKind::Signals, 1);
    let options = maxwell_hypervisor::process::HostOptions { root: root.path().to_owned(), ..options };
    let host = maxwell_hypervisor::process::ProcessHost::new(options).expect("signals work everywhere");
    for words in ["nothing limits how much memory they take", "nothing limits how many processes they start"]
    {
        assert!(host.findings().iter().any(|finding| finding.ends_with(words)), "{:?}", host.findings());
    }
}
