//! The keeper of a cell: a tiny process between Maxwell and the command.
//!
//! ```text
//!   Maxwell --- control socket --- keeper --- the command and all its descendants
//!      |                             |
//!      +---- gate, meter, pin -------+---> the cell's groups
//! ```
//!
//! It is there for what Maxwell cannot do when it is dead or hangs, and for what only a parent can:
//! - it ends everything in the cell when it is told to, and when its control socket closes because Maxwell is gone;
//! - it lets a stopped cell go on when Maxwell has not renewed its lease for two seconds;
//! - every descendant of the command, however often it forks and whatever session it is in, becomes its child when its
//!   own parent dies (it is a *subreaper*), so that none can get away.
//!
//! It is one thread that sleeps in `poll`. In the tick it has no part: Maxwell opens and closes the gate itself.

use std::ffi::OsString;
use std::process::ExitCode;

use maxwell_api::channel::CHANNEL_FD;
use rustix::io::fcntl_dupfd_cloexec;
use rustix::process::{getpid, set_child_subreaper, setsid};
use rustix::stdio::{dup2_stdin, dup2_stdout, stdin, stdout};

pub(super) use job::Job;

use super::control::{Control, Report};
use watch::Watch;

mod job;

mod launch;

mod watch;

mod end;

mod count;

/// Body of `maxwell keeper`, which Maxwell starts by itself with the control socket as standard input and the
/// program's end of the channel as standard output. Of no use from a terminal, where it says so and fails.
pub fn main(args: impl Iterator<Item = OsString>) -> ExitCode {
    let Some(job) = Job::from_args(args) else {
        eprintln!("maxwell: a keeper is started by Maxwell itself, and not with these arguments");
        return ExitCode::from(2);
    };
    match keep(job) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("maxwell: the keeper of a cell cannot work here: {error}");
            ExitCode::FAILURE
        }
    }
}

fn keep(job: Job) -> std::io::Result<()> {
    // In a session of its own, Ctrl-C at Maxwell's terminal reaches neither it nor the cell. It fails only for a process
    // that leads its group already, which was put on its own by someone else.
    let _ = setsid();
    set_child_subreaper(Some(getpid()))?;
    // First of all, before anything else can be given the number.
    let channel = launch::take_channel_number(&fcntl_dupfd_cloexec(stdout(), CHANNEL_FD + 1)?)?;
    let signals = watch::block_signals()?;
    let control = Control::from_end(fcntl_dupfd_cloexec(stdin(), CHANNEL_FD + 1)?);
    let nothing = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&nothing)?;
    dup2_stdout(&nothing)?;
    match launch::launch(&job, &channel) {
        Ok(launched) => {
            drop(channel);
            Watch::new(job, control, signals, launched)?.run();
        }
        Err(words) => {
            control.send(&Report::Refused(words).to_message());
            // Maxwell, which waits for this, removes the groups: nothing is in them.
        }
    }
    Ok(())
}
