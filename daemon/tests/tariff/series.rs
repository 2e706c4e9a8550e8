//! Files of prices: what is read, and how what is wrong is named.

use std::path::Path;
use std::time::Duration;

use maxwell_core::units::{Moment, Nanoseconds, Ppm};
use maxwell_daemon::tariff::FileFormat::{Csv, Json};
use maxwell_daemon::tariff::{
    FileFormat, PriceSeries, Reference, Source, Tariff, TariffError, TariffSpec, open,
};

use crate::told;

/// Parses for a node whose clock began at second 1,000.
fn parse(format: FileFormat, text: &str) -> Result<(PriceSeries, Option<String>), TariffError> {
    let reference = Reference::new(10.0).unwrap();
    PriceSeries::parse(Path::new("p"), text, format, reference, Duration::from_secs(1_000))
}

fn error(format: FileFormat, text: &str) -> String {
    told(&parse(format, text).map(|_| ()).expect_err(text))
}

fn seconds(seconds: u64) -> Moment {
    Moment(seconds * 1_000_000_000)
}

#[test]
fn a_price_holds_from_its_time_until_the_next() {
    let (mut series, warning) =
        parse(Csv, "time,price\n990,10\n1010.5,20\n1970-01-01T01:17:00+01:00,5\n").unwrap();
    assert_eq!(warning, None);
    let mut at = |now: Moment| {
        let now = series.latest(now);
        (now.ratio.0, now.age.unwrap().0 / 1_000_000, now.source)
    };
    assert_eq!(at(seconds(0)), (1_000_000, 10_000, Source::Series));
    assert_eq!(at(Moment(10_499_999_999)), (1_000_000, 20_499, Source::Series));
    assert_eq!(at(Moment(10_500_000_000)), (2_000_000, 0, Source::Series));
    assert_eq!(at(seconds(20)), (500_000, 0, Source::LastOfSeries));
    assert_eq!(at(seconds(1_000_000)), (500_000, 999_980_000, Source::LastOfSeries));
}

#[test]
fn both_formats_say_the_same() {
    let csv = "\u{feff}time, price\r\n1000, 1e1\r\n1970-01-01T00:16:50Z, 30\r\n";
    let json =
        r#"[{"time": 1000, "price": 10, "area": "x"}, {"price": 30.0, "time": "1970-01-01T00:16:50Z"}]"#;
    for (format, text) in [(Csv, csv), (Json, json)] {
        let (mut series, _) = parse(format, text).unwrap();
        let ratios = [0, 9, 10].map(|second| series.latest(seconds(second)).ratio);
        assert_eq!(ratios, [Ppm::ONE, Ppm::ONE, Ppm(3_000_000)]);
    }
}

#[test]
fn prices_at_and_below_zero_count_as_the_least_and_are_told_once() {
    let (mut series, warning) = parse(Csv, "time,price\n0,-50\n1,0\n2,0.1\n").unwrap();
    assert_eq!(warning.unwrap(), "p: 2 of 3 prices are below 0.01 of the reference and count as that");
    assert_eq!(series.latest(seconds(0)).ratio, Ppm(10_000));
}

#[test]
fn a_mistake_in_csv_is_named_with_line_and_column() {
    for (text, says) in [
        ("", "line 1, column time: expected the header time,price"),
        ("1,2\n3,4\n", "line 1, column time: expected the header time,price, found \"1,2\""),
        ("price,time\n", "expected the header time,price, found \"price,time\""),
        ("time,price\n0,1\nnoon,1\n", "line 3, column time: expected Unix seconds, or a time as in RFC 3339"),
        ("time,price\n1700000000000,1\n", "line 2, column time: expected Unix seconds"),
        ("time,price\n-1,1\n", "line 2, column time"),
        ("time,price\n0,cheap\n", "line 2, column price: expected a number, found \"cheap\""),
        ("time,price\n0,NaN\n", "line 2, column price: expected a number, found \"NaN\""),
        (
            "time,price\n0,10001\n",
            "line 2, column price: expected a price of at most 1000 times the reference of 10",
        ),
        (
            "time,price\n5,1\n5,2\n",
            "line 3, column time: expected a time after that of the entry before, found \"5\"",
        ),
        ("time,price\n5,1\n\n4,2\n", "line 4, column time: expected a time after"),
        ("time,price\n0,1,2\n", "line 2, column price: expected a number, found \"1,2\""),
        ("time,price\n0\n", "line 2, column price: expected a number, found \"\""),
    ] {
        let error = error(Csv, text);
        assert!(error.starts_with('p') && error.contains(says), "{text:?}: {error}");
    }
}

