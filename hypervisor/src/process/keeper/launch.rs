//! Starting the command of a cell.

use std::convert::Infallible;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::{mem, ptr};

use maxwell_api::channel::{CHANNEL_FD, CHANNEL_FD_VARIABLE};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{
    Pid, Signal, getpid, getppid, set_parent_process_death_signal, setpgid, setpriority_process,
};
use rustix::stdio::{dup2_stderr, dup2_stdout};
use rustix::thread::sched_setaffinity;

use super::job::Job;
use crate::process::pin::cpu_set;

/// A command that runs, and what it writes.
#[derive(Debug)]
pub(super) struct Launched {
    /// Its process, the leader of a process group of its own.
    pub(super) first: Pid,
    /// Its standard output.
    pub(super) stdout: File,
    /// Its standard error.
    pub(super) stderr: File,
}

/// One thing that is done in the new process before the command is executed there. Whatever confines or limits a cell is
/// one of these.
#[derive(Debug)]
enum Preparation {
    /// Into a group.
    Join(PathBuf),
    /// A process group of its own.
    OwnProcessGroup,
    /// On these CPUs only.
    OnCpus(Vec<u32>),
    /// With this niceness.
    Nice(i32),
    /// It ends when its keeper does, this process.
    EndWith(Pid),
    /// Signals as they are in a process that nobody has prepared for anything.
    UsualSignals,
    /// Standard output, standard error and the channel; everything else closes when the command is executed.
    Descriptors(OwnedFd, OwnedFd, OwnedFd),
}

/// Starts the command; returns when it has been executed, or the words that say why it was not.
pub(super) fn launch(job: &Job, channel: &OwnedFd) -> Result<Launched, String> {
    let failed = |error: io::Error| format!("the keeper has not what it takes to start a process: {error}");
    let pipe = || pipe_with(PipeFlags::CLOEXEC).map_err(|error| failed(error.into()));
    let ((stdout, out), (stderr, err), (why_not, excuse)) = (pipe()?, pipe()?, pipe()?);
    let preparations = preparations(job, [out, err, channel.try_clone().map_err(failed)?]);
    // SAFETY: the keeper has one thread, so the new process is a whole copy of it, in which everything works.
    let first = match unsafe { libc::fork() } {
        -1 => return Err(failed(io::Error::last_os_error())),
        0 => {
            drop(why_not);
            let Err(words) = become_command(job, &preparations);
            // The keeper reads it. Nobody is there to be told that it does not.
            let _ = File::from(excuse).write_all(words.as_bytes());
            // SAFETY: this ends the process at once, and nothing of it is used after.
            unsafe { libc::_exit(1) }
        }
        pid => Pid::from_raw(pid).expect("a new process has a number"),
    };
    // The program's ends are the program's alone, so that they are seen to close with it.
    drop((preparations, excuse));
    let mut words = String::new();
    // It closes when the command is executed.
    File::from(why_not).read_to_string(&mut words).map_err(failed)?;
    if words.is_empty() {
        return Ok(Launched { first, stdout: stdout.into(), stderr: stderr.into() });
    }
    Err(words)
}

fn preparations(job: &Job, [stdout, stderr, channel]: [OwnedFd; 3]) -> Vec<Preparation> {
    let mut list: Vec<_> = job.groups.iter().cloned().map(Preparation::Join).collect();
    list.push(Preparation::OwnProcessGroup);
    if !job.cpus.is_empty() {
        list.push(Preparation::OnCpus(job.cpus.clone()));
    }
    if job.nice != 0 {
        list.push(Preparation::Nice(job.nice));
    }
    list.push(Preparation::EndWith(getpid()));
    list.push(Preparation::UsualSignals);
    list.push(Preparation::Descriptors(stdout, stderr, channel));
    list
}

/// In the new process: does what is to be done and executes the command. Returns only with the words that say why not.
fn become_command(job: &Job, preparations: &[Preparation]) -> Result<Infallible, String> {
    for preparation in preparations {
        preparation.apply()?;
    }
    let mut command = Command::new(&job.program);
    command.args(&job.args).env(CHANNEL_FD_VARIABLE, CHANNEL_FD.to_string());
    Err(refusal(&job.program, &command.exec()))
}

