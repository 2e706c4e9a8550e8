//! Cells without a program, for the simulator and for tests: they use what they are told to use, on a virtual clock.

use maxwell_core::bounty::claim::{Answer, Which};
use maxwell_core::event::Request;
use maxwell_core::limits::QUANTUM;
use maxwell_core::tick::{Exit, Usage, Wait};
use maxwell_core::units::{Bytes, Microjoules, Nanoseconds};

use crate::cell::{Cell, CellConfig, Notice, Permit, Reply};
use crate::leases::{Leases, Next};
use crate::requests::{Requests, Sent};

/// What a simulated cell does. The default uses its quanta whole, holds 16 MiB and never ends by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Behaviour {
    /// Part of each granted quantum that it uses, 0 to 1.
    pub utilisation: f64,
    /// Memory that it holds from its first grant to its end.
    pub memory: Bytes,
    /// Bytes that it gives back to the system for each second of CPU time.
    pub freed_per_second: Bytes,
    /// Work on the bounty, if it does any.
    pub claims: Option<ClaimWork>,
    /// CPU time after which it crashes.
    pub crash_after: Option<Nanoseconds>,
    /// CPU time after which it ends by itself.
    pub finish_after: Option<Nanoseconds>,
    /// How it fails to keep up, if it does.
    pub slow: Option<Slow>,
    /// Whether it ends by itself when it finds a notice: at its next grant.
    pub obeys_notice: bool,
    /// Changes of its order that it tries to make in each quantum.
    pub flood: Option<Flood>,
}

/// A cell that changes its order all the time, between two limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flood {
    /// How often in each quantum.
    pub changes: u32,
    /// The lower of its limits; the other is one microjoule higher.
    pub limit: Microjoules,
}

/// Work on the bounty: ranges are leased, worked on and claimed one after the other.
#[derive(Clone, Copy, Debug)]
pub struct ClaimWork {
    /// CPU time that a range takes.
    pub cpu_per_range: Nanoseconds,
    /// What it claims for a range; right or wrong.
    pub answer: fn(u64) -> Answer,
}

impl PartialEq for ClaimWork {
    /// Two are equal that take the same time; functions have no equality worth the name.
    fn eq(&self, other: &Self) -> bool {
        self.cpu_per_range == other.cpu_per_range
    }
}

/// A cell that does not keep up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slow {
    /// What its utilisation is multiplied by after each quantum, 0 to 1.
    pub fading: f64,
    /// How many times `usage` says after each revocation that the slot is not free yet.
    pub late: u32,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            utilisation: 1.0,
            memory: Bytes::from_mebibytes(16),
            freed_per_second: Bytes(0),
            claims: None,
            crash_after: None,
            finish_after: None,
            slow: None,
            obeys_notice: true,
            flood: None,
        }
    }
}

/// A cell on a virtual clock. It runs inside `grant`, and the same calls have the same outcome every time.
#[derive(Debug)]
pub struct SimulatedCell {
    config: CellConfig,
    behaviour: Behaviour,
    requests: Requests,
    leases: Leases,
    /// Number of the quantum, from one.
    quantum: u32,
    utilisation: f64,
    /// CPU time in all.
    cpu: Nanoseconds,
    /// Bytes freed in all.
    freed: u64,
    /// The range that it works on and the CPU time that it has spent on it.
    range: Option<(u64, Nanoseconds)>,
    noticed: bool,
    waits: bool,
    over: bool,
    /// How many more times the slot is said not to be free.
    late: u32,
    /// What `usage` will tell next.
    next: Usage,
    words: &'static str,
}

impl SimulatedCell {
    /// A cell that has not run yet. Its `memory_max` is kept: behaving as having more ends it with [`Exit::Limit`] at
    /// its first grant.
    pub fn new(config: CellConfig, behaviour: Behaviour) -> Self {
        Self {
            requests: Requests::new(config.id, config.events.clone()),
            leases: Leases::default(),
            quantum: 0,
            utilisation: behaviour.utilisation.clamp(0.0, 1.0),
            cpu: Nanoseconds::ZERO,
            freed: 0,
            range: None,
            noticed: false,
            waits: false,
            over: false,
            late: 0,
            next: nothing(&config),
            words: "",
            behaviour,
            config,
        }
    }

    /// Uses up to `budget` of CPU time.
    fn run(&mut self, budget: Nanoseconds) {
        if self.noticed && self.behaviour.obeys_notice {
            return self.end(Exit::Finished, "");
        }
        if self.behaviour.memory > self.config.memory_max {
            return self.end(Exit::Limit, "limit reached: more memory than the cell may have");
        }
        self.next.memory = self.behaviour.memory;
        if self.behaviour.flood.is_some_and(|flood| self.floods(flood)) {
            return self.end(Exit::Limit, "limit reached: too many refused requests");
        }
        let life = |after: Option<Nanoseconds>| {
            after.map_or(Nanoseconds(u64::MAX), |after| after.saturating_sub(self.cpu))
        };
        let (crash, finish) = (life(self.behaviour.crash_after), life(self.behaviour.finish_after));
        let budget = budget.min(crash).min(finish);
        let used = match self.behaviour.claims {
            Some(work) => self.work(work, budget),
            None => budget,
        };
        self.use_cpu(used);
        if self.over {
            return;
        }
        if used == crash {
            self.end(Exit::Crashed, "crashed: as it was told to");
        } else if used == finish {
            self.end(Exit::Finished, "");
        }
    }

