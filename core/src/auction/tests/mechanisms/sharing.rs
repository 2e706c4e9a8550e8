//! Rules that share time: over many ticks, with what they remember.

use std::collections::BTreeMap;

use super::*;
use crate::limits::{CELLS_MAX, REMEMBERED_TICKS};

/// A rule over many ticks, and bids in the book's order: the higher limit first, among equals the one that has waited longest.
struct Crowd {
    mechanism: Box<dyn Mechanism>,
    /// Which cells there are, in the order in which they last ran, or came.
    line: Vec<usize>,
    bids: BTreeMap<usize, Bid>,
    tick: u64,
}

impl Crowd {
    fn new(kind: MechanismKind, bids: &[Bid]) -> Self {
        let bids: BTreeMap<usize, Bid> = bids.iter().copied().enumerate().collect();
        Self { mechanism: kind.make(), line: bids.keys().copied().collect(), bids, tick: 0 }
    }

    fn units(&self) -> Vec<Unit> {
        let mut cells = self.line.clone();
        cells.retain(|cell| self.bids.contains_key(cell));
        cells.sort_by_key(|cell| -self.bids[cell].limit);
        let units = |cell: usize| {
            let bid = self.bids[&cell];
            let wallet = AccountId(bid.wallet as u32);
            let unit = Unit { cell: CellId(cell as u32), wallet, limit: Microjoules(bid.limit) };
            std::iter::repeat_n(unit, usize::from(bid.slots))
        };
        cells.into_iter().flat_map(units).collect()
    }

    fn enter(&mut self, cell: usize, bid: Bid) {
        if self.bids.insert(cell, bid).is_none() {
            self.line.retain(|other| *other != cell);
            self.line.push(cell);
        }
    }

    /// Cells that run in the next tick, once for each slot.
    fn run(&mut self, weights: &[Ppm]) -> Vec<usize> {
        let units = self.units();
        let market = Market { tick: self.tick, reserve: Microjoules(1), weights, units: &units };
        self.tick += 1;
        let ran: Vec<usize> = sell(&mut *self.mechanism, &market).iter().map(|sold| sold.cell).collect();
        for cell in &ran {
            self.line.retain(|other| other != cell);
            self.line.push(*cell);
        }
        ran
    }

    /// How often each cell ran in so many ticks of so many slots that are alike.
    fn quanta(&mut self, ticks: u64, slots: usize) -> BTreeMap<usize, u64> {
        let mut quanta: BTreeMap<usize, u64> = self.bids.keys().map(|cell| (*cell, 0)).collect();
        for _ in 0..ticks {
            for cell in self.run(&vec![Ppm::ONE; slots]) {
                *quanta.entry(cell).or_default() += 1;
            }
        }
        quanta
    }
}

