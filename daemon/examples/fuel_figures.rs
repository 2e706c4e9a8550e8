//! What a unit of a verifier's fuel takes on this machine in CPU time, for the dearest that a module can do with it, beside the time
//! that its fee assumes:
//!
//! ```text
//! cargo run --release --package maxwell-daemon --example fuel_figures
//! ```
//!
//! What costs more than one unit is in `hypervisor/src/verifier/fuel.rs`. No row may take longer than the fee assumes: such a row is
//! marked, and the example ends in failure. Run it on the kind of processor that is to verify.

use std::process::ExitCode;

use maxwell_core::bounty::terms::Work;
use maxwell_core::limits::{VERIFIER_FUEL_PER_PAGE, VERIFIER_MEMORY};
use maxwell_hypervisor::verifier::VerifierModule;
use rustix::time::{ClockId, clock_gettime};

/// Fuel of a run. The time of a unit is taken from the difference to a run with half of it, so that beginnings do not count.
const FUEL: u64 = 40_000_000;

/// Verifications whose mean is taken where one is short.
const RUNS: u64 = 100;

/// Copies of what is measured in one round of a loop, so that the loop does not count.
const COPIES: usize = 64;

/// Bytes of a page of linear memory, and of a cache line.
const PAGE: u64 = 65_536;
const LINE: u64 = 64;

/// A name, the operator, and its second operand if it has one. The first is what the one before has said, in a local whose name is
/// that of the operator's type.
const CHAINS: [(&str, &str, &str); 13] = [
    ("additions", "i64.add", "(local.get $i64)"),
    ("multiplications", "i64.mul", "(local.get $three)"),
    ("counts of bits", "i64.popcnt", ""),
    ("divisions of 32 bits", "i32.div_u", "(i32.wrap_i64 (local.get $one))"),
    ("divisions of 64 bits", "i64.div_u", "(local.get $one)"),
    ("signed divisions of 64 bits", "i64.div_s", "(local.get $one)"),
    ("remainders of 64 bits", "i64.rem_u", "(local.get $large)"),
    ("divisions of doubles", "f64.div", "(local.get $f64)"),
    ("roots of doubles", "f64.sqrt", ""),
    ("roundings of doubles", "f64.nearest", ""),
    ("minima of doubles", "f64.min", "(local.get $f64)"),
    ("roots of floats", "f32.sqrt", ""),
    ("conversions", "f64.convert_i64_u", "as i64.trunc_sat_f64_u"),
];

/// The same with numbers so small that some processors stop to help themselves with each: a name, the operator, its second operand, and
/// what the first `$f64` is.
const SUBNORMAL: [(&str, &str, &str, &str); 5] = [
    ("additions of subnormal doubles", "f64.add", "(local.get $tiny)", "0x1p-1060"),
    ("multiplications of subnormal doubles", "f64.mul", "(local.get $near)", "0x1p-1060"),
    ("divisions of subnormal doubles", "f64.div", "(local.get $near)", "0x1p-1060"),
    ("roots of products that are subnormal", "f64.mul (local.get $scale)", "as f64.sqrt", "0x1p-1060"),
    ("doubles that are subnormal floats", "f64.promote_f32", "as f32.demote_f64", "0x1p-140"),
];

/// A name and what is done again and again.
const OTHERS: [(&str, &str); 9] = [
    ("an empty loop", "(br 0)"),
    ("calls", "(call $empty)"),
    ("calls through a table", "(call_indirect (i32.const 0))"),
    ("fills of no length", "(memory.fill (i32.const 0) (i32.const 0) (local.get $i32))"),
    ("copies of no length", "(memory.copy (i32.const 0) (i32.const 0) (local.get $i32))"),
    ("fills of the memory", "(memory.fill (i32.const 0) (i32.const 7) (i32.const ALL))"),
    ("copies of half the memory", "(memory.copy (i32.const 0) (i32.const HALF) (i32.const HALF))"),
    ("growing by nothing", "(drop (memory.grow (i32.const 0)))"),
    ("growing too far", "(drop (memory.grow (i32.const 60000)))"),
];

