//! What a claim prepays for its verification.
//!
//! ```text
//! fee = base price of a quantum x (time that checking the claim may take on the verifier's CPU) / quantum
//! ```
//!
//! The time comes from the work alone, never from a clock, so that the same claim costs the same on every run. Its constants
//! are two to five times the CPU time that was measured (the example `verification_figures` of the daemon shows both side by
//! side), except for preimages, whose hash is lost in the handling: who claims pays a little too much rather than the host.

use super::terms::Work;
use crate::limits::QUANTUM;
use crate::units::{Microjoules, Nanoseconds};

/// Taking a claim, handing it to the verifier and concluding it.
const HANDLING: Nanoseconds = Nanoseconds(2_000);

/// Crossing out the multiples of one prime in a short range.
const PER_PRIME_NS: u64 = 12;

/// Clearing, crossing out and adding up one number of a range.
const PER_NUMBER_NS: u64 = 6;

/// One hash over a short text.
const HASH: Nanoseconds = Nanoseconds(1_000);

/// Making an instance of a module with two pages of memory, and dropping it.
const INSTANCE: Nanoseconds = Nanoseconds(300_000);

/// One unit of fuel: an instruction of wasm, most of which take less. Those that take more cost several.
const PER_FUEL_NS: u64 = 4;

impl Work {
    /// CPU time that checking one claim on `key` may take.
    pub const fn verification(&self, key: u64) -> Nanoseconds {
        let work = match self {
            Self::Primes(ranges) => {
                let numbers = ranges.numbers(key);
                let root = (numbers.first + numbers.width - 1).isqrt();
                primes_up_to(root) * PER_PRIME_NS + numbers.width * PER_NUMBER_NS
            }
            Self::Preimages { .. } => HASH.0,
            Self::Module { fuel, .. } => INSTANCE.0 + *fuel * PER_FUEL_NS,
        };
        Nanoseconds(HANDLING.0 + work)
    }
}

/// At most so many primes are there up to `bound`: `1.26 bound / ln bound` (Rosser and Schoenfeld 1962) is at most
/// `2 bound / log2 bound`, and the logarithm is rounded down.
const fn primes_up_to(bound: u64) -> u64 {
    if bound < 2 { 1 } else { 2 * bound / bound.ilog2() as u64 }
}

/// The fee for work on the verifier that takes this long, rounded up.
pub fn fee(base: Microjoules, time: Nanoseconds) -> Microjoules {
    let product = i128::from(base.0.max(1)) * i128::from(time.0);
    let amount = (product + i128::from(QUANTUM.0) - 1) / i128::from(QUANTUM.0);
    Microjoules(i64::try_from(amount).expect("a verification takes less time than all money buys"))
}

#[cfg(test)]
mod tests {
    use super::super::primes::Ranges;
    use super::*;

    #[test]
    fn a_fee_is_the_base_price_of_the_time_and_never_nothing() {
        let base = Microjoules(150_000);
        assert_eq!(fee(base, QUANTUM), base);
        assert_eq!(fee(base, Nanoseconds(1)), Microjoules(1));
        assert_eq!(fee(Microjoules::ZERO, Nanoseconds(1)), Microjoules(1));
    }

    #[test]
    fn the_bound_on_primes_is_above_their_number_and_below_twice_it() {
        for (bound, primes) in [(2, 1), (100, 25), (31_623, 3_401), (1_000_000, 78_498), (1_752_000, 131_612)]
        {
            let at_most = primes_up_to(bound);
            assert!((primes..=2 * primes + 4).contains(&at_most), "{at_most} up to {bound}");
        }
    }

    #[test]
    fn checking_a_range_costs_more_among_larger_numbers_and_little_beside_the_work() {
        let ranges = Ranges { origin: 1_000_000_000, width: 1_024, first: 0, end: 3_000_000_000 };
        let cost = |key| Work::Primes(ranges).verification(key).0;
        assert!(cost(0) < 80_000, "4 % of the 2 ms that a range takes: {} ns", cost(0));
        assert!(cost(2_999_999_999) > 10 * cost(0));
    }
}
