//! One contract for every order book: the ladder, the textbook's heap, and a naive one that scans for the best each time.

mod heap;
mod naive;
mod random;
mod shelf;

use std::ops::ControlFlow;

use super::*;
use crate::auction::book::{BookError, OrderId, grid::Level};
use crate::limits::{ORDER_TICKS_MAX, SLOTS_MAX};
use heap::HeapBook;
use naive::NaiveBook;

/// Orders that the books here take.
const CAPACITY: usize = 40;

type MakeBook = fn() -> Box<dyn OrderBook>;

const BOOKS: [(&str, MakeBook); 3] = [
    ("ladder", || Box::new(LadderBook::with_capacity(CAPACITY))),
    ("heap", || Box::new(HeapBook::with_capacity(CAPACITY))),
    ("naive", || Box::new(NaiveBook::with_capacity(CAPACITY))),
];

fn order(cell: u32, limit: i64) -> Order {
    Order {
        cell: CellId(cell),
        wallet: AccountId(cell),
        limit: Microjoules(limit),
        slots: 1,
        last_tick: None,
    }
}

/// The orders at or above a limit, best first.
fn walk_from(book: &mut dyn OrderBook, lowest: i64) -> Vec<Order> {
    let mut seen = Vec::new();
    book.best_first(Microjoules(lowest), &mut |_, order| {
        seen.push(*order);
        ControlFlow::Continue(())
    });
    seen
}

fn walk(book: &mut dyn OrderBook) -> Vec<Order> {
    walk_from(book, 0)
}

fn cells(book: &mut dyn OrderBook) -> Vec<u32> {
    walk(book).iter().map(|order| order.cell.0).collect()
}

fn on_every_book(contract: impl Fn(&str, &mut dyn OrderBook)) {
    for (name, make) in BOOKS {
        contract(name, &mut *make());
    }
}

#[test]
fn an_empty_book_is_empty_and_knows_no_name() {
    on_every_book(|name, book| {
        assert!(book.is_empty() && walk(book).is_empty(), "{name}");
        let id = OrderId { index: 0, generation: 1 };
        assert_eq!(book.cancel(id), Err(BookError::Stale(id)), "{name}");
        assert_eq!(book.ran(id), Err(BookError::Stale(id)), "{name}");
        assert_eq!(book.change(id, order(1, 5)), Err(BookError::Stale(id)), "{name}");
        assert_eq!((book.get(id), book.len()), (None, 0), "{name}");
    });
}

#[test]
fn the_higher_limit_comes_first_then_who_waits_longest() {
    on_every_book(|name, book| {
        let ids =
            [(1, 5), (2, 9), (3, 5), (4, 7)].map(|(cell, limit)| book.enter(order(cell, limit)).unwrap());
        assert_eq!(cells(book), [2, 4, 1, 3], "{name}");
        book.ran(ids[0]).unwrap();
        assert_eq!(cells(book), [2, 4, 3, 1], "{name}");
        book.ran(ids[1]).unwrap();
        assert_eq!(cells(book), [2, 4, 3, 1], "{name}: a higher limit stays ahead however often it runs");
    });
}

#[test]
fn those_that_ran_in_one_tick_queue_up_in_the_order_in_which_they_were_served() {
    on_every_book(|name, book| {
        let ids: Vec<OrderId> = (0..3).map(|cell| book.enter(order(cell, 5)).unwrap()).collect();
        for expected in [[0, 1], [2, 0], [1, 2], [0, 1]] {
            let best = cells(book)[..2].to_vec();
            assert_eq!(best, expected, "{name}");
            for cell in best {
                book.ran(ids[cell as usize]).unwrap();
            }
        }
    });
}

#[test]
fn one_that_runs_out_of_turn_goes_behind_its_equals() {
    on_every_book(|name, book| {
        let ids: Vec<OrderId> = (0..4).map(|cell| book.enter(order(cell, 5)).unwrap()).collect();
        book.ran(ids[2]).unwrap();
        assert_eq!(cells(book), [0, 1, 3, 2], "{name}");
        book.ran(ids[2]).unwrap();
        assert_eq!(cells(book), [0, 1, 3, 2], "{name}: the last stays the last");
    });
}

