//! The rows of all runs together, as CSV and as Parquet with the same columns.

use std::io;
use std::path::Path;

use serde::Serialize;

use crate::files::put;
use crate::{Records, ReportError};
use parquet::Columns;

mod columns;
mod parquet;

/// Writes `node`, `agents` and, if there are any, `ticks`, each as `.csv` and `.parquet`.
pub(crate) fn write(dir: &Path, records: &Records) -> Result<(), ReportError> {
    let nodes: Vec<_> = records.runs.iter().flat_map(|run| &run.nodes).collect();
    let agents: Vec<_> = records.runs.iter().flat_map(|run| &run.agents).collect();
    let ticks: Vec<_> = records.runs.iter().flat_map(|run| &run.ticks).collect();
    write_both(dir, "node", &nodes)?;
    write_both(dir, "agents", &agents)?;
    if !ticks.is_empty() {
        write_both(dir, "ticks", &ticks)?;
    }
    Ok(())
}

fn write_both<R: Columns + Serialize>(dir: &Path, name: &str, rows: &[&R]) -> Result<(), ReportError> {
    put(&dir.join(format!("{name}.csv")), |writer| {
        let mut csv = csv::WriterBuilder::new().has_headers(false).from_writer(writer);
        csv.write_record(R::columns().iter().map(|column| column.name))?;
        for row in rows {
            csv.serialize(row)?;
        }
        csv.flush()
    })?;
    put(&dir.join(format!("{name}.parquet")), |writer| parquet::write(writer, rows).map_err(io::Error::other))
}
