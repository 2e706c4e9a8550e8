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

/// A name is a number from zero on; whoever uses a structure gives it.
pub(crate) type Name = u32;

/// A set of standing orders.
pub(crate) trait Structure {
    /// Puts an order in that is not there.
    fn insert(&mut self, name: Name, limit: i64);

    /// Changes the limit of one that is there.
    fn change(&mut self, name: Name, limit: i64);

    /// Takes one out that is there.
    fn remove(&mut self, name: Name);

    /// Serves the best `slots` orders; the limit of the best that is not served.
    fn clear(&mut self, slots: usize) -> i64;
}

/// A structure that is compared, with how it is filled.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// Makes one with these limits as orders zero, one and so on, and room for as many names more as are said.
    pub(crate) fill: fn(&[i64], usize) -> Box<dyn Structure>,
}

pub(crate) const CONTENDERS: [Contender; 6] = [
    Contender { name: "ladder", fill: |limits, room| Box::new(Ladder::fill(limits, room)) },
    Contender { name: "BTreeMap", fill: |limits, room| Box::new(Tree::fill(limits, room)) },
    Contender { name: "lazy heap", fill: |limits, room| Box::new(LazyHeap::fill(limits, room)) },
    Contender { name: "heap rebuilt", fill: |limits, room| Box::new(RebuiltHeap::fill(limits, room)) },
    Contender { name: "sorted Vec", fill: |limits, room| Box::new(Sorted::fill(limits, room)) },
    Contender { name: "select_nth", fill: |limits, room| Box::new(Selected::fill(limits, room)) },
];

/// Place of an order: ascending order of this is best first. The limit is negative.
pub(crate) type Key = (i64, u64);

/// What each order's place is, by name, and the turns that were drawn.
struct Keys {
    of: Vec<Key>,
    turns: u64,
}

impl Keys {
    fn fill(limits: &[i64], room: usize) -> Self {
        let numbered = limits.iter().enumerate();
        let mut of: Vec<Key> = numbered.map(|(turn, limit)| (-on_grid(*limit), turn as u64)).collect();
        of.resize(limits.len() + room, (0, 0));
        Self { of, turns: limits.len() as u64 }
    }

    fn get(&self, name: Name) -> Key {
        self.of[name as usize]
    }

    /// The place of an order that comes.
    fn come(&mut self, name: Name, limit: i64) -> Key {
        self.turns += 1;
        self.of[name as usize] = (-on_grid(limit), self.turns);
        self.get(name)
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
