//! Double entry: every movement is a transfer between two accounts, and all accounts sum to zero.

use std::sync::Arc;

use super::balance::{Balance, InsolvencyError};
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
    /// Money that vouches for a claim until it is verified.
    Stake,
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
    /// Fatal for the request: only wallets pay for cells.
    #[error("account {} is no wallet but {role:?}: name the wallet that is to pay", account.0)]
    NotAWallet {
        /// Which.
        account: AccountId,
        /// What it is for.
        role: Role,
    },
    /// Fatal for the request: its owner has closed it.
    #[error("wallet {} was closed by its owner: use another one", _0.0)]
    Closed(AccountId),
    /// Fatal: what was kept is not the books of a host.
    #[error(
        "the accounts to begin with do not begin with mint, treasury, grid and tax: they are not a host's books"
    )]
    NoHost,
    /// Fatal: money was made or lost where the accounts were kept.
    #[error("the accounts to begin with sum to {0}, not to zero: check the books that they come from")]
    Unbalanced(Microjoules),
}

/// An account as a ledger begins with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// What it is for.
    pub role: Role,
    /// What was posted to it and from it so far.
    pub balance: Microjoules,
    /// The most that its cells may bid for a quantum, and for all that they win in one tick, if its owner has said so.
    pub max_bid: Option<Microjoules>,
    /// Whether its owner has closed it: it pays for no new cell.
    pub closed: bool,
}

impl Opening {
    /// A new account: nothing was posted yet.
    pub const fn empty(role: Role) -> Self {
        Self { role, balance: Microjoules::ZERO, max_bid: None, closed: false }
    }
}

/// What the ledger's owner alone knows of an account. What it has free stands beside it, in [`Balances`].
#[derive(Clone, Copy, Debug)]
struct Account {
    role: Role,
    held: Microjoules,
    set_aside: Microjoules,
    max_bid: Option<Microjoules>,
    closed: bool,
}

/// What every account has free, readable from any thread at any time. The ledger's owner alone writes it.
#[derive(Clone, Debug)]
pub struct Balances(Arc<[Balance]>);

impl Balances {
    fn with_capacity(limit: usize) -> Self {
        Self((0..limit).map(|_| Balance::new(Microjoules::ZERO)).collect())
    }

    /// What can be spent from the account now; nothing if it is not yet open. Below zero is debt.
    ///
    /// # Panics
    /// If the ledger has no room for such an account, and so can never have had it.
    pub fn free(&self, account: AccountId) -> Microjoules {
        self.of(account).get()
    }

    fn of(&self, account: AccountId) -> &Balance {
        &self.0[account.0 as usize]
    }
}

/// Every account of the ledger.
#[derive(Debug)]
pub struct Accounts {
    known: Vec<Account>,
    balances: Balances,
    /// Of all accounts together, kept so that every tick can compare it with the open bills.
    held: Microjoules,
    limit: usize,
}

impl Accounts {
    /// No accounts, with room for `limit` of them.
    pub fn with_capacity(limit: usize) -> Self {
        let (known, balances) = (Vec::with_capacity(limit), Balances::with_capacity(limit));
        Self { known, balances, held: Microjoules::ZERO, limit }
    }

