//! CPU time of a cell, counted by its keeper where no group does.
//!
//! A live process has a clock, and what its children had used when it waited for them stands in its `stat`; what nobody
//! else waited for, the keeper did. Lost is only what a process leaves behind that is ended by a parent that ignores it.

use std::fs;
use std::mem;

use maxwell_core::units::Nanoseconds;
use rustix::process::{Pid, getpid};

use crate::process::meter::process_clock;
use crate::process::tree;

/// Unit of the times in `stat`: a hundredth of a second, whatever the kernel's own timer does.
const TICK: u64 = 10_000_000;

/// CPU time of all processes of the cell but the first; of all of them once the first has been waited for.
pub(super) fn others(first: Pid) -> Nanoseconds {
    let mut total = waited_for();
    tree::walk_below(getpid(), &mut |pid| {
        let own = if pid == first { 0 } else { process_clock(pid).unwrap_or(0) };
        total += own + children(pid).unwrap_or(0);
    });
    Nanoseconds(total)
}

/// What the children had used that a process has waited for.
fn children(pid: Pid) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).ok()?;
    // The name, in brackets, may have blanks in it. `cutime` and `cstime` are fields 16 and 17; the state is field 3.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(13);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some((ticks()? + ticks()?) * TICK)
}

/// What the children had used that the keeper has waited for.
fn waited_for() -> u64 {
    // SAFETY: all zeroes is a valid value of this structure of numbers, and the call writes one.
    let usage = unsafe {
        let mut usage: libc::rusage = mem::zeroed();
        // It fails only if it is asked for someone else's, and then nothing is counted.
        libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage);
        usage
    };
    let nanoseconds = |time: libc::timeval| time.tv_sec as u64 * 1_000_000_000 + time.tv_usec as u64 * 1_000;
    nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime)
}
