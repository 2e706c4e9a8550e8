//! What policies are made of: limits, margins and spans of time, each within its bounds from the start.
//!
//! Texts are read exactly or refused, and what is shown reads back as itself.

use std::fmt;
use std::str::FromStr;

use super::{PolicyError, saturated};
use crate::limits::{MARGIN_MAX, PLAN_MAX, PRICE_MAX};
use crate::units::{Microjoules, Nanoseconds, Ppm};

/// The units of time that are read, in milliseconds; the largest first.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// The most that is paid for a quantum, from 1 µJ to [`PRICE_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Limit(Microjoules);

impl Limit {
    /// The lowest.
    pub const MIN: Self = Self(Microjoules(1));

    /// The highest, which is no limit to speak of.
    pub const MAX: Self = Self(PRICE_MAX);

    /// This much.
    ///
    /// # Errors
    /// When it is not between the lowest and the highest.
    pub fn new(price: Microjoules) -> Result<Self, PolicyError> {
        let is_possible = (Self::MIN.0..=Self::MAX.0).contains(&price);
        if is_possible { Ok(Self(price)) } else { Err(PolicyError::Limit(price)) }
    }

    /// The price.
    pub const fn price(self) -> Microjoules {
        self.0
    }
}

impl FromStr for Limit {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        Self::new(text.parse().map_err(|error| PolicyError::Amount { text: beginning(text), error })?)
    }
}

impl fmt::Display for Limit {
    /// As an amount is shown, without the space, so that a shell takes it for one word.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_string().replace(' ', ""))
    }
}

/// By how much a bid is above the reserve, in whole parts per million of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Margin(Ppm);

impl Margin {
    /// The largest.
    pub const MAX: Self = Self(MARGIN_MAX);

    /// This much.
    ///
    /// # Errors
    /// When it is more than the largest.
    pub fn new(margin: Ppm) -> Result<Self, PolicyError> {
        if margin <= MARGIN_MAX { Ok(Self(margin)) } else { Err(PolicyError::Margin) }
    }

    /// The price and this margin over it, rounded up to a whole microjoule.
    pub(super) fn over(self, price: Microjoules) -> Microjoules {
        let (one, factor) = (i128::from(Ppm::ONE.0), i128::from(Ppm::ONE.0 + self.0.0));
        saturated((i128::from(price.0) * factor + one - 1).div_euclid(one))
    }
}

impl FromStr for Margin {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let wrong = || PolicyError::Percentage(beginning(text));
        let number = text.strip_suffix('%').ok_or_else(wrong)?;
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !are_digits(whole) || !are_digits(decimals) || decimals.len() > 4 {
            return Err(wrong());
        }
        let ppm = format!("{whole}{decimals:0<4}").parse().map_err(|_| PolicyError::Margin)?;
        Self::new(Ppm(ppm))
    }
}

impl fmt::Display for Margin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0.0 / 10_000, self.0.0 % 10_000);
        match rest {
            0 => write!(f, "{whole}%"),
            _ => write!(f, "{whole}.{}%", format!("{rest:04}").trim_end_matches('0')),
        }
    }
}

/// A span of time that is planned for, in whole milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    millis: u64,
}

impl Span {
    /// The shortest.
    pub const MIN: Self = Self { millis: 1 };

    /// The longest.
    pub const MAX: Self = Self { millis: PLAN_MAX.0 / 1_000_000 };

    /// So many milliseconds.
    ///
    /// # Errors
    /// When it is not between the shortest and the longest.
    pub fn from_millis(millis: u64) -> Result<Self, PolicyError> {
        let span = Self { millis };
        if (Self::MIN..=Self::MAX).contains(&span) { Ok(span) } else { Err(PolicyError::Span) }
    }

    /// The time.
    pub const fn time(self) -> Nanoseconds {
        Nanoseconds::from_millis(self.millis)
    }
}

impl FromStr for Span {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let wrong = || PolicyError::Time(beginning(text));
        let end = text.find(|symbol: char| !symbol.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(end);
        let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        if number.is_empty() {
            return Err(wrong());
        }
        let span = number.parse().ok().and_then(|number: u64| number.checked_mul(*millis));
        Self::from_millis(span.ok_or(PolicyError::Span)?)
    }
}

impl fmt::Display for Span {
    /// In the largest unit of which it is a whole number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, millis) =
            UNITS.iter().find(|(_, millis)| self.millis.is_multiple_of(*millis)).unwrap_or(&("ms", 1));
        write!(f, "{}{name}", self.millis / millis)
    }
}

/// As much of a text as a message repeats.
pub(super) fn beginning(text: &str) -> String {
    text.chars().take(24).collect()
}
