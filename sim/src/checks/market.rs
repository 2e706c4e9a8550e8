//! The auction: nothing is sold twice, to nobody, too cheap or too dear, and the rule of the market is kept.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use maxwell_core::auction::book::Order;
use maxwell_core::auction::config::MarketConfig;
use maxwell_core::auction::mechanism::MechanismKind;
use maxwell_core::limits::QUANTUM;
use maxwell_core::population::lifecycle::State;
use maxwell_core::tick::{AccountId, Award, CellId, Purse, SlotId};
use maxwell_core::units::{Microjoules, Nanoseconds, Ppm};
use maxwell_daemon::telemetry::TickReport;

use super::orders::Orders;
use super::rules::{Outcome, Sold, Unit};
use super::{Roster, Setup, Verdict, must};

/// A wallet that covers an order so many times over was surely funded when the auction was held.
const SURELY: u64 = 50;

/// What was known of a cell when the auction was held: what it was after the tick before.
#[derive(Clone, Copy, Debug)]
struct Standing {
    state: State,
    free: Microjoules,
    /// Neither waits nor sits on a slot.
    can_run: bool,
}

impl Standing {
    const fn may_bid(&self) -> bool {
        matches!(self.state, State::Ready | State::Running)
    }
}

/// What a policy bid in the auction cannot be told any more.
struct Unseen;

#[derive(Debug)]
pub(super) struct Market {
    mechanism: MechanismKind,
    /// Of each slot.
    weights: Vec<Ppm>,
    orders: Orders,
    before: BTreeMap<CellId, Standing>,
    /// Slots that a cell still sits on.
    late: BTreeMap<CellId, Vec<SlotId>>,
    auctions: Auctions,
}

/// Ticks in which something was for sale.
#[derive(Clone, Copy, Debug, Default)]
pub struct Auctions {
    /// Those in which every order was known, and the rule of the market was checked.
    pub judged: u64,
    /// The others: a policy has bid what nobody can be told any more.
    pub unseen: u64,
}

impl Market {
    pub(super) fn new(setup: &Setup) -> Self {
        let slots = usize::from(setup.machine.slots);
        let MarketConfig { mechanism, weights } = setup.market.clone();
        let weights = if weights.is_empty() { vec![Ppm::ONE; slots] } else { weights };
        Self {
            mechanism,
            weights,
            orders: Orders::default(),
            before: BTreeMap::new(),
            late: BTreeMap::new(),
            auctions: Auctions::default(),
        }
    }

    pub(super) const fn orders(&mut self) -> &mut Orders {
        &mut self.orders
    }

    pub(super) const fn auctions(&self) -> Auctions {
        self.auctions
    }

    pub(super) fn ended(&mut self, cell: CellId) {
        self.late.remove(&cell);
        self.before.remove(&cell);
        self.orders.ended(cell);
    }

    pub(super) fn tick(&mut self, report: &TickReport<'_>, roster: &Roster) -> Verdict {
        let for_market = self.seats(report)?;
        for award in &report.clearing.awards {
            must!(roster.lives(award.cell), "{award:?} to a cell that does not live");
            must!(award.wallet == roster.wallets[&award.cell], "{award:?} is paid by another's wallet");
            self.price(award, report)?;
        }
        self.amounts(report)?;
        must!(report.clearing.price >= report.quote.reserve, "the clearing price is below the reserve");
        let is_one = u64::from(report.quote.slots > 0);
        match self.orders_in(report) {
            Ok(orders) => {
                self.outcome(report, for_market, &orders)?.check()?;
                self.auctions.judged += is_one;
            }
            Err(Unseen) => self.auctions.unseen += is_one,
        }
        self.orders.tick(report)?;
        self.uses(report)?;
        self.remember(report);
        Ok(())
    }

