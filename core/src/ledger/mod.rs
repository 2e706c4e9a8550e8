//! Money: who has it, who owes it, and the bills.
//!
//! A quantum is *held* when it is won, *posted* for what is charged at the end of the billing window, and the rest
//! *voided*. All accounts sum to zero, always.

mod accounts;
mod balance;
mod billing;
mod line;
mod purchase;
mod rent;

pub use accounts::{Accounts, Balances, LedgerError, Opening, Role};
pub use balance::{Balance, InsolvencyError};
pub use billing::Bill;
pub use line::{Line, Totals};

use crate::limits::{ACCOUNTS_MAX, CELLS_MAX, SET_ASIDE_QUANTA, SLOTS_MAX, WINDOW_LINES_MAX};
use crate::tick::{AccountId, CellId, Clearing, Grant, Kind, Purse, Quote, Sensed, Transfer, Usage};
use crate::units::{Microjoules, Ppm, Watts};
use purchase::EnergyDue;

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

/// The host's own accounts, with which every ledger begins.
const HOST: [Role; 4] = [Role::Mint, Role::Treasury, Role::Grid, Role::Tax];

/// The owner of every account and every open bill.
#[derive(Debug)]
pub struct Ledger {
    accounts: Accounts,
    policy: BillingPolicy,
    bills: Vec<Bill>,
    grants: Vec<Grant>,
    transfers: Vec<Transfer>,
    lines: Vec<Line>,
    /// Lines of cells that ended in the window that is not over.
    early: Vec<Line>,
    bought: Microjoules,
    /// Held for claims that nobody has looked at yet.
    prepaid: Microjoules,
    energy: EnergyDue,
    mint: AccountId,
    treasury: AccountId,
    grid: AccountId,
    tax: AccountId,
}

impl Ledger {
    /// A ledger with the host's own accounts and no money in it.
    pub fn new(policy: BillingPolicy) -> Self {
        Self::begin(policy, ACCOUNTS_MAX, HOST.map(Opening::empty)).expect("an empty ledger balances")
    }

    /// A ledger that goes on with accounts from elsewhere, which keep their order: the first four are the host's own, mint,
    /// treasury, grid and tax. Beside them there is room for as many new ones as on an empty ledger.
    ///
    /// # Errors
    /// When they do not begin with the host's, or do not sum to zero.
    pub fn with_accounts(policy: BillingPolicy, openings: &[Opening]) -> Result<Self, LedgerError> {
        Self::begin(policy, openings.len() + ACCOUNTS_MAX, openings.iter().copied())
    }

    fn begin(
        policy: BillingPolicy,
        limit: usize,
        openings: impl IntoIterator<Item = Opening>,
    ) -> Result<Self, LedgerError> {
        let mut accounts = Accounts::with_capacity(limit);
        for opening in openings {
            accounts.open(opening)?;
        }
        if !accounts.all().map(|(_, role)| role).take(HOST.len()).eq(HOST) {
            return Err(LedgerError::NoHost);
        }
        let sum = accounts.sum();
        if sum != Microjoules::ZERO {
            return Err(LedgerError::Unbalanced(sum));
        }
        let [mint, treasury, grid, tax] = [0, 1, 2, 3].map(AccountId);
        Ok(Self {
            accounts,
            policy,
            bills: Vec::with_capacity(CELLS_MAX),
            grants: Vec::with_capacity(usize::from(SLOTS_MAX)),
            transfers: Vec::with_capacity(4 * CELLS_MAX),
            lines: Vec::with_capacity(WINDOW_LINES_MAX),
            early: Vec::with_capacity(WINDOW_LINES_MAX),
            bought: Microjoules::ZERO,
            prepaid: Microjoules::ZERO,
            energy: EnergyDue::default(),
            mint,
            treasury,
            grid,
            tax,
        })
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
        let account = self.accounts.open(Opening::empty(role))?;
        self.accounts.apply(Transfer { tick, kind: Kind::Mint, from: self.mint, to: account, amount });
        Ok(account)
    }

    /// Sets or lifts the bound on what the cells of a wallet bid: for a quantum, which holds for orders that come after it, and for
    /// all that they win in one tick, which holds from the next auction on.
    pub fn set_max_bid(&mut self, wallet: AccountId, max_bid: Option<Microjoules>) {
        self.accounts.set_max_bid(wallet, max_bid);
    }

    /// Opens the bill of a new cell and sets aside what its ordered end will cost.
    ///
    /// # Errors
    /// When the account is no wallet, or a closed one, or does not cover the set-aside: the cell is refused before any money
    /// moves. Also when more cells would have lived in one billing window than it may have lines.
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
        if self.bills.len() + self.early.len() >= WINDOW_LINES_MAX {
            return Err(LedgerError::Full { limit: WINDOW_LINES_MAX, what: "cells in one billing window" });
        }
        self.accounts.may_pay_for_cells(wallet)?;
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

