//! The sieve knows what is true.

use super::super::*;
use proptest::prelude::*;

fn is_prime(n: u64) -> bool {
    n > 1 && (2..=n.isqrt()).all(|divisor| !n.is_multiple_of(divisor))
}

fn by_trial_division(numbers: Range) -> Answer {
    let primes: Vec<u64> = (numbers.first..numbers.first + numbers.width).filter(|n| is_prime(*n)).collect();
    Answer::of_primes(primes.len() as u32, primes.iter().sum())
}

#[test]
fn the_sieve_knows_the_smallest_numbers() {
    for first in 0..60 {
        for width in 1..60 {
            let numbers = Range { first, width };
            assert_eq!(Sieve::default().answer(numbers), by_trial_division(numbers), "{numbers:?}");
        }
    }
}

proptest! {
    #[test]
    fn the_sieve_agrees_with_trial_division(
        ranges in prop::collection::vec((0..3_000_000_u64, 1..400_u64), 1..6),
    ) {
        let mut sieve = Sieve::default();
        for (first, width) in ranges {
            let numbers = Range { first, width };
            prop_assert_eq!(sieve.answer(numbers), by_trial_division(numbers));
        }
    }
}
