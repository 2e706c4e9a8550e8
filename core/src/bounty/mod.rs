//! Income: so many microjoules per verified unit of work.
//!
//! Physics prices; income selects. A sponsor puts a budget into an escrow and posts a bounty; cells lease keys of it, work and
//! claim. A key is paid once, to the wallet of the cell that leased it: after its claim was found true, or was taken on a
//! stake, and after the audit window.
//!
//! ```text
//!            lease             claim, fee held       true, or on a stake      audit window over
//!   free -----------> Leased -----------------> Claimed -------------> Held ------------------> paid (gone for ever)
//!     ^                 |                         |                      |
//!     |  cell over, or  |                         | false, or the        | another claim on the
//!     +-- bounty closed +                         | verifier is full     | same stake was false
//!     +-------------------------------------------+----------------------+
//! ```
//!
//! What is leased, claimed and held is covered by the escrow at every moment: a key is leased only if one reward more is there.
//! The fee of a claim is held in its wallet until the claim is concluded, so one that nobody looks at costs nothing.

pub mod audit;
pub mod claim;
pub mod fee;
mod posted;
mod primes;
mod shares;
pub mod terms;

use std::collections::{HashMap, HashSet, VecDeque};

use crate::ledger::Ledger;
use crate::limits::{BOUNTIES_MAX, CELLS_MAX, KEYS_OUT_MAX, LEASES_PER_CELL_MAX};
use crate::tick::{AccountId, CellId, Kind, Transfer};
use crate::units::Microjoules;
use audit::AuditPolicy;
use claim::{Answer, Claim, Which};
pub use posted::{Bounty, PostError, Posting};
pub use primes::{Range, Ranges, Sieve};
use shares::Shares;
use terms::{BountyId, Work};

/// Leases that a cell may hold unclaimed: those ready for it and as many in work.
const LEASES_HELD_MAX: usize = 2 * LEASES_PER_CELL_MAX;

/// A key that is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Leased(CellId),
    Claimed(Claimant),
    Held,
}

/// Who claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimant {
    /// The cell, which may be over when the claim is settled.
    pub cell: CellId,
    /// Its wallet, which is paid then all the same.
    pub wallet: AccountId,
    /// Whether a stake vouches for the claim, so that it need not be looked at.
    pub staked: bool,
    /// What is held in the wallet for the verification.
    pub fee: Microjoules,
}

/// A payment that is held until the audit window is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payment {
    /// For which bounty.
    pub bounty: BountyId,
    /// For which key.
    pub key: u64,
    /// Who claimed.
    pub cell: CellId,
    /// Whose it is.
    pub wallet: AccountId,
    /// Primes that were found, if that was the work.
    pub primes: u32,
    /// First tick in which it may be paid.
    due: u64,
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// It is accepted; its payment is held.
    Accepted(Claimant),
    /// It was false: its key is free again.
    False(Claimant),
    /// Nobody waits for such a claim to be concluded.
    Unknown,
}

/// Why a claim is not taken. Nothing was charged and nothing was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// Final: the key belongs to somebody else, or was paid, or was never leased, or its bounty is closed.
    #[error("key {0} is not leased to this cell")]
    NotLeased(u64),
}

/// Why a cell is leased no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoKey {
    /// For good: there is no such bounty, it is closed, every key was leased, or its escrow is spent.
    #[error("the bounty is exhausted or closed: look for another")]
    Gone,
    /// For now: the cell holds as many leases as it may, its wallet has its share of all that may be out, or the escrow covers no
    /// more than what is out.
    #[error("as many keys are out as may be: ask again when some are paid or given back")]
    Later,
}

/// There is no bounty of this name, or not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no open bounty {}: look at which are posted", _0.0)]
pub struct NoBounty(pub BountyId);

/// What a cell has taken.
#[derive(Clone, Copy, Debug)]
struct Holder {
    wallet: AccountId,
    /// Keys leased and not claimed.
    leases: usize,
    /// The bounty that it means when it names none.
    primes: Option<BountyId>,
}

