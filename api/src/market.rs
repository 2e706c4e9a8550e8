//! What `maxwell market` writes: the study of games as JSON, and its rows as CSV.
//!
//! A *ratio* is the best welfare there could be over the welfare there is, so 1 is perfect. One that is `null` (empty in CSV) is endless:
//! nothing was reached although something could have been.

use serde::{Deserialize, Serialize};

/// Version of this format; it rises when a reader of the old one would be misled.
pub const VERSION: u32 = 1;

/// What strategic bidders do to the market, in figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StudyReport {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// Seed from which every game was drawn.
    pub seed: u64,
    /// Games of each family at rest.
    pub games: usize,
    /// Equilibria of the generalised second-price rule, by family of games.
    pub rest: Vec<RestRow>,
    /// The worst games that a search found, by number of bidders.
    pub worst: Vec<WorstGame>,
    /// The same rule while reserve, supply and demand move.
    pub motion: Vec<MotionRow>,
    /// What bidders gain who do not bid the truth, by rule.
    pub gains: Vec<GainRow>,
}

/// How figures are distributed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// How many there are.
    pub count: usize,
    /// As many are above it as below.
    pub median: Option<f64>,
    /// One in twenty is above it.
    pub p95: Option<f64>,
    /// One in a hundred is above it.
    pub p99: Option<f64>,
    /// The largest.
    pub max: Option<f64>,
}

/// Equilibria of a family of games at rest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RestRow {
    /// How values are distributed: `uniform`, `exponential`, `pareto` or `equal`; `unequal` for the first three together.
    pub values: String,
    /// What slots there are: `hybrid`, `siblings`, `mixed` or `random`.
    pub slots: String,
    /// Whether there is a reserve, of half the mean value.
    pub reserve: bool,
    /// `every` if every equilibrium was found, `reached` if only those that bidders reach who answer each other.
    pub search: String,
    /// Games with a bidder at or above the reserve.
    pub games: usize,
    /// Those of them in which no equilibrium was found.
    pub without: usize,
    /// Allocations that some equilibrium has, in all games.
    pub equilibria: usize,
    /// The most that anybody gained by another bid in the check of the equilibria, in µJ; 1 and 2 are rounding.
    pub temptation_uj: i64,
    /// Ratio of every equilibrium, among bidders who are not below the reserve.
    pub ratio: Quantiles,
    /// Ratio of the worst equilibrium of each game: its price of anarchy.
    pub worst: Quantiles,
    /// The same against the welfare without a reserve: trade that the reserve keeps out counts as lost.
    pub with_lost_trade: Quantiles,
    /// Share of random starts from which bidders reached an equilibrium.
    pub reached_share: f64,
    /// Ratio of the equilibria that they reached.
    pub reached: Quantiles,
    /// Ratio of the worst equilibrium if bidders may bid more than their value, up to the highest value of all; games of
    /// up to five bidders.
    pub overbidding: Quantiles,
}

/// A game at rest, a line of `games.csv`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GameRow {
    /// See [`RestRow::values`].
    pub values: String,
    /// See [`RestRow::slots`].
    pub slots: String,
    /// See [`RestRow::reserve`].
    pub reserve: bool,
    /// See [`RestRow::search`].
    pub search: String,
    /// Number of the game in its family.
    pub game: usize,
    /// Bidders at or above the reserve.
    pub bidders: usize,
    /// Slots for sale.
    pub slots_for_sale: usize,
    /// Allocations that some equilibrium has.
    pub equilibria: usize,
    /// Ratio of the best equilibrium.
    pub best: Option<f64>,
    /// Ratio of the worst equilibrium.
    pub worst: Option<f64>,
    /// Ratio of the worst equilibrium, lost trade included.
    pub worst_with_lost_trade: Option<f64>,
    /// Random starts from which bidders answered each other.
    pub starts: usize,
    /// Those from which they reached an equilibrium.
    pub reached: usize,
    /// Ratio of the worst of these.
    pub reached_worst: Option<f64>,
    /// Ratio of the worst equilibrium with bids above the value.
    pub overbidding_worst: Option<f64>,
    /// See [`RestRow::temptation_uj`].
    pub temptation_uj: i64,
}

/// The worst game that a search found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorstGame {
    /// Bidders, and as many slots.
    pub bidders: usize,
    /// Climbs from random games.
    pub climbs: usize,
    /// Steps of each.
    pub steps: usize,
    /// Ratio of its worst equilibrium.
    pub ratio: f64,
    /// Ratio of the game that the median climb ended at: whether the search is stuck at chance finds.
    pub median_ratio: f64,
    /// Values, the highest first, in µJ.
    pub values_uj: Vec<i64>,
    /// Weights of the slots, the heaviest first, in millionths.
    pub weights_ppm: Vec<u64>,
    /// Who gets which slot, by place in the list of values.
    pub order: Vec<usize>,
    /// Their bids, in µJ.
    pub bids_uj: Vec<i64>,
    /// See [`RestRow::temptation_uj`].
    pub temptation_uj: i64,
}

/// The generalised second-price rule in motion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MotionRow {
    /// Time constant of the die in seconds; `null` where reserve and supply stand still.
    pub tau_s: Option<f64>,
    /// How bidders answer: `low`, `balanced`, `any` or `high`; `all` for all of them together.
    pub manner: String,
    /// Age of the book that they answer to, in ticks; `null` for all ages together.
    pub delay_ticks: Option<usize>,
    /// Runs.
    pub runs: usize,
    /// Ticks in which something could be sold.
    pub ticks: usize,
    /// Ratio of each tick, given the slots for sale and the reserve.
    pub tick: Quantiles,
    /// Ratio of each second: welfare that could be over welfare that was, added up.
    pub second: Quantiles,
    /// Ratio of each run.
    pub run: Quantiles,
    /// Ratio of each run against the welfare without a reserve, on the same slots.
    pub run_with_lost_trade: Quantiles,
    /// Reserve over base price: mean.
    pub multiplier_mean: f64,
    /// Reserve over base price: highest.
    pub multiplier_max: f64,
}

/// What is gained by not bidding the truth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GainRow {
    /// What is tried: `shading`, `fewer`, `wallets`, `budget`, `draining`, `rotation` or `sniping`.
    pub trick: String,
    /// Rule of price.
    pub mechanism: String,
    /// Whether slots are `identical` or `hybrid`.
    pub slots: String,
    /// Games.
    pub games: usize,
    /// Share of the games in which it gains anything.
    pub share: f64,
    /// Mean gain over all games, in percent of the best welfare that the game could have; a trick that is always played
    /// may lose.
    pub mean_percent: f64,
    /// The same of who plays it only where it pays.
    pub mean_where_it_pays_percent: f64,
    /// Gains in the same unit.
    pub gain_percent: Quantiles,
}
