//! The agents of an experiment: what they bid, what they are given, and who is taken for a parasite.
//!
//! The market knows none of this: to it every agent is a wallet and an order.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use maxwell_api::experiment::AgentPlan;

/// Agents of one run at most.
pub const AGENTS_MAX: usize = 64;

/// A built-in agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Finds primes: the only one whose work is counted.
    Scientist,
    /// Hashes for nothing that anyone here pays for.
    Miner,
    /// Wins and does not use it.
    Sleeper,
    /// Works in bursts.
    Bursty,
    /// Claims work that it did not do.
    Cheat,
    /// Squats memory.
    Hoarder,
    /// A miner with much more money.
    Whale,
}

impl Kind {
    /// All of them, in the order in which help shows them.
    pub const ALL: [Self; 7] =
        [Self::Scientist, Self::Miner, Self::Sleeper, Self::Bursty, Self::Cheat, Self::Hoarder, Self::Whale];

    /// The name that the user sees, which is that of the program as well.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scientist => "scientist",
            Self::Miner => "miner",
            Self::Sleeper => "sleeper",
            Self::Bursty => "bursty",
            Self::Cheat => "cheat",
            Self::Hoarder => "hoarder",
            Self::Whale => "whale",
        }
    }

    /// Whether it does nothing that the bounty pays for.
    pub const fn is_parasite(self) -> bool {
        !matches!(self, Self::Scientist)
    }

    /// Its bid, in base prices. A miner that bids less than the scientist never dies and proves nothing.
    const fn bid(self) -> f64 {
        match self {
            Self::Scientist | Self::Cheat => 4.0,
            Self::Bursty | Self::Hoarder => 6.0,
            Self::Miner | Self::Sleeper | Self::Whale => 12.0,
        }
    }

    /// Its money, as a multiple of the others'.
    const fn funding_factor(self) -> f64 {
        match self {
            Self::Whale => 10.0,
            _ => 1.0,
        }
    }
}

impl FromStr for Kind {
    type Err = CastError;

    fn from_str(name: &str) -> Result<Self, CastError> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| CastError::Unknown(name.to_owned()))
    }
}

/// Why `--agents` or `--program` is not understood.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CastError {
    /// There is no such agent.
    #[error("there is no agent {0:?}; there are {kinds}", kinds = Kinds)]
    Unknown(String),
    /// The number is none.
    #[error("{0:?} is no number of agents from 1 to {AGENTS_MAX}; write for instance miner:3")]
    Count(String),
    /// A kind stands there more than once.
    #[error("{kind} stands there twice; write {kind}:2 for two of them", kind = .0.name())]
    Twice(Kind),
    /// Too many of them.
    #[error("{0} agents are more than a run can have; name at most {AGENTS_MAX}")]
    TooMany(u32),
    /// Nobody works.
    #[error("without a scientist nothing would be counted; add it, as in --agents scientist,miner")]
    NoScientist,
    /// `--program` without its two sides.
    #[error("{0:?} is not KIND=PATH; write for instance scientist=/usr/local/bin/mine")]
    Program(String),
    /// A program for an agent that does not take part.
    #[error("--program names the {kind}, which --agents does not; add it there or leave the program out", kind = .0.name())]
    Absent(Kind),
    /// Two programs for one agent.
    #[error("--program names two programs for the {kind}; leave one out", kind = .0.name())]
    TwoPrograms(Kind),
}

/// All kinds, for messages.
struct Kinds;

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Kind::ALL.map(Kind::name).join(", "))
    }
}

