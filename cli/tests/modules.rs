//! Programs of one's own: what is refused before anything runs, and what becomes of those that run.

mod common;

use common::programs::{self, Files, module};
use common::{Done, agent, maxwell};
use maxwell_api::demo::{AgentReport, DemoReport};

/// The two clocks: in real time for long enough that something happens.
const FAST: [&str; 3] = ["--fast", "--duration", "5"];
const REAL: [&str; 2] = ["--duration", "2"];

fn demo(options: &[&str], agent: &str, module: &str) -> Done {
    let agent = format!("--{agent}");
    maxwell(&[&["demo", "--json", &agent, module], options].concat())
}

/// Runs a demonstration with `body` as the miner; the report, and the miner in it.
fn with_miner(options: &[&str], body: &str) -> (DemoReport, AgentReport) {
    let files = Files::new();
    let done = demo(options, "miner", &files.program(body));
    assert_eq!(done.code, Some(0), "{done:?}");
    let report = done.report();
    assert_eq!(agent(&report, "scientist").fate, "alive", "another's program is no harm to it");
    let miner = agent(&report, "miner").clone();
    (report, miner)
}

/// That the miner died of `reason` and its last words say all of this.
fn dies(options: &[&str], body: &str, reason: &str, said: &str) -> AgentReport {
    let (report, miner) = with_miner(options, body);
    assert_eq!(miner.reason.as_deref(), Some(reason), "{miner:?}");
    let words = miner.last_words.as_deref().unwrap_or_default();
    assert!(words.contains(said), "{words}");
    assert!(miner.died_at_s.is_some_and(|at| at <= report.duration_s));
    miner
}

