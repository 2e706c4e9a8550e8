//! Orders that end by themselves, and limits on the grid of prices.

use super::*;

fn order_until(world: &mut World, cell: CellId, last_tick: u64) -> Option<Verdict> {
    let verdict = world.population.order_until(cell, LIMIT, 1, Some(last_tick));
    world.carry_out(verdict.as_slice());
    verdict
}

#[test]
fn an_order_leaves_the_book_after_its_last_tick_and_the_cell_lives_on() {
    let (mut world, cell) = World::with_cell(1_000);
    // The world's ticks are billing windows apart, and one was judged.
    assert!(matches!(order_until(&mut world, cell, 2 * WINDOW_TICKS), Some(Verdict::Enter(_))));
    assert_eq!(world.pass(&[], &[]), []);
    assert_eq!(world.pass(&[], &[]), [Verdict::Leave(cell)], "the last tick is over when it is judged");
    assert_eq!(world.population.get(cell).unwrap().order, None);
    assert_eq!(world.wait(100), (100, vec![]));
    assert_eq!(world.state(cell), State::Ready);
}

#[test]
fn an_order_that_is_over_when_it_comes_is_none() {
    let (mut world, cell) = World::with_cell(1_000);
    world.pass(&[], &[]);
    assert_eq!(order_until(&mut world, cell, WINDOW_TICKS), Some(Verdict::Leave(cell)));
    assert!(matches!(order_until(&mut world, cell, WINDOW_TICKS + 1), Some(Verdict::Enter(_))));
}

#[test]
fn a_hungry_cell_is_not_hungry_for_an_order_that_is_over() {
    let (mut world, cell) = World::with_cell(50);
    order_until(&mut world, cell, 2 * WINDOW_TICKS);
    world.pass(&[], &[]);
    assert!(matches!(world.state(cell), State::Hungry { .. }));
    world.pass(&[], &[]);
    assert_eq!(world.state(cell), State::Ready);
}

#[test]
fn no_order_lasts_longer_than_the_book_can_tell() {
    let (mut world, cell) = World::with_cell(1_000);
    order_until(&mut world, cell, u64::MAX);
    assert_eq!(order(cell, &world).last_tick, Some(ORDER_TICKS_MAX), "counted from the tick that was judged");
}

#[test]
fn the_limit_that_a_cell_has_is_the_one_in_the_book() {
    let (mut world, cell) = World::with_cell(1_000_000);
    world.order(cell, Microjoules(600_000), 1);
    assert_eq!(order(cell, &world).limit, Microjoules(599_552));
    assert_eq!(world.order(cell, Microjoules(599_553), 1), [], "the same price again");
}
