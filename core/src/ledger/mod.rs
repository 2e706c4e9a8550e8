//! Money: who has it, who owes it, and the bills.
//!
//! A quantum is *held* when it is won, *posted* for what is charged at the end of the billing window, and the rest
//! *voided*. All accounts sum to zero, always.

mod accounts;
mod billing;
mod rent;

pub use accounts::{Accounts, LedgerError, Role};
pub use billing::{Bill, Totals};

use crate::limits::{ACCOUNTS_MAX, CELLS_MAX, SET_ASIDE_QUANTA, SLOTS_MAX, WINDOW_TICKS};
use crate::tick::{AccountId, CellId, Clearing, Grant, Kind, Purse, Quote, Sensed, Transfer, Usage};
use crate::units::{Microjoules, Ppm, Watts};

/// The knobs of billing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BillingPolicy {
    /// Rent of memory, per GiB: the refresh power of DRAM.
    pub rent_per_gibibyte: Watts,
    /// What the Landauer bound is multiplied by for the erasure tax; zero switches the tax off.
    pub inefficiency: f64,
}

impl Default for BillingPolicy {
    fn default() -> Self {
        Self { rent_per_gibibyte: Watts(0.4), inefficiency: 1e12 }
    }
}

/// The owner of every account and every open bill.
#[derive(Debug)]
pub struct Ledger {
    accounts: Accounts,
    policy: BillingPolicy,
    bills: Vec<Bill>,
    grants: Vec<Grant>,
    transfers: Vec<Transfer>,
    energy: EnergyDue,
    mint: AccountId,
    treasury: AccountId,
    grid: AccountId,
    tax: AccountId,
}

impl Ledger {
    /// A ledger with the host's own accounts and no money in it.
    pub fn new(policy: BillingPolicy) -> Self {
        let mut accounts = Accounts::with_capacity(ACCOUNTS_MAX);
        let [mint, treasury, grid, tax] = [Role::Mint, Role::Treasury, Role::Grid, Role::Tax]
            .map(|role| accounts.open(role).expect("an empty ledger has room"));
        Self {
            accounts,
            policy,
            bills: Vec::with_capacity(CELLS_MAX),
            grants: Vec::with_capacity(usize::from(SLOTS_MAX)),
            transfers: Vec::with_capacity(4 * CELLS_MAX),
            energy: EnergyDue::default(),
            mint,
            treasury,
            grid,
            tax,
        }
    }

    /// The accounts, to read.
    pub const fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// The host's income.
    pub const fn treasury(&self) -> AccountId {
        self.treasury
    }

    /// The erasure tax that was paid.
    pub const fn tax(&self) -> AccountId {
        self.tax
    }

    /// What can be spent from a wallet now.
    pub fn free(&self, wallet: AccountId) -> Microjoules {
        self.accounts.free(wallet)
    }

    /// Opens a wallet or an escrow and mints `amount` into it.
    ///
    /// # Errors
    /// When there are too many accounts, the amount is negative, or more would be minted than may ever be.
    pub fn fund_new(&mut self, tick: u64, role: Role, amount: Microjoules) -> Result<AccountId, LedgerError> {
        self.accounts.may_mint(self.mint, amount)?;
        let account = self.accounts.open(role)?;
        self.accounts.apply(Transfer { tick, kind: Kind::Mint, from: self.mint, to: account, amount });
        Ok(account)
    }

    /// Opens the bill of a new cell and sets aside what its ordered end will cost.
    ///
    /// # Errors
    /// When the wallet does not cover the set-aside: the cell is refused before any money moves.
    pub fn open_bill(
        &mut self,
        cell: CellId,
        wallet: AccountId,
        slots: u16,
        base: Microjoules,
    ) -> Result<(), LedgerError> {
        if self.bills.len() >= CELLS_MAX {
            return Err(LedgerError::Full { limit: CELLS_MAX, what: "cells" });
        }
        assert!(self.bills.last().is_none_or(|last| last.cell() < cell), "{cell:?} comes out of turn");
        let set_aside = base.times(SET_ASIDE_QUANTA * u64::from(slots));
        self.accounts.set_aside(wallet, set_aside)?;
        self.bills.push(Bill::new(cell, wallet, set_aside, self.policy));
        Ok(())
    }

    /// Holds the price of every award in its wallet. An award that a wallet shared by several cells does not cover any
    /// more is dropped: its slot stays empty for this tick.
    pub fn hold(&mut self, clearing: &Clearing) -> &[Grant] {
        self.grants.clear();
        for award in &clearing.awards {
            let bill = find(&mut self.bills, award.cell);
            let covered =
                award.purse == Purse::SetAside || self.accounts.hold(award.wallet, award.price).is_ok();
            if covered {
                bill.open(award);
                let balance = self.accounts.free(award.wallet);
                self.grants.push(Grant { tick: clearing.tick, award: *award, balance });
            }
        }
        &self.grants
    }

