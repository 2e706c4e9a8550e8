//! The standing orders, best first.

use std::collections::HashMap;
use std::ops::ControlFlow;

use crate::limits::CELLS_MAX;
use crate::tick::{AccountId, CellId};
use crate::units::Microjoules;

/// A standing bid: it stays until it is changed or cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Who bids. A cell has at most one order.
    pub cell: CellId,
    /// Who pays.
    pub wallet: AccountId,
    /// The most it pays for one quantum of one slot.
    pub limit: Microjoules,
    /// Slots wanted, at least one.
    pub slots: u16,
}

/// Standing orders in price-time priority: the higher limit first; among equals the one that has waited longest since it
/// last ran, or since it came, so equal bids share in turn.
pub trait OrderBook: Send {
    /// Puts an order in, or changes the cell's order. A change keeps the time since it last ran.
    fn place(&mut self, order: Order);

    /// Takes the cell's order out; whether there was one. Put in again, it waits from then on, like a new one.
    fn cancel(&mut self, cell: CellId) -> bool;

    /// Notes that the cell runs now: it goes behind its equals, and behind those of them that ran before it in the same
    /// tick, so that a crowd of equals is a queue.
    fn ran(&mut self, cell: CellId);

    /// Visits orders from the best on until the visitor breaks off.
    fn best_first(&self, visit: &mut dyn FnMut(&Order) -> ControlFlow<()>);

    /// Orders in the book.
    fn len(&self) -> usize;

    /// Whether the book is empty.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Place of an order in the book: ascending order of this key is best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    minus_limit: i64,
    /// Drawn when it came and each time it ran; never twice.
    turn: u64,
}

/// A sorted vector: plain, and fast for the hundreds of orders that one machine has. A change moves at most the whole
/// vector by one place; a walk touches only what it visits.
#[derive(Debug, Default)]
pub struct SortedBook {
    orders: Vec<(Rank, Order)>,
    ranks: HashMap<CellId, Rank>,
    next_turn: u64,
}

impl SortedBook {
    /// An empty book that takes up to [`CELLS_MAX`] orders without allocating again.
    pub fn new() -> Self {
        Self { orders: Vec::with_capacity(CELLS_MAX), ranks: HashMap::with_capacity(CELLS_MAX), next_turn: 0 }
    }

    fn draw_turn(&mut self) -> u64 {
        self.next_turn += 1;
        self.next_turn
    }

    fn insert(&mut self, rank: Rank, order: Order) {
        let place = self.orders.partition_point(|(other, _)| *other < rank);
        self.orders.insert(place, (rank, order));
        self.ranks.insert(order.cell, rank);
    }

    fn remove(&mut self, cell: CellId) -> Option<(Rank, Order)> {
        let rank = self.ranks.remove(&cell)?;
        let place = self.orders.partition_point(|(other, _)| *other < rank);
        Some(self.orders.remove(place))
    }
}

impl OrderBook for SortedBook {
    fn place(&mut self, order: Order) {
        assert!(order.slots > 0 && order.limit > Microjoules::ZERO, "not an order: {order:?}");
        let before = self.remove(order.cell);
        let turn = before.map_or_else(|| self.draw_turn(), |(rank, _)| rank.turn);
        self.insert(Rank { minus_limit: -order.limit.0, turn }, order);
    }

    fn cancel(&mut self, cell: CellId) -> bool {
        self.remove(cell).is_some()
    }

    fn ran(&mut self, cell: CellId) {
        if let Some((rank, order)) = self.remove(cell) {
            let turn = self.draw_turn();
            self.insert(Rank { turn, ..rank }, order);
        }
    }

    fn best_first(&self, visit: &mut dyn FnMut(&Order) -> ControlFlow<()>) {
        for (_, order) in &self.orders {
            if visit(order).is_break() {
                return;
            }
        }
    }

    fn len(&self) -> usize {
        self.orders.len()
    }
}
