//! Real-time priority for the thread that ticks.

use std::io;

/// Why there is no real-time priority. The node works without, with more jitter under load.
#[derive(Debug, thiserror::Error)]
pub enum PriorityError {
    /// The system does not allow it.
    #[error(
        "real-time priority is not allowed ({0}); run as root, give the program CAP_SYS_NICE, or raise `ulimit -r` to \
         {PRIORITY}"
    )]
    Refused(io::Error),
}

/// Above every ordinary thread, below what drivers and watchdogs of the system use (50 and more).
const PRIORITY: i32 = 10;

/// Gives the calling thread real-time priority (`SCHED_FIFO`), so that it wakes when the tick is due whatever else the
/// machine does. It must sleep rather than spin: a cell that shares its CPU cannot stop until it gets to run. What the
/// thread starts, threads and processes alike, has ordinary priority.
///
/// # Errors
/// The system does not allow it.
pub fn real_time_priority() -> Result<(), PriorityError> {
    let parameters = libc::sched_param { sched_priority: PRIORITY };
    let policy = libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK;
    // SAFETY: the parameters live for the call, which only reads them; 0 is the calling thread.
    match unsafe { libc::sched_setscheduler(0, policy, &raw const parameters) } {
        0 => Ok(()),
        _ => Err(PriorityError::Refused(io::Error::last_os_error())),
    }
}
