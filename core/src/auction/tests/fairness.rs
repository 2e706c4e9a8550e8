//! Equal bids share in turn.

use super::*;

/// How often each of `cells` won.
fn shares(cells: usize, slots: impl Fn(u64) -> u16, ticks: u64, unit_slots: u16) -> Vec<u32> {
    let bids: Vec<Bid> = (0..cells).map(|wallet| Bid { wallet, limit: 500, slots: unit_slots }).collect();
    let mut floor = Floor::rich(8, &bids);
    let mut won = vec![0; cells];
    for tick in 0..ticks {
        for cell in winners(&floor.clear(&quote(tick, slots(tick), 100))) {
            won[cell as usize] += 1;
        }
    }
    won
}

fn assert_even(won: &[u32]) {
    let (least, most) = (won.iter().min().unwrap(), won.iter().max().unwrap());
    assert!(most - least <= 1, "{won:?}");
}

#[test]
fn equal_bids_are_served_in_turn_whatever_their_number_and_that_of_the_slots() {
    for cells in 1..=9 {
        for slots in 1..=8 {
            for ticks in [1, 2, 7, 100] {
                assert_even(&shares(cells, |_| slots, ticks, 1));
            }
        }
    }
}

#[test]
fn they_are_when_the_supply_is_dithered() {
    for cells in 2..=9 {
        assert_even(&shares(cells, |tick| 1 + u16::from(tick % 3 == 0), 1_000, 1));
        assert_even(&shares(cells, |tick| [0, 1, 5, 2][tick as usize % 4], 1_000, 1));
    }
}

#[test]
fn equals_that_want_several_slots_each_get_their_share() {
    let won = shares(3, |_| 4, 900, 2);
    assert_eq!(won, [1_200, 1_200, 1_200]);
}

#[test]
fn a_higher_bid_is_always_served_and_the_rest_take_turns() {
    let mut floor = Floor::rich(2, &[bid(0, 500), bid(1, 500), bid(2, 900), bid(3, 500)]);
    let mut won = [0; 4];
    for tick in 0..300 {
        for cell in winners(&floor.clear(&quote(tick, 2, 100))) {
            won[cell as usize] += 1;
        }
    }
    assert_eq!(won, [100, 100, 300, 100]);
}

#[test]
fn a_newcomer_gets_its_turn_and_no_more() {
    let mut floor = Floor::rich(1, &[bid(0, 500), bid(1, 500), bid(2, 500)]);
    floor.auction.leave(CellId(2));
    for tick in 0..100 {
        floor.clear(&quote(tick, 1, 100));
    }
    floor.auction.enter(Order {
        cell: CellId(2),
        wallet: floor.wallets[2],
        limit: Microjoules(500),
        slots: 1,
        last_tick: None,
    });
    let mut won = [0_u32; 3];
    for tick in 100..400 {
        won[winners(&floor.clear(&quote(tick, 1, 100)))[0] as usize] += 1;
        assert_even(&won);
    }
}

/// How often each of so many bidders won who all follow a price that moves after every `period` ticks, always in the same order.
fn shares_of_followers(cells: u32, slots: u16, period: u64, ticks: u64) -> Vec<u32> {
    let bids: Vec<Bid> = (0..cells as usize).map(|wallet| bid(wallet, 500)).collect();
    let mut floor = Floor::rich(8, &bids);
    let mut won = vec![0; cells as usize];
    for tick in 0..ticks {
        if tick % period == 0 {
            for cell in (0..cells).map(CellId) {
                let (wallet, limit) =
                    (floor.wallets[cell.0 as usize], Microjoules(500 + (tick / period % 9) as i64));
                floor.auction.enter(Order { cell, wallet, limit, slots: 1, last_tick: None });
            }
        }
        for cell in winners(&floor.clear(&quote(tick, slots, 100))) {
            won[cell as usize] += 1;
        }
    }
    won
}

#[test]
fn bidders_that_all_follow_a_moving_price_share_in_turn() {
    assert_eq!(shares_of_followers(3, 1, 1, 300), [100, 100, 100]);
    for cells in 2..=16 {
        for slots in [1, 2, 3, 8] {
            for period in [1, 3, 10] {
                assert_even(&shares_of_followers(cells, slots, period, 100));
            }
        }
    }
}

#[test]
fn a_large_crowd_that_follows_a_moving_price_shares_nearly_evenly() {
    for period in [1, 10] {
        let won = shares_of_followers(100, 8, period, 2_500);
        assert!(won.iter().all(|won| (180..=220).contains(won)), "an even share is 200: {won:?}");
    }
}
