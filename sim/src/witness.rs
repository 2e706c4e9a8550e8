//! Sees everything that the node tells: checks it, fingerprints it, counts it, and puts the story into words. Between two
//! ticks it also does what the world has planned: orders that come from outside, and the operator's stop.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use maxwell_core::bounty::Payment;
use maxwell_core::event::{Event, LogLine};
use maxwell_core::population::lifecycle::{Reason, State};
use maxwell_core::tick::{CellId, Kind, Purse, Sensed, Transfer};
use maxwell_core::units::{Celsius, Microjoules, Moment};
use maxwell_daemon::inbox::StopSwitch;
use maxwell_daemon::telemetry::{Obituary, Telemetry, TickReport};

use crate::actor::Courier;
use crate::checks::{Checks, Verdict};
use crate::digest::Digest;
use crate::faults::Fault;
use crate::verifier::Desk;
use crate::world::Planned;

/// Virtual seconds between two lines of the story that say how things stand.
const STORY_EVERY_S: u64 = 2;

/// How often the things happened that a simulation should try.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage(BTreeMap<&'static str, u64>);

impl Coverage {
    /// Counts something.
    pub fn add(&mut self, what: &'static str, times: u64) {
        *self.0.entry(what).or_default() += times;
    }

    /// How often it happened.
    pub fn count(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or_default()
    }

    /// Adds another run's counts.
    pub fn merge(&mut self, other: &Self) {
        for (what, times) in &other.0 {
            self.add(what, *times);
        }
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items: Vec<String> = self.0.iter().map(|(what, times)| format!("{times} {what}")).collect();
        f.write_str(&items.join(", "))
    }
}

/// The first thing that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// In which tick.
    pub tick: u64,
    /// What.
    pub what: String,
}

/// What the witness is told before the run.
pub struct Briefing {
    /// The books.
    pub checks: Checks,
    /// Shared with the verifier.
    pub desk: Desk,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// The node's inbox.
    pub events: SyncSender<Event>,
    /// The way of orders into it.
    pub courier: Courier,
    /// The operator's switch.
    pub switch: StopSwitch,
    /// Orders from outside, in the order of their times.
    pub orders: Vec<Planned>,
    /// When the operator stops the node, if he does.
    pub stop_at: Option<Moment>,
    /// At or above it nothing is sold.
    pub critical: Celsius,
    /// Whether to tell the story.
    pub verbose: bool,
}

/// The witness; clones see the same.
#[derive(Clone)]
pub struct Witness(Arc<Mutex<Notes>>);

/// What it has noted.
pub struct Notes {
    /// What it was told.
    pub briefing: Briefing,
    /// Fingerprint so far.
    pub digest: Digest,
    /// Counts so far.
    pub coverage: Coverage,
    /// The story so far, if it is told.
    pub story: Vec<String>,
    /// What did not hold.
    pub broken: Option<Broken>,
    /// The current tick.
    pub tick: u64,
    missed: u64,
    planned: usize,
    /// When the last tick ended; none before the first.
    counted_to: Option<Moment>,
}

impl Witness {
    /// A witness that has seen nothing.
    pub fn new(briefing: Briefing) -> Self {
        Self(Arc::new(Mutex::new(Notes {
            briefing,
            digest: Digest::default(),
            coverage: Coverage::default(),
            story: Vec::new(),
            broken: None,
            tick: 0,
            missed: 0,
            planned: 0,
            counted_to: None,
        })))
    }

