//! Every arrow of the drawn state machine, and the arrows that must not be there.

mod orders;
mod random_lives;
mod standings;
mod waiting;

use super::*;
use crate::ledger::{BillingPolicy, Role};
use crate::limits::{QUANTUM, WINDOW_TICKS};
use crate::tick::{Award, Clearing, Exit, Kind, Purse, Sensed, Transfer};
use crate::units::{Bytes, Celsius, Moment, Ppm};

const BASE: Microjoules = Microjoules(10);
/// Limit of the orders here.
const LIMIT: Microjoules = Microjoules(100);

/// A node's money and population, its book as the verdicts make it, and a bank to take money from and bring it to.
struct World {
    ledger: Ledger,
    population: Population,
    bank: AccountId,
    book: Vec<Order>,
    tick: u64,
    fresh: bool,
    supply: f64,
}

impl World {
    fn new() -> Self {
        let mut ledger = Ledger::new(BillingPolicy::default());
        let bank = ledger.fund_new(0, Role::Escrow, Microjoules(1_000_000_000_000)).unwrap();
        let population = Population::new(LifePolicy::default());
        Self { ledger, population, bank, book: Vec::new(), tick: 0, fresh: true, supply: 1.0 }
    }

    /// A cell of two slots with a wallet of its own that has this much free after the set-aside.
    fn admit(&mut self, free: i64) -> CellId {
        let set_aside = 2 * 50 * BASE.0;
        let wallet = self.ledger.fund_new(0, Role::Wallet, Microjoules(free + set_aside)).unwrap();
        let cell = self.population.next_id().unwrap();
        self.ledger.open_bill(cell, wallet, 2, BASE).unwrap();
        self.population.admit(cell, wallet, 2);
        cell
    }

    /// One cell with an order for one slot, judged once.
    fn with_cell(free: i64) -> (Self, CellId) {
        let mut world = Self::new();
        let cell = world.admit(free);
        world.order(cell, LIMIT, 1);
        world.pass(&[], &[]);
        (world, cell)
    }

    /// A changed order, and what followed for the book.
    fn order(&mut self, cell: CellId, limit: Microjoules, slots: u16) -> Vec<Verdict> {
        let verdicts: Vec<_> = self.population.order(cell, limit, slots).into_iter().collect();
        self.carry_out(&verdicts);
        verdicts
    }

    /// An answer that the cell waited for, and what followed for the book carried out.
    fn answer(&mut self, cell: CellId) -> Vec<Verdict> {
        let verdicts: Vec<_> = self.population.answered(cell).into_iter().collect();
        self.carry_out(&verdicts);
        verdicts
    }

    fn quote(&self) -> Quote {
        Quote {
            // Never the end of a window: no bill is posted behind the test's back.
            tick: self.tick * WINDOW_TICKS,
            at: Moment(self.tick * QUANTUM.0),
            die: Celsius(50.0),
            fresh: self.fresh,
            supply: self.supply,
            slots: self.supply as u16,
            base: BASE,
            reserve: BASE,
            multiplier: Ppm::ONE,
            tariff: Ppm::ONE,
        }
    }

    /// A tick in which `granted` have slots and these usages come in. The verdicts, carried out.
    fn pass(&mut self, granted: &[CellId], usages: &[Usage]) -> Vec<Verdict> {
        let quote = self.quote();
        let award = |(slot, cell): (usize, &CellId)| {
            let member = self.population.get(*cell).unwrap();
            let purse = if member.state.is_dying() { Purse::SetAside } else { Purse::Free };
            let slot = SlotId(slot as u16);
            Award {
                cell: *cell,
                wallet: member.wallet,
                slot,
                weight: Ppm::ONE,
                price: BASE,
                purse,
                contested: false,
            }
        };
        let awards = granted.iter().enumerate().map(award).collect();
        self.ledger.hold(&Clearing { tick: quote.tick, price: BASE, awards });
        self.ledger.charge(&quote, &Sensed::Missing, usages);
        let verdicts = self.population.judge(&quote, usages, &self.ledger).to_vec();
        self.carry_out(&verdicts);
        self.tick += 1;
        verdicts
    }

