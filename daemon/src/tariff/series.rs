//! Prices from a file, read whole at the start.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chrono::DateTime;
use maxwell_api::tariff::{COLUMNS, PriceEntry, Time};
use maxwell_core::limits::{TARIFF_ENTRIES_MAX, TARIFF_FILE_BYTES_MAX, TARIFF_MIN};
use maxwell_core::units::{Moment, Nanoseconds, Ppm};
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use super::{FileFormat, Reference, Source, Tariff, TariffError, TariffNow};

/// Seconds since 1970 that are taken for a time: up to the year 2255, which 64-bit nanoseconds still hold. Milliseconds
/// lie far beyond.
const SECONDS_MAX: f64 = 9e9;
const A_TIME: &str = "Unix seconds, or a time as in RFC 3339 such as 2026-01-31T17:00:00Z";
/// Spreadsheets begin files with it.
const BYTE_ORDER_MARK: char = '\u{feff}';
const A_LATER_TIME: &str = "a time after that of the entry before";

/// Prices that are known in advance. Each holds until the next one; the last one holds for good.
#[derive(Clone, Debug)]
pub struct PriceSeries {
    /// At least one, the first not after the clock's beginning, times rising.
    steps: Vec<Step>,
    /// Unix time of the beginning of the node's clock, in nanoseconds.
    origin: u64,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    /// Unix time in nanoseconds.
    from: u64,
    ratio: Ppm,
}

impl PriceSeries {
    /// Reads a file for a node whose clock began at `epoch`. The second part is a warning, if prices had to be raised.
    ///
    /// # Errors
    /// When the file cannot be read whole, or holds no price for the present.
    pub fn read(
        path: &Path,
        format: FileFormat,
        reference: Reference,
        epoch: Instant,
    ) -> Result<(Self, Option<String>), TariffError> {
        let text = text_of(path)?;
        // Both clocks are read here, once. A wall clock before 1970 stands at it: every price is then in the future.
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::parse(path, &text, format, reference, wall.saturating_sub(epoch.elapsed()))
    }

    /// The prices of `text` for a node whose clock began at `origin`, a Unix time. `path` is what errors name.
    ///
    /// # Errors
    /// See [`PriceSeries::read`].
    pub fn parse(
        path: &Path,
        text: &str,
        format: FileFormat,
        reference: Reference,
        origin: Duration,
    ) -> Result<(Self, Option<String>), TariffError> {
        let mut builder = Builder { reference, steps: Vec::new(), raised: 0 };
        match format {
            FileFormat::Csv => builder.read_csv(path, text)?,
            FileFormat::Json => builder.read_json(path, text)?,
        }
        let Builder { steps, raised, .. } = builder;
        let origin = origin.as_nanos() as u64;
        let first = steps.first().ok_or_else(|| TariffError::Empty { path: path.to_owned() })?;
        if first.from > origin {
            let seconds = (first.from - origin).div_ceil(1_000_000_000);
            return Err(TariffError::NotBegun { path: path.to_owned(), seconds });
        }
        let warning = (raised > 0).then(|| {
            let (all, least) = (steps.len(), TARIFF_MIN.as_ratio());
            format!(
                "{}: {raised} of {all} prices are below {least} of the reference and count as that",
                path.display()
            )
        });
        Ok((Self { steps, origin }, warning))
    }
}

impl Tariff for PriceSeries {
    fn latest(&mut self, now: Moment) -> TariffNow {
        let unix = self.origin + now.0;
        let after = self.steps.partition_point(|step| step.from <= unix);
        let step = self.steps[after - 1];
        let is_last = after == self.steps.len();
        TariffNow {
            ratio: step.ratio,
            age: Some(Nanoseconds(unix - step.from)),
            source: if is_last { Source::LastOfSeries } else { Source::Series },
        }
    }
}

