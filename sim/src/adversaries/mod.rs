//! Those who try to get more out of the market than they pay for, and what they got.
//!
//! Each adversary plays on the real node on a virtual clock, with cool air and idle money around it, so that nothing but the market
//! stands between it and its aim. What the market promises is asserted; what it does not prevent is measured and said.
//!
//! *Utility* is what the granted quanta are worth to their owner less what they were charged. An amount is given in base
//! prices: the price of a quantum at multiplier one.

mod claims;
mod collusion;
mod flooding;
mod floor;
mod idling;
mod poking;
mod shading;
mod sniping;
mod sybil;
mod whale;

use std::fmt;

pub use floor::{Floor, Player};

/// How well the market stands against an adversary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It gains nothing by it.
    Prevented,
    /// It gains nothing by it, but does others some harm.
    PreventedInPart,
    /// It can do it, and pays what it takes from others.
    Priced,
    /// It gains by it, and nothing in the market stands against it.
    NotPrevented,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prevented => "prevented",
            Self::PreventedInPart => "prevented in part",
            Self::Priced => "priced",
            Self::NotPrevented => "**not prevented**",
        })
    }
}

/// What an adversary tried, and what came of it.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What it tried.
    pub adversary: &'static str,
    /// How well the market stands against it.
    pub verdict: Verdict,
    /// What was measured.
    pub measured: String,
}

impl fmt::Display for Finding {
    /// As a row of a table in Markdown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { adversary, verdict, measured } = self;
        write!(f, "| {adversary} | {verdict} | {measured} |")
    }
}

/// Plays every adversary.
///
/// # Errors
/// The first promise of the market that does not hold.
pub fn play(seed: u64) -> anyhow::Result<Vec<Finding>> {
    Ok(vec![
        shading::one_slot(seed)?,
        shading::several_slots()?,
        sniping::play(seed)?,
        flooding::busy()?,
        flooding::refused()?,
        idling::play()?,
        claims::twice()?,
        claims::of_another()?,
        claims::false_ones()?,
        collusion::play()?,
        sybil::play()?,
        whale::play()?,
        poking::play()?,
        poking::without_money()?,
    ])
}
