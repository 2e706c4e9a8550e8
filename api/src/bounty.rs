//! What `maxwell bounty list --json` writes. Addresses are bech32m texts; amounts are whole microjoules. What `bounty post` and
//! `bounty close` write is an [`OrderReport`](crate::wallet::OrderReport).

use serde::{Deserialize, Serialize};

/// Version of these formats; it rises when a reader of the old ones would be misled.
pub const VERSION: u32 = 1;

/// `bounty list`: the bounties of a ledger, open and closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BountyList {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// The bounties, by number.
    pub bounties: Vec<BountyReport>,
}

/// One bounty of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BountyReport {
    /// Its number, which is that of its escrow too.
    pub bounty: u64,
    /// Whether it still pays.
    pub open: bool,
    /// What is to be done.
    pub work: WorkReport,
    /// What one key pays, in µJ.
    pub reward_uj: i64,
    /// What there is left to pay from, in µJ.
    pub left_uj: i64,
    /// How many keys there are.
    pub keys: u64,
    /// How many of them were paid.
    pub paid_keys: u64,
    /// The address of who posted it.
    pub sponsor: String,
    /// What that wallet is called in this home, if its key is there.
    pub sponsor_name: Option<String>,
}

/// What is to be done for a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum WorkReport {
    /// Count the primes of a range of numbers, and add them up. Keys number the ranges.
    Primes {
        /// The first number of range zero.
        from: u64,
        /// Numbers in a range.
        width: u64,
        /// The first range that is paid for.
        first_range: u64,
    },
    /// Find bytes whose digest begins with zeros.
    Preimages {
        /// How many bits of it.
        zero_bits: u8,
    },
    /// Whatever a module says is right.
    Module {
        /// BLAKE3 digest of the module, in hexadecimal.
        digest: String,
        /// Fuel that one verification may burn.
        fuel: u64,
        /// Whether the module lies in this home.
        here: bool,
    },
}
