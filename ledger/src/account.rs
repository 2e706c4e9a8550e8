//! Accounts: how they are named, what is known of each, and how each is committed to.

use maxwell_core::ledger::Role;
use maxwell_core::units::Microjoules;
use serde::{Deserialize, Serialize};

use crate::bounty::Bounty;
use crate::codec;
use crate::digest::{self, Digest};
use crate::limits::{ACCOUNT_BYTES_MAX, NAME_BYTES_MAX, RECENT_OPERATIONS};
use crate::operation::OperationId;
use crate::sum_tree::Leaf;
use crate::wallet::PublicKey;
use crate::wire;

/// What an account is called, on every host and for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountName {
    /// Where money comes from. Its balance is minus what was issued.
    Mint,
    /// The host's income.
    Treasury,
    /// Energy that was bought.
    Grid,
    /// Erasure tax.
    Tax,
    /// Money that waits to be paid for verified work.
    Escrow(u64),
    /// Money that vouches for a claim until it is verified.
    Stake(u64),
    /// Whoever has the secret half of this key.
    Wallet(PublicKey),
}

impl AccountName {
    /// The accounts that every ledger has, in the order of their indices.
    pub const HOST: [Self; 4] = [Self::Mint, Self::Treasury, Self::Grid, Self::Tax];

    /// What the account is for.
    pub const fn role(&self) -> Role {
        match self {
            Self::Mint => Role::Mint,
            Self::Treasury => Role::Treasury,
            Self::Grid => Role::Grid,
            Self::Tax => Role::Tax,
            Self::Escrow(_) => Role::Escrow,
            Self::Stake(_) => Role::Stake,
            Self::Wallet(_) => Role::Wallet,
        }
    }
}

impl std::fmt::Display for AccountName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Mint => f.write_str("mint"),
            Self::Treasury => f.write_str("treasury"),
            Self::Grid => f.write_str("grid"),
            Self::Tax => f.write_str("tax"),
            Self::Escrow(number) => write!(f, "escrow-{number}"),
            Self::Stake(number) => write!(f, "stake-{number}"),
            Self::Wallet(key) => key.fmt(f),
        }
    }
}

/// The place of an account in the books: they are numbered as they are opened, and never closed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Index(pub u32);

impl Index {
    /// The account of [`AccountName::Mint`].
    pub const MINT: Self = Self(0);
    /// The account of [`AccountName::Treasury`].
    pub const TREASURY: Self = Self(1);
    /// The account of [`AccountName::Grid`].
    pub const GRID: Self = Self(2);
    /// The account of [`AccountName::Tax`].
    pub const TAX: Self = Self(3);
}

/// Everything that ever happened to an account, added up. Kept when the details are folded away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Received from other accounts, income apart.
    #[serde(with = "wire::microjoules", rename = "received_uj")]
    pub received: Microjoules,
    /// Sent to other accounts by signed operations.
    #[serde(with = "wire::microjoules", rename = "sent_uj")]
    pub sent: Microjoules,
    /// Paid for verified work.
    #[serde(with = "wire::microjoules", rename = "income_uj")]
    pub income: Microjoules,
    /// Prepaid for the verification of claims.
    #[serde(with = "wire::microjoules", rename = "fees_uj")]
    pub fees: Microjoules,
    /// Charged for quanta.
    #[serde(with = "wire::microjoules", rename = "quanta_uj")]
    pub quanta: Microjoules,
    /// Charged for memory held.
    #[serde(with = "wire::microjoules", rename = "rent_uj")]
    pub rent: Microjoules,
    /// Charged for memory given back.
    #[serde(with = "wire::microjoules", rename = "tax_uj")]
    pub tax: Microjoules,
    /// Energy attributed to its cells.
    #[serde(with = "wire::microjoules", rename = "energy_uj")]
    pub energy: Microjoules,
    /// CPU time that its cells used.
    pub used_ns: u64,
    /// Cycles of guest work, where they are counted.
    pub cycles: u64,
    /// Bytes that its cells gave back.
    pub freed_bytes: u64,
    /// Quanta that its cells were granted.
    pub awards: u64,
}

