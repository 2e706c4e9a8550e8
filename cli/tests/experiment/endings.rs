//! However an experiment ends, nothing is left of it, and what was recorded stays.

use std::fs;
use std::process::Command;

use maxwell_api::experiment::Outcome;
use rustix::process::{Signal, geteuid, kill_process};

use crate::lab::Lab;

/// An experiment of one arm that goes on until something happens.
const LONG: [&str; 6] = ["--duration", "600", "--repetitions", "1", "--arms", "maxwell"];
/// One short run.
const SHORT: [&str; 4] = ["--duration", "5", "--repetitions", "1"];

fn failed(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Failed(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn interrupted_it_keeps_what_it_has() {
    for signal in [Signal::INT, Signal::TERM] {
        let lab = Lab::new();
        let mut going = lab.start(&LONG);
        going.wait_for_rows();
        going.signal(signal);
        let done = going.end();
        assert_eq!((done.code, done.stderr.as_str()), (Some(130), ""), "{}", done.stdout);
        assert_eq!(lab.runs()[0].outcome, Outcome::Interrupted);
        assert!(lab.path("out/report.html").exists());
    }
}

#[test]
fn killed_it_takes_its_run_along() {
    let lab = Lab::new();
    let mut going = lab.start(&LONG);
    going.wait_for_rows();
    going.signal(Signal::KILL);
    assert_eq!(going.end().signal, Some(9));
}

#[test]
fn a_run_that_is_killed_costs_only_itself() {
    let lab = Lab::new();
    let mut going = lab.start(&SHORT);
    going.wait_for_rows();
    kill_process(lab.process("experiment-run"), Signal::KILL).expect("it is still there");
    let done = going.end();
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("ended from outside by SIGKILL"), "{}", done.stderr);
    let runs = lab.runs();
    assert!(failed(&runs[0].outcome).contains("SIGKILL"));
    assert_eq!(runs[1].outcome, Outcome::Complete);
    assert_eq!((runs[0].agents.len(), runs[1].agents.len()), (2, 2));
}

#[test]
fn a_run_that_hangs_is_ended() {
    let lab = Lab::new();
    let mut going = lab.start(&LONG);
    going.wait_for_rows();
    kill_process(lab.process("experiment-run"), Signal::STOP).expect("it is still there");
    let done = going.end();
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(failed(&lab.runs()[0].outcome).contains("said nothing for 15 s"));
}

#[test]
fn a_program_that_dies_at_once_costs_no_run() {
    let lab = Lab::new();
    let miner = lab.script("brief", "echo 'no luck today' >&2; exit 3");
    let done = lab.run(&[&SHORT[..], &["--program", &format!("miner={miner}")]].concat());
    done.complains(1, &[&miner, "over at once", "no luck today"]);
    let done = lab.run(&[&SHORT[..], &["--program", &format!("scientist={miner}")]].concat());
    done.complains(1, &[&miner, "ended too early", "no luck today"]);
    assert!(!lab.path("out").exists());
}

#[test]
fn a_run_whose_agent_is_killed_does_not_count() {
    let lab = Lab::new();
    let mut going = lab.start(&["--duration", "5", "--repetitions", "1", "--arms", "linux"]);
    going.wait_for_rows();
    let miner = lab.process("agent\0miner");
    kill_process(miner, Signal::KILL).expect("it is still there");
    let done = going.end();
    assert_eq!(done.code, Some(1), "{done:?}");
    let runs = lab.runs();
    let why = failed(&runs[0].outcome);
    assert!(why.contains("miner was over after") && why.contains("SIGKILL"), "{why}");
}

#[test]
fn a_program_that_does_not_listen_is_ended_all_the_same() {
    let lab = Lab::new();
    let miner = lab.script(
        "stubborn",
        "trap '' TERM INT HUP\n(trap '' TERM; while :; do :; done) &\nwhile :; do :; done",
    );
    let program = format!("miner={miner}");
    lab.run(&["--duration", "5", "--repetitions", "1", "--arms", "maxwell", "--program", &program]).good();
    let run = &lab.runs()[0];
    assert_eq!(run.outcome, Outcome::Complete);
    let miner = run.agents.iter().find(|agent| agent.kind == "miner").expect("it takes part");
    assert_eq!((miner.fate.as_str(), miner.reason.as_deref()), ("dead", Some("insolvent")), "{miner:?}");
}

/// A file system of its own that is soon full. It is unmounted when this is dropped.
struct SmallDisk<'a>(&'a Lab);

impl<'a> SmallDisk<'a> {
    fn mount(lab: &'a Lab) -> Option<Self> {
        let place = lab.path("disk");
        fs::create_dir(&place).expect("the test's own folder");
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=40k", "none"]).arg(&place).status();
        mount.is_ok_and(|status| status.success()).then_some(Self(lab))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        // A test that has failed leaves the mount to the machine's end at worst.
        let _ = Command::new("umount").arg(self.0.path("disk")).status();
    }
}

#[test]
fn a_full_disk_ends_the_run_and_is_named() {
    let lab = Lab::new();
    if !geteuid().is_root() {
        println!("skipped, because only root can mount a small disk");
        return;
    }
    let Some(_disk) = SmallDisk::mount(&lab) else {
        println!("skipped, because nothing can be mounted here");
        return;
    };
    let out = lab.path("disk/out");
    let done = lab.start_in(&out, &[&LONG[..], &["--record-ticks"]].concat()).end();
    assert_eq!(done.code, Some(1), "{done:?}");
    for said in ["csv cannot be written", "No space left", "--out"] {
        assert!(done.stderr.contains(said), "{said:?} is missing in:\n{}", done.stderr);
    }
    let ticks = fs::read_to_string(out.join("runs/01-maxwell-1/ticks.csv")).expect("what stood before stays");
    assert!(ticks.ends_with('\n') && ticks.lines().count() > 1, "whole rows only");
}
