//! The life of one cell as a state machine.
//!
//! ```text
//!              covered              wins
//!   Created ------------> Ready <----------> Running
//!      |                  ^   |  quantum over   |
//!      | not covered      |   |                 |
//!      |          covered |   | not covered     |
//!      +--------------> Hungry <----------------+
//!                         |
//!                         | hungry for longer than the hunger time      (from any state: in debt)
//!                         v
//!                       Dying { Insolvent | Debt }
//!                         |
//!                         | grace used up, or the program is over
//!                         v
//!                       Dead(reason)        (from any state: the program is over)
//! ```
//!
//! *Covered* means that the wallet's free balance covers limit x slots of the standing order; a cell without an order
//! is covered by any balance that is not a debt.

use super::LifePolicy;
use crate::auction::book::Order;
use crate::ledger::Ledger;
use crate::limits::QUANTUM;
use crate::tick::{AccountId, CellId, Exit, Quote, Usage, Wait};
use crate::units::{Microjoules, Moment, Nanoseconds};

/// Why a cell ended, or will.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Its wallet did not cover its order for longer than the hunger time.
    Insolvent,
    /// Its wallet is below zero.
    Debt,
    /// It broke a limit.
    Limit,
    /// The operator ended it.
    Operator,
    /// Its program failed.
    Crashed,
    /// Its program came to its end.
    Finished,
}

impl Reason {
    /// The reason in a word, as logs and reports spell it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Insolvent => "insolvent",
            Self::Debt => "debt",
            Self::Limit => "limit",
            Self::Operator => "operator",
            Self::Crashed => "crashed",
            Self::Finished => "finished",
        }
    }
}

/// Where a cell is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Admitted, not yet judged.
    Created,
    /// Can pay, waits for a slot.
    Ready,
    /// Had a slot in the last tick.
    Running,
    /// Cannot pay; frozen, and still pays rent.
    Hungry {
        /// For how long, by the clock that stands still while nothing is sold.
        hungry_for: Nanoseconds,
    },
    /// Announced to end; runs before the auction, paid from what it set aside.
    Dying {
        /// Why.
        reason: Reason,
        /// Since when.
        since: Moment,
        /// CPU time of its grace that it was granted.
        granted: Nanoseconds,
    },
    /// Over.
    Dead(Reason),
}

impl State {
    /// The state in a word, as logs and reports spell it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Hungry { .. } => "hungry",
            Self::Dying { .. } => "dying",
            Self::Dead(_) => "dead",
        }
    }

    /// Whether the end is announced and not yet there.
    pub const fn is_dying(&self) -> bool {
        self.announced().is_some()
    }

    /// The reason of an end that is announced and not yet there.
    pub const fn announced(&self) -> Option<Reason> {
        match self {
            Self::Dying { reason, .. } => Some(*reason),
            _ => None,
        }
    }
}

/// One live cell, as the rules see it.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name.
    pub cell: CellId,
    /// Who pays.
    pub wallet: AccountId,
    /// Where it is in its life.
    pub state: State,
    /// Its standing order.
    pub order: Option<Order>,
    /// Slots that it can use at a time.
    pub slots: u16,
    /// What it waits for off its slot.
    pub wait: Option<Wait>,
    /// Whether it still sits on its slots after their quantum.
    pub is_late: bool,
    /// Whether a policy bids for it, which means to buy whole quanta: then it is hungry as well while it wants something and has
    /// less than a quantum costs at multiplier one, however little its order offers.
    pub by_policy: bool,
    pub(super) in_book: Option<Order>,
    pub(super) granted_now: bool,
    pub(super) exit: Option<Exit>,
}

impl Member {
    pub(super) const fn new(cell: CellId, wallet: AccountId, slots: u16) -> Self {
        Self {
            cell,
            wallet,
            state: State::Created,
            order: None,
            slots,
            wait: None,
            is_late: false,
            by_policy: false,
            in_book: None,
            granted_now: false,
            exit: None,
        }
    }

    /// Whether its order belongs into the book.
    pub(super) const fn may_bid(&self) -> bool {
        matches!(self.state, State::Ready | State::Running) && self.wait.is_none() && !self.is_late
    }

    /// What its wallet must have free for it not to be hungry.
    fn wanted(&self, base: Microjoules) -> Microjoules {
        let least = if self.by_policy { base } else { Microjoules::ZERO };
        self.order.map_or(Microjoules::ZERO, |order| order.limit.times(u64::from(order.slots)).max(least))
    }

    /// Takes note of a usage: the cell has left its slot.
    pub(super) fn note(&mut self, usage: &Usage) {
        self.is_late = false;
        self.wait = usage.wait;
        self.exit = self.exit.or(usage.exit);
        if let State::Dying { granted, .. } = &mut self.state {
            *granted += usage.granted;
        }
    }

    /// Ends a sleep whose time has come by the next tick.
    pub(super) fn wake(&mut self, now: Moment) {
        self.wait = self.wait.filter(|wait| match wait {
            Wait::Until(moment) => *moment > now + QUANTUM,
            Wait::Reply => true,
        });
    }
}

impl LifePolicy {
    /// The state after a tick.
    pub(super) fn next(
        &self,
        member: &mut Member,
        quote: &Quote,
        hunger_runs: bool,
        ledger: &Ledger,
    ) -> State {
        let granted = std::mem::take(&mut member.granted_now);
        if let Some(exit) = member.exit {
            return State::Dead(reason_of(exit, member.state));
        }
        if let State::Dying { reason, since, granted } = member.state {
            let over = granted >= self.grace_granted || quote.at.since(since) >= self.grace_wall;
            return if over { State::Dead(reason) } else { member.state };
        }
        let free = ledger.free(member.wallet);
        let wanted = member.wanted(quote.base);
        if free < Microjoules::ZERO {
            return State::Dying { reason: Reason::Debt, since: quote.at, granted: Nanoseconds::ZERO };
        }
        if free >= wanted {
            return if granted { State::Running } else { State::Ready };
        }
        let before =
            if let State::Hungry { hungry_for } = member.state { hungry_for } else { Nanoseconds::ZERO };
        let hungry_for = if hunger_runs { before + QUANTUM } else { before };
        if hungry_for > self.hunger {
            return State::Dying { reason: Reason::Insolvent, since: quote.at, granted: Nanoseconds::ZERO };
        }
        State::Hungry { hungry_for }
    }
}

/// A dying cell dies of what it was told, however its program ends; any other dies of how its program ended.
fn reason_of(exit: Exit, state: State) -> Reason {
    match (state, exit) {
        (State::Dying { reason, .. }, _) => reason,
        (_, Exit::Finished) => Reason::Finished,
        (_, Exit::Crashed) => Reason::Crashed,
        (_, Exit::Limit) => Reason::Limit,
    }
}