/// Every bounty of a node, and every key that is out.
#[derive(Debug)]
pub struct Bounties {
    policy: AuditPolicy,
    /// In the order in which they were posted.
    posted: Vec<Bounty>,
    /// Every name that was ever posted, because a cell that worked on one means that one as long as it lives.
    names: HashSet<BountyId>,
    /// At most [`KEYS_OUT_MAX`]. Nothing depends on the order of the map, which is another in every run.
    keys: HashMap<(BountyId, u64), Key>,
    holders: HashMap<CellId, Holder>,
    shares: Shares,
    /// In the order in which they are due.
    held: VecDeque<Payment>,
}

impl Bounties {
    /// None yet.
    pub fn new(policy: AuditPolicy) -> Self {
        Self {
            policy,
            posted: Vec::with_capacity(BOUNTIES_MAX),
            names: HashSet::with_capacity(BOUNTIES_MAX),
            keys: HashMap::with_capacity(KEYS_OUT_MAX),
            holders: HashMap::with_capacity(CELLS_MAX),
            shares: Shares::new(),
            held: VecDeque::with_capacity(KEYS_OUT_MAX),
        }
    }

    /// Every bounty that is posted, those that are being closed included, in the order in which they were posted.
    pub fn posted(&self) -> &[Bounty] {
        &self.posted
    }

    /// The bounty of this name, if it is posted.
    pub fn get(&self, id: BountyId) -> Option<&Bounty> {
        self.posted.iter().find(|bounty| bounty.id() == id)
    }

    /// A name that was never posted.
    pub fn free_name(&self) -> BountyId {
        BountyId(self.names.iter().max().map_or(1, |last| last.0 + 1))
    }

    /// Posts a bounty.
    ///
    /// # Errors
    /// When its terms are impossible, its name was ever posted, its escrow is another's, or there are too many.
    pub fn post(&mut self, posting: Posting) -> Result<(), PostError> {
        if self.posted.len() >= BOUNTIES_MAX {
            return Err(PostError::Full);
        }
        let id = posting.id;
        if self.names.contains(&id) {
            return Err(PostError::Taken(id));
        }
        if let Some(other) = self.posted.iter().find(|other| other.escrow() == posting.escrow) {
            return Err(PostError::EscrowTaken(other.id()));
        }
        self.posted.push(Bounty::new(posting)?);
        self.names.insert(id);
        Ok(())
    }

    /// Closes a bounty: its leases end, no key is leased any more, and claims in flight are settled. It is gone from
    /// [`Bounties::posted`] when the last of them is, and what its escrow has left then is the sponsor's again.
    ///
    /// # Errors
    /// When no such bounty is open.
    pub fn close(&mut self, id: BountyId) -> Result<(), NoBounty> {
        let posted = self.posted.iter_mut().find(|bounty| bounty.id() == id && !bounty.is_closing());
        let bounty = posted.ok_or(NoBounty(id))?;
        bounty.close();
        let (holders, shares) = (&mut self.holders, &mut self.shares);
        self.keys.retain(|(of, _), key| match key {
            Key::Leased(cell) if *of == id => {
                bounty.spend();
                shares.give_back(end_lease(holders, *cell));
                false
            }
            _ => true,
        });
        self.forget_if_settled(id);
        Ok(())
    }

    /// Leases the next key to a cell, which has one wallet for life.
    ///
    /// # Errors
    /// [`NoKey`], which says whether it is of use to ask again. A key that is out when the others are gone may come back, but
    /// nobody is asked to wait for that.
    pub fn lease(
        &mut self,
        cell: CellId,
        wallet: AccountId,
        which: Which,
        ledger: &Ledger,
    ) -> Result<u64, NoKey> {
        let new = Holder { wallet, leases: 0, primes: None };
        let holder = self.holders.entry(cell).or_insert(new);
        let id = named(&self.posted, holder, which).ok_or(NoKey::Gone)?;
        let bounty = find(&mut self.posted, id).ok_or(NoKey::Gone)?;
        bounty.may_lease(ledger.free(bounty.escrow()))?;
        if holder.leases >= LEASES_HELD_MAX || !self.shares.has_room(wallet) {
            return Err(NoKey::Later);
        }
        let key = bounty.take();
        holder.leases += 1;
        self.shares.take(wallet);
        self.keys.insert((id, key), Key::Leased(cell));
        Ok(key)
    }