    /// Works on ranges for up to `budget`, and says how much it has used. Stops early to wait for a lease, and when the
    /// node is busy.
    fn work(&mut self, work: ClaimWork, budget: Nanoseconds) -> Nanoseconds {
        let mut used = Nanoseconds::ZERO;
        loop {
            let Some((range, spent)) = self.range.or_else(|| self.lease()) else { return used };
            let step = work.cpu_per_range.saturating_sub(spent).min(budget.saturating_sub(used));
            used += step;
            let spent = spent + step;
            self.range = Some((range, spent));
            if spent < work.cpu_per_range {
                return used;
            }
            let claim = Request::Claim { which: Which::Primes, key: range, answer: (work.answer)(range) };
            if self.requests.send(claim) == Sent::Busy {
                return used;
            }
            self.leases.claimed();
            self.range = None;
        }
    }

    /// The next range, not yet worked on. Without one it waits, is over, or tries again in its next quantum.
    fn lease(&mut self) -> Option<(u64, Nanoseconds)> {
        loop {
            match self.leases.take() {
                Next::Range(range) => {
                    self.requests.ask_ahead(&self.leases);
                    return Some((range, Nanoseconds::ZERO));
                }
                Next::Gone => {
                    self.end(Exit::Finished, "");
                    return None;
                }
                Next::Wait => {
                    self.waits = true;
                    return None;
                }
                Next::Later => return None,
                Next::Ask if self.requests.ask(&self.leases) == Sent::Busy => return None,
                Next::Ask => self.requests.ask_ahead(&self.leases),
            }
        }
    }

    /// Changes its order; whether it was refused so often that it is to be ended.
    fn floods(&mut self, flood: Flood) -> bool {
        (0..flood.changes).any(|change| {
            let limit = flood.limit + Microjoules(i64::from(change % 2));
            self.requests.submit(Some(Request::Order { limit, slots: 1, last_tick: None })).is_err()
        })
    }

    fn use_cpu(&mut self, used: Nanoseconds) {
        self.cpu += used;
        self.next.used += used;
        let freed = u128::from(self.behaviour.freed_per_second.0) * u128::from(self.cpu.0) / 1_000_000_000;
        self.next.freed += Bytes(freed as u64 - self.freed);
        self.freed = freed as u64;
    }

    fn end(&mut self, exit: Exit, words: &'static str) {
        self.over = true;
        self.waits = false;
        self.words = words;
        self.next.exit = Some(exit);
        self.next.memory = Bytes(0);
    }
}

impl Cell for SimulatedCell {
    fn grant(&mut self, permit: &Permit) {
        if self.late > 0 {
            return;
        }
        let offered = permit.offered();
        self.next.granted += offered;
        if self.over {
            return;
        }
        self.quantum += 1;
        self.requests.in_quantum(self.quantum);
        self.waits = false;
        self.run(Nanoseconds((offered.0 as f64 * self.utilisation) as u64));
        if let Some(slow) = self.behaviour.slow {
            self.utilisation *= slow.fading.clamp(0.0, 1.0);
            self.late = slow.late;
        }
    }

    fn revoke(&mut self) {}

    fn usage(&mut self) -> Option<Usage> {
        if self.late > 0 {
            self.late -= 1;
            return None;
        }
        let memory = self.next.memory;
        let wait = (self.waits && self.leases.is_dry()).then_some(Wait::Reply);
        let told = Usage { wait, ..self.next };
        self.next = Usage { memory, ..nothing(&self.config) };
        Some(told)
    }

    fn reply(&mut self, reply: Reply) {
        self.leases.answer(reply);
    }

    fn notify(&mut self, _notice: Notice) {
        self.noticed = true;
    }

    fn kill(&mut self) {
        self.over = true;
        self.waits = false;
        self.late = 0;
        self.next = nothing(&self.config);
    }

    fn last_words(&self) -> String {
        self.words.to_owned()
    }
}

fn nothing(config: &CellConfig) -> Usage {
    Usage {
        cell: config.id,
        granted: Nanoseconds::ZERO,
        used: Nanoseconds::ZERO,
        stolen: Nanoseconds::ZERO,
        resold: Nanoseconds::ZERO,
        cycles: 0,
        freed: Bytes(0),
        memory: Bytes(0),
        exit: None,
        wait: None,
    }
}

const _: () = assert!(QUANTUM.0 < 1 << 53, "a quantum is exact as a floating point number");
