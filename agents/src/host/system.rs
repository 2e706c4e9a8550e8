//! What native agents ask of their system: signals, an inherited socket, and to take memory back.
//!
//! The only unsafe code of native agents is here.
#![allow(unsafe_code)]

use crate::abi::PAGE;
use crate::channel::CHANNEL_FD_VARIABLE;
use signal_hook::consts::{SIGINT, SIGTERM};
use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the program has been told to end by a signal. Looking costs no system call.
#[derive(Clone, Debug, Default)]
pub struct Told(Arc<AtomicBool>);

impl Told {
    /// Set by SIGTERM and by SIGINT, which do nothing else any more.
    ///
    /// # Errors
    /// The system does not let signals be handled.
    pub fn by_signals() -> io::Result<Self> {
        let told = Self::default();
        for signal in [SIGTERM, SIGINT] {
            signal_hook::flag::register(signal, told.0.clone())?;
        }
        Ok(told)
    }

    /// Whether it has been told.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Whether it has been told since last asked.
    pub fn take(&self) -> bool {
        self.is_set() && self.0.swap(false, Ordering::AcqRel)
    }

    /// Tells it.
    pub fn set(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// The channel that the environment names, `None` if it names none.
///
/// # Errors
/// What is named is not an open socket; the error says so in words.
pub fn inherited_channel() -> io::Result<Option<UnixStream>> {
    let Some(named) = env::var_os(CHANNEL_FD_VARIABLE) else { return Ok(None) };
    let channel = number(&named).and_then(socket);
    channel.map(Some).ok_or_else(|| {
        let named = named.to_string_lossy();
        let words = format!(
            "{CHANNEL_FD_VARIABLE} is `{named}`, which is not the number of a connected socket; leave it unset to run \
             without a node"
        );
        io::Error::new(io::ErrorKind::InvalidInput, words)
    })
}

fn number(named: &OsStr) -> Option<RawFd> {
    named.to_str()?.parse().ok().filter(|number| *number >= 0)
}

/// A descriptor of our own for the socket behind `number`.
fn socket(number: RawFd) -> Option<UnixStream> {
    // SAFETY: the number is not -1. It is borrowed for the one system call that duplicates it, which fails if nothing
    // is open there; nobody's descriptor is taken over.
    let inherited = unsafe { BorrowedFd::borrow_raw(number) };
    let channel = UnixStream::from(inherited.try_clone_to_owned().ok()?);
    // What is no socket, or no connected one, has no peer.
    channel.peer_addr().ok()?;
    Some(channel)
}

/// Gives the whole pages inside `memory` back to the system; they read as zero afterwards.
///
/// # Errors
/// The system does not take them, as when they are locked.
pub fn discard_pages(memory: &mut [u8]) -> io::Result<()> {
    let page = PAGE as usize;
    let first = memory.as_ptr().align_offset(page).min(memory.len());
    let pages = (memory.len() - first) / page;
    let pages = &mut memory[first..first + pages * page];
    if rustix::param::page_size() != page {
        // The system's pages are larger, and reach beyond what may be given back.
        pages.fill(0);
        return Ok(());
    }
    // SAFETY: these are whole pages of memory that is borrowed mutably here, so nobody else looks at them. An agent's
    // memory is private and anonymous, so their bytes become zeroes, which are valid bytes; the mapping stays.
    unsafe {
        rustix::mm::madvise(pages.as_mut_ptr().cast(), pages.len(), rustix::mm::Advice::LinuxDontNeed)
    }?;
    Ok(())
}
