//! An order as the ladder keeps it: 32 bytes, two to a cache line.

use super::super::grid::Level;
use super::super::{Order, OrderId};
use crate::limits::{ORDER_TICKS_MAX, SLOTS_MAX};
use crate::tick::{AccountId, CellId};
use crate::units::Microjoules;

/// Set in [`Record::slots`] when the order has a last tick.
const HAS_LAST_TICK: u16 = 1 << 15;

/// One place of the slab: an order, or free.
///
/// Three figures are cut to 32 bits. *Generation*: a name is used again after 2^31 orders in the same place. *Turn* is one of
/// 2^32 that are drawn round and round, and says only how long ago it was drawn; the sweep makes whoever has waited for more than
/// [`Record::AGE_MAX`] draws just so old, long before a turn comes again. *Last tick*: an order lasts for a quarter of the 2^32
/// ticks, and the sweep takes it out long before they come again.
///
/// The fields lie as they are written here, with cell and wallet apart, which lie together in an [`Order`]: were they copied as one,
/// the processor, which has just stored them as two, would wait until both have reached the cache.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Record {
    cell: CellId,
    /// The order behind it in its line, the first behind the last; or the next free place.
    pub(super) next: u32,
    pub(super) prev: u32,
    /// Odd while there is an order, even while the place is free.
    generation: u32,
    /// Drawn when it came, and each time it ran.
    pub(super) turn: u32,
    last_tick: u32,
    wallet: AccountId,
    pub(super) level: Level,
    slots: u16,
}

const _: () = {
    assert!(size_of::<Record>() == 32, "an order takes 32 bytes");
    assert!(SLOTS_MAX < HAS_LAST_TICK, "the highest bit of the slots is free");
    assert!(ORDER_TICKS_MAX < 1 << 31, "a last tick is told from one long past");
};

impl Record {
    /// Draws after which an order has waited as long as can be told: two weeks of eight slots sold in every tick, or three hours of
    /// the most that a node can have. Among those who have waited longer, one that changes its price may come before its turn.
    pub(super) const AGE_MAX: u32 = 1 << 30;

    /// A place that was never used.
    pub(super) const FREE: Self = Self {
        cell: CellId(0),
        next: u32::MAX,
        prev: u32::MAX,
        generation: 0,
        turn: 0,
        last_tick: 0,
        wallet: AccountId(0),
        level: Level(0),
        slots: 0,
    };

    /// Fills a free place.
    pub(super) fn fill(&mut self, order: &Order, level: Level, turn: u32) {
        self.generation = self.generation.wrapping_add(1);
        self.turn = turn;
        self.set(order, level);
    }

    /// Writes what an order says, whose limit has this level.
    pub(super) fn set(&mut self, order: &Order, level: Level) {
        self.cell = order.cell;
        self.wallet = order.wallet;
        self.level = level;
        (self.last_tick, self.slots) = match order.last_tick {
            None => (0, order.slots as u16),
            Some(last) => (last as u32, order.slots as u16 | HAS_LAST_TICK),
        };
    }

    /// Makes the place free, with `next` as the free one after it.
    pub(super) fn clear(&mut self, next: u32) {
        self.generation = self.generation.wrapping_add(1);
        self.next = next;
    }

    pub(super) const fn is_live(&self) -> bool {
        self.generation % 2 == 1
    }

    pub(super) const fn id(&self, index: u32) -> OrderId {
        OrderId { index, generation: self.generation }
    }

    pub(super) const fn is_over(&self, now: u64) -> bool {
        self.slots & HAS_LAST_TICK != 0 && self.ticks_left(now) < 0
    }

    /// Ticks from `now` to its last one, if it has one.
    const fn ticks_left(&self, now: u64) -> i32 {
        self.last_tick.wrapping_sub(now as u32) as i32
    }

    /// The order, which is not over by `now`. Its limit is the price of its level.
    pub(super) fn order(&self, limit: Microjoules, now: u64) -> Order {
        let has_last_tick = self.slots & HAS_LAST_TICK != 0;
        Order {
            cell: self.cell,
            wallet: self.wallet,
            limit,
            slots: u32::from(self.slots & !HAS_LAST_TICK),
            last_tick: has_last_tick.then(|| now + u64::from(self.ticks_left(now).unsigned_abs())),
        }
    }
}
