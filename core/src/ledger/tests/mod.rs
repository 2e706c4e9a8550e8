//! Single rules of money, each on its own; `model` runs whole histories beside a naive ledger.

mod lines;
mod model;
mod openings;

use super::*;
use crate::invariants;
use crate::limits::{MINT_MAX, QUANTUM, WINDOW, WINDOW_TICKS};
use crate::tick::{Award, Figure, Provenance, Reading, SlotId};
use crate::units::{Bytes, Celsius, Moment, Nanoseconds};

const BASE: Microjoules = Microjoules(1_000);

fn quote(tick: u64) -> Quote {
    Quote {
        tick,
        at: Moment(tick * QUANTUM.0),
        die: Celsius(26.85),
        fresh: true,
        supply: 4.0,
        slots: 4,
        base: BASE,
        reserve: BASE,
        multiplier: Ppm::ONE,
        tariff: Ppm::ONE,
    }
}

fn usage(cell: u32, used: Nanoseconds) -> Usage {
    Usage {
        cell: CellId(cell),
        granted: QUANTUM,
        used,
        stolen: Nanoseconds::ZERO,
        resold: Nanoseconds::ZERO,
        cycles: 0,
        freed: Bytes(0),
        memory: Bytes(0),
        exit: None,
        wait: None,
    }
}

fn ms(millis: u64) -> Nanoseconds {
    Nanoseconds::from_millis(millis)
}

fn read(joules: i64) -> Sensed {
    let provenance = Provenance::Measured;
    Sensed::Fresh(Reading {
        at: Moment(0),
        die: Figure { value: Celsius(50.0), error: Celsius(0.0), provenance },
        power: Figure { value: crate::units::Watts(10.0), error: crate::units::Watts(0.0), provenance },
        energy: Figure { value: Microjoules::from_joules(joules), error: Microjoules::ZERO, provenance },
        epoch: 0,
    })
}

fn award(cell: u32, wallet: AccountId, price: i64) -> Award {
    Award {
        cell: CellId(cell),
        wallet,
        slot: SlotId(0),
        weight: Ppm::ONE,
        price: Microjoules(price),
        purse: Purse::Free,
        contested: false,
    }
}

fn clearing(tick: u64, awards: &[Award]) -> Clearing {
    Clearing { tick, price: BASE, awards: awards.to_vec() }
}

/// A ledger with one wallet of this balance and the bill of cell 0, which set nothing aside.
fn with_wallet(balance: i64) -> (Ledger, AccountId) {
    let mut ledger = Ledger::new(BillingPolicy::default());
    let wallet = ledger.fund_new(0, Role::Wallet, Microjoules(balance)).unwrap();
    ledger.open_bill(CellId(0), wallet, 0, BASE).unwrap();
    (ledger, wallet)
}

/// What cell 0 pays for quanta when it wins in tick 8 and this is its usage.
fn price_of(award_as: impl Fn(Award) -> Award, used: Usage) -> i64 {
    let (mut ledger, wallet) = with_wallet(1_000_000);
    ledger.hold(&clearing(8, &[award_as(award(0, wallet, 900))]));
    ledger.charge(&quote(8), &Sensed::Missing, &[used]);
    assert_eq!(ledger.accounts().held(wallet), Microjoules(900), "held until the window ends");
    ledger.charge(&quote(9), &Sensed::Missing, &[]);
    invariants::money(9, &ledger).unwrap();
    assert_eq!(ledger.accounts().held(wallet), Microjoules::ZERO);
    1_000_000 - ledger.free(wallet).0
}

