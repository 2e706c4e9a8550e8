//! The textbook's binary heap, best on top: a second oracle, which shares no way of ordering with the naive one.

use std::ops::ControlFlow;

use super::shelf::Shelf;
use crate::auction::book::{BookError, Order, OrderBook, OrderId};
use crate::units::Microjoules;

/// An order in the heap: the greater one is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    limit: i64,
    minus_turn: i64,
    index: u32,
}

#[derive(Default)]
pub(super) struct HeapBook {
    shelf: Shelf,
    heap: Vec<Entry>,
}

impl HeapBook {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { shelf: Shelf::with_capacity(capacity), heap: Vec::new() }
    }

    fn insert(&mut self, id: OrderId) {
        let (order, turn) = self.shelf.get(id).expect("it is on the shelf");
        self.heap.push(Entry { limit: order.limit.0, minus_turn: -(turn as i64), index: id.index });
        sift_up(&mut self.heap);
    }

    fn remove(&mut self, id: OrderId) {
        let place = self.heap.iter().position(|entry| entry.index == id.index).expect("it is in the heap");
        let mut rest = std::mem::take(&mut self.heap);
        rest.swap_remove(place);
        for entry in rest {
            self.heap.push(entry);
            sift_up(&mut self.heap);
        }
    }
}

/// Moves the last entry up until the one above it is better.
fn sift_up(heap: &mut [Entry]) {
    let mut at = heap.len() - 1;
    while at > 0 && heap[at] > heap[(at - 1) / 2] {
        heap.swap(at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

/// Takes the best out: the last entry takes its place and moves down until those below it are worse.
fn pop(heap: &mut Vec<Entry>) -> Option<Entry> {
    let last = heap.pop()?;
    let Some(top) = heap.first_mut() else { return Some(last) };
    let best = std::mem::replace(top, last);
    let mut at = 0;
    loop {
        let below = (2 * at + 1..heap.len().min(2 * at + 3)).max_by_key(|child| heap[*child]);
        match below {
            Some(child) if heap[child] > heap[at] => heap.swap(child, at),
            _ => return Some(best),
        }
        at = below.unwrap_or(at);
    }
}

impl OrderBook for HeapBook {
    fn begin(&mut self, tick: u64) {
        let before = self.shelf.all();
        self.shelf.begin(tick);
        for (id, ..) in before.iter().filter(|(_, order, _)| order.is_over(tick)) {
            self.remove(*id);
        }
    }

    fn enter(&mut self, order: Order) -> Result<OrderId, BookError> {
        let id = self.shelf.enter(order)?;
        self.insert(id);
        Ok(id)
    }

    fn change(&mut self, id: OrderId, order: Order) -> Result<(), BookError> {
        self.shelf.change(id, order)?;
        self.remove(id);
        self.insert(id);
        Ok(())
    }

    fn cancel(&mut self, id: OrderId) -> Result<(), BookError> {
        self.shelf.cancel(id)?;
        self.remove(id);
        Ok(())
    }

    fn get(&self, id: OrderId) -> Option<Order> {
        self.shelf.get(id).map(|(order, _)| order)
    }

    fn ran(&mut self, id: OrderId) -> Result<(), BookError> {
        self.shelf.ran(id)?;
        self.remove(id);
        self.insert(id);
        Ok(())
    }

    fn best_first(&mut self, lowest: Microjoules, visit: &mut dyn FnMut(OrderId, &Order) -> ControlFlow<()>) {
        let mut heap = self.heap.clone();
        while let Some(entry) = pop(&mut heap).filter(|entry| entry.limit >= lowest.0) {
            let id = OrderId { index: entry.index, generation: 1 };
            let (order, _) = self.shelf.get(id).expect("it is on the shelf");
            if visit(id, &order).is_break() {
                return;
            }
        }
    }

    fn len(&self) -> usize {
        self.heap.len()
    }
}