    /// Notes that a live cell has used `total` joules so far. What is new of it goes on the cell's next line.
    pub fn attribute(&mut self, cell: CellId, total: Microjoules) {
        find(&mut self.bills, cell).attribute(total);
    }

    /// Meters what was used and, at the end of a billing window or of a cell, posts the bills and voids the rest.
    pub fn charge(&mut self, quote: &Quote, sensed: &Sensed, usages: &[Usage]) -> &[Transfer] {
        self.transfers.clear();
        self.lines.clear();
        self.bought = Microjoules::ZERO;
        for usage in usages {
            find(&mut self.bills, usage.cell).meter(usage, quote.die);
        }
        self.energy.take(sensed);
        if quote.ends_window() {
            for index in 0..self.bills.len() {
                self.post(index, quote);
                let line = self.bills[index].take_line();
                self.lines.extend(Some(line).filter(|line| !line.is_empty()));
            }
            self.gather_early();
            self.buy_energy(quote.tick, quote.tariff);
        }
        &self.transfers
    }

    /// Ends the last window, which need not be full, when every cell is over: their bills were closed in it.
    pub fn end_last_window(&mut self) {
        assert!(self.bills.is_empty(), "the last window ends when every bill is closed");
        self.lines.clear();
        self.bought = Microjoules::ZERO;
        self.gather_early();
    }

    /// What each cell was billed in the window that has just ended, in the order of cells; none in a tick that ends no window,
    /// and none for a cell to which nothing happened. A cell that ended since the window before has its line here. No cell has
    /// two: a bill gives a line when a window ends or when it is closed, it is gone when it was closed, and no name is given to
    /// two cells.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// What the treasury paid for energy in that window.
    pub const fn bought(&self) -> Microjoules {
        self.bought
    }

    /// Settles and closes the bill of a cell that is over; what was set aside and not used is free again. A quantum
    /// whose use was never learned (its cell was killed while late) is voided, in favour of the wallet.
    ///
    /// Its line comes with the window that is not over.
    ///
    /// `quote` is that of the last tick; there is none before the first, when there is nothing to post either.
    pub fn close_bill(&mut self, quote: Option<&Quote>, cell: CellId) -> Totals {
        let index = place(&self.bills, cell).expect("a live cell has a bill");
        if let Some(quote) = quote {
            self.post(index, quote);
        }
        let mut bill = self.bills.remove(index);
        self.early.extend(Some(bill.take_line()).filter(|line| !line.is_empty()));
        self.accounts.void(bill.wallet(), bill.held());
        self.accounts.release_set_aside(bill.wallet(), bill.set_aside());
        bill.totals()
    }

    /// Holds in a wallet what a claim costs, until it is collected or given back.
    ///
    /// # Errors
    /// When what the wallet has free does not cover it.
    pub fn prepay(&mut self, wallet: AccountId, fee: Microjoules) -> Result<(), LedgerError> {
        self.accounts.hold(wallet, fee)?;
        self.prepaid += fee;
        Ok(())
    }

    /// Makes a payment out of what was prepaid. The wallet may be in debt by now: the fee was set apart before that.
    pub fn collect(&mut self, fee: Transfer) {
        self.give_back(fee.from, fee.amount);
        self.accounts.apply(fee);
    }

    /// Frees what was prepaid for nothing.
    pub fn give_back(&mut self, wallet: AccountId, fee: Microjoules) {
        self.accounts.void(wallet, fee);
        self.prepaid -= fee;
    }

    /// What is held for claims in all wallets together.
    pub const fn prepaid(&self) -> Microjoules {
        self.prepaid
    }

    /// Makes a payment between windows, at once: income from an escrow, a forfeited stake.
    ///
    /// # Errors
    /// When what the payer has free does not cover it.
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
        let line = bill.line();
        let posts = [
            (Kind::Quanta, self.treasury, line.quanta),
            (Kind::Rent, self.treasury, line.rent),
            (Kind::Tax, self.tax, line.tax),
        ];
        for (kind, to, amount) in posts {
            if amount > Microjoules::ZERO {
                let transfer = Transfer { tick: quote.tick, kind, from: bill.wallet(), to, amount };
                self.accounts.apply(transfer);
                self.transfers.push(transfer);
            }
        }
    }

    /// Adds the lines of cells that ended before the window did.
    fn gather_early(&mut self) {
        self.lines.append(&mut self.early);
        self.lines.sort_unstable_by_key(|line| line.cell);
    }

    /// The treasury buys from the grid what the package used since it last did, at the tariff of now: that of the window
    /// which ends, and after a gap in the readings that of the window in which the use became known.
    fn buy_energy(&mut self, tick: u64, tariff: Ppm) {
        let used = self.energy.buy();
        if used > Microjoules::ZERO {
            let amount = tariff.of_rounded_up(used);
            let transfer = Transfer { tick, kind: Kind::Grid, from: self.treasury, to: self.grid, amount };
            self.accounts.apply(transfer);
            self.transfers.push(transfer);
            self.bought = amount;
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
