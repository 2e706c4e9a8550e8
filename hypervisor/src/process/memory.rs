//! Memory that a program holds.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use maxwell_core::units::Bytes;
use rustix::param::page_size;
use rustix::process::Pid;

/// The kernel adds it up anew at every look, and rent is not worth more than this.
const PERIOD: Duration = Duration::from_secs(1);

/// Resident memory of a cell's first process, looked at once a second at most.
#[derive(Debug)]
pub(super) struct Memory {
    /// `/proc/PID/statm`, held open.
    file: Option<File>,
    looked: Option<Instant>,
    held: Bytes,
}

impl Memory {
    /// Of a process; nothing if it is gone.
    pub(super) fn of(pid: Pid) -> Self {
        let file = File::open(format!("/proc/{}/statm", pid.as_raw_pid())).ok();
        Self { file, looked: None, held: Bytes(0) }
    }

    /// What it holds.
    pub(super) fn read(&mut self) -> Bytes {
        let now = Instant::now();
        if self.looked.is_none_or(|looked| now.duration_since(looked) >= PERIOD) {
            self.looked = Some(now);
            self.held = self.look().unwrap_or(Bytes(0));
        }
        self.held
    }

    fn look(&self) -> Option<Bytes> {
        let mut text = [0; 96];
        let read = self.file.as_ref()?.read_at(&mut text, 0).ok()?;
        let pages = std::str::from_utf8(&text[..read]).ok()?.split(' ').nth(1)?;
        Some(Bytes(pages.parse::<u64>().ok()? * page_size() as u64))
    }
}
