//! The lines of billing windows.

use super::*;

#[test]
fn a_line_says_what_a_window_cost_and_what_was_used_for_it() {
    let (mut ledger, wallet) = with_wallet(1_000_000_000);
    for (tick, price) in [(3, 900), (4, 300), (5, 600)] {
        let contested = Award { contested: true, ..award(0, wallet, price) };
        ledger.hold(&clearing(tick, &[contested]));
        let used = Usage { cycles: 7, freed: Bytes(1 << 20), memory: Bytes(1 << 30), ..usage(0, ms(8)) };
        ledger.charge(&quote(tick), &Sensed::Missing, &[used]);
        assert_eq!(ledger.lines(), [], "a window has not ended");
    }
    ledger.attribute(CellId(0), Microjoules(5_000));
    ledger.charge(&quote(9), &Sensed::Missing, &[]);
    let [line] = *ledger.lines() else { panic!("one cell, one line: {:?}", ledger.lines()) };
    let tax = line.tax;
    assert!(tax > Microjoules::ZERO);
    let expected = Line {
        quanta: Microjoules(1_800),
        rent: Microjoules(40_000),
        tax,
        energy: Microjoules(5_000),
        granted: ms(30),
        used: ms(24),
        cycles: 21,
        freed: Bytes(3 << 20),
        quanta_granted: 3,
        cheapest: Microjoules(300),
        dearest: Microjoules(900),
        ..Line::new(CellId(0), wallet)
    };
    assert_eq!(line, expected);
    assert_eq!(line.charge(), Microjoules(1_000_000_000) - ledger.accounts().balance(wallet));
    ledger.charge(&quote(10), &Sensed::Missing, &[]);
    assert_eq!(ledger.lines(), [], "it is shown once");
}

#[test]
fn a_cell_to_which_nothing_happened_has_no_line() {
    let (mut ledger, _) = with_wallet(1_000);
    ledger.charge(&quote(9), &Sensed::Missing, &[]);
    assert_eq!(ledger.lines(), []);
}

#[test]
fn a_cell_that_ends_within_a_window_has_its_line_with_that_window_in_the_order_of_cells() {
    let (mut ledger, wallet) = with_wallet(1_000_000);
    ledger.open_bill(CellId(1), wallet, 0, BASE).unwrap();
    ledger.hold(&clearing(2, &[award(0, wallet, 100), award(1, wallet, 200)]));
    ledger.charge(&quote(2), &Sensed::Missing, &[usage(0, ms(10)), usage(1, ms(10))]);
    ledger.close_bill(Some(&quote(2)), CellId(0));
    assert_eq!(ledger.lines(), [], "its window is not over");
    ledger.charge(&quote(9), &Sensed::Missing, &[]);
    let lines: Vec<_> = ledger.lines().iter().map(|line| (line.cell.0, line.quanta.0)).collect();
    assert_eq!(lines, [(0, 100), (1, 200)]);
    ledger.charge(&quote(19), &Sensed::Missing, &[]);
    assert_eq!(ledger.lines(), [], "and none after it");
}

#[test]
fn energy_that_is_learned_after_a_window_stands_on_the_next_line_and_the_rest_on_the_last() {
    let (mut ledger, wallet) = with_wallet(1_000_000);
    let energy = |ledger: &Ledger| ledger.lines().iter().map(|line| line.energy.0).collect::<Vec<_>>();
    ledger.attribute(CellId(0), Microjoules(100));
    ledger.charge(&quote(9), &Sensed::Missing, &[]);
    assert_eq!(energy(&ledger), [100]);
    ledger.attribute(CellId(0), Microjoules(250));
    ledger.charge(&quote(19), &Sensed::Missing, &[]);
    assert_eq!(energy(&ledger), [150]);
    ledger.attribute(CellId(0), Microjoules(260));
    ledger.close_bill(Some(&quote(19)), CellId(0));
    ledger.end_last_window();
    assert_eq!(ledger.lines(), [Line { energy: Microjoules(10), ..Line::new(CellId(0), wallet) }]);
    assert_eq!(ledger.bought(), Microjoules::ZERO);
}

#[test]
fn what_the_treasury_bought_is_told_with_the_window() {
    let (mut ledger, _) = with_wallet(0);
    ledger.charge(&quote(0), &read(10), &[]);
    ledger.charge(&quote(9), &read(12), &[]);
    assert_eq!(ledger.bought(), Microjoules::from_joules(2));
    ledger.charge(&quote(10), &read(13), &[]);
    assert_eq!(ledger.bought(), Microjoules::ZERO);
}

#[test]
fn no_more_cells_live_in_one_window_than_it_may_have_lines() {
    let (mut ledger, wallet) = with_wallet(1_000);
    ledger.close_bill(None, CellId(0));
    for cell in 1..=WINDOW_LINES_MAX as u32 {
        ledger.open_bill(CellId(cell), wallet, 0, BASE).unwrap();
        ledger.attribute(CellId(cell), Microjoules(1));
        ledger.close_bill(None, CellId(cell));
    }
    let next = CellId(WINDOW_LINES_MAX as u32 + 1);
    let full = LedgerError::Full { limit: WINDOW_LINES_MAX, what: "cells in one billing window" };
    assert_eq!(ledger.open_bill(next, wallet, 0, BASE), Err(full));
    ledger.charge(&quote(9), &Sensed::Missing, &[]);
    assert_eq!(ledger.lines().len(), WINDOW_LINES_MAX);
    assert_eq!(ledger.open_bill(next, wallet, 0, BASE), Ok(()), "the next window has room");
}
