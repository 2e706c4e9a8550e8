//! Rent: squatting is not free.

use crate::limits::WINDOW;
use crate::tick::Quote;
use crate::units::{Bytes, Microjoules, Watts};

/// The unit of the remainder: a microjoule is `2^30` (bytes in a GiB) x `1e9` (nanoseconds) x `1e6` (ppm) of it.
const PARTS_PER_MICROJOULE: u128 = (1 << 30) * 1_000_000_000 * 1_000_000;

/// Resident memory pays watts per GiB x tariff x multiplier per billing window, running or frozen. Parts of a
/// microjoule are kept for the next window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rent {
    microwatts_per_gibibyte: u128,
    parts: u128,
}

impl Rent {
    pub(super) fn new(per_gibibyte: Watts) -> Self {
        assert!(per_gibibyte.0.is_finite() && per_gibibyte.0 >= 0.0, "rent must be zero watts or more");
        Self { microwatts_per_gibibyte: (per_gibibyte.0 * 1e6).round() as u128, parts: 0 }
    }

    /// The rent of one window.
    pub(super) fn of_window(&mut self, held: Bytes, quote: &Quote) -> Microjoules {
        let factor = u128::from(quote.tariff.0) * u128::from(quote.multiplier.0) / 1_000_000;
        self.parts += u128::from(held.0) * self.microwatts_per_gibibyte * u128::from(WINDOW.0) * factor;
        let whole = self.parts / PARTS_PER_MICROJOULE;
        self.parts %= PARTS_PER_MICROJOULE;
        Microjoules(whole as i64)
    }
}
