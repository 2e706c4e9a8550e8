//! One contract for every order book: they are run beside a naive one that scans for the best each time.

use super::*;
use proptest::prelude::*;

/// The oracle: orders with the turn that each drew, in no order; the best is searched for each time.
#[derive(Default)]
struct NaiveBook {
    orders: Vec<(u64, Order)>,
    turns: u64,
}

impl NaiveBook {
    fn is_better(a: &(u64, Order), b: &(u64, Order)) -> bool {
        a.1.limit > b.1.limit || (a.1.limit == b.1.limit && a.0 < b.0)
    }
}

impl OrderBook for NaiveBook {
    fn place(&mut self, order: Order) {
        if let Some(slot) = self.orders.iter_mut().find(|(_, o)| o.cell == order.cell) {
            slot.1 = order;
            return;
        }
        self.turns += 1;
        self.orders.push((self.turns, order));
    }

    fn cancel(&mut self, cell: CellId) -> bool {
        let before = self.orders.len();
        self.orders.retain(|(_, order)| order.cell != cell);
        self.orders.len() < before
    }

    fn ran(&mut self, cell: CellId) {
        self.turns += 1;
        let turn = self.turns;
        self.orders.iter_mut().filter(|(_, order)| order.cell == cell).for_each(|slot| slot.0 = turn);
    }

    fn best_first(&self, visit: &mut dyn FnMut(&Order) -> ControlFlow<()>) {
        let mut left = self.orders.clone();
        while !left.is_empty() {
            let best = (1..left.len())
                .fold(0, |best, at| if Self::is_better(&left[at], &left[best]) { at } else { best });
            let (_, order) = left.swap_remove(best);
            if visit(&order).is_break() {
                return;
            }
        }
    }

    fn len(&self) -> usize {
        self.orders.len()
    }
}

type MakeBook = fn() -> Box<dyn OrderBook>;

const BOOKS: [(&str, MakeBook); 2] =
    [("sorted", || Box::new(SortedBook::new())), ("naive", || Box::new(NaiveBook::default()))];

fn order(cell: u32, limit: i64) -> Order {
    Order { cell: CellId(cell), wallet: AccountId(cell), limit: Microjoules(limit), slots: 1 }
}

fn walk(book: &dyn OrderBook) -> Vec<Order> {
    let mut seen = Vec::new();
    book.best_first(&mut |order| {
        seen.push(*order);
        ControlFlow::Continue(())
    });
    seen
}

fn cells(book: &dyn OrderBook) -> Vec<u32> {
    walk(book).iter().map(|order| order.cell.0).collect()
}

fn on_every_book(contract: impl Fn(&str, &mut dyn OrderBook)) {
    for (name, make) in BOOKS {
        contract(name, &mut *make());
    }
}

#[test]
fn an_empty_book_is_empty() {
    on_every_book(|name, book| {
        assert!(book.is_empty() && walk(book).is_empty(), "{name}");
        assert!(!book.cancel(CellId(1)), "{name}");
        book.ran(CellId(1));
        assert_eq!(book.len(), 0, "{name}: what is not there does not come in by running");
    });
}

#[test]
fn the_higher_limit_comes_first_then_who_waits_longest() {
    on_every_book(|name, book| {
        for (cell, limit) in [(1, 5), (2, 9), (3, 5), (4, 7)] {
            book.place(order(cell, limit));
        }
        assert_eq!(cells(book), [2, 4, 1, 3], "{name}");
        book.ran(CellId(1));
        assert_eq!(cells(book), [2, 4, 3, 1], "{name}");
        book.ran(CellId(2));
        assert_eq!(cells(book), [2, 4, 3, 1], "{name}: a higher limit stays ahead however often it runs");
    });
}

#[test]
fn those_that_ran_in_one_tick_queue_up_in_the_order_in_which_they_were_served() {
    on_every_book(|name, book| {
        for cell in 1..=3 {
            book.place(order(cell, 5));
        }
        for expected in [[1, 2], [3, 1], [2, 3], [1, 2]] {
            let best = cells(book)[..2].to_vec();
            assert_eq!(best, expected, "{name}");
            for cell in best {
                book.ran(CellId(cell));
            }
        }
    });
}

#[test]
fn a_change_keeps_its_turn_and_coming_back_does_not() {
    on_every_book(|name, book| {
        for cell in 1..=3 {
            book.place(order(cell, 5));
        }
        book.place(order(1, 4));
        book.place(Order { slots: 7, ..order(1, 5) });
        assert_eq!(cells(book), [1, 2, 3], "{name}: changed, and changed back");
        assert_eq!((walk(book)[0].slots, book.len()), (7, 3), "{name}");
        assert!(book.cancel(CellId(1)), "{name}");
        assert!(!book.cancel(CellId(1)), "{name}: once");
        book.place(order(1, 5));
        assert_eq!(cells(book), [2, 3, 1], "{name}");
    });
}

#[test]
fn a_newcomer_waits_behind_those_that_are_there() {
    on_every_book(|name, book| {
        book.place(order(1, 5));
        book.ran(CellId(1));
        book.place(order(2, 5));
        assert_eq!(cells(book), [1, 2], "{name}");
    });
}

#[test]
fn a_visitor_that_breaks_off_sees_no_more() {
    on_every_book(|name, book| {
        (1..=9).for_each(|cell| book.place(order(cell, i64::from(cell))));
        let mut seen = 0;
        book.best_first(&mut |_| {
            seen += 1;
            if seen == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(seen, 3, "{name}");
    });
}

#[derive(Clone, Debug)]
enum Step {
    Place(u32, i64, u16),
    Cancel(u32),
    Ran(u32),
    RunBest(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let cell = 0..12_u32;
    let step = prop_oneof![
        3 => (cell.clone(), prop_oneof![1..6_i64, Just(i64::MAX)], 1..4_u16).prop_map(|(c, l, s)| Step::Place(c, l, s)),
        1 => cell.clone().prop_map(Step::Cancel),
        2 => cell.prop_map(Step::Ran),
        1 => (1..5_usize).prop_map(Step::RunBest),
    ];
    prop::collection::vec(step, 1..200)
}

fn take(book: &mut dyn OrderBook, step: &Step) -> Option<bool> {
    match *step {
        Step::Place(cell, limit, slots) => book.place(Order { slots, ..order(cell, limit) }),
        Step::Cancel(cell) => return Some(book.cancel(CellId(cell))),
        Step::Ran(cell) => book.ran(CellId(cell)),
        Step::RunBest(count) => {
            let best: Vec<Order> = walk(book).into_iter().take(count).collect();
            for order in best {
                book.ran(order.cell);
            }
        }
    }
    None
}

proptest! {
    #[test]
    fn every_book_agrees_with_the_naive_one(steps in steps()) {
        for (name, make) in BOOKS {
            let (mut book, mut oracle) = (make(), NaiveBook::default());
            for step in &steps {
                prop_assert_eq!(take(&mut *book, step), take(&mut oracle, step), "{}: {:?}", name, step);
                prop_assert_eq!(walk(&*book), walk(&oracle), "{}: after {:?}", name, step);
                prop_assert_eq!(book.len(), oracle.len());
            }
        }
    }
}
