//! Who lives on the node, in which state, and who must go.
//!
//! After every tick each cell is judged by its wallet and by what it did. The population decides and never acts: its
//! [`Verdict`]s say what the node shall do, and its [`Change`]s what has become of whose money.

pub mod lifecycle;
pub mod standing;

use crate::auction::book::Order;
use crate::auction::book::grid::Level;
use crate::ledger::Ledger;
use crate::limits::{
    CELLS_MAX, CHANGES_PER_CELL_MAX, ORDER_TICKS_MAX, PRICE_MAX, SLOTS_MAX, VERDICTS_PER_CELL_MAX,
};
use crate::tick::{AccountId, CellId, Grant, Quote, SlotId, Usage, Wait};
use crate::units::{Microjoules, Nanoseconds};
use lifecycle::{Member, Reason, State};
use standing::Change;

/// The knobs of life and death.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LifePolicy {
    /// How long a cell may be hungry.
    pub hunger: Nanoseconds,
    /// CPU time that a dying cell is granted to end in order.
    pub grace_granted: Nanoseconds,
    /// Wall time after which a dying cell is killed, granted or not.
    pub grace_wall: Nanoseconds,
}

impl Default for LifePolicy {
    fn default() -> Self {
        Self {
            hunger: Nanoseconds::from_millis(500),
            grace_granted: Nanoseconds::from_millis(500),
            grace_wall: Nanoseconds::from_millis(5_000),
        }
    }
}

/// What the node shall do about a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Put its order into the book: it can pay and can run.
    Enter(Order),
    /// Take its order out of the book.
    Leave(CellId),
    /// Tell it that it is dying, and why.
    Notify(CellId, Reason),
    /// End it now: its grace is over.
    Kill(CellId),
    /// It is over: settle its bill and let it go.
    Bury(CellId, Reason),
}

/// Why a cell is not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PopulationError {
    /// A limit of the node is reached.
    #[error("the node is full: at most {CELLS_MAX} cells live on it")]
    Full,
}

/// Every live cell.
#[derive(Debug)]
pub struct Population {
    policy: LifePolicy,
    members: Vec<Member>,
    /// Slots that cells have not left after their quantum.
    late: Vec<(CellId, SlotId)>,
    verdicts: Vec<Verdict>,
    changes: Vec<Change>,
    next: u32,
    /// Ticks that were judged.
    judged: u64,
}

impl Population {
    /// Nobody yet.
    pub fn new(policy: LifePolicy) -> Self {
        Self {
            policy,
            members: Vec::with_capacity(CELLS_MAX),
            late: Vec::with_capacity(2 * usize::from(SLOTS_MAX)),
            verdicts: Vec::with_capacity(VERDICTS_PER_CELL_MAX * CELLS_MAX),
            changes: Vec::with_capacity(CHANGES_PER_CELL_MAX * CELLS_MAX),
            next: 0,
            judged: 0,
        }
    }

    /// A name for the next cell; never given twice.
    ///
    /// # Errors
    /// When as many cells live as may.
    pub fn next_id(&mut self) -> Result<CellId, PopulationError> {
        if self.members.len() >= CELLS_MAX {
            return Err(PopulationError::Full);
        }
        self.next += 1;
        Ok(CellId(self.next - 1))
    }

    /// Takes in a cell that was created under a name from [`Population::next_id`]. It enters the market with the next
    /// judgement.
    pub fn admit(&mut self, cell: CellId, wallet: AccountId, slots: u16) {
        assert!(self.members.last().is_none_or(|last| last.cell < cell), "{cell:?} comes out of turn");
        self.members.push(Member::new(cell, wallet, slots));
    }

    /// Notes that a policy makes this cell's orders: see [`Member::by_policy`].
    pub fn bids_by_policy(&mut self, cell: CellId) {
        if let Some(member) = self.get_mut(cell) {
            member.by_policy = true;
        }
    }

    /// Changes a cell's standing order; no order if `slots` is zero. It stays until it is changed: see [`Population::order_until`].
    #[must_use = "the book must learn of the change before the next auction"]
    pub fn order(&mut self, cell: CellId, limit: Microjoules, slots: u16) -> Option<Verdict> {
        self.order_until(cell, limit, slots, None)
    }

    /// Changes a cell's standing order, which is over after `last_tick` if one is named; no order if `slots` is zero, or that tick
    /// is past. Slots beyond those that the cell was created with are not asked for; no limit is above [`PRICE_MAX`], which no
    /// price reaches, and it is rounded down to the grid of prices, as in the book; no order that ends lasts for more than
    /// [`ORDER_TICKS_MAX`]. What follows for the book, so that the next auction already knows it.
    #[must_use = "the book must learn of the change before the next auction"]
    pub fn order_until(
        &mut self,
        cell: CellId,
        limit: Microjoules,
        slots: u16,
        last_tick: Option<u64>,
    ) -> Option<Verdict> {
        let (next_tick, latest) = (self.judged, self.judged.saturating_sub(1) + ORDER_TICKS_MAX);
        let member = self.get_mut(cell)?;
        let (limit, slots) = (Level::at_most(limit.min(PRICE_MAX)).price(), slots.min(member.slots));
        let last_tick = last_tick.map(|last| last.min(latest));
        let order = Order { cell, wallet: member.wallet, limit, slots: slots.into(), last_tick };
        let is_one = slots > 0 && limit > Microjoules::ZERO && !order.is_over(next_tick);
        member.order = is_one.then_some(order);
        book_change(member)
    }