    /// What it has noted. Readable after a panic of the node as well.
    pub fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Notes {
    /// Notes what does not hold, the first time, and stops the node.
    pub fn judge(&mut self, verdict: Verdict) {
        if let (Err(what), None) = (verdict, &self.broken) {
            self.broken = Some(Broken { tick: self.tick, what });
            self.press_switch();
        }
    }

    fn press_switch(&self) {
        self.briefing.switch.interrupt_flag().store(true, Ordering::Relaxed);
    }

    fn count(&mut self, report: &TickReport<'_>) {
        let (quote, members) = (report.quote, report.population.members());
        let hungry = members.iter().filter(|member| matches!(member.state, State::Hungry { .. })).count();
        let late = report.population.late_slots().count();
        let grace = report.clearing.awards.iter().filter(|award| award.purse == Purse::SetAside).count();
        let counts = [
            ("ticks", 1),
            ("quanta", report.clearing.awards.len()),
            ("quanta of grace", grace),
            ("dropped awards", report.clearing.awards.len() - report.ledger.grants().len()),
            ("late slots", late),
            ("hungry cells", hungry),
            ("hungry cells in the dark", if quote.fresh { 0 } else { hungry }),
            ("ticks with a stale reading", usize::from(matches!(report.sensed, Sensed::Stale(_)))),
            ("ticks without any reading", usize::from(*report.sensed == Sensed::Missing)),
            ("ticks at critical", usize::from(quote.fresh && quote.die >= self.briefing.critical)),
            ("missed ticks", (report.missed - self.missed) as usize),
        ];
        for (what, times) in counts {
            self.coverage.add(what, times as u64);
        }
        self.missed = report.missed;
        let before = self.counted_to.replace(report.at);
        let began =
            |fault: &&Fault| fault.from <= report.at && before.is_none_or(|before| before < fault.from);
        for fault in self.briefing.faults.iter().filter(began) {
            self.coverage.add(fault.name(), 1);
        }
    }

    /// What the world has planned for the time after this tick. The books learn of every order that is on its way to the node.
    fn act(&mut self, at: Moment) {
        let briefing = &mut self.briefing;
        briefing.desk.tick(self.tick, at, &briefing.events);
        briefing.courier.tick(self.tick);
        while let Some(planned) = briefing.orders.get(self.planned).filter(|planned| planned.at <= at) {
            briefing.courier.send(planned.cell, planned.limit, planned.slots, planned.lasts);
            self.planned += 1;
        }
        for (cell, ask) in briefing.courier.take_copies() {
            briefing.checks.asked(cell, ask);
            self.coverage.add("orders that name their last tick", u64::from(ask.last_tick.is_some()));
        }
        if briefing.stop_at.is_some_and(|stop| at >= stop) {
            self.press_switch();
        }
    }

    fn tell(&mut self, at: Moment, what: impl FnOnce() -> String) {
        if self.briefing.verbose {
            self.story.push(format!("{:7.2} s  {}", at.as_seconds(), what()));
        }
    }

    fn tell_state(&mut self, report: &TickReport<'_>) {
        let quote = report.quote;
        if !quote.tick.is_multiple_of(STORY_EVERY_S * 100) {
            return;
        }
        self.tell(report.at, || {
            let cells = report.population.members().iter().map(|member| {
                let state = match member.state {
                    State::Hungry { .. } => "hungry",
                    State::Dying { .. } => "dying",
                    State::Running => "runs",
                    _ if member.wait.is_some() => "waits",
                    _ => "ready",
                };
                format!("{}:{state}:{:.0}J", member.cell.0, report.ledger.free(member.wallet).as_joules())
            });
            let cells: Vec<String> = cells.collect();
            let (die, supply) = (quote.die.0, quote.supply);
            let (reserve, clearing) = (quote.reserve.as_joules(), report.clearing.price.as_joules());
            let cells = cells.join(" ");
            format!(
                "{die:5.1} C, {supply:4.2} slots, reserve {reserve:.3} J, clearing {clearing:.3} J; {cells}"
            )
        });
    }
}

impl Telemetry for Witness {
    fn tick(&mut self, report: &TickReport<'_>) {
        let mut notes = self.notes();
        notes.tick = report.quote.tick;
        notes.digest.tick(report);
        notes.count(report);
        notes.tell_state(report);
        if notes.broken.is_none() {
            let verdict = notes.briefing.checks.tick(report);
            notes.judge(verdict);
        }
        notes.act(report.at);
    }

    fn notified(&mut self, at: Moment, cell: CellId, reason: Reason) {
        let mut notes = self.notes();
        notes.tell(at, || format!("cell {} is told that it will end: {reason:?}", cell.0));
        let verdict = notes.briefing.checks.notified(at, cell, reason);
        notes.judge(verdict);
    }

    fn ended(&mut self, obituary: Obituary) {
        let mut notes = self.notes();
        notes.digest.ended(&obituary);
        notes.coverage.add(
            match obituary.reason {
                Reason::Insolvent => "insolvent",
                Reason::Debt => "in debt",
                Reason::Limit => "over a limit",
                Reason::Operator => "stopped",
                Reason::Crashed => "crashed",
                Reason::Finished => "finished",
            },
            1,
        );
        let Obituary { cell, at, reason, bill, .. } = &obituary;
        let used = bill.used.as_seconds();
        notes.tell(*at, || {
            format!(
                "cell {} ended: {reason:?}; {used:.2} s of CPU, {} for quanta, {} rent, {} tax",
                cell.0, bill.quanta, bill.rent, bill.tax
            )
        });
        let verdict = notes.briefing.checks.ended(&obituary);
        notes.judge(verdict);
    }

    fn said(&mut self, at: Moment, cell: CellId, line: &LogLine) {
        self.notes().tell(at, || format!("cell {} says: {}", cell.0, line.as_str()));
    }

    fn charged(&mut self, transfer: &Transfer, cell: CellId) {
        let mut notes = self.notes();
        notes.coverage.add("stakes forfeited", u64::from(transfer.kind == Kind::Forfeit));
        notes.digest.word(transfer.amount.0 as u64);
        let verdict = notes.briefing.checks.charged(transfer, cell);
        notes.judge(verdict);
    }

    fn trusted(&mut self, cell: CellId, key: u64) {
        let mut notes = self.notes();
        notes.coverage.add("claims trusted", 1);
        notes.briefing.desk.trusted(cell, key);
    }

    fn cancelled(&mut self, payment: &Payment) {
        let mut notes = self.notes();
        notes.coverage.add("payments cancelled", 1);
        notes.briefing.desk.refused(payment.cell, payment.key);
    }

    fn given_up(&mut self, cell: CellId, key: u64, fee: Microjoules) {
        let mut notes = self.notes();
        notes.coverage.add("claims given up at the end", 1);
        notes.digest.word(fee.0 as u64);
        notes.briefing.desk.refused(cell, key);
        let was_late = notes.briefing.desk.take_late(cell, key);
        let verdict = notes.briefing.checks.given_up(cell, key, was_late);
        notes.judge(verdict);
    }

    fn paid(&mut self, transfer: &Transfer, payment: &Payment) {
        let mut notes = self.notes();
        let Payment { cell, key, primes, .. } = *payment;
        notes.coverage.add("claims paid", 1);
        notes.digest.word(u64::from(cell.0) << 32 | u64::from(primes));
        let is_due = notes.briefing.desk.take_found(cell, key);
        let verdict = notes.briefing.checks.paid(transfer, cell, key, is_due);
        notes.judge(verdict);
    }

    fn refused(&mut self, cell: CellId, key: u64) {
        let mut notes = self.notes();
        notes.coverage.add("claims refused", 1);
        notes.briefing.desk.refused(cell, key);
    }
}