#[test]
fn equal_bids_are_served_in_turn_under_every_rule() {
    for kind in MechanismKind::ALL {
        for (cells, slots) in [(1, 1), (2, 1), (3, 2), (5, 3), (7, 4), (9, 8), (4, 6)] {
            let bids: Vec<Bid> = (0..cells).map(|wallet| bid(wallet, 500)).collect();
            let mut crowd = Crowd::new(kind, &bids);
            let mut sums = vec![0_u64; cells];
            for tick in 0..200 {
                crowd.run(&vec![Ppm::ONE; slots]).into_iter().for_each(|cell| sums[cell] += 1);
                let spread = sums.iter().max().unwrap() - sums.iter().min().unwrap();
                assert!(spread <= 1, "{kind}, {cells} cells on {slots} slots after tick {tick}: {sums:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn karma_starves_nobody_whatever_is_bid(
        bids in prop::collection::vec(prop::collection::vec(limits(), 1..13), 60),
        cells in 1..13_usize,
        slots in 1..6_usize,
    ) {
        let mut crowd = Crowd::new(MechanismKind::Karma, &vec![bid(0, 1); cells]);
        let (mut ran_at, patience) = (vec![0_u64; cells], cells.div_ceil(slots) as u64);
        for (tick, limits) in (1..).zip(&bids) {
            // Everybody bids anew in every tick.
            for cell in 0..cells {
                crowd.enter(cell, bid(cell, limits[cell % limits.len()]));
            }
            crowd.run(&vec![Ppm::ONE; slots]).into_iter().for_each(|cell| ran_at[cell] = tick);
            prop_assert!(ran_at.iter().all(|ran| tick - ran <= patience), "tick {}: {:?}", tick, ran_at);
        }
    }

    #[test]
    fn karma_shares_what_a_naive_reading_of_its_words_shares(
        wanted in prop::collection::vec(prop::collection::vec(0..4_u16, 7), 1..80),
        weights in weights(1..5),
    ) {
        let mut crowd = Crowd::new(MechanismKind::Karma, &[]);
        // Credits in millionths of a quantum; those that are known, and what could not be shared without a rest.
        let (mut credits, mut rest) = (BTreeMap::<usize, i64>::new(), 0_i64);
        let mut history = Vec::new();
        for slots in &wanted {
            for (cell, &slots) in slots.iter().enumerate() {
                crowd.bids.remove(&cell);
                if slots > 0 {
                    crowd.enter(cell, Bid { wallet: cell, limit: 100 + cell as i64, slots });
                    credits.entry(cell).or_insert(0);
                }
            }
            let mut left: Vec<(usize, u16)> = crowd.bids.iter().map(|(cell, bid)| (*cell, bid.slots)).collect();
            let mut expected = Vec::new();
            for weight in &weights {
                left.retain(|(_, slots)| *slots > 0);
                // Most credits first, then who ran longest ago, then the higher limit, which here is the higher number.
                let ran = |cell: usize| history.iter().rposition(|other| *other == cell).map_or(-1, |place| place as i64);
                let best = left.iter_mut().max_by_key(|(cell, _)| (credits[cell], -ran(*cell), *cell));
                let Some(next) = best else { break };
                history.push(next.0);
                next.1 -= 1;
                expected.push(next.0);
                let had = credits.get_mut(&next.0).unwrap();
                *had = (*had - weight.0 as i64).max(-100_000_000);
                rest += weight.0 as i64;
            }
            let known = credits.len() as i64;
            if known > 0 {
                for had in credits.values_mut() {
                    *had = (*had + rest / known).min(100_000_000);
                }
                rest %= known;
            }
            prop_assert_eq!(crowd.run(&weights), expected);
        }
    }

    #[test]
    fn under_proportional_share_any_two_cells_are_within_three_quanta_of_what_their_tickets_say(
        limits in prop::collection::vec(1..40_i64, 1..10),
        slots in 1..5_usize,
    ) {
        let total: i64 = limits.iter().sum();
        // Nobody can have more than one slot: where proportion asks for more, see the next test.
        prop_assume!(limits.iter().all(|limit| limit * slots as i64 <= total));
        let bids: Vec<Bid> = limits.iter().enumerate().map(|(wallet, limit)| bid(wallet, *limit)).collect();
        let (mut crowd, mut quanta) = (Crowd::new(MechanismKind::ProportionalShare, &bids), vec![0_i64; limits.len()]);
        for tick in 1..=400_i64 {
            crowd.run(&vec![Ppm::ONE; slots]).into_iter().for_each(|cell| quanta[cell] += 1);
            // Quanta for each ticket, cross-multiplied.
            for (had, limit) in quanta.iter().zip(&limits) {
                for (other_had, other_limit) in quanta.iter().zip(&limits) {
                    let off = (had * other_limit - other_had * limit).abs();
                    prop_assert!(off <= 3 * (limit + other_limit), "tick {}: {:?} of {:?}", tick, quanta, limits);
                }
            }
        }
    }
}

#[test]
fn a_share_of_nearly_a_whole_slot_is_had_in_the_long_run() {
    // The largest are due 119 slots of 120: what they miss in one tick they catch up with.
    let limits = [14, 40, 6, 12, 39, 10];
    let bids: Vec<Bid> = (0..6).map(|wallet| bid(wallet, limits[wallet])).collect();
    let quanta = Crowd::new(MechanismKind::ProportionalShare, &bids).quanta(12_100, 3);
    for (cell, had) in quanta {
        let due = 3 * 12_100 * limits[cell] as u64 / 121;
        assert!(had.abs_diff(due) <= 3, "{cell} had {had} of {due}");
    }
}

#[test]
fn who_bids_for_more_than_its_slot_has_it_always_and_the_rest_is_shared() {
    let mut crowd =
        Crowd::new(MechanismKind::ProportionalShare, &[bid(0, 1_000), bid(1, 30), bid(2, 20), bid(3, 10)]);
    let quanta: Vec<u64> = crowd.quanta(600, 2).into_values().collect();
    assert_eq!(quanta[0], 600);
    for (had, due) in quanta[1..].iter().zip([300, 200, 100]) {
        assert!(had.abs_diff(due) <= 1, "{quanta:?}");
    }
    // It is owed ten quanta and no more for all that it could not have; with them it has its share among more bidders.
    (4..10).for_each(|wallet| crowd.enter(wallet, bid(wallet, 1_000)));
    let quanta = crowd.quanta(700, 1);
    assert!((99..=110).contains(&quanta[&0]), "{quanta:?}");
}

#[test]
fn coming_and_going_gains_nothing_under_proportional_share() {
    let steady = [bid(0, 500), bid(1, 500), bid(2, 500), bid(3, 500)];
    for away in [1, 7, REMEMBERED_TICKS + 1] {
        let mut crowd = Crowd::new(MechanismKind::ProportionalShare, &steady);
        let (mut had, mut present) = (0, 0);
        for _ in 0..50 {
            crowd.enter(3, bid(3, 500));
            // It leaves as soon as it has run.
            for ticks in 1.. {
                if crowd.run(&[Ppm::ONE]).contains(&3) {
                    (had, present) = (had + 1, present + ticks);
                    break;
                }
            }
            crowd.bids.remove(&3);
            crowd.quanta(away, 1);
        }
        assert!(had * 4 <= present + 50 * away + 40, "more than its share of all time and ten quanta");
    }
}

#[test]
fn who_leaves_its_share_to_others_has_it_later_under_karma() {
    let mut crowd = Crowd::new(MechanismKind::Karma, &[bid(0, 500), bid(1, 500), bid(2, 500)]);
    crowd.quanta(3, 1);
    crowd.bids.remove(&2);
    let (before, saved) = (crowd.quanta(60, 1), 20);
    assert_eq!(before.values().copied().collect::<Vec<_>>(), [30, 30]);
    crowd.enter(2, bid(2, 500));
    let after = crowd.quanta(60, 1);
    assert_eq!(after[&2], 20 + saved, "its own third, and that of the minute before");
    // In the end everybody has had the same.
    assert_eq!([before[&0] + after[&0], before[&1] + after[&1], after[&2]], [40, 40, 40]);
}

#[test]
fn credits_end_at_a_second_of_one_slot() {
    let mut crowd = Crowd::new(MechanismKind::Karma, &[bid(0, 500), bid(1, 500)]);
    crowd.quanta(2, 1);
    crowd.bids.remove(&1);
    crowd.quanta(5_000, 1);
    crowd.enter(1, bid(1, 500));
    let alone = (0..1_000).take_while(|_| crowd.run(&[Ppm::ONE]) == [1]).count();
    assert!((200..=202).contains(&alone), "100 quanta saved against 100 owed, and not 2,500: {alone}");
}

#[test]
fn rules_that_remember_have_room_for_every_cell_of_a_node_and_forget_those_that_are_gone() {
    for kind in [MechanismKind::Karma, MechanismKind::ProportionalShare] {
        let mut mechanism = kind.make();
        let unit =
            |cell: usize| Unit { cell: CellId(cell as u32), wallet: AccountId(0), limit: Microjoules(500) };
        for generation in 0..4 {
            // Every tick a node full of cells that were never seen before.
            let units: Vec<Unit> = (0..CELLS_MAX).map(|cell| unit(generation * CELLS_MAX + cell)).collect();
            let weights = [Ppm::ONE; 8];
            let market =
                Market { tick: generation as u64, reserve: Microjoules(1), weights: &weights, units: &units };
            assert_eq!(sell(&mut *mechanism, &market).len(), 8, "{kind}");
        }
    }
}
