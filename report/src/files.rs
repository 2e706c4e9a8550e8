//! Files of the report: each is written beside its place and renamed into it, so that nobody ever sees half of one.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::Serialize;

use crate::ReportError;

/// Writes a file whole or not at all. What stood there before stays until the new one is complete on the disk.
pub(crate) fn put(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), ReportError> {
    let beside = {
        let mut name = OsString::from(path);
        name.push(".part");
        name
    };
    let written = (|| {
        let mut writer = BufWriter::new(File::create(&beside)?);
        fill(&mut writer)?;
        writer.flush()?;
        // Some file systems report a full disk only now.
        writer.get_ref().sync_all()?;
        fs::rename(&beside, path)
    })();
    written.map_err(|source| {
        // The first error is the one to report; the rest would only take room.
        let _ = fs::remove_file(&beside);
        ReportError::Write { path: path.to_path_buf(), source }
    })
}

/// Writes a text.
pub(crate) fn put_text(path: &Path, text: &str) -> Result<(), ReportError> {
    put(path, |writer| writer.write_all(text.as_bytes()))
}

/// Writes a value as JSON that people can read too.
pub(crate) fn put_json(path: &Path, value: &impl Serialize) -> Result<(), ReportError> {
    put(path, |writer| {
        serde_json::to_writer_pretty(&mut *writer, value)?;
        writer.write_all(b"\n")
    })
}

/// Makes a folder unless it is there.
pub(crate) fn folder(path: &Path) -> Result<(), ReportError> {
    fs::create_dir_all(path).map_err(|source| ReportError::Write { path: path.to_path_buf(), source })
}
