//! Nothing is left of a run that is over, however it ended.
//!
//! Keepers end their cells when their run is gone. They, and whatever should escape them, become children of this process
//! then, which waits for them.

use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, wait};

/// How long keepers may take to clean up.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long what is killed may take to be gone.
const AFTER_KILL: Duration = Duration::from_secs(2);
/// How often it is looked.
const PERIOD: Duration = Duration::from_millis(5);

/// The parent of what the runs leave behind.
#[derive(Debug)]
pub(super) struct Orphanage {
    /// Children that this process had before: a shell that started one may have become this process. They are left alone.
    others: Vec<Pid>,
}

impl Orphanage {
    /// Makes this process the parent of what its runs leave behind. Where the kernel does not do that, init is, and there
    /// is nothing to wait for.
    pub(super) fn open() -> Self {
        let others = children();
        let _ = set_child_subreaper(Some(getpid()));
        Self { others }
    }

    /// Waits until nothing is left, and ends what does not go by itself: then a sentence says so. There must be no child
    /// that somebody else waits for.
    pub(super) fn settle(&self) -> Option<String> {
        if self.all_gone(PATIENCE, |_| {}) {
            return None;
        }
        let mut killed = 0;
        let gone = self.all_gone(AFTER_KILL, |left| killed += kill(left));
        let how = if gone { "and were killed" } else { "and do not go even when they are killed" };
        Some(format!("Processes of the run were left ({killed} signals were sent) {how}."))
    }

    /// Waits for every child of the runs; whether all are gone in time.
    fn all_gone(&self, patience: Duration, mut meanwhile: impl FnMut(&[Pid])) -> bool {
        let begun = Instant::now();
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some(_)) | Err(Errno::INTR) => continue,
                Err(_) => return true,
                Ok(None) => {}
            }
            let left: Vec<Pid> =
                children().into_iter().filter(|child| !self.others.contains(child)).collect();
            if left.is_empty() {
                return true;
            }
            if begun.elapsed() > patience {
                return false;
            }
            meanwhile(&left);
            std::thread::sleep(PERIOD);
        }
    }
}

/// Kills processes, and says how many there were.
fn kill(processes: &[Pid]) -> u32 {
    processes.iter().filter(|child| kill_process(**child, Signal::KILL).is_ok()).count() as u32
}

/// Every child of this process.
fn children() -> Vec<Pid> {
    let own = getpid().as_raw_nonzero().get().to_string();
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    numbers.filter(|number| parent(*number).as_deref() == Some(&own)).filter_map(Pid::from_raw).collect()
}

/// The parent of a process, from the field after its name and state.
fn parent(number: i32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_ascii_whitespace().nth(1).map(str::to_owned)
}
