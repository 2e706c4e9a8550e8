//! One process cell.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;

use maxwell_core::limits::QUANTUM;
use maxwell_core::tick::{CellId, Exit, SlotSet, Usage, Wait};
use maxwell_core::units::{Bytes, Nanoseconds};
use rustix::process::{Pid, Signal, kill_process_group};

use super::cgroup::Groups;
use super::channel::Channel;
use super::control::{Control, Ending, MESSAGE_MAX, Order, Received, Report};
use super::gate::Gate;
use super::host::ProcessHost;
use super::memory::Memory;
use super::meter::{Account, Meter, MeterKind};
use super::observer::SchedObserver;
use super::pin::Pin;
use super::undertaker::Remains;
use crate::cell::{Cell, Notice, Permit, Reply};
use crate::offers::Offers;
use crate::output::{Output, Stream};

/// A command in its own group of processes, executed and parked.
///
/// Granting and parking are one system call each, and none if it goes on running. Dropping it ends the command and
/// everything that it has started; its host sees to it that nothing is left.
pub struct ProcessCell {
    id: CellId,
    host: ProcessHost,
    /// There until it is dropped.
    remains: Option<Remains>,
    channel: Channel,
    first: Pid,
    gate: Gate,
    state: State,
    kill_file: Option<File>,
    pin: Pin,
    meter: Meter,
    account: Account,
    observer: Option<SchedObserver>,
    /// Its wait for a CPU, when last looked at.
    waited: Nanoseconds,
    memory: Memory,
    noticed: bool,
    killed: bool,
    /// To be told.
    exit: Option<Exit>,
    output: Output,
}

const TOO_MANY_REQUESTS: &str = "limit reached: too many requests were refused in one quantum; a program that is told \"busy\" should \
                                 wait for a later quantum";

const TOO_MUCH_MEMORY: &str =
    "limit reached: it took more memory than it may have; raise its memory limit or make it use less";

/// What the program may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing: its gate is closed.
    Parked,
    /// Run.
    Running,
    /// Nothing ever again: its first process has ended, or it is being ended.
    Over,
}

/// What a cell is put together from, when its command runs.
pub(super) struct Parts {
    pub(super) id: CellId,
    pub(super) host: ProcessHost,
    pub(super) channel: Channel,
    pub(super) first: Pid,
    pub(super) groups: Groups,
    pub(super) meter: MeterKind,
    /// The slots that it begins on.
    pub(super) slots: SlotSet,
}

impl ProcessCell {
    /// A cell that its keeper has parked; the remains come last, so that they are the caller's when this fails.
    pub(super) fn new(parts: Parts, remains: Remains) -> Result<Self, (io::Error, Remains)> {
        match Self::open(parts) {
            Ok(mut cell) => {
                cell.remains = Some(remains);
                Ok(cell)
            }
            Err(error) => Err((error, remains)),
        }
    }

    fn open(parts: Parts) -> io::Result<Self> {
        let Parts { id, host, channel, first, groups, meter, slots } = parts;
        let kill_file = groups.gate.kill_file();
        Ok(Self {
            id,
            host,
            remains: None,
            channel,
            first,
            gate: Gate::at(&groups.gate, first)?,
            state: State::Parked,
            kill_file: kill_file.and_then(|file| OpenOptions::new().write(true).open(file).ok()),
            pin: Pin::open(groups.cpuset.as_deref(), first, slots)?,
            meter: Meter::open(meter, &groups, first)?,
            account: Account::default(),
            observer: SchedObserver::open(first.as_raw_pid()),
            waited: Nanoseconds::ZERO,
            memory: Memory::of(groups.memory.as_ref(), first),
            noticed: false,
            killed: false,
            exit: None,
            output: Output::default(),
        })
    }

    /// Number of its first process.
    pub fn pid(&self) -> u32 {
        self.first.as_raw_pid() as u32
    }

    /// A look at how its first process is scheduled; `None` if this kernel does not count.
    pub fn observer(&self) -> Option<SchedObserver> {
        self.observer.clone()
    }

    fn is_over(&self) -> bool {
        self.state == State::Over
    }

    fn control(&self) -> Option<&Control> {
        self.remains.as_ref().map(|remains| &remains.control)
    }

    /// Takes what the keeper has said.
    fn listen(&mut self) {
        let mut buffer = [0; MESSAGE_MAX];
        while !self.is_over() {
            let report = match self.control().map(|control| control.receive(&mut buffer)) {
                Some(Received::Message(message)) => Report::parse(message),
                Some(Received::Nothing) | None => return,
                Some(Received::Closed) => {
                    let words = "crashed: its keeper was ended from outside, so it was ended too";
                    self.end(Exit::Crashed, words.to_owned());
                    self.kill();
                    return;
                }
            };
            match report {
                // The node was late and is back: what is to stand still is stopped again.
                Some(Report::Thawed) if self.state == State::Parked => _ = self.gate.close(),
                Some(Report::OthersUsed(cpu)) => self.meter.others_used(cpu),
                Some(Report::Over { ending, cpu, words }) => {
                    self.meter.ended_at(cpu);
                    self.output.write(Stream::Err, words.as_bytes());
                    self.ended(ending);
                }
                _ => {}
            }
        }
    }