#[test]
fn a_contested_quantum_is_charged_whole_less_what_was_stolen_and_resold() {
    let contested = |award| Award { contested: true, ..award };
    let nothing = usage(0, Nanoseconds::ZERO);
    assert_eq!(price_of(contested, nothing), 900, "used or not");
    assert_eq!(price_of(contested, Usage { stolen: ms(2), ..nothing }), 720);
    assert_eq!(price_of(contested, Usage { resold: ms(3), ..nothing }), 630);
    assert_eq!(price_of(contested, Usage { stolen: ms(2), resold: ms(3), ..nothing }), 450);
    assert_eq!(price_of(contested, Usage { stolen: ms(12), ..nothing }), 0);
    assert_eq!(price_of(contested, Usage { stolen: ms(8), ..usage(0, ms(5)) }), 450, "but what it used");
    assert_eq!(
        price_of(contested, usage(0, ms(15))),
        1_350,
        "time beyond the grant costs what the grant costs"
    );
    assert_eq!(price_of(contested, Usage { granted: Nanoseconds::ZERO, ..nothing }), 0);
}

#[test]
fn an_uncontested_quantum_is_charged_by_use() {
    let free = |award| award;
    assert_eq!(price_of(free, usage(0, Nanoseconds::ZERO)), 0);
    assert_eq!(price_of(free, usage(0, ms(5))), 450);
    assert_eq!(price_of(free, Usage { stolen: ms(2), ..usage(0, ms(8)) }), 720);
    assert_eq!(price_of(free, usage(0, ms(12))), 1_080);
    assert_eq!(price_of(free, Usage { granted: Nanoseconds::ZERO, ..usage(0, ms(1)) }), 0);
}

#[test]
fn a_window_pools_its_quanta() {
    let (mut ledger, wallet) = with_wallet(1_000_000);
    for (tick, price, used) in [(0, 100, 10), (1, 700, 0), (2, 400, 5)] {
        ledger.hold(&clearing(tick, &[award(0, wallet, price)]));
        ledger.charge(&quote(tick), &Sensed::Missing, &[usage(0, ms(used))]);
    }
    let transfers = ledger.charge(&quote(9), &Sensed::Missing, &[]).to_vec();
    // 15 ms used of 30 granted, x 1,200.
    let due = Transfer {
        tick: 9,
        kind: Kind::Quanta,
        from: wallet,
        to: ledger.treasury(),
        amount: Microjoules(600),
    };
    assert_eq!(transfers, [due]);
    let totals = ledger.totals(CellId(0)).unwrap();
    assert_eq!((totals.quanta, totals.quanta_granted), (Microjoules(600), 3));
    assert_eq!((totals.granted, totals.used), (ms(30), ms(15)));
}

#[test]
fn a_window_is_billed_once() {
    let (mut ledger, wallet) = with_wallet(1_000_000);
    ledger.hold(&clearing(9, &[award(0, wallet, 900)]));
    let rich = Usage { memory: Bytes(1 << 30), freed: Bytes(1 << 20), ..usage(0, ms(10)) };
    assert_eq!(ledger.charge(&quote(9), &Sensed::Missing, &[rich]).len(), 3);
    let after = ledger.free(wallet);
    assert_eq!(ledger.charge(&quote(9), &Sensed::Missing, &[]), [], "the same tick again");
    ledger.close_bill(Some(&quote(9)), CellId(0));
    assert_eq!(ledger.free(wallet), after, "a bill that is closed in the tick of its window");
}

#[test]
fn a_quantum_whose_use_is_not_known_yet_stays_held_and_is_billed_later() {
    let (mut ledger, wallet) = with_wallet(10_000);
    ledger.hold(&clearing(9, &[award(0, wallet, 900)]));
    ledger.charge(&quote(9), &Sensed::Missing, &[]);
    assert_eq!((ledger.accounts().held(wallet), ledger.free(wallet)), (Microjoules(900), Microjoules(9_100)));
    ledger.charge(&quote(10), &Sensed::Missing, &[usage(0, ms(10))]);
    ledger.charge(&quote(19), &Sensed::Missing, &[]);
    assert_eq!(ledger.accounts().balance(wallet), Microjoules(9_100));
    ledger.hold(&clearing(20, &[award(0, wallet, 900)]));
    ledger.close_bill(Some(&quote(20)), CellId(0));
    assert_eq!(ledger.free(wallet), Microjoules(9_100), "and is voided if its use is never known");
    invariants::money(20, &ledger).unwrap();
}

