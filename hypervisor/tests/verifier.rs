//! A verifier says what is right within its bounds, and whatever else it does is false or refused.

use std::fmt::Write;
use std::time::Instant;

use maxwell_core::limits::{
    VERIFIER_BYTES_MAX, VERIFIER_COMPILE_MAX, VERIFIER_FUEL_MAX, VERIFIER_FUEL_PER_PAGE, VERIFIER_MEMORY,
};
use maxwell_hypervisor::verifier::{Failure, VerifierError, VerifierModule};

/// Fuel for everything that is to come to an end.
const FUEL: u64 = 100_000;

/// A module whose `verify` is `body`, which leaves an i32.
fn module(body: &str) -> String {
    format!(
        r#"(module (memory (export "memory") 1 100)
            (global $runs (mut i32) (i32.const 0))
            (func $verify (export "verify") (param $key i64) (param $at i32) (param $length i32) (result i32) {body}))"#
    )
}

fn compile(text: &str) -> Result<VerifierModule, VerifierError> {
    VerifierModule::compile(&wat::parse_str(text).expect("valid text"), FUEL)
}

fn refusal(text: &str) -> VerifierError {
    compile(text).expect_err("it breaks a rule")
}

/// How a verification with this body fails.
fn failure(body: &str) -> Failure {
    compile(&module(body)).unwrap().verify(1, b"x").expect_err("it is false")
}

fn ended(body: &str, said: &str) {
    let failure = failure(body);
    assert!(matches!(&failure, Failure::Ended(why) if why.contains(said)), "{body}: {failure:?}");
}

#[test]
fn a_verifier_sees_key_answer_and_length_and_says_yes_with_one() {
    // The first byte is the key and the last byte the length.
    let body = "(i32.and
        (i64.eq (i64.load8_u (local.get $at)) (local.get $key))
        (i32.eq (i32.load8_u (i32.sub (i32.add (local.get $at) (local.get $length)) (i32.const 1))) (local.get $length)))";
    let verifier = compile(&module(body)).unwrap();
    assert_eq!(verifier.verify(200, &[200, 9, 3]), Ok(()));
    assert_eq!(verifier.verify(201, &[200, 9, 3]), Err(Failure::Said(0)));
    assert_eq!(verifier.verify(200, &[200, 9, 4]), Err(Failure::Said(0)));
    assert_eq!(verifier.verify(u64::MAX, &[200, 9, 3]), Err(Failure::Said(0)));
    for other in [0, 2, -1, 0x0100_0001] {
        assert_eq!(failure(&format!("(i32.const {other})")), Failure::Said(other));
    }
}

#[test]
fn the_answer_lies_on_nothing_of_the_module_s_own() {
    let text = r#"(module (memory (export "memory") 1) (data (i32.const 65535) "\2a")
        (func (export "verify") (param i64 i32 i32) (result i32)
            (i32.and (i32.eq (i32.load8_u (i32.const 65535)) (i32.const 42)) (i32.ge_u (local.get 1) (i32.const 65536)))))"#;
    assert_eq!(compile(text).unwrap().verify(1, b"answer"), Ok(()));
}

#[test]
fn every_claim_is_looked_at_by_a_new_instance() {
    let count = "(global.set $runs (i32.add (global.get $runs) (i32.const 1))) (global.get $runs)";
    let verifier = compile(&module(count)).unwrap();
    for _ in 0..3 {
        assert_eq!(verifier.verify(1, b"x"), Ok(()));
    }
}

#[test]
fn what_does_not_end_within_its_bounds_is_false() {
    ended("(loop (br 0)) (i32.const 1)", "fuel");
    ended("(return (call $verify (local.get $key) (local.get $at) (local.get $length)))", "");
    ended("unreachable", "unreachable");
    ended("(i32.load (i32.const -4))", "out of bounds");
    ended("(i32.div_u (i32.const 1) (i32.const 0))", "divide by zero");
}

