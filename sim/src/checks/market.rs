//! The auction: nothing is sold twice, to nobody, too cheap or too dear, and the best standing bids win.

use std::collections::{BTreeMap, BTreeSet};

use maxwell_core::auction::book::Order;
use maxwell_core::limits::{PRICE_MAX, QUANTUM};
use maxwell_core::population::lifecycle::State;
use maxwell_core::tick::{AccountId, Award, CellId, Purse, SlotId};
use maxwell_core::units::{Microjoules, Nanoseconds};
use maxwell_daemon::telemetry::TickReport;

use super::{Roster, Setup, Verdict, must};

/// Stands for an order that is not known.
const fn any_order(cell: CellId) -> Order {
    Order { cell, wallet: AccountId(u32::MAX), limit: PRICE_MAX, slots: u16::MAX, last_tick: None }
}

/// A wallet that covers its cell's order so many times over was surely funded when the auction was held.
const SURELY: u64 = 50;

/// What was known of a cell when the auction was held: what it was after the tick before.
#[derive(Clone, Copy, Debug)]
struct Standing {
    state: State,
    order: Option<Order>,
    surely_bids: bool,
}

#[derive(Debug)]
pub(super) struct Market {
    slots: u16,
    before: BTreeMap<CellId, Standing>,
    /// Slots that a cell still sits on.
    late: BTreeMap<CellId, Vec<SlotId>>,
}

impl Market {
    pub(super) fn new(setup: &Setup) -> Self {
        Self { slots: setup.machine.slots, before: BTreeMap::new(), late: BTreeMap::new() }
    }

    pub(super) fn ended(&mut self, cell: CellId) {
        self.late.remove(&cell);
        self.before.remove(&cell);
    }

    pub(super) fn tick(&mut self, report: &TickReport<'_>, roster: &Roster) -> Verdict {
        self.learn_orders(report);
        self.seats(report)?;
        for award in &report.clearing.awards {
            must!(roster.lives(award.cell), "{award:?} to a cell that does not live");
            must!(award.wallet == roster.wallets[&award.cell], "{award:?} is paid by another's wallet");
            self.price(award, report)?;
        }
        self.amounts(&report.clearing.awards)?;
        self.best_bids_win(report)?;
        self.uses(report)?;
        self.remember(report);
        Ok(())
    }

    /// Orders change between ticks and take effect at once, so what stands now stood in the auction. Of a cell that has
    /// ended in this tick the last order is not known: any limit will do for it.
    fn learn_orders(&mut self, report: &TickReport<'_>) {
        for (cell, standing) in &mut self.before {
            let now = match report.population.get(*cell) {
                Some(member) => member.order,
                None => Some(any_order(*cell)),
            };
            standing.surely_bids &= now == standing.order;
            standing.order = now;
        }
    }

    /// Each slot is sold once, and none that somebody still sits on.
    fn seats(&self, report: &TickReport<'_>) -> Verdict {
        let (awards, quote) = (&report.clearing.awards, report.quote);
        let counts = (awards.len(), quote.slots, self.slots);
        must!(
            awards.len() <= usize::from(quote.slots) && quote.slots <= self.slots,
            "(sold, for sale, there are) is {counts:?}"
        );
        let mut taken: BTreeSet<SlotId> = BTreeSet::new();
        for (cell, slots) in &self.late {
            must!(
                awards.iter().all(|award| award.cell != *cell),
                "{cell:?} wins while it has not left its slot"
            );
            taken.extend(slots);
        }
        for award in awards {
            must!(award.slot.0 < self.slots, "{award:?} on a slot that there is not");
            must!(taken.insert(award.slot), "{award:?} on a slot that is taken");
        }
        Ok(())
    }

