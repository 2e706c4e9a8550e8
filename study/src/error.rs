//! What can go wrong with the study.

use std::io;
use std::path::PathBuf;

use maxwell_report::ReportError;

/// Why a study is not written.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// The folder holds something else.
    #[error("{path} is not empty; name a new folder with --out, or empty this one", path = path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// A file or the folder cannot be made.
    #[error(
        "cannot write {path}: {source}; make room, or name a folder that can be written with --out: the same seed gives \
         the same study",
        path = path.display()
    )]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A plot cannot be drawn: an error in Maxwell.
    #[error(transparent)]
    Draw(#[from] ReportError),
}