#[test]
fn the_set_aside_comes_back_at_the_end() {
    let mut ledger = Ledger::new(BillingPolicy::default());
    let wallet = ledger.fund_new(0, Role::Wallet, Microjoules(250_000)).unwrap();
    ledger.open_bill(CellId(0), wallet, 2, BASE).unwrap();
    assert_eq!(ledger.free(wallet), Microjoules(150_000), "50 base quanta for each of two slots");
    let refused = ledger.open_bill(CellId(1), wallet, 4, BASE);
    let (free, wanted) = (Microjoules(150_000), Microjoules(200_000));
    assert_eq!(refused, Err(LedgerError::Insufficient { account: wallet, free, wanted }));
    assert_eq!((ledger.free(wallet), ledger.totals(CellId(1))), (free, None), "nothing has moved");
    ledger.close_bill(None, CellId(0));
    assert_eq!(ledger.free(wallet), Microjoules(250_000));
}

#[test]
fn the_grace_is_paid_from_what_was_set_aside() {
    let mut ledger = Ledger::new(BillingPolicy::default());
    let wallet = ledger.fund_new(0, Role::Wallet, Microjoules(50_000)).unwrap();
    ledger.open_bill(CellId(0), wallet, 1, BASE).unwrap();
    assert_eq!(ledger.free(wallet), Microjoules::ZERO);
    for tick in 0..10 {
        let grace = Award { purse: Purse::SetAside, ..award(0, wallet, 1_000) };
        assert_eq!(ledger.hold(&clearing(tick, &[grace])).len(), 1, "without any free money");
        ledger.charge(&quote(tick), &Sensed::Missing, &[usage(0, ms(8))]);
    }
    assert_eq!(
        (ledger.accounts().balance(wallet), ledger.free(wallet)),
        (Microjoules(42_000), Microjoules::ZERO)
    );
    ledger.close_bill(Some(&quote(9)), CellId(0));
    assert_eq!(ledger.free(wallet), Microjoules(42_000), "the rest is free again");
}

#[test]
fn debt_is_recorded_whole() {
    let (mut ledger, wallet) = with_wallet(1_000);
    let freed = Usage { freed: Bytes(1 << 30), ..usage(0, Nanoseconds::ZERO) };
    ledger.charge(&quote(9), &Sensed::Missing, &[freed]);
    let tax = ledger.accounts().balance(ledger.tax());
    assert!((24_500_000..25_000_000).contains(&tax.0), "a GiB at 300 K: {tax}");
    assert_eq!(ledger.free(wallet), Microjoules(1_000) - tax);
    assert!(ledger.hold(&clearing(10, &[award(0, wallet, 1)])).is_empty(), "a debtor wins nothing");
    assert!(ledger.open_bill(CellId(1), wallet, 1, BASE).is_err());
    invariants::money(9, &ledger).unwrap();
}

#[test]
fn a_wallet_shared_by_two_cells_never_pays_more_than_it_has() {
    let mut ledger = Ledger::new(BillingPolicy::default());
    let wallet = ledger.fund_new(0, Role::Wallet, Microjoules(1_000)).unwrap();
    for cell in 0..3 {
        ledger.open_bill(CellId(cell), wallet, 0, BASE).unwrap();
    }
    let awards = [award(0, wallet, 600), award(1, wallet, 600), award(2, wallet, 400)];
    let grants = ledger.hold(&clearing(0, &awards)).to_vec();
    let granted: Vec<_> = grants.iter().map(|grant| (grant.award.cell.0, grant.balance.0)).collect();
    assert_eq!(granted, [(0, 400), (2, 0)], "the award that is not covered any more is dropped");
    ledger.charge(&quote(0), &Sensed::Missing, &[usage(0, ms(10)), usage(2, ms(10))]);
    ledger.close_bill(Some(&quote(0)), CellId(0));
    invariants::money(0, &ledger).unwrap();
    assert_eq!(ledger.accounts().held(wallet), Microjoules(400), "the other cell's hold is its own");
    ledger.charge(&quote(9), &Sensed::Missing, &[]);
    assert_eq!(ledger.accounts().balance(wallet), Microjoules::ZERO);
}

