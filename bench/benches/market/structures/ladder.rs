//! The book of the product, through its own interface.

use std::ops::ControlFlow;

use maxwell_core::auction::book::{LadderBook, Order, OrderBook, OrderId};
use maxwell_core::tick::{AccountId, CellId};
use maxwell_core::units::Microjoules;

use super::{Name, Structure};

pub(crate) struct Ladder {
    pub(crate) book: LadderBook,
    best: Vec<OrderId>,
    tick: u64,
}

const fn order(cell: u32, limit: i64) -> Order {
    Order {
        cell: CellId(cell),
        wallet: AccountId(cell),
        limit: Microjoules(limit),
        slots: 1,
        last_tick: None,
    }
}

const fn id(name: Name) -> OrderId {
    OrderId { index: name as u32, generation: (name >> 32) as u32 }
}

const fn name(id: OrderId) -> Name {
    (id.generation as u64) << 32 | id.index as u64
}

impl Ladder {
    /// A full book, whose orders have the generation of whoever comes first to a place.
    pub(crate) fn fill(limits: &[i64]) -> Self {
        let mut ladder =
            Self { book: LadderBook::with_capacity(limits.len()), best: Vec::with_capacity(2_000), tick: 0 };
        for (nth, limit) in limits.iter().enumerate() {
            assert_eq!(ladder.insert(*limit), ladder.name(nth), "places are filled in turn");
        }
        ladder
    }

    pub(crate) fn insert(&mut self, limit: i64) -> Name {
        name(self.book.enter(order(0, limit)).expect("there is room"))
    }

    pub(crate) fn remove(&mut self, name: Name) {
        self.book.cancel(id(name)).expect("it is there");
    }
}

impl Structure for Ladder {
    fn name(&self, nth: usize) -> Name {
        name(OrderId { index: nth as u32, generation: 1 })
    }

    fn change(&mut self, name: Name, limit: i64) {
        let id = id(name);
        self.book.change(id, order(id.index, limit)).expect("it is there");
    }

    fn clear(&mut self, slots: usize) -> i64 {
        let Self { book, best, .. } = self;
        let mut next = 0;
        self.tick += 1;
        book.begin(self.tick);
        best.clear();
        book.best_first(Microjoules(1), &mut |id, order| {
            if best.len() < slots {
                best.push(id);
                return ControlFlow::Continue(());
            }
            next = order.limit.0;
            ControlFlow::Break(())
        });
        for id in best {
            book.ran(*id).expect("it is there");
        }
        next
    }
}