    /// Each slot is sold once, and none that somebody still sits on; the dying have the lightest. Weights of the slots that are left to
    /// the market, heaviest first.
    fn seats(&self, report: &TickReport<'_>) -> Result<Vec<Ppm>, String> {
        let (awards, for_sale) = (&report.clearing.awards, usize::from(report.quote.slots));
        let counts = (awards.len(), for_sale, self.weights.len());
        let mut taken: BTreeSet<SlotId> = BTreeSet::new();
        for (cell, slots) in &self.late {
            must!(
                awards.iter().all(|award| award.cell != *cell),
                "{cell:?} wins while it has not left its slot"
            );
            taken.extend(slots);
        }
        let left = for_sale.saturating_sub(taken.len());
        must!(
            awards.len() <= left && for_sale <= self.weights.len(),
            "(sold, for sale, there are) is {counts:?}, and {} are late",
            taken.len()
        );
        let number = |slot: usize| SlotId(slot as u16);
        let free = (0..self.weights.len()).filter(|slot| !taken.contains(&number(*slot)));
        let mut free: Vec<Ppm> = free.map(|slot| self.weights[slot]).collect();
        free.sort_unstable_by_key(|weight| Reverse(*weight));
        for award in awards {
            let weight = self.weights.get(usize::from(award.slot.0));
            must!(weight.is_some(), "{award:?} on a slot that there is not");
            must!(weight == Some(&award.weight), "{award:?} on a slot of weight {weight:?}");
            must!(taken.insert(award.slot), "{award:?} on a slot that is taken");
        }
        let dying = awards.iter().filter(|award| award.purse == Purse::SetAside);
        for award in dying.clone() {
            let lightest = free.pop();
            must!(lightest == Some(award.weight), "{award:?} while the lightest slot is {lightest:?}");
        }
        free.truncate(left - dying.count());
        Ok(free)
    }

    /// Nobody pays less than the reserve or more than its limit, both for the slot's weight; the dying pay the base price.
    fn price(&self, award: &Award, report: &TickReport<'_>) -> Verdict {
        let (quote, price) = (report.quote, award.price);
        let on_slot = |price| award.weight.of_rounded_up(price);
        let before = self.before.get(&award.cell).ok_or_else(|| format!("{award:?} before it was judged"))?;
        if award.purse == Purse::SetAside {
            must!(
                before.state.is_dying() && price == on_slot(quote.base),
                "{award:?} for one that was {:?}",
                before.state
            );
            return Ok(());
        }
        must!(before.may_bid(), "{award:?} for one that was {:?}", before.state);
        let order = self.orders.standing(award.cell, quote.tick);
        let limit = order.ok_or_else(|| format!("{award:?} without an order"))?.limit;
        must!(
            price >= on_slot(quote.reserve) && price <= on_slot(limit),
            "{award:?}: reserve {}, limit {limit}",
            quote.reserve
        );
        must!(price <= on_slot(report.clearing.price), "{award:?} is dearer than the clearing price");
        Ok(())
    }

    /// Nobody wins more slots than it asked for, or spends more than its wallet may in a tick.
    fn amounts(&self, report: &TickReport<'_>) -> Verdict {
        let mut won: BTreeMap<CellId, u32> = BTreeMap::new();
        let mut spent: BTreeMap<AccountId, Microjoules> = BTreeMap::new();
        for award in &report.clearing.awards {
            *won.entry(award.cell).or_default() += 1;
            if award.purse == Purse::Free {
                *spent.entry(award.wallet).or_default() += award.price;
            }
        }
        for (cell, won) in won {
            let order = self.orders.standing(cell, report.quote.tick);
            let is_dying = self.before[&cell].state.is_dying();
            let wanted = if is_dying { 1 } else { order.map_or(0, |order| order.slots) };
            must!(won <= wanted, "{cell:?} wins {won} slots and wanted {wanted}");
        }
        for (wallet, spent) in spent {
            let most = self.orders.max_bid(wallet).unwrap_or(spent);
            must!(spent <= most, "{wallet:?} spends {spent} in a tick and may spend {most}");
        }
        Ok(())
    }

