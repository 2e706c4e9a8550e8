//! One cell's bill: what it was granted and used in a billing window, and what that costs.
//!
//! While somebody waited for the slot, a granted quantum is charged whole, less stolen time and time that was resold.
//! Otherwise the charge is (used / granted in the window) x the sum of its prices. Time used beyond the grant, because
//! the quantum's end came late, costs what the grant costs.

use super::BillingPolicy;
use super::line::{Line, Totals};
use super::rent::Rent;
use crate::landauer::ErasureTax;
use crate::tick::{AccountId, Award, CellId, Purse, Quote, Usage};
use crate::units::{Bytes, Celsius, Microjoules, Nanoseconds};

/// What a window gives back before it is posted: the line says what is posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) held: Microjoules,
    pub(super) from_set_aside: Microjoules,
}

/// Quanta that are charged by use: granted and used time, and the sum of their prices.
#[derive(Clone, Copy, Debug, Default)]
struct Pool {
    price: Microjoules,
    granted: Nanoseconds,
    used: Nanoseconds,
}

impl Pool {
    fn charge(&self) -> Microjoules {
        part(self.price, self.used, self.granted)
    }
}

/// The awards of the current tick whose use is not yet known.
#[derive(Clone, Copy, Debug)]
struct OpenAward {
    price: Microjoules,
    purse: Purse,
    contested: bool,
    quanta: u64,
    cheapest: Microjoules,
    dearest: Microjoules,
}

/// The open bill of a live cell.
#[derive(Debug)]
pub struct Bill {
    cell: CellId,
    wallet: AccountId,
    open: Option<OpenAward>,
    held: Microjoules,
    set_aside: Microjoules,
    whole: Microjoules,
    pool: Pool,
    grace: Pool,
    memory: Bytes,
    rent: Rent,
    tax: ErasureTax,
    billed_through: Option<u64>,
    /// What was metered and posted since the last line was taken.
    line: Line,
    /// Everything before that.
    billed: Totals,
    /// Energy of the cell that is in lines already.
    attributed: Microjoules,
}

impl Bill {
    pub(super) fn new(
        cell: CellId,
        wallet: AccountId,
        set_aside: Microjoules,
        policy: BillingPolicy,
    ) -> Self {
        Self {
            cell,
            wallet,
            open: None,
            held: Microjoules::ZERO,
            set_aside,
            whole: Microjoules::ZERO,
            pool: Pool::default(),
            grace: Pool::default(),
            memory: Bytes(0),
            rent: Rent::new(policy.rent_per_gibibyte),
            tax: ErasureTax::new(policy.inefficiency),
            billed_through: None,
            line: Line::new(cell, wallet),
            billed: Totals::default(),
            attributed: Microjoules::ZERO,
        }
    }

    /// Whose bill it is.
    pub const fn cell(&self) -> CellId {
        self.cell
    }

    /// Who pays it.
    pub const fn wallet(&self) -> AccountId {
        self.wallet
    }

    /// What it holds in the wallet.
    pub const fn held(&self) -> Microjoules {
        self.held
    }

    /// What is left of the money set aside for the cell's end.
    pub const fn set_aside(&self) -> Microjoules {
        self.set_aside
    }

    /// What was billed and metered so far.
    pub fn totals(&self) -> Totals {
        let mut totals = self.billed;
        totals.add(&self.line);
        totals
    }

    /// What the present window comes to so far; the charges, once it is posted.
    pub(super) const fn line(&self) -> &Line {
        &self.line
    }

    /// Takes the line of the window that is over, and begins the next.
    pub(super) fn take_line(&mut self) -> Line {
        let line = std::mem::replace(&mut self.line, Line::new(self.cell, self.wallet));
        self.billed.add(&line);
        line
    }

    /// Notes that the cell has used `total` joules so far: what is new goes on the present line.
    pub(super) fn attribute(&mut self, total: Microjoules) {
        self.line.energy += total - self.attributed;
        self.attributed = total;
    }

    /// Notes an award whose price is held. A cell that won several slots has one usage for all of them.
    pub(super) fn open(&mut self, award: &Award) {
        if award.purse == Purse::Free {
            self.held += award.price;
        }
        let open = self.open.get_or_insert(OpenAward {
            price: Microjoules::ZERO,
            purse: award.purse,
            contested: false,
            quanta: 0,
            cheapest: award.price,
            dearest: award.price,
        });
        open.price += award.price;
        open.contested |= award.contested;
        open.quanta += 1;
        open.cheapest = open.cheapest.min(award.price);
        open.dearest = open.dearest.max(award.price);
    }

    /// Notes what was used.
    pub(super) fn meter(&mut self, usage: &Usage, die: Celsius) {
        self.memory = usage.memory;
        self.tax.add(usage.freed, die);
        self.line.freed += usage.freed;
        let Some(open) = self.open.take() else { return };
        self.line.granted += usage.granted;
        self.line.used += usage.used;
        self.line.cycles += usage.cycles;
        self.line.note_quanta(open.quanta, open.cheapest, open.dearest);
        if open.contested {
            self.whole += part(open.price, payable(usage), usage.granted);
            return;
        }
        let pool = if open.purse == Purse::SetAside { &mut self.grace } else { &mut self.pool };
        pool.price += open.price;
        pool.granted += usage.granted;
        pool.used += usage.used;
    }

    /// Puts what the window that ends with this tick costs on the line; nothing more of it is due after that. An award whose
    /// use is not yet known stays held and is billed with the next window. `None` if this tick was billed before: the tick, the
    /// cell and the kind name a transfer, and none is made twice.
    pub(super) fn close_window(&mut self, quote: &Quote) -> Option<Due> {
        if self.billed_through.is_some_and(|tick| tick >= quote.tick) {
            return None;
        }
        self.billed_through = Some(quote.tick);
        let kept =
            self.open.filter(|open| open.purse == Purse::Free).map_or(Microjoules::ZERO, |open| open.price);
        let grace = std::mem::take(&mut self.grace).charge();
        let due = Due { held: self.held - kept, from_set_aside: grace.min(self.set_aside) };
        self.held = kept;
        self.set_aside -= due.from_set_aside;
        self.line.quanta += std::mem::take(&mut self.whole) + std::mem::take(&mut self.pool).charge() + grace;
        self.line.rent += self.rent.of_window(self.memory, quote);
        self.line.tax += self.tax.take();
        Some(due)
    }
}

/// `price x charged / granted`; nothing for a grant of no time.
fn part(price: Microjoules, charged: Nanoseconds, granted: Nanoseconds) -> Microjoules {
    if granted == Nanoseconds::ZERO { Microjoules::ZERO } else { price.share(charged.0, granted.0) }
}

/// Time that a contested quantum is charged for: the grant less what the host took and what was resold, but never
/// less than what was used.
fn payable(usage: &Usage) -> Nanoseconds {
    usage.granted.saturating_sub(usage.stolen).saturating_sub(usage.resold).max(usage.used)
}