    fn carry_out(&mut self, verdicts: &[Verdict]) {
        for verdict in verdicts {
            match *verdict {
                Verdict::Enter(order) => {
                    assert!(!self.book.contains(&order), "{order:?} is in the book already");
                    self.book.retain(|other| other.cell != order.cell);
                    self.book.push(order);
                }
                Verdict::Leave(cell) => {
                    assert!(self.in_book(cell), "{cell:?} leaves a book that it is not in");
                    self.book.retain(|order| order.cell != cell);
                }
                Verdict::Bury(cell, _) => {
                    assert!(self.population.get(cell).is_none(), "{cell:?} is buried alive");
                    self.ledger.close_bill(None, cell);
                }
                Verdict::Notify(..) | Verdict::Kill(_) => {}
            }
        }
    }

    fn in_book(&self, cell: CellId) -> bool {
        self.book.iter().any(|order| order.cell == cell)
    }

    /// Passes quiet ticks until something is decided, at most `limit`; how many it took, and what was.
    fn wait(&mut self, limit: u64) -> (u64, Vec<Verdict>) {
        for ticks in 1..=limit {
            let verdicts = self.pass(&[], &[]);
            if !verdicts.is_empty() {
                return (ticks, verdicts);
            }
        }
        (limit, Vec::new())
    }

    fn state(&self, cell: CellId) -> State {
        self.population.get(cell).expect("it lives").state
    }

    fn pay(&mut self, cell: CellId, amount: i64) {
        let wallet = self.population.get(cell).unwrap().wallet;
        let (from, to) = if amount < 0 { (wallet, self.bank) } else { (self.bank, wallet) };
        let amount = Microjoules(amount.abs());
        self.ledger.pay(Transfer { tick: 0, kind: Kind::Bounty, from, to, amount }).unwrap();
    }

    /// Charges the cell for memory that it freed until its wallet is in debt.
    fn drive_into_debt(&mut self, cell: CellId) {
        let quote = Quote { tick: self.tick * WINDOW_TICKS + 9, ..self.quote() };
        let freed = Usage { freed: Bytes(1 << 30), ..usage(cell) };
        self.ledger.charge(&quote, &Sensed::Missing, &[freed]);
    }
}

