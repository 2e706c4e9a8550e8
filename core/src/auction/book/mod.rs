//! The standing orders, best first.

pub mod grid;
mod ladder;

use std::ops::ControlFlow;

use crate::limits::{ORDER_TICKS_MAX, SLOTS_MAX};
use crate::tick::{AccountId, CellId};
use crate::units::Microjoules;
use grid::Level;

pub use ladder::LadderBook;

/// A standing bid: it stays until it is changed, cancelled or over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Order {
    /// Who bids. In an auction a cell has at most one order.
    pub cell: CellId,
    /// Who pays.
    pub wallet: AccountId,
    /// The most it pays for one quantum of one slot. It is rounded down to the [`grid`] of prices when the order enters a book.
    pub limit: Microjoules,
    /// Slots wanted, from one to [`SLOTS_MAX`]. Not sixteen bits, because compilers read four bytes here, and a processor cannot take
    /// a wide load from a narrower store that has not reached the cache yet: it would wait for it.
    pub slots: u32,
    /// The last tick in which it takes part; none if it stays until it is changed or cancelled.
    pub last_tick: Option<u64>,
}

impl Order {
    /// Whether it takes no part in `tick` any more.
    pub const fn is_over(&self, tick: u64) -> bool {
        matches!(self.last_tick, Some(last) if last < tick)
    }

    /// The order as a book keeps it in tick `now`: with its limit on the grid. Every book takes orders so.
    ///
    /// # Errors
    /// When no book takes it.
    pub fn on_grid(self, now: u64) -> Result<Self, BookError> {
        self.level(now).map(|level| Self { limit: level.price(), ..self })
    }

    /// The level of its limit, if it is an order that a book takes in tick `now`.
    fn level(&self, now: u64) -> Result<Level, BookError> {
        let Self { limit, slots, last_tick, .. } = *self;
        if limit <= Microjoules::ZERO || slots == 0 || slots > u32::from(SLOTS_MAX) {
            return Err(BookError::NotAnOrder { limit, slots });
        }
        match last_tick {
            Some(last) if last < now => Err(BookError::Over { last, now }),
            Some(last) if last - now > ORDER_TICKS_MAX => Err(BookError::TooLong { last, now }),
            _ => Ok(Level::at_most(limit)),
        }
    }
}

/// Names an order for as long as it is in the book. A place in the book is used again, a name is not: one place would have to be
/// filled and emptied 2^31 times before an old name fits again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OrderId {
    /// Its place.
    pub index: u32,
    /// Which of those that had the place.
    pub generation: u32,
}

/// Why a book does not do what it is asked to. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    /// Try again when an order has gone.
    #[error("the book is full: at most {capacity} orders; cancel one first")]
    Full {
        /// How many it takes.
        capacity: usize,
    },
    /// Gone: forget the name, and enter the order anew if it is still wanted.
    #[error("order {index} of generation {generation} is not in the book: it was cancelled or is over", index = .0.index, generation = .0.generation)]
    Stale(OrderId),
    /// Fatal for the request.
    #[error(
        "{slots} slots at {limit} are not an order: ask for 1 to {SLOTS_MAX} slots at a limit of at least 1 µJ"
    )]
    NotAnOrder {
        /// The most it would pay.
        limit: Microjoules,
        /// Slots wanted.
        slots: u32,
    },
    /// Fatal for the request: it comes too late.
    #[error("the order was over after tick {last}, and tick {now} has begun: name a later last tick")]
    Over {
        /// Its last tick.
        last: u64,
        /// The tick that has begun.
        now: u64,
    },
    /// Fatal for the request.
    #[error(
        "the order would be over after tick {last}, more than {ORDER_TICKS_MAX} ticks after tick {now}: name an earlier last tick, or none"
    )]
    TooLong {
        /// Its last tick.
        last: u64,
        /// The tick that has begun.
        now: u64,
    },
}

/// Standing orders in price-time priority: the higher limit first; among equals the one that has waited longest since it
/// last ran, or since it came, so equal bids share in turn.
///
/// An order that comes to a price by a change is placed among those that stand there by how long it has waited. This is exact
/// while at most [`EXACT_MAX`] orders stand at that price. In a larger crowd a book may place it nearly so, but one that has waited
/// longer than the first comes first, and those that do not change their price never change places.
pub trait OrderBook: Send {
    /// A tick begins: orders whose last tick was before it take no part any more, and their names are stale.
    fn begin(&mut self, tick: u64);

    /// Puts an order in, behind its equals.
    ///
    /// # Errors
    /// When the book is full, or the order is none.
    fn enter(&mut self, order: Order) -> Result<OrderId, BookError>;

    /// Puts `order` in place of the one named, which keeps its name and the time since it last ran.
    ///
    /// # Errors
    /// When there is none of that name, or the new order is none.
    fn change(&mut self, id: OrderId, order: Order) -> Result<(), BookError>;

    /// Takes the order out. Put in again, it waits from then on, like a new one.
    ///
    /// # Errors
    /// When there is none of that name.
    fn cancel(&mut self, id: OrderId) -> Result<(), BookError>;

    /// The order of that name, if it is in the book.
    fn get(&self, id: OrderId) -> Option<Order>;

    /// Notes that the order runs now: it goes behind its equals, and behind those of them that ran before it in the same
    /// tick, so that a crowd of equals is a queue.
    ///
    /// # Errors
    /// When there is none of that name.
    fn ran(&mut self, id: OrderId) -> Result<(), BookError>;

    /// Visits the orders with limits at or above `lowest`, from the best on, until the visitor breaks off.
    fn best_first(&mut self, lowest: Microjoules, visit: &mut dyn FnMut(OrderId, &Order) -> ControlFlow<()>);

    /// Orders in the book. One that is over may be counted until the book comes by and drops it.
    fn len(&self) -> usize;

    /// Whether the book is empty.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Orders at one price among which a newcomer by change of price is placed exactly by how long it has waited.
pub const EXACT_MAX: u32 = 16;
