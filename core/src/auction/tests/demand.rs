//! Which units come to market: funded ones within their wallet's bound, and all losers that a price can depend on.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;
use crate::limits::CELLS_MAX;
use proptest::prelude::*;

/// Sells to the first units at the reserve, and tells what it saw.
struct Witness {
    rivals: usize,
    seen: Sender<Vec<Unit>>,
}

impl Mechanism for Witness {
    fn name(&self) -> &'static str {
        "witness"
    }

    fn rivals(&self, _slots: usize) -> usize {
        self.rivals
    }

    fn clear(&mut self, market: &Market<'_>, sales: &mut Vec<Sale>) {
        self.seen.send(market.units.to_vec()).unwrap();
        let won = market.units.len().min(market.weights.len());
        sales.extend((0..won).map(|place| Sale { unit: place, slot: place, price: market.reserve }));
    }
}

/// Six slots at the most, with a rule that sees so many rivals.
fn witnessed(rivals: usize, balances: &[i64], bids: &[Bid]) -> (Floor, Receiver<Vec<Unit>>) {
    let (seen, units) = channel();
    let mut floor = Floor::new(6, balances, &[]);
    floor.auction = Auction::new(6, Box::new(LadderBook::default()), Box::new(Witness { rivals, seen }));
    for bid in bids {
        floor.enter(*bid);
    }
    (floor, units)
}

#[derive(Clone, Debug)]
struct Case {
    balances: Vec<i64>,
    bounds: Vec<Option<i64>>,
    bids: Vec<Bid>,
    slots: u16,
    reserve: i64,
    rivals: usize,
}

fn cases() -> impl Strategy<Value = Case> {
    let wallet = (prop_oneof![0..3_000_i64, Just(1_000_000)], prop::option::weighted(0.4, 0..2_500_i64));
    let bids = prop::collection::vec((0..6_usize, 1..40_i64, 1..9_u16), 0..14);
    let rivals = prop_oneof![0..9_usize, Just(usize::MAX)];
    (prop::collection::vec(wallet, 1..6), bids, 0..7_u16, 1..30_i64, rivals).prop_map(
        |(wallets, bids, slots, reserve, rivals)| {
            let (balances, bounds): (Vec<_>, Vec<_>) = wallets.into_iter().unzip();
            let bid =
                |(wallet, limit, slots)| Bid { wallet: wallet % balances.len(), limit: limit * 25, slots };
            let bids = bids.into_iter().map(bid).collect();
            Case { balances, bounds, bids, slots, reserve: reserve * 25, rivals }
        },
    )
}

/// Every unit that may come to market, best first, by a plain reading of the rules: cell and wallet and limit.
fn all_units(case: &Case) -> Vec<(u32, usize, i64)> {
    let mut bids: Vec<_> =
        case.bids.iter().enumerate().filter(|(_, bid)| bid.limit >= case.reserve).collect();
    bids.sort_by_key(|(cell, bid)| (-bid.limit, *cell));
    let mut units = Vec::new();
    let mut committed = vec![0; case.balances.len()];
    for (cell, bid) in bids {
        let (wallet, before) = (bid.wallet, committed[bid.wallet]);
        if case.balances[wallet] - before < bid.limit * i64::from(bid.slots) {
            continue;
        }
        let bound = case.bounds[wallet].unwrap_or(i64::MAX);
        for brought in 1..=i64::from(bid.slots.min(case.slots)) {
            if before + brought * bid.limit > bound {
                break;
            }
            if units.len() < usize::from(case.slots) || case.rivals == usize::MAX {
                committed[wallet] += bid.limit;
            }
            units.push((cell as u32, wallet, bid.limit));
        }
    }
    units
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_rule_sees_all_that_can_win_and_every_rival_that_it_asks_for(case in cases()) {
        let (mut floor, seen) = witnessed(case.rivals, &case.balances, &case.bids);
        for (wallet, bound) in floor.wallets.iter().zip(&case.bounds) {
            floor.ledger.set_max_bid(*wallet, bound.map(Microjoules));
        }
        let clearing = floor.clear(&quote(0, case.slots, case.reserve));
        let number = |unit: &Unit| floor.wallets.iter().position(|wallet| *wallet == unit.wallet).unwrap();
        let seen: Vec<(u32, usize, i64)> =
            seen.recv().unwrap().iter().map(|unit| (unit.cell.0, number(unit), unit.limit.0)).collect();

        let all = all_units(&case);
        let won = all.len().min(usize::from(case.slots));
        prop_assert_eq!(&seen[..won], &all[..won]);
        let (losers, all_losers) = (&seen[won..], &all[won..]);
        if case.rivals == usize::MAX {
            prop_assert_eq!(losers, all_losers);
        }
        for wallet in 0..=case.balances.len() {
            let rivals = |units: &[(u32, usize, i64)]| -> Vec<_> {
                units.iter().filter(|unit| unit.1 != wallet).take(case.rivals.max(1)).copied().collect()
            };
            prop_assert_eq!(rivals(losers), rivals(all_losers), "for wallet {}", wallet);
        }
        for award in &clearing.awards {
            let is_left = all_losers.iter().any(|loser| floor.wallets[loser.1] != award.wallet);
            prop_assert_eq!(award.contested, is_left);
        }
        let mut spent: HashMap<AccountId, i64> = HashMap::new();
        for (_, wallet, limit) in &all[..won] {
            *spent.entry(floor.wallets[*wallet]).or_default() += limit;
        }
        for (wallet, spent) in spent {
            let number = floor.wallets.iter().position(|other| *other == wallet).unwrap();
            prop_assert!(spent <= case.balances[number]);
            prop_assert!(spent <= case.bounds[number].unwrap_or(i64::MAX), "a wallet spends beyond its bound");
        }
    }
}

