//! What only the ladder does: lines, crowds, its slab and its sweep.

use super::*;
use crate::tick::{AccountId, CellId};
use proptest::prelude::*;

fn order(cell: u32, limit: i64) -> Order {
    Order {
        cell: CellId(cell),
        wallet: AccountId(cell),
        limit: Microjoules(limit),
        slots: 1,
        last_tick: None,
    }
}

fn walk(book: &mut LadderBook) -> Vec<(OrderId, Order)> {
    let mut seen = Vec::new();
    book.best_first(Microjoules(1), &mut |id, order| {
        seen.push((id, *order));
        ControlFlow::Continue(())
    });
    seen
}

/// Every ring is whole, every record is in one ring or free, and the levels are those that have orders.
fn assert_whole(book: &LadderBook) {
    let mut linked = 0;
    let mut descent = Descent::new();
    let listed: Vec<Level> = std::iter::from_fn(|| descent.step(&book.levels)).collect();
    let occupied = book.lines.iter().enumerate().rev().filter(|(_, line)| line.orders > 0);
    assert!(
        occupied.map(|(number, _)| Level(number as u16)).eq(listed),
        "the levels are those that have orders"
    );
    for (number, line) in book.lines.iter().enumerate() {
        let level = Level(number as u16);
        let mut index = line.first;
        for _ in 0..line.orders {
            let record = book.at(index);
            assert!(record.is_live() && record.level == level, "{record:?} at {level:?}");
            assert_eq!(book.at(record.next).prev, index);
            index = record.next;
        }
        assert!(line.orders == 0 || index == line.first, "the ring of {level:?} has another length");
        linked += line.orders as usize;
    }
    let mut free = 0;
    let mut index = book.free;
    while index != NONE {
        assert!(!book.at(index).is_live());
        (index, free) = (book.at(index).next, free + 1);
    }
    assert_eq!((linked, linked + free), (book.orders, book.records.len()));
}

#[derive(Clone, Debug)]
enum Step {
    Enter(i64, Option<u64>),
    Change(usize, i64),
    Cancel(usize),
    Serve(usize),
    Tick,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1..4_i64, prop_oneof![Just(None), (0..9_u64).prop_map(Some)]).prop_map(|(l, t)| Step::Enter(l, t)),
        6 => (0..80_usize, 1..4_i64).prop_map(|(name, limit)| Step::Change(name, limit)),
        1 => (0..80_usize).prop_map(Step::Cancel),
        2 => (1..40_usize).prop_map(Step::Serve),
        1 => Just(Step::Tick),
    ];
    prop::collection::vec(step, 1..400)
}

proptest! {
    #[test]
    fn crowds_lose_nobody_and_keep_the_priority_of_price(steps in steps()) {
        let mut book = LadderBook::with_capacity(80);
        let (mut names, mut tick) = (Vec::new(), 0);
        for step in steps {
            match step {
                Step::Enter(limit, last_tick) => {
                    names.extend(book.enter(Order { last_tick, ..order(names.len() as u32, limit) }));
                }
                Step::Change(name, limit) => {
                    if let Some(id) = names.get(name) {
                        let _ = book.change(*id, order(name as u32, limit));
                    }
                }
                Step::Cancel(name) => {
                    if let Some(id) = names.get(name) {
                        let _ = book.cancel(*id);
                    }
                }
                Step::Serve(count) => {
                    let best = walk(&mut book);
                    best.iter().take(count).for_each(|(id, _)| book.ran(*id).unwrap());
                }
                Step::Tick => {
                    tick += 1;
                    book.begin(tick);
                }
            }
            let named = names.iter().filter(|id| book.get(**id).is_some()).count();
            let seen = walk(&mut book);
            prop_assert!(seen.is_sorted_by(|a, b| a.1.limit >= b.1.limit));
            prop_assert_eq!(seen.len(), named);
            prop_assert!(seen.iter().all(|(id, order)| book.get(*id) == Some(*order)));
            let by_price: u32 = book.depth(Microjoules(1)).map(|(_, orders)| orders).sum();
            prop_assert_eq!(by_price as usize, book.len());
        }
        assert_whole(&book);
    }
}

#[test]
fn who_has_waited_longest_comes_first_however_large_the_crowd() {
    let mut book = LadderBook::with_capacity(1_000);
    let ids: Vec<OrderId> = (0..1_000).map(|cell| book.enter(order(cell, 5)).unwrap()).collect();
    // All but the 500th have run since.
    ids.iter().enumerate().filter(|(cell, _)| *cell != 500).for_each(|(_, id)| book.ran(*id).unwrap());
    for (cell, id) in ids.iter().enumerate() {
        book.change(*id, order(cell as u32, 6)).unwrap();
    }
    assert_eq!(walk(&mut book)[0].1.cell, CellId(500));
}