#[test]
fn an_endless_verifier_with_all_the_fuel_there_may_be_ends_soon() {
    let wasm = wat::parse_str(module("(loop (br 0)) (i32.const 1)")).unwrap();
    let verifier = VerifierModule::compile(&wasm, VERIFIER_FUEL_MAX).unwrap();
    let begun = Instant::now();
    assert!(verifier.verify(1, b"x").is_err());
    assert!(begun.elapsed().as_secs() < 30, "it took {:?}", begun.elapsed());
}

#[test]
fn memory_does_not_grow_beyond_what_the_fuel_and_the_limit_allow() {
    // One page and one for the answer are there.
    let grow = |pages: u64, fuel: u64| {
        let body = format!("(i32.eq (memory.grow (i32.const {pages})) (i32.const 2))");
        let wasm = wat::parse_str(module(&body).replace("1 100)", "1)")).unwrap();
        VerifierModule::compile(&wasm, fuel).unwrap().verify(1, b"x")
    };
    let most = VERIFIER_MEMORY.0 / 65_536;
    for (fuel, pages) in [(1_000, 0), (3 * VERIFIER_FUEL_PER_PAGE, 3), (VERIFIER_FUEL_MAX, most - 2)] {
        assert_eq!(grow(pages, fuel), Ok(()), "{pages} more for {fuel}");
        assert_eq!(grow(pages + 1, fuel), Err(Failure::Said(0)), "{pages} more for {fuel} and one");
        assert_eq!(grow(60_000, fuel), Err(Failure::Said(0)));
    }
}

/// Whether a verification with `fuel` comes to an end.
fn suffices(body: &str, fuel: u64) -> bool {
    let wasm = wat::parse_str(module(body)).unwrap();
    VerifierModule::compile(&wasm, fuel).unwrap().verify(1, b"x").is_ok()
}

#[test]
fn filling_and_copying_memory_costs_fuel_for_each_byte() {
    let length = 60_000;
    for op in ["memory.fill", "memory.copy"] {
        // The second is not known when the module is compiled.
        for bytes in [length.to_string(), format!("(i32.mul (local.get $length) (i32.const {length}))")] {
            let bytes = if bytes.starts_with('(') { bytes } else { format!("(i32.const {bytes})") };
            let body = format!("({op} (i32.const 0) (i32.const 1) {bytes}) (i32.const 1)");
            assert!(!suffices(&body, length), "{op} of {bytes}");
            assert!(suffices(&body, length + 100), "{op} of {bytes}");
        }
    }
}

#[test]
fn what_takes_long_costs_more_than_one_unit() {
    let dear = [
        "(i32.load (i32.const 8))",
        "(i32.load8_s (i32.const 8))",
        "(i64.load (i32.const 8))",
        "(i64.rem_u (local.get $key) (i64.const 7))",
        "(f64.sqrt (f64.const 2))",
        "(memory.grow (i32.const 0))",
        "(i64.div_s (local.get $key) (local.get $key))",
    ];
    for op in dear {
        // Fuel is looked at where a loop begins.
        let body = format!("{} (loop) (i32.const 1)", format!("(drop {op})").repeat(1_000));
        assert!(!suffices(&body, 4_000), "{op}");
        assert!(suffices(&body, 60_000), "{op}");
    }
    let cheap =
        format!("{} (loop) (i32.const 1)", "(drop (i32.add (local.get $at) (i32.const 8)))".repeat(1_000));
    assert!(suffices(&cheap, 4_000));
}

#[test]
fn what_nobody_has_measured_cannot_be_used() {
    for body in [
        "(drop (i64x2.mul (v128.const i64x2 1 2) (v128.const i64x2 3 4))) (i32.const 1)",
        "(drop (ref.func $verify)) (i32.const 1)",
        "(return_call $verify (local.get $key) (local.get $at) (local.get $length))",
        "(drop (i64.add128 (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1))) (i32.const 1)",
    ] {
        let said = refusal(&module(body));
        assert!(matches!(said, VerifierError::Malformed(_)), "{body}: {said}");
    }
}

