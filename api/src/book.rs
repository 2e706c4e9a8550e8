//! What `maxwell market book --json` writes: a book of orders, and what comes of it under each rule that was asked for.

use serde::{Deserialize, Serialize};

/// Version of this format; it rises when a reader of the old one would be misled.
pub const VERSION: u32 = 1;

/// A book and its outcomes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BookReport {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// Weights of the slots for sale, in their order; one is a slot of the fastest kind.
    pub weights: Vec<f64>,
    /// The least a quantum is sold for on a slot of weight one, in µJ.
    pub reserve_uj: i64,
    /// Ticks that were walked over the same book.
    pub ticks: u64,
    /// Every order, best first.
    pub orders: Vec<OrderRow>,
    /// What comes of them, by rule.
    pub outcomes: Vec<Outcome>,
}

/// One standing order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderRow {
    /// Its line in the file.
    pub line: u64,
    /// Who pays.
    pub wallet: String,
    /// The most it pays for a quantum, on the grid of prices, in µJ.
    pub limit_uj: i64,
    /// Slots wanted.
    pub slots: u32,
    /// Where it stands: `in the market`, `below the reserve`, `not covered` by its wallet, or `covered unless better ones win`: those of
    /// its wallet, before it, which are paid from the same money.
    pub standing: String,
}

/// What comes of a book under one rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Name of the rule.
    pub mechanism: String,
    /// Why it cannot be held, if it cannot; the rest is empty then.
    pub refused: Option<String>,
    /// The clearing price of the first tick, for a slot of weight one, in µJ.
    pub clearing_uj: i64,
    /// What each order had and paid, in the order of [`BookReport::orders`].
    pub sold: Vec<SoldRow>,
}

/// What one order had in all ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoldRow {
    /// Quanta that it won.
    pub quanta: u64,
    /// Their prices, added up, in µJ.
    pub paid_uj: i64,
}
