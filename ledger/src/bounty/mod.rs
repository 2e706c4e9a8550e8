//! What the books know of a bounty: who promised what, and which keys were paid.
//!
//! A bounty is bound to the escrow of its number. It stands in that escrow's account, so whatever keeps an account keeps it
//! too: the row in the store, the fold, the leaf under the signed root, the audit and the receipt.
//!
//! ```text
//!   (no escrow) --post--> open --close, by the sponsor alone--> closed (its number is never used again)
//!                          | ^
//!                          +-+ income: each key once
//! ```

mod paid;

pub use paid::{Paid, Payable, Stretch};

use maxwell_core::bounty::terms::Terms;
use serde::{Deserialize, Serialize};

use crate::wallet::PublicKey;
use crate::wire;

/// A bounty, as it stands in the account of its escrow. Its budget is what that account has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounty {
    /// Whose money it was, and to whom the rest goes.
    pub sponsor: PublicKey,
    /// What it pays for. It never changes.
    #[serde(with = "wire::TermsForm")]
    pub terms: Terms,
    /// The keys that were paid.
    pub paid: Paid,
}

impl Bounty {
    /// A bounty that has not paid anything.
    pub fn new(sponsor: PublicKey, terms: Terms) -> Self {
        Self { sponsor, terms, paid: Paid::default() }
    }

    /// Whether its terms can be kept and everything that it has paid is within them.
    pub(crate) fn is_sound(&self) -> bool {
        let (first, end) = self.terms.work.keys();
        let within = |stretch: &Stretch| first <= stretch.first && stretch.end <= end;
        self.terms.check().is_ok() && self.paid.stretches().iter().all(within)
    }
}
