//! Policies as people write and read them: the kind, a colon, and its parameters.

use std::fmt;
use std::str::FromStr;

use super::parameters::beginning;
use super::{Limit, Policy, PolicyError};

/// The parameters of one policy that have not been taken yet.
struct Parameters<'a> {
    kind: &'static str,
    /// How the kind is written, for messages.
    example: &'static str,
    left: Vec<(&'a str, &'a str)>,
}

impl<'a> Parameters<'a> {
    fn read(kind: &'static str, example: &'static str, text: &'a str) -> Result<Self, PolicyError> {
        let mut left: Vec<(&str, &str)> = Vec::new();
        for pair in text.split(',').filter(|pair| !pair.trim().is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(|| PolicyError::Pair(beginning(pair)))?;
            let (name, value) = (name.trim(), value.trim());
            if left.iter().any(|(other, _)| *other == name) {
                return Err(PolicyError::Twice(beginning(name)));
            }
            left.push((name, value));
        }
        Ok(Self { kind, example, left })
    }

    fn take<T: FromStr<Err = PolicyError>>(&mut self, name: &str) -> Result<Option<T>, PolicyError> {
        let place = self.left.iter().position(|(other, _)| *other == name);
        place.map(|place| self.left.swap_remove(place).1.parse()).transpose()
    }

    fn need<T: FromStr<Err = PolicyError>>(&mut self, name: &'static str) -> Result<T, PolicyError> {
        let Self { kind, example, .. } = *self;
        self.take(name)?.ok_or(PolicyError::Missing { name, kind, example })
    }

    /// Takes the cap, which there need not be, and with it the last parameter.
    fn end_with_cap(mut self) -> Result<Limit, PolicyError> {
        let cap = self.take("cap")?.unwrap_or(Limit::MAX);
        let Self { kind, example, left } = self;
        let unknown =
            |(name, _): &(&str, &str)| PolicyError::Unknown { name: beginning(name), kind, example };
        left.first().map(unknown).map_or(Ok(cap), Err)
    }
}

impl FromStr for Policy {
    type Err = PolicyError;

    /// Reads `kind:parameters`. Parameters come in any order, with a comma between two.
    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        match kind.trim() {
            "fixed" => Ok(Self::Fixed(rest.trim().parse()?)),
            "track" => {
                let mut given = Parameters::read("track", "`track:margin=20%,cap=1J`", rest)?;
                let margin = given.need("margin")?;
                Ok(Self::Track { margin, cap: given.end_with_cap()? })
            }
            "budget" => {
                let mut given =
                    Parameters::read("budget", "`budget:horizon=1h` or `budget:horizon=1h,cap=1J`", rest)?;
                let horizon = given.need("horizon")?;
                Ok(Self::Budget { horizon, cap: given.end_with_cap()? })
            }
            "deadline" => {
                let example = "`deadline:in=10m,work=90s` or `deadline:in=10m,work=90s,cap=1J`";
                let mut given = Parameters::read("deadline", example, rest)?;
                let (within, work) = (given.need("in")?, given.need("work")?);
                Ok(Self::Deadline { within, work, cap: given.end_with_cap()? })
            }
            other => Err(PolicyError::Kind(beginning(other))),
        }
    }
}

impl fmt::Display for Policy {
    /// As it is read, in one word.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cap = match self {
            Self::Fixed(limit) => return write!(f, "fixed:{limit}"),
            Self::Track { margin, cap } => {
                write!(f, "track:margin={margin}")?;
                cap
            }
            Self::Budget { horizon, cap } => {
                write!(f, "budget:horizon={horizon}")?;
                cap
            }
            Self::Deadline { within, work, cap } => {
                write!(f, "deadline:in={within},work={work}")?;
                cap
            }
        };
        if *cap == Limit::MAX { Ok(()) } else { write!(f, ",cap={cap}") }
    }
}
