//! A node on durable money: its ledger begins with the accounts that the books have, each at the same place.

use maxwell_core::ledger::{BillingPolicy, Ledger, LedgerError, Opening};
use maxwell_core::tick::AccountId;
use maxwell_ledger::account::{Account, AccountName, Index};
use maxwell_ledger::books::Books;

/// The ledger of a node that goes on where the books end: every account with its balance, its bound on bids, and whether its
/// owner has closed it.
///
/// # Errors
/// When the books are not those of a host, or do not sum to zero.
pub fn ledger_of(books: &Books, policy: BillingPolicy) -> Result<Ledger, LedgerError> {
    let openings: Vec<Opening> = books.accounts().iter().map(opening).collect();
    Ledger::with_accounts(policy, &openings)
}

/// The node's name for the account that the books know by this one, if they do.
pub fn find(books: &Books, name: &AccountName) -> Option<AccountId> {
    books.find(name).map(account_of)
}

/// The node's name for an account of the books.
pub const fn account_of(index: Index) -> AccountId {
    AccountId(index.0)
}

/// The books' name for an account of the node.
pub const fn index_of(account: AccountId) -> Index {
    Index(account.0)
}

const fn opening(account: &Account) -> Opening {
    let Account { balance, max_bid, closed, .. } = *account;
    Opening { role: account.name.role(), balance, max_bid, closed }
}
