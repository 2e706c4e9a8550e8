//! Books, single auctions and rules of the floor: each in its own file, over the fixtures here.

mod books;
mod demand;
mod fairness;
mod mechanisms;
mod properties;

use super::book::LadderBook;
use super::mechanism::vickrey::Vickrey;
use super::*;
use crate::ledger::{BillingPolicy, Role};
use crate::limits::QUANTUM;
use crate::population::{LifePolicy, Verdict};
use crate::tick::Usage;
use crate::units::{Bytes, Celsius, Moment, Nanoseconds, Ppm};

pub(super) const BASE: Microjoules = Microjoules(100);

pub(super) fn quote(tick: u64, slots: u16, reserve: i64) -> Quote {
    Quote {
        tick,
        at: Moment(tick * QUANTUM.0),
        die: Celsius(50.0),
        fresh: true,
        supply: f64::from(slots),
        slots,
        base: BASE,
        reserve: Microjoules(reserve),
        multiplier: Ppm::ONE,
        tariff: Ppm::ONE,
    }
}

/// An order with the wallet that is to pay it: cells may share one, by its number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bid {
    pub(super) wallet: usize,
    pub(super) limit: i64,
    pub(super) slots: u16,
}

/// A bid of one slot by a wallet of its own number.
pub(super) fn bid(wallet: usize, limit: i64) -> Bid {
    Bid { wallet, limit, slots: 1 }
}

/// An auction with money, bidders and their orders.
pub(super) struct Floor {
    pub(super) auction: Auction,
    pub(super) ledger: Ledger,
    pub(super) population: Population,
    pub(super) wallets: Vec<AccountId>,
}

impl Floor {
    /// Wallets with these balances, and the bids as cells zero, one and so on.
    pub(super) fn new(slots: u16, balances: &[i64], bids: &[Bid]) -> Self {
        let mut ledger = Ledger::new(BillingPolicy::default());
        let fund = |&balance: &i64| ledger.fund_new(0, Role::Wallet, Microjoules(balance)).unwrap();
        let wallets: Vec<AccountId> = balances.iter().map(fund).collect();
        let mut floor = Self {
            auction: Auction::new(slots, Box::new(LadderBook::default()), Box::new(Vickrey)),
            ledger,
            population: Population::new(LifePolicy::default()),
            wallets,
        };
        for bid in bids {
            floor.enter(*bid);
        }
        floor
    }

    /// Everybody has money enough.
    pub(super) fn rich(slots: u16, bids: &[Bid]) -> Self {
        let wallets = bids.iter().map(|bid| bid.wallet + 1).max().unwrap_or(0);
        Self::new(slots, &vec![1_000_000_000; wallets], bids)
    }

    pub(super) fn enter(&mut self, bid: Bid) -> CellId {
        let cell = self.population.next_id().unwrap();
        let wallet = self.wallets[bid.wallet];
        self.ledger.open_bill(cell, wallet, 0, BASE).unwrap();
        self.population.admit(cell, wallet, bid.slots);
        self.auction.enter(Order {
            cell,
            wallet,
            limit: Microjoules(bid.limit),
            slots: bid.slots.into(),
            last_tick: None,
        });
        cell
    }

    pub(super) fn clear(&mut self, quote: &Quote) -> Clearing {
        self.auction.clear(quote, &self.population, &self.ledger).clone()
    }

    /// Gives the first cells these limits through the population, so that it knows who is in the book.
    pub(super) fn enter_by_verdict(&mut self, limits: &[i64], slots: u16) {
        for (cell, limit) in limits.iter().enumerate() {
            let early = self.population.order(CellId(cell as u32), Microjoules(*limit), slots);
            assert_eq!(early, None, "nobody was judged yet");
        }
        self.tick(&quote(0, 0, 100), &[]);
    }

    /// Clears, and lets the winners use their quanta whole; those named stay on their slots.
    pub(super) fn tick(&mut self, quote: &Quote, late: &[u32]) -> Clearing {
        let clearing = self.clear(quote);
        self.ledger.hold(&clearing);
        let on_time = clearing.awards.iter().filter(|award| !late.contains(&award.cell.0));
        let usages: Vec<Usage> = on_time.map(|award| whole(award.cell)).collect();
        self.ledger.charge(quote, &crate::tick::Sensed::Missing, &usages);
        let verdicts = self.population.judge(quote, &usages, &self.ledger).to_vec();
        for verdict in verdicts {
            match verdict {
                Verdict::Enter(order) => self.auction.enter(order),
                Verdict::Leave(cell) => self.auction.leave(cell),
                _ => {}
            }
        }
        clearing
    }
}