#[test]
fn a_change_keeps_its_turn_and_its_name_and_coming_back_does_not() {
    on_every_book(|name, book| {
        let ids = [1, 2, 3].map(|cell| book.enter(order(cell, 5)).unwrap());
        book.change(ids[1], order(2, 4)).unwrap();
        assert_eq!(cells(book), [1, 3, 2], "{name}");
        book.change(ids[1], Order { slots: 7, ..order(2, 5) }).unwrap();
        assert_eq!(cells(book), [1, 2, 3], "{name}: changed, and changed back");
        assert_eq!((book.get(ids[1]).unwrap().slots, book.len()), (7, 3), "{name}");
        book.cancel(ids[1]).unwrap();
        assert_eq!(book.cancel(ids[1]), Err(BookError::Stale(ids[1])), "{name}: once");
        book.enter(order(2, 5)).unwrap();
        assert_eq!(cells(book), [1, 3, 2], "{name}");
    });
}

#[test]
fn a_change_of_slots_or_of_the_last_tick_alone_keeps_the_place() {
    on_every_book(|name, book| {
        let ids = [1, 2, 3].map(|cell| book.enter(order(cell, 5)).unwrap());
        let changed = Order { slots: 3, last_tick: Some(9), ..order(2, 5) };
        book.change(ids[1], changed).unwrap();
        assert_eq!(walk(book), [order(1, 5), changed, order(3, 5)], "{name}");
        book.change(ids[1], order(2, 5)).unwrap();
        book.begin(10);
        assert_eq!(cells(book), [1, 2, 3], "{name}: it lasts again");
    });
}

#[test]
fn one_that_is_changed_after_it_was_seen_and_before_it_ran_is_charged_its_turn() {
    on_every_book(|name, book| {
        let ids = [1, 2, 3].map(|cell| book.enter(order(cell, 5)).unwrap());
        assert_eq!(cells(book)[0], 1, "{name}");
        book.change(ids[0], order(1, 7)).unwrap();
        book.ran(ids[0]).unwrap();
        book.change(ids[0], order(1, 5)).unwrap();
        assert_eq!(cells(book), [2, 3, 1], "{name}");
    });
}

#[test]
fn a_newcomer_waits_behind_those_that_are_there() {
    on_every_book(|name, book| {
        let id = book.enter(order(1, 5)).unwrap();
        book.ran(id).unwrap();
        book.enter(order(2, 5)).unwrap();
        assert_eq!(cells(book), [1, 2], "{name}");
    });
}

