//! The keeper's loop.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};
use std::{mem, ptr};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, wait};

use super::count;
use super::end::{clear_out, remove_groups};
use super::job::Job;
use super::launch::Launched;
use crate::output::{Output, Stream};
use crate::process::control::{Control, Ending, MESSAGE_MAX, Order, Received, Report, timespec};
use crate::process::gate::Gate;

/// How long a stopped cell waits for its node to renew the lease. The node does it twice a second.
const LEASE: Duration = Duration::from_secs(2);

/// How often CPU time is counted, if it is.
const COUNT_PERIOD: Duration = Duration::from_millis(100);

/// Pause after output was read: a program that writes without end waits for us then, instead of keeping us busy on a
/// CPU that nobody has paid for.
const OUTPUT_PAUSE: Duration = Duration::from_millis(10);

/// Output that is read at a time: what a pipe holds.
const OUTPUT_MAX: usize = 64 << 10;

/// A cell that runs, as its keeper sees it.
pub(super) struct Watch {
    job: Job,
    control: Control,
    signals: File,
    gate: Gate,
    first: Pid,
    /// Whether the first process was waited for: its number may be another's then.
    is_reaped: bool,
    pipes: [(Stream, Option<File>); 2],
    output: Output,
    buffer: Vec<u8>,
    /// When the lease ends; `None` when it has, and the cell was let go.
    lease: Option<Instant>,
    /// When output is read again.
    listens: Instant,
    counted: Instant,
}

/// Why the loop ends.
enum Verdict {
    /// The first process is gone.
    Over(Ending),
    /// Maxwell says so.
    Told,
    /// Maxwell is gone.
    Alone,
}

impl Watch {
    /// Parks the cell and reports that it runs.
    pub(super) fn new(job: Job, control: Control, signals: OwnedFd, launched: Launched) -> io::Result<Self> {
        let Launched { first, stdout, stderr } = launched;
        let gate = Gate::at(&job.gate, first)?;
        // It fails only if it is gone already, and that is reported next.
        let _ = gate.close();
        control.send(&Report::Started(first.as_raw_pid()).to_message());
        let now = Instant::now();
        Ok(Self {
            job,
            control,
            signals: signals.into(),
            gate,
            first,
            is_reaped: false,
            pipes: [(Stream::Out, Some(stdout)), (Stream::Err, Some(stderr))],
            output: Output::default(),
            buffer: vec![0; OUTPUT_MAX],
            lease: Some(now + LEASE),
            listens: now,
            counted: now,
        })
    }

    /// Keeps the cell to its end.
    pub(super) fn run(mut self) {
        let mut is_gone = false;
        let mut first = Some(self.first);
        match self.watch() {
            Verdict::Told => {}
            Verdict::Alone => is_gone = true,
            Verdict::Over(ending) => {
                first = None;
                let mut report = Some(self.last_report(ending).to_message());
                report = report.filter(|message| !self.control.send(message));
                clear_out(&self.job, first, &self.signals);
                is_gone = self.wait_for_the_end(report);
            }
        }
        clear_out(&self.job, first, &self.signals);
        if let Err(words) = remove_groups(&self.job, is_gone) {
            self.control.send(&Report::Left(words).to_message());
        }
    }

    fn watch(&mut self) -> Verdict {
        loop {
            self.sleep();
            if let Some(ending) = self.reap() {
                return Verdict::Over(ending);
            }
            if let Some(verdict) = self.obey() {
                return verdict;
            }
            let now = Instant::now();
            if self.lease.is_some_and(|end| end <= now) {
                self.lease = None;
                // It fails only if it is gone, which is found next.
                let _ = self.gate.open();
                self.control.send(&Report::Thawed.to_message());
            }
            if self.listens <= now && self.listen() {
                self.listens = Instant::now() + OUTPUT_PAUSE;
            }
            if self.job.counts_cpu && self.counted + COUNT_PERIOD <= now {
                self.counted = now;
                self.control.send(&Report::OthersUsed(count::others(self.first)).to_message());
            }
        }
    }

    /// Until there is something to do.
    fn sleep(&self) {
        let now = Instant::now();
        let deaf = self.listens > now;
        let count = self.job.counts_cpu.then_some(self.counted + COUNT_PERIOD);
        let next = [self.lease, count, deaf.then_some(self.listens)].into_iter().flatten().min();
        let pipes =
            self.pipes.iter().filter(|_| !deaf).filter_map(|(_, pipe)| pipe.as_ref().map(File::as_fd));
        let ends = [self.control.as_fd(), self.signals.as_fd()].into_iter().chain(pipes);
        sleep_until_any(ends, next.map(|next| next.saturating_duration_since(now)));
    }

