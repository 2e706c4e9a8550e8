//! A program looks through the open bounties and works for the one that it chooses.

mod common;

use common::{Harness, requests};
use maxwell_core::bounty::NoKey;
use maxwell_core::bounty::claim::{Answer, Which};
use maxwell_core::bounty::terms::BountyId;
use maxwell_core::event::Request;
use maxwell_core::tick::Wait;
use maxwell_core::units::Microjoules;
use maxwell_hypervisor::cell::{Cell, Reply};
use maxwell_hypervisor::offers::{Offer, Offers};
use maxwell_hypervisor::process::GateKind;

/// Takes the last bounty there is, then its keys one after the other, claims "hi" for each, and says what it was told.
const WORKER: &str = r#"(module
    (import "maxwell" "bounty" (func $bounty (param i32) (result i64)))
    (import "maxwell" "reward_of" (func $reward_of (param i64) (result i64)))
    (import "maxwell" "lease_of" (func $lease_of (param i64) (result i64)))
    (import "maxwell" "claim_of" (func $claim_of (param i64 i64 i32 i32) (result i32)))
    (import "maxwell" "log" (func $log (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "hi")
    (func $digit (param $at i32) (param $of i64)
        (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.wrap_i64 (local.get $of)))))
    (func (export "_start") (local $place i32) (local $bounty i64) (local $key i64) (local $status i32)
        (loop $next
            (local.set $place (i32.add (local.get $place) (i32.const 1)))
            (br_if $next (i64.gt_s (call $bounty (local.get $place)) (i64.const 0))))
        (local.set $bounty (call $bounty (i32.sub (local.get $place) (i32.const 1))))
        (call $digit (i32.const 16) (call $reward_of (local.get $bounty)))
        (loop $work
            (local.set $key (call $lease_of (local.get $bounty)))
            (if (i64.lt_s (local.get $key) (i64.const 0)) (then (return)))
            (local.set $status (call $claim_of (local.get $bounty) (local.get $key) (i32.const 0) (i32.const 2)))
            (call $digit (i32.const 17) (i64.extend_i32_s (i32.sub (i32.const 0) (local.get $status))))
            (drop (call $log (i32.const 16) (i32.const 2)))
            (br $work))))"#;

/// The same for a process.
const SHELL: &str = r#"
    ask() { echo "$1" >&3; read answer <&3; }
    place=0 last=0
    while ask "bounty $place"; [ "$answer" != -3 ]; do
        # It is busy until the node has taken the process in.
        if [ "$answer" -gt 0 ]; then last=$answer; place=$((place + 1)); fi
    done
    ask "reward_of $last"; reward=$answer
    while ask "lease_of $last"; [ "$answer" -ge 0 ]; do
        ask "claim_of $last $answer 6869"
        ask "log $reward${answer#-}"
    done"#;

/// Where two bounties are open, the second for 7 µJ a key and this fee.
fn offers(fee: i64) -> Offers {
    let offers = Offers::default();
    let offer = |bounty, reward, fee| Offer {
        bounty: BountyId(bounty),
        reward: Microjoules(reward),
        fee: Microjoules(fee),
    };
    offers.show([offer(50, 3, 1), offer(60, 7, fee)].into_iter());
    offers
}