fn text_of(path: &Path) -> Result<String, TariffError> {
    let unreadable = |source| TariffError::Unreadable { path: path.to_owned(), source };
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(TARIFF_FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > TARIFF_FILE_BYTES_MAX {
        return Err(TariffError::TooLarge {
            path: path.to_owned(),
            limit: TARIFF_FILE_BYTES_MAX,
            unit: "bytes",
        });
    }
    Ok(text)
}

/// Takes entries in their order.
struct Builder {
    reference: Reference,
    steps: Vec<Step>,
    raised: usize,
}

/// What is wrong with an entry: in which column, and what should stand there.
struct Wrong {
    column: &'static str,
    expected: String,
}

impl Builder {
    fn push(&mut self, from: Option<u64>, price: f64) -> Result<(), Wrong> {
        let [time, price_column] = COLUMNS;
        let wrong = |column, expected: &dyn fmt::Display| Wrong { column, expected: expected.to_string() };
        let from = from.ok_or_else(|| wrong(time, &A_TIME))?;
        if self.steps.last().is_some_and(|before| from <= before.from) {
            return Err(wrong(time, &A_LATER_TIME));
        }
        let ratio = self.reference.ratio(price).map_err(|error| wrong(price_column, &error))?;
        self.raised += usize::from(ratio.raised);
        self.steps.push(Step { from, ratio: ratio.ppm });
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.steps.len() == TARIFF_ENTRIES_MAX
    }

    fn read_csv(&mut self, path: &Path, text: &str) -> Result<(), TariffError> {
        let mut lines = text.trim_start_matches(BYTE_ORDER_MARK).lines().zip(1..);
        let cell = |line, Wrong { column, expected }, found: &str| {
            let found = found.to_owned();
            TariffError::Cell { path: path.to_owned(), line, column, expected, found }
        };
        let [time, price] = COLUMNS;
        let header = lines.next().map_or("", |(header, _)| header);
        if fields(header) != (time, price) {
            let expected = format!("the header {time},{price}");
            return Err(cell(1, Wrong { column: time, expected }, header));
        }
        for (line, number) in lines.filter(|(line, _)| !line.trim().is_empty()) {
            if self.is_full() {
                let (limit, unit) = (TARIFF_ENTRIES_MAX as u64, "prices");
                return Err(TariffError::TooLarge { path: path.to_owned(), limit, unit });
            }
            let (at, cost) = fields(line);
            let found = |wrong: Wrong| {
                let found = if wrong.column == time { at } else { cost };
                cell(number, wrong, found)
            };
            let parsed = cost.parse().ok().filter(|cost: &f64| cost.is_finite());
            let parsed = parsed.ok_or_else(|| found(Wrong { column: price, expected: "a number".into() }))?;
            self.push(nanoseconds_of_text(at), parsed).map_err(found)?;
        }
        Ok(())
    }

    fn read_json(&mut self, path: &Path, text: &str) -> Result<(), TariffError> {
        let mut json = serde_json::Deserializer::from_str(text);
        let read = json.deserialize_seq(self).and_then(|()| json.end());
        read.map_err(|source| TariffError::Json { path: path.to_owned(), source })
    }
}

/// An array is read entry by entry, so that the parser knows line and column of one that makes no sense.
impl<'de> Visitor<'de> for &mut Builder {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"an array of {{"time": ..., "price": ...}}"#)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(PriceEntry { time, price }) = entries.next_element()? {
            if self.is_full() {
                return Err(A::Error::custom(format!(
                    "more than {TARIFF_ENTRIES_MAX} prices: leave out what is past"
                )));
            }
            let from = match time {
                Time::Unix(seconds) => nanoseconds(seconds),
                Time::Rfc3339(text) => nanoseconds_of_text(&text),
            };
            self.push(from, price).map_err(|Wrong { column, expected }| {
                A::Error::custom(format!("{column}: expected {expected}"))
            })?;
        }
        Ok(())
    }
}

/// The two fields of a line; what follows a second comma belongs to the second, which is then no number.
fn fields(line: &str) -> (&str, &str) {
    let (time, price) = line.split_once(',').unwrap_or((line, ""));
    (time.trim(), price.trim())
}

/// Unix time in nanoseconds, of seconds or of a time as in RFC 3339.
fn nanoseconds_of_text(text: &str) -> Option<u64> {
    if let Ok(seconds) = text.parse() {
        return nanoseconds(seconds);
    }
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    let since_1970 = u64::try_from(time.timestamp_nanos_opt()?).ok()?;
    (since_1970 as f64 <= SECONDS_MAX * 1e9).then_some(since_1970)
}

fn nanoseconds(seconds: f64) -> Option<u64> {
    (0.0..=SECONDS_MAX).contains(&seconds).then_some((seconds * 1e9) as u64)
}