impl Totals {
    /// What was added since they were `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let money = |after: Microjoules, before: Microjoules| Microjoules(after.0.saturating_sub(before.0));
        Self {
            received: money(self.received, before.received),
            sent: money(self.sent, before.sent),
            income: money(self.income, before.income),
            fees: money(self.fees, before.fees),
            quanta: money(self.quanta, before.quanta),
            rent: money(self.rent, before.rent),
            tax: money(self.tax, before.tax),
            energy: money(self.energy, before.energy),
            used_ns: self.used_ns.saturating_sub(before.used_ns),
            cycles: self.cycles.saturating_sub(before.cycles),
            freed_bytes: self.freed_bytes.saturating_sub(before.freed_bytes),
            awards: self.awards.saturating_sub(before.awards),
        }
    }
}

/// An operation that an account's owner signed not long ago, so that it is known when it comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// The name that its sender gave it.
    pub id: OperationId,
    /// What it was to do.
    pub body: Digest,
    /// Its place in the journal.
    pub sequence: u64,
}

/// What the books know of an account. This is what the root of an epoch commits to and what a receipt opens and ends with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its name.
    pub name: AccountName,
    /// Posted to it and from it. Below zero is debt, and for the mint what was issued.
    #[serde(with = "wire::microjoules", rename = "balance_uj")]
    pub balance: Microjoules,
    /// Entries of its history.
    pub entries: u64,
    /// Hash over all of them, one after the other.
    pub tip: Digest,
    /// Operations that its owner has signed; the nonce of the next one.
    pub nonce: u64,
    /// The last of them.
    pub recent: Vec<Recent>,
    /// The most that its cells may bid for a quantum, if the owner has said so.
    #[serde(with = "wire::optional_microjoules", rename = "max_bid_uj")]
    pub max_bid: Option<Microjoules>,
    /// Whether its owner has closed it. A closed account moves no money.
    pub closed: bool,
    /// Everything that happened to it, added up.
    pub totals: Totals,
    /// The bounty that is paid from it, if it is the escrow of one.
    pub bounty: Option<Box<Bounty>>,
}

impl Account {
    /// An account to which nothing has happened.
    pub fn new(name: AccountName) -> Self {
        Self {
            name,
            balance: Microjoules::ZERO,
            entries: 0,
            tip: Digest::ZERO,
            nonce: 0,
            recent: Vec::new(),
            max_bid: None,
            closed: false,
            totals: Totals::default(),
            bounty: None,
        }
    }

    /// Remembers an operation, and forgets the oldest when there are too many.
    pub(crate) fn remember(&mut self, operation: Recent) {
        if self.recent.len() == RECENT_OPERATIONS {
            self.recent.remove(0);
        }
        self.recent.push(operation);
        self.nonce += 1;
    }

    /// Its leaf in the tree over all accounts. `salt` keeps others from finding out whose leaf it is by trying names.
    pub fn leaf(&self, salt: &Salt) -> Leaf {
        let mut room = [0; ACCOUNT_BYTES_MAX];
        // A bounty has as many bytes as its paid keys take. A stranger's receipt may claim to remember more than any ledger does;
        // it is hashed like any other, and does not match.
        let is_long = self.bounty.is_some() || self.recent.len() > RECENT_OPERATIONS;
        let long = is_long.then(|| codec::to_bytes(self));
        let content = long.as_deref().unwrap_or_else(|| codec::to_room(self, &mut room));
        let digest = digest::of(digest::Domain::Account, &[&salt.0, content]);
        Leaf { key: key_of(&self.name).0, digest: digest.0, balance: self.balance }
    }
}

/// The place of a name in the tree over all accounts.
fn key_of(name: &AccountName) -> Digest {
    digest::of(digest::Domain::Name, &[codec::to_room(name, &mut [0; NAME_BYTES_MAX])])
}

/// What hides an account among the leaves: known to the host and, for its own account, to who has a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Salt(#[serde(with = "wire::hex")] pub [u8; 32]);

impl Salt {
    /// The salt of one account, from the ledger's own.
    #[must_use]
    pub fn of(&self, name: &AccountName) -> Self {
        let mut room = [0; NAME_BYTES_MAX];
        let name = codec::to_room(name, &mut room);
        Self(digest::of(digest::Domain::Salt, &[&self.0, name]).0)
    }
}
