//! Policies that trade for as long as they plan, against prices that they do not know, by the rules of billing: the price of a
//! quantum is held when it is won; what was used of it, or all of it while others wait, is posted when the window ends.

use super::*;
use crate::auction::book::grid::Level;
use crate::limits::WINDOW_TICKS;

/// A market of one buyer and the price that it meets.
#[derive(Clone, Debug)]
struct Market {
    reserve: i64,
    /// What the best losing bid of others is above the reserve, one for each window in turn.
    rivals: Vec<i64>,
    /// Charged beside quanta in each window.
    upkeep: i64,
    /// Nanoseconds that it uses of each quantum.
    used: u64,
}

impl Market {
    /// What every quantum can be had for: the highest price that comes, and the step of the grid above it.
    fn dearest(&self) -> i64 {
        let dearest = self.reserve + self.rivals.iter().max().unwrap();
        Level::at_least(Microjoules(dearest)).unwrap().price().0
    }

    /// The least reserve that an order can name: the policy is told that one, as on the node.
    fn reserve_on_grid(&self) -> Microjoules {
        Level::at_least(Microjoules(self.reserve)).unwrap().price()
    }

    /// Lets a policy trade for one window. How many quanta it won.
    fn window(&self, window: usize, policy: Policy, view: &mut View) -> u64 {
        let rival = self.rivals[window % self.rivals.len()];
        // A rival's limit is on the grid, as the policy's own is; the reserve is not.
        let price = self.reserve.max(Level::at_most(Microjoules(self.reserve + rival)).price().0);
        let (mut won, mut charge, mut held) = (0, 0, 0);
        view.reserve = self.reserve_on_grid();
        if let Some(Bid { limit, slots }) = policy.bid(view) {
            let limit = Level::at_most(limit).price();
            for _ in 0..WINDOW_TICKS {
                let is_funded = view.free.0 - held >= limit.0 * i64::from(slots);
                if is_funded && limit.0 >= price {
                    let price = price * i64::from(slots);
                    won += u64::from(slots);
                    held += price;
                    charge +=
                        if rival > 0 { price } else { Microjoules(price).share(self.used, QUANTUM.0).0 };
                }
            }
        }
        view.used += Nanoseconds(won * self.used);
        view.elapsed += Nanoseconds(WINDOW_TICKS * QUANTUM.0);
        view.spent += Microjoules(charge);
        view.upkeep = Microjoules(self.upkeep);
        view.free -= Microjoules(charge + self.upkeep);
        view.clearing = Microjoules(price);
        won
    }
}

fn markets() -> impl Strategy<Value = Market> {
    let rivals = prop::collection::vec(prop_oneof![Just(0), 0..500_000_i64], 1..40);
    (100_000..300_000_i64, rivals, 0..20_000_i64, 1..=QUANTUM.0)
        .prop_map(|(reserve, rivals, upkeep, used)| Market { reserve, rivals, upkeep, used })
}

/// A wallet that has not traded yet.
fn begin(market: &Market, free: i64, slots: u16) -> View {
    let reserve = Microjoules(market.reserve);
    View {
        base: reserve,
        reserve: market.reserve_on_grid(),
        clearing: reserve,
        free: Microjoules(free),
        slots: on_slots(slots),
        ..view()
    }
}

fn budget_of(windows: u64) -> Policy {
    Policy::Budget { horizon: Span::from_millis(windows * 100).unwrap(), cap: Limit::MAX }
}

