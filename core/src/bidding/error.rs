//! Why a text or a figure is no bidding policy.

use super::parameters::{Limit, Margin, Span};
use crate::units::{AmountError, Microjoules};

/// What is wrong with a policy. Each message says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// There is no such kind of policy.
    #[error(
        "`{0}` is no bidding policy: write `fixed:12mJ`, `track:margin=20%,cap=1J`, `budget:horizon=1h` or `deadline:in=10m,work=90s`"
    )]
    Kind(String),
    /// A parameter without a value.
    #[error("`{0}` is no parameter: write `name=value`, with a comma between two")]
    Pair(String),
    /// A parameter that the kind does not take.
    #[error("`{name}` is no parameter of `{kind}`: write {example}")]
    Unknown {
        /// The parameter.
        name: String,
        /// The kind of policy.
        kind: &'static str,
        /// How the kind is written.
        example: &'static str,
    },
    /// A parameter that the kind cannot do without.
    #[error("`{kind}` needs `{name}`: write {example}")]
    Missing {
        /// The parameter.
        name: &'static str,
        /// The kind of policy.
        kind: &'static str,
        /// How the kind is written.
        example: &'static str,
    },
    /// A parameter stands there twice.
    #[error("`{0}` is given twice: leave one of them out")]
    Twice(String),
    /// A limit that is no amount of money.
    #[error("`{text}`: {error}")]
    Amount {
        /// What was read.
        text: String,
        /// What is wrong with it.
        error: AmountError,
    },
    /// A limit that no order can have.
    #[error("a bid of {} cannot be made: choose one from {} to {}", _0, Limit::MIN, Limit::MAX)]
    Limit(Microjoules),
    /// Not a span of time.
    #[error(
        "`{0}` is no span of time: write a whole number and its unit, as in `500ms`, `90s`, `10m`, `1h` or `2d`"
    )]
    Time(String),
    /// A span that nobody plans for.
    #[error("the span of time is out of range: choose one from {} to {}", Span::MIN, Span::MAX)]
    Span,
    /// Not a percentage.
    #[error("`{0}` is no margin: write a percentage with at most four decimals, as in `20%` or `2.5%`")]
    Percentage(String),
    /// A margin that is too large.
    #[error("the margin is out of range: choose one up to {}", Margin::MAX)]
    Margin,
}