fn works_for_the_bounty_that_it_chooses(mut harness: Harness, make: fn(&mut Harness) -> Worker) {
    // The balance of every permit is three below zero.
    for (fee, claims) in [(-5, true), (1, false)] {
        let Worker(mut cell, queue) = make(&mut harness);
        cell.show_offers(&offers(fee));
        harness.quanta_until(&mut *cell, |usage| usage.wait == Some(Wait::Reply));
        let which = Which::Named(BountyId(60));
        assert_eq!(requests(&queue), [Request::Lease(which)], "one at a time");
        cell.reply(Reply::Leased(9));
        assert_eq!(harness.quantum(&mut *cell, 0).wait, Some(Wait::Reply), "that was no answer to it");
        cell.reply(Reply::Named(Ok(4)));
        let mut told = Vec::new();
        harness.quanta_until(&mut *cell, |usage| {
            told.extend(requests(&queue));
            usage.wait == Some(Wait::Reply) && told.last() == Some(&Request::Lease(which))
        });
        let answer = Answer::new(b"hi").unwrap();
        let claim = told.contains(&Request::Claim { which, key: 4, answer });
        assert_eq!(claim, claims, "with a fee of {fee}: {told:?}");
        let said = told.iter().find_map(|request| match request {
            Request::Log(line) => Some(line.as_str().to_owned()),
            _ => None,
        });
        // The reward and the status: 0, or -4 for want of money.
        assert_eq!(said.as_deref(), Some(if claims { "70" } else { "74" }));
        cell.reply(Reply::Named(Err(NoKey::Gone)));
        assert!(harness.run(&mut *cell).exit.is_some(), "nothing is left to lease");
    }
}

struct Worker(Box<dyn Cell>, std::sync::mpsc::Receiver<maxwell_core::event::Event>);

fn wasm(harness: &mut Harness) -> Worker {
    let (cell, queue) = harness.wat(WORKER);
    Worker(cell, queue)
}

#[test]
fn a_wasm_program_in_real_time_works_for_the_bounty_that_it_chooses() {
    works_for_the_bounty_that_it_chooses(Harness::real_time(1), wasm);
}

#[test]
fn a_deterministic_wasm_program_works_for_the_bounty_that_it_chooses() {
    works_for_the_bounty_that_it_chooses(Harness::deterministic(), wasm);
}

#[test]
fn a_process_works_for_the_bounty_that_it_chooses() {
    let Some(harness) = Harness::process(GateKind::Signals, 1) else { return };
    works_for_the_bounty_that_it_chooses(harness, |harness| {
        let (cell, queue) = harness.shell(SHELL);
        Worker(Box::new(cell), queue)
    });
}

#[test]
fn answers_that_are_none_and_bounties_that_are_not_open_are_told_apart() {
    let mut harness = Harness::deterministic();
    let text = WORKER
        .replace("(i64.lt_s (local.get $key) (i64.const 0))", "(i64.ge_s (local.get $place) (i64.const 9))")
        .replace("(local.get $place) (i64.const 9)", "(i64.const 1) (i64.const 9)");
    // No answer, one that is too long, one outside the memory; then a bounty that is not there.
    for (arguments, status) in [
        ("(local.get $bounty) (i64.const 1) (i32.const 0) (i32.const 0)", 2),
        ("(local.get $bounty) (i64.const 1) (i32.const 0) (i32.const 65)", 2),
        ("(local.get $bounty) (i64.const 1) (i32.const 65535) (i32.const 2)", 2),
        ("(i64.const -60) (i64.const 1) (i32.const 0) (i32.const 2)", 2),
        ("(local.get $bounty) (i64.const -1) (i32.const 0) (i32.const 2)", 2),
        ("(i64.const 61) (i64.const 1) (i32.const 0) (i32.const 2)", 3),
    ] {
        let text =
            text.replace("(local.get $bounty) (local.get $key) (i32.const 0) (i32.const 2)", arguments);
        let (mut cell, queue) = harness.wat(&text);
        cell.show_offers(&offers(-5));
        harness.quanta_until(&mut *cell, |usage| usage.wait == Some(Wait::Reply));
        requests(&queue);
        cell.reply(Reply::Named(Ok(4)));
        let mut said = None;
        harness.quanta_until(&mut *cell, |_| {
            said = said.take().or_else(|| {
                requests(&queue).iter().find_map(|request| match request {
                    Request::Log(line) => Some(line.as_str().to_owned()),
                    _ => None,
                })
            });
            said.is_some()
        });
        assert_eq!(said, Some(format!("7{status}")), "{arguments}");
    }
}