    /// Waits for every child that has ended; how the first process ended, if it was among them.
    fn reap(&mut self) -> Option<Ending> {
        // What it says is that there is something to wait for, and that is seen below.
        let _ = self.signals.read(&mut self.buffer);
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            if pid == self.first {
                self.is_reaped = true;
                return Some(ending(status));
            }
        }
        None
    }

    fn obey(&mut self) -> Option<Verdict> {
        let mut buffer = [0; MESSAGE_MAX];
        loop {
            let message = match self.control.receive(&mut buffer) {
                Received::Message(message) => message,
                Received::Nothing => return None,
                Received::Closed => return Some(Verdict::Alone),
            };
            match Order::parse(message) {
                Some(Order::Lease) => self.lease = Some(Instant::now() + LEASE),
                Some(Order::Terminate) if !self.is_reaped => _ = kill_process(self.first, Signal::TERM),
                Some(Order::End) => return Some(Verdict::Told),
                Some(Order::Terminate) | None => {}
            }
        }
    }

    /// Reads what was written; whether there was anything.
    fn listen(&mut self) -> bool {
        let mut heard = false;
        for (stream, pipe) in &mut self.pipes {
            let Some(file) = pipe else { continue };
            if !is_readable(file.as_fd()) {
                continue;
            }
            match file.read(&mut self.buffer) {
                Ok(0) | Err(_) => *pipe = None,
                Ok(read) => {
                    self.output.write(*stream, &self.buffer[..read]);
                    heard = true;
                }
            }
        }
        heard
    }

    fn last_report(&mut self, ending: Ending) -> Report {
        // A pipe holds no more than is read at a time, but descendants may write on meanwhile.
        for _ in 0..2 {
            self.listen();
        }
        Report::Over { ending, cpu: count::others(self.first), words: self.output.last_words() }
    }

    /// Everything is over but the groups, whose counters Maxwell may still want to read. A report that did not go is
    /// sent again. Whether Maxwell is gone.
    fn wait_for_the_end(&mut self, mut report: Option<Vec<u8>>) -> bool {
        loop {
            report = report.filter(|message| !self.control.send(message));
            let again = report.is_some().then_some(COUNT_PERIOD);
            sleep_until_any([self.control.as_fd()], again);
            match self.obey() {
                Some(Verdict::Alone) => return true,
                Some(_) => return false,
                None => {}
            }
        }
    }
}

/// Blocks every signal that can be blocked, so that none ends the keeper: what is said to be the end of one that has a
/// child has to be read from the descriptor that is returned.
pub(super) fn block_signals() -> io::Result<OwnedFd> {
    // SAFETY: both sets are made in places for one before they are read; the new descriptor is owned by nobody else.
    unsafe {
        let (mut all, mut child) = (mem::zeroed(), mem::zeroed());
        libc::sigfillset(&raw mut all);
        libc::sigemptyset(&raw mut child);
        libc::sigaddset(&raw mut child, libc::SIGCHLD);
        if libc::sigprocmask(libc::SIG_SETMASK, &raw const all, ptr::null_mut()) == -1 {
            return Err(io::Error::last_os_error());
        }
        match libc::signalfd(-1, &raw const child, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) {
            -1 => Err(io::Error::last_os_error()),
            signals => Ok(OwnedFd::from_raw_fd(signals)),
        }
    }
}

/// Sleeps until one of them can be read, or the time is over.
pub(super) fn sleep_until_any<'a>(ends: impl IntoIterator<Item = BorrowedFd<'a>>, time: Option<Duration>) {
    let mut ends: Vec<_> = ends.into_iter().map(|end| PollFd::from_borrowed_fd(end, PollFlags::IN)).collect();
    // Whoever wakes too early looks and sleeps again.
    let _ = poll(&mut ends, time.map(timespec).as_ref());
}

fn is_readable(end: BorrowedFd<'_>) -> bool {
    let mut ends = [PollFd::from_borrowed_fd(end, PollFlags::IN)];
    poll(&mut ends, Some(&timespec(Duration::ZERO))).is_ok_and(|ready| ready > 0)
}

fn ending(status: WaitStatus) -> Ending {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(status), _) => Ending::Status(status),
        (None, signal) => Ending::Signal(signal.unwrap_or_default()),
    }
}