fn main() -> ExitCode {
    let mut holds = true;
    let pages = VERIFIER_MEMORY.0 / PAGE - 1;
    println!("{:<44} {:>12} {:>12}", "a unit of fuel that is burnt with", "measured ns", "fee for ns");
    for (name, op, operand) in CHAINS {
        holds &= show(name, &module(1, &chain(op, operand)));
    }
    for (name, op, operand, first) in SUBNORMAL {
        let first = format!("(local.set $f64 (f64.const {first}))");
        holds &= show(name, &module(1, &format!("{first} {}", chain(op, operand))));
    }
    for (name, round) in OTHERS {
        let (all, half) = ((pages * PAGE).to_string(), (pages * PAGE / 2).to_string());
        let round = round.replace("ALL", &all).replace("HALF", &half);
        holds &= show(name, &module(pages, &looped(&round.repeat(COPIES))));
    }
    for pages in [4, 16, pages] {
        let walk = looped(&format!("(local.set $i32 {})", nested("i32.load", "(local.get $i32)", "")));
        let kib = pages * PAGE / 1_024;
        for (how, at) in [("", 0), (" across lines", LINE - 2)] {
            let name = format!("loads{how} that wait for each other, {kib} KiB");
            holds &= show(&name, &module(pages, &format!("{} {walk}", circle(pages, at))));
        }
        let stores: Vec<String> = (0..COPIES as u64)
            .map(|copy| {
                format!(
                    "(i32.store offset={} (local.get $i32) (i32.const 1))",
                    copy * PAGE / 16 % (pages * PAGE - PAGE)
                )
            })
            .collect();
        let step = format!(
            "(local.set $i32 (i32.and (i32.add (local.get $i32) (i32.const {LINE})) (i32.const {})))",
            PAGE - 1
        );
        holds &= show(
            &format!("stores to every page in turn, {kib} KiB"),
            &module(pages, &looped(&format!("{}{step}", stores.concat()))),
        );
    }
    println!("\n{:<44} {:>12} {:>12}", "an instance that", "measured ns", "fee for ns");
    holds &= show_instance("touches none of its memory", 0, &module(pages, "(i32.const 1)"));
    // One page of all is for the answer, and two come without fuel.
    let fuel = (pages - 1) * VERIFIER_FUEL_PER_PAGE;
    holds &= show_instance("touches all of its memory", fuel, &module(pages, &touches(pages)));
    if holds {
        return ExitCode::SUCCESS;
    }
    println!("\nWhat is marked takes longer here than it pays for: it is to cost more.");
    ExitCode::FAILURE
}

/// Measures a module that burns all its fuel; whether it pays for its time.
fn show(name: &str, text: &str) -> bool {
    let fee = |fuel| Work::Module { digest: [0; 32], fuel, end: 1 }.verification(0).0;
    let each = |half: u64, whole: u64| whole.saturating_sub(half) as f64 / (FUEL / 2) as f64;
    let measured = each(run(text, FUEL / 2), run(text, FUEL));
    let paid = each(fee(FUEL / 2), fee(FUEL));
    println!("{name:<44} {measured:>12.2} {paid:>12.2}{}", mark(measured <= paid));
    measured <= paid
}

/// Measures a module that burns little of its fuel, which is as much as its memory asks for; whether it pays for its time.
fn show_instance(name: &str, fuel: u64, text: &str) -> bool {
    let fee = Work::Module { digest: [0; 32], fuel, end: 1 }.verification(0).0;
    let times = (0..RUNS).map(|_| run(text, FUEL)).sum::<u64>();
    let measured = times / RUNS;
    println!("{name:<44} {measured:>12} {fee:>12}{}", mark(measured <= fee));
    measured <= fee
}

