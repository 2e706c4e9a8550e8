//! The erasure tax: what giving bytes back costs.

use crate::units::{Bytes, Celsius, Microjoules};

/// Boltzmann's constant in joules per kelvin (exact by the definition of the kelvin, SI 2019).
pub const BOLTZMANN: f64 = 1.380_649e-23;
/// Attojoules in a microjoule.
const ATTOJOULES_PER_MICROJOULE: u128 = 1_000_000_000_000;

/// Tax on freed bytes: `bytes x 8 x k_B x T x ln 2 x inefficiency` (Landauer 1961), accumulated in whole attojoules so
/// that frees too small for a microjoule add up.
///
/// `inefficiency` is a policy knob, not physics: at its default of 1e12 and 300 K a GiB freed costs about 25 $JOULE;
/// the physical figure is 2.5e-11 J.
#[derive(Clone, Copy, Debug)]
pub struct ErasureTax {
    inefficiency: f64,
    attojoules: u128,
}

impl ErasureTax {
    /// A meter at zero. `inefficiency` must be finite and not negative.
    pub fn new(inefficiency: f64) -> Self {
        assert!(inefficiency.is_finite() && inefficiency >= 0.0, "inefficiency must be zero or more");
        Self { inefficiency, attojoules: 0 }
    }

    /// Adds bytes that were freed while the die was at `die`.
    pub fn add(&mut self, freed: Bytes, die: Celsius) {
        if freed.0 == 0 {
            return;
        }
        let per_byte = 8.0 * BOLTZMANN * die.kelvin() * std::f64::consts::LN_2 * self.inefficiency;
        self.attojoules += u128::from(freed.0) * (per_byte * 1e18).round() as u128;
    }

    /// Takes the whole microjoules out; the rest stays for later.
    pub fn take(&mut self) -> Microjoules {
        let whole = self.attojoules / ATTOJOULES_PER_MICROJOULE;
        self.attojoules %= ATTOJOULES_PER_MICROJOULE;
        Microjoules(whole as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Celsius = Celsius(26.85);

    #[test]
    fn a_gibibyte_at_300_kelvin_costs_about_25_joules() {
        let mut tax = ErasureTax::new(1e12);
        tax.add(Bytes(1 << 30), ROOM);
        let joules = tax.take().as_joules();
        assert!((24.5..25.0).contains(&joules), "{joules}");
    }

    #[test]
    fn small_frees_add_up_to_what_a_large_one_costs() {
        let (mut small, mut large) = (ErasureTax::new(1e12), ErasureTax::new(1e12));
        let mut paid = Microjoules::ZERO;
        for _ in 0..10_000 {
            small.add(Bytes(100), ROOM);
            paid += small.take();
        }
        large.add(Bytes(1_000_000), ROOM);
        assert_eq!(paid, large.take());
    }
}