/// Reads what `--agents` and `--program` say, such as `scientist:2,miner:3,whale` and `miner=/bin/mine`.
///
/// # Errors
/// The first thing that is not understood or contradicts itself.
pub fn cast(agents: &str, programs: &[String]) -> Result<Vec<AgentPlan>, CastError> {
    let mut plans: Vec<AgentPlan> = Vec::new();
    for word in agents.split(',') {
        let (kind, count) = counted(word.trim())?;
        if plans.iter().any(|plan| plan.kind == kind.name()) {
            return Err(CastError::Twice(kind));
        }
        plans.push(AgentPlan {
            kind: kind.name().to_owned(),
            count,
            parasite: kind.is_parasite(),
            bid: kind.bid(),
            funding_factor: kind.funding_factor(),
            program: None,
        });
    }
    let all: u32 = plans.iter().map(|plan| plan.count).sum();
    if all as usize > AGENTS_MAX {
        return Err(CastError::TooMany(all));
    }
    if plans.iter().all(|plan| plan.parasite) {
        return Err(CastError::NoScientist);
    }
    for word in programs {
        let (kind, path) = word.split_once('=').ok_or_else(|| CastError::Program(word.clone()))?;
        let kind: Kind = kind.parse()?;
        let plan = plans.iter_mut().find(|plan| plan.kind == kind.name()).ok_or(CastError::Absent(kind))?;
        if path.is_empty() {
            return Err(CastError::Program(word.clone()));
        }
        if plan.program.replace(path.to_owned()).is_some() {
            return Err(CastError::TwoPrograms(kind));
        }
    }
    Ok(plans)
}

fn counted(word: &str) -> Result<(Kind, u32), CastError> {
    let Some((kind, count)) = word.split_once(':') else { return Ok((word.parse()?, 1)) };
    let valid = count.parse().ok().filter(|count| (1..=AGENTS_MAX as u32).contains(count));
    Ok((kind.parse()?, valid.ok_or_else(|| CastError::Count(count.to_owned()))?))
}

/// One agent of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Agent {
    /// Its name: the kind, with a number where there are several.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// Whether the experiment takes it for a parasite.
    pub parasite: bool,
    /// Its bid, in base prices.
    pub bid: f64,
    /// Its money, as a multiple of the others'.
    pub funding_factor: f64,
    /// Its program, if it is not the one that comes with Maxwell.
    pub program: Option<PathBuf>,
}

/// Every agent of a run by itself, in the order of their start.
pub fn agents(plans: &[AgentPlan]) -> Vec<Agent> {
    let several = plans.iter().flat_map(|plan| (1..=plan.count).map(move |number| (plan, number)));
    several
        .map(|(plan, number)| Agent {
            name: if plan.count == 1 { plan.kind.clone() } else { format!("{}-{number}", plan.kind) },
            kind: plan.kind.clone(),
            parasite: plan.parasite,
            bid: plan.bid,
            funding_factor: plan.funding_factor,
            program: plan.program.as_deref().map(|path| Path::new(path).to_owned()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(agents: &str, programs: &[&str]) -> String {
        let programs: Vec<String> = programs.iter().map(|&word| word.to_owned()).collect();
        cast(agents, &programs).expect_err("it is refused").to_string()
    }

    #[test]
    fn agents_are_counted_and_named() {
        let plans = cast("scientist:2,miner,whale", &["miner=/bin/mine".to_owned()]).unwrap();
        let agents = agents(&plans);
        let names: Vec<_> = agents.iter().map(|agent| agent.name.as_str()).collect();
        assert_eq!(names, ["scientist-1", "scientist-2", "miner", "whale"]);
        assert_eq!(agents[2].program.as_deref(), Some(Path::new("/bin/mine")));
        assert_eq!((agents[3].bid, agents[3].funding_factor), (12.0, 10.0));
        assert!(agents[2].parasite && !agents[0].parasite);
    }

    #[test]
    fn what_is_wrong_is_named_with_what_to_do() {
        let check = |agents, programs: &[&str], said: &[&str]| {
            let message = error(agents, programs);
            for said in said {
                assert!(message.contains(said), "{said:?} in {message:?}");
            }
        };
        check("scientist,minr", &[], &["\"minr\"", "scientist, miner, sleeper"]);
        check("scientist,", &[], &["\"\""]);
        check("scientist:0,miner", &[], &["\"0\"", "1 to 64"]);
        check("scientist:x", &[], &["\"x\""]);
        check("scientist:65", &[], &["\"65\""]);
        check("scientist,miner,miner", &[], &["twice", "miner:2"]);
        check("scientist:40,miner:40", &[], &["80 agents", "at most 64"]);
        check("miner", &[], &["without a scientist", "--agents"]);
        check("scientist", &["miner=/bin/x"], &["--program", "--agents"]);
        check("scientist", &["/bin/x"], &["KIND=PATH"]);
        check("scientist", &["scientist="], &["KIND=PATH"]);
        check("scientist", &["scientist=/a", "scientist=/b"], &["two programs"]);
    }
}
