//! What can go wrong between records and report.

use std::io;
use std::path::PathBuf;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A record cannot be read.
    #[error("cannot read {path}: {source}; give the folder that `maxwell experiment --out` wrote", path = path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A record is not what it should be.
    #[error(
        "{path} is not the record of an experiment: {source}; it was changed or torn: run the experiment again",
        path = path.display()
    )]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        source: serde_json::Error,
    },
    /// The records have another format.
    #[error(
        "{path} has format {found} and this Maxwell reads format {known}; use the Maxwell that recorded it",
        path = path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The format that is known here.
        known: u32,
    },
    /// A file of the report cannot be written. What stood there before is whole.
    #[error(
        "cannot write {path}: {source}; make room or give a folder that can be written: the records are kept, and the \
         report can be made again from them",
        path = path.display()
    )]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A plot or a page cannot be drawn: an error in Maxwell, and no fault of the records.
    #[error("cannot draw {what}: {why}; please report this with the records")]
    Draw {
        /// Which file.
        what: String,
        /// What the library says.
        why: String,
    },
}