#[test]
fn memory_pays_rent_running_or_frozen() {
    // 1 GiB for one second at 0.4 W.
    let rent = |memory: Bytes, tariff: Ppm, multiplier: Ppm| {
        let (mut ledger, wallet) = with_wallet(100_000_000);
        let held = Usage { memory, ..usage(0, Nanoseconds::ZERO) };
        ledger.charge(&quote(0), &Sensed::Missing, &[held]);
        for window in 0..1_000_000_000 / WINDOW.0 {
            let quote = Quote { multiplier, tariff, ..quote(window * WINDOW_TICKS + 9) };
            ledger.charge(&quote, &Sensed::Missing, &[]);
        }
        let paid = 100_000_000 - ledger.free(wallet).0;
        assert_eq!(ledger.totals(CellId(0)).unwrap().rent, Microjoules(paid));
        paid
    };
    assert_eq!(rent(Bytes(1 << 30), Ppm::ONE, Ppm::ONE), 400_000);
    assert_eq!(rent(Bytes(1 << 30), Ppm(2_000_000), Ppm(3_500_000)), 2_800_000);
    assert_eq!(rent(Bytes(1 << 18), Ppm::ONE, Ppm::ONE), 97, "parts of a microjoule add up over windows");
    assert_eq!(rent(Bytes(0), Ppm::ONE, Ppm::ONE), 0);
}

#[test]
fn a_gibibyte_for_a_window_at_multiplier_and_tariff_one_costs_forty_millijoules_running_or_frozen() {
    for used in [QUANTUM, Nanoseconds::ZERO] {
        let (mut ledger, wallet) = with_wallet(1_000_000);
        let held = Usage { memory: Bytes(1 << 30), ..usage(0, used) };
        ledger.charge(&quote(0), &Sensed::Missing, &[held]);
        ledger.charge(&quote(9), &Sensed::Missing, &[]);
        assert_eq!(Microjoules(1_000_000) - ledger.free(wallet), Microjoules(40_000));
    }
}

#[test]
fn the_treasury_buys_the_energy_that_the_package_uses() {
    let (mut ledger, _) = with_wallet(0);
    let grid = |ledger: &Ledger| ledger.accounts().with_role(Role::Grid).next().unwrap().1;
    let dear = |tick| Quote { tariff: Ppm(1_500_000), ..quote(tick) };
    // The sensor has counted since long before the node began: that was never the node's to buy.
    ledger.charge(&quote(0), &read(1_000), &[]);
    ledger.charge(&quote(9), &read(1_003), &[]);
    assert_eq!(grid(&ledger), Microjoules::from_joules(3));
    ledger.charge(&quote(10), &read(1_004), &[]);
    assert_eq!(grid(&ledger), Microjoules::from_joules(3), "once a window");
    ledger.charge(&dear(19), &read(1_005), &[]);
    assert_eq!(grid(&ledger), Microjoules::from_joules(6), "at the tariff");
    ledger.charge(&quote(29), &read(1_005), &[]);
    ledger.charge(&quote(39), &read(900), &[]);
    ledger.charge(&quote(49), &Sensed::Missing, &[]);
    assert_eq!(grid(&ledger), Microjoules::from_joules(6), "nothing new is nothing to buy");
    ledger.charge(&quote(59), &read(1_006), &[]);
    assert_eq!(grid(&ledger), Microjoules::from_joules(7), "and nothing is bought twice");
    assert_eq!(ledger.accounts().balance(ledger.treasury()), Microjoules::from_joules(-7));
    invariants::money(59, &ledger).unwrap();
}

