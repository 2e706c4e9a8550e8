//! The search tree of the standard library, and the place of every order beside it.

use std::collections::BTreeMap;

use super::{Key, Keys, Name, Structure};

pub(crate) struct Tree {
    orders: BTreeMap<Key, Name>,
    keys: Keys,
    served: Vec<Name>,
}

impl Tree {
    pub(super) fn fill(limits: &[i64]) -> Self {
        let keys = Keys::fill(limits);
        let orders = keys.named().collect();
        Self { orders, keys, served: Vec::new() }
    }
}

impl Structure for Tree {
    fn change(&mut self, name: Name, limit: i64) {
        self.orders.remove(&self.keys.get(name));
        self.orders.insert(self.keys.change(name, limit), name);
    }

    fn clear(&mut self, slots: usize) -> i64 {
        self.served.clear();
        while self.served.len() < slots {
            let Some((_, name)) = self.orders.pop_first() else { break };
            self.served.push(name);
        }
        let next = self.orders.first_key_value().map_or(0, |(key, _)| -key.0);
        for name in &self.served {
            self.orders.insert(self.keys.serve(*name), *name);
        }
        next
    }
}
