//! The report of a demonstration, as `maxwell demo --json` writes it.
//!
//! Money and energy are whole microjoules (`_uj`), times are seconds of the run's own clock.

use serde::{Deserialize, Serialize};

/// Version of this format; it rises when a reader of the old one would be misled.
pub const VERSION: u32 = 2;

/// A whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DemoReport {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// `real-time` or `fast`.
    pub mode: String,
    /// Seed of the modelled machine; absent in real time.
    pub seed: Option<u64>,
    /// Why the run ended: `elapsed`, `interrupted`, or `output lost` when nobody could read it any more.
    pub ended: String,
    /// How long it ran.
    pub duration_s: f64,
    /// Ticks that were walked.
    pub ticks: u64,
    /// Ticks that were left out because the node came too late.
    pub ticks_missed: u64,
    /// The rule by which slots were sold.
    pub mechanism: String,
    /// What each slot was worth relative to the best; empty if they were all alike.
    pub weights: Vec<f64>,
    /// Each agent's fate.
    pub agents: Vec<AgentReport>,
    /// Die temperature in °C.
    pub temperature_c: Curve,
    /// Reserve price of a quantum in µJ.
    pub reserve_uj: Curve,
    /// Clearing price of a quantum in µJ.
    pub clearing_price_uj: Curve,
    /// What was paid for.
    pub work: Work,
    /// Whose joules.
    pub energy: Energy,
    /// Conservation of money and energy.
    pub conservation: Conservation,
    /// Whether the story of the demonstration holds.
    pub story: Story,
    /// What was modelled and not measured, in sentences.
    pub notes: Vec<String>,
}

/// One agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentReport {
    /// Its name.
    pub name: String,
    /// `alive` or `dead` at the end.
    pub fate: String,
    /// Why it died: `insolvent`, `debt`, `limit`, `crashed` or `finished`.
    pub reason: Option<String>,
    /// When it died.
    pub died_at_s: Option<f64>,
    /// What its program said last, if it failed.
    pub last_words: Option<String>,
    /// Its standing order at the start, per quantum; zero if its policy made none.
    pub bid_uj: i64,
    /// The policy that bid for it, as it is written; none if it bid by itself.
    pub policy: Option<String>,
    /// What it was given at the start.
    pub funded_uj: i64,
    /// What its wallet has at the end; debt is negative.
    pub balance_uj: i64,
    /// What it was paid for verified claims.
    pub income_uj: i64,
    /// What was charged for the verifications of its claims that took place.
    pub fees_uj: i64,
    /// Billed for quanta.
    pub quanta_uj: i64,
    /// Billed for memory held.
    pub rent_uj: i64,
    /// Billed for memory given back.
    pub tax_uj: i64,
    /// Quanta that it was granted.
    pub quanta_granted: u64,
    /// CPU time that it used.
    pub cpu_s: f64,
    /// Joules that it used (modelled).
    pub energy_uj: i64,
    /// Verified primes.
    pub primes: u64,
    /// Ranges that were paid.
    pub ranges_paid: u64,
    /// Claims that did not hold.
    pub claims_refused: u64,
    /// Claims that no verifier came to before the run ended: they cost nothing and were paid nothing.
    #[serde(default)]
    pub claims_given_up: u64,
}

/// A curve in five numbers, of its means over one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// In the first second.
    pub start: f64,
    /// The lowest.
    pub min: f64,
    /// The highest.
    pub max: f64,
    /// When it was highest.
    pub max_at_s: f64,
    /// In the last second.
    pub end: f64,
}

/// Useful work.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// Verified primes of all agents.
    pub primes: u64,
    /// Verified primes divided by all joules of the package, idle and Maxwell's own included.
    pub primes_per_joule: f64,
    /// What the bounty pays for a range.
    pub reward_per_range_uj: i64,
    /// CPU time that a range takes here, measured before the run; the reward follows from it.
    pub cpu_per_range_s: f64,
}

/// Joules of the package by who used them, each computed on its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Energy {
    /// Where the figures come from: `measured` or `modelled`.
    pub provenance: String,
    /// All of the package.
    pub package_uj: i64,
    /// Cells.
    pub cells_uj: i64,
    /// The machine with nothing running.
    pub idle_uj: i64,
    /// Maxwell itself.
    pub own_uj: i64,
    /// Everything else.
    pub other_uj: i64,
    /// Package less all shares.
    pub residual_uj: i64,
    /// Half the width of the error bar.
    pub error_uj: i64,
}

/// What must never be lost or made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conservation {
    /// Ticks after which every invariant was checked; a violation would have ended the run.
    pub ticks_checked: u64,
    /// Everything that was minted.
    pub minted_uj: i64,
    /// Sum over all accounts; zero.
    pub accounts_sum_uj: i64,
    /// Money still held for quanta after the end; zero.
    pub still_held_uj: i64,
    /// Whether money is conserved.
    pub money_holds: bool,
    /// Whether the residual of the energy lies within its error bar.
    pub energy_holds: bool,
}

/// The story: the leech goes broke, the die cools, the useful agent lives on at a lower price.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Story {
    /// The miner died because it could not pay.
    pub miner_died_broke: bool,
    /// The scientist is alive.
    pub scientist_alive: bool,
    /// Degrees from the peak to the end.
    pub temperature_fell_k: f64,
    /// Clearing price at the end as a part of its peak.
    pub price_at_end_of_peak: f64,
    /// Whether all of it came true: temperature fell by 2.5 K or more and the price to 0.7 of its peak or less.
    pub holds: bool,
}
