//! One line of an account's history.
//!
//! Each entry is hashed together with the hash of all before it, and the last hash stands in the account's leaf, under the
//! root that the host signs. So who knows an account at the beginning and at the end of a period and is shown the entries
//! between can tell that none is missing, none added and none changed, without being shown anything of anybody else.

use maxwell_core::bounty::terms::Terms;
use maxwell_core::tick::Provenance;
use maxwell_core::units::{Microjoules, Ppm};
use serde::{Deserialize, Serialize};

use crate::account::{Account, AccountName, Totals};
use crate::bounty::Bounty;
use crate::codec;
use crate::digest::{self, Digest};
use crate::limits::ENTRY_BYTES_MAX;
use crate::operation::OperationId;
use crate::record::{At, Reason, Standing, Used};
use crate::wallet::PublicKey;
use crate::wire;

/// Something that happened to an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its record's place in the journal.
    pub sequence: u64,
    /// What happened.
    pub what: What,
}

/// What happened to an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Money was received by an owner's order.
    Received {
        /// From whom.
        from: AccountName,
        /// How much.
        #[serde(with = "wire::microjoules", rename = "amount_uj")]
        amount: Microjoules,
        /// The sender's name for the order.
        id: OperationId,
    },
    /// Money was sent by this owner's order.
    Sent {
        /// To whom.
        to: AccountName,
        /// How much.
        #[serde(with = "wire::microjoules", rename = "amount_uj")]
        amount: Microjoules,
        /// The owner's name for the order.
        id: OperationId,
    },
    /// The host's rules paid it.
    Paid {
        /// What for.
        reason: Reason,
        /// What exactly for, such as the number of a range.
        reference: u64,
        /// From whom.
        from: AccountName,
        /// How much.
        #[serde(with = "wire::microjoules", rename = "amount_uj")]
        amount: Microjoules,
        /// When.
        at: At,
    },
    /// The host's rules took it.
    Released {
        /// What for.
        reason: Reason,
        /// What exactly for.
        reference: u64,
        /// To whom.
        to: AccountName,
        /// How much.
        #[serde(with = "wire::microjoules", rename = "amount_uj")]
        amount: Microjoules,
        /// When.
        at: At,
    },
    /// A billing window was charged for one of its cells.
    Billed(Billed),
    /// What the host itself took in, less what it paid, in a billing window.
    Collected {
        /// The end of the window.
        at: At,
        /// Taken in less paid.
        #[serde(with = "wire::microjoules", rename = "amount_uj")]
        amount: Microjoules,
    },
    /// The owner set or lifted the bound on bids.
    MaxBid {
        /// The bound.
        #[serde(with = "wire::optional_microjoules", rename = "max_bid_uj")]
        max_bid: Option<Microjoules>,
        /// The owner's name for the order.
        id: OperationId,
    },
    /// The owner closed it.
    Closed {
        /// The owner's name for the order.
        id: OperationId,
    },
    /// How one of its cells stands changed.
    Noted {
        /// When.
        at: At,
        /// The cell.
        cell: u32,
        /// What changed.
        standing: Standing,
    },
    /// A bounty was posted, and this is the escrow of its budget.
    Posted {
        /// By whom.
        sponsor: PublicKey,
        /// What it pays for.
        #[serde(with = "wire::TermsForm")]
        terms: Terms,
        /// Its budget.
        #[serde(with = "wire::microjoules", rename = "budget_uj")]
        budget: Microjoules,
        /// The sponsor's name for the order.
        id: OperationId,
    },
}

/// The charge of one cell for one billing window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Billed {
    /// The end of the window.
    pub at: At,
    /// The cell.
    pub cell: u32,
    /// Electricity price relative to the reference.
    #[serde(with = "wire::ppm", rename = "tariff_ppm")]
    pub tariff: Ppm,
    /// Where the joules come from.
    #[serde(with = "wire::provenance")]
    pub provenance: Provenance,
    /// For quanta.
    #[serde(with = "wire::microjoules", rename = "quanta_uj")]
    pub quanta: Microjoules,
    /// For memory held.
    #[serde(with = "wire::microjoules", rename = "rent_uj")]
    pub rent: Microjoules,
    /// For memory given back.
    #[serde(with = "wire::microjoules", rename = "tax_uj")]
    pub tax: Microjoules,
    /// What was used for it.
    pub used: Used,
}

