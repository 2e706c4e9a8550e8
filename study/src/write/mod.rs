//! The study as files: every game and every figure as CSV, the tables as a page, the plots.

mod page;
mod plots;

use std::fs;
use std::io;
use std::path::Path;

use maxwell_api::market::{Quantiles, StudyReport};
use serde::{Deserialize, Serialize};

use crate::Study;
use crate::error::StudyError;

pub use page::{headline, page, tables};

/// A figure of the study, a line of `figures.csv`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// `rest`, `worst`, `motion` or `gains`.
    pub part: String,
    /// What it is about: the words of a row of the table, joined by `/`.
    pub case: String,
    /// Which figure.
    pub figure: String,
    /// What it is; empty where it is endless or there is none.
    pub value: Option<f64>,
}

/// Makes the folder if it is not there.
///
/// # Errors
/// If it is not empty, or cannot be made.
pub fn make_room(dir: &Path) -> Result<(), StudyError> {
    let failed = |source| StudyError::Write { path: dir.to_path_buf(), source };
    fs::create_dir_all(dir).map_err(failed)?;
    let mut entries = fs::read_dir(dir).map_err(failed)?;
    if entries.next().is_some() { Err(StudyError::NotEmpty { path: dir.to_path_buf() }) } else { Ok(()) }
}

impl Study {
    /// Writes `README.md` (tables and plots), `games.csv` (every game at rest), `figures.csv` (every figure) and the plots into a
    /// folder that is there. `command` is what repeats the study.
    ///
    /// # Errors
    /// If a file cannot be written; the error names it.
    pub fn write(&self, dir: &Path, command: &str) -> Result<(), StudyError> {
        put_csv(&dir.join("games.csv"), &self.games)?;
        put_csv(&dir.join("figures.csv"), &lines(&self.report))?;
        let plots = plots::all(self)?;
        for plot in &plots {
            put(&dir.join(format!("{}.svg", plot.name)), plot.svg.as_bytes())?;
        }
        put(&dir.join("README.md"), page(&self.report, command, &plots).as_bytes())
    }
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), StudyError> {
    fs::write(path, bytes).map_err(|source| StudyError::Write { path: path.to_path_buf(), source })
}

fn put_csv<T: Serialize>(path: &Path, rows: &[T]) -> Result<(), StudyError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let written = rows.iter().try_for_each(|row| writer.serialize(row)).map_err(io::Error::other);
    let bytes =
        written.and_then(|()| writer.into_inner().map_err(|error| io::Error::other(error.to_string())));
    put(path, &bytes.map_err(|source| StudyError::Write { path: path.to_path_buf(), source })?)
}

/// Every figure of the report, one a line.
pub fn lines(report: &StudyReport) -> Vec<Line> {
    let mut lines = Vec::new();
    for row in &report.rest {
        let reserve = if row.reserve { "reserve" } else { "no-reserve" };
        let mut sheet =
            Sheet::new("rest", [&row.values, &row.slots, reserve, &row.search].join("/"), &mut lines);
        sheet.count("games", row.games);
        sheet.count("without", row.without);
        sheet.count("equilibria", row.equilibria);
        sheet.put("temptation_uj", row.temptation_uj as f64);
        sheet.quantiles("ratio", &row.ratio);
        sheet.quantiles("worst", &row.worst);
        sheet.quantiles("with_lost_trade", &row.with_lost_trade);
        sheet.put("reached_share", row.reached_share);
        sheet.quantiles("reached", &row.reached);
        sheet.quantiles("overbidding", &row.overbidding);
    }
    for row in &report.worst {
        let mut sheet = Sheet::new("worst", format!("{} bidders", row.bidders), &mut lines);
        sheet.put("ratio", row.ratio);
        sheet.put("median_ratio", row.median_ratio);
        sheet.put("temptation_uj", row.temptation_uj as f64);
    }
    for row in &report.motion {
        let tau = row.tau_s.map_or("still".to_owned(), |tau| format!("{tau} s"));
        let delay = row.delay_ticks.map_or("all".to_owned(), |ticks| format!("{ticks} ticks"));
        let mut sheet = Sheet::new("motion", [tau, row.manner.clone(), delay].join("/"), &mut lines);
        sheet.count("runs", row.runs);
        sheet.count("ticks", row.ticks);
        sheet.quantiles("tick", &row.tick);
        sheet.quantiles("second", &row.second);
        sheet.quantiles("run", &row.run);
        sheet.quantiles("run_with_lost_trade", &row.run_with_lost_trade);
        sheet.put("multiplier_mean", row.multiplier_mean);
        sheet.put("multiplier_max", row.multiplier_max);
    }
    for row in &report.gains {
        let case = [row.trick.as_str(), &row.mechanism, &row.slots].join("/");
        let mut sheet = Sheet::new("gains", case, &mut lines);
        sheet.count("games", row.games);
        sheet.put("share", row.share);
        sheet.put("mean_percent", row.mean_percent);
        sheet.put("mean_where_it_pays_percent", row.mean_where_it_pays_percent);
        sheet.quantiles("gain_percent", &row.gain_percent);
    }
    lines
}

/// The lines of one case.
struct Sheet<'a> {
    part: &'static str,
    case: String,
    lines: &'a mut Vec<Line>,
}

impl<'a> Sheet<'a> {
    fn new(part: &'static str, case: String, lines: &'a mut Vec<Line>) -> Self {
        Self { part, case, lines }
    }

    fn line(&mut self, figure: String, value: Option<f64>) {
        self.lines.push(Line { part: self.part.to_owned(), case: self.case.clone(), figure, value });
    }

    fn put(&mut self, figure: &str, value: f64) {
        self.line(figure.to_owned(), Some(value));
    }

    fn count(&mut self, figure: &str, value: usize) {
        self.put(figure, value as f64);
    }

    fn quantiles(&mut self, of: &str, found: &Quantiles) {
        let Quantiles { count, median, p95, p99, max } = *found;
        for (name, value) in
            [("count", Some(count as f64)), ("median", median), ("p95", p95), ("p99", p99), ("max", max)]
        {
            self.line(format!("{of}_{name}"), value);
        }
    }
}
