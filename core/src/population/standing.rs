//! Whether a cell's wallet covers what the cell wants, and every change of that with its reason.

use super::lifecycle::{Member, Reason, State};
use crate::ledger::Ledger;
use crate::tick::{AccountId, CellId};
use crate::units::Microjoules;

/// How a cell's money stands from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The free balance of its wallet no longer covers its order.
    Hungry,
    /// The free balance covers its order again.
    Fed,
    /// A charge was larger than what was held for it: the wallet is below zero.
    InDebt {
        /// What the cell was charged in the window that has just ended; zero if the charge was that of another cell of the
        /// wallet.
        charge: Microjoules,
    },
    /// The cell is being ended, because it was hungry for too long.
    Insolvent,
    /// The cell is being ended, because its wallet is in debt.
    EndedForDebt,
}

impl Standing {
    /// The standing in a word or two, as logs and reports spell it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Hungry => "hungry",
            Self::Fed => "fed",
            Self::InDebt { .. } => "in debt",
            Self::Insolvent => "insolvent",
            Self::EndedForDebt => "ended for debt",
        }
    }
}

/// A change of standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose.
    pub cell: CellId,
    /// Who pays for the cell.
    pub wallet: AccountId,
    /// What it is now.
    pub standing: Standing,
}

/// What has changed for a member that was in state `before`. A cell that is over, or whose end was announced before, has no
/// standing any more.
pub(super) fn push_changes(changes: &mut Vec<Change>, member: &Member, before: State, ledger: &Ledger) {
    let Member { cell, wallet, state, .. } = *member;
    let was_hungry = matches!(before, State::Hungry { .. });
    let mut push = |standing| changes.push(Change { cell, wallet, standing });
    match state {
        State::Hungry { .. } if !was_hungry => push(Standing::Hungry),
        State::Ready | State::Running if was_hungry => push(Standing::Fed),
        State::Dying { reason, .. } if !before.is_dying() => match reason {
            Reason::Insolvent => push(Standing::Insolvent),
            Reason::Debt => {
                push(Standing::InDebt { charge: last_charge(ledger, cell) });
                push(Standing::EndedForDebt);
            }
            Reason::Limit | Reason::Operator | Reason::Crashed | Reason::Finished => {}
        },
        _ => {}
    }
}

/// What the cell was charged in the window that has just ended.
fn last_charge(ledger: &Ledger, cell: CellId) -> Microjoules {
    let lines = ledger.lines();
    let place = lines.binary_search_by_key(&cell, |line| line.cell);
    place.map_or(Microjoules::ZERO, |place| lines[place].charge())
}
