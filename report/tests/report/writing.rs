//! The files of a report: what is in the tables, and what happens when there is no room.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;

use maxwell_api::summary::Summary;
use maxwell_report::{Records, write};
use parquet::basic::Repetition;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

use crate::made_up::{Ends, add, published, run, tick_row};

const ENDS: Ends =
    Ends { primes: 5000, package_j: 250.0, scientist_cpu_s: 5.0, miner_cpu_s: 5.0, miner_died_at_s: None };

fn records() -> Records {
    let mut records = published(&["linux", "maxwell"]);
    let mut market = run("maxwell", 1, Ends { primes: 9500, miner_died_at_s: Some(2.4), ..ENDS });
    market.ticks = (1..=300).map(|tick| tick_row("maxwell", tick)).collect();
    add(&mut records, [run("linux", 1, ENDS), market]);
    records
}

/// Every file below a folder with what is in it.
fn contents(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(contents(&path).into_iter().map(|(file, text)| (format!("{name}/{file}"), text)));
        } else {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn a_report_has_all_its_files_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let summary = write(dir.path(), &records()).unwrap();
    let contents = contents(dir.path());
    let names: Vec<&str> = contents.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "agents.csv",
            "agents.parquet",
            "node.csv",
            "node.parquet",
            "plots/balances.svg",
            "plots/price.svg",
            "plots/primes-per-joule-over-time.svg",
            "plots/primes-per-joule.svg",
            "plots/primes.svg",
            "plots/temperature.svg",
            "report.html",
            "report.md",
            "summary.json",
            "ticks.csv",
            "ticks.parquet",
        ]
    );
    let read: Summary = serde_json::from_slice(&contents["summary.json"]).unwrap();
    assert_eq!(format!("{read:.9?}"), format!("{summary:.9?}"));
}

#[test]
fn the_same_records_give_the_same_files() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(one.path(), &records()).unwrap();
    fs::write(other.path().join("report.html.part"), "left behind by one that was killed").unwrap();
    write(other.path(), &records()).unwrap();
    assert_eq!(contents(one.path()), contents(other.path()));
}

#[test]
fn parquet_says_what_csv_says() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &records()).unwrap();
    for table in ["node", "agents", "ticks"] {
        let mut csv = csv::Reader::from_path(dir.path().join(format!("{table}.csv"))).unwrap();
        let names: Vec<String> = csv.headers().unwrap().iter().map(str::to_owned).collect();
        let lines: Vec<Vec<String>> =
            csv.records().map(|line| line.unwrap().iter().map(str::to_owned).collect()).collect();
        let parquet =
            SerializedFileReader::new(File::open(dir.path().join(format!("{table}.parquet"))).unwrap())
                .unwrap();
        let mut rows = 0;
        for (row, line) in parquet.get_row_iter(None).unwrap().zip(&lines) {
            let row = row.unwrap();
            let columns: Vec<(&String, &Field)> = row.get_column_iter().collect();
            assert_eq!(columns.iter().map(|(name, _)| (*name).clone()).collect::<Vec<_>>(), names);
            for ((name, field), cell) in columns.iter().zip(line) {
                assert!(same(field, cell), "{table}.{name}: {field:?} is not {cell}");
            }
            rows += 1;
        }
        assert_eq!(rows, lines.len(), "{table}");
        assert!(rows > 0, "{table}");
    }
}

fn same(field: &Field, cell: &str) -> bool {
    match field {
        Field::Null => cell.is_empty(),
        Field::UInt(value) => cell.parse() == Ok(*value),
        Field::ULong(value) => cell.parse() == Ok(*value),
        Field::Long(value) => cell.parse() == Ok(*value),
        Field::Double(value) => cell.parse() == Ok(*value),
        Field::Str(value) => cell == value,
        _ => false,
    }
}

#[test]
fn parquet_knows_what_may_be_empty() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &records()).unwrap();
    let file = File::open(dir.path().join("node.parquet")).unwrap();
    let parquet = SerializedFileReader::new(file).unwrap();
    let schema = parquet.metadata().file_metadata().schema_descr();
    let optional: Vec<&str> = schema
        .columns()
        .iter()
        .filter(|column| column.self_type().get_basic_info().repetition() == Repetition::OPTIONAL)
        .map(|column| column.name())
        .collect();
    assert_eq!(optional, ["supply_slots", "reserve_uj", "clearing_uj", "ticks", "ticks_missed"]);
}

#[test]
fn no_runs_give_empty_tables_with_their_heads() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &published(&["linux", "maxwell"])).unwrap();
    let text = fs::read_to_string(dir.path().join("node.csv")).unwrap();
    assert!(text.starts_with("run,arm,repetition,t_s,") && text.lines().count() == 1, "{text}");
    let parquet = SerializedFileReader::new(File::open(dir.path().join("agents.parquet")).unwrap()).unwrap();
    assert_eq!(parquet.metadata().file_metadata().num_rows(), 0);
}

#[test]
fn where_nothing_can_be_written_the_error_names_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let error = write(&dir.path().join("missing"), &records()).unwrap_err().to_string();
    assert!(error.contains("missing/node.csv") && error.contains("records are kept"), "{error}");
    fs::write(dir.path().join("plots"), "a file where a folder should be").unwrap();
    let error = write(dir.path(), &records()).unwrap_err().to_string();
    assert!(error.contains("/plots:"), "{error}");
}

/// A small file system that goes away with its guard.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Result<Self, String> {
        let dir = tempfile::tempdir().unwrap();
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "none"]).arg(dir.path()).output();
        match mount {
            Ok(done) if done.status.success() => Ok(Self(dir)),
            Ok(done) => Err(String::from_utf8_lossy(&done.stderr).trim().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn on_a_full_disk_the_older_report_stays_whole() {
    let disk = match SmallDisk::mount() {
        Ok(disk) => disk,
        Err(why) => {
            println!("skipped, because a small file system cannot be mounted: {why}");
            return;
        }
    };
    let dir = disk.0.path();
    write(dir, &records()).unwrap();
    let before = contents(dir);
    let mut filler = File::create(dir.join("filler")).unwrap();
    while filler.write_all(&[0; 4096]).is_ok() {}
    drop(filler);
    let mut more = records();
    let runs = more.runs.clone();
    add(&mut more, runs);
    let error = write(dir, &more).unwrap_err().to_string();
    assert!(error.contains("node.csv") && error.contains("No space left"), "{error}");
    fs::remove_file(dir.join("filler")).unwrap();
    assert_eq!(contents(dir), before);
}