#[test]
fn a_counter_that_begins_again_is_bought_from_where_it_began() {
    let mut ledger = Ledger::new(BillingPolicy::default());
    let grid = |ledger: &Ledger| ledger.accounts().with_role(Role::Grid).next().unwrap().1;
    let of_epoch = |epoch, joules| match read(joules) {
        Sensed::Fresh(reading) => Sensed::Fresh(Reading { epoch, ..reading }),
        other => other,
    };
    ledger.charge(&quote(0), &of_epoch(0, 1_000), &[]);
    ledger.charge(&quote(5), &of_epoch(0, 1_002), &[]);
    // The driver is loaded again in the middle of a window: what was counted before counts, the gap does not.
    ledger.charge(&quote(7), &of_epoch(1, 10), &[]);
    ledger.charge(&quote(9), &of_epoch(1, 13), &[]);
    assert_eq!(grid(&ledger), Microjoules::from_joules(5));
    ledger.charge(&quote(19), &of_epoch(2, 2_000), &[]);
    assert_eq!(grid(&ledger), Microjoules::from_joules(5), "a new epoch at a higher sum is a gap too");
    ledger.charge(&quote(29), &of_epoch(2, 2_001), &[]);
    assert_eq!(grid(&ledger), Microjoules::from_joules(6));
    invariants::money(29, &ledger).unwrap();
}

#[test]
fn every_window_is_bought_at_its_own_tariff() {
    let (mut ledger, _) = with_wallet(0);
    let at = |tick, tariff| Quote { tariff: Ppm(tariff), ..quote(tick) };
    ledger.charge(&at(0, 1_000_000), &read(0), &[]);
    let mut due = 0;
    for (window, tariff) in [1_000_000, 3_000_000, 10_000, 250_000_000, 500_000].into_iter().enumerate() {
        let (window, joules) = (window as u64, 2 * (window as i64 + 1));
        // The tariff of a window is the one at its end, when its energy is read.
        ledger.charge(&at(window * WINDOW_TICKS + 3, 7_000_000), &read(joules - 1), &[]);
        ledger.charge(&at(window * WINDOW_TICKS + 9, tariff), &read(joules), &[]);
        due += 2 * tariff as i64;
        let grid = ledger.accounts().with_role(Role::Grid).next().unwrap().1;
        assert_eq!(grid, Microjoules(due), "window {window}");
        invariants::money(window, &ledger).unwrap();
    }
}

#[test]
fn a_quantum_costs_what_it_was_won_at_whatever_the_tariff_does_before_the_bill() {
    let (mut ledger, wallet) = with_wallet(1_000_000);
    for (tick, price) in [(0, 1_000), (1, 5_000), (2, 200)] {
        let contested = Award { contested: true, ..award(0, wallet, price) };
        ledger.hold(&clearing(tick, &[contested]));
        ledger.charge(&quote(tick), &Sensed::Missing, &[usage(0, ms(10))]);
    }
    let dear = Quote { base: BASE.times(40), reserve: BASE.times(40), tariff: Ppm(40_000_000), ..quote(9) };
    ledger.charge(&dear, &Sensed::Missing, &[]);
    assert_eq!(ledger.accounts().balance(wallet), Microjoules(1_000_000 - 6_200));
    invariants::money(9, &ledger).unwrap();
}

#[test]
fn a_grace_that_has_become_dearer_than_what_was_set_aside_is_owed_by_the_wallet() {
    let mut ledger = Ledger::new(BillingPolicy::default());
    let wallet = ledger.fund_new(0, Role::Wallet, Microjoules(50_000)).unwrap();
    ledger.open_bill(CellId(0), wallet, 1, BASE).unwrap();
    let grace = Award { purse: Purse::SetAside, ..award(0, wallet, 80_000) };
    ledger.hold(&clearing(9, &[grace]));
    ledger.charge(&quote(9), &Sensed::Missing, &[usage(0, ms(10))]);
    ledger.close_bill(Some(&quote(9)), CellId(0));
    assert_eq!(ledger.free(wallet), Microjoules(-30_000), "debt, and nothing is made up or lost");
    invariants::money(9, &ledger).unwrap();
}

