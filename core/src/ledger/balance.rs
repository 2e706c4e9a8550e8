//! What one account can spend now, shared by every thread that spends from it or shows it.

use crate::sync::{AtomicI64, Ordering};
use crate::units::Microjoules;

/// What can be spent from one account now, in µJ; below zero it is debt.
///
/// Any number of threads may change it at once: each change is one compare-and-swap, so none is lost and none is made
/// twice, and every thread sees the values in the order in which they were.
///
/// All accesses are relaxed. That suffices because the balance is one word and the whole truth about itself: a
/// compare-and-swap always meets the latest value in the order that all threads agree on for that word, whatever its
/// memory ordering. Stronger orderings would say something about *other* memory, and none is guarded here: whoever sees
/// a debit learns nothing about the transfer that it pays for, which comes through a queue with orderings of its own.
/// A reader may see a value that has just been replaced, as it may with any ordering.
#[derive(Debug)]
pub struct Balance(AtomicI64);

/// Why a debit is refused: the account does not cover it. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the balance has {free} free, {wanted} is wanted: fund the account or ask for less")]
pub struct InsolvencyError {
    /// What the account had when the debit was refused; below zero is debt.
    pub free: Microjoules,
    /// What was to be debited.
    pub wanted: Microjoules,
}

impl Balance {
    /// A balance of its own. Copying a balance would copy money, so it is not `Clone`.
    pub fn new(amount: Microjoules) -> Self {
        Self(AtomicI64::new(amount.0))
    }

    /// What can be spent now. Another thread may have spent it by the time the answer is looked at: to spend, ask
    /// [`Self::debit`] and not this first.
    pub fn get(&self) -> Microjoules {
        Microjoules(self.0.load(Ordering::Relaxed))
    }

    /// Takes `amount` if all of it is there, and returns what is left.
    ///
    /// # Errors
    /// When the balance does not cover the amount: fund the account or ask for less.
    ///
    /// # Panics
    /// When the amount is below zero: that would be money from nothing.
    pub fn debit(&self, amount: Microjoules) -> Result<Microjoules, InsolvencyError> {
        assert_not_negative(amount);
        let covered = |free: i64| if free >= amount.0 { Some(free - amount.0) } else { None };
        self.change(covered).map_err(|free| InsolvencyError { free, wanted: amount })
    }

    /// Adds `amount`.
    ///
    /// # Panics
    /// When the amount is below zero, or the sum leaves 64 bits, which [`MINT_MAX`](crate::limits::MINT_MAX) rules out.
    pub fn credit(&self, amount: Microjoules) {
        assert_not_negative(amount);
        let changed = self.change(|free| free.checked_add(amount.0));
        assert!(
            changed.is_ok(),
            "{amount} more than a balance can hold is credited: money was made somewhere"
        );
    }

    /// Takes `amount` whether or not it is there: what was used has to be paid, and the debt is recorded whole.
    ///
    /// # Panics
    /// When the amount is below zero, or the debt leaves 64 bits, which [`MINT_MAX`](crate::limits::MINT_MAX) rules out.
    pub fn charge(&self, amount: Microjoules) {
        assert_not_negative(amount);
        let changed = self.change(|free| free.checked_sub(amount.0));
        assert!(changed.is_ok(), "a charge of {amount} is more debt than a balance can hold");
    }

    /// Replaces the balance by what `next` makes of it and returns that; if it makes nothing of it, changes nothing and
    /// returns what it saw. A lost race tries again with the winner's value: at each try some thread gets on, so no
    /// thread that sleeps holds up another.
    fn change(&self, next: impl Fn(i64) -> Option<i64>) -> Result<Microjoules, Microjoules> {
        let mut seen = self.0.load(Ordering::Relaxed);
        while let Some(after) = next(seen) {
            match self.0.compare_exchange_weak(seen, after, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(Microjoules(after)),
                Err(now) => seen = now,
            }
        }
        Err(Microjoules(seen))
    }
}

fn assert_not_negative(amount: Microjoules) {
    assert!(amount >= Microjoules::ZERO, "an amount that moves is not below zero, and this is {amount}");
}

#[cfg(all(test, loom))]
mod loom_models;