#[test]
fn a_mistake_in_json_is_named_with_line_and_column() {
    for (text, says) in [
        ("", "EOF while parsing a value at line 1"),
        ("{}", "expected an array of {\"time\": ..., \"price\": ...} at line 1 column"),
        (
            "[{\"time\": 0, \"price\": 1},\n{\"time\": 0, \"price\": 1}]",
            "time: expected a time after that of the entry before at line 2 column",
        ),
        ("[\n\n{\"time\": true, \"price\": 1}]", "time must be Unix seconds or a text as in RFC 3339"),
        ("[\n\n{\"time\": true, \"price\": 1}]", "at line 3 column"),
        ("[{\"time\": \"noon\", \"price\": 1}]", "time: expected Unix seconds, or a time as in RFC 3339"),
        ("[{\"time\": 0}]", "missing field `price` at line 1 column"),
        ("[{\"time\": 0, \"price\": 1e9}]", "price: expected a price of at most 1000 times"),
        ("[{\"time\": 0, \"price\": 1}] x", "trailing characters at line 1 column"),
        ("[{\"time\": 0, \"price\": 1}", "EOF while parsing a list"),
    ] {
        let error = error(Json, text);
        assert!(error.starts_with("the prices in p ") && error.contains(says), "{text:?}: {error}");
    }
}

#[test]
fn a_file_without_a_price_for_the_present_is_refused() {
    assert_eq!(error(Csv, "time,price\n"), "p: no prices: give at least one");
    assert_eq!(error(Json, "[]"), "p: no prices: give at least one");
    let early = error(Csv, "time,price\n1060.5,1\n");
    assert_eq!(early, "p: the first price is for 61 s from now: give one that holds already");
}

#[test]
fn a_file_with_more_than_is_read_is_refused() {
    use maxwell_core::limits::TARIFF_ENTRIES_MAX;
    use std::fmt::Write as _;
    let (mut csv, mut json) = (String::from("time,price\n"), String::from("[{\"time\":0,\"price\":1}"));
    (0..TARIFF_ENTRIES_MAX).for_each(|n| writeln!(csv, "{n},1").unwrap());
    (1..TARIFF_ENTRIES_MAX).for_each(|n| write!(json, ",{{\"time\":{n},\"price\":1}}").unwrap());
    assert!(parse(Csv, &csv).is_ok() && parse(Json, &format!("{json}]")).is_ok());
    writeln!(csv, "{TARIFF_ENTRIES_MAX},1").unwrap();
    write!(json, ",{{\"time\":{TARIFF_ENTRIES_MAX},\"price\":1}}]").unwrap();
    for (format, text) in [(Csv, csv), (Json, json)] {
        let error = error(format, &text);
        assert!(error.contains("more than 600000 prices: leave out what is past"), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.csv");
    // A hole: it takes no room on the disk.
    std::fs::File::create(&path).unwrap().set_len(100 << 20).unwrap();
    let error = open_file(&path);
    assert!(error.contains("more than 60000000 bytes"), "{error}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("absent.csv");
    let names = |path: &Path| {
        let (said, named) = (open_file(path), format!("cannot read the prices in {}: ", path.display()));
        assert!(said.starts_with(&named), "{said}");
    };
    names(&absent);
    let binary = folder.path().join("binary.json");
    std::fs::write(&binary, [0xff, 0xfe, 0x00]).unwrap();
    names(&binary);
}

fn open_file(path: &Path) -> String {
    let spec: TariffSpec = path.to_str().unwrap().parse().unwrap();
    let reference = Reference::new(1.0).unwrap();
    let opened = open(&spec, Some(reference), "/price", std::time::Instant::now());
    told(&opened.map(|_| ()).expect_err("a file that is refused"))
}

#[test]
fn ages_do_not_wrap_for_a_clock_that_runs_for_a_century() {
    let (mut series, _) = parse(Csv, "time,price\n0,10\n").unwrap();
    let century = seconds(100 * 365 * 86_400);
    assert_eq!(series.latest(century).age, Some(Nanoseconds(century.0 + 1_000_000_000_000)));
}
