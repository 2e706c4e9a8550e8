//! The study of games: what strategic bidders do to the market, and where the proofs end.
//!
//! Three questions. *At rest*: how bad are the equilibria of the generalised second-price rule, over random games and in the worst
//! games that a search finds ([`rest`])? *In motion*: what is left of welfare while the reserve follows the heat, the heat follows
//! what is sold, and bidders answer a book that is past ([`motion`])? And what does a bidder *gain* by not bidding the truth, under
//! each rule of price ([`gains`])? `docs/market/study.md` says what was found.
//!
//! Payments are those of the core's mechanisms, heat and price those of a node. The same plan gives the same study.
#![forbid(unsafe_code)]

use maxwell_api::market::{GameRow, StudyReport, VERSION};

pub mod game;

pub mod draw;

pub mod equilibria;

pub mod house;

pub mod check;

pub mod respond;

pub mod dynamics;

pub mod search;

pub mod rest;

pub mod motion;

pub mod gains;

pub mod write;

mod plan;

mod parallel;

mod quantiles;

mod error;

pub use error::StudyError;
pub use parallel::Progress;
pub use plan::Plan;

/// Name of the rows that take families of unequal values together.
pub const UNEQUAL: &str = "unequal";

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Study {
    /// The figures.
    pub report: StudyReport,
    /// Every game at rest.
    pub games: Vec<GameRow>,
}

/// Makes the study, on all CPUs.
pub fn run(plan: &Plan, progress: Progress<'_>) -> Study {
    let (rest, games) = rest::games(plan, progress);
    let report = StudyReport {
        version: VERSION,
        seed: plan.seed,
        games: plan.games,
        rest,
        worst: rest::worst_games(plan, progress),
        motion: motion::runs(plan, progress),
        gains: gains::table(plan, progress),
    };
    Study { report, games }
}
