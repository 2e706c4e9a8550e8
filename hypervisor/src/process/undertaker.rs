//! Waits for the end of cells that were dropped, so that nobody else has to.

use std::io;
use std::process::Child;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use maxwell_core::tick::CellId;
use rustix::process::{Pid, Signal, kill_process_group};

use super::cgroup::Clearing;
use super::control::{Control, Report};

/// How long a keeper may take to end its cell.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long what an ended keeper has left in the groups is looked after.
const CLEARING_PATIENCE: Duration = Duration::from_secs(1);

/// What there is of a cell besides its program.
#[derive(Debug)]
pub(super) struct Remains {
    /// Its name.
    pub(super) cell: CellId,
    /// Its keeper.
    pub(super) keeper: Child,
    /// The socket to it.
    pub(super) control: Control,
    /// Its groups.
    pub(super) clearing: Clearing,
    /// Its first process, once there is one.
    pub(super) first: Option<Pid>,
}

/// A thread that takes care of the remains, and what it could not do.
#[derive(Debug)]
pub(super) struct Undertaker {
    remains: Option<Sender<(Remains, Instant)>>,
    thread: Option<JoinHandle<()>>,
    complaints: Arc<Mutex<Vec<String>>>,
}

impl Undertaker {
    /// Starts the thread.
    pub(super) fn start() -> io::Result<Self> {
        let (sender, receiver) = channel();
        let complaints = Arc::<Mutex<Vec<String>>>::default();
        let thread = thread::Builder::new().name("mw-undertaker".to_owned()).spawn({
            let complaints = complaints.clone();
            move || work(&receiver, &complaints)
        })?;
        Ok(Self { remains: Some(sender), thread: Some(thread), complaints })
    }

    /// Hands over what is left of a cell whose keeper has been told to end it.
    pub(super) fn take(&self, remains: Remains) {
        if let Some(sender) = &self.remains {
            // The thread lives as long as this does.
            let _ = sender.send((remains, Instant::now() + PATIENCE));
        }
    }

    /// What could not be ended or cleaned up since last asked, in sentences.
    pub(super) fn complaints(&self) -> Vec<String> {
        std::mem::take(&mut self.complaints.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Undertaker {
    /// Waits until everything is gone that was handed over.
    fn drop(&mut self) {
        self.remains = None;
        if let Some(thread) = self.thread.take() {
            // If it panicked that has been printed already.
            let _ = thread.join();
        }
        for complaint in self.complaints() {
            eprintln!("maxwell: {complaint}");
        }
    }
}

fn work(remains: &Receiver<(Remains, Instant)>, complaints: &Mutex<Vec<String>>) {
    for (remains, deadline) in remains {
        let cell = remains.cell.0;
        remains.bury(deadline, &mut |words| {
            let mut complaints = complaints.lock().unwrap_or_else(PoisonError::into_inner);
            complaints.push(format!("cell {cell}: {words}"));
        });
    }
}

impl Remains {
    /// Waits for the keeper and sees to it that the groups are gone.
    pub(super) fn bury(mut self, deadline: Instant, complain: &mut dyn FnMut(String)) {
        while let Some(report) = self.control.wait_for_report(deadline) {
            if let Report::Left(words) = report {
                complain(words);
            }
        }
        if Instant::now() >= deadline {
            complain(format!("its keeper did not end it within {} s and was killed", PATIENCE.as_secs()));
            // It fails only if the keeper has just ended.
            let _ = self.keeper.kill();
        }
        let ended = self.keeper.wait().is_ok_and(|status| status.success());
        if !ended && let Some(first) = self.first {
            // The keeper can no longer do it. The number is still the group's as long as anything is in it.
            let _ = kill_process_group(first, Signal::KILL);
        }
        self.clear_groups();
        if let Err(words) = self.clearing.remove() {
            complain(words);
        }
    }

    /// There is something in them only if the keeper did not get to it.
    fn clear_groups(&self) {
        let deadline = Instant::now() + CLEARING_PATIENCE;
        while !self.clearing.is_empty() && Instant::now() < deadline {
            self.clearing.strike(|| {});
            thread::sleep(Duration::from_millis(1));
        }
    }
}