proptest! {
    #[test]
    fn no_policy_ever_brings_a_wallet_below_zero_by_quanta(
        policy in policies(), market in markets(), free in 0..50_000_000_i64, slots in 1..5_u16,
    ) {
        let market = Market { upkeep: 0, ..market };
        let mut view = begin(&market, free, slots);
        for window in 0..100 {
            market.window(window, policy, &mut view);
            prop_assert!(view.free >= Microjoules::ZERO, "{view:?}");
        }
        prop_assert_eq!(view.free + view.spent, Microjoules(free));
    }

    #[test]
    fn a_budget_is_never_ahead_of_its_schedule_and_lasts(
        market in markets(), windows in 1..150_u64, rate in 0..5_000_000_i64, slots in 1..5_u16,
    ) {
        let rent = market.upkeep * windows as i64;
        let free = rent + rate * windows as i64;
        let mut view = View { upkeep: Microjoules(market.upkeep), ..begin(&market, free, slots) };
        let fund = i128::from(free - rent);
        for window in 0..windows {
            market.window(window as usize, budget_of(windows), &mut view);
            let (done, left) = (i128::from(window + 1), i128::from(windows - window - 1));
            prop_assert!(i128::from(view.spent.0) * i128::from(windows) <= fund * done, "{view:?}");
            prop_assert!(i128::from(view.free.0) * i128::from(windows) >= i128::from(free) * left, "{view:?}");
        }
    }

    #[test]
    fn a_budget_at_a_steady_price_that_is_used_whole_is_behind_its_schedule_by_less_than_three_windows(
        reserve in 100_000..300_000_i64, rival in 0..200_000_i64, windows in 1..300_u64, part in 1..1_000_i64,
    ) {
        let market = Market { reserve, rivals: vec![rival], upkeep: 0, used: QUANTUM.0 };
        let window_price = market.dearest() * WINDOW_TICKS as i64;
        // At most what it can spend on one slot.
        let free = window_price * windows as i64 / 1_000 * part;
        let mut view = View { clearing: Microjoules(market.dearest()), ..begin(&market, free, 1) };
        for window in 0..windows {
            market.window(window as usize, budget_of(windows), &mut view);
            let due = i128::from(free) * i128::from(window + 1) / i128::from(windows);
            let behind = due - i128::from(view.spent.0);
            prop_assert!(behind < 3 * i128::from(window_price), "{behind} behind, a window costs {window_price}");
        }
    }

    #[test]
    fn a_deadline_is_met_when_the_money_buys_the_work_at_the_highest_price_that_comes(
        market in markets(), work_quanta in 1..500_u64, slots in 1..5_u16, slack in 1..50_u64,
        is_bound in any::<bool>(),
    ) {
        let market = Market { upkeep: 0, used: QUANTUM.0, ..market };
        let slots_long = 10 * work_quanta.div_ceil(u64::from(slots));
        // One window is kept free of plans.
        let within = slots_long + 100 * slack;
        let work = Span::from_millis(work_quanta * 10).unwrap();
        let policy = Policy::Deadline { within: Span::from_millis(within).unwrap(), work, cap: Limit::MAX };
        let free = market.dearest() * work_quanta.next_multiple_of(u64::from(slots)) as i64;
        // A bound on a tick that allows this price on all slots stands in no way.
        let max_bid = is_bound.then(|| Microjoules(market.dearest() * i64::from(slots)));
        let mut view = View { max_bid, ..begin(&market, free, slots) };
        for window in 0..within.div_ceil(100) as usize {
            prop_assert_ne!(policy.decide(&view), Decision::Rest(Rest::Missed), "{:?}", view);
            if policy.decide(&view) == Decision::Rest(Rest::Done) {
                break;
            }
            market.window(window, policy, &mut view);
        }
        prop_assert!(view.used >= work.time(), "{:?} of {work}", view.used);
        prop_assert!(view.spent.0 <= free);
    }
}

#[test]
fn a_deadline_that_is_far_waits_for_cheap_windows_and_a_near_one_cannot() {
    // On the grid. Every other window costs five times the reserve; 100 quanta of work take ten windows of one slot.
    let market = Market { reserve: 102_400, rivals: vec![409_600, 0], upkeep: 0, used: QUANTUM.0 };
    let paid = |text| {
        let mut view = begin(&market, 100 * 512_000, 1);
        for window in 0..40 {
            market.window(window, policy(text), &mut view);
        }
        assert_eq!(view.used, seconds(1), "{text} is met");
        view.spent
    };
    assert_eq!(paid("deadline:in=1100ms,work=1s"), Microjoules(30_720_000), "half of the windows are dear");
    assert_eq!(paid("deadline:in=4s,work=1s"), Microjoules(10_240_000), "all are cheap");
}
