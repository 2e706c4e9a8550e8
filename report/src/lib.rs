//! The report of an experiment, made from its records.
//!
//! Records go in, pages come out: nothing here runs anything, and the same records give the same report. The way
//! through: [`Records::read`] takes what the runs wrote down, [`summarize`] makes figures of it, [`write()`] puts both
//! beside the runs as tables, plots and pages.
#![forbid(unsafe_code)]

use std::path::Path;

use maxwell_api::experiment::{AgentRow, Experiment, NodeRow, Run, TickRow};
use maxwell_api::summary::Summary;

pub use error::ReportError;
pub use summarize::summarize;

mod read;

mod summarize;

mod statistics;

mod tables;

pub mod plots;

mod page;

mod format;

mod files;

mod error;

/// Everything that was written down of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Records {
    /// What was planned, and where it ran.
    pub experiment: Experiment,
    /// The runs that are there, in the order in which they ran.
    pub runs: Vec<RunRecords>,
}

/// Everything that was written down of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRecords {
    /// What it was and how it ended.
    pub run: Run,
    /// The node, second by second.
    pub nodes: Vec<NodeRow>,
    /// The agents, second by second.
    pub agents: Vec<AgentRow>,
    /// The ticks; empty unless they were asked for.
    pub ticks: Vec<TickRow>,
}

/// Writes the report into an experiment's folder: `node`, `agents` and `ticks` of all runs as `.csv` and `.parquet`,
/// `summary.json`, `plots/*.svg`, `report.md` and `report.html`. Each file is written beside its place and renamed, so
/// that an older report stays whole until the new one is.
///
/// # Errors
/// If a file cannot be written, say because the disk is full; the error names it.
pub fn write(dir: &Path, records: &Records) -> Result<Summary, ReportError> {
    let summary = summarize(records);
    tables::write(dir, records)?;
    files::put_json(&dir.join("summary.json"), &summary)?;
    let plots = plots::all(records, &summary)?;
    files::folder(&dir.join("plots"))?;
    for plot in &plots {
        files::put_text(&dir.join("plots").join(format!("{}.svg", plot.name)), &plot.svg)?;
    }
    let page = page::Page::new(records, &summary, &plots);
    files::put_text(&dir.join("report.md"), &page.markdown()?)?;
    files::put_text(&dir.join("report.html"), &page.html()?)?;
    Ok(summary)
}
