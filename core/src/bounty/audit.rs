//! How much of what is claimed is looked at, and how long a payment is held.

use crate::limits::{AUDIT_WINDOW_TICKS_MAX, MINT_MAX, WINDOW_TICKS};
use crate::units::{Microjoules, Ppm};

/// The knobs of the audit of claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditPolicy {
    rate: Ppm,
    window: u64,
}

/// Why there is no such policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// No claim, or more than all.
    #[error("an audit looks at one claim in a million at least and at all of them at most, not at {} in a million", _0.0)]
    Rate(Ppm),
    /// Payments would be held for ever.
    #[error("a payment is held for at most {AUDIT_WINDOW_TICKS_MAX} ticks, not for {0}")]
    Window(u64),
}

impl Default for AuditPolicy {
    /// Every claim is looked at; payments are held for a billing window.
    fn default() -> Self {
        Self { rate: Ppm::ONE, window: WINDOW_TICKS }
    }
}

impl AuditPolicy {
    /// Looks at this part of the claims of those who have a stake, and at all of everybody else's; holds every payment for
    /// `window` ticks after its claim was accepted.
    ///
    /// # Errors
    /// When the part is none or more than all, or the window longer than may be.
    pub fn new(rate: Ppm, window: u64) -> Result<Self, AuditError> {
        if !(1..=Ppm::ONE.0).contains(&rate.0) {
            return Err(AuditError::Rate(rate));
        }
        if window > AUDIT_WINDOW_TICKS_MAX {
            return Err(AuditError::Window(window));
        }
        Ok(Self { rate, window })
    }

    /// The part of the claims that is looked at.
    pub const fn rate(&self) -> Ppm {
        self.rate
    }

    /// Ticks that a payment is held.
    pub const fn window(&self) -> u64 {
        self.window
    }

    /// The stake that lets a claim on `reward` be paid without being looked at; `None` when every claim is. It is so large
    /// that a false claim does not pay: caught with the chance `rate`, it loses `reward / rate`.
    pub fn stake_for(&self, reward: Microjoules) -> Option<Microjoules> {
        if self.rate == Ppm::ONE {
            return None;
        }
        let (reward, rate) = (i128::from(reward.0), i128::from(self.rate.0));
        let stake = (reward * i128::from(Ppm::ONE.0) + rate - 1) / rate;
        // What cannot be had is more than there may ever be: then nobody has the stake.
        Some(Microjoules(i64::try_from(stake).unwrap_or(MINT_MAX.0 + 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stake_outweighs_the_gain_of_a_claim_that_is_not_looked_at() {
        for rate in [1, 999, 1_000, 333_333, 999_999] {
            let policy = AuditPolicy::new(Ppm(rate), 10).unwrap();
            for reward in [1, 7, 1_000_000, 1_000_000_007] {
                let stake = policy.stake_for(Microjoules(reward)).unwrap();
                let loss = i128::from(stake.0) * i128::from(rate);
                assert!(loss >= i128::from(reward) * 1_000_000, "{reward} at {rate} in a million");
            }
        }
    }

    #[test]
    fn a_stake_that_there_cannot_be_is_had_by_nobody() {
        let policy = AuditPolicy::new(Ppm(1), 10).unwrap();
        assert!(policy.stake_for(MINT_MAX).unwrap() > MINT_MAX);
        assert_eq!(AuditPolicy::default().stake_for(Microjoules(5)), None, "all are looked at");
    }

    #[test]
    fn policies_that_check_nothing_or_hold_for_ever_are_refused() {
        for rate in [Ppm(0), Ppm(1_000_001)] {
            assert_eq!(AuditPolicy::new(rate, 10), Err(AuditError::Rate(rate)));
        }
        let window = AUDIT_WINDOW_TICKS_MAX + 1;
        assert_eq!(AuditPolicy::new(Ppm::ONE, window), Err(AuditError::Window(window)));
        assert!(AuditPolicy::new(Ppm::ONE, 0).is_ok(), "paid at the next tick");
    }
}
