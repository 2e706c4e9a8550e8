//! The books: every account as the journal says it is.
//!
//! A record is checked whole before anything of it is entered, so a refused one changes nothing. The same two steps run when a
//! record is new, when a restart plays the journal again and when an auditor does, so all three come to the same accounts.

mod bounty;
mod check;
mod enter;

pub use bounty::BountyRefusal;
pub(crate) use bounty::is_sound;
pub use check::Refusal;

use std::collections::{BTreeMap, HashMap};

use maxwell_core::units::Microjoules;
use serde::{Deserialize, Serialize};

use crate::account::{Account, AccountName, Index};
use crate::digest::Digest;
use crate::entry::Entry;
use crate::head::Genesis;
use crate::limits::ACCOUNTS_MAX;
use crate::record::{At, Record};
use crate::sum_tree::{Leaf, Path, Root, SumTree};

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was entered, at this place of the journal.
    Done(u64),
    /// It had been entered before, at this place, and changed nothing now.
    Already(u64),
}

impl Outcome {
    /// The record's place in the journal.
    pub const fn sequence(self) -> u64 {
        match self {
            Self::Done(sequence) | Self::Already(sequence) => sequence,
        }
    }
}

/// How far the journal is contained in some accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The last record.
    pub sequence: u64,
    /// Hash over the journal up to it.
    pub journal: Digest,
    /// The last billing window: the watermark of what was charged.
    pub window: At,
}

impl Mark {
    /// Before the first record.
    pub const START: Self = Self { sequence: 0, journal: Digest::ZERO, window: At { run: 0, tick: 0 } };
}

/// Every account of a ledger.
#[derive(Debug)]
pub struct Books {
    genesis: Genesis,
    accounts: Vec<Account>,
    names: HashMap<AccountName, Index>,
    /// The escrows of open bounties, by number.
    open_bounties: BTreeMap<u64, Index>,
    mark: Mark,
    /// Accounts whose leaf is not current, each once.
    stale: Changed,
    /// Accounts whose row in the store is not current, each once.
    unsaved: Changed,
    /// Whose entries are collected, for a bill or a history.
    watched: Option<(AccountName, Vec<Entry>)>,
    /// Made when it is first asked for: playing a journal again needs none.
    tree: Option<SumTree>,
}

impl Books {
    /// The books of a ledger in which nothing has happened.
    pub fn new(genesis: Genesis) -> Self {
        let mut books = Self::with_accounts(genesis, Mark::START, Vec::new());
        for name in AccountName::HOST {
            books.open(name);
        }
        books
    }

    /// Books as they were written down.
    pub fn with_accounts(genesis: Genesis, mark: Mark, accounts: Vec<Account>) -> Self {
        let numbered =
            || accounts.iter().enumerate().map(|(number, account)| (account, Index(number as u32)));
        let names = numbered().map(|(account, index)| (account.name, index)).collect();
        let bounties = numbered().filter(|(account, _)| account.bounty.is_some() && !account.closed);
        let open_bounties = bounties.filter_map(|(account, index)| match account.name {
            AccountName::Escrow(number) => Some((number, index)),
            _ => None,
        });
        let open_bounties = open_bounties.collect();
        let (stale, unsaved) = (Changed::default(), Changed::default());
        Self { genesis, accounts, names, open_bounties, mark, stale, unsaved, watched: None, tree: None }
    }

    /// What ledger it is.
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// How far they have come.
    pub const fn mark(&self) -> Mark {
        self.mark
    }

    /// All accounts, in the order in which they were opened.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// One account.
    ///
    /// # Panics
    /// If it was never opened.
    pub fn account(&self, index: Index) -> &Account {
        &self.accounts[index.0 as usize]
    }

    /// Where the account of this name is, if it was ever opened.
    pub fn find(&self, name: &AccountName) -> Option<Index> {
        self.names.get(name).copied()
    }

