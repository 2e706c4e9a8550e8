//! Ending everything in a cell, so that nothing is left of it.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group, wait};

use super::job::Job;
use super::watch::sleep_until_any;
use crate::process::cgroup::Clearing;
use crate::process::tree;

/// The first pause between two rounds of killing. It doubles, up to the last: a process that waits for a device cannot
/// be killed yet, and must not keep the keeper busy.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LAST_PAUSE: Duration = Duration::from_secs(1);

/// Kills everything in the cell, until no child is left to wait for and the groups are empty. `first` is the first
/// process unless it has been waited for; `signals` wakes when a child has ended.
pub(super) fn clear_out(job: &Job, first: Option<Pid>, signals: &File) {
    let clearing = Clearing::new(job.gate.clone(), job.groups.clone());
    if let Some(first) = first {
        // All of its group at once, so that what forks in this moment dies too.
        let _ = kill_process_group(first, Signal::KILL);
    }
    let mut pause = FIRST_PAUSE;
    loop {
        clearing.strike(|| {
            // Stopped first, in case nothing else has: a parent that is stopped makes no more of them.
            tree::walk_below(getpid(), &mut |pid| _ = kill_process(pid, Signal::STOP));
            tree::walk_below(getpid(), &mut |pid| _ = kill_process(pid, Signal::KILL));
        });
        if none_is_left() && clearing.is_empty() {
            return;
        }
        sleep_until_any([signals.as_fd()], Some(pause));
        // What woke it is taken, or every later pause would be none.
        let _ = { signals }.read(&mut [0; 1_024]);
        pause = (2 * pause).min(LAST_PAUSE);
        if none_is_left() && clearing.is_empty() {
            return;
        }
    }
}

/// Removes the groups; and, when Maxwell is gone, its folders, unless another keeper still needs them.
pub(super) fn remove_groups(job: &Job, maxwell_is_gone: bool) -> Result<(), String> {
    let removed = Clearing::new(job.gate.clone(), job.groups.clone()).remove();
    if maxwell_is_gone {
        job.folders.iter().for_each(|folder| _ = std::fs::remove_dir(folder));
    }
    removed
}

/// Waits for those that have ended; whether there are no others.
fn none_is_left() -> bool {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) => return false,
            Err(_) => return true,
        }
    }
}
