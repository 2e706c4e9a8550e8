//! What `maxwell ledger ... --json` writes. Addresses are bech32m texts; amounts are whole microjoules; times are
//! milliseconds since 1970 by the host's clock.

use serde::{Deserialize, Serialize};

/// Version of these formats; it rises when a reader of the old ones would be misled.
pub const VERSION: u32 = 1;

/// `ledger init`: a ledger that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitReport {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// The host's address, with which receipts are checked.
    pub host: String,
    /// The address of the mint, which alone issues money.
    pub mint: String,
    /// The file of the ledger.
    pub file: String,
}

/// `ledger verify`: a ledger that was found in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyReport {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// The host's address, with which receipts are checked.
    pub host: String,
    /// The address of the mint.
    pub mint: String,
    /// When the ledger was made.
    pub created_ms: u64,
    /// Records that were played again.
    pub records: u64,
    /// Movements of money among them.
    pub transfers: u64,
    /// Signed orders among them.
    pub operations: u64,
    /// Signed heads of epochs that were checked.
    pub epochs: u64,
    /// Number of the last epoch, if there is one.
    pub last_epoch: Option<u64>,
    /// When it ended.
    pub last_ended_ms: Option<u64>,
    /// Records after it: durable, and not yet signed.
    pub unsigned: u64,
    /// Records whose details were folded into sums before this check.
    pub folded: u64,
    /// Accounts that there are.
    pub accounts: u64,
    /// What was issued, in µJ.
    pub minted_uj: i64,
}

/// `ledger history`: records of the journal, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryReport {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// The host's address.
    pub host: String,
    /// Records before the first one here, shown or folded away.
    pub before: u64,
    /// The records.
    pub records: Vec<RecordReport>,
}

/// One record of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordReport {
    /// Its place in the journal, from 1.
    pub record: u64,
    /// When it was written.
    pub at_ms: u64,
    /// `fund`, `transfer`, `deposit`, `set-max-bid`, `close`, `post-bounty`, `close-bounty`, `income`, `refund`,
    /// `forfeit`, `verification`, `window` or `note`.
    pub kind: String,
    /// What was moved.
    pub movements: Vec<MovementReport>,
    /// The wallet that it concerns beside them: whose bound on bids was set, which was closed, whose cell it is about.
    pub wallet: Option<String>,
    /// What it says beside the movements, such as a new bound on bids.
    pub remark: Option<String>,
    /// The id of a signed order, in hexadecimal.
    pub id: Option<String>,
}

/// Money that went from one account to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovementReport {
    /// Who paid: an address, or the name of an account of the host.
    pub from: String,
    /// Who received.
    pub to: String,
    /// How much, in µJ.
    pub amount_uj: i64,
    /// What for, where the record's kind does not say it: `quanta`, `rent`, `tax` or `energy`.
    pub what_for: Option<String>,
}

/// `ledger history --wallet`: entries of one account, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountHistory {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// The account.
    pub account: String,
    /// Entries before the first one here, shown or folded away.
    pub before: u64,
    /// The entries.
    pub entries: Vec<EntryReport>,
}

/// One entry of an account's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryReport {
    /// Its record's place in the journal.
    pub record: u64,
    /// When that was written.
    pub at_ms: u64,
    /// `received`, `sent`, `income`, `refund`, `forfeit`, `verification`, `billed`, `collected`, `set-max-bid`,
    /// `closed`, `noted` or `posted`.
    pub kind: String,
    /// The other account, if there is one.
    pub with: Option<String>,
    /// What it added to the balance, in µJ; below zero what it took.
    pub change_uj: i64,
    /// The balance after it, in µJ.
    pub balance_uj: i64,
    /// What it says beside that, such as the quanta of a bill.
    pub remark: Option<String>,
}

/// What `maxwell ledger refund` has done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundReport {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// Its place in the journal.
    pub record: u64,
    /// Number of the escrow.
    pub escrow: u64,
    /// What was given back.
    pub amount_uj: i64,
}