    fn ended(&mut self, ending: Ending) {
        // It is gone because it, or something that it had started, wanted too much.
        if self.memory.was_exceeded() {
            return self.end(Exit::Limit, TOO_MUCH_MEMORY.to_owned());
        }
        match ending {
            Ending::Status(0) => self.end(Exit::Finished, String::new()),
            // The notice says to end, and this is how a program does that knows nothing of Maxwell.
            Ending::Signal(libc::SIGTERM) if self.noticed => self.end(Exit::Finished, String::new()),
            ending => self.end(Exit::Crashed, format!("crashed: {ending}")),
        }
    }

    fn end(&mut self, exit: Exit, words: String) {
        self.state = State::Over;
        self.exit = Some(exit);
        self.output.end(words);
        self.channel.close();
    }

    /// Why it has to end, if it has broken a limit.
    fn broken_limit(&mut self) -> Option<&'static str> {
        if self.channel.flooded() {
            return Some(TOO_MANY_REQUESTS);
        }
        // In v1 the kernel ends one process and lets the others go on, and the program starts the next maybe.
        (self.memory.looks_anew() && self.memory.was_exceeded()).then_some(TOO_MUCH_MEMORY)
    }

    /// Time since last asked in which the first thread could have run and did not get a CPU.
    fn waited_for_cpu(&mut self) -> Nanoseconds {
        let stat = self.observer.as_ref().and_then(SchedObserver::read);
        let now = stat.map_or(self.waited, |stat| stat.wait);
        let waited = now.saturating_sub(self.waited);
        self.waited = now;
        waited
    }
}

impl Cell for ProcessCell {
    fn grant(&mut self, permit: &Permit) {
        // One that was not stopped ran on while the tick was walked: what it used then is of this quantum too.
        let whole = Nanoseconds(QUANTUM.0 * u64::from(permit.slots.count()));
        let is_on = self.state == State::Running;
        self.account.grant(if is_on { whole.max(permit.offered()) } else { permit.offered() });
        if self.is_over() || self.killed {
            return;
        }
        self.channel.grant(permit);
        self.pin.to(permit.slots, self.host.cpus());
        if self.state == State::Parked {
            self.state = State::Running;
            // It fails only if the cell is gone, which `usage` tells.
            let _ = self.gate.open();
        }
    }

    fn revoke(&mut self) {}

    fn park(&mut self) {
        if self.state == State::Running {
            self.state = State::Parked;
            // As above.
            let _ = self.gate.close();
        }
    }

    fn renew_lease(&mut self) {
        if self.is_over() {
            return;
        }
        if let Some(control) = self.control() {
            // A keeper that does not read any more was stopped from outside; it cannot let the cell go either.
            control.order(Order::Lease);
        }
        self.listen();
    }

    fn usage(&mut self) -> Option<Usage> {
        let was_over = self.is_over();
        self.listen();
        let broken = if self.is_over() { None } else { self.broken_limit() };
        if let Some(words) = broken {
            self.end(Exit::Limit, words.to_owned());
            self.kill();
        }
        // What the meter shows after the end is not the program's any more.
        let total = if was_over { Nanoseconds::ZERO } else { self.meter.read() };
        let (granted, used) = self.account.tell(total);
        let stolen = self.waited_for_cpu().min(granted.saturating_sub(used));
        Some(Usage {
            cell: self.id,
            granted,
            used,
            stolen,
            resold: Nanoseconds::ZERO,
            cycles: 0,
            freed: Bytes(0),
            memory: if self.is_over() { Bytes(0) } else { self.memory.read() },
            exit: self.exit.take(),
            wait: (!self.is_over() && self.channel.waits()).then_some(Wait::Reply),
        })
    }

    fn show_offers(&mut self, offers: &Offers) {
        self.channel.show_offers(offers);
    }

    fn reply(&mut self, reply: Reply) {
        self.channel.reply(reply);
    }

    fn notify(&mut self, notice: Notice) {
        self.noticed = true;
        self.channel.notify(notice);
        if let Some(control) = self.control() {
            // Only its parent can be sure that the number is still its own.
            control.order(Order::Terminate);
        }
    }

    fn kill(&mut self) {
        if self.killed {
            return;
        }
        self.killed = true;
        if let Some(file) = &self.kill_file {
            // It fails only if the group is gone.
            let _ = file.write_all_at(b"1", 0);
        }
        if !self.is_over() {
            let _ = kill_process_group(self.first, Signal::KILL);
        }
        self.channel.close();
        if let Some(control) = self.control() {
            control.order(Order::End);
        }
    }

    fn last_words(&self) -> String {
        self.output.last_words()
    }
}

impl Drop for ProcessCell {
    fn drop(&mut self) {
        self.kill();
        if let Some(remains) = self.remains.take() {
            self.host.take_remains(remains);
        }
    }
}

impl fmt::Debug for ProcessCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, first, state, .. } = self;
        f.debug_struct("ProcessCell")
            .field("id", id)
            .field("first", first)
            .field("state", state)
            .finish_non_exhaustive()
    }
}
