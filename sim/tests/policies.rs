//! Policies bid on the real node.

use maxwell_core::bidding::Policy;
use maxwell_core::population::lifecycle::Reason;
use maxwell_core::tick::CellId;
use maxwell_core::units::{Microjoules, Nanoseconds};
use maxwell_sim::adversaries::{Floor, Player};

/// Base prices that one slot's player must set aside.
const SET_ASIDE: u64 = 50;

fn floor() -> Floor {
    Floor::open(1).expect("a possible market")
}

/// Lets a player in whose policy this is, and who has so many base prices to spend.
fn seat(floor: &mut Floor, text: &str, base_prices: u64) -> CellId {
    let policy: Policy = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    let money = floor.base().times(SET_ASIDE + base_prices);
    floor.seat(Player { money, ..Player::bidding(policy) }).expect("it can pay for itself")
}

fn walk(floor: &mut Floor, ticks: u64) {
    floor.walk(ticks).expect("every invariant holds");
}

#[test]
fn a_policy_bids_from_the_start_and_its_order_stands() {
    let mut floor = floor();
    let cell = seat(&mut floor, "track:margin=20%", 1_000);
    assert_eq!(floor.standing_order(cell), Some((floor.price(12), 1)));
    walk(&mut floor, 100);
    assert_eq!(floor.standing_order(cell), Some((floor.price(12), 1)));
    assert!(floor.bill(cell).quanta_granted >= 98);
}

#[test]
fn the_agents_own_order_can_only_lower_what_its_policy_bids() {
    let mut floor = floor();
    let cell = seat(&mut floor, "track:margin=20%", 1_000);
    let standing_after = |floor: &mut Floor, limit, slots| {
        floor.order(cell, limit, slots).expect("room in the queue");
        walk(floor, 1);
        let at_once = floor.standing_order(cell);
        walk(floor, 20);
        assert_eq!(floor.standing_order(cell), at_once, "it holds for the windows to come");
        at_once
    };
    let (low, high) = (floor.price(11), floor.price(50));
    assert_eq!(standing_after(&mut floor, low, 1), Some((low, 1)));
    let tracked = floor.price(12);
    assert_eq!(standing_after(&mut floor, high, 1), Some((tracked, 1)), "no more than the policy");
    assert_eq!(standing_after(&mut floor, high, 0), None, "it may stay away");
}

#[test]
fn an_agent_that_its_policy_has_left_broke_is_insolvent_and_ends() {
    let mut floor = floor();
    let cell = seat(&mut floor, "track:margin=20%", 20);
    walk(&mut floor, 200);
    let end = floor.end(cell);
    assert!(matches!(end, Some((Reason::Insolvent, _))), "{end:?}");
}

#[test]
fn an_order_that_ends_by_itself_bounds_its_cells_policy_to_the_end_and_then_keeps_it_away() {
    let mut floor = floor();
    let cell = seat(&mut floor, "track:margin=20%", 1_000);
    let (low, tracked) = (floor.price(11), floor.price(12));
    floor.order_until(cell, low, 1, Some(25)).expect("room in the queue");
    walk(&mut floor, 24);
    assert_eq!(floor.standing_order(cell), Some((low, 1)));
    walk(&mut floor, 1);
    assert_eq!(floor.standing_order(cell), None, "its last tick is over");
    walk(&mut floor, 30);
    assert_eq!(floor.standing_order(cell), None, "in the windows to come as well");
    floor.order(cell, floor.price(50), 1).expect("room in the queue");
    walk(&mut floor, 1);
    assert_eq!(floor.standing_order(cell), Some((tracked, 1)), "until it makes another");
}

#[test]
fn a_policy_that_is_broke_bids_no_more_than_its_cap() {
    let mut floor = floor();
    let low = floor.price(5);
    let cell = seat(&mut floor, &format!("fixed:{}uJ", low.0), 0);
    walk(&mut floor, 20);
    assert_eq!(floor.standing_order(cell), Some((low, 1)), "income within the window may cover it");
}

#[test]
fn who_is_broke_ends_however_little_its_cap_or_its_own_order_offers() {
    let mut floor = floor();
    let low = floor.price(1);
    // Half a quantum's money, which covers what is offered.
    let money = floor.base().times(SET_ASIDE) + floor.base().share(1, 2);
    let mut seat = |policy: &str| {
        let policy: Policy = policy.parse().expect("a policy");
        floor.seat(Player { money, ..Player::bidding(policy) }).expect("it can pay for itself")
    };
    let capped = seat(&format!("fixed:{}uJ", low.0));
    let [modest, idle] = ["track:margin=20%"; 2].map(seat);
    floor.order(modest, low, 1).expect("room in the queue");
    floor.order(idle, low, 0).expect("room in the queue");
    walk(&mut floor, 200);
    for cell in [capped, modest] {
        let end = floor.end(cell);
        assert!(matches!(end, Some((Reason::Insolvent, _))), "{end:?}");
    }
    assert_eq!(floor.end(idle), None, "it asks for nothing");
}

#[test]
fn a_deadline_is_met_on_the_node_and_nothing_is_bid_afterwards() {
    let mut floor = floor();
    let rival = floor.seat(Player::bidding(floor.price(15))).expect("room");
    let cell = seat(&mut floor, "deadline:in=10s,work=2s", 450);
    walk(&mut floor, 1_000);
    let bill = floor.bill(cell);
    assert!(bill.used >= Nanoseconds::from_millis(2_000), "{bill:?}");
    assert!(bill.used <= Nanoseconds::from_millis(2_100), "the window in which it was done ends: {bill:?}");
    assert_eq!(floor.standing_order(cell), None);
    assert!(floor.bill(rival).quanta_granted >= 780, "it took no more than it needed");
}

#[test]
fn a_budget_lasts_for_its_horizon_on_the_node() {
    let mut floor = floor();
    // A third of what the horizon's quanta cost.
    let cell = seat(&mut floor, "budget:horizon=10s", 333);
    let all = floor.free(cell);
    for second in 1..=9 {
        walk(&mut floor, 100);
        let gone = all - floor.free(cell);
        let (due, window) = (all.share(second, 10), floor.base().times(10));
        assert!(gone <= due + Microjoules(1), "{gone} of {due} after {second} s");
        assert!(gone + window.times(3) >= due, "{gone} of {due} after {second} s");
    }
    walk(&mut floor, 120);
    assert_eq!(floor.standing_order(cell), None, "the horizon is over");
}