#[test]
fn a_wallet_wins_no_more_in_a_tick_than_its_bound_and_the_rest_sets_no_price() {
    let greedy = Bid { wallet: 0, limit: 1_000, slots: 4 };
    let mut floor = Floor::rich(4, &[greedy, bid(0, 900), bid(1, 300)]);
    floor.ledger.set_max_bid(floor.wallets[0], Some(Microjoules(2_850)));
    let clearing = floor.clear(&quote(0, 4, 100));
    assert_eq!(winners(&clearing), [0, 0, 2], "two thousands, and neither a third one nor 900 besides");
    assert_eq!(prices(&clearing), [100; 3]);
    assert!(clearing.awards.iter().all(|award| !award.contested), "what may not be bought does not wait");
    floor.ledger.set_max_bid(floor.wallets[0], Some(Microjoules(999)));
    assert_eq!(winners(&floor.clear(&quote(1, 4, 100))), [1, 2], "the cheaper cell still fits");
    floor.ledger.set_max_bid(floor.wallets[0], None);
    assert_eq!(winners(&floor.clear(&quote(2, 4, 100))), [0, 0, 0, 0]);
}

#[test]
fn an_order_that_is_over_neither_wins_nor_sets_a_price() {
    let mut floor = Floor::rich(1, &[bid(0, 1_000), bid(1, 900), bid(2, 300)]);
    for (cell, limit) in [(0, 1_000), (1, 900)] {
        floor.auction.enter(Order {
            cell: CellId(cell),
            wallet: floor.wallets[cell as usize],
            limit: Microjoules(limit),
            slots: 1,
            last_tick: Some(u64::from(4 + cell)),
        });
    }
    let outcome = |floor: &mut Floor, tick| {
        let clearing = floor.clear(&quote(tick, 1, 100));
        (winners(&clearing)[0], clearing.price.0)
    };
    assert_eq!(outcome(&mut floor, 4), (0, 900), "its last tick");
    assert_eq!(outcome(&mut floor, 5), (1, 300));
    assert_eq!(outcome(&mut floor, 6), (2, 100));
    assert_eq!(floor.auction.depth(), 1);
    floor.auction.leave(CellId(0));
    floor.auction.enter(Order {
        cell: CellId(1),
        wallet: floor.wallets[1],
        limit: Microjoules(900),
        slots: 1,
        last_tick: None,
    });
    assert_eq!(outcome(&mut floor, 7), (1, 300), "entered anew over its stale name");
}

#[test]
fn as_many_cells_as_may_live_find_room_while_old_orders_are_not_yet_swept() {
    let book = LadderBook::default();
    let mut auction = Auction::new(1, Box::new(book), Box::new(Vickrey));
    let (ledger, population) =
        (Ledger::new(BillingPolicy::default()), Population::new(LifePolicy::default()));
    for round in 0..3_u32 {
        let cells = (0..CELLS_MAX as u32).map(|cell| CellId(round * CELLS_MAX as u32 + cell));
        for cell in cells.clone() {
            let last_tick = Some(u64::from(round));
            auction.enter(Order { cell, wallet: AccountId(0), limit: Microjoules(5), slots: 1, last_tick });
        }
        auction.clear(&quote(u64::from(round) + 1, 1, 10), &population, &ledger);
        cells.for_each(|cell| auction.leave(cell));
    }
    assert_eq!(auction.depth(), 0);
}
