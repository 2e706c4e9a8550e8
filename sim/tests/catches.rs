//! The simulator can fail: whatever is broken on purpose is found and named.

use std::cell::Cell as Counter;
use std::cmp::Reverse;

use maxwell_core::auction::config::MarketConfig;
use maxwell_core::auction::mechanism::MechanismKind;
use maxwell_core::bounty::Payment;
use maxwell_core::energy::Shares;
use maxwell_core::event::LogLine;
use maxwell_core::population::lifecycle::Reason;
use maxwell_core::tick::{AccountId, Award, CellId, Clearing, Purse, Quote, Sensed, SlotId, Transfer, Usage};
use maxwell_core::units::{Celsius, Microjoules, Moment, Nanoseconds, Ppm};
use maxwell_daemon::host::{BusyTime, HostMeter};
use maxwell_daemon::telemetry::{Obituary, Telemetry, TickReport};
use maxwell_hypervisor::cell::{Cell, Notice, Permit, Reply};
use maxwell_sim::actor::Ask;
use maxwell_sim::checks::Checks;
use maxwell_sim::faults::{Fault, FaultKind};
use maxwell_sim::run::{Seams, play, play_through};
use maxwell_sim::witness::Witness;
use maxwell_sim::world::{Agent, World};

/// A world in which a lot is sold, without faults: seeds are tried in turn.
fn busy_world() -> World {
    let calm = |seed| {
        let mut world = World::from_seed(seed);
        (world.faults, world.stop_at, world.kernel.lag_seed) = (Vec::new(), None, None);
        world.market = MarketConfig::default();
        world.agents.iter_mut().for_each(|agent| agent.slots = 1);
        world
    };
    let is_busy = |world: &World| {
        let outcome = play(world, false).expect("a world as it is holds");
        ["insolvent", "crashed", "claims paid", "claims refused"]
            .iter()
            .all(|what| outcome.coverage.count(what) > 0)
    };
    (0..200).map(calm).find(is_busy).expect("one of two hundred worlds is busy")
}

/// Plays the world with something broken, and expects a failure that says `said`.
fn expect_failure(world: &World, seams: &Seams<'_>, said: &str) {
    let failure = play_through(world, false, seams).expect_err(said);
    println!("{failure}");
    assert!(failure.what.contains(said), "{said:?} is not in {failure}");
    let replay = format!("cargo run --release --package maxwell-sim -- --seed {}", world.seed);
    assert!(failure.to_string().contains(&replay), "{failure}");
}

#[test]
fn an_energy_counter_that_runs_double_is_found_by_the_shares() {
    let mut world = busy_world();
    world.faults.push(Fault { from: Moment(0), until: Moment(u64::MAX), kind: FaultKind::EnergyDoubled });
    expect_failure(&world, &Seams::default(), "the node says");
}

/// A meter that sees one CPU busy all the time beside what the others see.
struct Overseer {
    meter: Box<dyn HostMeter>,
    more: Nanoseconds,
}

impl HostMeter for Overseer {
    fn own(&mut self, cells: Nanoseconds) -> Nanoseconds {
        self.meter.own(cells)
    }

    fn other(&mut self, now: Moment) -> Nanoseconds {
        self.more = Nanoseconds(now.0);
        self.meter.other(now)
    }

    fn busy(&mut self) -> Option<BusyTime> {
        self.meter.busy().map(|busy| BusyTime { time: busy.time + self.more, ..busy })
    }
}

/// Sees nothing, so that only the node itself can find out.
struct Blind;

impl Telemetry for Blind {
    fn tick(&mut self, _report: &TickReport<'_>) {}
    fn notified(&mut self, _at: Moment, _cell: CellId, _reason: Reason) {}
    fn ended(&mut self, _obituary: Obituary) {}
    fn said(&mut self, _at: Moment, _cell: CellId, _line: &LogLine) {}
    fn paid(&mut self, _transfer: &Transfer, _payment: &Payment) {}
    fn refused(&mut self, _cell: CellId, _range: u64) {}
}

#[test]
fn work_that_only_the_meter_of_busy_time_sees_breaks_the_conservation_of_energy() {
    let host = |meter| -> Box<dyn HostMeter> { Box::new(Overseer { meter, more: Nanoseconds::ZERO }) };
    let telemetry = |_| -> Box<dyn Telemetry> { Box::new(Blind) };
    let seams = Seams { host: &host, telemetry: &telemetry, ..Seams::default() };
    expect_failure(&busy_world(), &seams, "the shares miss the package by");
}

/// How a cell is broken.
#[derive(Clone, Copy)]
enum Defect {
    /// Says that another cell, by this name, used the slot.
    Blames(CellId),
    /// Uses twice what it says it was granted.
    Overruns,
    /// Panics in its tenth quantum.
    Panics,
}

struct BrokenCell {
    cell: Box<dyn Cell>,
    defect: Defect,
    quanta: u32,
}

impl Cell for BrokenCell {
    fn grant(&mut self, permit: &Permit) {
        self.quanta += 1;
        assert!(!matches!(self.defect, Defect::Panics) || self.quanta < 10, "a cell panics on purpose");
        self.cell.grant(permit);
    }