    /// Opens an account.
    ///
    /// # Errors
    /// When there are too many.
    pub fn open(&mut self, opening: Opening) -> Result<AccountId, LedgerError> {
        if self.known.len() >= self.limit {
            return Err(LedgerError::Full { limit: self.limit, what: "accounts" });
        }
        let Opening { role, balance, max_bid, closed } = opening;
        let id = AccountId(self.known.len() as u32);
        let zero = Microjoules::ZERO;
        self.known.push(Account { role, held: zero, set_aside: zero, max_bid, closed });
        let free = self.balances.of(id);
        if balance < zero {
            free.charge(-balance);
        } else {
            free.credit(balance);
        }
        Ok(id)
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// What every account has free, for other threads to read.
    pub fn balances(&self) -> Balances {
        self.balances.clone()
    }

    /// What was posted to the account and from it: what it has free, what is held and what is set aside.
    pub fn balance(&self, account: AccountId) -> Microjoules {
        let Account { held, set_aside, .. } = *self.get(account);
        self.free(account) + held + set_aside
    }

    /// What an account is for; none if it is not open.
    pub fn role(&self, account: AccountId) -> Option<Role> {
        self.known.get(account.0 as usize).map(|account| account.role)
    }

    /// What is held for quanta that are won and not yet billed, and for claims that nobody has looked at yet.
    pub fn held(&self, account: AccountId) -> Microjoules {
        self.get(account).held
    }

    /// What is held in all accounts together, as it was added up while it was held and voided.
    pub const fn held_in_all(&self) -> Microjoules {
        self.held
    }

    /// What can be spent now: the balance less what is held and what is set aside. Below zero is debt.
    pub fn free(&self, account: AccountId) -> Microjoules {
        self.balances.free(account)
    }

    /// The most that the cells of a wallet may bid for a quantum, and for all that they win in one tick, if its owner has said so.
    pub fn max_bid(&self, account: AccountId) -> Option<Microjoules> {
        self.get(account).max_bid
    }

    /// Sum over all accounts: zero, or money was made or lost.
    pub fn sum(&self) -> Microjoules {
        self.all().map(|(account, _)| self.balance(account)).sum()
    }

    /// All accounts with their roles, in the order in which they were opened.
    pub fn all(&self) -> impl Iterator<Item = (AccountId, Role)> {
        let numbered = self.known.iter().enumerate();
        numbered.map(|(number, account)| (AccountId(number as u32), account.role))
    }

    /// What was minted so far.
    pub fn minted(&self) -> Microjoules {
        -self.with_role(Role::Mint).map(|(_, balance)| balance).sum::<Microjoules>()
    }

    /// Accounts of one role with their balances.
    pub fn with_role(&self, role: Role) -> impl Iterator<Item = (AccountId, Microjoules)> {
        let wanted = self.all().filter(move |(_, of)| *of == role);
        wanted.map(|(account, _)| (account, self.balance(account)))
    }

    pub(super) fn set_max_bid(&mut self, account: AccountId, max_bid: Option<Microjoules>) {
        self.at(account).max_bid = max_bid;
    }

    /// Whether the account is a wallet that its owner still uses.
    pub(super) fn may_pay_for_cells(&self, account: AccountId) -> Result<(), LedgerError> {
        match *self.get(account) {
            Account { role: Role::Wallet, closed: false, .. } => Ok(()),
            Account { role: Role::Wallet, .. } => Err(LedgerError::Closed(account)),
            Account { role, .. } => Err(LedgerError::NotAWallet { account, role }),
        }
    }

    pub(super) fn may_mint(&self, mint: AccountId, amount: Microjoules) -> Result<(), LedgerError> {
        let room = MINT_MAX + self.balance(mint);
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
        self.balances.of(transfer.from).charge(transfer.amount);
        self.balances.of(transfer.to).credit(transfer.amount);
    }

    pub(super) fn hold(&mut self, account: AccountId, amount: Microjoules) -> Result<(), LedgerError> {
        self.debit(account, amount)?;
        self.at(account).held += amount;
        self.held += amount;
        Ok(())
    }

    pub(super) fn void(&mut self, account: AccountId, amount: Microjoules) {
        let of = self.at(account);
        assert!(amount <= of.held, "more is voided than is held: {amount} of {of:?}");
        of.held -= amount;
        self.held -= amount;
        self.balances.of(account).credit(amount);
    }

    pub(super) fn set_aside(&mut self, account: AccountId, amount: Microjoules) -> Result<(), LedgerError> {
        self.debit(account, amount)?;
        self.at(account).set_aside += amount;
        Ok(())
    }

    /// Makes a part of what was set aside free again, to be spent on the grace or kept.
    pub(super) fn release_set_aside(&mut self, account: AccountId, amount: Microjoules) {
        let of = self.at(account);
        assert!(amount <= of.set_aside, "more is released than was set aside: {amount} of {of:?}");
        of.set_aside -= amount;
        self.balances.of(account).credit(amount);
    }

    fn debit(&self, account: AccountId, amount: Microjoules) -> Result<(), LedgerError> {
        let insolvent = |error: InsolvencyError| {
            let InsolvencyError { free, wanted } = error;
            LedgerError::Insufficient { account, free, wanted }
        };
        self.balances.of(account).debit(amount).map(|_| ()).map_err(insolvent)
    }

    fn get(&self, account: AccountId) -> &Account {
        &self.known[account.0 as usize]
    }

    fn at(&mut self, account: AccountId) -> &mut Account {
        &mut self.known[account.0 as usize]
    }
}
