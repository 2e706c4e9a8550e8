//! What the journal keeps: everything that moves money, in the order in which it happened.

use maxwell_core::tick::Provenance;
use maxwell_core::units::{Microjoules, Ppm};
use serde::{Deserialize, Serialize};

use crate::account::Index;
use crate::operation::{Body, SignedOperation};
use crate::wire;

/// One thing that happened. Its place in the journal is its sequence number, from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// An owner ordered it.
    Operation(Box<SignedOperation>),
    /// The host's rules paid.
    Payment(Payment),
    /// A billing window ended.
    Window(Window),
    /// Something changed for a wallet without money being moved.
    Note(Note),
}

impl Record {
    /// Movements of money in it, a line of a window being one.
    pub fn transfers(&self) -> u64 {
        match self {
            Self::Operation(signed) => u64::from(!matches!(signed.operation.body, Body::SetMaxBid { .. })),
            Self::Payment(_) => 1,
            Self::Window(window) => window.lines.len() as u64,
            Self::Note(_) => 0,
        }
    }

    /// What it costs to play it again.
    pub(crate) fn weight(&self) -> u64 {
        1 + self.transfers()
    }
}

/// Names a moment of a host: its start, counted from 1, and the tick since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct At {
    /// How often the host had been started.
    pub run: u64,
    /// Tick since that start.
    pub tick: u64,
}

/// Money that the host's rules move: what was held in escrow or at stake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// When.
    pub at: At,
    /// What for.
    pub reason: Reason,
    /// What it is paid for, such as the number of a range. That it is paid once is the rule of who pays: a bounty leases each
    /// range until it is paid, and then never again.
    pub reference: u64,
    /// Who pays.
    pub from: Index,
    /// Who receives.
    pub to: Index,
    /// How much.
    #[serde(with = "wire::microjoules")]
    pub amount: Microjoules,
}

/// Why the host's rules move money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Work was verified: escrow to wallet.
    Income,
    /// An escrow or a stake is given back: to a wallet.
    Refund,
    /// A claim was false: stake to treasury.
    Forfeit,
    /// What a claim prepaid for its verification, which took place: wallet to treasury. It may leave a debt, as a bill may.
    Verification,
}

/// All that one billing window charged, netted per cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Its last tick. Windows come in order, so this is the watermark under which nothing is charged twice.
    pub at: At,
    /// Electricity price relative to the reference.
    #[serde(with = "wire::ppm")]
    pub tariff: Ppm,
    /// Where the joules come from.
    #[serde(with = "wire::provenance")]
    pub provenance: Provenance,
    /// What the treasury paid for energy.
    #[serde(with = "wire::microjoules")]
    pub grid: Microjoules,
    /// Each cell's part, in the order of cells.
    pub lines: Vec<Line>,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            at: At::default(),
            tariff: Ppm::ONE,
            provenance: Provenance::Unknown,
            grid: Microjoules::ZERO,
            lines: Vec::new(),
        }
    }
}

/// One cell's bill for one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Who pays.
    pub wallet: Index,
    /// For which cell.
    pub cell: u32,
    /// For quanta.
    #[serde(with = "wire::microjoules")]
    pub quanta: Microjoules,
    /// For memory held.
    #[serde(with = "wire::microjoules")]
    pub rent: Microjoules,
    /// For memory given back.
    #[serde(with = "wire::microjoules")]
    pub tax: Microjoules,
    /// What was used for it.
    pub used: Used,
}

/// What a cell used in one window, and at which prices. Shown on the bill; the charges are what counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// Energy attributed to the cell.
    #[serde(with = "wire::microjoules", rename = "energy_uj")]
    pub energy: Microjoules,
    /// CPU time that it was granted.
    pub granted_ns: u64,
    /// CPU time that it used.
    pub used_ns: u64,
    /// Cycles of guest work, where they are counted.
    pub cycles: u64,
    /// Bytes that it gave back.
    pub freed_bytes: u64,
    /// Quanta that it was granted.
    pub awards: u64,
    /// The lowest price of one of them.
    #[serde(with = "wire::microjoules", rename = "cheapest_uj")]
    pub cheapest: Microjoules,
    /// The highest price of one of them.
    #[serde(with = "wire::microjoules", rename = "dearest_uj")]
    pub dearest: Microjoules,
}

/// A change that moves no money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When.
    pub at: At,
    /// Whom it concerns.
    pub wallet: Index,
    /// Which of its cells.
    pub cell: u32,
    /// What changed.
    pub standing: Standing,
}

/// Whether a wallet covers what its cell wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Its free balance no longer covers the cell's order.
    Hungry,
    /// Its free balance covers the cell's order again.
    Fed,
    /// A charge was larger than what was held for it: the wallet is below zero.
    InDebt,
    /// The cell is being ended, because it was hungry for too long.
    Insolvent,
    /// The cell is being ended, because its wallet is in debt.
    EndedForDebt,
}