    fn revoke(&mut self) {
        self.cell.revoke();
    }

    fn usage(&mut self) -> Option<Usage> {
        let usage = self.cell.usage()?;
        Some(match self.defect {
            Defect::Blames(cell) => Usage { cell, ..usage },
            Defect::Overruns => Usage { used: Nanoseconds(2 * usage.granted.0), ..usage },
            Defect::Panics => usage,
        })
    }

    fn reply(&mut self, reply: Reply) {
        self.cell.reply(reply);
    }

    fn notify(&mut self, notice: Notice) {
        self.cell.notify(notice);
    }

    fn kill(&mut self) {
        self.cell.kill();
    }

    fn last_words(&self) -> String {
        self.cell.last_words()
    }
}

#[test]
fn a_broken_cell_is_found_out() {
    let mut world = busy_world();
    // One that bids less than any reserve, and so never runs.
    let frugal = CellId(world.agents.len() as u32);
    world.wallets.push(Microjoules::from_joules(1_000));
    let (wallet, bid) = (world.wallets.len() - 1, Microjoules(1));
    world.orders.clear();
    world.agents.push(Agent { wallet, bid, policy: None, rebids: Vec::new(), ..world.agents[0].clone() });
    let defects = [
        (Defect::Blames(frugal), "uses a slot that it was not granted"),
        (Defect::Overruns, "used"),
        (Defect::Panics, "a cell panics on purpose"),
    ];
    for (defect, said) in defects {
        let launched = Counter::new(0);
        let break_the_first = |cell: Box<dyn Cell>| -> Box<dyn Cell> {
            launched.set(launched.get() + 1);
            if launched.get() == 1 { Box::new(BrokenCell { cell, defect, quanta: 0 }) } else { cell }
        };
        expect_failure(&world, &Seams { cell: &break_the_first, ..Seams::default() }, said);
    }
}

/// What a forger may change in a tick before the witness sees it.
struct Forgery {
    quote: Quote,
    clearing: Clearing,
    usages: Vec<Usage>,
    sensed: Sensed,
    shares: Shares,
    /// A cell without an order, and its wallet.
    resting: Option<(CellId, AccountId)>,
}

/// A lie about something else than a tick.
#[derive(Clone, Copy, PartialEq)]
enum Lie {
    None,
    BuriesTwice,
    PaysTwice,
    ChargesTwice,
    /// What was refused is said to have been trusted before.
    TrustsTheRefused,
    /// What was refused is said to have been given up as well.
    GivesUpTheRefused,
    /// Says nothing of claims that are given up.
    HidesTheGivenUp,
}

/// Stands between the node and the witness and forges what it tells.
struct Forger {
    witness: Witness,
    forge: fn(&mut Forgery),
    /// What the books are told before a tick that is not so.
    mislead: Mislead,
    lie: Lie,
    /// Joules that every cell is said to have used beside its own.
    joules: i64,
}

/// Changes nothing yet.
fn honest(witness: Witness) -> Forger {
    Forger { witness, forge: |_| {}, mislead: |_, _| {}, lie: Lie::None, joules: 0 }
}

impl Telemetry for Forger {
    fn tick(&mut self, report: &TickReport<'_>) {
        (self.mislead)(&mut self.witness.notes().briefing.checks, report);
        let (quote, clearing) = (*report.quote, report.clearing.clone());
        let (usages, sensed, shares) = (report.usages.to_vec(), *report.sensed, *report.shares);
        let resting = report.population.members().iter().find(|member| member.order.is_none());
        let resting = resting.map(|member| (member.cell, member.wallet));
        let mut forgery = Forgery { quote, clearing, usages, sensed, shares, resting };
        (self.forge)(&mut forgery);
        let Forgery { quote, clearing, usages, sensed, shares, .. } = &forgery;
        self.witness.tick(&TickReport { quote, clearing, usages, sensed, shares, ..*report });
    }

