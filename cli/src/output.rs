//! What a command says: as JSON, or as lines of a label and a text.

use std::io::{self, Write};

use anyhow::{Context, Result};
use serde::Serialize;

/// Writes a report, as JSON or as `plain` writes it.
pub(crate) fn write<T: Serialize>(
    json: bool,
    report: &T,
    plain: impl FnOnce(&mut dyn Write, &T) -> io::Result<()>,
) -> Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = if json { write_json(&mut out, report) } else { plain(&mut out, report) };
    written.and_then(|()| out.flush()).context("the output cannot be written")
}

fn write_json<T: Serialize>(out: &mut impl Write, report: &T) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    writeln!(out)
}

/// Writes a label and what it labels.
pub(crate) fn line(out: &mut dyn Write, label: &str, text: impl std::fmt::Display) -> io::Result<()> {
    writeln!(out, "{label:<10} {text}")
}
