//! Tables of numbers in CSV: a header of known names, then rows of numbers. Strict, so that a damaged recording is found
//! out instead of fitted.

/// Why a text is no table of numbers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The first line is another.
    #[error("line 1: expected the header {expected:?}, found {found:?}")]
    Header {
        /// The header that should stand there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A line has too few or too many columns.
    #[error("line {line}: expected {expected} columns, found {found}")]
    Columns {
        /// Line, from 1.
        line: usize,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Something else than a number of its range.
    #[error("line {line}, column {column}: expected {expected}, found {found:?}")]
    Number {
        /// Line, from 1.
        line: usize,
        /// Name of the column.
        column: &'static str,
        /// What should stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// The text is longer than [`TEXT_MAX`], or has more rows than [`ROWS_MAX`].
    #[error("it has more than {most} {what}; cut it to the run")]
    TooLong {
        /// What there is too much of.
        what: &'static str,
        /// How many are taken.
        most: usize,
    },
    /// There are fewer than two rows.
    #[error("it has fewer than two rows below its header; record for longer")]
    Empty,
}

/// Most bytes of a table: 64 for each of its rows.
pub const TEXT_MAX: usize = 64 * ROWS_MAX;

/// Most rows of a table: eleven days of a row a second, or a day of ten.
pub const ROWS_MAX: usize = 1_000_000;

/// A column: its name, whether it may be empty, and the numbers that it may hold, with how an error says so.
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) optional: bool,
    pub(super) range: (f64, f64),
    pub(super) expected: &'static str,
}

/// Seconds of a run or of Unix time, rising from row to row; the first column of every table.
pub(super) const TIME: Column = Column {
    name: "t_s",
    optional: false,
    range: (0.0, 1e10),
    expected: "seconds from 0 to 1e10, later than the row before",
};

/// Watts that were measured.
pub(super) const POWER: Column =
    Column { name: "power_w", optional: false, range: (0.0, 1e6), expected: "watts from 0 to 1e6" };

/// Beyond this a time is Unix time, in seconds, and not time since a run began: September 2001, or 31 years.
pub(super) const UNIX_FROM_S: f64 = 1e9;

/// The rows of a table whose first column is [`TIME`]. A blank line at the end is no row.
pub(super) fn rows<const N: usize>(
    text: &str,
    columns: &[Column; N],
) -> Result<Vec<[Option<f64>; N]>, TableError> {
    if text.len() > TEXT_MAX {
        return Err(TableError::TooLong { what: "bytes", most: TEXT_MAX });
    }
    let expected = columns.each_ref().map(|column| column.name).join(",");
    let mut lines = text.lines().map(|line| line.trim_end_matches('\r'));
    let found = lines.next().unwrap_or_default();
    if found.trim_start_matches('\u{feff}') != expected {
        return Err(TableError::Header { expected, found: shortened(found) });
    }
    let mut rows: Vec<[Option<f64>; N]> = Vec::new();
    for (index, text) in lines.enumerate().filter(|(_, text)| !text.trim().is_empty()) {
        if rows.len() == ROWS_MAX {
            return Err(TableError::TooLong { what: "rows", most: ROWS_MAX });
        }
        let line = index + 2;
        let row = row(line, text, columns)?;
        if rows.last().is_some_and(|before| row[0] <= before[0]) {
            let found = text.split(',').next().unwrap_or_default();
            return Err(number(line, &columns[0], found));
        }
        rows.push(row);
    }
    if rows.len() < 2 { Err(TableError::Empty) } else { Ok(rows) }
}

fn row<const N: usize>(
    line: usize,
    text: &str,
    columns: &[Column; N],
) -> Result<[Option<f64>; N], TableError> {
    let words: Vec<&str> = text.split(',').map(str::trim).collect();
    if words.len() != N {
        return Err(TableError::Columns { line, expected: N, found: words.len() });
    }
    let mut row = [None; N];
    for ((place, column), word) in row.iter_mut().zip(columns).zip(words) {
        let (least, most) = column.range;
        *place = match word.parse::<f64>() {
            Ok(value) if (least..=most).contains(&value) => Some(value),
            _ if column.optional && word.is_empty() => None,
            _ => return Err(number(line, column, word)),
        };
    }
    Ok(row)
}

fn number(line: usize, column: &Column, found: &str) -> TableError {
    TableError::Number { line, column: column.name, expected: column.expected, found: shortened(found) }
}

/// Enough of a text to recognise it in a message.
fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}
