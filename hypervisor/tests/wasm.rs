//! Wasm cells: what modules are accepted, and that a program, whatever it does, harms only itself.

mod common;

use common::{FUEL, Harness, Kind, requests};
use maxwell_core::event::Request;
use maxwell_core::limits::{
    CELL_MEMORY, LAST_WORDS_MAX, MODULE_BYTES_MAX, QUANTUM, REQUESTS_PER_QUANTUM_MAX,
};
use maxwell_core::tick::{Exit, Usage, Wait};
use maxwell_core::units::{Bytes, Microjoules, Nanoseconds};
use maxwell_hypervisor::cell::{CellConfig, Notice};
use maxwell_hypervisor::wasm::{ModuleError, RuntimeError, SpawnError, WasmRuntime};

/// Runs a check in both modes.
fn both(check: impl Fn(Harness)) {
    check(Harness::deterministic());
    check(Harness::real_time(1));
}

/// Runs a module to its end: how it ended and its last words.
fn ending(harness: &mut Harness, text: &str) -> (Exit, String) {
    let (mut cell, _queue) = harness.wat(text);
    let exit = harness.run(&mut *cell).exit.expect("it is over");
    (exit, cell.last_words())
}

/// A module whose `_start` is `body`, with everything that the tests import.
fn module(body: &str) -> String {
    format!(
        r#"(module
            (import "maxwell" "price" (func $price (param i32) (result i64)))
            (import "maxwell" "balance" (func $balance (result i64)))
            (import "maxwell" "set_bid" (func $set_bid (param i64 i32) (result i32)))
            (import "maxwell" "claim" (func $claim (param i64 i32 i64) (result i32)))
            (import "maxwell" "discard" (func $discard (param i32 i32) (result i32)))
            (import "maxwell" "log" (func $log (param i32 i32) (result i32)))
            (import "maxwell" "notice" (func $notice (result i64)))
            (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
            (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $fd_fdstat_get (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_filestat_get" (func $fd_filestat_get (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_seek" (func $fd_seek (param i32 i64 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_sync" (func $fd_sync (param i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_readdir"
                (func $fd_readdir (param i32 i32 i32 i64 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
            (import "wasi_snapshot_preview1" "path_open"
                (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "path_unlink_file"
                (func $path_unlink_file (param i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "sock_accept" (func $sock_accept (param i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "clock_time_get"
                (func $clock_time_get (param i32 i64 i32) (result i32)))
            (import "wasi_snapshot_preview1" "clock_res_get" (func $clock_res_get (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "sched_yield" (func $sched_yield (result i32)))
            (import "wasi_snapshot_preview1" "environ_sizes_get"
                (func $environ_sizes_get (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 4)
            (data (i32.const 64) "hello\n\ff")
            ;; End the program, with the number of the check as its status, unless the two are equal.
            (global $checks (mut i32) (i32.const 0))
            (func $is (param i32 i32)
                (global.set $checks (i32.add (global.get $checks) (i32.const 1)))
                (if (i32.ne (local.get 0) (local.get 1)) (then (call $proc_exit (global.get $checks)))))
            (func $is64 (param i64 i64) (call $is (i64.eq (local.get 0) (local.get 1)) (i32.const 1)))
            (func $dive (param i32) (result i32) (i32.add (i32.const 1) (call $dive (i32.add (local.get 0) (i32.const 1)))))
            (func (export "_start") {body}))"#
    )
}

fn finishes(harness: &mut Harness, body: &str) {
    assert_eq!(ending(harness, &module(body)), (Exit::Finished, String::new()));
}

#[test]
fn bad_modules_are_refused_with_a_reason() {
    let runtime = WasmRuntime::deterministic(FUEL, 0).expect("works");
    let check = |bytes: &[u8], said: &str| {
        let error = runtime.compile(bytes).expect_err(said).to_string();
        assert!(error.contains(said), "{error}");
    };
    let wat = |text: &str| wat::parse_str(text).expect("valid text");
    check(b"", "not a wasm module");
    check(b"#!/bin/sh", "not a wasm module");
    check(b"\0asm\x01\0\0", "malformed");
    check(b"\0asm\x01\0\0\0\xff\xff\xff", "malformed");
    check(b"\0asm\x02\0\0\0", "malformed");
    check(b"\0asm\x0d\0\x01\0", "component");
    check(&vec![0; MODULE_BYTES_MAX as usize + 1], "at most 16777216");
    check(&wat("(component)"), "wasm32-wasip1");
    check(&wat("(module)"), "_start");
    check(&wat(r#"(module (memory (export "_start") 1))"#), "_start");
    check(&wat(r#"(module (func (export "_start") (param i32)))"#), "parameters");
    check(&wat(r#"(module (import "env" "fork" (func)) (func (export "_start")))"#), "`env` `fork`");
    check(&wat(r#"(module (import "maxwell" "price" (func)) (func (export "_start")))"#), "signature");
    check(&wat(r#"(module (memory 1) (memory 1) (func (export "_start")))"#), "feature that is off");
}

#[test]
fn a_program_must_fit_into_its_cell_and_come_from_its_runtime() {
    let mut harness = Harness::deterministic();
    let (config, _queue) = harness.config(&[]);
    let runtime = harness.runtime.as_ref().expect("wasm");
    let bytes = wat::parse_str(r#"(module (memory 2000) (func (export "_start")))"#).expect("valid text");
    let program = runtime.compile(&bytes).expect("a valid module");
    let refused = runtime.spawn(&program, config.clone()).err();
    assert_eq!(refused, Some(SpawnError::Memory { needed: Bytes(2_000 << 16), allowed: CELL_MEMORY }));
    assert!(runtime.spawn(&program, CellConfig { memory_max: Bytes(2_000 << 16), ..config.clone() }).is_ok());
    let other = WasmRuntime::real_time(1).expect("works");
    assert_eq!(other.spawn(&program, config).err(), Some(SpawnError::OtherRuntime));
    assert!(matches!(runtime.compile(b""), Err(ModuleError::NotWasm)));
}

#[test]
fn runtimes_have_slots_and_quanta_have_fuel() {
    assert!(matches!(WasmRuntime::real_time(0), Err(RuntimeError::Slots(0))));
    assert!(matches!(WasmRuntime::real_time(u16::MAX), Err(RuntimeError::Slots(_))));
    assert!(matches!(WasmRuntime::deterministic(0, 0), Err(RuntimeError::NoFuel)));
    let runtime = WasmRuntime::real_time(3).expect("works");
    assert_eq!(runtime.pinning().len(), 3);
    assert!(runtime.pinning().iter().all(|worker| worker.core.is_some() != worker.warning.is_some()));
}

#[test]
fn memory_beyond_the_limit_is_refused_and_named() {
    let hog = r#"(module (memory (export "memory") 1)
        (func (export "_start")
            (loop (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable)) (br 0))))"#;
    both(|mut harness| {
        let (mut cell, _queue) = harness.wat_with(hog, &[], Bytes::from_mebibytes(2));
        assert_eq!(harness.run(&mut *cell).exit, Some(Exit::Limit));
        assert!(cell.last_words().contains("may have 2048 KiB"), "{}", cell.last_words());
        // One that copes with the refusal goes on.
        finishes(&mut harness, "(call $is (memory.grow (i32.const 60000)) (i32.const -1))");
    });
    let tables = r#"(module (table 1 funcref) (func (export "_start")
        (call_indirect (table.grow (ref.null func) (i32.const 1000000)))))"#;
    let (exit, words) = ending(&mut Harness::deterministic(), tables);
    assert!(exit == Exit::Limit && words.contains("table"), "{words}");
}

#[test]
fn memory_is_told_as_it_grows() {
    both(|mut harness| {
        let text = module("(drop (memory.grow (i32.const 12))) (loop (br 0))");
        let (mut cell, _queue) = harness.wat(&text);
        harness.quanta_until(&mut *cell, |usage| usage.memory == Bytes(16 << 16));
    });
}

#[test]
fn a_flood_of_requests_is_refused_then_ended() {
    both(|mut harness| {
        let (mut cell, queue) =
            harness.wat(&module("(loop (drop (call $log (i32.const 64) (i32.const 5))) (br 0))"));
        assert_eq!(harness.run(&mut *cell).exit, Some(Exit::Limit));
        assert!(cell.last_words().starts_with("limit reached: 10001 requests"), "{}", cell.last_words());
        let logged = requests(&queue);
        assert_eq!(logged.len() % REQUESTS_PER_QUANTUM_MAX as usize, 0);
        assert!(
            logged.iter().all(|request| matches!(request, Request::Log(line) if line.as_str() == "hello"))
        );
    });
}

#[test]
fn a_full_queue_is_busy_and_nothing_blocks() {
    let mut harness = Harness::deterministic();
    let (config, _) = harness.config(&[]);
    let (events, queue) = std::sync::mpsc::sync_channel(2);
    let body = "(call $is (call $set_bid (i64.const 5) (i32.const 2)) (i32.const 0))
                (call $is (call $claim (i64.const 5) (i32.const 2) (i64.const 3)) (i32.const 0))
                (call $is (call $set_bid (i64.const 5) (i32.const 2)) (i32.const -1))";
    let runtime = harness.runtime.as_ref().expect("wasm");
    let program = runtime.compile(&wat::parse_str(module(body)).expect("valid text")).expect("valid");
    let mut cell = runtime.spawn(&program, CellConfig { events, ..config }).expect("fits");
    assert_eq!(harness.run(&mut *cell).exit, Some(Exit::Finished));
    assert_eq!(requests(&queue)[0], Request::Order { limit: Microjoules(5), slots: 2, last_tick: None });
}

#[test]
fn arguments_of_host_functions_are_checked() {
    let calls = [
        "(call $set_bid (i64.const -1) (i32.const 1))",
        "(call $set_bid (i64.const 1000000000001) (i32.const 1))",
        "(call $set_bid (i64.const 1) (i32.const -1))",
        "(call $set_bid (i64.const 1) (i32.const 1025))",
        "(call $claim (i64.const -1) (i32.const 1) (i64.const 1))",
        "(call $claim (i64.const 3000000000) (i32.const 1) (i64.const 1))",
        "(call $claim (i64.const 1) (i32.const -1) (i64.const 1))",
        "(call $claim (i64.const 1) (i32.const 1) (i64.const -1))",
        "(call $log (i32.const 64) (i32.const 7))",
        "(call $log (i32.const 262143) (i32.const 2))",
        "(call $log (i32.const -1) (i32.const 2))",
        "(call $log (i32.const 0) (i32.const -1))",
        "(call $discard (i32.const -4096) (i32.const 8192))",
        "(call $discard (i32.const 0) (i32.const 262145))",
        "(i32.wrap_i64 (call $price (i32.const 2)))",
    ];
    both(|mut harness| {
        let body: String = calls.map(|call| format!("(call $is {call} (i32.const -2))")).concat();
        finishes(&mut harness, &body);
    });
}

#[test]
fn a_program_sees_the_market_and_the_notice() {
    both(|mut harness| {
        let body = "(call $is64 (call $price (i32.const 0)) (i64.const 150000))
                    (call $is64 (call $price (i32.const 1)) (i64.const 200000))
                    (call $is64 (call $balance) (i64.const -3))
                    (call $is64 (i64.and (call $notice) (i64.const 255)) (i64.const 3))
                    (if (i64.gt_u (i64.shr_u (call $notice) (i64.const 8)) (i64.const 5000)) (then unreachable))
                    (if (i64.lt_u (i64.shr_u (call $notice) (i64.const 8)) (i64.const 1)) (then unreachable))";
        let (mut cell, _queue) = harness.wat(&module(body));
        cell.notify(Notice { reason: 3, left: Nanoseconds::from_millis(5_000) });
        assert_eq!(harness.run(&mut *cell).exit, Some(Exit::Finished), "{}", cell.last_words());
    });
}

#[test]
fn time_left_of_a_notice_counts_down() {
    let mut harness = Harness::deterministic();
    let text = module("(loop (br_if 0 (i64.ne (call $notice) (i64.const 1))))");
    let (mut cell, _queue) = harness.wat(&text);
    cell.notify(Notice { reason: 1, left: Nanoseconds::from_millis(50) });
    let mut quanta = 0;
    harness.quanta_until(&mut *cell, |usage| {
        quanta += 1;
        usage.exit.is_some()
    });
    assert_eq!(quanta, 6, "50 ms at its first quantum, nothing at its sixth");
}

#[test]
fn traps_end_the_cell_and_are_explained_in_a_line() {
    both(|mut harness| {
        let mut check = |body: &str, said: &str| {
            let (exit, words) = ending(&mut harness, &module(body));
            assert_eq!(exit, Exit::Crashed, "{words}");
            assert!(words.contains(said) && words.lines().count() == 1, "{words}");
        };
        check("unreachable", "unreachable");
        check("(drop (i32.load (i32.const -8)))", "out of bounds memory access");
        check(
            "(drop (i32.div_s (i32.const 1) (memory.grow (i32.const 0)))) (drop (i32.div_u (i32.const 1) (i32.const 0)))",
            "divide by zero",
        );
        check("(drop (call $dive (i32.const 0)))", "stack");
        check("(call $proc_exit (i32.const 3))", "status 3");
        check("(call $proc_exit (i32.const 200))", "exit status");
        let start = r#"(module (func $boom unreachable) (start $boom) (func (export "_start")))"#;
        assert_eq!(ending(&mut harness, start).0, Exit::Crashed);
    });
}

#[test]
fn proc_exit_with_zero_is_success() {
    both(|mut harness| finishes(&mut harness, "(call $proc_exit (i32.const 0)) unreachable"));
}

#[test]
fn every_call_of_wasi_that_a_cell_can_make_returns() {
    let body = "
        (call $is (call $fd_read (i32.const 0) (i32.const 80) (i32.const 1) (i32.const 1000)) (i32.const 0))
        (call $is (i32.load (i32.const 1000)) (i32.const 0))
        (call $is (call $fd_fdstat_get (i32.const 0) (i32.const 1000)) (i32.const 0))
        (call $is (call $fd_fdstat_get (i32.const 1) (i32.const 1000)) (i32.const 0))
        (call $is (call $fd_fdstat_get (i32.const 3) (i32.const 1000)) (i32.const 8))
        (call $is (call $fd_filestat_get (i32.const 2) (i32.const 1000)) (i32.const 0))
        (call $is (call $fd_prestat_get (i32.const 3) (i32.const 1000)) (i32.const 8))
        (drop (call $fd_seek (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 1000)))
        (drop (call $fd_sync (i32.const 1)))
        (drop (call $fd_readdir (i32.const 3) (i32.const 1000) (i32.const 100) (i64.const 0) (i32.const 1200)))
        (call $is (call $path_open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 5) (i32.const 0)
            (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 1000)) (i32.const 8))
        (drop (call $path_open (i32.const 1) (i32.const 0) (i32.const 64) (i32.const 5) (i32.const 0)
            (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 1000)))
        (call $is (call $path_unlink_file (i32.const 3) (i32.const 64) (i32.const 5)) (i32.const 8))
        (drop (call $sock_accept (i32.const 0) (i32.const 0) (i32.const 1000)))
        (call $is (call $clock_time_get (i32.const 0) (i64.const 1) (i32.const 1000)) (i32.const 0))
        (call $is (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 1000)) (i32.const 0))
        (drop (call $clock_time_get (i32.const 2) (i64.const 1) (i32.const 1000)))
        (call $is (call $clock_res_get (i32.const 1) (i32.const 1000)) (i32.const 0))
        (call $is (call $random_get (i32.const 0) (i32.const 262144)) (i32.const 0))
        (call $is (call $random_get (i32.const 0) (i32.const 262145)) (i32.const 21))
        (call $is (call $random_get (i32.const -1) (i32.const -1)) (i32.const 21))
        (call $is (call $sched_yield) (i32.const 0))
        (call $is (call $environ_sizes_get (i32.const 1000) (i32.const 1004)) (i32.const 0))
        (call $is (i32.load (i32.const 1000)) (i32.const 0))
        (call $is (call $poll_oneoff (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) (i32.const 28))
        (call $is (call $poll_oneoff (i32.const 0) (i32.const 0) (i32.const 65) (i32.const 0)) (i32.const 28))
        (call $is (call $poll_oneoff (i32.const -9) (i32.const 0) (i32.const 1) (i32.const 0)) (i32.const 21))
        (i32.store8 (i32.const 2008) (i32.const 1))
        (call $is (call $poll_oneoff (i32.const 2000) (i32.const 0) (i32.const 1) (i32.const 0)) (i32.const 58))
        (call $is (call $fd_write (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1000)) (i32.const 8))
        (call $is (call $fd_write (i32.const 1) (i32.const -4) (i32.const 1) (i32.const 1000)) (i32.const 21))
        (call $is (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1025) (i32.const 1000)) (i32.const 28))
        (call $is (call $fd_close (i32.const 0)) (i32.const 0))
        (i64.store (i32.const 80) (i64.const 0))
        (call $is (call $fd_read (i32.const 0) (i32.const 80) (i32.const 1) (i32.const 1000)) (i32.const 8))";
    both(|mut harness| finishes(&mut harness, body));
}

#[test]
fn written_output_is_bounded() {
    let body = "(i32.store (i32.const 8) (i32.const 64)) (i32.store (i32.const 12) (i32.const 6))
        (loop
            (call $is (call $fd_write (i32.const 2) (i32.const 8) (i32.const 1) (i32.const 16)) (i32.const 0))
            (call $is (i32.load (i32.const 16)) (i32.const 6))
            (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
            (br_if 0 (i32.lt_u (i32.load (i32.const 0)) (i32.const 20000))))
        unreachable";
    both(|mut harness| {
        let (exit, words) = ending(&mut harness, &module(body));
        assert_eq!(exit, Exit::Crashed);
        assert!(words.len() < LAST_WORDS_MAX + 200 && words.ends_with("hello\nhello"), "{words}");
        assert!(words.starts_with("crashed: "), "{words}");
    });
}

/// Subscribes at 256 to a clock, the monotonic one unless said otherwise, and polls.
fn sleep(clock: u32, millis: u64, absolute: bool) -> String {
    let nanos = millis * 1_000_000;
    let deadline = if absolute {
        format!(
            "(drop (call $clock_time_get (i32.const {clock}) (i64.const 1) (i32.const 512)))
             (i64.add (i64.load (i32.const 512)) (i64.const {nanos}))"
        )
    } else {
        format!("(i64.const {nanos})")
    };
    format!(
        "(i64.store (i32.const 256) (i64.const 77))
         (i32.store (i32.const 272) (i32.const {clock}))
         (i64.store (i32.const 280) (block (result i64) {deadline}))
         (i32.store (i32.const 296) (i32.const {}))
         (call $is (call $poll_oneoff (i32.const 256) (i32.const 320) (i32.const 1) (i32.const 360)) (i32.const 0))
         (call $is (i32.load (i32.const 360)) (i32.const 1))
         (call $is64 (i64.load (i32.const 320)) (i64.const 77))
         (call $is (i32.load16_u (i32.const 328)) (i32.const 0))",
        u8::from(absolute)
    )
}

#[test]
fn a_sleep_waits_off_the_slot_until_its_time() {
    for (clock, absolute) in [(0, false), (0, true), (1, false), (1, true)] {
        both(|mut harness| {
            let (mut cell, _queue) = harness.wat(&module(&sleep(clock, 100, absolute)));
            let start = harness.clock.now();
            let asleep = harness.quanta_until(&mut *cell, |usage| usage.wait.is_some());
            let Some(Wait::Until(due)) = asleep.wait else { panic!("{asleep:?}") };
            assert!(due >= start + Nanoseconds::from_millis(100), "due {due:?}, began {start:?}");
            assert!(asleep.used < QUANTUM);
            // A grant before its time is given back, one at its time is used.
            let early = harness.quantum(&mut *cell, 0);
            assert!(harness.clock.now() > due || early.wait == asleep.wait, "{early:?}");
            harness.clock.wait_until(due);
            assert_eq!(harness.run(&mut *cell).exit, Some(Exit::Finished), "{}", cell.last_words());
            assert!(harness.clock.now() >= due);
        });
    }
}

#[test]
fn a_sleep_of_nothing_does_not_wait() {
    both(|mut harness| finishes(&mut harness, &sleep(1, 0, false)));
}

#[test]
fn discarded_pages_read_as_zero_and_whole_ones_alone() {
    let body = "
        (i32.store8 (i32.const 4096) (i32.const 7)) (i32.store8 (i32.const 8191) (i32.const 7))
        (i32.store8 (i32.const 8192) (i32.const 7)) (i32.store8 (i32.const 16383) (i32.const 7))
        (i32.store8 (i32.const 16384) (i32.const 7))
        (call $is (call $discard (i32.const 4097) (i32.const 12287)) (i32.const 0))
        (call $is (i32.load8_u (i32.const 4096)) (i32.const 7))
        (call $is (i32.load8_u (i32.const 8191)) (i32.const 7))
        (call $is (i32.load8_u (i32.const 8192)) (i32.const 0))
        (call $is (i32.load8_u (i32.const 16383)) (i32.const 0))
        (call $is (i32.load8_u (i32.const 16384)) (i32.const 7))
        (call $is (call $discard (i32.const 100) (i32.const 4000)) (i32.const 0))
        (call $is (i32.load8_u (i32.const 64)) (i32.const 104))
        (call $is (call $discard (i32.const 0) (i32.const 0)) (i32.const 0))
        (call $is (call $discard (i32.const 0) (i32.const 4096)) (i32.const 0))
        (call $is (i32.load8_u (i32.const 64)) (i32.const 0))";
    both(|mut harness| {
        let (mut cell, _queue) = harness.wat(&module(body));
        let mut freed = 0;
        let last = harness.quanta_until(&mut *cell, |usage| {
            freed += usage.freed.0;
            usage.exit.is_some()
        });
        assert_eq!((last.exit, freed), (Some(Exit::Finished), 3 * 4_096), "{}", cell.last_words());
    });
}

#[test]
fn a_program_gets_its_own_arguments_and_no_other() {
    // Argument count, bytes of them, and the second argument's first byte.
    let body = "
        (call $is (call $args_sizes_get (i32.const 1000) (i32.const 1004)) (i32.const 0))
        (call $is (i32.load (i32.const 1000)) (i32.const 2))
        (call $is (call $args_get (i32.const 1008) (i32.const 1100)) (i32.const 0))
        (drop (call $log (i32.load (i32.const 1012)) (i32.const 3)))";
    both(|mut harness| {
        let mut cells =
            ["one", "two"].map(|argument| harness.wat_with(&module(body), &[argument], CELL_MEMORY));
        for ((cell, queue), said) in cells.iter_mut().zip(["one", "two"]) {
            assert_eq!(harness.run(&mut **cell).exit, Some(Exit::Finished), "{}", cell.last_words());
            assert!(matches!(requests(queue)[..], [Request::Log(line)] if line.as_str() == said));
        }
    });
}

/// Bids random amounts at random times for some quanta: everything that could differ between two runs.
fn gambler(seed: u64) -> (Vec<Usage>, Vec<Request>) {
    let mut harness = Harness::deterministic();
    harness.runtime = Some(WasmRuntime::deterministic(FUEL, seed).expect("works"));
    let body = "(local $spin i32)
        (loop $bid
            (drop (call $random_get (i32.const 0) (i32.const 8)))
            (drop (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 16)))
            (drop (call $set_bid
                (i64.add (i64.load (i32.const 16)) (i64.and (i64.load (i32.const 0)) (i64.const 0xffff)))
                (i32.const 1)))
            (local.set $spin (i32.load16_u (i32.const 2)))
            (loop $again
                (local.set $spin (i32.sub (local.get $spin) (i32.const 1)))
                (br_if $again (i32.gt_s (local.get $spin) (i32.const 0))))
            (br $bid))";
    let (mut cell, queue) = harness.wat(&module(body));
    let usages = (0..20).map(|_| harness.quantum(&mut *cell, 0)).collect();
    (usages, requests(&queue))
}

#[test]
fn deterministic_runs_are_equal_and_follow_the_seed() {
    let (first, again, other) = (gambler(1), gambler(1), gambler(2));
    assert!(first.1.len() > 20, "{} bids", first.1.len());
    assert_eq!(first, again);
    assert_ne!(first.1, other.1);
    assert!(first.0.iter().all(|usage| usage.cycles == FUEL && usage.used == QUANTUM));
}

#[test]
fn fuel_is_counted_to_the_unit_when_a_program_stops() {
    let fuel = |millis: u64| {
        let mut harness = Harness::deterministic();
        let spin = "(local $i i32) (loop $again
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $i) (i32.const 500000))))";
        let (mut cell, _queue) = harness.wat(&module(&format!("{spin} {}", sleep(1, millis, false))));
        let mut cycles = 0;
        harness.quanta_until(&mut *cell, |usage| {
            cycles += usage.cycles;
            assert!(usage.cycles <= FUEL + 100, "{usage:?}");
            usage.exit.is_some()
        });
        cycles
    };
    let (awake, asleep) = (fuel(0), fuel(500));
    assert_eq!(awake, asleep, "sleeping costs no fuel");
    assert!((2 * FUEL..6 * FUEL).contains(&awake), "{awake}");
}

#[test]
fn a_bystander_is_not_slowed_by_another_cells_revocations() {
    let mut harness = Harness::real_time(2);
    let (mut bystander, _queue) = harness.cell(Kind::Endless);
    let (mut other, _queue) = harness.cell(Kind::Endless);
    let permit = harness.permit(1);
    bystander.grant(&permit);
    for _ in 0..20 {
        harness.quantum(&mut *other, 0);
    }
    assert!(bystander.usage().is_none(), "it is granted still and computes for ever");
    bystander.revoke();
    let used = common::usage(&mut *bystander).used;
    assert!(used > Nanoseconds::ZERO, "{used:?}");
}

#[test]
fn a_cell_posted_behind_another_takes_over_when_that_is_revoked() {
    let mut harness = Harness::real_time(1);
    let mut cells = [harness.cell(Kind::Endless).0, harness.cell(Kind::Endless).0];
    let mut used = [0; 2];
    let first = harness.permit(0);
    cells[0].grant(&first);
    for turn in 0..20 {
        let (now, next) = (turn % 2, (turn + 1) % 2);
        let end = harness.clock.now() + QUANTUM;
        harness.clock.wait_until(end);
        let permit = harness.permit(0);
        cells[next].grant(&permit);
        cells[now].revoke();
        used[now] += common::usage(&mut *cells[now]).used.0;
    }
    assert!(used.iter().all(|&used| used > 0), "{used:?}");
}

#[test]
fn a_runtime_that_goes_away_takes_its_cells_running_time_with_it() {
    let mut harness = Harness::real_time(2);
    let (mut running, _queue) = harness.cell(Kind::Endless);
    let permit = harness.permit(1);
    running.grant(&permit);
    drop(harness.runtime.take());
    running.revoke();
    assert_eq!(common::usage(&mut *running).exit, None);
    running.grant(&permit);
    running.revoke();
    assert_eq!(common::usage(&mut *running).used, Nanoseconds::ZERO);
}

#[test]
fn host_work_ends_a_quantum_of_fuel_though_it_costs_none() {
    for call in [
        "(call $random_get (i32.const 0) (i32.const 262144))",
        "(call $discard (i32.const 0) (i32.const 262144))",
    ] {
        // 200 calls of 256 KiB are 50 MiB, a little more than three times what a quantum may move.
        let body = format!(
            "(local $n i32)
            (loop $again
                (drop {call})
                (local.set $n (i32.add (local.get $n) (i32.const 1)))
                (br_if $again (i32.lt_u (local.get $n) (i32.const 200))))"
        );
        let mut harness = Harness::deterministic();
        let (mut cell, _queue) = harness.wat(&module(&body));
        let mut quanta = 0;
        let last = harness.quanta_until(&mut *cell, |usage| {
            quanta += 1;
            usage.exit.is_some()
        });
        assert_eq!((last.exit, quanta), (Some(Exit::Finished), 4), "{call}: {}", cell.last_words());
    }
}
