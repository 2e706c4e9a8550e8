//! A run without a market: the same cells on the same CPUs, all granted all slots for the whole time. The kernel's own
//! scheduler decides who runs.
//!
//! Leases and claims are answered here by the same rules as in a node, and nobody pays for anything. What this costs is
//! recorded and not charged: there is no Maxwell in these arms.

use std::sync::Arc;

use anyhow::Result;
use maxwell_core::bounty::audit::AuditPolicy;
use maxwell_core::bounty::claim::Claim;
use maxwell_core::bounty::terms::{BountyId, Terms, Work};
use maxwell_core::bounty::{Bounties, Claimant, Posting, Ranges};
use maxwell_core::energy::{Attribution, CpuTime};
use maxwell_core::event::{Event, Request, Stop};
use maxwell_core::ledger::{BillingPolicy, Ledger, Role, Totals};
use maxwell_core::limits::{MINT_MAX, QUANTUM, WINDOW};
use maxwell_core::population::lifecycle::Reason;
use maxwell_core::tick::{AccountId, Award, CellId, Exit, Grant, Purse, Quote, SlotId, Usage};
use maxwell_core::units::{Celsius, Microjoules, Moment, Nanoseconds, Ppm};
use maxwell_daemon::inbox::Inbox;
use maxwell_daemon::telemetry::Obituary;
use maxwell_daemon::verifier::{Check, InlineVerifier, Job, Verifier};
use maxwell_hypervisor::cell::Reply;
use maxwell_hypervisor::cells::Cells;
use maxwell_hypervisor::clock::{Clock, SystemClock};
use maxwell_physics::load::LoadMeter;
use maxwell_physics::sampler::{InlineSampler, Sampler};

use super::Finished;
use super::stage::Stage;
use crate::arms::Arm;
use crate::record::{AgentSample, Fold};

/// What agents are told that they have: more than they could ever spend.
const PLENTY: Microjoules = MINT_MAX;
/// Nobody's account: no money moves here.
const NOBODY: AccountId = AccountId(0);

pub(super) fn run(stage: Stage) -> Result<Finished> {
    let parasites: Vec<bool> = stage.agents.iter().map(|agent| agent.parasite).collect();
    let arm = stage.arm;
    let (mut free, recording, host) = FreeRun::start(stage)?;
    if arm == Arm::Oracle {
        for (index, _) in parasites.iter().enumerate().filter(|(_, parasite)| **parasite) {
            free.kill(index, Reason::Operator);
        }
    }
    let (stop, at) = free.run();
    // It holds the tape, which has to go before the recording can end.
    drop(free);
    let recorded = recording.end()?;
    Ok(Finished { stop, at, recorded, warnings: vec![], real_time_priority: false, wallets: vec![], host })
}

/// One cell as this loop sees it.
#[derive(Clone, Copy, Debug, Default)]
struct Resident {
    is_over: bool,
    /// What it used last is not known yet, so it is not asked anew.
    is_late: bool,
    used: Nanoseconds,
}

struct FreeRun {
    clock: SystemClock,
    inbox: Inbox,
    sensors: InlineSampler,
    load: Arc<LoadMeter>,
    energy: Attribution,
    cpu: CpuTime,
    cells: Cells,
    residents: Vec<Resident>,
    slots: u16,
    grants: Vec<Grant>,
    bounties: Bounties,
    ranges: Ranges,
    /// Covers the bounty, whose rules ask for an account; nothing is ever paid from it.
    ledger: Ledger,
    verifier: InlineVerifier,
    fold: Fold,
    tick: u64,
    next_tick: Moment,
}

impl FreeRun {
    /// Takes the stage over and starts the clock.
    fn start(
        stage: Stage,
    ) -> Result<(Self, crate::record::Recording, maxwell_hypervisor::process::ProcessHost)> {
        let count = stage.agents.len();
        let mut cells = Cells::default();
        for (index, cell) in stage.cells.into_iter().enumerate() {
            cells.insert(CellId(index as u32), Box::new(cell));
        }
        let mut ledger = Ledger::new(BillingPolicy::default());
        let escrow = ledger.fund_new(0, Role::Escrow, PLENTY)?;
        let profile = stage.economy.node_config().energy;
        let ranges = stage.economy.ranges();
        let mut bounties = Bounties::new(AuditPolicy::new(Ppm::ONE, 0)?);
        let terms = Terms { work: Work::Primes(ranges), reward: Microjoules(1) };
        bounties.post(Posting { id: BountyId(0), escrow, terms, paid: Vec::new() })?;
        let first = AgentSample { state: "running", ..AgentSample::default() };
        let free = Self {
            sensors: InlineSampler::new(stage.sensor, WINDOW),
            inbox: stage.inbox,
            load: stage.load,
            energy: Attribution::new(profile),
            cpu: CpuTime::default(),
            cells,
            residents: vec![Resident::default(); count],
            slots: profile.cpus,
            grants: Vec::with_capacity(count * usize::from(profile.cpus)),
            bounties,
            ranges,
            ledger,
            verifier: InlineVerifier::default(),
            fold: Fold::new(stage.tape, count, first),
            tick: 0,
            next_tick: Moment(0),
            clock: SystemClock::start(),
        };
        Ok((free, stage.recording, stage.host))
    }

    /// Runs until told to stop, then ends every cell.
    fn run(&mut self) -> (Stop, Moment) {
        let stop = loop {
            match self.inbox.next(self.clock.now()) {
                Event::Tick => self.quantum(),
                Event::Request { cell, request } => self.serve(cell, request),
                Event::Verified { cell, claim, holds } => self.conclude(cell, &claim, holds),
                Event::Stop(stop) => break stop,
            }
        };
        let at = self.clock.now();
        for index in 0..self.residents.len() {
            self.kill(index, Reason::Operator);
        }
        (stop, at)
    }

