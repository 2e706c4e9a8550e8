//! Simulated cells that also act on the market: they change their orders while they run.

use std::cell::RefCell;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard};

use maxwell_core::bounty::claim::Answer;
use maxwell_core::bounty::{Ranges, Sieve};
use maxwell_core::event::{Event, LogLine, Request};
use maxwell_core::tick::{CellId, Usage};
use maxwell_core::units::Microjoules;
use maxwell_hypervisor::cell::{Cell, CellConfig, Notice, Permit, Reply};
use maxwell_hypervisor::simulated::{Behaviour, SimulatedCell};

use crate::kernel::Kernel;

/// Where the ranges of every simulated bounty lie: short ones among small numbers, so that checking them costs the
/// simulator little. What a range costs the cell is set by its behaviour.
pub const RANGES: Ranges = Ranges { origin: 1_000_000, width: 64, first: 0, end: 10_000_000 };

thread_local! {
    static SIEVE: RefCell<Sieve> = RefCell::default();
}

/// The true answer to a range.
pub fn true_answer(range: u64) -> Answer {
    SIEVE.with_borrow_mut(|sieve| sieve.answer(RANGES.numbers(range)))
}

/// A guess: the right count and a wrong sum.
pub fn false_answer(range: u64) -> Answer {
    let (count, sum) = true_answer(range).primes().expect("a sieve counts and adds up");
    Answer::of_primes(count, sum + 1)
}

/// An answer that is true for two ranges in three.
pub fn careless_answer(range: u64) -> Answer {
    if range.is_multiple_of(3) { false_answer(range) } else { true_answer(range) }
}

/// A change of order that a cell makes itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rebid {
    /// In which of its quanta, from one.
    pub quantum: u32,
    /// The new limit.
    pub limit: Microjoules,
    /// The new number of slots.
    pub slots: u16,
    /// For how many ticks, the present one included, if it ends by itself.
    pub lasts: Option<u64>,
}

/// An order as the node is asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The most that it pays.
    pub limit: Microjoules,
    /// Slots wanted.
    pub slots: u16,
    /// The last tick in which it takes part, if it ends by itself.
    pub last_tick: Option<u64>,
}

/// The way of orders to the node. It keeps a copy of every one; clones are the same.
#[derive(Clone, Debug)]
pub struct Courier {
    events: SyncSender<Event>,
    copies: Arc<Mutex<Copies>>,
}

#[derive(Debug, Default)]
struct Copies {
    /// The last tick that is over.
    tick: u64,
    sent: Vec<(CellId, Ask)>,
}

impl Courier {
    /// A way that nothing has gone yet.
    pub fn new(events: SyncSender<Event>) -> Self {
        Self { events, copies: Arc::default() }
    }

    /// The node's inbox.
    pub fn events(&self) -> SyncSender<Event> {
        self.events.clone()
    }

    /// Tells which tick is over.
    pub fn tick(&self, tick: u64) {
        self.copies().tick = tick;
    }

    /// Sends an order, which lasts for so many ticks after the last that is over, if it ends by itself. A full queue is "busy":
    /// the order is lost, and its cell lives with it.
    pub fn send(&self, cell: CellId, limit: Microjoules, slots: u16, lasts: Option<u64>) {
        let mut copies = self.copies();
        let last_tick = lasts.map(|ticks| copies.tick + ticks);
        let request = Request::Order { limit, slots, last_tick };
        if self.events.try_send(Event::Request { cell, request }).is_ok() {
            copies.sent.push((cell, Ask { limit, slots, last_tick }));
        }
    }

    /// Takes the copies, in the order in which the node reads the orders.
    pub fn take_copies(&self) -> Vec<(CellId, Ask)> {
        std::mem::take(&mut self.copies().sent)
    }

    fn copies(&self) -> MutexGuard<'_, Copies> {
        self.copies.lock().expect("nobody panics while it holds the copies")
    }
}

/// A simulated cell that changes its order in the quanta that it is told.
#[derive(Debug)]
pub struct Actor {
    cell: SimulatedCell,
    id: CellId,
    events: SyncSender<Event>,
    courier: Courier,
    rebids: Vec<Rebid>,
    quanta: u32,
    kernel: Kernel,
}

impl Actor {
    /// A cell that behaves as told, and whose CPU time the kernel counts.
    pub fn new(
        config: CellConfig,
        behaviour: Behaviour,
        rebids: Vec<Rebid>,
        courier: Courier,
        kernel: Kernel,
    ) -> Self {
        let (id, events) = (config.id, config.events.clone());
        Self { cell: SimulatedCell::new(config, behaviour), id, events, courier, rebids, quanta: 0, kernel }
    }

    fn rebid(&self, rebid: &Rebid) {
        self.courier.send(self.id, rebid.limit, rebid.slots, rebid.lasts);
        let request = Request::Log(LogLine::new("changed my bid"));
        // A full queue is "busy": the line is lost.
        let _ = self.events.try_send(Event::Request { cell: self.id, request });
    }
}

impl Cell for Actor {
    fn grant(&mut self, permit: &Permit) {
        self.cell.grant(permit);
        self.quanta += 1;
        for rebid in self.rebids.iter().filter(|rebid| rebid.quantum == self.quanta) {
            self.rebid(rebid);
        }
    }

    fn revoke(&mut self) {
        self.cell.revoke();
    }

    fn usage(&mut self) -> Option<Usage> {
        let usage = self.cell.usage()?;
        self.kernel.ran(usage.used);
        Some(usage)
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
