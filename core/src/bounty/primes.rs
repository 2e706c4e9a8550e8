//! Ranges of numbers, and what is true of them.

use super::claim::Answer;

/// A stretch of numbers: `first` and the `width - 1` after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// First number.
    pub first: u64,
    /// How many numbers.
    pub width: u64,
}

/// How the ranges of a bounty lie on the number line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ranges {
    /// First number of range zero.
    pub origin: u64,
    /// Numbers in each range.
    pub width: u64,
    /// First range that is leased.
    pub first: u64,
    /// One past the last range.
    pub end: u64,
}

impl Ranges {
    /// The numbers of range `index`.
    pub const fn numbers(&self, index: u64) -> Range {
        Range { first: self.origin + index * self.width, width: self.width }
    }
}

/// Finds the true answer for a range: a segmented sieve of Eratosthenes, which costs a hundredth of the work it checks.
#[derive(Debug, Default)]
pub struct Sieve {
    primes: Vec<u64>,
    complete_to: u64,
    /// Room for one range, kept so that checking the next one allocates nothing.
    composite: Vec<bool>,
}

impl Sieve {
    /// What a true claim on these numbers says.
    pub fn answer(&mut self, numbers: Range) -> Answer {
        let last = numbers.first + numbers.width - 1;
        self.complete(last.isqrt());
        self.composite.clear();
        self.composite.resize(numbers.width as usize, false);
        for &prime in self.primes.iter().take_while(|prime| *prime * *prime <= last) {
            let first_multiple = numbers.first.next_multiple_of(prime).max(prime * prime);
            for multiple in (first_multiple..=last).step_by(prime as usize) {
                self.composite[(multiple - numbers.first) as usize] = true;
            }
        }
        let survivors =
            (numbers.first..=last).zip(&self.composite).filter(|(n, composite)| *n > 1 && !**composite);
        let (count, sum) =
            survivors.fold((0, 0_u64), |(count, sum), (n, _)| (count + 1, sum.wrapping_add(n)));
        Answer::of_primes(count, sum)
    }

    /// Makes sure that all primes up to `bound` are known.
    fn complete(&mut self, bound: u64) {
        if bound <= self.complete_to {
            return;
        }
        let bound = bound * 2;
        let mut composite = vec![false; bound as usize + 1];
        self.primes.clear();
        for n in 2..=bound {
            if !composite[n as usize] {
                self.primes.push(n);
                (n * n..=bound).step_by(n as usize).for_each(|multiple| composite[multiple as usize] = true);
            }
        }
        self.complete_to = bound;
    }
}
