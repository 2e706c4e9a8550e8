//! What checking a claim costs on this machine in CPU time, beside the time that its fee assumes:
//!
//! ```text
//! cargo run --release --package maxwell-daemon --example verification_figures
//! ```

use maxwell_api::abi::{RANGE_MAX, RANGE_ORIGIN, RANGE_WIDTH};
use maxwell_core::bounty::Ranges;
use maxwell_core::bounty::claim::{Answer, Claim};
use maxwell_core::bounty::terms::{BountyId, Work};
use maxwell_core::tick::CellId;
use maxwell_daemon::verifier::{Check, InlineVerifier, Job, Verifier};
use maxwell_hypervisor::verifier::VerifierModule;
use rustix::time::{ClockId, clock_gettime};

/// Claims of each kind.
const CLAIMS: u64 = 2_000;

/// Burns all its fuel.
const ENDLESS: &str = r#"(module (memory (export "memory") 1)
    (func (export "verify") (param i64 i32 i32) (result i32) (loop (br 0)) (i32.const 1)))"#;

fn main() {
    let ranges = Ranges { origin: RANGE_ORIGIN, width: RANGE_WIDTH, first: 0, end: RANGE_MAX };
    println!("{:<44} {:>12} {:>12}", "claim", "measured ns", "fee for ns");
    for first in [0, 1_000_000, RANGE_MAX - CLAIMS] {
        let work = Work::Primes(ranges);
        show(&format!("primes of range {first}"), work, first, |key| Check::Primes(ranges.numbers(key)));
    }
    show("a preimage", Work::Preimages { zero_bits: 20, end: CLAIMS }, 0, |_| Check::Preimage(20));
    let endless = wat::parse_str(ENDLESS).expect("valid text");
    for fuel in [1_000, 100_000, 1_000_000] {
        let module = VerifierModule::compile(&endless, fuel).expect("a valid verifier");
        let work = Work::Module { digest: [0; 32], fuel, end: CLAIMS };
        show(&format!("a module that burns {fuel} units of fuel"), work, 0, |_| {
            Check::Module(module.clone())
        });
    }
}

/// Measures claims on keys from `first` on.
fn show(name: &str, work: Work, first: u64, check: impl Fn(u64) -> Check) {
    let mut verifier = InlineVerifier::default();
    let mut submit = |key| {
        let claim = Claim { bounty: BountyId(1), key, answer: Answer::of_primes(1, 1) };
        verifier.submit(Job { cell: CellId(0), claim, check: check(key) }).expect("it is never busy");
    };
    // The first sieves the primes that all others use.
    submit(first);
    let begun = cpu_ns();
    (first..first + CLAIMS).for_each(&mut submit);
    let each = (cpu_ns() - begun) / CLAIMS;
    println!("{name:<44} {each:>12} {:>12}", work.verification(first).0);
}

/// CPU time of this thread.
fn cpu_ns() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
