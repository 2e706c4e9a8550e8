//! The rules of bounties: who may post and close one, and what it may pay.

use maxwell_core::bounty::terms::{BountyId, Terms, TermsError};
use maxwell_core::ledger::Role;
use maxwell_core::limits::KEY_END_MAX;
use maxwell_core::units::Microjoules;

use super::{Books, Refusal};
use crate::account::{Account, AccountName, Index};
use crate::bounty::{Bounty, Payable};
use crate::limits::{ACCOUNTS_MAX, OPEN_BOUNTIES_MAX};
use crate::record::{Payment, Reason};
use crate::wallet::PublicKey;

/// Why a bounty is not posted, not closed, or does not pay. Nothing has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BountyRefusal {
    /// Nobody could keep them.
    #[error(transparent)]
    Terms(#[from] TermsError),
    /// The number of this or another escrow, of today or of earlier.
    #[error("the number {0} was used before: post the bounty under another one")]
    NumberUsed(u64),
    /// A name that agents cannot say.
    #[error("a bounty's number is {KEY_END_MAX} at most, not {0}: choose a smaller one")]
    Number(u64),
    /// It would never pay.
    #[error("a budget of {budget} does not pay for one key at {reward}: offer more, or a smaller reward")]
    Budget {
        /// What was offered.
        budget: Microjoules,
        /// What one key pays.
        reward: Microjoules,
    },
    /// A limit is reached.
    #[error("there are {OPEN_BOUNTIES_MAX} open bounties, and no more may be: wait until one is closed")]
    TooMany,
    /// Nothing of that number, or an escrow without terms.
    #[error("there is no bounty {0} in this ledger")]
    Unknown(u64),
    /// Somebody else's.
    #[error("{by} cannot close bounty {number}: only its sponsor {sponsor} may")]
    NotTheSponsor {
        /// Which bounty.
        number: u64,
        /// Who signed.
        by: PublicKey,
        /// Who may.
        sponsor: PublicKey,
    },
    /// It pays nothing more.
    #[error("bounty {0} was closed by its sponsor")]
    Closed(u64),
    /// The rest of a bounty is its sponsor's.
    #[error("what bounty {0} has left goes back when its sponsor closes it, and in no other way")]
    NotRefundable(u64),
    /// A wallet to which the rest of a bounty would go.
    #[error("{sponsor} is the sponsor of bounty {number}, which is open: close that first")]
    StillOpen {
        /// Which bounty.
        number: u64,
        /// Whose.
        sponsor: PublicKey,
    },
    /// Outside of the terms.
    #[error("bounty {number} has no key {key}: they go from {first} to {end}, the last not included")]
    NoSuchKey {
        /// Which bounty.
        number: u64,
        /// What was to be paid for.
        key: u64,
        /// The first key.
        first: u64,
        /// One past the last.
        end: u64,
    },
    /// Once is enough.
    #[error("bounty {number} has paid key {key} before")]
    PaidBefore {
        /// Which bounty.
        number: u64,
        /// What was to be paid for again.
        key: u64,
    },
    /// Not what was promised.
    #[error("bounty {number} pays {reward} for a key, not {amount}")]
    NotTheReward {
        /// Which bounty.
        number: u64,
        /// What was to be paid.
        amount: Microjoules,
        /// What was promised.
        reward: Microjoules,
    },
    /// A limit is reached.
    #[error("the keys that bounty {0} has paid lie too scattered: pay for those between them first")]
    TooScattered(u64),
}

impl Books {
    /// The bounties that are open, by number, each with the account of its escrow.
    pub fn open_bounties(&self) -> impl Iterator<Item = (BountyId, Index)> {
        self.open_bounties.iter().map(|(number, index)| (BountyId(*number), *index))
    }

    /// The bounty of this number, open or closed, with the account of its escrow.
    pub fn bounty(&self, number: u64) -> Option<(&Bounty, &Account)> {
        let account = self.account(self.find(&AccountName::Escrow(number))?);
        Some((account.bounty.as_deref()?, account))
    }
}

/// That a bounty may be posted; whether its sponsor has the budget is looked at elsewhere.
pub(super) fn may_post(
    books: &Books,
    number: u64,
    terms: &Terms,
    budget: Microjoules,
) -> Result<(), Refusal> {
    terms.check().map_err(BountyRefusal::from)?;
    if number > KEY_END_MAX {
        return Err(BountyRefusal::Number(number).into());
    }
    if books.find(&AccountName::Escrow(number)).is_some() {
        return Err(BountyRefusal::NumberUsed(number).into());
    }
    if budget < terms.reward {
        return Err(BountyRefusal::Budget { budget, reward: terms.reward }.into());
    }
    if books.open_bounties.len() >= OPEN_BOUNTIES_MAX {
        return Err(BountyRefusal::TooMany.into());
    }
    if books.accounts.len() >= ACCOUNTS_MAX { Err(Refusal::Full) } else { Ok(()) }
}

/// That a bounty may be closed by this key.
pub(super) fn may_close(books: &Books, number: u64, by: PublicKey) -> Result<(), BountyRefusal> {
    let (bounty, escrow) = books.bounty(number).ok_or(BountyRefusal::Unknown(number))?;
    let sponsor = bounty.sponsor;
    if sponsor != by {
        return Err(BountyRefusal::NotTheSponsor { number, by, sponsor });
    }
    if escrow.closed { Err(BountyRefusal::Closed(number)) } else { Ok(()) }
}

/// That no open bounty needs the wallet of this key, to which its rest would go.
pub(super) fn needs_no_more(books: &Books, sponsor: PublicKey) -> Result<(), BountyRefusal> {
    let mut numbers = books.open_bounties.keys();
    let of_sponsor = |number: &&u64| books.bounty(**number).is_some_and(|(open, _)| open.sponsor == sponsor);
    match numbers.find(of_sponsor) {
        Some(number) => Err(BountyRefusal::StillOpen { number: *number, sponsor }),
        None => Ok(()),
    }
}

/// That an escrow may make a payment: each key of a bounty once and as promised. An escrow without a bounty has no terms, and
/// whoever pays from it answers for that.
pub(super) fn may_pay(from: &Account, payment: &Payment) -> Result<(), BountyRefusal> {
    let (AccountName::Escrow(number), Some(bounty)) = (from.name, &from.bounty) else { return Ok(()) };
    if from.closed {
        return Err(BountyRefusal::Closed(number));
    }
    if payment.reason != Reason::Income {
        return Err(BountyRefusal::NotRefundable(number));
    }
    let (Payment { reference: key, amount, .. }, reward) = (*payment, bounty.terms.reward);
    if amount != reward {
        return Err(BountyRefusal::NotTheReward { number, amount, reward });
    }
    let (first, end) = bounty.terms.work.keys();
    if !(first..end).contains(&key) {
        return Err(BountyRefusal::NoSuchKey { number, key, first, end });
    }
    match bounty.paid.payable(key) {
        Payable::Yes => Ok(()),
        Payable::PaidBefore => Err(BountyRefusal::PaidBefore { number, key }),
        Payable::TooScattered => Err(BountyRefusal::TooScattered(number)),
    }
}

/// Whether an account is one that has a bounty and may have it, or has none.
pub(crate) fn is_sound(account: &Account) -> bool {
    account.bounty.as_ref().is_none_or(|bounty| account.name.role() == Role::Escrow && bounty.is_sound())
}