    /// The claim that a cell makes on a key that it leases; nothing has happened to the key yet.
    ///
    /// # Errors
    /// When the key is not leased to the cell; a key that is claimed or paid is not.
    pub fn claim(
        &mut self,
        cell: CellId,
        which: Which,
        key: u64,
        answer: Answer,
    ) -> Result<Claim, ClaimError> {
        let not_leased = ClaimError::NotLeased(key);
        let holder = self.holders.get_mut(&cell).ok_or(not_leased)?;
        let bounty = named(&self.posted, holder, which).ok_or(not_leased)?;
        match self.keys.get(&(bounty, key)) {
            Some(Key::Leased(holder)) if *holder == cell => Ok(Claim { bounty, key, answer }),
            _ => Err(not_leased),
        }
    }

    /// Takes a claim from [`Bounties::claim`]: it is to be concluded.
    pub fn take(&mut self, claim: &Claim, by: Claimant) {
        let key = self.keys.get_mut(&(claim.bounty, claim.key));
        let key =
            key.filter(|key| **key == Key::Leased(by.cell)).expect("it was just leased to the claimant");
        *key = Key::Claimed(by);
        end_lease(&mut self.holders, by.cell);
    }

    /// Ends the lease that a claim from [`Bounties::claim`] is on, because it cannot be taken: the key is free again.
    pub fn refuse(&mut self, claim: &Claim, cell: CellId) {
        let key = self.keys.remove(&(claim.bounty, claim.key));
        assert_eq!(key, Some(Key::Leased(cell)), "it was just leased to the claimant");
        let wallet = end_lease(&mut self.holders, cell);
        self.give_back(claim.bounty, claim.key, wallet);
    }

    /// Ends a claim that was taken: its payment is held if it holds, else its key is free again.
    pub fn conclude(&mut self, tick: u64, cell: CellId, claim: &Claim, holds: bool) -> Conclusion {
        let Claim { bounty, key, answer } = *claim;
        let by = match self.keys.get(&(bounty, key)) {
            Some(Key::Claimed(by)) if by.cell == cell => *by,
            _ => return Conclusion::Unknown,
        };
        if !holds {
            self.keys.remove(&(bounty, key));
            self.give_back(bounty, key, by.wallet);
            return Conclusion::False(by);
        }
        let is_primes = self.get(bounty).is_some_and(|bounty| matches!(bounty.terms().work, Work::Primes(_)));
        let primes = answer.primes().filter(|_| is_primes).map_or(0, |(count, _)| count);
        let due = tick + self.policy.window();
        self.keys.insert((bounty, key), Key::Held);
        self.held.push_back(Payment { bounty, key, cell, wallet: by.wallet, primes, due });
        Conclusion::Accepted(by)
    }

    /// Whether a claim was taken and is not concluded.
    pub fn await_conclusion(&self) -> bool {
        self.keys.values().any(|key| matches!(key, Key::Claimed(_)))
    }

    /// Gives up every claim that is not concluded, in the order of bounties and keys: for the end of a run, because it collects
    /// them. Their keys are free again, and each claimant has its fee to get back.
    pub fn give_up(&mut self) -> Vec<(u64, Claimant)> {
        let mut claimed = Vec::new();
        for (id, state) in &self.keys {
            if let Key::Claimed(by) = state {
                claimed.push((*id, *by));
            }
        }
        claimed.sort_unstable_by_key(|(id, _)| *id);
        let given_up = claimed.into_iter().map(|((bounty, key), by)| {
            self.keys.remove(&(bounty, key));
            self.give_back(bounty, key, by.wallet);
            (key, by)
        });
        given_up.collect()
    }