impl Entry {
    /// What it adds to the balance; nothing if it leaves the range of an account.
    pub fn change(&self) -> Option<Microjoules> {
        let change = match &self.what {
            What::Received { amount, .. } | What::Paid { amount, .. } | What::Collected { amount, .. } => {
                amount.0
            }
            What::Posted { budget, .. } => budget.0,
            What::Sent { amount, .. } | What::Released { amount, .. } => amount.0.checked_neg()?,
            What::Billed(Billed { quanta, rent, tax, .. }) => {
                quanta.0.checked_add(rent.0)?.checked_add(tax.0)?.checked_neg()?
            }
            What::MaxBid { .. } | What::Closed { .. } | What::Noted { .. } => 0,
        };
        Some(Microjoules(change))
    }

    /// Adds the entry to its account: balance, totals, paid keys, and the hash over its history. The one place in which an
    /// account changes, in the books and in the check of a receipt alike. Nothing if an amount leaves the range of an account or
    /// a key is paid twice, which no record that was checked does; the account is worth nothing then.
    pub(crate) fn enter(&self, account: &mut Account) -> Option<()> {
        add(&mut account.balance, self.change()?)?;
        account.entries = account.entries.checked_add(1)?;
        account.tip = self.link(account.tip);
        if let (What::Released { reason: Reason::Income, reference, .. }, Some(bounty)) =
            (&self.what, &mut account.bounty)
        {
            bounty.paid.add(*reference)?;
        }
        let totals = &mut account.totals;
        match &self.what {
            What::Paid { reason: Reason::Income, amount, .. } => sum_up(&mut totals.income, *amount),
            What::Released { reason: Reason::Verification, amount, .. } => sum_up(&mut totals.fees, *amount),
            What::Sent { amount, .. } | What::Released { amount, .. } => sum_up(&mut totals.sent, *amount),
            What::Billed(billed) => billed.add_to(totals),
            What::Collected { amount, .. } if *amount < Microjoules::ZERO => {
                sum_up(&mut totals.sent, Microjoules(amount.0.checked_neg()?));
            }
            What::Received { amount, .. } | What::Paid { amount, .. } | What::Collected { amount, .. } => {
                sum_up(&mut totals.received, *amount);
            }
            What::MaxBid { max_bid, .. } => account.max_bid = *max_bid,
            What::Closed { .. } => account.closed = true,
            What::Noted { .. } => {}
            What::Posted { sponsor, terms, budget, .. } => {
                sum_up(&mut totals.received, *budget);
                account.bounty = Some(Box::new(Bounty::new(*sponsor, *terms)));
            }
        }
        Some(())
    }

    /// The hash over this entry and all before it, whose hash is `tip`.
    fn link(&self, tip: Digest) -> Digest {
        let mut room = [0; ENTRY_BYTES_MAX];
        digest::of(digest::Domain::Entry, &[&tip.0, codec::to_room(self, &mut room)])
    }
}

impl Billed {
    fn add_to(&self, totals: &mut Totals) {
        sum_up(&mut totals.quanta, self.quanta);
        sum_up(&mut totals.rent, self.rent);
        sum_up(&mut totals.tax, self.tax);
        sum_up(&mut totals.energy, self.used.energy);
        totals.used_ns = totals.used_ns.saturating_add(self.used.used_ns);
        totals.cycles = totals.cycles.saturating_add(self.used.cycles);
        totals.freed_bytes = totals.freed_bytes.saturating_add(self.used.freed_bytes);
        totals.awards = totals.awards.saturating_add(self.used.awards);
    }
}

fn add(sum: &mut Microjoules, amount: Microjoules) -> Option<()> {
    *sum = Microjoules(sum.0.checked_add(amount.0)?);
    Some(())
}

/// Totals, unlike balances, have no bound of their own: the same money sent back and forth is counted every time. They stop
/// at the end of their range, so that nobody can stop a ledger by sending for long enough.
fn sum_up(total: &mut Microjoules, amount: Microjoules) {
    *total = Microjoules(total.0.saturating_add(amount.0));
}
