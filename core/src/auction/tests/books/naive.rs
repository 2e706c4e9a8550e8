//! The oracle: orders in no order; the best is searched for each time.

use std::ops::ControlFlow;

use super::shelf::Shelf;
use crate::auction::book::{BookError, Order, OrderBook, OrderId};
use crate::units::Microjoules;

#[derive(Default)]
pub(super) struct NaiveBook {
    shelf: Shelf,
}

impl NaiveBook {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { shelf: Shelf::with_capacity(capacity) }
    }
}

impl OrderBook for NaiveBook {
    fn begin(&mut self, tick: u64) {
        self.shelf.begin(tick);
    }

    fn enter(&mut self, order: Order) -> Result<OrderId, BookError> {
        self.shelf.enter(order)
    }

    fn change(&mut self, id: OrderId, order: Order) -> Result<(), BookError> {
        self.shelf.change(id, order)
    }

    fn cancel(&mut self, id: OrderId) -> Result<(), BookError> {
        self.shelf.cancel(id)
    }

    fn get(&self, id: OrderId) -> Option<Order> {
        self.shelf.get(id).map(|(order, _)| order)
    }

    fn ran(&mut self, id: OrderId) -> Result<(), BookError> {
        self.shelf.ran(id)
    }

    fn best_first(&mut self, lowest: Microjoules, visit: &mut dyn FnMut(OrderId, &Order) -> ControlFlow<()>) {
        let mut left = self.shelf.all();
        loop {
            let mut best: Option<usize> = None;
            for (at, (_, order, turn)) in left.iter().enumerate() {
                let is_better = best.is_none_or(|best| {
                    let (_, other, others) = &left[best];
                    order.limit > other.limit || (order.limit == other.limit && turn < others)
                });
                if is_better && order.limit >= lowest {
                    best = Some(at);
                }
            }
            let Some(best) = best else { return };
            let (id, order, _) = left.swap_remove(best);
            if visit(id, &order).is_break() {
                return;
            }
        }
    }

    fn len(&self) -> usize {
        self.shelf.all().len()
    }
}
