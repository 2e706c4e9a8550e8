//! A node on durable money: its ledger begins with the accounts that the books have, each at the same place.

use std::ops::Range;

use maxwell_core::bounty::terms::{BountyId, Terms};
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

/// A bounty that is open in the books, for a node to go on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenBounty {
    /// Its number.
    pub id: BountyId,
    /// What its sponsor has promised.
    pub terms: Terms,
    /// The keys that were paid, in order and not touching. The books refuse to pay them again, so none may be leased again.
    pub paid: Vec<Range<u64>>,
    /// The account that pays.
    pub escrow: AccountId,
}

/// The bounties that are open in the books, by number.
pub fn bounties_of(books: &Books) -> Vec<OpenBounty> {
    let open = books.open_bounties().filter_map(|(id, index)| {
        let (bounty, _) = books.bounty(id.0)?;
        let paid = bounty.paid.stretches().iter().map(|stretch| stretch.first..stretch.end).collect();
        Some(OpenBounty { id, terms: bounty.terms, paid, escrow: account_of(index) })
    });
    open.collect()
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
