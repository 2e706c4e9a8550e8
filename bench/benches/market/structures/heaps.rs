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

/// The key of an order that is not there.
const GONE: Key = (i64::MAX, u64::MAX);

impl LazyHeap {
    pub(crate) fn fill(limits: &[i64], room: usize) -> Self {
        let keys = Keys::fill(limits, room);
        let heap = (0..limits.len() as Name).map(|name| Reverse((keys.get(name), name))).collect();
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
    fn insert(&mut self, name: Name, limit: i64) {
        self.orders += 1;
        let key = self.keys.come(name, limit);
        self.push(key, name);
    }

    fn change(&mut self, name: Name, limit: i64) {
        let key = self.keys.change(name, limit);
        self.push(key, name);
    }

    fn remove(&mut self, name: Name) {
        self.orders -= 1;
        self.keys.of[name as usize] = GONE;
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
    present: Vec<Name>,
    place: Vec<u32>,
    room: Vec<Entry>,
}

impl RebuiltHeap {
    pub(super) fn fill(limits: &[i64], room: usize) -> Self {
        let present: Vec<Name> = (0..limits.len() as Name).collect();
        let mut place = present.clone();
        place.resize(limits.len() + room, 0);
        Self { keys: Keys::fill(limits, room), present, place, room: Vec::new() }
    }
}

impl Structure for RebuiltHeap {
    fn insert(&mut self, name: Name, limit: i64) {
        self.keys.come(name, limit);
        self.place[name as usize] = self.present.len() as u32;
        self.present.push(name);
    }

    fn change(&mut self, name: Name, limit: i64) {
        self.keys.change(name, limit);
    }

    fn remove(&mut self, name: Name) {
        let place = self.place[name as usize];
        self.present.swap_remove(place as usize);
        if let Some(moved) = self.present.get(place as usize) {
            self.place[*moved as usize] = place;
        }
    }

    fn clear(&mut self, slots: usize) -> i64 {
        let mut entries = std::mem::take(&mut self.room);
        entries.clear();
        entries.extend(self.present.iter().map(|name| Reverse((self.keys.get(*name), *name))));
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
