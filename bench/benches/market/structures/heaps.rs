//! Binary heaps: one that keeps what is out of date until it comes up, and one that is built anew for each clearing.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Key, Keys, Name, Structure};

/// An order as it was when it was pushed.
type Entry = Reverse<(Key, Name)>;

/// A change pushes the order again. What does not stand in its key any more is out of date: it is passed over when it comes up, and
/// when more than half of the heap is out of date it is cleaned, which is a stall.
pub(crate) struct LazyHeap {
    heap: BinaryHeap<Entry>,
    keys: Keys,
    orders: usize,
    served: Vec<Name>,
    /// How often it was cleaned.
    pub(crate) cleanings: usize,
}

impl LazyHeap {
    pub(crate) fn fill(limits: &[i64]) -> Self {
        let keys = Keys::fill(limits);
        let heap = keys.named().map(Reverse).collect();
        Self { heap, keys, orders: limits.len(), served: Vec::new(), cleanings: 0 }
    }

    fn push(&mut self, key: Key, name: Name) {
        if self.heap.len() >= 2 * self.orders.max(32) {
            let keys = &self.keys;
            self.heap.retain(|Reverse((key, name))| keys.get(*name) == *key);
            self.cleanings += 1;
        }
        self.heap.push(Reverse((key, name)));
    }

    /// The best that is not out of date.
    fn best(&mut self) -> Option<(Key, Name)> {
        while let Some(Reverse((key, name))) = self.heap.peek() {
            if self.keys.get(*name) == *key {
                return Some((*key, *name));
            }
            self.heap.pop();
        }
        None
    }
}

impl Structure for LazyHeap {
    fn change(&mut self, name: Name, limit: i64) {
        let key = self.keys.change(name, limit);
        self.push(key, name);
    }

    fn clear(&mut self, slots: usize) -> i64 {
        self.served.clear();
        while self.served.len() < slots {
            let Some((_, name)) = self.best() else { break };
            self.heap.pop();
            // Its key changes now, so that whatever else stands in the heap for it is out of date.
            self.keys.serve(name);
            self.served.push(name);
        }
        let next = self.best().map_or(0, |(key, _)| -key.0);
        for index in 0..self.served.len() {
            let name = self.served[index];
            self.push(self.keys.get(name), name);
        }
        next
    }
}

/// Orders in no order; each clearing makes a heap of them all.
pub(crate) struct RebuiltHeap {
    keys: Keys,
    room: Vec<Entry>,
}

impl RebuiltHeap {
    pub(super) fn fill(limits: &[i64]) -> Self {
        Self { keys: Keys::fill(limits), room: Vec::new() }
    }
}

impl Structure for RebuiltHeap {
    fn change(&mut self, name: Name, limit: i64) {
        self.keys.change(name, limit);
    }

    fn clear(&mut self, slots: usize) -> i64 {
        let mut entries = std::mem::take(&mut self.room);
        entries.clear();
        entries.extend(self.keys.named().map(Reverse));
        let mut heap = BinaryHeap::from(entries);
        for _ in 0..slots.min(heap.len()) {
            let Some(Reverse((_, name))) = heap.pop() else { break };
            self.keys.serve(name);
        }
        let next = heap.peek().map_or(0, |Reverse((key, _))| -key.0);
        self.room = heap.into_vec();
        next
    }
}
