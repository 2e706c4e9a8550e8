//! The structures that are compared. All do the same work: orders have names and change their price, the best are found in
//! price-time priority, and who is served goes behind its equals.

mod arrays;
mod heaps;
mod ladder;
mod tree;

pub(crate) use arrays::{Selected, Sorted};
pub(crate) use heaps::{LazyHeap, RebuiltHeap};
pub(crate) use ladder::Ladder;
pub(crate) use tree::Tree;

/// What a structure calls an order, so that who wants to change it can say which.
pub(crate) type Name = u64;

/// A set of standing orders.
pub(crate) trait Structure {
    /// The name of one of the orders that it was filled with.
    fn name(&self, nth: usize) -> Name {
        nth as Name
    }

    /// Changes the limit of an order.
    fn change(&mut self, name: Name, limit: i64);

    /// Serves the best `slots` orders; the limit of the best that is not served.
    fn clear(&mut self, slots: usize) -> i64;
}

/// A structure that is compared, with how it is filled.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) fill: fn(&[i64]) -> Box<dyn Structure>,
}

pub(crate) const CONTENDERS: [Contender; 6] = [
    Contender { name: "ladder", fill: |limits| Box::new(Ladder::fill(limits)) },
    Contender { name: "BTreeMap", fill: |limits| Box::new(Tree::fill(limits)) },
    Contender { name: "lazy heap", fill: |limits| Box::new(LazyHeap::fill(limits)) },
    Contender { name: "heap rebuilt", fill: |limits| Box::new(RebuiltHeap::fill(limits)) },
    Contender { name: "sorted Vec", fill: |limits| Box::new(Sorted::fill(limits)) },
    Contender { name: "select_nth", fill: |limits| Box::new(Selected::fill(limits)) },
];

/// Place of an order: ascending order of this is best first. The limit is negative.
pub(crate) type Key = (i64, u64);

/// What each order's place is, by name, and the turns that were drawn.
struct Keys {
    of: Vec<Key>,
    turns: u64,
}

impl Keys {
    fn fill(limits: &[i64]) -> Self {
        let numbered = limits.iter().enumerate();
        let of = numbered.map(|(turn, limit)| (-on_grid(*limit), turn as u64)).collect();
        Self { of, turns: limits.len() as u64 }
    }

    /// Every order and its place.
    fn named(&self) -> impl Iterator<Item = (Key, Name)> {
        self.of.iter().enumerate().map(|(name, key)| (*key, name as Name))
    }

    fn get(&self, name: Name) -> Key {
        self.of[name as usize]
    }

    /// The place with another limit.
    fn change(&mut self, name: Name, limit: i64) -> Key {
        self.of[name as usize].0 = -on_grid(limit);
        self.get(name)
    }

    /// The place after it was served.
    fn serve(&mut self, name: Name) -> Key {
        self.turns += 1;
        self.of[name as usize].1 = self.turns;
        self.get(name)
    }
}

fn on_grid(limit: i64) -> i64 {
    use maxwell_core::auction::book::grid::Level;
    use maxwell_core::units::Microjoules;
    Level::at_most(Microjoules(limit)).price().0
}