fn usage(cell: CellId) -> Usage {
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

fn order(cell: CellId, world: &World) -> Order {
    world.population.get(cell).unwrap().order.unwrap()
}

#[test]
fn a_cell_that_can_pay_becomes_ready_and_enters_the_book_once() {
    let mut world = World::new();
    let cell = world.admit(100);
    world.order(cell, LIMIT, 1);
    assert_eq!(world.state(cell), State::Created);
    let expected = order(cell, &world);
    assert_eq!(world.pass(&[], &[]), [Verdict::Enter(expected)]);
    assert_eq!(world.state(cell), State::Ready);
    assert_eq!(world.wait(100), (100, vec![]), "and that is all");
}

#[test]
fn a_cell_that_cannot_pay_is_hungry_from_the_start() {
    let (world, cell) = World::with_cell(99);
    assert_eq!(world.state(cell), State::Hungry { hungry_for: QUANTUM });
    assert!(!world.in_book(cell));
}

#[test]
fn a_cell_that_a_policy_bids_for_is_hungry_when_it_has_less_than_a_quantum_costs_at_multiplier_one() {
    let (mut world, cell) = World::with_cell(BASE.0 - 1);
    world.order(cell, Microjoules(1), 1);
    world.pass(&[], &[]);
    assert_eq!(world.state(cell), State::Ready, "its own order is covered");
    world.population.bids_by_policy(cell);
    world.pass(&[], &[]);
    assert!(matches!(world.state(cell), State::Hungry { .. }));
    world.order(cell, Microjoules(1), 0);
    world.pass(&[], &[]);
    assert_eq!(world.state(cell), State::Ready, "it wants nothing");
    world.order(cell, Microjoules(1), 1);
    world.pay(cell, 1);
    world.pass(&[], &[]);
    assert_eq!(world.state(cell), State::Ready, "a quantum's money is enough");
}

#[test]
fn a_cell_without_an_order_is_ready_and_not_in_the_book() {
    let mut world = World::new();
    let cell = world.admit(0);
    assert_eq!(world.wait(100), (100, vec![]));
    assert_eq!(world.state(cell), State::Ready);
}

#[test]
fn winning_makes_it_running_and_the_next_quiet_tick_ready() {
    let (mut world, cell) = World::with_cell(1_000);
    assert_eq!(world.pass(&[cell], &[usage(cell)]), []);
    assert_eq!(world.state(cell), State::Running);
    assert_eq!(world.pass(&[], &[]), []);
    assert_eq!(world.state(cell), State::Ready);
}

#[test]
fn an_order_is_changed_cut_to_the_cells_slots_and_cancelled_at_once() {
    let (mut world, cell) = World::with_cell(1_000_000);
    let verdicts = world.order(cell, Microjoules(300), 7);
    let changed = order(cell, &world);
    assert_eq!((changed.limit, changed.slots), (Microjoules(300), 2));
    assert_eq!(verdicts, [Verdict::Enter(changed)], "the next auction knows it");
    assert_eq!(world.pass(&[], &[]), []);
    assert_eq!(world.order(cell, Microjoules(300), 2), [], "the same order again");
    for (limit, slots) in [(300, 0), (0, 1), (-5, 1)] {
        assert_eq!(world.order(cell, Microjoules(limit), slots), [Verdict::Leave(cell)]);
        assert_eq!(world.pass(&[], &[]), []);
        world.order(cell, LIMIT, 1);
    }
    world.order(cell, Microjoules(i64::MAX), u16::MAX);
    let most = Level::at_most(PRICE_MAX).price();
    assert_eq!(order(cell, &world).limit, most, "no bid can overflow the sums of the tick");
    assert_eq!(world.pass(&[], &[]), [Verdict::Leave(cell)], "but nobody has so much");
}

#[test]
fn hunger_takes_the_order_out_of_the_book_and_income_brings_it_back() {
    let (mut world, cell) = World::with_cell(100);
    let standing = order(cell, &world);
    world.pay(cell, -1);
    assert_eq!(world.pass(&[], &[]), [Verdict::Leave(cell)]);
    for _ in 0..40 {
        world.pass(&[], &[]);
    }
    assert_eq!(world.state(cell), State::Hungry { hungry_for: Nanoseconds::from_millis(410) });
    world.pay(cell, 1);
    assert_eq!(world.pass(&[], &[]), [Verdict::Enter(standing)]);
    assert_eq!(world.state(cell), State::Ready);
    world.pay(cell, -1);
    world.pass(&[], &[]);
    assert_eq!(world.state(cell), State::Hungry { hungry_for: QUANTUM }, "the clock begins anew");
}

#[test]
fn hunger_for_longer_than_the_hunger_time_kills() {
    let (mut world, cell) = World::with_cell(0);
    let (ticks, verdicts) = world.wait(100);
    // It was hungry for one quantum when the waiting began; at 500 ms it still lives.
    assert_eq!((ticks, verdicts), (50, vec![Verdict::Notify(cell, Reason::Insolvent)]));
    assert!(matches!(world.state(cell), State::Dying { reason: Reason::Insolvent, .. }));
}

#[test]
fn the_hunger_clock_stands_still_while_nothing_is_for_sale_or_the_reading_is_stale() {
    for (fresh, supply) in [(false, 1.0), (true, 0.0), (false, 0.0)] {
        let (mut world, cell) = World::with_cell(0);
        let before = world.state(cell);
        (world.fresh, world.supply) = (fresh, supply);
        assert_eq!(world.wait(1_000), (1_000, vec![]));
        assert_eq!(world.state(cell), before);
        (world.fresh, world.supply) = (true, 0.3);
        assert_eq!(world.wait(100).0, 50, "and it goes on from where it stood");
    }
}

#[test]
fn debt_kills_at_once_from_every_state() {
    let prepare: [fn() -> (World, CellId); 4] = [
        || {
            let mut world = World::new();
            let cell = world.admit(1_000);
            (world, cell)
        },
        || World::with_cell(1_000),
        || {
            let (mut world, cell) = World::with_cell(1_000);
            world.pass(&[cell], &[usage(cell)]);
            (world, cell)
        },
        || World::with_cell(0),
    ];
    for (number, prepare) in prepare.iter().enumerate() {
        let (mut world, cell) = prepare();
        world.fresh = false;
        let was_in_book = world.in_book(cell);
        world.drive_into_debt(cell);
        let verdicts = world.pass(&[], &[]);
        assert_eq!(verdicts[0], Verdict::Notify(cell, Reason::Debt), "state {number}");
        assert_eq!(verdicts[1..].contains(&Verdict::Leave(cell)), was_in_book, "state {number}");
        assert!(matches!(world.state(cell), State::Dying { reason: Reason::Debt, .. }));
    }
}

#[test]
fn the_grace_ends_with_its_granted_time() {
    let (mut world, cell) = World::with_cell(0);
    world.wait(100);
    for granted in 1..50 {
        assert_eq!(world.population.dying().count(), 1);
        assert_eq!(world.pass(&[cell], &[usage(cell)]), [], "after {granted} quanta");
    }
    let last = world.pass(&[cell], &[usage(cell)]);
    assert_eq!(last, [Verdict::Kill(cell), Verdict::Bury(cell, Reason::Insolvent)]);
    assert!(world.population.get(cell).is_none() && world.population.members().is_empty());
}

#[test]
fn the_grace_ends_with_the_wall_clock_when_nobody_runs() {
    let (mut world, cell) = World::with_cell(0);
    world.wait(100);
    (world.fresh, world.supply) = (false, 0.0);
    let (ticks, verdicts) = world.wait(10_000);
    assert_eq!(ticks, 500);
    assert_eq!(verdicts, [Verdict::Kill(cell), Verdict::Bury(cell, Reason::Insolvent)]);
}

#[test]
fn nothing_saves_the_dying() {
    let (mut world, cell) = World::with_cell(0);
    world.wait(100);
    world.pay(cell, 1_000_000);
    world.order(cell, LIMIT, 1);
    assert_eq!(world.wait(499), (499, vec![]), "neither money nor a new order");
    assert_eq!(world.pass(&[], &[]).last(), Some(&Verdict::Bury(cell, Reason::Insolvent)));
}

#[test]
fn a_program_that_is_over_is_buried_with_its_own_reason() {
    for (exit, reason) in
        [(Exit::Finished, Reason::Finished), (Exit::Crashed, Reason::Crashed), (Exit::Limit, Reason::Limit)]
    {
        let over = |cell| Usage { exit: Some(exit), ..usage(cell) };
        let (mut world, cell) = World::with_cell(1_000);
        let verdicts = world.pass(&[cell], &[over(cell)]);
        assert_eq!(verdicts, [Verdict::Bury(cell, reason), Verdict::Leave(cell)], "nothing is left to kill");

        let (mut world, cell) = World::with_cell(0);
        assert_eq!(world.pass(&[], &[over(cell)]), [Verdict::Bury(cell, reason)], "hungry");

        let (mut world, cell) = World::with_cell(0);
        world.wait(100);
        let verdicts = world.pass(&[cell], &[over(cell)]);
        assert_eq!(
            verdicts,
            [Verdict::Bury(cell, Reason::Insolvent)],
            "the dying die of what they were told"
        );
    }
}

#[test]
fn one_wallet_in_debt_ends_all_its_cells_and_no_other() {
    let mut world = World::new();
    let first = world.admit(1_000);
    let wallet = world.population.get(first).unwrap().wallet;
    let second = world.population.next_id().unwrap();
    world.ledger.open_bill(second, wallet, 0, BASE).unwrap();
    world.population.admit(second, wallet, 1);
    let stranger = world.admit(1_000);
    world.drive_into_debt(first);
    let verdicts = world.pass(&[], &[]);
    assert_eq!(verdicts, [Verdict::Notify(first, Reason::Debt), Verdict::Notify(second, Reason::Debt)]);
    assert_eq!(world.state(stranger), State::Ready);
}

#[test]
fn when_the_node_stops_everybody_is_ended_by_the_operator() {
    let (mut world, first) = World::with_cell(1_000);
    let second = world.admit(0);
    let verdicts = world.population.stop_all().to_vec();
    for cell in [first, second] {
        assert!(verdicts.contains(&Verdict::Kill(cell)));
        assert!(verdicts.contains(&Verdict::Bury(cell, Reason::Operator)));
    }
    assert!(world.population.members().is_empty() && world.population.stop_all().is_empty());
}

#[test]
fn names_are_never_given_twice_and_the_node_fills_up() {
    let mut population = Population::new(LifePolicy::default());
    let mut last = None;
    for _ in 0..CELLS_MAX {
        let cell = population.next_id().unwrap();
        assert!(last < Some(cell));
        last = Some(cell);
        population.admit(cell, AccountId(0), 1);
    }
    assert_eq!(population.next_id(), Err(PopulationError::Full));
    population.stop_all();
    assert!(population.next_id().unwrap() > last.unwrap());
}