#[test]
fn modules_that_want_something_or_lack_something_are_refused_with_what_to_do() {
    let import = r#"(module (import "wasi_snapshot_preview1" "fd_write" (func)))"#;
    let said = refusal(import);
    assert!(matches!(&said, VerifierError::Import { name, .. } if name == "fd_write"), "{said}");
    assert!(said.to_string().contains("imports nothing"));
    let memory = r#"(memory (export "memory") 1)"#;
    for (exports, expected) in [
        (
            format!("{memory} (func (export \"verify\") (param i64 i32) (result i32) (i32.const 1))"),
            VerifierError::NoVerify,
        ),
        (
            format!("{memory} (func (export \"verify\") (param i64 i32 i32) (result i64) (i64.const 1))"),
            VerifierError::NoVerify,
        ),
        (format!("{memory} (global (export \"verify\") i32 (i32.const 1))"), VerifierError::NoVerify),
        (memory.to_owned(), VerifierError::NoVerify),
        (verify(""), VerifierError::NoMemory),
        (verify(r#"(memory (export "other") 1)"#), VerifierError::NoMemory),
        (verify(r#"(memory (export "memory") 1 1)"#), VerifierError::NoMemory),
        (
            verify(r#"(memory (export "memory") 5)"#),
            VerifierError::Memory { begins: 5 * 64, allowed: (2 + FUEL / VERIFIER_FUEL_PER_PAGE) * 64 },
        ),
    ] {
        assert_eq!(refusal(&format!("(module {exports})")), expected, "{exports}");
    }
}

/// Exports with a right `verify`.
fn verify(beside: &str) -> String {
    format!(r#"{beside} (func (export "verify") (param i64 i32 i32) (result i32) (i32.const 1))"#)
}

#[test]
fn a_start_function_runs_within_the_same_bounds() {
    let text = module("(i32.const 1)").replace("(global", "(start 1) (func (loop (br 0))) (global");
    let verifier = compile(
        &text.replace("(start 1)", "(start $endless)").replace("(func (loop", "(func $endless (loop"),
    );
    let failure = verifier.unwrap().verify(1, b"x").unwrap_err();
    assert!(matches!(&failure, Failure::Ended(why) if why.contains("fuel")), "{failure:?}");
}

#[test]
fn bytes_that_are_no_module_or_too_many_are_refused() {
    let malformed = |wasm: &[u8]| {
        let said = VerifierModule::compile(wasm, FUEL).unwrap_err();
        assert!(matches!(said, VerifierError::Malformed(_)), "{said}");
    };
    malformed(b"");
    malformed(b"#!/bin/sh\n");
    malformed(b"\0asm\x0d\0\x01\0");
    let whole = wat::parse_str(module("(i32.const 1)")).unwrap();
    (1..whole.len()).for_each(|cut| drop(VerifierModule::compile(&whole[..cut], FUEL).err()));
    malformed(&whole[..whole.len() - 1]);
    let size = VERIFIER_BYTES_MAX + 1;
    let said = VerifierModule::compile(&vec![0; size], FUEL).unwrap_err();
    assert_eq!(said, VerifierError::TooLarge(size));
}

#[test]
fn a_module_of_the_largest_size_is_compiled_or_refused_in_time() {
    let mut body = String::new();
    while body.len() < 6 * VERIFIER_BYTES_MAX {
        body.push_str("(local.set $at (i32.mul (local.get $at) (i32.const 0x1234567)))\n");
    }
    write!(body, "(i32.const 1)").unwrap();
    let wasm = wat::parse_str(module(&body)).unwrap();
    assert!(wasm.len() <= VERIFIER_BYTES_MAX, "{} bytes", wasm.len());
    let begun = Instant::now();
    let compiled = VerifierModule::compile(&wasm, FUEL);
    println!("{} bytes: {:?} after {:?}", wasm.len(), compiled.as_ref().map(|_| ()), begun.elapsed());
    assert!(compiled.is_ok() || matches!(compiled, Err(VerifierError::TooSlow)));
    let most = std::time::Duration::from_nanos(10 * VERIFIER_COMPILE_MAX.0);
    assert!(begun.elapsed() < most, "whoever posts does not wait for ever");
}
