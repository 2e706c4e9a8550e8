//! A CSV file that never ends in the middle of a row.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::RecordError;

/// A file and the rows that wait for it.
#[derive(Debug)]
pub(super) struct Table {
    path: PathBuf,
    rows: csv::Writer<WholeRows>,
}

impl Table {
    /// Makes the file, which must not be there yet.
    pub(super) fn create(path: &Path) -> Result<Self, RecordError> {
        let file = OpenOptions::new().write(true).create_new(true).open(path);
        let file = file.map_err(|source| RecordError { path: path.to_owned(), source })?;
        let rows = WholeRows { file, waiting: Vec::new(), written: 0 };
        Ok(Self { path: path.to_owned(), rows: csv::Writer::from_writer(rows) })
    }

    /// Adds a row. The first one brings the header along.
    pub(super) fn add(&mut self, row: &impl Serialize) {
        self.rows.serialize(row).expect("rows are flat and wait in memory");
    }

    /// Writes what waits. After an error the file is cut back to the rows that were whole.
    pub(super) fn flush(&mut self) -> Result<(), RecordError> {
        self.rows.flush().map_err(|source| RecordError { path: self.path.clone(), source })
    }
}

/// Gathers what is written until it is flushed, which is only after a row.
#[derive(Debug)]
struct WholeRows {
    file: File,
    waiting: Vec<u8>,
    written: u64,
}

impl Write for WholeRows {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let rows = std::mem::take(&mut self.waiting);
        if let Err(error) = self.file.write_all(&rows) {
            // A file that cannot even be cut ends in a part of a row; there is nothing left to try.
            let _ = self.file.set_len(self.written);
            return Err(error);
        }
        self.written += rows.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Row {
        name: &'static str,
        value: Option<f64>,
    }

    #[test]
    fn rows_have_one_header_and_empty_fields() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        let mut table = Table::create(&path).unwrap();
        table.add(&Row { name: "a", value: Some(0.25) });
        table.flush().unwrap();
        table.add(&Row { name: "b", value: None });
        table.flush().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "name,value\na,0.25\nb,\n");
        let error = Table::create(&path).unwrap_err().to_string();
        assert!(error.contains("rows.csv"), "{error}");
    }

    #[test]
    fn a_full_disk_is_named() {
        // The kernel's own full disk.
        let file = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let rows = WholeRows { file, waiting: Vec::new(), written: 0 };
        let mut table = Table { path: "node.csv".into(), rows: csv::Writer::from_writer(rows) };
        table.add(&Row { name: "a", value: None });
        let error = table.flush().unwrap_err().to_string();
        assert!(error.contains("node.csv") && error.contains("space"), "{error}");
    }
}
