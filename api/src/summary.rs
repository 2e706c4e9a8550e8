//! The figures of an experiment: what `maxwell experiment` writes as `summary.json`.
//!
//! Only runs that ran their whole time count. Energy is in joules (`_j`), money in whole microjoules (`_uj`), times in
//! seconds (`_s`), temperatures in °C (`_c`). Every figure over repetitions is a [`Statistic`]. A figure that could not
//! be had is `null`, and a sentence in [`Summary::notes`] or beside it says why.

use serde::{Deserialize, Serialize};

use crate::experiment::{Outcome, SkippedArm};

/// Version of this format; it rises when a reader of the old one would be misled.
pub const VERSION: u32 = 1;

/// An experiment in figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// Version of Maxwell.
    pub maxwell: String,
    /// The command that repeats the experiment.
    pub command: String,
    /// When it began, in seconds since 1970.
    pub began_unix_s: u64,
    /// The result in a sentence, also when there is none.
    pub headline: String,
    /// Verified primes per joule of the package in the arm `maxwell`, divided by those in the arm `linux`; `null` if
    /// one of them is missing, as [`Summary::headline`] then says.
    pub primes_per_joule_ratio_maxwell_to_linux: Option<Headline>,
    /// Where temperature, power and energy come from: `measured`, `modelled`, `replayed`, several of them joined by
    /// ` and `, or `unknown` if nothing was recorded.
    pub provenance: String,
    /// Whether it is the configuration of the published claim: one scientist, one miner, equal money, one slot,
    /// and joules that are not a recording's.
    pub published_configuration: bool,
    /// What could be expected of the ratio.
    pub expected: Expected,
    /// What makes the result believable, or not.
    pub checks: Vec<Check>,
    /// Figures of each arm, in the order of the plan.
    pub arms: Vec<ArmSummary>,
    /// The ratio over the money that each agent had, poorest first; empty without a sweep of funding.
    pub funding_sweep: Vec<FundingPoint>,
    /// Figures of each run, counted or not, in the order in which they ran.
    pub runs: Vec<RunSummary>,
    /// Arms that this machine could not do.
    pub skipped: Vec<SkippedArm>,
    /// What the reader should know beside the figures, in sentences.
    pub notes: Vec<String>,
}

/// A figure over repetitions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statistic {
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation of the sample; `null` with fewer than two values.
    pub deviation: Option<f64>,
    /// Lower end of the 95 % confidence interval of the mean (Student's t); `null` with fewer than two values.
    pub low: Option<f64>,
    /// Upper end of it.
    pub high: Option<f64>,
    /// How many values there are.
    pub count: u32,
}

/// A ratio of two arms, paired by repetition.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    /// Geometric mean of the paired ratios. If a pair has nothing above the line, the quotient of the two means.
    pub ratio: f64,
    /// Lower end of the 95 % confidence interval (Student's t on the logarithms of the paired ratios); `null` with
    /// fewer than two pairs or when a ratio has no logarithm.
    pub low: Option<f64>,
    /// Upper end of it.
    pub high: Option<f64>,
    /// Pairs: repetitions that are complete in both arms.
    pub repetitions: u32,
}

/// The headline: a [`Ratio`] against what is claimed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Headline {
    /// The ratio, as in [`Ratio::ratio`].
    pub ratio: f64,
    /// Lower end of its 95 % confidence interval; `null` with fewer than two pairs.
    pub low: Option<f64>,
    /// Upper end of it.
    pub high: Option<f64>,
    /// Pairs: repetitions that are complete in both arms.
    pub repetitions: u32,
    /// The published claim, which speaks of the published configuration only.
    pub target: f64,
    /// Whether the ratio is at least the target.
    pub reached: bool,
}

/// What could be expected of the ratio of `maxwell` to `linux` by counting alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// Agents that are not parasites.
    pub earners: u32,
    /// All agents.
    pub agents: u32,
    /// Slots that they share.
    pub slots: u16,
    /// Power of the idle machine in W.
    pub idle_w: f64,
    /// Power that a busy slot adds in W.
    pub slot_w: f64,
    /// Upper bound: every parasite is gone from the first moment and Maxwell itself costs nothing; `null` without
    /// earners.
    pub upper_bound: Option<f64>,
    /// What was found as a share of the bound; `null` if either is missing.
    pub found_share: Option<f64>,
    /// Why the bound is only an orientation: agents that do not use all their time, or that nobody knows, or
    /// joules of a recording. `null` if every agent fills a slot and the joules answer to it.
    pub only_orientation_because: Option<String>,
}

/// Something that must hold for the result to be believed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Short name, such as `parasites-broke`.
    pub name: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// What was found, in a sentence.
    pub finding: String,
}

/// Whether a check holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// The records say nothing about it.
    Unknown,
}

