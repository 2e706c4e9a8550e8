//! The contract of `Cell`, held against every implementation: wasm in real time, deterministic wasm, simulated, and
//! processes behind every gate.

mod common;

use std::time::Instant;

use common::{DEADLINE, Harness, Kind, claim, requests, usage};
use maxwell_core::bounty::NoKey;
use maxwell_core::bounty::claim::Which;
use maxwell_core::event::Request;
use maxwell_core::limits::{LEASES_PER_CELL_MAX, QUANTUM};
use maxwell_core::tick::{Exit, Wait};
use maxwell_core::units::{Bytes, Nanoseconds};
use maxwell_hypervisor::cell::{Notice, Reply};
use maxwell_hypervisor::process::GateKind;

/// Kinds of cells, then what all of them promise, then what all but processes do.
macro_rules! contract {
    (@$module:ident $gate:ident $($name:ident)*) => {
        mod $module {
            $(#[test] fn $name() {
                if let Some(harness) = super::Harness::process(super::GateKind::$gate, 1) {
                    super::$name(harness);
                }
            })*
        }
    };
    ($($name:ident)* ; $($no_process:ident)*) => {
        mod real_time {
            $(#[test] fn $name() { super::$name(super::Harness::real_time(1)); })*
            $(#[test] fn $no_process() { super::$no_process(super::Harness::real_time(1)); })*
        }
        mod deterministic {
            $(#[test] fn $name() { super::$name(super::Harness::deterministic()); })*
            $(#[test] fn $no_process() { super::$no_process(super::Harness::deterministic()); })*
        }
        mod simulated {
            $(#[test] fn $name() { super::$name(super::Harness::simulated()); })*
            $(#[test] fn $no_process() { super::$no_process(super::Harness::simulated()); })*
        }
        contract!(@process_v2 FreezerV2 $($name)*);
        contract!(@process_v1 FreezerV1 $($name)*);
        contract!(@process_signals Signals $($name)*);
    };
}

contract! {
    a_program_that_computes_uses_what_it_is_granted
    a_program_runs_only_while_it_is_granted
    an_exit_is_told_once_and_what_is_granted_after_it_is_not_used
    a_failure_is_told_with_its_last_words
    a_killed_cell_is_dropped_at_once
    a_cell_can_be_killed_and_dropped_on_its_slot
    a_program_waits_for_a_lease_off_its_slot
    leases_are_fetched_ahead_and_claimed
    the_end_of_the_bounty_reaches_the_program
    a_program_that_can_have_no_lease_now_asks_again
    a_notice_is_seen
    two_cells_share_a_slot_by_taking_turns
    a_late_revocation_is_used_and_told
    ;
    a_cell_that_has_not_run_holds_no_memory
    memory_given_back_is_counted_once
}

fn a_program_that_computes_uses_what_it_is_granted(mut harness: Harness) {
    let (mut cell, _queue) = harness.cell(Kind::Endless);
    let (mut used, mut granted) = (0, 0);
    harness.quanta_until(&mut *cell, |usage| {
        assert_eq!((usage.granted, usage.exit, usage.wait), (QUANTUM, None, None));
        used += usage.used.0;
        granted += usage.granted.0;
        used >= 10 * QUANTUM.0
    });
    assert!(used <= 2 * granted, "used {used} ns of {granted} ns");
}

fn a_program_runs_only_while_it_is_granted(mut harness: Harness) {
    let (mut cell, _queue) = harness.cell(Kind::Endless);
    let before = usage(&mut *cell);
    assert_eq!((before.granted, before.used), (Nanoseconds::ZERO, Nanoseconds::ZERO));
    harness.quanta_until(&mut *cell, |usage| usage.used > Nanoseconds::ZERO);
    let parked = usage(&mut *cell);
    assert_eq!((parked.granted, parked.used, parked.stolen), Default::default());
    assert!(parked.memory > Bytes(0), "a parked cell keeps its memory");
    // Time that passes without a grant is not used either.
    let later = harness.clock.now() + QUANTUM;
    harness.clock.wait_until(later);
    assert_eq!(usage(&mut *cell).used, Nanoseconds::ZERO);
}

fn a_cell_that_has_not_run_holds_no_memory(mut harness: Harness) {
    let (mut cell, _queue) = harness.cell(Kind::Endless);
    assert_eq!(usage(&mut *cell).memory, Bytes(0));
}

fn an_exit_is_told_once_and_what_is_granted_after_it_is_not_used(mut harness: Harness) {
    let (mut cell, _queue) = harness.cell(Kind::Finisher);
    let last = harness.run(&mut *cell);
    assert_eq!((last.exit, last.memory), (Some(Exit::Finished), Bytes(0)));
    assert_eq!(usage(&mut *cell).exit, None);
    let after = harness.quantum(&mut *cell, 0);
    assert_eq!((after.exit, after.cycles), (None, 0));
    assert!(after.used < Nanoseconds::from_millis(1), "{after:?}");
    assert_eq!(cell.last_words(), "");
}

fn a_failure_is_told_with_its_last_words(mut harness: Harness) {
    let (mut cell, _queue) = harness.cell(Kind::Crasher);
    assert_eq!(harness.run(&mut *cell).exit, Some(Exit::Crashed));
    assert!(cell.last_words().starts_with("crashed: "), "{}", cell.last_words());
    assert_eq!(cell.last_words().lines().count(), 1);
}

fn a_killed_cell_is_dropped_at_once(mut harness: Harness) {
    let (mut cell, _queue) = harness.cell(Kind::Endless);
    harness.quantum(&mut *cell, 0);
    cell.kill();
    let _ = cell.last_words();
    let start = Instant::now();
    drop(cell);
    assert!(start.elapsed() < DEADLINE);
}

fn a_cell_can_be_killed_and_dropped_on_its_slot(mut harness: Harness) {
    let (mut cell, _queue) = harness.cell(Kind::Endless);
    cell.grant(&harness.permit(0));
    cell.kill();
    drop(cell);
    let (mut dropped, _queue) = harness.cell(Kind::Endless);
    dropped.grant(&harness.permit(0));
    drop(dropped);
    // The slot is free for others.
    let (mut next, _queue) = harness.cell(Kind::Finisher);
    assert_eq!(harness.run(&mut *next).exit, Some(Exit::Finished));
}

fn a_program_waits_for_a_lease_off_its_slot(mut harness: Harness) {
    let (mut cell, queue) = harness.cell(Kind::Leaser);
    let waiting = harness.quanta_until(&mut *cell, |usage| usage.wait.is_some());
    assert_eq!(waiting.wait, Some(Wait::Reply));
    assert!(waiting.used < QUANTUM, "{waiting:?}");
    // Granted again it asks for nothing more, and goes on waiting.
    let asked = requests(&queue).len();
    assert_eq!(asked, LEASES_PER_CELL_MAX);
    let still = harness.quantum(&mut *cell, 0);
    assert_eq!((still.wait, requests(&queue).len()), (Some(Wait::Reply), 0));
    cell.reply(Reply::Leased(5));
    assert_eq!(usage(&mut *cell).wait, None, "it could go on");
    harness.quanta_until(&mut *cell, |_| requests(&queue).contains(&claim(5)));
}

fn leases_are_fetched_ahead_and_claimed(mut harness: Harness) {
    let (mut cell, queue) = harness.cell(Kind::Leaser);
    let (mut leased, mut claimed) = (0, Vec::new());
    let deadline = Instant::now() + DEADLINE;
    while claimed.len() < 20 {
        harness.quantum(&mut *cell, 0);
        for request in requests(&queue) {
            match request {
                Request::Lease(Which::Primes) => {
                    cell.reply(Reply::Leased(leased));
                    leased += 1;
                }
                Request::Claim { .. } => claimed.push(request),
                other => panic!("{other:?}"),
            }
            let held = leased - claimed.len() as u64;
            assert!(held <= LEASES_PER_CELL_MAX as u64, "{held} leases held");
        }
        assert!(Instant::now() < deadline, "{} claims", claimed.len());
    }
    let expected: Vec<_> = (0..claimed.len() as u64).map(claim).collect();
    assert_eq!(claimed, expected, "in the order of the leases");
}

fn the_end_of_the_bounty_reaches_the_program(mut harness: Harness) {
    let (mut cell, queue) = harness.cell(Kind::Leaser);
    harness.quanta_until(&mut *cell, |usage| usage.wait == Some(Wait::Reply));
    for _ in requests(&queue) {
        cell.reply(Reply::NoLease(NoKey::Gone));
    }
    assert_eq!(harness.run(&mut *cell).exit, Some(Exit::Finished));
    assert_eq!(requests(&queue), []);
}

fn a_program_that_can_have_no_lease_now_asks_again(mut harness: Harness) {
    let (mut cell, queue) = harness.cell(Kind::Leaser);
    harness.quanta_until(&mut *cell, |usage| usage.wait == Some(Wait::Reply));
    for _ in requests(&queue) {
        cell.reply(Reply::NoLease(NoKey::Later));
    }
    harness.quanta_until(&mut *cell, |usage| usage.wait == Some(Wait::Reply));
    assert!(requests(&queue).contains(&Request::Lease(Which::Primes)));
    cell.reply(Reply::Leased(5));
    harness.quanta_until(&mut *cell, |_| requests(&queue).contains(&claim(5)));
}

fn a_notice_is_seen(mut harness: Harness) {
    let (mut cell, _queue) = harness.cell(Kind::Obedient);
    assert_eq!(harness.quantum(&mut *cell, 0).exit, None);
    cell.notify(Notice { reason: 2, left: Nanoseconds::from_millis(5_000) });
    assert_eq!(harness.run(&mut *cell).exit, Some(Exit::Finished));
}

fn memory_given_back_is_counted_once(mut harness: Harness) {
    let (mut cell, _queue) = harness.cell(Kind::Discarder);
    let told = harness.quanta_until(&mut *cell, |usage| usage.freed > Bytes(0));
    assert!(told.freed <= Bytes(12 << 10) && told.memory > Bytes(0), "{told:?}");
    assert_eq!(usage(&mut *cell).freed, Bytes(0));
}

fn two_cells_share_a_slot_by_taking_turns(mut harness: Harness) {
    let mut cells = [harness.cell(Kind::Endless).0, harness.cell(Kind::Endless).0];
    let mut used = [0; 2];
    let deadline = Instant::now() + DEADLINE;
    while used[0] + used[1] < 40 * QUANTUM.0 {
        for (cell, used) in cells.iter_mut().zip(&mut used) {
            *used += harness.quantum(&mut **cell, 0).used.0;
        }
        assert!(Instant::now() < deadline, "{used:?}");
    }
    let share = used[0] as f64 / (used[0] + used[1]) as f64;
    assert!((0.3..0.7).contains(&share), "a share of {share}");
}

fn a_late_revocation_is_used_and_told(mut harness: Harness) {
    let (mut cell, _queue) = harness.cell(Kind::Endless);
    let permit = harness.permit(0);
    cell.grant(&permit);
    harness.clock.wait_until(permit.until + QUANTUM);
    cell.revoke();
    let told = usage(&mut *cell);
    assert_eq!(told.granted, QUANTUM, "what it was given is the quantum, however long it took");
    assert!(told.used <= Nanoseconds(4 * QUANTUM.0));
}
