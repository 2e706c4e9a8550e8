//! Output that nobody can take, or that nobody takes.

mod common;

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, pipe};
use std::process::{Command, Stdio};

use common::programs::{CHATTER, Files, earn_once};
use common::{Running, is_row};
use rustix::process::Signal;

/// A device on which there is never any room.
fn full() -> File {
    OpenOptions::new().write(true).open("/dev/full").expect("every Linux has it")
}

#[test]
fn a_full_disk_ends_the_run_with_a_message() {
    let runs: [&[&str]; 5] = [
        &["demo", "--fast", "--duration", "2"],
        &["demo", "--fast", "--duration", "2", "--json"],
        // It would take an hour if it went on without its output.
        &["demo", "--duration", "3600"],
        &["physics"],
        &["physics", "--json"],
    ];
    for args in runs {
        let done = Running::start_into(args, full().into()).end();
        done.complains(1, &["the output cannot be written", "No space left on device"]);
    }
}

#[test]
fn a_reader_who_goes_away_ends_the_run() {
    let (reader, writer) = pipe().expect("the system gives pipes");
    drop(reader);
    let done = Running::start_into(&["demo", "--duration", "3600"], writer.into()).end();
    done.complains(1, &["the output cannot be written", "Broken pipe", "nothing is left running"]);

    for args in [&["demo", "--duration", "3600"][..], &["demo", "--fast", "--duration", "3600"]] {
        let (reader, writer) = pipe().expect("the system gives pipes");
        let running = Running::start_into(args, writer.into());
        let mut rows = BufReader::new(reader).lines().map_while(Result::ok).filter(|line| is_row(line));
        assert!(rows.next().is_some());
        drop(rows);
        running.end().complains(1, &["the output cannot be written", "Broken pipe"]);
    }
}

#[test]
fn where_not_even_the_complaint_can_be_written_the_exit_code_says_it() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_maxwell"));
    command.args(["physics", "--trace", "/nowhere"]).stdout(Stdio::null()).stderr(full());
    assert_eq!(command.status().expect("it runs").code(), Some(1));
}

#[test]
fn a_reader_who_does_not_read_delays_nothing() {
    let files = Files::new();
    let chatter = files.program(CHATTER);
    let (reader, writer) = pipe().expect("the system gives pipes");
    // The heading fits into a page; a miner that talks fills it within seconds.
    rustix::pipe::fcntl_setpipe_size(&writer, 4_096).expect("a pipe may be small");
    let mut running = Running::start_into(&["demo", "--duration", "3", "--miner", &chatter], writer.into());
    running.wait_for_threads(|names| names.iter().any(|name| name == "maxwell-node"));
    // Nobody has read anything, and the node comes to its end all the same.
    running.wait_for_threads(|names| names.iter().all(|name| name != "maxwell-node"));
    running.read(reader);
    let text = running.end().good();
    assert!(text.contains("the run is over after "), "{text}");
    assert!(text.len() > 4_096 && !text.contains("were not shown"), "{text}");
}

#[test]
fn a_slow_reader_gets_every_line() {
    let files = Files::new();
    let scientist = files.put("scientist.wasm", &common::programs::module(&earn_once(7)));
    let chatter = files.program(CHATTER);
    let args = ["demo", "--fast", "--duration", "600", "--miner", &chatter, "--scientist", &scientist];
    let at_once = Running::start(&args).end().good();
    assert!(at_once.lines().count() > 5_000, "more lines than the recorder's queue holds by itself");

    let (reader, writer) = pipe().expect("the system gives pipes");
    let mut slow = Running::start_into(&args, writer.into());
    slow.wait_for_threads(|names| names.iter().any(|name| name == "maxwell-node"));
    slow.wait_for_threads(|names| names.iter().all(|name| name != "maxwell-node"));
    slow.read(reader);
    assert!(slow.end().good() == at_once, "the same seed gives the same bytes, whoever reads them");
}

#[test]
fn one_that_waits_for_its_reader_can_be_ended() {
    let files = Files::new();
    let chatter = files.program(CHATTER);
    let (reader, writer) = pipe().expect("the system gives pipes");
    rustix::pipe::fcntl_setpipe_size(&writer, 4_096).expect("a pipe may be small");
    let args = ["demo", "--duration", "3", "--miner", &chatter];
    let mut running = Running::start_into(&args, writer.into());
    running.wait_for_threads(|names| names.iter().any(|name| name == "maxwell-node"));
    running.wait_for_threads(|names| names.iter().all(|name| name != "maxwell-node"));
    // The run is over and its end cannot be told; the user loses patience, and the second signal needs no reader.
    running.signal_until_over(Signal::INT);
    drop(reader);
    assert_eq!(running.end().code, Some(130));
}
