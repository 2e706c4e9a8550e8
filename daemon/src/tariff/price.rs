//! From a price to a ratio.

use maxwell_core::limits::{TARIFF_MAX, TARIFF_MIN};
use maxwell_core::units::Ppm;

use super::TariffError;

/// The price that counts as a tariff of one, in the currency and per the energy of the prices that are read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reference(f64);

/// A price relative to the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ratio {
    pub(super) ppm: Ppm,
    /// Whether it would be lower but for [`TARIFF_MIN`].
    pub(super) raised: bool,
}

/// A price that cannot be meant.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("a price of at most 1000 times the reference of {reference}; is it in the same unit?")]
pub struct TooDear {
    reference: f64,
}

impl Reference {
    /// A reference price.
    ///
    /// # Errors
    /// When it is not above zero.
    pub fn new(price: f64) -> Result<Self, TariffError> {
        if price.is_normal() && price > 0.0 { Ok(Self(price)) } else { Err(TariffError::Reference(price)) }
    }

    /// `price` as a ratio. Below the lowest tariff, and so at zero and negative prices, which real markets know, it is
    /// raised to that.
    pub(super) fn ratio(self, price: f64) -> Result<Ratio, TooDear> {
        let ratio = price / self.0;
        // Written so that what is not a number is refused too.
        if !(ratio.is_finite() && ratio <= TARIFF_MAX.as_ratio()) {
            return Err(TooDear { reference: self.0 });
        }
        let ppm = Ppm::from_ratio(ratio);
        Ok(Ratio { ppm: ppm.max(TARIFF_MIN), raised: ppm < TARIFF_MIN })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_compared_with_the_reference() {
        let reference = Reference::new(80.0).unwrap();
        let ratio = |price| reference.ratio(price).map(|ratio| (ratio.ppm.0, ratio.raised)).ok();
        assert_eq!(ratio(100.0), Some((1_250_000, false)));
        assert_eq!(ratio(0.8), Some((10_000, false)), "the lowest tariff itself");
        assert_eq!(ratio(80_000.0), Some((1_000_000_000, false)), "and the highest");
        for low in [0.79, 0.0, -0.0, -500.0, -1e300] {
            assert_eq!(ratio(low), Some((10_000, true)), "{low}");
        }
        for wrong in [80_000.1, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            assert_eq!(ratio(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_reference_is_above_zero() {
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE / 2.0] {
            assert!(Reference::new(wrong).is_err(), "{wrong}");
        }
    }
}
