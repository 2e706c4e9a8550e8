//! Every change of standing is told once, with its reason.

use super::*;
use crate::population::standing::{Change, Standing};

/// What the last judgement told about this cell, which must be all that it told.
fn told(world: &World, cell: CellId) -> Vec<Standing> {
    let wallet = world.population.get(cell).unwrap().wallet;
    let of_cell = |change: &Change| {
        assert_eq!((change.cell, change.wallet), (cell, wallet));
        change.standing
    };
    world.population.changes().iter().map(of_cell).collect()
}

#[test]
fn hunger_and_its_end_are_told_once() {
    let (mut world, cell) = World::with_cell(100);
    assert_eq!(told(&world, cell), [], "a cell that can pay from the start has not changed");
    world.pay(cell, -1);
    world.pass(&[], &[]);
    assert_eq!(told(&world, cell), [Standing::Hungry]);
    world.pass(&[], &[]);
    assert_eq!(told(&world, cell), [], "it still is");
    world.pay(cell, 1);
    world.pass(&[], &[]);
    assert_eq!(told(&world, cell), [Standing::Fed]);
}

#[test]
fn a_cell_that_is_poor_from_the_start_is_hungry_from_the_start() {
    let (world, cell) = World::with_cell(99);
    assert_eq!(told(&world, cell), [Standing::Hungry]);
}

#[test]
fn hunger_for_too_long_is_told_as_insolvency_and_nothing_after_it() {
    let (mut world, cell) = World::with_cell(0);
    world.wait(100);
    assert_eq!(told(&world, cell), [Standing::Insolvent]);
    world.pay(cell, 1_000);
    world.pass(&[], &[]);
    assert_eq!(told(&world, cell), [], "who is dying has no standing any more");
}

#[test]
fn debt_is_told_with_the_charge_that_did_it() {
    let (mut world, cell) = World::with_cell(1_000);
    world.drive_into_debt(cell);
    let charge = world.ledger.lines()[0].charge();
    assert!(charge > Microjoules(1_000));
    world.population.judge(&world.quote(), &[], &world.ledger);
    assert_eq!(told(&world, cell), [Standing::InDebt { charge }, Standing::EndedForDebt]);
}

#[test]
fn a_cell_in_debt_by_the_charge_of_another_is_told_so_without_a_charge_of_its_own() {
    let (mut world, debtor) = World::with_cell(1_000);
    let wallet = world.population.get(debtor).unwrap().wallet;
    let other = world.population.next_id().unwrap();
    world.ledger.open_bill(other, wallet, 0, BASE).unwrap();
    world.population.admit(other, wallet, 1);
    world.drive_into_debt(debtor);
    world.population.judge(&world.quote(), &[], &world.ledger);
    let charge = Microjoules::ZERO;
    let changes = world.population.changes().iter().filter(|change| change.cell == other);
    let standings: Vec<_> = changes.map(|change| change.standing).collect();
    assert_eq!(standings, [Standing::InDebt { charge }, Standing::EndedForDebt]);
}

#[test]
fn a_run_that_is_stopped_changes_no_standing() {
    let (mut world, cell) = World::with_cell(0);
    assert_eq!(told(&world, cell), [Standing::Hungry]);
    world.population.stop_all();
    assert_eq!(world.population.changes(), []);
}
