//! Single decisions; `histories` lets policies trade for as long as they plan, `text` reads and writes them, `documented` computes
//! the examples of the documentation.

mod documented;
mod histories;
mod text;

use proptest::prelude::*;

use super::*;
use crate::limits::{PLAN_MAX, PRICE_MAX, QUANTUM};

fn policy(text: &str) -> Policy {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn seconds(seconds: u64) -> Nanoseconds {
    Nanoseconds::from_millis(seconds * 1_000)
}

/// One slot, a reserve of 150 mJ at multiplier one, 30 J, and nothing done yet.
fn view() -> View {
    let price = Microjoules(150_000);
    View {
        elapsed: Nanoseconds::ZERO,
        base: price,
        reserve: price,
        clearing: price,
        free: Microjoules::from_joules(30),
        max_bid: None,
        spent: Microjoules::ZERO,
        upkeep: Microjoules::ZERO,
        used: Nanoseconds::ZERO,
        slots: NonZeroU16::MIN,
    }
}

fn on_slots(slots: u16) -> NonZeroU16 {
    NonZeroU16::new(slots).unwrap()
}

fn order(limit: i64, slots: u16) -> Decision {
    Decision::Order(Bid { limit: Microjoules(limit), slots })
}

#[test]
fn a_fixed_bid_stays_whatever_the_price() {
    let fixed = policy("fixed:200mJ");
    assert_eq!(fixed.decide(&view()), order(200_000, 1));
    assert_eq!(fixed.decide(&View { reserve: Microjoules(200_000), ..view() }), order(200_000, 1));
    let dear = View { reserve: Microjoules(200_001), ..view() };
    assert_eq!(fixed.decide(&dear), Decision::Rest(Rest::TooDear));
}

#[test]
fn a_tracking_bid_follows_the_reserve_up_to_its_cap() {
    let track = policy("track:margin=20%,cap=400mJ");
    assert_eq!(track.decide(&view()), order(180_000, 1));
    let at = |reserve| track.decide(&View { reserve: Microjoules(reserve), ..view() });
    assert_eq!(at(150_001), order(180_002, 1), "parts of a microjoule are rounded up");
    assert_eq!(at(350_000), order(400_000, 1));
    assert_eq!(at(400_001), Decision::Rest(Rest::TooDear));
}

#[test]
fn slots_are_given_up_before_the_limit_is() {
    let fixed = policy("fixed:200mJ");
    let with = |free| fixed.decide(&View { free: Microjoules(free), slots: on_slots(4), ..view() });
    assert_eq!(with(800_000), order(200_000, 4));
    assert_eq!(with(799_999), order(200_000, 3));
    assert_eq!(with(199_999), order(199_999, 1));
    assert_eq!(with(150_000), order(150_000, 1));
}

#[test]
fn no_policy_bids_for_more_in_a_tick_than_its_wallet_may_spend() {
    let view = |most| View { max_bid: Some(Microjoules(most)), slots: on_slots(4), ..view() };
    let decide = |text, most| policy(text).decide(&view(most));
    assert_eq!(decide("fixed:200mJ", 650_000), order(200_000, 3), "slots go before the limit does");
    assert_eq!(decide("track:margin=20%", 170_000), order(170_000, 1));
    assert_eq!(decide("budget:horizon=100ms", 600_000), order(150_000, 4), "of 3 J for each tick");
    for text in ["fixed:200mJ", "track:margin=20%", "budget:horizon=1h", "deadline:in=10s,work=1s"] {
        assert_eq!(decide(text, 149_999), Decision::Rest(Rest::TooDear), "{text}");
    }
}

#[test]
fn a_deadline_plans_with_the_slots_that_its_wallet_may_pay_for_in_a_tick() {
    // 15 quanta, and 40 ms on four slots. Within 400 mJ there are two slots at the reserve, or two at 200 mJ.
    let urgent = |most| {
        let bound = View { max_bid: most, slots: on_slots(4), ..view() };
        policy("deadline:in=40ms,work=150ms").decide(&bound)
    };
    assert_eq!(urgent(None), order(1_875_000, 4));
    assert_eq!(urgent(Some(Microjoules(1_000_000))), order(250_000, 4), "a slot less would miss it");
    let bound = View { max_bid: Some(Microjoules(400_000)), slots: on_slots(4), ..view() };
    assert_eq!(policy("deadline:in=100ms,work=150ms").decide(&bound), order(200_000, 2), "in 80 ms of 100");
}

#[test]
fn a_deadline_buys_nothing_while_its_wallet_may_not_pay_for_enough_slots_in_a_tick() {
    // 40 s of work in 20 s: two slots of the four are enough, and the bound buys one at this reserve.
    let deadline = policy("deadline:in=20s,work=40s");
    let at = |reserve| {
        let (max_bid, free) = (Some(Microjoules(299_999)), Microjoules::from_joules(10_000));
        deadline.decide(&View { reserve: Microjoules(reserve), max_bid, free, slots: on_slots(4), ..view() })
    };
    assert_eq!(at(150_000), Decision::Rest(Rest::TooDear), "and not missed: all four could do it");
    assert_eq!(at(149_999), order(149_999, 2));
}

#[test]
fn a_wallet_that_buys_nothing_even_at_multiplier_one_is_broke_and_one_that_waits_for_a_lower_price_is_not() {
    for text in ["fixed:200mJ", "track:margin=0%", "budget:horizon=1h", "deadline:in=1h,work=1s"] {
        let with = |free| {
            policy(text).decide(&View { reserve: Microjoules(180_000), free: Microjoules(free), ..view() })
        };
        for free in [149_999, 0, -1, i64::MIN] {
            assert_eq!(with(free), Decision::Rest(Rest::Broke), "{text}, {free}");
        }
        assert_eq!(with(150_000), Decision::Rest(Rest::TooDear), "{text}");
    }
}

#[test]
fn a_budget_that_covers_every_quantum_bids_an_equal_part_of_what_is_left_for_each() {
    let budget = policy("budget:horizon=1s");
    // A hundred quanta.
    assert_eq!(budget.decide(&view()), order(300_000, 1));
    assert_eq!(budget.decide(&View { slots: on_slots(2), ..view() }), order(150_000, 2));
    // Half the time is over and a third of the money is spent: what was saved is spread over the rest.
    let later =
        View { elapsed: Nanoseconds::from_millis(500), spent: Microjoules::from_joules(15), ..view() };
    assert_eq!(budget.decide(&later), order(600_000, 1));
    assert_eq!(policy("budget:horizon=1s,cap=350mJ").decide(&later), order(350_000, 1));
}

#[test]
fn a_budget_that_does_not_cover_every_quantum_saves_for_whole_windows() {
    // 30 J are 20 windows of one slot, and the horizon has 100.
    let budget = policy("budget:horizon=10s");
    let after = |millis, spent| {
        let (elapsed, spent) = (Nanoseconds::from_millis(millis), Microjoules(spent));
        budget.decide(&View { elapsed, spent, free: view().free - spent, ..view() })
    };
    assert_eq!(after(0, 0), Decision::Rest(Rest::TooDear), "0.3 J of the 1.5 J that a window costs");
    assert_eq!(after(300, 0), Decision::Rest(Rest::TooDear));
    assert_eq!(after(400, 0), order(150_000, 1));
    assert_eq!(after(500, 1_500_000), Decision::Rest(Rest::TooDear), "saved anew after a window");
    assert_eq!(after(600, 0), order(210_000, 1), "a loser has saved more by the next window");
    assert_eq!(after(5_000, 0), order(300_000, 1), "up to twice the going price");
}

#[test]
fn a_budget_keeps_back_the_rent_that_is_still_to_come() {
    let with_rent = View { upkeep: Microjoules(1_000_000), ..view() };
    assert_eq!(
        policy("budget:horizon=1s").decide(&with_rent),
        order(200_000, 1),
        "30 J less 10 windows of 1 J"
    );
    assert_eq!(policy("budget:horizon=10s").decide(&with_rent), Decision::Rest(Rest::TooDear));
}

#[test]
fn a_budget_is_over_with_its_horizon() {
    let after = |millis| {
        policy("budget:horizon=1s").decide(&View { elapsed: Nanoseconds::from_millis(millis), ..view() })
    };
    assert_eq!(after(999), order(3_000_000, 1), "the last window has all that is left");
    assert_eq!(after(1_000), Decision::Rest(Rest::Over));
}

#[test]
fn a_deadline_far_away_bids_about_the_reserve_and_a_near_one_all_that_the_money_allows() {
    // 100 quanta of work, for which there are 0.3 J each.
    let deadline = policy("deadline:in=10100ms,work=1s");
    let after = |millis| deadline.decide(&View { elapsed: Nanoseconds::from_millis(millis), ..view() });
    assert_eq!(after(0), order(165_000, 1), "a tenth of the time is needed");
    assert_eq!(after(8_000), order(225_000, 1), "half of it");
    assert_eq!(after(9_000), order(300_000, 1), "all of it");
    assert_eq!(after(9_100), order(300_000, 1), "the window that was kept free of plans");
    assert_eq!(after(9_101), Decision::Rest(Rest::Missed));
    assert_eq!(after(1_000_000), Decision::Rest(Rest::Missed));
}

#[test]
fn a_deadline_rests_when_the_work_is_done_or_the_price_is_above_what_the_rest_of_the_money_allows() {
    let deadline = policy("deadline:in=10s,work=1s,cap=500mJ");
    assert_eq!(deadline.decide(&View { used: seconds(1), ..view() }), Decision::Rest(Rest::Done));
    let dear = View { reserve: Microjoules(300_001), ..view() };
    assert_eq!(deadline.decide(&dear), Decision::Rest(Rest::TooDear));
    let nearly = View { used: Nanoseconds::from_millis(995), slots: on_slots(4), ..view() };
    let Decision::Order(bid) = deadline.decide(&nearly) else { panic!("there is work left") };
    assert_eq!(bid.slots, 1, "no more slots than there is work for");
    let urgent = View { elapsed: Nanoseconds::from_millis(9_990), ..nearly };
    assert_eq!(deadline.decide(&urgent), order(500_000, 1), "up to its cap");
}

#[test]
fn a_deadline_keeps_the_last_round_of_its_slots_affordable() {
    // 15 quanta are four rounds of four slots; the 16th quantum is not bought, but an order for four must be covered.
    let last = View { slots: on_slots(4), free: Microjoules(16 * 200_000), ..view() };
    let deadline = policy("deadline:in=40ms,work=150ms");
    assert_eq!(deadline.decide(&last), order(200_000, 4));
}

fn policies() -> impl Strategy<Value = Policy> {
    let limit = (1..=PRICE_MAX.0).prop_map(|price| Limit::new(Microjoules(price)).unwrap());
    let limit = prop_oneof![
        limit.clone(),
        Just(Limit::MIN),
        Just(Limit::MAX),
        (1..1_000_000_i64).prop_map(|p| Limit::new(Microjoules(p)).unwrap())
    ];
    let longest = PLAN_MAX.0 / 1_000_000;
    let span = prop_oneof![1..10_000_u64, 1..=longest, Just(longest)]
        .prop_map(|millis| Span::from_millis(millis).unwrap());
    let margin =
        (0..=crate::limits::MARGIN_MAX.0).prop_map(|ppm| Margin::new(crate::units::Ppm(ppm)).unwrap());
    prop_oneof![
        limit.clone().prop_map(Policy::Fixed),
        (margin, limit.clone()).prop_map(|(margin, cap)| Policy::Track { margin, cap }),
        (span.clone(), limit.clone()).prop_map(|(horizon, cap)| Policy::Budget { horizon, cap }),
        (span.clone(), span, limit).prop_map(|(within, work, cap)| Policy::Deadline { within, work, cap }),
    ]
}

/// Any amount that an account can have, and mostly usual ones.
fn money() -> impl Strategy<Value = Microjoules> {
    prop_oneof![any::<i64>(), -1_000..100_000_000_i64, Just(i64::MAX), Just(i64::MIN)].prop_map(Microjoules)
}

fn prices() -> impl Strategy<Value = Microjoules> {
    prop_oneof![1..=PRICE_MAX.0, 1..1_000_000_i64].prop_map(Microjoules)
}

fn times() -> impl Strategy<Value = Nanoseconds> {
    prop_oneof![any::<u64>(), 0..20_000_000_000_u64].prop_map(Nanoseconds)
}

fn views() -> impl Strategy<Value = View> {
    let prices = (prices(), prices(), prices());
    let money = (money(), prop::option::of(money()), money(), money());
    (prices, money, times(), times(), 1..=1_024_u16).prop_map(|(prices, money, elapsed, used, slots)| View {
        elapsed,
        base: prices.0.min(prices.1),
        reserve: prices.0.max(prices.1),
        clearing: prices.2,
        free: money.0,
        max_bid: money.1,
        spent: money.2.max(Microjoules::ZERO),
        upkeep: money.3.max(Microjoules::ZERO),
        used,
        slots: on_slots(slots),
    })
}

/// What an order can cost in a tick.
fn offered(policy: Policy, view: &View) -> i64 {
    policy.bid(view).map_or(0, |bid| bid.limit.times(u64::from(bid.slots)).0)
}

proptest! {
    #[test]
    fn every_bid_is_within_the_cap_the_wallet_its_bound_and_the_slots_and_not_below_the_reserve(policy in policies(), view in views()) {
        if let Some(Bid { limit, slots }) = policy.bid(&view) {
            let cap = match policy {
                Policy::Fixed(cap) | Policy::Track { cap, .. } | Policy::Budget { cap, .. } | Policy::Deadline { cap, .. } => cap,
            };
            prop_assert!(limit <= cap.price() && limit <= PRICE_MAX && limit >= view.reserve);
            prop_assert!(slots >= 1 && slots <= view.slots.get());
            let spends = limit.times(u64::from(slots));
            prop_assert!(spends <= view.free && view.max_bid.is_none_or(|most| spends <= most));
        }
    }

    #[test]
    fn more_money_never_offers_less(policy in policies(), view in views(), more in 0..100_000_000_i64) {
        let richer = View { free: Microjoules(view.free.0.saturating_add(more)), ..view };
        // An offer that is shared by several slots is rounded down for each.
        let rounding = i64::from(view.slots.get());
        prop_assert!(offered(policy, &richer) + rounding >= offered(policy, &view));
    }

    #[test]
    fn a_nearer_deadline_never_bids_less(view in views(), within in 1..20_000_u64, work in 1..20_000_u64, later in 0..20_000_000_000_u64) {
        let span = |millis| Span::from_millis(millis).unwrap();
        let policy = Policy::Deadline { within: span(within), work: span(work), cap: Limit::MAX };
        let nearer = View { elapsed: Nanoseconds(view.elapsed.0.saturating_add(later)), ..view };
        match (policy.decide(&view), policy.decide(&nearer)) {
            (Decision::Order(before), Decision::Order(after)) => prop_assert!(after.limit >= before.limit),
            // The slots that the bound on a tick allows are too few before all are.
            (Decision::Order(_), Decision::Rest(Rest::TooDear)) => prop_assert!(view.max_bid.is_some()),
            (Decision::Order(_), after) => prop_assert_eq!(after, Decision::Rest(Rest::Missed)),
            _ => {}
        }
    }

    #[test]
    fn the_same_view_gives_the_same_bid_and_a_tick_is_never_more_than_the_work(view in views(), policy in policies()) {
        prop_assert_eq!(policy.decide(&view), policy.decide(&view));
        if let (Policy::Deadline { work, .. }, Some(bid)) = (policy, policy.bid(&view)) {
            let work_left = work.time().saturating_sub(view.used);
            prop_assert!(u64::from(bid.slots) <= work_left.0.div_ceil(QUANTUM.0));
        }
    }
}
