//! Prices of electricity as they are read from files and endpoints.
//!
//! A file is CSV with the header `time,price`, or a JSON array of [`PriceEntry`]. Each price holds from its time until
//! that of the next entry; times rise. Prices may be in any currency and per any amount of energy, because only their
//! ratio to a reference counts.

use serde::{Deserialize, Serialize};

/// The columns of a CSV file of prices, in this order.
pub const COLUMNS: [&str; 2] = ["time", "price"];

/// Where an endpoint's answer holds the price unless the user says otherwise: a JSON pointer (RFC 6901).
pub const POINTER: &str = "/price";

/// One price of a JSON file. Other fields are passed over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriceEntry {
    /// From when on the price holds.
    pub time: Time,
    /// The price, in the currency and per the energy of the reference.
    pub price: f64,
}

/// A point in time, in one of two spellings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "time must be Unix seconds or a text as in RFC 3339, such as 2026-01-31T17:00:00Z"
)]
pub enum Time {
    /// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    Unix(f64),
    /// As in RFC 3339, with its offset from UTC: `2026-01-31T18:00:00+01:00`.
    Rfc3339(String),
}
