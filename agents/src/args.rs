//! The options of an agent, read strictly: what is not understood is refused rather than ignored.

use crate::host::{Ending, Host, patiently};
use std::fmt;
use std::str::FromStr;

/// What an agent was told at its start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The order to stand with; `None` leaves the one that the operator has put.
    pub order: Option<Order>,
    /// Seed of whatever is random in the agent's work. Those whose work is not do not look at it.
    pub seed: u64,
    /// Memory to grow to, in MiB. Only the hoarder looks at it.
    pub mebibytes: Option<u32>,
    /// Wall seconds after which the program ends; `None` runs until it is stopped. Native programs only.
    pub seconds: Option<u32>,
}

/// A standing order for quanta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The most to pay for one quantum, in µJ.
    pub limit_uj: i64,
    /// Slots wanted.
    pub slots: i32,
}

/// Why the options were refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// There is no option of this name.
    Unknown(String),
    /// The option stands at the end, without its value.
    NoValue(&'static str),
    /// The value is not a whole number within the bounds.
    BadValue {
        /// The option.
        option: &'static str,
        /// What was given.
        value: String,
    },
    /// The option was given twice.
    Twice(&'static str),
    /// `--slots` makes no order without `--bid-uj`.
    SlotsWithoutBid,
}

const BID: &str = "--bid-uj";
const SLOTS: &str = "--slots";
const SEED: &str = "--seed";
const MEBIBYTES: &str = "--mib";
const SECONDS: &str = "--seconds";

impl Options {
    /// Reads the words of a command line, the program's name left out.
    ///
    /// # Errors
    /// The first problem that was met.
    pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Self, Problem> {
        let (mut limit_uj, mut slots, mut seed) = (None, None, None);
        let (mut mebibytes, mut seconds) = (None, None);
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                BID => set(&mut limit_uj, BID, words.next(), 1)?,
                SLOTS => set(&mut slots, SLOTS, words.next(), 1)?,
                SEED => set(&mut seed, SEED, words.next(), 0)?,
                MEBIBYTES => set(&mut mebibytes, MEBIBYTES, words.next(), 1)?,
                SECONDS if !cfg!(target_arch = "wasm32") => set(&mut seconds, SECONDS, words.next(), 1)?,
                _ => return Err(Problem::Unknown(word)),
            }
        }
        if slots.is_some() && limit_uj.is_none() {
            return Err(Problem::SlotsWithoutBid);
        }
        let slots = slots.unwrap_or(1);
        let order = limit_uj.map(|limit_uj| Order { limit_uj, slots });
        Ok(Self { order, seed: seed.unwrap_or(0), mebibytes, seconds })
    }

    /// Puts the order, if there is one to put.
    ///
    /// # Errors
    /// The end, if it was announced meanwhile or the order was refused for good.
    pub fn place_order<H: Host>(&self, host: &mut H) -> Result<(), Ending> {
        match self.order {
            Some(order) => patiently(host, |host| host.set_bid(order.limit_uj, order.slots)),
            None => Ok(()),
        }
    }
}

/// Reads `value` into `target`: a whole number from `least` to the largest of its type.
fn set<T: Copy + FromStr + PartialOrd>(
    target: &mut Option<T>,
    option: &'static str,
    value: Option<String>,
    least: T,
) -> Result<(), Problem> {
    let value = value.ok_or(Problem::NoValue(option))?;
    match value.parse() {
        Ok(number) if number >= least => match target.replace(number) {
            None => Ok(()),
            Some(_) => Err(Problem::Twice(option)),
        },
        _ => Err(Problem::BadValue { option, value }),
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(word) => write!(f, "unknown option `{word}`"),
            Self::NoValue(option) => write!(f, "{option} needs a value"),
            Self::BadValue { option, value } => {
                write!(f, "{option} needs a whole number in bounds, not `{value}`")
            }
            Self::Twice(option) => write!(f, "{option} was given twice"),
            Self::SlotsWithoutBid => write!(f, "{SLOTS} needs {BID} beside it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, Problem> {
        Options::parse(line.split_whitespace().map(String::from))
    }

    #[test]
    fn nothing_given_leaves_the_defaults() {
        assert_eq!(parse(""), Ok(Options::default()));
    }

    #[test]
    fn every_option_is_read() {
        let options = parse("--seed 0 --slots 2 --seconds 10 --mib 3 --bid-uj 600000").unwrap();
        assert_eq!(options.order, Some(Order { limit_uj: 600_000, slots: 2 }));
        assert_eq!((options.seed, options.mebibytes, options.seconds), (0, Some(3), Some(10)));
        assert_eq!(parse("--bid-uj 5").unwrap().order, Some(Order { limit_uj: 5, slots: 1 }));
    }

    #[test]
    fn the_bounds_of_a_value_are_the_bounds_of_its_type() {
        let options = parse("--bid-uj 9223372036854775807 --slots 2147483647 --seconds 4294967295").unwrap();
        assert_eq!(options.order, Some(Order { limit_uj: i64::MAX, slots: i32::MAX }));
        assert_eq!(options.seconds, Some(u32::MAX));
        let seed = parse("--seed 18446744073709551615").unwrap().seed;
        assert_eq!(seed, u64::MAX);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for word in ["bid-uj", "--bid", "--seed=1", "-s", "7"] {
            assert_eq!(parse(word), Err(Problem::Unknown(word.into())));
        }
        assert_eq!(parse("--seed 1 --seed 1"), Err(Problem::Twice(SEED)));
        assert_eq!(parse("--slots 1"), Err(Problem::SlotsWithoutBid));
        for option in [BID, SLOTS, SEED, MEBIBYTES, SECONDS] {
            assert_eq!(parse(option), Err(Problem::NoValue(option)));
            for value in ["x", "-1", "1.5", "0x10", "99999999999999999999", "--seed"] {
                let refused = Problem::BadValue { option, value: value.into() };
                assert_eq!(parse(&format!("{option} {value}")), Err(refused));
            }
        }
        for line in [
            "--bid-uj 0",
            "--slots 0",
            "--seconds 0",
            "--mib 0",
            "--slots 2147483648",
            "--bid-uj 9223372036854775808",
        ] {
            assert!(matches!(parse(line), Err(Problem::BadValue { .. })), "{line}");
        }
    }

    #[test]
    fn a_problem_names_its_option_in_one_line() {
        let said = parse("--bid-uj ten").unwrap_err().to_string();
        assert_eq!(said, "--bid-uj needs a whole number in bounds, not `ten`");
    }
}
