//! What a policy bids for an agent whose operator does not let it bid by itself.
//!
//! ```text
//!   View (price, money, time, work) --Policy::decide--> Decision: an order, or a rest and why
//! ```
//!
//! The node asks once in each billing window, before the auction. A policy is a pure function and remembers nothing: what it has to
//! know of the past stands in the [`View`], so the same view always gives the same decision. No order asks for more than its
//! wallet has free or may spend in a tick, and none is made below the reserve, where it could not win.

mod budget;
mod deadline;
mod error;
mod parameters;
mod text;

use std::num::NonZeroU16;

use crate::limits::WINDOW;
use crate::units::{Microjoules, Nanoseconds};

pub use error::PolicyError;
pub use parameters::{Limit, Margin, Span};

/// How bids are made. Written as `fixed:12mJ`, `track:margin=20%,cap=1J`, `budget:horizon=1h` or `deadline:in=10m,work=90s`; the last
/// two take a `cap` as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The same limit, whatever the price.
    Fixed(Limit),
    /// The reserve and a margin over it.
    Track {
        /// By how much the bid is above the reserve.
        margin: Margin,
        /// The most that is bid.
        cap: Limit,
    },
    /// The balance is spread evenly over a horizon, and is never ahead of that schedule.
    Budget {
        /// For how long the money shall last, from when the policy began.
        horizon: Span,
        /// The most that is bid.
        cap: Limit,
    },
    /// So much work by then: from the reserve, while there is time, to all that the money allows, when every quantum is needed.
    Deadline {
        /// When the work shall be done, from when the policy began.
        within: Span,
        /// CPU time that the work takes.
        work: Span,
        /// The most that is bid.
        cap: Limit,
    },
}

/// What a policy decides by: the market, the money and the work of one cell at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Time since the policy began.
    pub elapsed: Nanoseconds,
    /// Price of a quantum at multiplier one.
    pub base: Microjoules,
    /// The least that a quantum is sold for now.
    pub reserve: Microjoules,
    /// Clearing price of the last auction.
    pub clearing: Microjoules,
    /// What the wallet has free.
    pub free: Microjoules,
    /// The most that the wallet may spend in a tick, over all slots, if its owner has set a bound.
    pub max_bid: Option<Microjoules>,
    /// What the cell was charged for quanta since the policy began.
    pub spent: Microjoules,
    /// What it was charged beside that, rent and tax, in the last billing window.
    pub upkeep: Microjoules,
    /// CPU time that it used since the policy began.
    pub used: Nanoseconds,
    /// Slots that it can use at a time.
    pub slots: NonZeroU16,
}

/// An order as a policy makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bid {
    /// The most that is paid for a quantum of a slot.
    pub limit: Microjoules,
    /// Slots wanted, one at least.
    pub slots: u16,
}

/// Why a policy makes no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// The price is above what the policy pays now, or what the wallet may spend in a tick: it waits for a lower one, or until it
    /// has saved more.
    TooDear,
    /// The wallet does not buy one quantum even at multiplier one. Only income helps.
    Broke,
    /// The work is done.
    Done,
    /// More work is left than can be done by the deadline on all its slots, at any price: nothing more is spent on it.
    Missed,
    /// The horizon is over.
    Over,
}

impl Rest {
    /// The reason in words, as logs and documents spell it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::TooDear => "too dear",
            Self::Broke => "broke",
            Self::Done => "done",
            Self::Missed => "missed",
            Self::Over => "over",
        }
    }
}

/// What a policy decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// This order stands until the next decision.
    Order(Bid),
    /// No order until then.
    Rest(Rest),
}

impl Policy {
    /// The order to make now, or why there is none.
    pub fn decide(&self, now: &View) -> Decision {
        if now.free < now.base {
            return Decision::Rest(Rest::Broke);
        }
        let slots = now.slots.get();
        let wanted = match *self {
            Self::Fixed(limit) => Ok(Bid { limit: limit.price(), slots }),
            Self::Track { margin, .. } => Ok(Bid { limit: margin.over(now.reserve), slots }),
            Self::Budget { horizon, .. } => budget::wanted(horizon.time(), now),
            Self::Deadline { within, work, .. } => deadline::wanted(within.time(), work.time(), now),
        };
        let cap = self.cap().price();
        let order = wanted.and_then(|bid| Bid { limit: bid.limit.min(cap), ..bid }.funded(now));
        order.map_or_else(Decision::Rest, Decision::Order)
    }

    /// The most that is ever bid.
    pub const fn cap(&self) -> Limit {
        match *self {
            Self::Fixed(cap)
            | Self::Track { cap, .. }
            | Self::Budget { cap, .. }
            | Self::Deadline { cap, .. } => cap,
        }
    }

    /// The order to make now, if there is one.
    pub fn bid(&self, now: &View) -> Option<Bid> {
        match self.decide(now) {
            Decision::Order(bid) => Some(bid),
            Decision::Rest(_) => None,
        }
    }
}

impl View {
    /// What can be spent in a tick.
    fn spendable(&self) -> Microjoules {
        self.max_bid.map_or(self.free, |most| self.free.min(most))
    }

    /// Slots that the bound on a tick leaves room for at the reserve, at most those of the cell; none if it buys no quantum.
    fn slots_within_bound(&self) -> Option<NonZeroU16> {
        let Some(most) = self.max_bid else { return Some(self.slots) };
        let slots = (most.0 / self.reserve.0.max(1)).clamp(0, i64::from(self.slots.get()));
        NonZeroU16::new(slots as u16)
    }

    /// What is free for quanta over the `time` to come, if rent and tax go on as in the last window; below zero if nothing is.
    fn free_after_upkeep(&self, time: Nanoseconds) -> i128 {
        let windows = i128::from(time.0.div_ceil(WINDOW.0));
        i128::from(self.free.0) - i128::from(self.upkeep.0.max(0)) * windows
    }
}

impl Bid {
    /// What of it the wallet covers and may spend. Slots are given up before the limit is, because a lower limit may win none.
    fn funded(self, now: &View) -> Result<Self, Rest> {
        let least = now.reserve.max(Microjoules(1));
        let spendable = now.spendable();
        if self.limit.min(spendable) < least {
            return Err(Rest::TooDear);
        }
        let covered = u16::try_from(spendable.0 / self.limit.0).unwrap_or(u16::MAX);
        Ok(match covered {
            0 => Self { limit: spendable, slots: 1 },
            _ => Self { slots: self.slots.min(covered), ..self },
        })
    }
}

/// Brings an amount that was computed in 128 bits back into those of money: what is beyond them is bounded by the cap and by the
/// wallet anyway.
fn saturated(amount: i128) -> Microjoules {
    Microjoules(i64::try_from(amount).unwrap_or(if amount < 0 { i64::MIN } else { i64::MAX }))
}

#[cfg(test)]
mod tests;
