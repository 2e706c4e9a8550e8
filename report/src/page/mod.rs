//! The report as a page, in HTML and in Markdown. What is in it is the same; the templates say how it looks.

use askama::Template;
use chrono::DateTime;
use maxwell_api::summary::{Check, Summary, Verdict};

use crate::plots::Plot;
use crate::{Records, ReportError};
use table::Table;

pub(crate) mod escape;

mod table;

mod setup;

mod results;

mod fates;

mod provenance;

/// Everything that stands on the page.
pub(crate) struct Page<'a> {
    summary: &'a Summary,
    began: String,
    checks: Vec<CheckLine<'a>>,
    plots: &'a [Plot],
    setup: Table,
    arms: Table,
    agents: Table,
    results: Table,
    others: Option<Table>,
    expected: Table,
    sweep: Option<Table>,
    fates: Table,
    provenance: Table,
    looked_at: Vec<&'a str>,
    modelled: bool,
    replayed: bool,
}

struct CheckLine<'a> {
    word: &'static str,
    class: &'static str,
    check: &'a Check,
}

#[derive(Template)]
#[template(path = "report.html")]
struct Html<'a> {
    page: &'a Page<'a>,
}

#[derive(Template)]
#[template(path = "report.md.j2", escape = "md")]
struct Markdown<'a> {
    page: &'a Page<'a>,
}

impl<'a> Page<'a> {
    /// Puts the page together.
    pub(crate) fn new(records: &'a Records, summary: &'a Summary, plots: &'a [Plot]) -> Self {
        let machine = &records.experiment.machine;
        Self {
            summary,
            began: moment(records.experiment.began_unix_s),
            checks: summary.checks.iter().map(check_line).collect(),
            plots,
            setup: setup::setup(records),
            arms: setup::arms(summary),
            agents: setup::agents(&records.experiment.plan),
            results: results::published(summary),
            others: results::others(summary),
            expected: results::expected(summary),
            sweep: results::sweep(summary),
            fates: fates::fates(summary),
            provenance: provenance::provenance(records, summary),
            looked_at: machine.capabilities.iter().chain(&machine.sensors).map(String::as_str).collect(),
            modelled: summary.provenance.contains("modelled"),
            replayed: summary.provenance.contains(provenance::REPLAYED),
        }
    }

    /// The page as one HTML file that needs nothing else.
    pub(crate) fn html(&self) -> Result<String, ReportError> {
        drawn("report.html", Html { page: self }.render())
    }

    /// The page as Markdown, which refers to the plots' files.
    pub(crate) fn markdown(&self) -> Result<String, ReportError> {
        drawn("report.md", Markdown { page: self }.render())
    }
}

/// A check with the word and the class of its verdict.
fn check_line(check: &Check) -> CheckLine<'_> {
    let (word, class) = match check.verdict {
        Verdict::Holds => ("holds", "holds"),
        Verdict::Fails => ("does not hold", "fails"),
        Verdict::Unknown => ("unknown", "unknown"),
    };
    CheckLine { word, class, check }
}

fn drawn(what: &str, page: Result<String, askama::Error>) -> Result<String, ReportError> {
    page.map_err(|why| ReportError::Draw { what: what.into(), why: why.to_string() })
}

fn moment(unix_s: u64) -> String {
    DateTime::from_timestamp(unix_s as i64, 0).map_or_else(
        || format!("{unix_s} s after 1970"),
        |moment| moment.format("%-d %B %Y, %H:%M UTC").to_string(),
    )
}
