//! Tables of a page, before they are HTML or Markdown.

use maxwell_api::summary::{Ratio, Statistic};

use crate::format::{NONE, parts};

/// Rows that fit on a sheet of paper together with a heading.
const ROWS_ON_PAPER_MAX: usize = 20;

/// A table. Every column of numbers has its unit in its title, or the table has a column of units.
pub(super) struct Table {
    pub(super) caption: String,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Cell>>,
}

/// The head of a column.
pub(super) struct Column {
    pub(super) title: String,
    /// Whether it stands to the right, as numbers do.
    pub(super) numbers: bool,
}

/// A cell.
pub(super) struct Cell {
    pub(super) value: String,
    /// The interval of the value, or what else belongs below it. It may be a text that is not ours: backticks in it
    /// are shown as they are.
    pub(super) below: Option<String>,
}

impl Table {
    /// Whether it may be longer than a sheet of paper, so that it has to be broken there.
    pub(super) fn is_long(&self) -> bool {
        self.rows.len() > ROWS_ON_PAPER_MAX
    }
}

impl Column {
    pub(super) fn text(title: impl Into<String>) -> Self {
        Self { title: title.into(), numbers: false }
    }

    pub(super) fn numbers(title: impl Into<String>) -> Self {
        Self { title: title.into(), numbers: true }
    }
}

impl Cell {
    pub(super) fn text(value: impl Into<String>) -> Self {
        Self { value: value.into(), below: None }
    }

    pub(super) fn empty() -> Self {
        Self::text(NONE)
    }

    /// A mean with its interval, multiplied by `factor` for its unit.
    pub(super) fn statistic(found: Option<Statistic>, factor: f64) -> Self {
        let Some(found) = found else { return Self::empty() };
        let scaled = |end: Option<f64>| end.map(|end| end * factor);
        Self::of(parts(found.mean * factor, scaled(found.low), scaled(found.high)))
    }

    /// A ratio with its interval.
    pub(super) fn ratio(found: Option<Ratio>) -> Self {
        found.map_or_else(Self::empty, |found| Self::of(parts(found.ratio, found.low, found.high)))
    }

    pub(super) fn of((value, below): (String, Option<String>)) -> Self {
        Self { value, below }
    }
}