#[test]
fn what_is_no_module_is_refused_before_anything_runs() {
    let files = Files::new();
    let refused = |agent: &str, path: &str, said: &[&str]| {
        let place = format!("the {agent}'s module {path}");
        let said = [said, &[&place]].concat();
        demo(&FAST, agent, path).complains(1, &said);
    };
    let put = |bytes: &[u8]| files.put("agent.wasm", bytes);
    let wat = |text: &str| put(&wat::parse_str(text).expect("valid text"));
    let missing = files.path("missing.wasm").to_str().expect("plain names").to_owned();
    for agent in ["miner", "scientist"] {
        refused(agent, &missing, &["cannot be read", "No such file", "name a wasm file"]);
        refused(agent, &files.folder(), &["a directory", "name a wasm file"]);
        refused(agent, "/dev/zero", &["a device", "name a wasm file"]);
        refused(agent, &put(b""), &["not a wasm module"]);
        refused(agent, &put(b"#!/bin/sh\nexit 0\n"), &["not a wasm module"]);
        refused(agent, &put(&module(programs::LOOP)[..100]), &["malformed"]);
        refused(agent, &put(&vec![0; (16 << 20) + 1]), &["at most 16777216"]);
        refused(agent, &wat("(component)"), &["component", "wasm32-wasip1"]);
        refused(agent, &wat("(module)"), &["_start"]);
        refused(
            agent,
            &wat(r#"(module (import "env" "fork" (func)) (func (export "_start")))"#),
            &["`env` `fork`"],
        );
    }
}

#[test]
fn what_does_not_fit_into_its_cell_is_refused_before_anything_runs() {
    let files = Files::new();
    let text = r#"(module (memory (export "memory") 2000) (func (export "_start") (loop (br 0))))"#;
    let large = files.put("agent.wasm", &wat::parse_str(text).expect("valid text"));
    for agent in ["miner", "scientist"] {
        let said = format!("the {agent} cannot be started");
        demo(&FAST, agent, &large).complains(1, &[&said, "128000 KiB", "may have 65536 KiB"]);
    }
}

#[test]
fn a_miner_that_fails_or_ends_is_told_of_and_the_run_goes_on() {
    dies(&FAST, "unreachable", "crashed", "unreachable");
    dies(&FAST, &programs::exit(3), "crashed", "status 3");
    dies(&FAST, &programs::exit(0), "finished", "");
    dies(&FAST, "", "finished", "");
    // What it wrote is kept as far as it explains the end, not all of its megabytes.
    let writer = dies(&FAST, programs::WRITE_MEGABYTES, "finished", "");
    assert!(writer.last_words.unwrap_or_default().len() <= 1_024);
}

#[test]
fn the_plain_output_tells_why_a_program_died() {
    let files = Files::new();
    let text =
        maxwell(&["demo", "--fast", "--duration", "2", "--miner", &files.program("unreachable")]).good();
    assert!(text.contains("the miner is dead: crashed, its program failed"), "{text}");
    assert!(text.contains("unreachable"), "{text}");
    assert!(text.contains(" s: crashed, its program failed"), "{text}");
    assert!(text.contains("story        does not hold: the miner did not go broke"), "{text}");
}

#[test]
fn floods_are_ended_and_nothing_hangs() {
    for options in [&FAST[..], &REAL] {
        dies(options, programs::FLOOD_BIDS, "limit", "requests were refused");
        dies(options, programs::FLOOD_LOG, "limit", "requests were refused");
        dies(options, programs::FLOOD_CLAIMS, "limit", "requests were refused");
    }
}

#[test]
fn hoarding_leases_harms_nobody() {
    for options in [&FAST[..], &REAL] {
        let (report, miner) = with_miner(options, programs::FLOOD_LEASES);
        assert_eq!(miner.income_uj, 0);
        assert!(agent(&report, "scientist").primes > 0, "{report:?}");
    }
}

#[test]
fn memory_without_bound_is_refused_and_named() {
    for options in [&FAST[..], &REAL] {
        dies(options, programs::ALLOCATE, "limit", "may have 65536 KiB");
    }
}

#[test]
fn one_that_never_yields_is_made_to() {
    for options in [&FAST[..], &REAL] {
        let (report, miner) = with_miner(options, programs::LOOP);
        assert!(miner.quanta_granted > 0 && agent(&report, "scientist").quanta_granted > 0);
    }
}

#[test]
fn one_that_sleeps_uses_little_and_lives() {
    for options in [&FAST[..], &REAL] {
        let (report, miner) = with_miner(options, programs::SLEEP);
        assert_eq!(miner.fate, "alive");
        assert!(miner.cpu_s < agent(&report, "scientist").cpu_s, "{miner:?}");
    }
}

#[test]
fn a_scientist_that_cannot_be_measured_is_refused_with_a_reason() {
    let files = Files::new();
    let refused = |options: &[&str], body: &str, said: &str| {
        let path = files.program(body);
        demo(options, "scientist", &path).complains(1, &["the scientist is measured before the start", said]);
    };
    refused(&FAST, programs::SLEEP, "0 leases, 0 claims");
    refused(&FAST, &programs::claim(49, 1), "1 claims, none of them true");
    refused(&FAST, "unreachable", "unreachable");
    refused(&FAST, &programs::exit(3), "status 3");
    refused(&FAST, "", "its program came to its end");
    refused(&FAST, programs::ALLOCATE, "may have 65536 KiB");
    refused(&FAST, programs::FLOOD_LOG, "requests were refused");
    refused(&REAL, programs::LOOP, "did not earn anything in 500 quanta");
}

#[test]
fn a_scientist_of_ones_own_is_measured_and_paid_for_what_is_true() {
    let files = Files::new();
    let done =
        demo(&[&FAST[..], &["--seed", "3"]].concat(), "scientist", &files.program(&programs::earn_once(3)));
    assert_eq!(done.code, Some(0), "{done:?}");
    let report = done.report();
    let scientist = agent(&report, "scientist");
    // In the market it leases the same range and claims the same, and that once.
    assert!(scientist.primes > 0, "{scientist:?}");
    assert_eq!((scientist.ranges_paid, scientist.claims_refused), (1, 0));
    assert!(report.work.cpu_per_range_s > 0.0);
}