const fn mark(pays: bool) -> &'static str {
    if pays { "" } else { "  TOO LONG" }
}

/// CPU time of one verification.
fn run(text: &str, fuel: u64) -> u64 {
    let wasm = wat::parse_str(text).expect("valid text");
    let module = VerifierModule::compile(&wasm, fuel).expect("a valid verifier");
    let begun = cpu_ns();
    // Most run out of fuel, which is the point.
    let _ = module.verify(1, b"x");
    cpu_ns() - begun
}

/// A module whose `verify` is `body`, with so many pages of memory. It is given the key 1, so that the locals `$one` and `$large` are
/// not known to the compiler.
fn module(pages: u64, body: &str) -> String {
    format!(
        r#"(module (memory (export "memory") {pages}) (table 1 funcref) (elem (i32.const 0) $empty) (func $empty)
            (func (export "verify") (param $one i64) (param i32 i32) (result i32)
                (local $i32 i32) (local $i64 i64) (local $f32 f32) (local $f64 f64) (local $three i64) (local $large i64)
                (local $tiny f64) (local $near f64) (local $scale f64)
                (local.set $three (i64.add (local.get $one) (i64.const 2)))
                (local.set $large (i64.sub (i64.const 0) (local.get $one)))
                (local.set $i64 (i64.sub (local.get $large) (i64.const 1)))
                (local.set $tiny (f64.const 0x1p-1074)) (local.set $scale (f64.const 0x1p-530))
                (local.set $near (f64.const 1.0000001))
                (local.set $f64 (f64.const 1.0000001)) (local.set $f32 (f32.const 1.5))
                (local.set $i32 (i32.wrap_i64 (i64.sub (local.get $one) (i64.const 1))))
                {body}))"#
    )
}

fn looped(round: &str) -> String {
    format!("(loop {round} (br 0)) (i32.const 1)")
}

fn chain(op: &str, operand: &str) -> String {
    let of = &op[..3];
    let nested = match operand.strip_prefix("as ") {
        Some(back) => nested(&format!("{op} ({back}"), &format!("(local.get ${of})"), ")"),
        None => nested(op, &format!("(local.get ${of})"), operand),
    };
    looped(&format!("(local.set ${of} {nested})"))
}

/// The operator on what the operator said on what it said, and so on.
fn nested(op: &str, first: &str, operand: &str) -> String {
    let behind = format!(" {operand})").repeat(COPIES);
    format!("{}{first}{behind}", format!("({op} ").repeat(COPIES))
}

/// Writes a circle through all lines of a memory, `at` so many bytes into each: the address of the next, far away. The numbers of the
/// lines are a linear congruence of full period, because 4588 has every prime of `lines` in it, and 4 (Hull and Dobell 1962).
fn circle(pages: u64, at: u64) -> String {
    let lines = pages * PAGE / LINE;
    format!(
        "(loop
            (i32.store offset={at} (i32.mul (local.get $i32) (i32.const {LINE}))
                (i32.add (i32.const {at}) (i32.mul (i32.const {LINE})
                    (i32.rem_u (i32.add (i32.mul (local.get $i32) (i32.const 4589)) (i32.const 12345)) (i32.const {lines})))))
            (br_if 0 (i32.lt_u (local.tee $i32 (i32.add (local.get $i32) (i32.const 1))) (i32.const {lines}))))
         (local.set $i32 (i32.const {at}))"
    )
}

/// Writes to each page of the machine's that lies under so many of wasm's.
fn touches(pages: u64) -> String {
    format!(
        "(loop (i32.store (local.get $i32) (i32.const 1))
            (br_if 0 (i32.lt_u (local.tee $i32 (i32.add (local.get $i32) (i32.const 4096))) (i32.const {}))))
         (i32.const 1)",
        pages * PAGE
    )
}

/// CPU time of this thread.
fn cpu_ns() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
