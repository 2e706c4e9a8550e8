//! One posted bounty: which of its keys were never leased, which came back, and which were paid before it was posted.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use super::NoKey;
use super::terms::{BountyId, Terms, TermsError};
use crate::limits::{KEY_END_MAX, KEYS_OUT_MAX};
use crate::tick::AccountId;
use crate::units::Microjoules;

/// A bounty that is to be posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Its name.
    pub id: BountyId,
    /// What its budget lies in, and no other bounty's.
    pub escrow: AccountId,
    /// What it pays for.
    pub terms: Terms,
    /// Keys that were paid by an earlier run, in any order: they are never leased again.
    pub paid: Vec<Range<u64>>,
}

/// Why a bounty is not posted. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// A limit of the node is reached.
    #[error("the node has as many bounties as it may: close one first")]
    Full,
    /// A name that a bounty of this run has or had.
    #[error("the name {} was used by a bounty of this run already: choose another", _0.0)]
    Taken(BountyId),
    /// Two bounties would promise the same money.
    #[error("bounty {} is paid from that escrow: put the budget into one of its own", _0.0)]
    EscrowTaken(BountyId),
    /// A name that agents cannot say.
    #[error("{} is too large for the name of a bounty: agents say it as a positive 64-bit number", _0.0)]
    Name(BountyId),
    /// Terms that nobody could keep.
    #[error(transparent)]
    Terms(#[from] TermsError),
}

/// A bounty that is posted.
#[derive(Debug)]
pub struct Bounty {
    id: BountyId,
    escrow: AccountId,
    terms: Terms,
    /// The next key that was never leased.
    next: u64,
    end: u64,
    /// Paid before it was posted: sorted, and none touches another.
    paid: Vec<Range<u64>>,
    /// The first of them that is not behind `next`.
    paid_ahead: usize,
    /// Keys that were leased and came back, the lowest first.
    returned: BinaryHeap<Reverse<u64>>,
    /// Keys that are leased, claimed or held: each may still cost a reward.
    out: usize,
    closing: bool,
}

impl Bounty {
    /// Its name.
    pub const fn id(&self) -> BountyId {
        self.id
    }

    /// What its budget lies in.
    pub const fn escrow(&self) -> AccountId {
        self.escrow
    }

    /// What it pays for.
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Keys that are leased, claimed, or accepted and not yet paid.
    pub const fn keys_out(&self) -> usize {
        self.out
    }

    /// Whether it is being closed: no key is leased any more, and what is claimed is settled.
    pub const fn is_closing(&self) -> bool {
        self.closing
    }

    /// What all keys that are out may still cost: the escrow has at least this.
    pub fn promised(&self) -> Microjoules {
        self.terms.reward.times(self.out as u64)
    }

    /// The next key that was never leased: no leased one is above it.
    pub const fn next_key(&self) -> u64 {
        self.next
    }

    /// Takes up a bounty whose name and escrow are free.
    pub(super) fn new(posting: Posting) -> Result<Self, PostError> {
        let Posting { id, escrow, terms, paid } = posting;
        if id.0 > KEY_END_MAX {
            return Err(PostError::Name(id));
        }
        terms.check()?;
        let (first, end) = terms.work.keys();
        let mut bounty = Self {
            id,
            escrow,
            terms,
            next: first,
            end,
            paid: merged(paid),
            paid_ahead: 0,
            returned: BinaryHeap::with_capacity(KEYS_OUT_MAX),
            out: 0,
            closing: false,
        };
        bounty.pass_over_paid();
        Ok(bounty)
    }

    /// That a key may be taken out: that there is one, and that the escrow, which has this much, covers what is out and one more.
    /// Divided rather than multiplied: a reward may be as large as all money.
    pub(super) fn may_lease(&self, escrow: Microjoules) -> Result<(), NoKey> {
        let has_key = !self.returned.is_empty() || self.next < self.end;
        let covered = escrow.0 / self.terms.reward.0;
        if self.closing || !has_key || covered <= 0 {
            return Err(NoKey::Gone);
        }
        // A claim that is false leaves its reward to another.
        if covered > self.out as i64 { Ok(()) } else { Err(NoKey::Later) }
    }

    /// Takes a key out, after [`Bounty::may_lease`]: the lowest that came back, else the next.
    pub(super) fn take(&mut self) -> u64 {
        self.out += 1;
        if let Some(Reverse(key)) = self.returned.pop() {
            return key;
        }
        let key = self.next;
        assert!(key < self.end, "it was just seen that a key is left");
        self.next += 1;
        self.pass_over_paid();
        key
    }

    /// A key that was out comes back, to be leased again.
    pub(super) fn give_back(&mut self, key: u64) {
        self.out -= 1;
        self.returned.push(Reverse(key));
    }

    /// A key that was out is paid, and gone for ever.
    pub(super) fn spend(&mut self) {
        self.out -= 1;
    }

    pub(super) fn close(&mut self) {
        self.closing = true;
    }

    fn pass_over_paid(&mut self) {
        while let Some(stretch) = self.paid.get(self.paid_ahead).filter(|stretch| stretch.start <= self.next)
        {
            self.next = self.next.max(stretch.end);
            self.paid_ahead += 1;
        }
    }
}

/// Stretches of keys in order; those that meet become one.
fn merged(mut stretches: Vec<Range<u64>>) -> Vec<Range<u64>> {
    stretches.retain(|stretch| !stretch.is_empty());
    stretches.sort_unstable_by_key(|stretch| stretch.start);
    stretches.dedup_by(|next, before| {
        let meets = next.start <= before.end;
        if meets {
            before.end = before.end.max(next.end);
        }
        meets
    });
    stretches
}
