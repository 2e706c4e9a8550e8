//! What the node tells, as the ledger's records say it.

use maxwell_core::ledger::Line;
use maxwell_core::population::standing::{Change, Standing};
use maxwell_core::tick::{Kind, Transfer};
use maxwell_ledger::ledger::Ledger;
use maxwell_ledger::record::{self, At, Note, Payment, Reason, Used};

use super::Window;
use crate::books::index_of;

/// Which start of the host this is: windows of an earlier one are below every window of this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run(u64);

impl Run {
    /// The one after the last that `ledger` has a window of.
    pub(super) const fn next_of(ledger: &Ledger) -> Self {
        Self(ledger.books().mark().window.run + 1)
    }

    const fn at(self, tick: u64) -> At {
        At { run: self.0, tick }
    }

    /// Fills in a record of a window that has no lines in it.
    pub(super) fn write(self, window: &Window<'_>, into: &mut record::Window) {
        into.at = self.at(window.tick);
        into.tariff = window.tariff;
        into.provenance = window.provenance;
        into.grid = window.grid;
        into.lines.extend(window.lines.iter().map(line));
    }

    /// The record of a payment that a claim on this key has led to, the only kind that a node makes between windows.
    pub(super) fn payment(self, transfer: &Transfer, key: u64) -> Payment {
        let reason = match transfer.kind {
            Kind::Bounty => Reason::Income,
            Kind::Verification => Reason::Verification,
            Kind::Forfeit => Reason::Forfeit,
            Kind::Mint | Kind::Quanta | Kind::Rent | Kind::Tax | Kind::Grid => {
                unreachable!("bills are recorded by window: {transfer:?}")
            }
        };
        Payment {
            at: self.at(transfer.tick),
            reason,
            reference: key,
            from: index_of(transfer.from),
            to: index_of(transfer.to),
            amount: transfer.amount,
        }
    }

    /// The record of a change of standing. A charge that led to debt stands on the wallet's bill of the window.
    pub(super) fn note(self, tick: u64, change: &Change) -> Note {
        let standing = match change.standing {
            Standing::Hungry => record::Standing::Hungry,
            Standing::Fed => record::Standing::Fed,
            Standing::InDebt { .. } => record::Standing::InDebt,
            Standing::Insolvent => record::Standing::Insolvent,
            Standing::EndedForDebt => record::Standing::EndedForDebt,
        };
        Note { at: self.at(tick), wallet: index_of(change.wallet), cell: change.cell.0, standing }
    }
}

fn line(line: &Line) -> record::Line {
    record::Line {
        wallet: index_of(line.wallet),
        cell: line.cell.0,
        quanta: line.quanta,
        rent: line.rent,
        tax: line.tax,
        used: Used {
            energy: line.energy,
            granted_ns: line.granted.0,
            used_ns: line.used.0,
            cycles: line.cycles,
            freed_bytes: line.freed.0,
            awards: line.quanta_granted,
            cheapest: line.cheapest,
            dearest: line.dearest,
        },
    }
}
