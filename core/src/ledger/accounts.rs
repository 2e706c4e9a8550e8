//! Double entry: every movement is a transfer between two accounts, and all accounts sum to zero.

use crate::limits::MINT_MAX;
use crate::tick::{AccountId, Transfer};
use crate::units::Microjoules;

/// What an account is for, which decides whether it may be below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Its balance is minus what was issued.
    Mint,
    /// The host's income; below zero when energy costs more than cells paid.
    Treasury,
    /// Energy bought.
    Grid,
    /// Erasure tax.
    Tax,
    /// Money that waits to be paid for verified work.
    Escrow,
    /// An agent's or a sponsor's money; below zero is debt.
    Wallet,
}

/// Why a movement of money is refused. Nothing has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// Try again when there is more money, or ask for less.
    #[error("account {} has {free} free, {wanted} is wanted: fund it or ask for less", account.0)]
    Insufficient {
        /// Account that does not cover it.
        account: AccountId,
        /// What it has.
        free: Microjoules,
        /// What was wanted.
        wanted: Microjoules,
    },
    /// Fatal for the request: a limit of the node is reached.
    #[error("the ledger is full: at most {limit} {what}")]
    Full {
        /// How many there may be.
        limit: usize,
        /// Of what.
        what: &'static str,
    },
    /// Fatal for the request: the amount can never be had.
    #[error("{0} cannot be minted: amounts are not negative, and at most {MINT_MAX} is ever issued")]
    NotMintable(Microjoules),
}

#[derive(Clone, Copy, Debug)]
struct Account {
    role: Role,
    posted: Microjoules,
    held: Microjoules,
    set_aside: Microjoules,
}

/// Every account of the ledger.
#[derive(Debug)]
pub struct Accounts {
    accounts: Vec<Account>,
    limit: usize,
}

impl Accounts {
    /// No accounts, with room for `limit` of them.
    pub fn with_capacity(limit: usize) -> Self {
        Self { accounts: Vec::with_capacity(limit), limit }
    }

    /// Opens an empty account.
    ///
    /// # Errors
    /// When there are too many.
    pub fn open(&mut self, role: Role) -> Result<AccountId, LedgerError> {
        if self.accounts.len() >= self.limit {
            return Err(LedgerError::Full { limit: self.limit, what: "accounts" });
        }
        let zero = Microjoules::ZERO;
        self.accounts.push(Account { role, posted: zero, held: zero, set_aside: zero });
        Ok(AccountId((self.accounts.len() - 1) as u32))
    }

    /// What was posted to the account and from it.
    pub fn balance(&self, account: AccountId) -> Microjoules {
        self.get(account).posted
    }

    /// What is held for quanta that are won and not yet billed.
    pub fn held(&self, account: AccountId) -> Microjoules {
        self.get(account).held
    }

    /// What can be spent now: the balance less what is held and what is set aside. Below zero is debt.
    pub fn free(&self, account: AccountId) -> Microjoules {
        let Account { posted, held, set_aside, .. } = *self.get(account);
        posted - held - set_aside
    }

    /// Sum over all accounts: zero, or money was made or lost.
    pub fn sum(&self) -> Microjoules {
        self.accounts.iter().map(|account| account.posted).sum()
    }

    /// What was minted so far.
    pub fn minted(&self) -> Microjoules {
        -self.with_role(Role::Mint).map(|(_, balance)| balance).sum::<Microjoules>()
    }

    /// Accounts of one role with their balances.
    pub fn with_role(&self, role: Role) -> impl Iterator<Item = (AccountId, Microjoules)> {
        let numbered = self.accounts.iter().enumerate();
        numbered.filter(move |(_, a)| a.role == role).map(|(n, a)| (AccountId(n as u32), a.posted))
    }

    pub(super) fn may_mint(&self, mint: AccountId, amount: Microjoules) -> Result<(), LedgerError> {
        let room = MINT_MAX + self.get(mint).posted;
        let allowed = amount >= Microjoules::ZERO && amount <= room;
        if allowed { Ok(()) } else { Err(LedgerError::NotMintable(amount)) }
    }

    pub(super) fn may_pay(&self, account: AccountId, wanted: Microjoules) -> Result<(), LedgerError> {
        let free = self.free(account);
        if wanted <= free { Ok(()) } else { Err(LedgerError::Insufficient { account, free, wanted }) }
    }

    /// Makes a transfer. Whether the payer may be below zero after it is decided before, by whoever asks.
    pub(super) fn apply(&mut self, transfer: Transfer) {
        assert!(transfer.amount >= Microjoules::ZERO, "a transfer runs from payer to payee: {transfer:?}");
        assert!(transfer.from != transfer.to, "a transfer joins two accounts: {transfer:?}");
        self.at(transfer.from).posted -= transfer.amount;
        self.at(transfer.to).posted += transfer.amount;
    }

    pub(super) fn hold(&mut self, account: AccountId, amount: Microjoules) -> Result<(), LedgerError> {
        self.may_pay(account, amount)?;
        self.at(account).held += amount;
        Ok(())
    }

    pub(super) fn void(&mut self, account: AccountId, amount: Microjoules) {
        let account = self.at(account);
        assert!(amount <= account.held, "more is voided than is held: {amount} of {account:?}");
        account.held -= amount;
    }

    pub(super) fn set_aside(&mut self, account: AccountId, amount: Microjoules) -> Result<(), LedgerError> {
        self.may_pay(account, amount)?;
        self.at(account).set_aside += amount;
        Ok(())
    }

    /// Makes a part of what was set aside free again, to be spent on the grace or kept.
    pub(super) fn release_set_aside(&mut self, account: AccountId, amount: Microjoules) {
        let account = self.at(account);
        assert!(amount <= account.set_aside, "more is released than was set aside: {amount} of {account:?}");
        account.set_aside -= amount;
    }

    fn get(&self, account: AccountId) -> &Account {
        &self.accounts[account.0 as usize]
    }

    fn at(&mut self, account: AccountId) -> &mut Account {
        &mut self.accounts[account.0 as usize]
    }
}
