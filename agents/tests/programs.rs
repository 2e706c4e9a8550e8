//! The native programs, run as a user runs them.

use rustix::process::{Pid, Signal, kill_process};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Every program with the names of what it counts.
const PROGRAMS: [(&str, &[&str]); 7] = [
    (env!("CARGO_BIN_EXE_scientist"), &["primes", "ranges", "seconds"]),
    (env!("CARGO_BIN_EXE_miner"), &["hashes", "discarded_bytes", "seconds"]),
    (env!("CARGO_BIN_EXE_sleeper"), &["naps", "seconds"]),
    (env!("CARGO_BIN_EXE_bursty"), &["hashes", "discarded_bytes", "bursts", "seconds"]),
    (env!("CARGO_BIN_EXE_cheat"), &["claims", "seconds"]),
    (env!("CARGO_BIN_EXE_hoarder"), &["held_bytes", "looks", "seconds"]),
    (env!("CARGO_BIN_EXE_whale"), &["hashes", "discarded_bytes", "raises", "seconds"]),
];

fn run(program: &str, options: &str) -> Output {
    Command::new(program).args(options.split_whitespace()).output().unwrap()
}

/// Checks the line that a program prints at its end.
fn check(output: &Output, words: &[&str]) {
    assert_eq!(output.status.code(), Some(0));
    let said = std::str::from_utf8(&output.stdout).unwrap();
    let fields: Vec<&str> = said.trim_end_matches('\n').split(' ').collect();
    let (names, values): (Vec<&str>, Vec<&str>) = fields.chunks(2).map(|pair| (pair[0], pair[1])).unzip();
    assert_eq!(names, words, "{said}");
    assert!(values.iter().all(|value| value.parse::<f64>().is_ok()), "{said}");
    assert_ne!(values[0], "0", "{said}");
}

#[test]
fn at_the_end_one_line_says_what_was_achieved() {
    for (program, words) in PROGRAMS {
        check(&run(program, "--bid-uj 600000 --seed 1 --seconds 1 --mib 4"), words);
    }
}

#[test]
fn a_signal_ends_a_program_with_the_same_line() {
    for ((program, words), signal) in
        PROGRAMS.into_iter().zip([Signal::INT, Signal::TERM].into_iter().cycle())
    {
        let child = Command::new(program).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let pid = Pid::from_child(&child);
        until_caught(pid, signal);
        kill_process(pid, signal).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{program}");
        assert_eq!(String::from_utf8(output.stdout).unwrap().split(' ').next(), Some(words[0]));
    }
}

/// Returns when a process has a handler for `signal`; before, the signal would end it.
fn until_caught(pid: Pid, signal: Signal) {
    let begun = Instant::now();
    loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap().trim();
        if u64::from_str_radix(caught, 16).unwrap() >> (signal.as_raw() - 1) & 1 == 1 {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "the signal is never handled");
        thread::yield_now();
    }
}

#[test]
fn bad_options_are_told_on_the_standard_error() {
    for (program, _) in PROGRAMS {
        let output = run(program, "--bid 5");
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "unknown option `--bid`\n");
        assert!(output.stdout.is_empty());
    }
}