    /// Whether no two accounts have one name.
    pub(crate) fn names_are_unique(&self) -> bool {
        self.names.len() == self.accounts.len()
    }

    /// What was issued so far.
    pub fn minted(&self) -> Microjoules {
        -self.account(Index::MINT).balance
    }

    /// Enters a record, or nothing of it.
    ///
    /// # Errors
    /// Why it is refused. Who signed an operation is not looked at here: see
    /// [`SignedOperation::verify`](crate::operation::SignedOperation::verify).
    pub fn apply(&mut self, record: &Record) -> Result<Outcome, Refusal> {
        if let Some(sequence) = check::check(self, record)? {
            return Ok(Outcome::Already(sequence));
        }
        self.mark.sequence += 1;
        enter::enter(self, record);
        Ok(Outcome::Done(self.mark.sequence))
    }

    /// The hash over the journal, now that a frame was added to it.
    pub(crate) fn note_frame(&mut self, journal: Digest) {
        self.mark.journal = journal;
    }

    /// Root of the tree over all accounts. The first call hashes all of them, later ones what has changed.
    pub fn root(&mut self) -> Root {
        self.tree().root()
    }

    /// Proof that an account is below the root.
    pub fn prove(&mut self, index: Index) -> Option<Path> {
        let key = self.account(index).leaf(&self.salt_of(index)).key;
        self.tree().prove(&key)
    }

    /// What hides the account among the others.
    pub(crate) fn salt_of(&self, index: Index) -> crate::account::Salt {
        self.genesis.salt.of(&self.account(index).name)
    }

    /// Collects the entries of one account from now on.
    pub fn watch(&mut self, name: AccountName) {
        self.watched = Some((name, Vec::new()));
    }

    /// The entries that were collected since the last call.
    pub fn take_watched(&mut self) -> Vec<Entry> {
        self.watched.as_mut().map(|(_, entries)| std::mem::take(entries)).unwrap_or_default()
    }

    /// Accounts that changed since the last call, to be written down.
    pub(crate) fn take_unsaved(&mut self) -> Vec<Index> {
        self.unsaved.take()
    }

    fn tree(&mut self) -> &mut SumTree {
        let Self { genesis, accounts, stale, tree, .. } = self;
        let leaf = |account: &Account| account.leaf(&genesis.salt.of(&account.name));
        let stale = stale.take();
        match tree {
            Some(tree) => {
                let mut leaves: Vec<Leaf> =
                    stale.iter().map(|index| leaf(&accounts[index.0 as usize])).collect();
                // Neighbours share the way down, which is then in the cache.
                leaves.sort_unstable_by_key(|leaf| leaf.key);
                for leaf in leaves {
                    tree.set(leaf);
                }
                tree
            }
            None => tree.insert(SumTree::with_leaves(accounts.iter().map(leaf))),
        }
    }

    /// Opens an account, or finds it.
    fn open(&mut self, name: AccountName) -> Index {
        if let Some(index) = self.find(&name) {
            return index;
        }
        assert!(self.accounts.len() < ACCOUNTS_MAX, "checked before");
        let index = Index(self.accounts.len() as u32);
        self.accounts.push(Account::new(name));
        self.names.insert(name, index);
        self.changed(index);
        index
    }

    fn changed(&mut self, index: Index) {
        self.stale.add(index);
        self.unsaved.add(index);
    }
}

/// A set of accounts that something has still to be done about.
#[derive(Debug, Default)]
struct Changed {
    list: Vec<Index>,
    is_in: Vec<bool>,
}

impl Changed {
    fn add(&mut self, index: Index) {
        let place = index.0 as usize;
        if self.is_in.len() <= place {
            self.is_in.resize(place + 1, false);
        }
        if !std::mem::replace(&mut self.is_in[place], true) {
            self.list.push(index);
        }
    }

    fn take(&mut self) -> Vec<Index> {
        for index in &self.list {
            self.is_in[index.0 as usize] = false;
        }
        std::mem::take(&mut self.list)
    }
}