    fn notified(&mut self, at: Moment, cell: CellId, reason: Reason) {
        self.witness.notified(at, cell, reason);
    }

    fn ended(&mut self, mut obituary: Obituary) {
        obituary.energy += Microjoules::from_joules(self.joules);
        if self.lie == Lie::BuriesTwice {
            self.witness.ended(obituary.clone());
        }
        self.witness.ended(obituary);
    }

    fn said(&mut self, at: Moment, cell: CellId, line: &LogLine) {
        self.witness.said(at, cell, line);
    }

    fn paid(&mut self, transfer: &Transfer, payment: &Payment) {
        if self.lie == Lie::PaysTwice {
            self.witness.paid(transfer, payment);
        }
        self.witness.paid(transfer, payment);
    }

    fn refused(&mut self, cell: CellId, key: u64) {
        if self.lie == Lie::TrustsTheRefused {
            self.witness.trusted(cell, key);
        }
        self.witness.refused(cell, key);
        if self.lie == Lie::GivesUpTheRefused {
            self.given_up(cell, key, Microjoules(1));
        }
    }

    fn given_up(&mut self, cell: CellId, key: u64, fee: Microjoules) {
        if self.lie != Lie::HidesTheGivenUp {
            self.witness.given_up(cell, key, fee);
        }
    }

    fn charged(&mut self, transfer: &Transfer, cell: CellId) {
        self.witness.charged(transfer, cell);
        if self.lie == Lie::ChargesTwice {
            self.witness.charged(transfer, cell);
        }
    }

    fn trusted(&mut self, cell: CellId, key: u64) {
        self.witness.trusted(cell, key);
    }