#[test]
fn a_visitor_that_breaks_off_sees_no_more() {
    on_every_book(|name, book| {
        for cell in 1..=9 {
            book.enter(order(cell, i64::from(cell))).unwrap();
        }
        let mut seen = 0;
        book.best_first(Microjoules(1), &mut |_, _| {
            seen += 1;
            if seen == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(seen, 3, "{name}");
    });
}

#[test]
fn a_limit_is_rounded_down_to_the_grid_and_is_then_the_limit() {
    on_every_book(|name, book| {
        let id = book.enter(order(1, 600_000)).unwrap();
        assert_eq!(book.get(id).unwrap().limit, Microjoules(599_552), "{name}");
        assert_eq!(walk_from(book, 599_552).len(), 1, "{name}");
        assert_eq!(walk_from(book, 599_553).len(), 0, "{name}: a reserve inside the step is above it");
        book.enter(order(2, 599_552)).unwrap();
        assert_eq!(cells(book), [1, 2], "{name}: they are equals");
        book.change(id, order(1, 600_100)).unwrap();
        assert_eq!(book.get(id).unwrap().limit, Microjoules(600_064), "{name}");
    });
}

#[test]
fn the_smallest_and_the_largest_limit_are_limits() {
    on_every_book(|name, book| {
        let most = Level::MAX.price().0;
        book.enter(order(1, 1)).unwrap();
        book.enter(Order { slots: SLOTS_MAX.into(), ..order(2, i64::MAX) }).unwrap();
        book.enter(order(3, most - 1)).unwrap();
        assert_eq!(cells(book), [2, 3, 1], "{name}");
        for (lowest, seen) in [(i64::MIN, 3), (0, 3), (1, 3), (2, 2), (most, 1), (most + 1, 0), (i64::MAX, 0)]
        {
            assert_eq!(walk_from(book, lowest).len(), seen, "{name}: from {lowest}");
        }
    });
}

#[test]
fn what_is_no_order_is_refused_and_changes_nothing() {
    on_every_book(|name, book| {
        book.begin(7);
        let id = book.enter(order(1, 5)).unwrap();
        let latest = 7 + ORDER_TICKS_MAX;
        let bad = [
            order(1, 0),
            order(1, -1),
            Order { slots: 0, ..order(1, 9) },
            Order { slots: u32::from(SLOTS_MAX) + 1, ..order(1, 9) },
            Order { last_tick: Some(6), ..order(1, 9) },
            Order { last_tick: Some(latest + 1), ..order(1, 9) },
            Order { last_tick: Some(u64::MAX), ..order(1, 9) },
        ];
        for order in bad {
            let error = book.enter(order).unwrap_err();
            assert_eq!(book.change(id, order), Err(error), "{name}: {order:?}");
        }
        assert_eq!(walk(book), [order(1, 5)], "{name}");
        let lasting = Order { last_tick: Some(latest), ..order(1, 9) };
        book.change(id, lasting).unwrap();
        assert_eq!(book.get(id), Some(lasting), "{name}");
    });
}

#[test]
fn an_order_takes_part_in_its_last_tick_and_in_none_after_it() {
    on_every_book(|name, book| {
        book.begin(3);
        let id = book.enter(Order { last_tick: Some(5), ..order(1, 9) }).unwrap();
        let other = book.enter(order(2, 5)).unwrap();
        for tick in 3..=5 {
            book.begin(tick);
            assert_eq!(cells(book), [1, 2], "{name}: tick {tick}");
        }
        book.begin(6);
        assert_eq!(book.get(id), None, "{name}");
        assert_eq!(book.ran(id), Err(BookError::Stale(id)), "{name}");
        assert_eq!(book.cancel(id), Err(BookError::Stale(id)), "{name}");
        assert_eq!(cells(book), [2], "{name}");
        assert_eq!((book.len(), book.get(other).is_some()), (1, true), "{name}");
    });
}

#[test]
fn what_is_over_gives_its_place_away_by_and_by() {
    on_every_book(|name, book| {
        for cell in 0..CAPACITY as u32 {
            book.enter(Order { last_tick: Some(0), ..order(cell, i64::from(cell) + 1) }).unwrap();
        }
        book.begin(1);
        book.begin(2);
        assert_eq!(book.len(), 0, "{name}");
        for cell in 0..CAPACITY as u32 {
            book.enter(order(cell, 5)).unwrap();
        }
        assert_eq!(cells(book), (0..CAPACITY as u32).collect::<Vec<_>>(), "{name}");
    });
}

#[test]
fn a_full_book_takes_no_more_until_one_leaves() {
    on_every_book(|name, book| {
        let ids: Vec<OrderId> =
            (0..CAPACITY as u32).map(|cell| book.enter(order(cell, 5)).unwrap()).collect();
        let full = Err(BookError::Full { capacity: CAPACITY });
        assert_eq!(book.enter(order(99, 9)), full, "{name}");
        book.change(ids[0], order(0, 4)).unwrap();
        book.cancel(ids[1]).unwrap();
        book.enter(order(99, 9)).unwrap();
        assert_eq!(book.enter(order(98, 9)), full, "{name}");
        assert_eq!(walk(book).len(), CAPACITY, "{name}");
    });
}

#[test]
fn a_place_is_used_again_and_a_name_is_not() {
    on_every_book(|name, book| {
        let old = book.enter(order(1, 5)).unwrap();
        book.cancel(old).unwrap();
        let new = book.enter(order(2, 5)).unwrap();
        assert_ne!(old, new, "{name}");
        assert_eq!(book.get(old), None, "{name}");
        assert_eq!(book.ran(old), Err(BookError::Stale(old)), "{name}");
        assert_eq!(book.change(old, order(3, 9)), Err(BookError::Stale(old)), "{name}");
        assert_eq!(book.cancel(old), Err(BookError::Stale(old)), "{name}");
        assert_eq!(walk(book), [order(2, 5)], "{name}");
    });
}

#[test]
fn a_book_that_everybody_leaves_is_as_new() {
    on_every_book(|name, book| {
        for round in 0..3 {
            let ids: Vec<OrderId> =
                (0..30).map(|cell| book.enter(order(cell, i64::from(cell % 7) + 1)).unwrap()).collect();
            ids.iter().rev().for_each(|id| book.cancel(*id).unwrap());
            assert!(book.is_empty() && walk(book).is_empty(), "{name}: round {round}");
        }
    });
}

#[test]
fn errors_say_what_to_do() {
    let errors = [
        BookError::Full { capacity: 7 },
        BookError::Stale(OrderId { index: 3, generation: 5 }),
        BookError::NotAnOrder { limit: Microjoules(0), slots: 1 },
        BookError::Over { last: 3, now: 4 },
        BookError::TooLong { last: u64::MAX, now: 4 },
    ];
    let said = errors.map(|error| error.to_string());
    for (text, part) in said.iter().zip(["cancel one", "was cancelled", "1 to 1024", "later", "or none"]) {
        assert!(text.contains(part), "{text}");
    }
}