/// Figures of an arm over its complete runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmSummary {
    /// Its name.
    pub arm: String,
    /// What it is, in a sentence.
    pub what: String,
    /// Whether Maxwell runs in it.
    pub market: bool,
    /// Money of each agent at the start in slot-seconds; only with a market.
    pub funding_slot_seconds: Option<f64>,
    /// Runs that count.
    pub runs_complete: u32,
    /// Runs that do not: failed or interrupted.
    pub runs_left_out: u32,
    /// Whether `own_cpu_s` is Maxwell's and its energy is part of the package's (unless the package is `replayed`).
    /// Else it is the recorder's, which is shown and not charged.
    pub own_charged: bool,
    /// The figures.
    pub figures: Figures<Statistic>,
    /// Primes per joule, divided by those of `linux`; `null` for `linux` itself, without pairs, or if `linux` has
    /// none.
    pub ratio_to_linux: Option<Ratio>,
    /// Parasites of all its runs together.
    pub parasites: u32,
    /// Of them: still alive at the end. [`Figures::parasite_survival_s`] is about the others.
    pub parasites_survived: u32,
    /// Each agent over all runs, in the order of their start.
    pub agents: Vec<AgentSummary>,
}

/// The figures of a run (`Figures<f64>`) or of an arm (`Figures<Statistic>`). What cannot be known is `null`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures<T> {
    /// Verified primes.
    pub primes: Option<T>,
    /// Energy of the package, idle and Maxwell's own included.
    pub package_j: Option<T>,
    /// Verified primes per joule of the package: the headline's figure. `null` without joules.
    pub primes_per_joule: Option<T>,
    /// Verified primes per joule above the idle machine's. `null` without joules above it, and if the package is
    /// `replayed`: what is idle is then a model's.
    pub primes_per_joule_above_idle: Option<T>,
    /// CPU time of Maxwell's own process, or of the recorder where there is no Maxwell.
    pub own_cpu_s: Option<T>,
    /// Maxwell's own energy, part of the package's. If that is `replayed` it is `modelled`, and no part of it.
    pub own_j: Option<T>,
    /// Highest die temperature.
    pub peak_c: Option<T>,
    /// Mean die temperature.
    pub mean_c: Option<T>,
    /// How long parasites lived, mean over those that died within a run; `null` if none died.
    pub parasite_survival_s: Option<T>,
    /// Energy of agents that earned verified primes, as a share of the package's (0 to 1). If that is `replayed`, the
    /// agents' is `modelled` all the same.
    pub useful_share: Option<T>,
    /// Jain's fairness index over the CPU time of all agents: 1 if all got the same, 1/n if one got all.
    pub fairness: Option<T>,
    /// The scheduler's latency in milliseconds: time waited for a CPU, divided by the times put on one.
    pub sched_latency_ms: Option<T>,
    /// CPU time of the real machine that neither cells nor Maxwell (or the recorder) used.
    pub other_cpu_s: Option<T>,
    /// CPU time that the real machine's own host took from it.
    pub stolen_s: Option<T>,
    /// Ticks that came too late and were left out; only with a market.
    pub ticks_missed: Option<T>,
}

/// An agent over the complete runs of an arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentSummary {
    /// Its name.
    pub agent: String,
    /// What it is, such as `miner`.
    pub kind: String,
    /// Whether the experiment takes it for a parasite. The market does not know it.
    pub parasite: bool,
    /// Runs in which it was alive at the end.
    pub survived: u32,
    /// Runs in which it died.
    pub died: u32,
    /// Why it died, each reason once, in the order of the alphabet.
    pub reasons: Vec<String>,
    /// When it died, over the runs in which it did.
    pub died_at_s: Option<Statistic>,
    /// CPU time used.
    pub cpu_s: Option<Statistic>,
    /// Its joules, by its CPU time.
    pub energy_j: Option<Statistic>,
    /// Primes in ranges that were verified.
    pub primes: Option<Statistic>,
    /// Its bid per quantum at the start; only with a market.
    pub bid_uj: Option<Statistic>,
    /// What it was given at the start; only with a market.
    pub funded_uj: Option<Statistic>,
    /// What it was paid for verified claims; only with a market.
    pub income_uj: Option<Statistic>,
    /// What its wallet had at the end, debt being negative; only with a market.
    pub balance_uj: Option<Statistic>,
    /// What its program said last, each saying once.
    pub last_words: Vec<String>,
}

/// A point of the sweep of funding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FundingPoint {
    /// Name of the arm.
    pub arm: String,
    /// Money of each agent at the start in slot-seconds.
    pub funding_slot_seconds: f64,
    /// Primes per joule, divided by those of `linux`.
    pub ratio_to_linux: Option<Ratio>,
    /// Parasites of all its runs together.
    pub parasites: u32,
    /// Of them: still alive at the end.
    pub parasites_survived: u32,
    /// How long those that died had lived.
    pub parasite_survival_s: Option<Statistic>,
}

/// Figures of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// Number of the run, from 1.
    pub run: u32,
    /// Name of the arm.
    pub arm: String,
    /// Repetition, from 1.
    pub repetition: u32,
    /// How it ended. Only complete runs count for the arm.
    pub outcome: Outcome,
    /// The last second that was recorded; `null` if none was.
    pub recorded_s: Option<f64>,
    /// Its figures up to there.
    pub figures: Figures<f64>,
}
