//! What holds for any book, against a brute-force reading of the rules.

use super::*;
use crate::auction::mechanism::MechanismKind;
use proptest::prelude::*;

/// A random floor: balances of the wallets, bids, slots for sale and the reserve.
#[derive(Clone, Debug)]
struct Case {
    balances: Vec<i64>,
    bids: Vec<Bid>,
    slots: u16,
    reserve: i64,
}

fn cases() -> impl Strategy<Value = Case> {
    let balances = prop::collection::vec(prop_oneof![0..3_000_i64, Just(1_000_000)], 1..6);
    let bids = prop::collection::vec((0..6_usize, 1..40_i64, 1..4_u16), 0..14);
    (balances, bids, 0..6_u16, 1..30_i64).prop_map(|(balances, bids, slots, reserve)| {
        let wallets = balances.len();
        let bid = |(wallet, limit, slots)| Bid { wallet: wallet % wallets, limit: limit * 25, slots };
        Case { balances, bids: bids.into_iter().map(bid).collect(), slots, reserve: reserve * 25 }
    })
}

/// Units of funded orders at or above the reserve, best first: cell, wallet, limit. What a wallet wins with one order
/// does not fund its next.
fn funded_units(case: &Case) -> Vec<(u32, usize, i64)> {
    let mut bids: Vec<_> =
        case.bids.iter().enumerate().filter(|(_, bid)| bid.limit >= case.reserve).collect();
    bids.sort_by_key(|(cell, bid)| (-bid.limit, *cell));
    let (mut units, mut left, mut balances) = (Vec::new(), case.slots, case.balances.clone());
    for (cell, bid) in bids {
        if balances[bid.wallet] < bid.limit * i64::from(bid.slots) {
            continue;
        }
        let won = left.min(bid.slots);
        left -= won;
        balances[bid.wallet] -= bid.limit * i64::from(won);
        units.extend(std::iter::repeat_n((cell as u32, bid.wallet, bid.limit), usize::from(bid.slots)));
    }
    units
}

/// Profit of the bidder with this value when everybody bids as they do: a slot is worth its value, one is wanted.
fn utility(case: &Case, bidder: usize, value: i64) -> i64 {
    let mut floor = Floor::new(6, &case.balances, &case.bids);
    let clearing = floor.clear(&quote(0, case.slots, case.reserve));
    let won = clearing.awards.iter().find(|award| award.cell.0 as usize == bidder);
    won.map_or(0, |award| value - award.price.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_outcome_is_what_brute_force_says(case in cases()) {
        let units = funded_units(&case);
        let won = units.len().min(usize::from(case.slots));
        let (winning, losing) = units.split_at(won);
        let mut floor = Floor::new(6, &case.balances, &case.bids);
        let clearing = floor.clear(&quote(0, case.slots, case.reserve));

        let expected: Vec<u32> = winning.iter().map(|(cell, ..)| *cell).collect();
        prop_assert_eq!(winners(&clearing), expected);
        for (award, (_, wallet, limit)) in clearing.awards.iter().zip(winning) {
            let rival = losing.iter().filter(|(_, other, _)| other != wallet).map(|(.., limit)| *limit).max();
            prop_assert_eq!(award.price.0, rival.unwrap_or(case.reserve));
            prop_assert!(award.price.0 >= case.reserve && award.price.0 <= *limit);
            prop_assert_eq!(award.contested, rival.is_some());
            prop_assert_eq!((award.wallet, award.purse), (floor.wallets[*wallet], Purse::Free));
        }
        let dearest = clearing.awards.iter().map(|award| award.price.0).max().unwrap_or(case.reserve);
        prop_assert_eq!(clearing.price.0, dearest);
        let mut seats: Vec<u16> = clearing.awards.iter().map(|award| award.slot.0).collect();
        seats.sort_unstable();
        seats.dedup();
        prop_assert_eq!(seats.len(), won, "every winner has a slot of its own");
    }

    #[test]
    fn under_every_rule_awards_keep_to_reserve_limit_and_weight(
        case in cases(), tenths in prop::collection::vec(1..=10_u64, 6),
    ) {
        for kind in MechanismKind::ALL {
            let weight = |tenth: &u64| if kind.knows_weights() { Ppm(tenth * 100_000) } else { Ppm::ONE };
            let weights: Vec<Ppm> = tenths.iter().map(weight).collect();
            let mut floor = Floor::new(6, &case.balances, &[]);
            floor.auction = Auction::with_weights(&weights, Box::new(LadderBook::default()), kind.make());
            for bid in &case.bids {
                floor.enter(*bid);
            }
            let clearing = floor.clear(&quote(0, case.slots, case.reserve));
            prop_assert!(clearing.price.0 >= case.reserve, "{}", kind);
            for award in &clearing.awards {
                let limit = case.bids[award.cell.0 as usize].limit;
                let of = |amount: i64| award.weight.of_rounded_up(Microjoules(amount));
                prop_assert!(award.price >= of(case.reserve) && award.price <= of(limit), "{}: {:?}", kind, award);
                prop_assert!(award.price <= clearing.price, "{}: {:?}", kind, award);
                prop_assert_eq!(award.weight, weights[usize::from(award.slot.0)]);
            }
            let units = funded_units(&case).len().min(usize::from(case.slots));
            prop_assert_eq!(clearing.awards.len(), units, "{}", kind);
            // Where the best win, what is sold is paid for.
            if kind.make().rivals(1) < usize::MAX {
                prop_assert_eq!(floor.ledger.hold(&clearing).len(), units, "{}", kind);
            }
        }
    }

    #[test]
    fn with_unit_demand_no_bid_is_better_than_the_true_value(
        values in prop::collection::vec(1..60_i64, 1..8),
        bidder in 0..8_usize,
        others in prop::collection::vec(1..60_i64, 8),
        lie in 1..70_i64,
        slots in 0..5_u16,
        reserve in 1..40_i64,
    ) {
        // The others bid anything, true or not; everybody has a wallet of their own and money enough.
        let bidder = bidder % values.len();
        let value = values[bidder];
        let case = |own: i64| Case {
            balances: vec![1_000_000; values.len()],
            bids: (0..values.len()).map(|n| bid(n, if n == bidder { own } else { others[n] })).collect(),
            slots,
            reserve,
        };
        let (honest, lying) = (utility(&case(value), bidder, value), utility(&case(lie), bidder, value));
        prop_assert!(honest >= 0, "the truth never costs");
        prop_assert!(lying <= honest, "bidding {lie} for {value} gains {lying}, the truth {honest}");
    }

    #[test]
    fn clearing_twice_gives_distinct_equals_their_turn(count in 2..8_usize, slots in 1..8_u16) {
        let bids: Vec<Bid> = (0..count).map(|n| bid(n, 500)).collect();
        let mut floor = Floor::rich(8, &bids);
        let first = winners(&floor.clear(&quote(0, slots, 100)));
        let second = winners(&floor.clear(&quote(1, slots, 100)));
        let waited = (0..count as u32).filter(|cell| !first.contains(cell)).take(usize::from(slots));
        prop_assert!(waited.into_iter().all(|cell| second.contains(&cell)), "{first:?} then {second:?}");
    }
}