/// A quantum used whole.
pub(super) fn whole(cell: CellId) -> Usage {
    Usage {
        cell,
        granted: QUANTUM,
        used: QUANTUM,
        stolen: Nanoseconds::ZERO,
        resold: Nanoseconds::ZERO,
        cycles: 0,
        freed: Bytes(0),
        memory: Bytes(0),
        exit: None,
        wait: None,
    }
}

/// The cells that won, in order.
pub(super) fn winners(clearing: &Clearing) -> Vec<u32> {
    clearing.awards.iter().map(|award| award.cell.0).collect()
}

pub(super) fn prices(clearing: &Clearing) -> Vec<i64> {
    clearing.awards.iter().map(|award| award.price.0).collect()
}

#[test]
fn one_bidder_alone_pays_the_reserve_even_for_several_slots() {
    for slots in 1..=5 {
        let mut floor = Floor::rich(4, &[Bid { wallet: 0, limit: 1_000, slots }]);
        let clearing = floor.clear(&quote(0, 4, 100));
        assert_eq!(prices(&clearing), vec![100; usize::from(slots.min(4))]);
        assert!(clearing.awards.iter().all(|award| !award.contested), "nobody else was left out");
    }
}

#[test]
fn two_cells_of_one_wallet_do_not_raise_each_others_price() {
    let mut floor = Floor::rich(1, &[bid(0, 1_000), bid(0, 900)]);
    let clearing = floor.clear(&quote(0, 1, 100));
    assert_eq!((winners(&clearing), prices(&clearing)), (vec![0], vec![100]));
    assert!(!clearing.awards[0].contested);
}

#[test]
fn the_best_rival_sets_the_price_behind_losing_units_of_ones_own() {
    let greedy = Bid { wallet: 0, limit: 1_000, slots: 3 };
    let mut floor = Floor::rich(2, &[greedy, bid(0, 900), bid(1, 700)]);
    let clearing = floor.clear(&quote(0, 2, 100));
    assert_eq!((winners(&clearing), prices(&clearing)), (vec![0, 0], vec![700, 700]));
    assert!(clearing.awards.iter().all(|award| award.contested));
    assert_eq!(clearing.price, Microjoules(700));
    assert_ne!(clearing.awards[0].slot, clearing.awards[1].slot);
}

#[test]
fn each_winner_pays_the_best_loser_that_is_not_itself() {
    // Wallet 0 wins and is the best loser as well: its rival pays that, it pays the loser after.
    let mut floor = Floor::rich(2, &[Bid { wallet: 0, limit: 1_000, slots: 2 }, bid(1, 1_001), bid(2, 300)]);
    let clearing = floor.clear(&quote(0, 2, 100));
    assert_eq!((winners(&clearing), prices(&clearing)), (vec![1, 0], vec![1_000, 300]));
}

#[test]
fn orders_without_money_neither_win_nor_set_a_price() {
    let mut floor = Floor::new(1, &[1_000_000, 899, 1_000_000], &[bid(0, 1_000), bid(1, 900), bid(2, 300)]);
    let clearing = floor.clear(&quote(0, 1, 100));
    assert_eq!((winners(&clearing), prices(&clearing)), (vec![0], vec![300]));

    let all = Bid { wallet: 0, limit: 1_000, slots: 2 };
    let mut floor = Floor::new(2, &[1_999, 1_000_000], &[all, bid(1, 300)]);
    let clearing = floor.clear(&quote(0, 2, 100));
    assert_eq!(winners(&clearing), vec![1], "an order is funded whole or not at all");
    let mut floor = Floor::new(2, &[2_000, 1_000_000], &[all, bid(1, 300)]);
    assert_eq!(winners(&floor.clear(&quote(0, 2, 100))), vec![0, 0], "to the microjoule");
}

