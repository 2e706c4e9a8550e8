//! Memory that a cell holds, and whether it wanted more than it may.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use maxwell_core::units::Bytes;
use rustix::param::page_size;
use rustix::process::Pid;

use super::cgroup::MemoryPlace;

/// The kernel adds it up anew at every look, and rent is not worth more than this.
const PERIOD: Duration = Duration::from_secs(1);

/// What is read at a time: `memory.stat` has about 2 KiB, and what is wanted stands in its first three quarters.
const TEXT_MAX: usize = 4 << 10;

/// Memory of a cell, looked at once a second at most. A look neither allocates nor opens a file.
#[derive(Debug)]
pub(super) struct Memory {
    source: Option<Source>,
    looked: Option<Instant>,
    held: Bytes,
}

#[derive(Debug)]
enum Source {
    Group(Group),
    /// What is resident of the first process alone, for want of a group: `/proc/PID/statm`.
    First(File),
}

/// The files of a group, with the words that its numbers stand behind.
#[derive(Debug)]
struct Group {
    used: File,
    stat: File,
    files: &'static str,
    shared: &'static str,
    /// How many processes were ended for want of memory, and how often the group came to its bound.
    ended: [(File, &'static str); 2],
}

impl Memory {
    /// Of a cell with its group, if it has one, and its first process. Nothing is counted of one that is gone.
    pub(super) fn of(group: Option<&MemoryPlace>, first: Pid) -> Self {
        let of_group = group.map(|group| Group::open(group).map(Source::Group));
        let of_first = || File::open(format!("/proc/{}/statm", first.as_raw_pid())).map(Source::First);
        let source = of_group.and_then(Result::ok).map_or_else(of_first, Ok);
        Self { source: source.ok(), looked: None, held: Bytes(0) }
    }

    /// Whether the next look is one at the kernel's files.
    pub(super) fn looks_anew(&self) -> bool {
        self.looked.is_none_or(|looked| looked.elapsed() >= PERIOD)
    }

    /// What it holds.
    pub(super) fn read(&mut self) -> Bytes {
        if self.looks_anew() {
            self.looked = Some(Instant::now());
            // What cannot be read is not nothing: it stays what it was.
            self.held = self.source.as_ref().and_then(Source::held).unwrap_or(self.held);
        }
        self.held
    }

    /// Whether the kernel has ended a process of the cell because it wanted more than the cell may have. Where the machine alone has
    /// run out of memory, the cell has not come to its bound.
    pub(super) fn was_exceeded(&self) -> bool {
        match &self.source {
            Some(Source::Group(group)) => {
                group.ended.iter().all(|(file, word)| number(file, word).is_some_and(|count| count > 0))
            }
            Some(Source::First(_)) | None => false,
        }
    }
}

impl Source {
    fn held(&self) -> Option<Bytes> {
        match self {
            Self::Group(group) => group.held(),
            Self::First(file) => {
                let mut text = [0; 96];
                let read = file.read_at(&mut text, 0).ok()?;
                let pages = std::str::from_utf8(&text[..read]).ok()?.split(' ').nth(1)?;
                Some(Bytes(pages.parse::<u64>().ok()? * page_size() as u64))
            }
        }
    }
}

impl Group {
    fn open(place: &MemoryPlace) -> io::Result<Self> {
        let (stat, [files, shared]) = place.files();
        let [kills, refusals] = place.ended().map(|(file, word)| File::open(file).map(|file| (file, word)));
        let (used, stat) = (File::open(place.used())?, File::open(stat)?);
        Ok(Self { used, stat, files, shared, ended: [kills?, refusals?] })
    }

    /// What nobody else can have: all but the contents of files, which the kernel keeps for whoever reads them next and
    /// gives up when it needs the room. The kernel counts in steps of some hundred KiB.
    fn held(&self) -> Option<Bytes> {
        let files =
            number(&self.stat, self.files)?.saturating_sub(number(&self.stat, self.shared).unwrap_or(0));
        Some(Bytes(number(&self.used, "")?.saturating_sub(files)))
    }
}

/// The number behind a word that begins a line.
fn number(file: &File, word: &str) -> Option<u64> {
    let mut text = [0; TEXT_MAX];
    let read = file.read_at(&mut text, 0).ok()?;
    let text = String::from_utf8_lossy(&text[..read]);
    text.lines().find_map(|line| line.strip_prefix(word)?.parse().ok())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::process::cgroup::Version;

    #[test]
    fn a_number_stands_behind_its_word() {
        let file = |text: &[u8]| {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(text).unwrap();
            file
        };
        let stat = file(b"shmem_huge 7\nshmem 1\ntotal_shmem 8192\n");
        assert_eq!(number(&stat, "total_shmem "), Some(8_192));
        assert_eq!(number(&stat, "shmem "), Some(1));
        assert_eq!(number(&stat, "file "), None);
        assert_eq!(number(&file(b"4096\n"), ""), Some(4_096));
        assert_eq!(number(&file(b""), ""), None);
    }

    #[test]
    fn the_files_of_both_versions_say_what_is_held_and_whether_the_bound_was_reached() {
        let v1 = [
            ("memory.usage_in_bytes", "50000\n"),
            ("memory.stat", "cache 1\ntotal_cache 30000\ntotal_shmem 10000\n"),
            ("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n"),
            ("memory.failcnt", "0\n"),
        ];
        let v2 = [
            ("memory.current", "50000\n"),
            ("memory.stat", "anon 20000\nfile 30000\nshmem 10000\n"),
            ("memory.events", "low 0\nhigh 0\nmax 3\noom 0\noom_kill 1\noom_group_kill 0\n"),
        ];
        let reached = [("memory.failcnt", "7\n"), ("memory.events", "max 3\noom 1\noom_kill 1\n")];
        for (version, files, reached) in
            [(Version::V1, &v1[..], reached[0]), (Version::V2, &v2[..], reached[1])]
        {
            let group = tempfile::tempdir().unwrap();
            let write = |(name, text): &(&str, &str)| std::fs::write(group.path().join(name), text).unwrap();
            files.iter().for_each(write);
            let place = MemoryPlace::new(group.path().to_owned(), version);
            let mut memory = Memory::of(Some(&place), rustix::process::getpid());
            assert_eq!(memory.read(), Bytes(30_000));
            assert!(!memory.was_exceeded(), "the machine ran out of memory, and not the cell");
            write(&reached);
            assert!(memory.was_exceeded());
        }
    }

    #[test]
    fn without_a_group_the_first_process_is_looked_at_and_one_that_is_gone_holds_nothing() {
        let mut own = Memory::of(None, rustix::process::getpid());
        assert!(own.read() > Bytes(0));
        assert!(!own.was_exceeded());
        let mut nobody = Memory::of(None, Pid::from_raw(i32::MAX).unwrap());
        assert_eq!(nobody.read(), Bytes(0));
    }
}