#[test]
fn a_crowd_that_moves_in_the_order_of_its_turns_keeps_them_wherever_the_round_stands() {
    for served in [0, 1, 99, 100, 512, 999] {
        let mut book = LadderBook::with_capacity(1_000);
        let ids: Vec<OrderId> = (0..1_000).map(|cell| book.enter(order(cell, 5)).unwrap()).collect();
        ids[..served].iter().for_each(|id| book.ran(*id).unwrap());
        for (cell, id) in ids.iter().enumerate() {
            book.change(*id, order(cell as u32, 6)).unwrap();
        }
        let cells: Vec<usize> = walk(&mut book).iter().map(|(_, order)| order.cell.0 as usize).collect();
        let expected: Vec<usize> = (served..1_000).chain(0..served).collect();
        assert_eq!(cells, expected, "after {served} were served");
    }
}

#[test]
fn one_that_has_just_run_goes_behind_a_crowd_whoever_came_last() {
    let mut book = LadderBook::with_capacity(41);
    let ids: Vec<OrderId> =
        (0..41).map(|cell| book.enter(order(cell, if cell < 39 { 6 } else { 5 })).unwrap()).collect();
    (0..39).for_each(|cell| book.ran(ids[cell]).unwrap());
    // The newcomer is the one that has waited longest, and the next to come has just run.
    book.change(ids[39], order(39, 6)).unwrap();
    book.ran(ids[40]).unwrap();
    book.change(ids[40], order(40, 6)).unwrap();
    let cells: Vec<u32> = walk(&mut book).iter().map(|(_, order)| order.cell.0).collect();
    assert_eq!((cells[0], cells[40]), (39, 40), "{cells:?}");
}

#[test]
fn the_sweep_drops_what_no_walk_meets() {
    let mut book = LadderBook::with_capacity(1_000);
    for cell in 0..1_000 {
        book.enter(Order { last_tick: Some(0), ..order(cell, 5) }).unwrap();
    }
    let ticks = 1_000_u64.div_ceil(u64::from(SWEPT_PER_TICK));
    (1..ticks).for_each(|tick| book.begin(tick));
    assert!(!book.is_empty());
    book.begin(ticks);
    assert!(book.is_empty());
    assert_whole(&book);
}

#[test]
fn turns_that_come_round_do_not_make_the_old_young() {
    let mut book = LadderBook::with_capacity(3);
    let ids = [1, 2, 3].map(|cell| book.enter(order(cell, 5)).unwrap());
    for _ in 0..9 {
        // So many turns are drawn elsewhere; the sweep comes by.
        book.last_turn = book.last_turn.wrapping_add(1 << 29);
        book.begin(0);
        book.ran(ids[2]).unwrap();
    }
    book.change(ids[0], order(1, 6)).unwrap();
    book.change(ids[2], order(3, 6)).unwrap();
    book.change(ids[0], order(1, 5)).unwrap();
    book.change(ids[2], order(3, 5)).unwrap();
    let cells: Vec<u32> = walk(&mut book).iter().map(|(_, order)| order.cell.0).collect();
    assert_eq!(cells.last(), Some(&3), "who runs all the time is not taken for one that waits: {cells:?}");
}

#[test]
fn ticks_that_do_not_fit_32_bits_are_told_apart() {
    let mut book = LadderBook::with_capacity(3);
    let start = (1 << 32) - 2;
    book.begin(start);
    let last_tick = Some(start + 3);
    let id = book.enter(Order { last_tick, ..order(1, 5) }).unwrap();
    for tick in start..=start + 3 {
        book.begin(tick);
        assert_eq!(book.get(id).and_then(|order| order.last_tick), last_tick);
    }
    book.begin(start + 4);
    assert_eq!(book.get(id), None);
}

#[test]
fn nothing_is_allocated_after_the_start() {
    let mut book = LadderBook::with_capacity(100);
    let (records, lines) = (book.records.as_ptr(), book.lines.as_ptr());
    for round in 0..10 {
        let ids: Vec<OrderId> = (0..100).map(|cell| book.enter(order(cell, 5 + round)).unwrap()).collect();
        for id in ids {
            book.cancel(id).unwrap();
        }
    }
    assert_eq!((book.records.as_ptr(), book.lines.as_ptr()), (records, lines));
}
