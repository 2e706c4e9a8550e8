//! Which market a node holds: what an operator chooses, checked before anything is sold.

use super::Auction;
use super::book::OrderBook;
use super::mechanism::MechanismKind;
use crate::units::Ppm;

/// The rule of the market, and what its slots are worth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MarketConfig {
    /// Who wins and what winners pay.
    pub mechanism: MechanismKind,
    /// The speed of each slot relative to the fastest, above zero and at most one, in the order of the slots; empty when they are
    /// all alike.
    pub weights: Vec<Ppm>,
}

/// A market that cannot be held. Nothing has been sold; the configuration must be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarketError {
    /// Too few weights, or too many.
    #[error(
        "market.weights: {given} weights for {slots} slots; give one for each slot, or none if all are alike"
    )]
    Count {
        /// How many there are.
        given: usize,
        /// How many there have to be.
        slots: u16,
    },
    /// A slot that is worth nothing, or more than the fastest.
    #[error(
        "market.weights: slot {slot} has weight {}; weights are above 0 and at most 1, the speed of the fastest slot",
        weight.as_ratio()
    )]
    Weight {
        /// Which.
        slot: usize,
        /// Its weight.
        weight: Ppm,
    },
    /// Slots that differ, under a rule that sells them at one price.
    #[error(
        "market.mechanism: {mechanism} sells slots that are all alike; with unequal weights take vcg or gsp, or give no weights"
    )]
    Unequal {
        /// The rule.
        mechanism: MechanismKind,
    },
}

impl MarketConfig {
    /// An auction of `slots` slots over this book.
    ///
    /// # Errors
    /// When the weights do not fit the slots or the mechanism.
    pub fn open(&self, slots: u16, book: Box<dyn OrderBook>) -> Result<Auction, MarketError> {
        let weights = self.weights_of(slots)?;
        Ok(Auction::with_weights(&weights, book, self.mechanism.make()))
    }

    /// The weight of each of `slots` slots.
    ///
    /// # Errors
    /// When the weights do not fit the slots or the mechanism.
    pub fn weights_of(&self, slots: u16) -> Result<Vec<Ppm>, MarketError> {
        if self.weights.is_empty() {
            return Ok(vec![Ppm::ONE; usize::from(slots)]);
        }
        if self.weights.len() != usize::from(slots) {
            return Err(MarketError::Count { given: self.weights.len(), slots });
        }
        let weights = || self.weights.iter().copied();
        if let Some((slot, weight)) =
            weights().enumerate().find(|(_, weight)| *weight == Ppm(0) || *weight > Ppm::ONE)
        {
            return Err(MarketError::Weight { slot, weight });
        }
        if !self.mechanism.knows_weights() && weights().any(|weight| weight != self.weights[0]) {
            return Err(MarketError::Unequal { mechanism: self.mechanism });
        }
        Ok(self.weights.clone())
    }
}
