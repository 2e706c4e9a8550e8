//! What `maxwell wallet ... --json` writes. Addresses are bech32m texts; amounts are whole microjoules.

use serde::{Deserialize, Serialize};

/// Version of these formats; it rises when a reader of the old ones would be misled.
pub const VERSION: u32 = 1;

/// A key that `wallet new`, `wallet import` or `wallet export` has written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyReport {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// What the wallet is called in this home.
    pub name: String,
    /// Its address.
    pub address: String,
    /// The file that was written.
    pub file: String,
    /// Whether the file is encrypted with a passphrase.
    pub encrypted: bool,
}

/// `wallet list`: the wallets whose keys lie in this home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalletList {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// The wallets, sorted by name.
    pub wallets: Vec<ListedWallet>,
}

/// One wallet of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedWallet {
    /// What it is called in this home.
    pub name: String,
    /// Its address, if its key file says so without a passphrase.
    pub address: Option<String>,
    /// What it has, in µJ; none where there is no ledger or no address.
    pub balance_uj: Option<i64>,
    /// Why there is no address.
    pub trouble: Option<String>,
}

/// `wallet show`: what the ledger knows of a wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalletReport {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// What it is called in this home, if its key is there.
    pub name: Option<String>,
    /// Its address.
    pub address: String,
    /// Whether the ledger has an account for it: it has one once it was sent something.
    pub known: bool,
    /// What it has, in µJ; below zero is debt.
    pub balance_uj: i64,
    /// Entries of its history.
    pub entries: u64,
    /// Nonce of the next order that its owner signs.
    pub nonce: u64,
    /// The most that its cells may bid for a quantum, in µJ, if its owner has said so.
    pub max_bid_uj: Option<i64>,
    /// Whether its owner has closed it.
    pub closed: bool,
    /// Everything that ever happened to it, added up.
    pub totals: TotalsReport,
}

/// Sums over the history of a wallet, or over a part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TotalsReport {
    /// Received from other accounts, income apart, in µJ.
    pub received_uj: i64,
    /// Sent to other accounts, in µJ.
    pub sent_uj: i64,
    /// Paid for verified work, in µJ.
    pub income_uj: i64,
    /// Prepaid for the verification of claims, in µJ.
    pub fees_uj: i64,
    /// Charged for quanta, in µJ.
    pub quanta_uj: i64,
    /// Charged for memory held, in µJ.
    pub rent_uj: i64,
    /// Charged for memory given back, in µJ.
    pub tax_uj: i64,
    /// Energy attributed to its cells, in µJ.
    pub energy_uj: i64,
    /// CPU time that its cells used, in ns.
    pub used_ns: u64,
    /// Cycles of guest work, where they are counted.
    pub cycles: u64,
    /// Bytes of memory that its cells gave back.
    pub freed_bytes: u64,
    /// Quanta that its cells were granted.
    pub awards: u64,
}

/// An order that was carried out: `wallet fund`, `transfer`, `deposit`, `max-bid`, `close`, `bounty post`, `bounty close` and
/// `ledger submit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderReport {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// The host whose ledger it is.
    pub host: String,
    /// What was ordered: `fund`, `transfer`, `deposit`, `set-max-bid`, `close`, `post-bounty` or `close-bounty`.
    pub kind: String,
    /// The number of the bounty that is posted or closed; none for other orders.
    pub bounty: Option<u64>,
    /// Who signed it.
    pub by: String,
    /// Who receives: an address, or `escrow-N` or `stake-N`; none for `set-max-bid` and `close-bounty`.
    pub to: Option<String>,
    /// The amount that is moved or, for `set-max-bid`, the bound, in µJ; none for `close`, which moves all that is left, and for a
    /// `close-bounty` that had been carried out before.
    pub amount_uj: Option<i64>,
    /// The signer's own name for it, in hexadecimal.
    pub id: String,
    /// Its nonce.
    pub nonce: u64,
    /// `done`, or `already done` if it had been carried out before and nothing has changed now.
    pub outcome: String,
    /// Its place in the journal.
    pub record: u64,
    /// What the account that it was taken from has now, in µJ; for the mint minus what was issued.
    pub balance_uj: i64,
}
