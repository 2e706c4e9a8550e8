//! Plain vectors: one that is always sorted, and one in which the best are selected for each clearing.

use super::{Key, Keys, Name, Structure};

/// Best first. A change moves what lies between the two places.
pub(crate) struct Sorted {
    orders: Vec<(Key, Name)>,
    keys: Keys,
    served: Vec<Name>,
}

impl Sorted {
    pub(super) fn fill(limits: &[i64]) -> Self {
        let keys = Keys::fill(limits);
        let mut orders: Vec<(Key, Name)> = keys.named().collect();
        orders.sort_unstable();
        Self { orders, keys, served: Vec::new() }
    }

    fn place(&self, key: Key) -> usize {
        self.orders.partition_point(|(other, _)| *other < key)
    }

    /// Moves an order from one place to another, and what lies between by one.
    fn shift(&mut self, from: Key, to: Key, name: Name) {
        let (from, before) = (self.place(from), self.place(to));
        if before > from {
            self.orders[from..before].rotate_left(1);
            self.orders[before - 1] = (to, name);
        } else {
            self.orders[before..=from].rotate_right(1);
            self.orders[before] = (to, name);
        }
    }
}

impl Structure for Sorted {
    fn change(&mut self, name: Name, limit: i64) {
        let from = self.keys.get(name);
        let to = self.keys.change(name, limit);
        self.shift(from, to, name);
    }

    fn clear(&mut self, slots: usize) -> i64 {
        self.served.clear();
        self.served.extend(self.orders.iter().take(slots).map(|(_, name)| *name));
        let next = self.orders.get(slots).map_or(0, |(key, _)| -key.0);
        for index in 0..self.served.len() {
            let name = self.served[index];
            let from = self.keys.get(name);
            let to = self.keys.serve(name);
            self.shift(from, to, name);
        }
        next
    }
}

/// In no order; each clearing selects the best of a copy.
pub(crate) struct Selected {
    keys: Keys,
    room: Vec<(Key, Name)>,
}

impl Selected {
    pub(super) fn fill(limits: &[i64]) -> Self {
        Self { keys: Keys::fill(limits), room: Vec::new() }
    }
}

impl Structure for Selected {
    fn change(&mut self, name: Name, limit: i64) {
        self.keys.change(name, limit);
    }

    fn clear(&mut self, slots: usize) -> i64 {
        self.room.clear();
        self.room.extend(self.keys.named());
        let mut next = 0;
        let mut best = &mut self.room[..];
        if slots < best.len() {
            let (served, (key, _), _) = best.select_nth_unstable(slots);
            (best, next) = (served, -key.0);
        }
        best.sort_unstable();
        for (_, name) in best {
            self.keys.serve(*name);
        }
        next
    }
}
