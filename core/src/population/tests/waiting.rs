//! Cells that cannot use a slot, because they wait or have not left the last one, are out of the market.

use super::*;

#[test]
fn a_sleeping_cell_is_out_of_the_book_until_the_tick_before_it_wakes() {
    let (mut world, cell) = World::with_cell(1_000);
    let standing = order(cell, &world);
    let until = Wait::Until(Moment((world.tick + 10) * QUANTUM.0));
    let asleep = Usage { wait: Some(until), ..usage(cell) };
    assert_eq!(world.pass(&[cell], &[asleep]), [Verdict::Leave(cell)]);
    // It bids in the auction of the tick in which it wakes: that is decided at the end of the tick before.
    assert_eq!(world.wait(100), (9, vec![Verdict::Enter(standing)]));
}

#[test]
fn a_cell_that_waits_for_an_answer_is_out_of_the_book_until_it_comes() {
    let (mut world, cell) = World::with_cell(1_000);
    let standing = order(cell, &world);
    let asks = Usage { wait: Some(Wait::Reply), ..usage(cell) };
    assert_eq!(world.pass(&[cell], &[asks]), [Verdict::Leave(cell)]);
    assert_eq!(world.wait(50), (50, vec![]));
    assert_eq!(world.answer(cell), [Verdict::Enter(standing)], "the next auction knows it");
    assert_eq!(world.pass(&[], &[]), []);

    let sleeps = Usage { wait: Some(Wait::Until(Moment(u64::MAX))), ..usage(cell) };
    world.pass(&[cell], &[sleeps]);
    assert_eq!(world.answer(cell), [], "an answer wakes nobody who sleeps");
    assert_eq!(world.pass(&[], &[]), []);
}

#[test]
fn a_late_cell_is_out_of_the_book_until_it_has_left_its_slots() {
    let (mut world, cell) = World::with_cell(1_000);
    let standing = order(cell, &world);
    assert_eq!(world.pass(&[cell, cell], &[]), [Verdict::Leave(cell)]);
    let late: Vec<_> = world.population.late_slots().collect();
    assert_eq!(late, [SlotId(0), SlotId(1)]);
    assert_eq!(world.wait(20), (20, vec![]));
    assert_eq!(world.pass(&[], &[usage(cell)]), [Verdict::Enter(standing)]);
    assert_eq!(world.population.late_slots().count(), 0);
}

#[test]
fn the_dying_that_wait_or_are_late_get_no_slot() {
    let (mut world, cell) = World::with_cell(0);
    world.wait(100);
    world.pass(&[cell], &[]);
    assert_eq!(world.population.dying().count(), 0, "late");
    world.pass(&[], &[Usage { wait: Some(Wait::Reply), ..usage(cell) }]);
    assert_eq!(world.population.dying().count(), 0, "waits");
    world.answer(cell);
    assert_eq!(world.population.dying().count(), 1);
}

#[test]
fn a_late_cell_that_is_killed_gives_its_slots_back() {
    let (mut world, cell) = World::with_cell(0);
    world.wait(100);
    world.pass(&[cell], &[]);
    assert_eq!(world.population.late_slots().count(), 1);
    let (_, verdicts) = world.wait(1_000);
    assert_eq!(verdicts, [Verdict::Kill(cell), Verdict::Bury(cell, Reason::Insolvent)]);
    assert_eq!(world.population.late_slots().count(), 0);
}