#[test]
fn no_more_is_minted_than_may_be() {
    let mut ledger = Ledger::new(BillingPolicy::default());
    let mut mint = |amount: i64| ledger.fund_new(0, Role::Wallet, Microjoules(amount));
    assert_eq!(mint(-1), Err(LedgerError::NotMintable(Microjoules(-1))));
    assert_eq!(mint(i64::MAX), Err(LedgerError::NotMintable(Microjoules(i64::MAX))));
    assert!(mint(0).is_ok() && mint(MINT_MAX.0 - 1).is_ok());
    assert_eq!(mint(2), Err(LedgerError::NotMintable(Microjoules(2))));
    assert!(mint(1).is_ok());
    assert_eq!(mint(1), Err(LedgerError::NotMintable(Microjoules(1))));
    assert_eq!(ledger.accounts().minted(), MINT_MAX);
    assert_eq!(ledger.accounts().with_role(Role::Wallet).count(), 3, "a refused one opens no account");
    invariants::money(0, &ledger).unwrap();
}

#[test]
fn accounts_end_at_their_limit() {
    let mut ledger = Ledger::new(BillingPolicy::default());
    let mut opened = 4;
    while ledger.fund_new(0, Role::Wallet, Microjoules(1)).is_ok() {
        opened += 1;
    }
    assert_eq!(opened, ACCOUNTS_MAX);
    assert_eq!(ledger.accounts().minted(), Microjoules(ACCOUNTS_MAX as i64 - 4));
    invariants::money(0, &ledger).unwrap();
}

#[test]
fn an_escrow_pays_what_it_has_and_no_more() {
    let (mut ledger, wallet) = with_wallet(0);
    let escrow = ledger.fund_new(0, Role::Escrow, Microjoules(100)).unwrap();
    let pay = |amount| Transfer {
        tick: 0,
        kind: Kind::Bounty,
        from: escrow,
        to: wallet,
        amount: Microjoules(amount),
    };
    assert_eq!(ledger.pay(pay(60)), Ok(()));
    let (free, wanted) = (Microjoules(40), Microjoules(41));
    assert_eq!(ledger.pay(pay(41)), Err(LedgerError::Insufficient { account: escrow, free, wanted }));
    assert_eq!((ledger.free(escrow), ledger.free(wallet)), (Microjoules(40), Microjoules(60)));
    assert_eq!(ledger.pay(pay(40)), Ok(()));
}

#[test]
fn what_a_claim_prepays_is_held_and_then_collected_or_given_back() {
    let (mut ledger, wallet) = with_wallet(100);
    let to = ledger.treasury();
    let charge = |amount| Transfer { tick: 0, kind: Kind::Verification, from: wallet, to, amount };
    ledger.prepay(wallet, Microjoules(30)).unwrap();
    ledger.prepay(wallet, Microjoules(50)).unwrap();
    let (free, wanted) = (Microjoules(20), Microjoules(21));
    assert_eq!(
        ledger.prepay(wallet, wanted),
        Err(LedgerError::Insufficient { account: wallet, free, wanted })
    );
    assert_eq!((ledger.prepaid(), ledger.accounts().balance(wallet)), (Microjoules(80), Microjoules(100)));
    invariants::money(0, &ledger).unwrap();
    ledger.collect(charge(Microjoules(30)));
    assert_eq!((ledger.free(wallet), ledger.free(to)), (free, Microjoules(30)));
    ledger.give_back(wallet, Microjoules(50));
    assert_eq!((ledger.free(wallet), ledger.prepaid()), (Microjoules(70), Microjoules::ZERO));
    invariants::money(0, &ledger).unwrap();
}
