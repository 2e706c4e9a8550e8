//! SIGINT and SIGTERM: a run ends at once, with its summary and its books.

mod common;

use common::programs::{self, Files};
use common::{Done, Running, conserved, maxwell};
use maxwell_api::demo::DemoReport;
use rustix::process::Signal;

/// A run that goes on until it is interrupted.
const LONG: [&str; 3] = ["demo", "--duration", "3600"];

/// That it ended with its whole summary.
fn interrupted(done: &Done) {
    assert_eq!((done.code, done.stderr.as_str()), (Some(130), ""), "{}", done.stdout);
    for said in ["\ninterrupted after ", "money        conserved", "energy       conserved", "\nnote "] {
        assert!(done.stdout.contains(said), "{said:?} is missing in:\n{}", done.stdout);
    }
}

#[test]
fn at_once_it_ends_before_or_after_the_market_opens() {
    for signal in [Signal::INT, Signal::TERM] {
        let running = Running::start(&LONG);
        running.signal(signal);
        let done = running.end();
        // Before the first line of the command's own code runs, the signal ends it as it ends any program.
        let by_signal = done.signal == Some(signal.as_raw());
        let with_word = done.code == Some(130) && (done.stdout + &done.stderr).contains("interrupted");
        assert!(by_signal || with_word, "{:?} {:?}", done.code, done.signal);
    }
}

#[test]
fn in_real_time_it_ends_with_its_summary() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut running = Running::start(&LONG);
        running.line_where(|line| line.contains("price of a quantum"));
        running.signal(signal);
        interrupted(&running.end());
    }
    let mut running = Running::start(&LONG);
    running.row();
    running.row();
    running.signal(Signal::INT);
    interrupted(&running.end());
}

#[test]
fn on_the_virtual_clock_it_ends_with_its_summary() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut running = Running::start(&["demo", "--fast", "--duration", "3600"]);
        running.row();
        running.signal(signal);
        interrupted(&running.end());
    }
}

#[test]
fn the_report_says_that_it_was_interrupted() {
    for fast in [&[][..], &["--fast"]] {
        let running = Running::start(&[&LONG[..], &["--json"], fast].concat());
        running.wait_for_threads(|names| names.iter().any(|name| name == "maxwell-node"));
        running.signal(Signal::INT);
        let done = running.end();
        assert_eq!((done.code, done.stderr.as_str()), (Some(130), ""));
        let report: DemoReport = serde_json::from_str(&done.stdout).expect("a report");
        assert_eq!(report.ended, "interrupted");
        assert!(report.duration_s < 3_600.0);
        conserved(&report);
    }
}

#[test]
fn a_long_measurement_can_be_interrupted() {
    let files = Files::new();
    let running = Running::start(&["demo", "--scientist", &files.program(programs::SLEEP)]);
    running.wait_for_threads(|names| names.iter().any(|name| name.starts_with("mw-slot")));
    running.signal(Signal::INT);
    running.end().complains(130, &["interrupted before the start", "nothing is left running"]);
}

#[test]
fn an_interrupted_run_leaves_the_next_one_alone() {
    let mut running = Running::start(&LONG);
    running.row();
    running.signal(Signal::TERM);
    interrupted(&running.end());
    assert_eq!(maxwell(&["demo", "--duration", "1", "--json"]).report().ended, "elapsed");
}
