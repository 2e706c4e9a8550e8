//! Random lives of books, beside the naive one. So few orders stand at one price that every book must be exact.

use super::*;
use proptest::prelude::*;

/// What is done to a book. Orders are named by how many had entered before them.
#[derive(Clone, Debug)]
enum Step {
    Enter(Order),
    Change(usize, Order),
    Cancel(usize),
    Ran(usize),
    RunBest(usize),
    CancelAll,
    Ticks(u64),
}

/// Limits that meet on the grid, lie at its borders, and do not exist.
fn limits() -> impl Strategy<Value = i64> {
    let top = Level::MAX.price().0;
    prop_oneof![
        6 => 1..6_i64,
        2 => 2_045..2_056_i64,
        1 => prop_oneof![Just(i64::MAX), Just(top), Just(top - 1), Just(0), Just(-1), Just(i64::MIN)],
    ]
}

fn orders() -> impl Strategy<Value = Order> {
    let last_tick = prop_oneof![
        3 => Just(None),
        2 => (0..12_u64).prop_map(Some),
        1 => prop_oneof![Just(Some(u64::MAX)), Just(Some(ORDER_TICKS_MAX + 5))],
    ];
    (0..12_u32, limits(), prop_oneof![5 => 1..4_u16, 1 => Just(0), 1 => Just(SLOTS_MAX)], last_tick).prop_map(
        |(cell, limit, slots, last_tick)| Order { slots: slots.into(), last_tick, ..order(cell, limit) },
    )
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let name = 0..14_usize;
    let step = prop_oneof![
        4 => orders().prop_map(Step::Enter),
        4 => (name.clone(), orders()).prop_map(|(name, order)| Step::Change(name, order)),
        2 => name.clone().prop_map(Step::Cancel),
        3 => name.prop_map(Step::Ran),
        3 => (1..5_usize).prop_map(Step::RunBest),
        1 => (0..4_u64).prop_map(Step::Ticks),
    ];
    let rarely = prop_oneof![60 => step, 1 => Just(Step::CancelAll)];
    prop::collection::vec(rarely, 1..200)
}

/// A book with the names that it gave, and the number of the tick.
struct Played {
    book: Box<dyn OrderBook>,
    names: Vec<OrderId>,
    tick: u64,
}

/// An answer that does not depend on how a book names its orders.
fn answer<T>(answer: &Result<T, BookError>) -> Result<(), String> {
    match answer {
        Ok(_) => Ok(()),
        Err(BookError::Stale(_)) => Err("stale".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

impl Played {
    fn new(make: MakeBook) -> Self {
        Self { book: make(), names: Vec::new(), tick: 0 }
    }

    /// The latest fourteen orders are spoken of, so that most of them are in the book.
    fn name(&self, number: usize) -> OrderId {
        let recent = self.names.len().saturating_sub(14);
        let unknown = OrderId { index: u32::MAX, generation: 1 };
        self.names.get(recent + number).copied().unwrap_or(unknown)
    }

    fn take(&mut self, step: &Step) -> Result<(), String> {
        match *step {
            // Crowds are for other tests: at most as many as are placed exactly.
            Step::Enter(_) if walk(&mut *self.book).len() >= 14 => Ok(()),
            Step::Enter(order) => {
                let entered = self.book.enter(order);
                self.names.extend(entered);
                answer(&entered)
            }
            Step::Change(number, order) => answer(&self.book.change(self.name(number), order)),
            Step::Cancel(number) => answer(&self.book.cancel(self.name(number))),
            Step::Ran(number) => answer(&self.book.ran(self.name(number))),
            Step::RunBest(count) => {
                let mut best = Vec::new();
                self.book.best_first(Microjoules(2), &mut |id, _| {
                    best.push(id);
                    if best.len() == count { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                });
                best.into_iter().try_for_each(|id| answer(&self.book.ran(id)))
            }
            Step::CancelAll => {
                for id in &self.names {
                    let _ = self.book.cancel(*id);
                }
                Ok(())
            }
            Step::Ticks(ticks) => {
                self.tick += ticks;
                self.book.begin(self.tick);
                Ok(())
            }
        }
    }

    /// The orders by their names.
    fn named(&self) -> Vec<Option<Order>> {
        self.names.iter().map(|id| self.book.get(*id)).collect()
    }
}

proptest! {
    #[test]
    fn every_book_agrees_with_the_naive_one(steps in steps(), lowest in limits()) {
        for (name, make) in BOOKS {
            let (mut played, mut oracle) = (Played::new(make), Played::new(BOOKS[2].1));
            for step in &steps {
                prop_assert_eq!(played.take(step), oracle.take(step), "{}: {:?}", name, step);
                prop_assert_eq!(played.named(), oracle.named(), "{}: after {:?}", name, step);
                prop_assert!(played.book.len() >= oracle.book.len(), "{}: after {:?}", name, step);
                let seen = walk_from(&mut *played.book, lowest);
                prop_assert_eq!(seen, walk_from(&mut *oracle.book, lowest), "{}: after {:?}", name, step);
            }
            prop_assert_eq!(walk(&mut *played.book), walk(&mut *oracle.book), "{}", name);
            prop_assert_eq!(played.book.len(), oracle.book.len(), "a whole walk drops whatever is over");
        }
    }
}