    /// Every order that could be in the auction.
    fn orders_in(&self, report: &TickReport<'_>) -> Result<Vec<Order>, Unseen> {
        let bidders = self.before.iter().filter(|(_, standing)| standing.may_bid());
        bidders.filter_map(|(cell, _)| self.order_of(*cell, report).transpose()).collect()
    }

    /// What was sold for these orders, and to whom else it could have been.
    fn outcome(
        &self,
        report: &TickReport<'_>,
        weights: Vec<Ppm>,
        orders: &[Order],
    ) -> Result<Outcome, String> {
        let (reserve, slots) = (report.quote.reserve, weights.len());
        let mut sold = Vec::new();
        for award in report.clearing.awards.iter().filter(|award| award.purse == Purse::Free) {
            let order = orders.iter().find(|order| order.cell == award.cell);
            let limit = order.ok_or_else(|| format!("{award:?}, and no order was there for it"))?.limit;
            let unit = Unit { cell: award.cell, wallet: award.wallet, limit };
            sold.push(Sold { unit, weight: award.weight, price: award.price, contested: award.contested });
        }
        let (mut sure, mut possible) = (Vec::new(), Vec::new());
        for order in orders.iter().filter(|order| order.limit >= reserve) {
            let max_bid = self.orders.max_bid(order.wallet);
            let room = max_bid.map_or(u64::MAX, |most| (most.0 / order.limit.0).unsigned_abs());
            let units = (order.slots as usize).min(slots).min(usize::try_from(room).unwrap_or(usize::MAX));
            let won = sold.iter().filter(|sold| sold.unit.cell == order.cell).count();
            let unit = Unit { cell: order.cell, wallet: order.wallet, limit: order.limit };
            let lost = std::iter::repeat_n(unit, units.saturating_sub(won));
            if self.surely_bids(order, orders) {
                sure.extend(lost.clone());
            }
            possible.extend(lost);
        }
        for units in [&mut sure, &mut possible] {
            units.sort_by_key(|unit| Reverse(unit.limit));
        }
        Ok(Outcome { mechanism: self.mechanism, reserve, weights, sold, sure, possible })
    }

    /// The order that a cell had in the auction, if it had one. What a policy has made is seen after the tick, if the order and its cell
    /// are still there.
    fn order_of(&self, cell: CellId, report: &TickReport<'_>) -> Result<Option<Order>, Unseen> {
        let most = self.orders.standing(cell, report.quote.tick);
        if !self.orders.is_by_policy(cell) {
            return Ok(most);
        }
        let is_over = most.is_some_and(|most| most.last_tick == Some(report.quote.tick));
        let member = report.population.get(cell).filter(|_| !is_over);
        member.map(|member| member.order).ok_or(Unseen)
    }

    /// Whether an order was in the auction for certain: its wallet covers it many times over beside all that its other cells want, and
    /// no bound leaves it open which of them may bid.
    fn surely_bids(&self, order: &Order, orders: &[Order]) -> bool {
        let Standing { free, can_run, .. } = self.before[&order.cell];
        let whole = |order: &Order| order.limit.times(u64::from(order.slots));
        let is_other = |other: &&Order| other.wallet == order.wallet && other.cell != order.cell;
        let others: Vec<&Order> = orders.iter().filter(is_other).collect();
        let is_known = others.is_empty() || self.orders.max_bid(order.wallet).is_none();
        let wanted = others.into_iter().map(whole).sum::<Microjoules>() + whole(order).times(SURELY);
        can_run && is_known && free >= wanted
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
        let before = members.map(|member| {
            let can_run = member.wait.is_none() && !self.late.contains_key(&member.cell);
            let free = report.ledger.free(member.wallet);
            (member.cell, Standing { state: member.state, free, can_run })
        });
        self.before = before.collect();
    }
}
