//! What `maxwell price --json` writes: a quote and every term that it was made from, a line each time.

use serde::{Deserialize, Serialize};

use crate::physics::ReadingReport;

/// Version of this format; it rises when a reader of the old one would be misled.
pub const VERSION: u32 = 1;

/// A quote, term by term.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriceReport {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// Seconds since the command began.
    pub at_s: f64,
    /// Trust in the sensors, from 1 (calibrated) to 4 (all modelled).
    pub tier: u8,
    /// The latest reading; none before the first.
    pub reading: Option<ReadingReport>,
    /// Whether it is recent enough to be believed.
    pub fresh: bool,
    /// Why the sensors last failed, if they ever did.
    pub sensor_trouble: Option<String>,
    /// Electricity price relative to the reference.
    pub tariff: f64,
    /// For how many seconds that tariff has been in force or ago it was asked for; none for a constant.
    pub tariff_age_s: Option<f64>,
    /// Where it comes from: `constant`, `series`, `last entry of the series`, `endpoint` or `endpoint that fails`.
    pub tariff_source: String,
    /// What is wrong with the tariff, if something is.
    pub tariff_trouble: Option<String>,
    /// Power of one busy slot above idle, in W.
    pub slot_w: f64,
    /// Part of the idle power that each slot recovers, in W.
    pub idle_share_w: f64,
    /// Price of a quantum at multiplier one, in µJ.
    pub base_uj: i64,
    /// How the multiplier came about.
    pub price: MultiplierReport,
    /// The least a quantum is sold for, in µJ.
    pub reserve_uj: i64,
    /// How the supply came about.
    pub supply: SupplyReport,
}

/// The terms of the multiplier `exp(u)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MultiplierReport {
    /// Die temperature after the filter, in °C.
    pub die_filtered_c: f64,
    /// Power after the filter, in W.
    pub power_filtered_w: f64,
    /// The curve over temperature: pairs of °C and u.
    pub die_knots: Vec<(f64, f64)>,
    /// The curve over power, if there is a budget: pairs of W and u.
    pub power_knots: Option<Vec<(f64, f64)>>,
    /// u by temperature.
    pub u_die: f64,
    /// u by power.
    pub u_power: f64,
    /// Which of them holds: `temperature`, `power` or `no reading`.
    pub driver: String,
    /// The multiplier.
    pub multiplier: f64,
}

/// The terms of the supply, in slots unless said otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SupplyReport {
    /// Temperature that was acted on, in °C: read or, without a fresh reading, assumed.
    pub die_c: f64,
    /// Set point in force, in °C.
    pub set_point_c: f64,
    /// Temperature at or above which nothing is sold, in °C.
    pub critical_c: f64,
    /// Set point less temperature, in K.
    pub error_k: f64,
    /// What the error gives.
    pub proportional: f64,
    /// What errors have added up to.
    pub integral: f64,
    /// What the heat sink's drift takes away.
    pub feed_forward: f64,
    /// What the slope of the temperature takes away.
    pub derivative: f64,
    /// Sum of the four, before any limit.
    pub wanted: f64,
    /// The supply after all limits.
    pub allowed: f64,
    /// Which limit holds: `slots`, `temperature`, `power budget`, `slew`, `critical`, `stale` or `missing`.
    pub limit: String,
    /// Slots that there are.
    pub slots: u16,
    /// Whole slots for sale in this tick.
    pub for_sale: u16,
    /// Part of a slot owed to the ticks to come.
    pub owed: f64,
}