#[test]
fn orders_below_the_reserve_are_as_if_they_were_not_there() {
    let mut floor = Floor::rich(1, &[bid(0, 200), bid(1, 199)]);
    let clearing = floor.clear(&quote(0, 1, 200));
    assert_eq!((winners(&clearing), prices(&clearing)), (vec![0], vec![200]));
    assert!(!clearing.awards[0].contested, "a rival below the reserve does not wait for the slot");
    let clearing = floor.clear(&quote(1, 1, 201));
    assert_eq!((clearing.awards.len(), clearing.price), (0, Microjoules(201)));
}

#[test]
fn without_slots_for_sale_nobody_wins() {
    let mut floor = Floor::rich(2, &[bid(0, 200)]);
    let clearing = floor.clear(&quote(0, 0, 100));
    assert_eq!((clearing.awards.len(), clearing.price), (0, Microjoules(100)));
}

#[test]
fn the_dying_are_served_first_at_the_base_price() {
    // Cell 0 owes money once its wallet is charged for what it freed.
    let mut floor = Floor::new(2, &[0, 1_000_000, 1_000_000], &[bid(0, 1), bid(1, 900), bid(2, 800)]);
    let freed = Usage { freed: Bytes::from_mebibytes(1_024), ..whole(CellId(0)) };
    floor.ledger.charge(&quote(9, 2, 100), &crate::tick::Sensed::Missing, &[freed]);
    floor.tick(&quote(10, 2, 100), &[]);
    assert!(floor.population.get(CellId(0)).unwrap().state.is_dying());
    floor.auction.enter(Order {
        cell: CellId(1),
        wallet: floor.wallets[1],
        limit: Microjoules(900),
        slots: 1,
        last_tick: None,
    });
    floor.auction.enter(Order {
        cell: CellId(2),
        wallet: floor.wallets[2],
        limit: Microjoules(800),
        slots: 1,
        last_tick: None,
    });
    let clearing = floor.clear(&quote(11, 2, 500));
    assert_eq!((winners(&clearing), prices(&clearing)), (vec![0, 1], vec![100, 800]));
    let (grace, sold) = (clearing.awards[0], clearing.awards[1]);
    assert_eq!((grace.purse, grace.contested), (Purse::SetAside, false));
    assert_eq!((sold.purse, sold.contested), (Purse::Free, true));
    assert_eq!(clearing.price, Microjoules(800));
    assert_eq!(winners(&floor.clear(&quote(12, 1, 500))), vec![0], "before the auction");
    assert_eq!(winners(&floor.clear(&quote(13, 0, 500))), Vec::<u32>::new(), "but not when it is too hot");
}

#[test]
fn slots_that_late_cells_sit_on_are_not_sold() {
    let mut floor = Floor::rich(2, &[bid(0, 1_000), bid(1, 900), bid(2, 800)]);
    floor.enter_by_verdict(&[1_000, 900, 800], 1);
    let first = floor.tick(&quote(0, 2, 100), &[0]);
    assert_eq!(winners(&first), vec![0, 1]);
    let late = first.awards[0].slot;
    let second = floor.tick(&quote(1, 2, 100), &[]);
    assert_eq!(winners(&second), vec![1], "one slot is left, and the late cell does not bid");
    assert_ne!(second.awards[0].slot, late);
    assert_eq!(prices(&second), vec![800]);
    floor.tick(&quote(2, 0, 100), &[]);
    floor.population.judge(&quote(2, 2, 100), &[whole(CellId(0))], &floor.ledger);
    assert_eq!(
        winners(&floor.clear(&quote(3, 2, 100))),
        vec![1, 2],
        "once it has left its slot both are sold"
    );
}

#[test]
fn a_cell_with_several_slots_that_is_late_keeps_all_of_them() {
    let mut floor = Floor::rich(3, &[Bid { wallet: 0, limit: 1_000, slots: 2 }, bid(1, 900), bid(2, 800)]);
    floor.enter_by_verdict(&[1_000, 900, 800], 2);
    let first = floor.tick(&quote(0, 3, 100), &[0]);
    assert_eq!(winners(&first), vec![0, 0, 1]);
    let second = floor.tick(&quote(1, 3, 100), &[]);
    assert_eq!(winners(&second), vec![1], "two of three slots are still taken");
    assert_eq!(second.awards[0].slot, first.awards[2].slot);
}
