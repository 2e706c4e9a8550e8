//! The book of the product, through its own interface.

use std::ops::ControlFlow;

use maxwell_core::auction::book::{LadderBook, Order, OrderBook, OrderId};
use maxwell_core::tick::{AccountId, CellId};
use maxwell_core::units::Microjoules;

use super::{Name, Structure};

pub(crate) struct Ladder {
    pub(crate) book: LadderBook,
    ids: Vec<OrderId>,
    best: Vec<OrderId>,
    tick: u64,
}

const fn order(name: Name, limit: i64) -> Order {
    Order {
        cell: CellId(name),
        wallet: AccountId(name),
        limit: Microjoules(limit),
        slots: 1,
        last_tick: None,
    }
}

impl Ladder {
    pub(crate) fn fill(limits: &[i64], room: usize) -> Self {
        let mut book = LadderBook::with_capacity(limits.len() + room);
        let mut ids: Vec<OrderId> = limits
            .iter()
            .enumerate()
            .map(|(name, limit)| book.enter(order(name as u32, *limit)).expect("there is room"))
            .collect();
        ids.resize(limits.len() + room, OrderId { index: 0, generation: 0 });
        Self { book, ids, best: Vec::with_capacity(2_000), tick: 0 }
    }
}

impl Structure for Ladder {
    fn insert(&mut self, name: Name, limit: i64) {
        self.ids[name as usize] = self.book.enter(order(name, limit)).expect("there is room");
    }

    fn change(&mut self, name: Name, limit: i64) {
        self.book.change(self.ids[name as usize], order(name, limit)).expect("it is there");
    }

    fn remove(&mut self, name: Name) {
        self.book.cancel(self.ids[name as usize]).expect("it is there");
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