    /// Takes the next payment whose audit window is over in this tick, and the transfer to make for it. Its key is gone for
    /// ever.
    pub fn pay_next(&mut self, tick: u64) -> Option<(Payment, Transfer)> {
        let payment = self.held.pop_front_if(|payment| payment.due <= tick)?;
        let key = self.keys.remove(&(payment.bounty, payment.key));
        assert_eq!(key, Some(Key::Held), "a key is paid once: {payment:?}");
        let bounty = find(&mut self.posted, payment.bounty).expect("a bounty stays until all is settled");
        bounty.spend();
        self.shares.give_back(payment.wallet);
        let (from, amount) = (bounty.escrow(), bounty.terms().reward);
        self.forget_if_settled(payment.bounty);
        Some((payment, Transfer { tick, kind: Kind::Bounty, from, to: payment.wallet, amount }))
    }

    /// Cancels every payment of a wallet that is held, and tells `hear` of each: their keys are free again.
    pub fn cancel(&mut self, wallet: AccountId, mut hear: impl FnMut(&Payment)) {
        for _ in 0..self.held.len() {
            let Some(payment) = self.held.pop_front() else { break };
            if payment.wallet == wallet {
                self.keys.remove(&(payment.bounty, payment.key));
                self.give_back(payment.bounty, payment.key, wallet);
                hear(&payment);
            } else {
                self.held.push_back(payment);
            }
        }
    }

    /// Ends the audit window of everything that is held: no claim comes any more that could speak against it.
    pub fn end_windows(&mut self) {
        self.held.iter_mut().for_each(|payment| payment.due = 0);
    }

    /// Frees the leases of a cell that is over. What it has claimed is settled without it.
    pub fn release(&mut self, cell: CellId) {
        let Some(Holder { wallet, .. }) = self.holders.remove(&cell) else { return };
        let (posted, shares) = (&mut self.posted, &mut self.shares);
        self.keys.retain(|(id, key), state| {
            let is_its = *state == Key::Leased(cell);
            if is_its {
                find(posted, *id).expect("a bounty stays while keys are out").give_back(*key);
                shares.give_back(wallet);
            }
            !is_its
        });
    }

    /// A key of a wallet is free again.
    fn give_back(&mut self, id: BountyId, key: u64, wallet: AccountId) {
        self.shares.give_back(wallet);
        find(&mut self.posted, id).expect("a bounty stays while keys are out").give_back(key);
        self.forget_if_settled(id);
    }

    fn forget_if_settled(&mut self, id: BountyId) {
        self.posted.retain(|bounty| bounty.id() != id || !bounty.is_closing() || bounty.keys_out() > 0);
    }
}

fn find(posted: &mut [Bounty], id: BountyId) -> Option<&mut Bounty> {
    posted.iter_mut().find(|bounty| bounty.id() == id)
}

/// The bounty that a cell means. What it means when it names none is settled at the first time.
fn named(posted: &[Bounty], holder: &mut Holder, which: Which) -> Option<BountyId> {
    let Which::Named(id) = which else {
        let mut open = posted.iter().filter(|bounty| !bounty.is_closing());
        let first = || open.find(|bounty| matches!(bounty.terms().work, Work::Primes(_))).map(Bounty::id);
        holder.primes = holder.primes.or_else(first);
        return holder.primes;
    };
    Some(id)
}

/// Takes a lease from a cell; what its wallet is.
fn end_lease(holders: &mut HashMap<CellId, Holder>, cell: CellId) -> AccountId {
    let holder = holders.get_mut(&cell).expect("a cell that holds a lease is known");
    holder.leases -= 1;
    holder.wallet
}

#[cfg(test)]
mod tests;
