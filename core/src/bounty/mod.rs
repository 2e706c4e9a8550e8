//! Income: so many microjoules per verified unit of work.
//!
//! Physics prices; income selects. A sponsor puts a budget into escrow; cells lease ranges of numbers, count the primes
//! in them and claim. A claim is paid once per range, to the cell that holds the lease, after it was verified.
//!
//! ```text
//!   free --lease--> Leased --claim--> Claimed --verified, true--> paid (gone for ever)
//!     ^               |                  |
//!     +---------------+------------------+-- cell over, or claim false
//! ```

pub mod terms;

use std::collections::HashMap;

use crate::event::Claim;
use crate::ledger::Ledger;
use crate::limits::{CELLS_MAX, LEASES_PER_CELL_MAX};
use crate::tick::{AccountId, CellId, Kind, Transfer};
use crate::units::Microjoules;

/// Leases that a cell may hold unclaimed: those ready for it and as many in work.
const LEASES_HELD_MAX: usize = 2 * LEASES_PER_CELL_MAX;

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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lease {
    Leased(CellId),
    Claimed(CellId, Claim),
}

/// Why a claim is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// Final: the range belongs to somebody else, or was paid, or was never leased.
    #[error("range {0} is not leased to this cell")]
    NotLeased(u64),
}

/// A bounty on primes.
#[derive(Debug)]
pub struct Bounty {
    escrow: AccountId,
    reward: Microjoules,
    ranges: Ranges,
    next: u64,
    returned: Vec<u64>,
    leases: HashMap<u64, Lease>,
    holds: HashMap<CellId, usize>,
}

impl Bounty {
    /// A bounty that pays `reward` for each range of `ranges` out of `escrow`.
    pub fn new(escrow: AccountId, reward: Microjoules, ranges: Ranges) -> Self {
        assert!(reward > Microjoules::ZERO && ranges.width > 0, "a bounty pays for something");
        let beyond =
            ranges.end.checked_mul(ranges.width).and_then(|length| length.checked_add(ranges.origin));
        assert!(beyond.is_some(), "the bounty's ranges lie beyond the last number: {ranges:?}");
        let room = CELLS_MAX * LEASES_PER_CELL_MAX;
        Self {
            escrow,
            reward,
            ranges,
            next: ranges.first,
            returned: Vec::with_capacity(room),
            leases: HashMap::with_capacity(room),
            holds: HashMap::with_capacity(CELLS_MAX),
        }
    }

    /// How the ranges lie.
    pub const fn ranges(&self) -> &Ranges {
        &self.ranges
    }

    /// What one verified range pays.
    pub const fn reward(&self) -> Microjoules {
        self.reward
    }

    /// Leases the next range to a cell. `None` if there is no range left, the escrow does not cover what is leased
    /// already and one more, or the cell holds as many leases as it may.
    pub fn lease(&mut self, cell: CellId, ledger: &Ledger) -> Option<u64> {
        let owed = self.reward.times(self.leases.len() as u64 + 1);
        let holds = self.holds.entry(cell).or_default();
        if ledger.free(self.escrow) < owed || *holds >= LEASES_HELD_MAX {
            return None;
        }
        let range = match self.returned.pop() {
            Some(range) => range,
            None if self.next < self.ranges.end => {
                self.next += 1;
                self.next - 1
            }
            None => return None,
        };
        *holds += 1;
        self.leases.insert(range, Lease::Leased(cell));
        Some(range)
    }

    /// Takes a claim for verification. The numbers to verify it against.
    ///
    /// # Errors
    /// When the range is not leased to the cell; a range that is claimed or paid is not.
    pub fn claim(&mut self, cell: CellId, claim: Claim) -> Result<Range, ClaimError> {
        match self.leases.get_mut(&claim.range) {
            Some(lease) if *lease == Lease::Leased(cell) => {
                *lease = Lease::Claimed(cell, claim);
                *self.holds.entry(cell).or_default() -= 1;
                Ok(self.ranges.numbers(claim.range))
            }
            _ => Err(ClaimError::NotLeased(claim.range)),
        }
    }

    /// Ends a claim that was verified. The payment to make if it holds; else the range is free again.
    pub fn verified(
        &mut self,
        tick: u64,
        cell: CellId,
        wallet: AccountId,
        claim: Claim,
        holds: bool,
    ) -> Option<Transfer> {
        if self.leases.get(&claim.range) != Some(&Lease::Claimed(cell, claim)) {
            return None;
        }
        self.leases.remove(&claim.range);
        if !holds {
            self.returned.push(claim.range);
            return None;
        }
        Some(Transfer { tick, kind: Kind::Bounty, from: self.escrow, to: wallet, amount: self.reward })
    }

    /// Frees the leases of a cell that is over, and its claims that are not yet verified.
    pub fn release(&mut self, cell: CellId) {
        let returned = &mut self.returned;
        self.leases.retain(|range, lease| {
            let holder = match lease {
                Lease::Leased(holder) | Lease::Claimed(holder, _) => *holder,
            };
            if holder == cell {
                returned.push(*range);
            }
            holder != cell
        });
        self.holds.remove(&cell);
        // The map has no order of its own; the next lease must not depend on it.
        self.returned.sort_unstable_by(|a, b| b.cmp(a));
    }
}

/// Finds the true answer for a range: a segmented sieve of Eratosthenes, which costs a hundredth of the work it checks.
#[derive(Debug, Default)]
pub struct Verifier {
    primes: Vec<u64>,
    complete_to: u64,
    /// Room for one range, kept so that checking the next one allocates nothing.
    composite: Vec<bool>,
}

impl Verifier {
    /// What a true claim on `range` says.
    pub fn answer(&mut self, range: u64, numbers: Range) -> Claim {
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
        Claim { range, count, sum }
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

#[cfg(test)]
mod tests;
