//! Life and death: who dies of hunger was hungry, and no fault of a sensor kills.

use std::collections::{BTreeMap, BTreeSet};

use maxwell_core::auction::book::Order;
use maxwell_core::limits::QUANTUM;
use maxwell_core::population::LifePolicy;
use maxwell_core::population::lifecycle::{Reason, State};
use maxwell_core::tick::{CellId, Exit};
use maxwell_core::units::{Microjoules, Moment, Nanoseconds};
use maxwell_daemon::node::{Bidding, Launch};
use maxwell_daemon::telemetry::{Obituary, TickReport};

use super::{Roster, Setup, Verdict, must};

#[derive(Debug)]
pub(super) struct Life {
    policy: LifePolicy,
    /// Cells for which a policy bids.
    by_policy: BTreeSet<CellId>,
    /// For how long each cell that cannot pay could have been sold something.
    hungry: BTreeMap<CellId, Nanoseconds>,
    indebted: BTreeSet<CellId>,
    notified: BTreeMap<CellId, Reason>,
    exits: BTreeMap<CellId, Exit>,
    /// Gone from the population with this tick: to be buried before the next.
    gone: BTreeSet<CellId>,
    /// The last tick had a fresh reading and something for sale.
    market_open: bool,
    stopping: bool,
}

impl Life {
    pub(super) fn new(setup: &Setup) -> Self {
        Self {
            policy: setup.life,
            by_policy: BTreeSet::new(),
            hungry: BTreeMap::new(),
            indebted: BTreeSet::new(),
            notified: BTreeMap::new(),
            exits: BTreeMap::new(),
            gone: BTreeSet::new(),
            market_open: false,
            stopping: false,
        }
    }

    pub(super) fn launched(&mut self, cell: CellId, launch: &Launch) {
        if matches!(launch.bid, Bidding::Policy(_)) {
            self.by_policy.insert(cell);
        }
    }

    pub(super) fn tick(&mut self, report: &TickReport<'_>, roster: &Roster) -> Verdict {
        must!(!self.stopping, "a tick after the node has stopped");
        must!(self.gone.is_empty(), "gone without an end: {:?}", self.gone);
        for usage in report.usages {
            self.exits.extend(usage.exit.map(|exit| (usage.cell, exit)));
        }
        self.market_open = report.quote.fresh && report.quote.supply > 0.0;
        let members = report.population.members();
        for member in members {
            must!(roster.lives(member.cell), "{member:?} does not live");
        }
        let living = roster.wallets.keys().copied().filter(|cell| roster.lives(*cell));
        self.gone = living.filter(|cell| report.population.get(*cell).is_none()).collect();
        for member in members {
            // A policy that wants anything wants a quantum, whatever it offers for it.
            let least =
                if self.by_policy.contains(&member.cell) { report.quote.base } else { Microjoules::ZERO };
            let whole = |order: Order| order.limit.times(u64::from(order.slots)).max(least);
            let wanted = member.order.map_or(Microjoules::ZERO, whole);
            self.judge(member.cell, report.ledger.free(member.wallet), wanted);
            self.dies_in_time(member.cell, member.state, report.quote.at)?;
        }
        Ok(())
    }

    fn judge(&mut self, cell: CellId, free: Microjoules, wanted: Microjoules) {
        if free < Microjoules::ZERO {
            self.indebted.insert(cell);
        } else {
            self.indebted.remove(&cell);
        }
        if free >= wanted {
            self.hungry.remove(&cell);
        } else if self.market_open {
            *self.hungry.entry(cell).or_default() += QUANTUM;
        }
    }

    /// Whoever can no longer pay is told so, and is gone when its grace is over.
    fn dies_in_time(&self, cell: CellId, state: State, now: Moment) -> Verdict {
        if let State::Dying { since, .. } = state {
            must!(now.since(since) < self.policy.grace_wall, "{cell:?} lives on after its grace: {state:?}");
            return Ok(());
        }
        must!(!self.indebted.contains(&cell), "{cell:?} is in debt and {state:?}");
        let hungry = self.hungry.get(&cell).copied().unwrap_or_default();
        must!(
            hungry <= self.policy.hunger,
            "{cell:?} was hungry for {:.2} s and is {state:?}",
            hungry.as_seconds()
        );
        Ok(())
    }

    pub(super) fn notified(&mut self, at: Moment, cell: CellId, reason: Reason) -> Verdict {
        let before = self.notified.insert(cell, reason);
        must!(before.is_none(), "{cell:?} is told its end twice");
        match reason {
            Reason::Insolvent => {
                let hungry = self.hungry.get(&cell).copied().unwrap_or_default();
                let is_right = hungry > self.policy.hunger && self.market_open;
                let (hungry, open) = (hungry.as_seconds(), self.market_open);
                must!(
                    is_right,
                    "{cell:?} insolvent at {at:?} after {hungry:.2} s of hunger, market open: {open}"
                );
            }
            Reason::Debt => must!(self.indebted.contains(&cell), "{cell:?} dies of debt and has none"),
            _ => return Err(format!("{cell:?} is told that it will die of {reason:?}")),
        }
        Ok(())
    }

    pub(super) fn ended(&mut self, obituary: &Obituary) -> Verdict {
        let Obituary { cell, reason, .. } = obituary;
        let (told, exit) = (self.notified.get(cell), self.exits.get(cell));
        let is_right = match reason {
            Reason::Insolvent | Reason::Debt => told == Some(reason),
            Reason::Crashed => told.is_none() && exit == Some(&Exit::Crashed),
            Reason::Finished => told.is_none() && exit == Some(&Exit::Finished),
            Reason::Limit => told.is_none() && exit == Some(&Exit::Limit),
            Reason::Operator => true,
        };
        must!(is_right, "{cell:?} ends of {reason:?}; it was told {told:?} and left with {exit:?}");
        // Who is still in the population is buried because the node stops; a dying one keeps its announced reason.
        let stopped = *reason == Reason::Operator || (told.is_some() && !self.gone.contains(cell));
        if stopped {
            self.stopping = true;
        } else {
            must!(self.gone.remove(cell), "{cell:?} is buried and still in the population");
        }
        Ok(())
    }
}