impl Preparation {
    fn apply(&self) -> Result<(), String> {
        match self {
            Self::Join(group) => {
                let file = group.join("cgroup.procs");
                let joined = fs::OpenOptions::new().write(true).open(&file);
                joined
                    .and_then(|mut file| file.write_all(b"0"))
                    .map_err(|error| format!("its group {} does not take it: {error}", group.display()))
            }
            Self::OwnProcessGroup => {
                setpgid(None, None).map_err(|error| format!("no process group: {error}"))
            }
            Self::OnCpus(cpus) => sched_setaffinity(None, &cpu_set(cpus.iter().copied()))
                .map_err(|error| format!("it cannot be put on CPUs {cpus:?}: {error}")),
            Self::Nice(nice) => {
                // A session of its own is a group of its own to a kernel that groups by session, and then the
                // niceness of the group is what counts. Without such groups there is no file.
                let _ = fs::write("/proc/self/autogroup", nice.to_string());
                setpriority_process(None, *nice).map_err(|error| {
                    format!("niceness {nice} is not allowed: {error}; only root may go below zero")
                })
            }
            Self::EndWith(keeper) => {
                let told = set_parent_process_death_signal(Some(Signal::KILL));
                match getppid() {
                    Some(parent) if parent == *keeper && told.is_ok() => Ok(()),
                    _ => Err("its keeper is gone".to_owned()),
                }
            }
            Self::UsualSignals => usual_signals().map_err(|error| format!("signals: {error}")),
            Self::Descriptors(stdout, stderr, channel) => {
                descriptors(stdout, stderr, channel).map_err(|error| format!("descriptors: {error}"))
            }
        }
    }
}

/// No signal is blocked; the keeper blocks them all. How they are handled is what the keeper inherited, but for SIGPIPE,
/// which [`Command`] puts back.
fn usual_signals() -> io::Result<()> {
    // SAFETY: an empty set is made in a place for one before it is read; nothing else is passed.
    let done = unsafe {
        let mut none = mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut())
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn descriptors(stdout: &OwnedFd, stderr: &OwnedFd, channel: &OwnedFd) -> io::Result<()> {
    dup2_stdout(stdout)?;
    dup2_stderr(stderr)?;
    // SAFETY: plain numbers are passed. The number of the channel was taken by the keeper at its start for this; the
    // other is open, being owned.
    if unsafe { libc::dup2(channel.as_raw_fd(), CHANNEL_FD) } == -1 {
        return Err(io::Error::last_os_error());
    }
    // Whatever the keeper itself has inherited. An old kernel cannot; what we open ourselves closes anyway.
    // SAFETY: plain numbers are passed, and nothing is closed before the command is executed.
    unsafe { libc::close_range(4, u32::MAX, libc::CLOSE_RANGE_CLOEXEC as i32) };
    Ok(())
}

/// Why a command could not be executed, and what to do.
fn refusal(program: &std::ffi::OsStr, error: &io::Error) -> String {
    let remedy = match error.raw_os_error() {
        Some(libc::ENOENT) if fs::exists(program).unwrap_or(false) => {
            "the interpreter that its first line names, or its loader, is not there; install it"
        }
        Some(libc::ENOENT) => "there is no such program; give its path, or a name that is found in PATH",
        Some(libc::EACCES) if fs::metadata(program).is_ok_and(|data| data.is_dir()) => {
            "it is a directory; give the path of a program"
        }
        Some(libc::EACCES) => "it is not executable for this user; see its mode, and those of its folders",
        Some(libc::E2BIG) => "its arguments and environment are too long",
        _ => return error.to_string(),
    };
    format!("{error}: {remedy}")
}

/// Takes the number that the channel has in the program, so that nothing else gets it by chance.
pub(super) fn take_channel_number(channel: &OwnedFd) -> io::Result<OwnedFd> {
    // SAFETY: plain numbers are passed. What the keeper may have inherited under that number nobody here knows of.
    if unsafe { libc::dup2(channel.as_raw_fd(), CHANNEL_FD) } == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was opened just now, and this is its only owner.
    let taken = unsafe { OwnedFd::from_raw_fd(CHANNEL_FD) };
    fcntl_setfd(&taken, FdFlags::CLOEXEC)?;
    Ok(taken)
}
