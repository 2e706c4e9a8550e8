//! What can be wrong with a store, and what to do about it.

use std::any::Any;
use std::io;
use std::path::{Path, PathBuf};

/// Why the store did not do what it was asked to. None of these makes a new file in place of an old one.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such file.
    #[error("there is no ledger at {}: create one, or name the file where it is", file.display())]
    Missing {
        /// The file that was named.
        file: PathBuf,
    },
    /// A ledger is to be created in a folder that does not exist.
    #[error("there is no folder for {}: make it, or name another file", file.display())]
    NoFolder {
        /// The file that was named.
        file: PathBuf,
    },
    /// A ledger is to be created where something is already.
    #[error("{} exists already and is left as it is: open it, or name another file", file.display())]
    Exists {
        /// The file that was named.
        file: PathBuf,
    },
    /// Another process has the file.
    #[error("{} is in use by another process: stop that one first, or wait for it to end", file.display())]
    Busy {
        /// The file that was named.
        file: PathBuf,
    },
    /// The disk cannot be written, or the store was opened only to read.
    #[error(
        "{} cannot be written, because {why}: mount it writable and open it for writing, or only read it",
        file.display()
    )]
    ReadOnly {
        /// The file that was named.
        file: PathBuf,
        /// What makes it so.
        why: &'static str,
    },
    /// The system does not let this user at the file.
    #[error("no permission for {}: run as the user that owns it, and see its mode and its folder's", file.display())]
    NoPermission {
        /// The file that was named.
        file: PathBuf,
    },
    /// No room: of the disk, of a quota, or of what a file may be.
    #[error(
        "no room for {}: {source}: make room on that disk, then open the ledger again; what was acknowledged is in it",
        file.display()
    )]
    Full {
        /// The file that was named.
        file: PathBuf,
        /// Which limit it was.
        source: io::Error,
    },
    /// The file was written by a later version.
    #[error(
        "{} has format {found}, and this version knows format {known} alone: use a later version of Maxwell",
        file.display()
    )]
    Newer {
        /// The file that was named.
        file: PathBuf,
        /// The format in it.
        found: u64,
        /// The format that this version writes.
        known: u64,
    },
    /// The file was written by an earlier version, whose hashes this one does not make.
    #[error(
        "{} has format {found}, and this version knows format {known} alone: read it with the Maxwell that wrote it, and begin a new ledger",
        file.display()
    )]
    Older {
        /// The file that was named.
        file: PathBuf,
        /// The format in it.
        found: u64,
        /// The format that this version writes.
        known: u64,
    },
    /// The file is something else.
    #[error("{} is no ledger, but {what}: it is left as it is; name the right file", file.display())]
    NotALedger {
        /// The file that was named.
        file: PathBuf,
        /// What it looks like.
        what: &'static str,
    },
    /// The file is not what was written.
    #[error(
        "{} is damaged: {what}: keep the file, check the disk, and put back a copy or what was exported",
        file.display()
    )]
    Damaged {
        /// The file that was named.
        file: PathBuf,
        /// What was found.
        what: String,
    },
    /// The system failed in some other way.
    #[error("{} failed: {source}: check the disk and the system's log, then open the ledger again", file.display())]
    Io {
        /// The file that was named.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// An earlier commit failed.
    #[error(
        "nothing more is written to {} since a commit failed ({why}): open the ledger again when that is mended",
        file.display()
    )]
    Stopped {
        /// The file that was named.
        file: PathBuf,
        /// What went wrong then.
        why: String,
    },
    /// A batch that does not continue what is stored: a mistake of its maker.
    #[error("the batch does not continue the ledger, and nothing of it was written: {what}")]
    OutOfOrder {
        /// Where it departs.
        what: String,
    },
}

impl StoreError {
    /// What the system's error means for a ledger in `file`.
    pub(super) fn of_system(file: &Path, source: io::Error) -> Self {
        let file = file.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => Self::Missing { file },
            io::ErrorKind::AlreadyExists => Self::Exists { file },
            io::ErrorKind::PermissionDenied => Self::NoPermission { file },
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { file, why: "its file system is read-only" },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::Full { file, source }
            }
            io::ErrorKind::IsADirectory => Self::NotALedger { file, what: "a folder" },
            io::ErrorKind::UnexpectedEof => Self::damaged(&file, "it ends too early"),
            _ => Self::Io { file, source },
        }
    }

    /// What the engine's error means for a ledger in `file`.
    pub(super) fn of_engine(file: &Path, error: redb::Error) -> Self {
        match error {
            redb::Error::Io(source) => Self::of_system(file, source),
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => {
                Self::Busy { file: file.to_owned() }
            }
            redb::Error::PreviousIo | redb::Error::DatabaseClosed => {
                Self::Stopped { file: file.to_owned(), why: error.to_string() }
            }
            // Whatever else the engine complains of, this module never asks for: the file must have led it there.
            other => Self::damaged(file, other.to_string()),
        }
    }

    /// What a panic of the engine means: it has met a file that it would never have written.
    pub(super) fn of_panic(file: &Path, panic: &(dyn Any + Send)) -> Self {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a word");
        Self::damaged(file, format!("the engine gave up ({said})"))
    }

    pub(super) fn damaged(file: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { file: file.to_owned(), what: what.into() }
    }
}