    /// Transfers that the last window posted; none in a tick that ends no window.
    pub fn transfers(&self) -> &[Transfer] {
        &self.transfers
    }

    /// The grants of the current tick.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// Meters what was used and, at the end of a billing window or of a cell, posts the bills and voids the rest.
    pub fn charge(&mut self, quote: &Quote, sensed: &Sensed, usages: &[Usage]) -> &[Transfer] {
        self.transfers.clear();
        for usage in usages {
            find(&mut self.bills, usage.cell).meter(usage, quote.die);
        }
        self.energy.take(sensed);
        if (quote.tick + 1).is_multiple_of(WINDOW_TICKS) {
            for index in 0..self.bills.len() {
                self.post(index, quote);
            }
            self.buy_energy(quote.tick, quote.tariff);
        }
        &self.transfers
    }

    /// Settles and closes the bill of a cell that is over; what was set aside and not used is free again. A quantum
    /// whose use was never learned (its cell was killed while late) is voided, in favour of the wallet.
    ///
    /// `quote` is that of the last tick; there is none before the first, when there is nothing to post either.
    pub fn close_bill(&mut self, quote: Option<&Quote>, cell: CellId) -> Totals {
        let index = place(&self.bills, cell).expect("a live cell has a bill");
        if let Some(quote) = quote {
            self.post(index, quote);
        }
        let bill = self.bills.remove(index);
        self.accounts.void(bill.wallet(), bill.held());
        self.accounts.release_set_aside(bill.wallet(), bill.set_aside());
        bill.totals()
    }

    /// Pays `amount` from an escrow into a wallet, for a claim that was verified.
    ///
    /// # Errors
    /// When the escrow does not cover it.
    pub fn pay(&mut self, transfer: Transfer) -> Result<(), LedgerError> {
        self.accounts.may_pay(transfer.from, transfer.amount)?;
        self.accounts.apply(transfer);
        Ok(())
    }

    /// What a live cell's bill holds so far.
    pub fn totals(&self, cell: CellId) -> Option<Totals> {
        place(&self.bills, cell).map(|index| self.bills[index].totals())
    }

    /// The bills of all live cells.
    pub fn bills(&self) -> &[Bill] {
        &self.bills
    }

    fn post(&mut self, index: usize, quote: &Quote) {
        let bill = &mut self.bills[index];
        let Some(due) = bill.close_window(quote) else { return };
        self.accounts.void(bill.wallet(), due.held);
        self.accounts.release_set_aside(bill.wallet(), due.from_set_aside);
        let posts = [
            (Kind::Quanta, self.treasury, due.quanta + due.grace),
            (Kind::Rent, self.treasury, due.rent),
            (Kind::Tax, self.tax, due.tax),
        ];
        for (kind, to, amount) in posts {
            if amount > Microjoules::ZERO {
                let transfer = Transfer { tick: quote.tick, kind, from: bill.wallet(), to, amount };
                self.accounts.apply(transfer);
                self.transfers.push(transfer);
            }
        }
    }

    /// The treasury buys from the grid what the package used since it last did, at the tariff of now: that of the window
    /// which ends, and after a gap in the readings that of the window in which the use became known.
    fn buy_energy(&mut self, tick: u64, tariff: Ppm) {
        let used = std::mem::take(&mut self.energy.due);
        if used > Microjoules::ZERO {
            let amount = tariff.of_rounded_up(used);
            let transfer = Transfer { tick, kind: Kind::Grid, from: self.treasury, to: self.grid, amount };
            self.accounts.apply(transfer);
            self.transfers.push(transfer);
        }
    }
}

/// What the package used, as far as it is known, and nobody has bought yet.
#[derive(Clone, Copy, Debug, Default)]
struct EnergyDue {
    due: Microjoules,
    /// Epoch and energy up to which `due` and what was bought before reach; none before the first reading.
    counted: Option<(u32, Microjoules)>,
}

impl EnergyDue {
    /// Counts what was used since the last reading of the same epoch. What was used before the first reading of an epoch
    /// is not known, and is nobody's to buy.
    fn take(&mut self, sensed: &Sensed) {
        let Some(reading) = sensed.last() else { return };
        let now = reading.energy.value;
        match self.counted {
            Some((epoch, before)) if epoch == reading.epoch => {
                let used = if now > before { now - before } else { Microjoules::ZERO };
                self.due += used;
                self.counted = Some((epoch, before + used));
            }
            _ => self.counted = Some((reading.epoch, now)),
        }
    }
}

/// Finds the bill of a live cell.
fn find(bills: &mut [Bill], cell: CellId) -> &mut Bill {
    let index = place(bills, cell).expect("a live cell has a bill");
    &mut bills[index]
}

/// Bills stand in the order of their cells' names.
fn place(bills: &[Bill], cell: CellId) -> Option<usize> {
    bills.binary_search_by_key(&cell, Bill::cell).ok()
}

#[cfg(test)]
mod tests;