    /// The answer that a cell waited for has come. What follows for the book, as with [`Population::order`].
    #[must_use = "the book must learn of the change before the next auction"]
    pub fn answered(&mut self, cell: CellId) -> Option<Verdict> {
        let member = self.get_mut(cell)?;
        member.wait = member.wait.filter(|wait| *wait != Wait::Reply);
        book_change(member)
    }

    /// A live cell.
    pub fn get(&self, cell: CellId) -> Option<&Member> {
        self.members.binary_search_by_key(&cell, |member| member.cell).ok().map(|place| &self.members[place])
    }

    /// Every live cell, in the order in which they came.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Cells in their grace that can use a slot now.
    pub fn dying(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|m| m.state.is_dying() && m.wait.is_none() && !m.is_late)
    }

    /// Slots that cells still sit on after their quantum: they cannot be sold.
    pub fn late_slots(&self) -> impl Iterator<Item = SlotId> {
        self.late.iter().map(|(_, slot)| *slot)
    }

    /// What the last judgement has changed about whose money covers what, in the order of cells.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Judges every cell after a tick.
    pub fn judge(&mut self, quote: &Quote, usages: &[Usage], ledger: &Ledger) -> &[Verdict] {
        self.verdicts.clear();
        self.changes.clear();
        self.judged = quote.tick + 1;
        self.note_use(ledger.grants(), usages);
        // The hunger clock stands still while nothing is for sale or the reading is stale: a sensor fault kills nobody.
        let hunger_runs = quote.fresh && quote.supply > 0.0;
        for member in &mut self.members {
            member.wake(quote.at);
            member.order = member.order.filter(|order| !order.is_over(self.judged));
            let before = member.state;
            member.state = self.policy.next(member, quote, hunger_runs, ledger);
            push_verdicts(&mut self.verdicts, member, before);
            standing::push_changes(&mut self.changes, member, before, ledger);
        }
        self.members.retain(|member| !matches!(member.state, State::Dead(_)));
        self.late.retain(|(cell, _)| find(&mut self.members, *cell).is_some_and(|member| member.is_late));
        &self.verdicts
    }

    /// Ends every cell: the operator stops the node.
    pub fn stop_all(&mut self) -> &[Verdict] {
        self.verdicts.clear();
        self.changes.clear();
        self.late.clear();
        for member in self.members.drain(..) {
            self.verdicts.extend([
                Verdict::Leave(member.cell),
                Verdict::Kill(member.cell),
                Verdict::Bury(member.cell, member.state.announced().unwrap_or(Reason::Operator)),
            ]);
        }
        &self.verdicts
    }

    fn note_use(&mut self, grants: &[Grant], usages: &[Usage]) {
        for grant in grants {
            if let Some(member) = find(&mut self.members, grant.award.cell) {
                member.is_late = true;
                member.granted_now = true;
                self.late.push((grant.award.cell, grant.award.slot));
            }
        }
        for usage in usages {
            if let Some(member) = self.get_mut(usage.cell) {
                member.note(usage);
            }
        }
    }

    fn get_mut(&mut self, cell: CellId) -> Option<&mut Member> {
        find(&mut self.members, cell)
    }
}

fn find(members: &mut [Member], cell: CellId) -> Option<&mut Member> {
    let place = members.binary_search_by_key(&cell, |member| member.cell).ok()?;
    Some(&mut members[place])
}

/// What follows for the node from a member's new state.
fn push_verdicts(verdicts: &mut Vec<Verdict>, member: &mut Member, before: State) {
    let cell = member.cell;
    match member.state {
        State::Dying { reason, .. } if !before.is_dying() => verdicts.push(Verdict::Notify(cell, reason)),
        State::Dead(reason) => {
            if member.exit.is_none() {
                verdicts.push(Verdict::Kill(cell));
            }
            verdicts.push(Verdict::Bury(cell, reason));
        }
        _ => {}
    }
    verdicts.extend(book_change(member));
}

/// What must happen for the book to hold the member's order exactly while it may bid.
fn book_change(member: &mut Member) -> Option<Verdict> {
    let wanted = member.order.filter(|_| member.may_bid());
    let changed = wanted != member.in_book;
    member.in_book = wanted;
    changed.then(|| wanted.map_or(Verdict::Leave(member.cell), Verdict::Enter))
}

#[cfg(test)]
mod tests;