    /// Nobody pays less than the reserve or more than its limit; the dying pay the base price.
    fn price(&self, award: &Award, report: &TickReport<'_>) -> Verdict {
        let (quote, price) = (report.quote, award.price);
        let before = self.before.get(&award.cell).ok_or_else(|| format!("{award:?} before it was judged"))?;
        if award.purse == Purse::SetAside {
            must!(
                before.state.is_dying() && price == quote.base,
                "{award:?} for one that was {:?}",
                before.state
            );
            return Ok(());
        }
        must!(
            matches!(before.state, State::Ready | State::Running),
            "{award:?} for one that was {:?}",
            before.state
        );
        let limit = before.order.map_or(Microjoules::ZERO, |order| order.limit);
        must!(
            price >= quote.reserve && price <= limit,
            "{award:?}: reserve {}, limit {limit}",
            quote.reserve
        );
        must!(price <= report.clearing.price, "{award:?} is dearer than the clearing price");
        Ok(())
    }

    /// Nobody wins more slots than it asked for.
    fn amounts(&self, awards: &[Award]) -> Verdict {
        let mut won: BTreeMap<CellId, u16> = BTreeMap::new();
        for award in awards {
            *won.entry(award.cell).or_default() += 1;
        }
        for (cell, won) in won {
            let before = &self.before[&cell];
            let wanted =
                if before.state.is_dying() { 1 } else { before.order.map_or(0, |order| order.slots) };
            must!(won <= wanted, "{cell:?} wins {won} slots and wanted {wanted}");
        }
        Ok(())
    }

    /// No rich cell loses to a lower bid, and every winner pays at least the bid of a rich loser of another wallet.
    fn best_bids_win(&self, report: &TickReport<'_>) -> Verdict {
        let awards = &report.clearing.awards;
        must!(report.clearing.price >= report.quote.reserve, "the clearing price is below the reserve");
        for standing in self.before.values().filter(|standing| standing.surely_bids) {
            let Some(loser) = standing.order else { continue };
            let won = awards.iter().filter(|award| award.cell == loser.cell).count();
            if won >= usize::from(loser.slots) || loser.limit < report.quote.reserve {
                continue;
            }
            for award in awards.iter().filter(|a| a.purse == Purse::Free && a.cell != loser.cell) {
                let winner = self.before[&award.cell].order.map_or(Microjoules::ZERO, |order| order.limit);
                must!(winner >= loser.limit, "{award:?} with limit {winner}, while {loser:?} lost");
                let fair = award.wallet == loser.wallet || (award.price >= loser.limit && award.contested);
                must!(fair, "{award:?} is cheaper than the losing {loser:?}, or not contested");
            }
        }
        Ok(())
    }

    /// Only who was granted a slot uses one, and not more than it was granted.
    fn uses(&mut self, report: &TickReport<'_>) -> Verdict {
        let grants = report.ledger.grants();
        for grant in grants {
            must!(report.clearing.awards.contains(&grant.award), "{grant:?} was not awarded");
            self.late.entry(grant.award.cell).or_default().push(grant.award.slot);
        }
        let mut used: BTreeMap<CellId, Nanoseconds> = BTreeMap::new();
        for usage in report.usages {
            let cell = usage.cell;
            must!(self.late.contains_key(&cell), "{cell:?} uses a slot that it was not granted: {usage:?}");
            *used.entry(cell).or_default() += usage.used;
        }
        for (cell, used) in used {
            let slots = self.late.remove(&cell).unwrap_or_default().len() as u64;
            must!(used.0 <= slots * QUANTUM.0, "{cell:?} used {used:?} on {slots} slots");
        }
        Ok(())
    }

    fn remember(&mut self, report: &TickReport<'_>) {
        let members = report.population.members().iter();
        let before = members
            .map(|member| {
                let order = member.order;
                let rich = order.is_some_and(|order| {
                    report.ledger.free(member.wallet) >= order.limit.times(u64::from(order.slots) * SURELY)
                });
                let bids = matches!(member.state, State::Ready | State::Running);
                let free_to_run = member.wait.is_none() && !self.late.contains_key(&member.cell);
                let standing =
                    Standing { state: member.state, order, surely_bids: rich && bids && free_to_run };
                (member.cell, standing)
            })
            .collect();
        self.before = before;
    }
}