    fn cancelled(&mut self, payment: &Payment) {
        self.witness.cancelled(payment);
    }
}

/// What the witness says, and to which forgery of a tick.
type Forged = (&'static str, fn(&mut Forgery));

/// What the books are told that is not so.
type Mislead = fn(&mut Checks, &TickReport<'_>);

const FORGERIES: [Forged; 18] = [
    ("on a slot that is taken", |tick| {
        if let [first, second, ..] = &mut tick.clearing.awards[..] {
            second.slot = first.slot;
        }
    }),
    ("sold, for sale", |tick| tick.quote.slots = 0),
    ("a slot that there is not", |tick| tick.clearing.awards.iter_mut().for_each(|a| a.slot = SlotId(99))),
    ("to a cell that does not live", |tick| {
        tick.clearing.awards.iter_mut().for_each(|a| a.cell = CellId(99));
    }),
    ("paid by another's wallet", |tick| tick.clearing.awards.iter_mut().for_each(|a| a.wallet.0 += 1)),
    ("reserve", |tick| tick.clearing.awards.iter_mut().for_each(|a| a.price = Microjoules(1))),
    ("reserve", |tick| tick.clearing.awards.iter_mut().for_each(|a| a.price = Microjoules(i64::MAX))),
    ("on a slot of weight", |tick| tick.clearing.awards.iter_mut().for_each(|a| a.weight = Ppm(1))),
    ("dearer than the clearing price", |tick| tick.clearing.price = tick.quote.reserve),
    ("slots sold at", |tick| {
        if !tick.clearing.awards.is_empty() {
            tick.quote.die = Celsius(150.0);
        }
    }),
    ("slots sold without any reading", |tick| tick.sensed = Sensed::Missing),
    ("is fresh: true", |tick| tick.quote.at = tick.quote.at + Nanoseconds::from_millis(1_000)),
    ("uses a slot that it was not granted", |tick| {
        let usage = tick.usages.first().copied();
        tick.usages.extend(usage.map(|usage| Usage { cell: CellId(usage.cell.0 + 50), ..usage }));
    }),
    ("cells used", |tick| {
        std::mem::swap(&mut tick.shares.cells, &mut tick.shares.own);
    }),
    ("idle used", |tick| tick.shares.idle = Microjoules::ZERO),
    ("everything else used", |tick| tick.shares.other += Microjoules::from_joules(1)),
    ("the package used", |tick| tick.shares.package += Microjoules(1)),
    ("unknown for", |tick| tick.shares.unknown += Nanoseconds(1)),
];

#[test]
fn a_forged_tick_is_found_out() {
    let world = busy_world();
    for (said, forge) in FORGERIES {
        let forger = |witness| -> Box<dyn Telemetry> { Box::new(Forger { forge, ..honest(witness) }) };
        let failure = play_through(&world, false, &Seams { telemetry: &forger, ..Seams::default() });
        let failure = failure.expect_err(said);
        println!("{failure}");
        assert!(failure.what.contains(said), "{said:?} is not in {failure}");
    }
}

#[test]
fn a_quantum_that_is_sold_to_a_policy_that_rests_is_found_out() {
    let mut world = busy_world();
    world.wallets.push(Microjoules::from_joules(1_000));
    // Its deadline is over before it begins.
    let policy = Some("deadline:in=1ms,work=1s".parse().expect("a policy"));
    let (wallet, rebids) = (world.wallets.len() - 1, Vec::new());
    world.agents.push(Agent { wallet, policy, rebids, ..world.agents[0].clone() });
    world.orders.clear();
    play(&world, false).expect("it holds");
    let forge: fn(&mut Forgery) = |tick| {
        let award = tick.clearing.awards.iter_mut().find(|award| award.purse == Purse::Free);
        if let (Some(award), Some((cell, wallet))) = (award, tick.resting) {
            (award.cell, award.wallet) = (cell, wallet);
        }
    };
    let forger = |witness| -> Box<dyn Telemetry> { Box::new(Forger { forge, ..honest(witness) }) };
    let seams = Seams { telemetry: &forger, ..Seams::default() };
    expect_failure(&world, &seams, "and no order was there for it");
}

/// Changes the price of the first winner, but never to less than the reserve.
fn change_a_price(tick: &mut Forgery, by: Microjoules) {
    let reserve = tick.quote.reserve;
    if let Some(award) = tick.clearing.awards.iter_mut().find(|award| award.purse == Purse::Free) {
        award.price = (award.price + by).max(award.weight.of_rounded_up(reserve));
        tick.clearing.price = tick.clearing.price.max(award.weight.whole_of_rounded_up(award.price));
    }
}

#[test]
fn a_price_that_is_a_microjoule_off_is_found_out_under_every_rule() {
    for mechanism in MechanismKind::ALL {
        let mut world = busy_world();
        let weights = [Ppm::ONE, Ppm(600_000)].into_iter().cycle().take(usize::from(world.machine.slots));
        let weights = if mechanism.knows_weights() { weights.collect() } else { Vec::new() };
        world.market = MarketConfig { mechanism, weights };
        if mechanism == MechanismKind::ProportionalShare {
            // One that bids alone pays a part of its limit for its slot: with others all pay their limits here.
            world.agents.sort_by_key(|agent| Reverse(agent.bid));
            world.agents.truncate(1);
            world.agents[0].policy = None;
            world.orders.clear();
        }
        let forgeries: [fn(&mut Forgery); 2] =
            [|tick| change_a_price(tick, Microjoules(1)), |tick| change_a_price(tick, Microjoules(-1))];
        // What is dearer under first-price is above the limit as well, and under karma nothing can be cheaper.
        let words = match mechanism {
            MechanismKind::FirstPrice => ["reserve", "are due for"],
            MechanismKind::Karma => ["are due for", ""],
            _ => ["are due for"; 2],
        };
        play(&world, false).unwrap_or_else(|failure| panic!("{mechanism}: {failure}"));
        for (forge, said) in forgeries.into_iter().zip(words).filter(|(_, said)| !said.is_empty()) {
            let forger = |witness| -> Box<dyn Telemetry> { Box::new(Forger { forge, ..honest(witness) }) };
            let seams = Seams { telemetry: &forger, ..Seams::default() };
            let failure = play_through(&world, false, &seams).expect_err(mechanism.name());
            println!("{mechanism}: {failure}");
            assert!(failure.what.contains(said), "{mechanism}: {said:?} is not in {failure}");
        }
    }
}

#[test]
fn a_second_end_and_a_second_payment_are_found_out() {
    let world = busy_world();
    let lies = [(Lie::BuriesTwice, "has ended before"), (Lie::PaysTwice, "that nobody found true")];
    for (lie, said) in lies {
        expect_lie_found(&world, lie, said);
    }
}

#[test]
fn a_fee_that_is_charged_twice_is_found_out() {
    expect_lie_found(&busy_world(), Lie::ChargesTwice, "should have");
}

#[test]
fn a_claim_whose_fee_is_neither_taken_nor_rightly_given_back_is_found_out() {
    let mut world = busy_world();
    expect_lie_found(&world, Lie::TrustsTheRefused, "fees taken");
    expect_lie_found(&world, Lie::GivesUpTheRefused, "owes nothing on it");
    // The verifier answers nothing before the end.
    let never = FaultKind::VerifierLate(u64::from(u32::MAX));
    world.faults.push(Fault { from: Moment(0), until: Moment(u64::MAX), kind: never });
    let outcome = play(&world, false).expect("it holds");
    assert!(outcome.coverage.count("claims given up at the end") > 0);
    expect_lie_found(&world, Lie::HidesTheGivenUp, "neither concluded nor given up");
}

fn expect_lie_found(world: &World, lie: Lie, said: &str) {
    let forger = |witness| -> Box<dyn Telemetry> { Box::new(Forger { lie, ..honest(witness) }) };
    expect_failure(world, &Seams { telemetry: &forger, ..Seams::default() }, said);
}

#[test]
fn an_order_or_a_bound_that_is_not_what_was_sent_is_found_out() {
    let mut world = busy_world();
    world.agents.iter_mut().for_each(|agent| (agent.slots, agent.policy) = (2, None));
    let misleads: [(&str, Mislead); 2] = [
        ("was sent", |checks, report| {
            for order in report.population.members().iter().filter_map(|member| member.order) {
                let last_tick = Some(u64::MAX);
                checks.asked(order.cell, Ask { limit: order.limit, slots: order.slots as u16, last_tick });
            }
        }),
        ("may spend", |checks, report| {
            // A little more than one of two awards costs.
            if let [first, second, ..] = report.clearing.awards[..]
                && first.wallet == second.wallet
                && [first, second].iter().all(|award| award.purse == Purse::Free)
            {
                checks.bound(first.wallet, first.price.max(second.price).share(11, 10));
            }
        }),
    ];
    for (said, mislead) in misleads {
        let forger = |witness| -> Box<dyn Telemetry> { Box::new(Forger { mislead, ..honest(witness) }) };
        expect_failure(&world, &Seams { telemetry: &forger, ..Seams::default() }, said);
    }
}

/// Lets two who are not alike change seats, and pay the reserve for them, which is within any limit.
fn swap_seats(tick: &mut Forgery, of: fn(&Award, &Award) -> bool) {
    let (awards, reserve) = (&mut tick.clearing.awards, tick.quote.reserve);
    let mut pairs = (0..awards.len()).flat_map(|one| (0..awards.len()).map(move |other| (one, other)));
    let pair = pairs.find(|(one, other)| of(&awards[*one], &awards[*other]));
    if let Some((one, other)) = pair {
        let seat_of = |award: Award| (award.slot, award.weight, award.weight.of_rounded_up(reserve));
        let (first, second) = (seat_of(awards[one]), seat_of(awards[other]));
        for (award, (slot, weight, price)) in [(one, second), (other, first)] {
            awards[award] = Award { slot, weight, price, ..awards[award] };
        }
    }
}

#[test]
fn a_seat_that_is_too_good_for_the_dying_or_not_the_best_for_the_first_winner_is_found_out() {
    let forgeries: [Forged; 2] = [
        ("while the lightest slot is", |tick| {
            swap_seats(tick, |one, other| {
                one.purse == Purse::SetAside && other.purse == Purse::Free && one.weight < other.weight
            });
        }),
        ("while the best slot left has weight", |tick| {
            swap_seats(tick, |one, other| {
                one.purse == Purse::Free && other.purse == Purse::Free && one.weight > other.weight
            });
        }),
    ];
    for (said, forge) in forgeries {
        let forger = |witness| -> Box<dyn Telemetry> { Box::new(Forger { forge, ..honest(witness) }) };
        let mut worlds =
            (0..200).map(World::from_seed).filter(|world| world.market.mechanism == MechanismKind::Gsp);
        // Not in every world there are two to change seats.
        let play =
            |world| play_through(&world, false, &Seams { telemetry: &forger, ..Seams::default() }).err();
        let failure = worlds.find_map(play).expect(said);
        println!("{failure}");
        assert!(failure.what.contains(said), "{said:?} is not in {failure}");
    }
}

#[test]
fn joules_that_a_cell_did_not_use_are_found_out() {
    let forger = |witness| -> Box<dyn Telemetry> { Box::new(Forger { joules: 1, ..honest(witness) }) };
    expect_failure(&busy_world(), &Seams { telemetry: &forger, ..Seams::default() }, "a cell used");
}