    /// Ends a cell that is not over yet.
    fn kill(&mut self, index: usize, reason: Reason) {
        if !self.residents[index].is_over {
            self.cells.kill(CellId(index as u32));
            self.bury(index, reason);
        }
    }

    /// Ten milliseconds: everybody may run, the sensors are read, and what was used is asked.
    fn quantum(&mut self) {
        let now = self.clock.now();
        while self.next_tick <= now {
            self.next_tick = self.next_tick + QUANTUM;
        }
        let sensed = self.sensors.latest(now);
        self.energy.observe(&sensed, self.cpu);
        self.fold.heat(&sensed);
        self.grant_everybody();
        let quote = free_quote(self.tick, now);
        let usages = self.cells.run(&self.grants, &quote, Microjoules::ZERO, self.next_tick, &mut self.clock);
        let mut used = Nanoseconds::ZERO;
        let mut over = Vec::new();
        for usage in usages {
            let index = usage.cell.0 as usize;
            used += usage.used;
            note(&mut self.residents[index], usage);
            if let Some(agent) = self.fold.agent(usage.cell) {
                agent.cpu += usage.used;
            }
            over.extend(usage.exit.map(|exit| (index, reason_of(exit))));
        }
        self.energy.note(usages);
        self.cpu.cells += used;
        self.load.record(used, Nanoseconds::ZERO, Nanoseconds::ZERO);
        self.cpu.busy = self.load.load().total();
        self.tick += 1;
        for (index, reason) in over {
            self.bury(index, reason);
        }
        let at = self.clock.now();
        if self.fold.is_second_over(at) {
            self.fold.end_second(at, self.energy.shares(), None);
        }
    }

    fn grant_everybody(&mut self) {
        self.grants.clear();
        for (index, resident) in self.residents.iter_mut().enumerate() {
            if resident.is_over || resident.is_late {
                continue;
            }
            resident.is_late = true;
            for slot in 0..self.slots {
                self.grants.push(Grant {
                    tick: self.tick,
                    award: Award {
                        cell: CellId(index as u32),
                        wallet: NOBODY,
                        slot: SlotId(slot),
                        weight: Ppm::ONE,
                        price: Microjoules::ZERO,
                        purse: Purse::Free,
                        contested: false,
                    },
                    balance: PLENTY,
                });
            }
        }
    }

    fn serve(&mut self, cell: CellId, request: Request) {
        // A request can arrive after its cell has ended.
        if self.residents[cell.0 as usize].is_over {
            return;
        }
        match request {
            Request::Lease(which) => {
                let key = self.bounties.lease(cell, NOBODY, which, &self.ledger);
                self.cells.reply(cell, Reply::lease(which, key));
            }
            Request::Claim { which, key, answer } => match self.bounties.claim(cell, which, key, answer) {
                Ok(claim) => self.claim(cell, claim),
                Err(_) => self.refuse(cell),
            },
            Request::Log(line) => {
                if let Some(agent) = self.fold.agent(cell) {
                    agent.hear(&line);
                }
            }
            // Nothing is sold.
            Request::Order { .. } => {}
        }
    }

    fn claim(&mut self, cell: CellId, claim: Claim) {
        self.bounties.take(&claim, Claimant { cell, wallet: NOBODY, staked: false, fee: Microjoules::ZERO });
        let check = Check::Primes(self.ranges.numbers(claim.key));
        match self.verifier.submit(Job { cell, claim, check }) {
            Ok(Some(Event::Verified { cell, claim, holds })) => self.conclude(cell, &claim, holds),
            _ => self.refuse(cell),
        }
    }

    /// Counts what was found in a range that holds. Its payment is due at once, and goes to nobody.
    fn conclude(&mut self, cell: CellId, claim: &Claim, holds: bool) {
        self.bounties.conclude(self.tick, cell, claim, holds);
        match self.bounties.pay_next(self.tick) {
            None => self.refuse(cell),
            Some((payment, _)) => {
                if let Some(agent) = self.fold.agent(cell) {
                    agent.primes += u64::from(payment.primes);
                }
            }
        }
    }

    fn refuse(&mut self, cell: CellId) {
        if let Some(agent) = self.fold.agent(cell) {
            agent.refused += 1;
        }
    }

    fn bury(&mut self, index: usize, reason: Reason) {
        let cell = CellId(index as u32);
        let resident = &mut self.residents[index];
        resident.is_over = true;
        let bill = Totals { used: resident.used, ..Totals::default() };
        let energy = self.energy.bury(cell);
        self.bounties.release(cell);
        let last_words = self.cells.remove(cell);
        self.fold.ended(Obituary { cell, at: self.clock.now(), reason, bill, energy, last_words });
    }
}

fn note(resident: &mut Resident, usage: &Usage) {
    resident.is_late = false;
    resident.used += usage.used;
}

const fn reason_of(exit: Exit) -> Reason {
    match exit {
        Exit::Finished => Reason::Finished,
        Exit::Crashed => Reason::Crashed,
        Exit::Limit => Reason::Limit,
    }
}

/// A quote without a price, for cells to pass on to their programs.
fn free_quote(tick: u64, at: Moment) -> Quote {
    Quote {
        tick,
        at,
        die: Celsius(0.0),
        fresh: true,
        supply: 0.0,
        slots: 0,
        base: Microjoules::ZERO,
        reserve: Microjoules::ZERO,
        multiplier: Ppm::ONE,
        tariff: Ppm::ONE,
    }
}
