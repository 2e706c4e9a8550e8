//! What must hold on every tick, checked from books that the simulator keeps itself.
//!
//! The node asserts its invariants too; these checks share no code with them. They see what the node tells
//! ([`maxwell_daemon::telemetry`]), remember it, and compare.

mod energy;
mod heat;
mod life;
mod market;
mod money;
mod orders;
mod rules;

use std::collections::BTreeMap;

use maxwell_core::auction::config::MarketConfig;
use maxwell_core::ledger::Ledger;
use maxwell_core::population::LifePolicy;
use maxwell_core::population::lifecycle::Reason;
use maxwell_core::tick::{AccountId, CellId, Transfer};
use maxwell_core::units::{Celsius, Microjoules, Moment, Ppm};
use maxwell_daemon::node::Launch;
use maxwell_daemon::telemetry::{Obituary, TickReport};
use maxwell_physics::model::MachineModel;

use crate::actor::Ask;
use crate::kernel::KernelPlan;
use crate::verifier::Tally;

pub use market::Auctions;

/// Nothing, or in words what does not hold.
pub type Verdict = Result<(), String>;

/// Says what does not hold unless it does.
macro_rules! must {
    ($holds:expr, $($what:tt)+) => {{
        let holds: bool = $holds;
        if !holds {
            return Err(format!($($what)+));
        }
    }};
}
use must;

/// What the simulator gave the node, and knows without asking it.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The machine.
    pub machine: MachineModel,
    /// The rule of the market, and the weights of its slots.
    pub market: MarketConfig,
    /// What keeps its CPUs busy beside cells.
    pub kernel: KernelPlan,
    /// Temperature at or above which nothing is sold.
    pub critical: Celsius,
    /// Electricity price.
    pub tariff: Ppm,
    /// The largest multiplier of the price.
    pub multiplier_max: f64,
    /// Life and death.
    pub life: LifePolicy,
}

/// Who was launched and what became of it.
#[derive(Debug, Default)]
struct Roster {
    wallets: BTreeMap<CellId, AccountId>,
    ended: BTreeMap<CellId, Reason>,
}

impl Roster {
    fn lives(&self, cell: CellId) -> bool {
        self.wallets.contains_key(&cell) && !self.ended.contains_key(&cell)
    }
}

/// Every check, each with its own books.
#[derive(Debug)]
pub struct Checks {
    roster: Roster,
    money: money::Money,
    market: market::Market,
    heat: heat::Heat,
    life: life::Life,
    energy: energy::Energy,
}

impl Checks {
    /// Empty books.
    pub fn new(setup: &Setup) -> Self {
        Self {
            roster: Roster::default(),
            money: money::Money::default(),
            market: market::Market::new(setup),
            heat: heat::Heat::new(setup),
            life: life::Life::new(setup),
            energy: energy::Energy::new(setup),
        }
    }

    /// Notes that a wallet was opened with this much money.
    pub fn funded(&mut self, wallet: AccountId, amount: Microjoules) {
        self.money.funded(wallet, amount);
    }

    /// Notes that a wallet may spend no more than this in a tick.
    pub fn bound(&mut self, wallet: AccountId, most: Microjoules) {
        self.market.orders().bound(wallet, most);
    }

    /// Notes a bounty.
    pub fn posted(&mut self, escrow: AccountId, budget: Microjoules, reward: Microjoules) {
        self.money.posted(escrow, budget, reward);
    }

    /// Notes that a stake of this much vouches for a wallet.
    pub fn staked(&mut self, wallet: AccountId, stake: AccountId, amount: Microjoules) {
        self.money.staked(wallet, stake, amount);
    }

    /// Notes that a cell was launched.
    pub fn launched(&mut self, cell: CellId, launch: &Launch) {
        self.roster.wallets.insert(cell, launch.wallet);
        self.market.orders().launched(cell, launch);
        self.life.launched(cell, launch);
    }

    /// Notes an order that is on its way to the node, which reads it before the next tick.
    pub fn asked(&mut self, cell: CellId, ask: Ask) {
        self.market.orders().asked(cell, ask);
    }

    /// Checks a tick.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn tick(&mut self, report: &TickReport<'_>) -> Verdict {
        self.money.tick(report, &self.roster)?;
        self.market.tick(report, &self.roster)?;
        self.heat.tick(report)?;
        self.life.tick(report, &self.roster)?;
        self.energy.tick(report)
    }

    /// Checks that a cell was rightly told its end.
    ///
    /// # Errors
    /// Why not.
    pub fn notified(&mut self, at: Moment, cell: CellId, reason: Reason) -> Verdict {
        must!(self.roster.lives(cell), "{cell:?}, which does not live, is told that it dies of {reason:?}");
        self.life.notified(at, cell, reason)
    }

    /// Checks that a cell ended once and rightly.
    ///
    /// # Errors
    /// Why not.
    pub fn ended(&mut self, obituary: &Obituary) -> Verdict {
        let cell = obituary.cell;
        must!(self.roster.lives(cell), "{cell:?} ends and was never launched, or has ended before");
        self.roster.ended.insert(cell, obituary.reason);
        self.life.ended(obituary)?;
        self.energy.ended(obituary)?;
        self.market.ended(cell);
        self.money.ended(obituary, self.roster.wallets[&cell])
    }

    /// Checks a fee or a forfeiture.
    ///
    /// # Errors
    /// Why it should not have been taken.
    pub fn charged(&mut self, transfer: &Transfer, cell: CellId) -> Verdict {
        must!(self.roster.wallets.contains_key(&cell), "{cell:?}, which was never launched, is charged");
        self.money.charged(transfer, self.roster.wallets[&cell])
    }

    /// Checks that a claim was rightly given up: the verifier `was_late` with it.
    ///
    /// # Errors
    /// Why it should have been concluded.
    pub fn given_up(&self, cell: CellId, key: u64, was_late: bool) -> Verdict {
        must!(
            was_late,
            "the claim of {cell:?} on key {key} is given up, and the verifier owes nothing on it"
        );
        Ok(())
    }

    /// Checks a payment for `key`, which was found true or trusted before. The cell may be over: the work was its wallet's.
    ///
    /// # Errors
    /// Why it should not have been made.
    pub fn paid(&mut self, transfer: &Transfer, cell: CellId, key: u64, is_due: bool) -> Verdict {
        must!(self.roster.wallets.contains_key(&cell), "{cell:?}, which was never launched, is paid");
        must!(transfer.to == self.roster.wallets[&cell], "the payment of {cell:?} goes to {:?}", transfer.to);
        must!(is_due, "{transfer:?} for key {key} that nobody found true");
        self.money.paid(transfer, key)
    }

    /// How many auctions the rule of the market was checked in, and in how many it could not be.
    pub const fn auctions(&self) -> Auctions {
        self.market.auctions()
    }

    /// Checks what is left when the run is over.
    ///
    /// # Errors
    /// What should not be left.
    pub fn finish(&mut self, ledger: &Ledger, claims: Tally) -> Verdict {
        let left: Vec<_> = self.roster.wallets.keys().filter(|cell| self.roster.lives(**cell)).collect();
        must!(left.is_empty(), "the run is over and {left:?} did not end");
        self.money.finish(ledger, claims)
    }
}
