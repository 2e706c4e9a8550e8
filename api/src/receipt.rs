//! What `maxwell receipt verify --json` writes. The receipt itself is hashed and signed, and therefore defined by the ledger.

use serde::{Deserialize, Serialize};

use crate::wallet::TotalsReport;

/// Version of these formats; it rises when a reader of the old ones would be misled.
pub const VERSION: u32 = 1;

/// A receipt that `maxwell receipt --out` has written to a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptWritten {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// The file.
    pub file: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// The bill that it proves.
    pub bill: BillReport,
}

/// The bill that a receipt proves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillReport {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// The host that signed it.
    pub host: String,
    /// Whose bill it is.
    pub account: String,
    /// The epoch at whose end it begins; none if it begins with the account's first entry.
    pub from: Option<EpochReport>,
    /// The epoch with whose end it ends.
    pub to: EpochReport,
    /// Entries that it lists.
    pub entries: u64,
    /// Balance before, in µJ.
    pub before_uj: i64,
    /// Balance after, in µJ.
    pub after_uj: i64,
    /// What happened, added up.
    pub totals: TotalsReport,
    /// Joules that were measured.
    pub measured: JoulesReport,
    /// Joules that were modelled.
    pub modelled: JoulesReport,
    /// Joules of which it is not known where they come from.
    pub unknown: JoulesReport,
    /// The lowest price of a quantum, in µJ; none if none was bought.
    pub cheapest_uj: Option<i64>,
    /// The highest price of a quantum, in µJ.
    pub dearest_uj: Option<i64>,
}

/// The end of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochReport {
    /// Its number.
    pub epoch: u64,
    /// When it ended, in milliseconds since 1970 by the host's clock.
    pub ended_ms: u64,
}

/// Energy of one provenance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoulesReport {
    /// Bills of windows with this provenance: one for each window and cell.
    pub windows: u64,
    /// Their energy, in µJ.
    pub energy_uj: i64,
}
