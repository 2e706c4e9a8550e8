//! Records as runs leave them, whole and torn.

use std::fs;
use std::path::{Path, PathBuf};

use maxwell_api::experiment::Outcome;
use maxwell_report::{Records, RunRecords, summarize};
use serde::Serialize;

use crate::made_up::{Ends, add, published, run, tick_row};

const ENDS: Ends =
    Ends { primes: 5000, package_j: 250.0, scientist_cpu_s: 5.0, miner_cpu_s: 5.0, miner_died_at_s: None };

fn lay_out(dir: &Path, records: &Records) -> Vec<PathBuf> {
    fs::write(dir.join("experiment.json"), serde_json::to_vec(&records.experiment).unwrap()).unwrap();
    records.runs.iter().map(|records| lay_out_run(dir, records)).collect()
}

fn lay_out_run(dir: &Path, records: &RunRecords) -> PathBuf {
    let run = &records.run;
    let folder = dir.join(format!("runs/{:02}-{}-{}", run.run, run.arm, run.repetition));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("run.json"), serde_json::to_vec(run).unwrap()).unwrap();
    rows(&folder.join("node.csv"), &records.nodes);
    rows(&folder.join("agents.csv"), &records.agents);
    if !records.ticks.is_empty() {
        rows(&folder.join("ticks.csv"), &records.ticks);
    }
    folder
}

fn rows<T: Serialize>(path: &Path, rows: &[T]) {
    let mut writer = csv::Writer::from_path(path).unwrap();
    for row in rows {
        writer.serialize(row).unwrap();
    }
    writer.flush().unwrap();
}

/// An experiment with a run of `cpu.weight` and one of `no-bounty`, and the folder of the second.
fn laid_out() -> (tempfile::TempDir, Records, PathBuf) {
    let mut records = published(&["cpu.weight", "no-bounty"]);
    let mut second = run("no-bounty", 2, ENDS);
    second.ticks = vec![tick_row("no-bounty", 1), tick_row("no-bounty", 2)];
    add(&mut records, [run("cpu.weight", 1, ENDS), second]);
    let dir = tempfile::tempdir().unwrap();
    let folder = lay_out(dir.path(), &records).pop().unwrap();
    (dir, records, folder)
}

fn failure(records: &RunRecords) -> &str {
    match &records.run.outcome {
        Outcome::Failed(why) => why,
        outcome => panic!("{outcome:?} is not a failure"),
    }
}

#[test]
fn what_was_written_is_read() {
    let (dir, records, _) = laid_out();
    assert_eq!(Records::read(dir.path()).unwrap(), records);
}

#[test]
fn a_run_without_run_json_is_known_by_its_folder() {
    let (dir, records, folder) = laid_out();
    fs::remove_file(folder.join("run.json")).unwrap();
    let read = Records::read(dir.path()).unwrap();
    let torn = &read.runs[1];
    assert_eq!((torn.run.run, torn.run.arm.as_str(), torn.run.repetition), (2, "no-bounty", 2));
    assert_eq!(torn.nodes, records.runs[1].nodes);
    assert!(failure(torn).starts_with("run.json is missing"), "{}", failure(torn));
    assert_eq!(read.runs[0].run.outcome, Outcome::Complete);
    assert_eq!(summarize(&read).arms[1].runs_complete, 0);
}

#[test]
fn half_a_line_at_the_end_is_left_out() {
    let (dir, records, folder) = laid_out();
    let path = folder.join("node.csv");
    let text = fs::read(&path).unwrap();
    // The last number has lost a digit and the line its end: it could still be read.
    fs::write(&path, &text[..text.len() - 2]).unwrap();
    let read = Records::read(dir.path()).unwrap();
    assert_eq!(read.runs[1].nodes, records.runs[1].nodes[..9]);
    assert_eq!(failure(&read.runs[1]), "node.csv ends in the middle of a line");
}

#[test]
fn a_line_that_is_no_record_ends_the_reading() {
    let (dir, records, folder) = laid_out();
    let path = folder.join("agents.csv");
    let text = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[4] = "nothing,of,the,kind";
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    let read = Records::read(dir.path()).unwrap();
    assert_eq!(read.runs[1].agents, records.runs[1].agents[..3]);
    assert!(failure(&read.runs[1]).contains("agents.csv is read up to a line"), "{}", failure(&read.runs[1]));
}

#[test]
fn what_a_run_says_itself_is_kept_whatever_is_missing() {
    let (dir, mut records, folder) = laid_out();
    records.runs[1].run.outcome = Outcome::Failed("the node stopped".into());
    fs::write(folder.join("run.json"), serde_json::to_vec(&records.runs[1].run).unwrap()).unwrap();
    fs::remove_file(folder.join("agents.csv")).unwrap();
    let read = Records::read(dir.path()).unwrap();
    assert_eq!(failure(&read.runs[1]), "the node stopped");
    records.runs[1].run.outcome = Outcome::Interrupted;
    fs::write(folder.join("run.json"), serde_json::to_vec(&records.runs[1].run).unwrap()).unwrap();
    assert_eq!(Records::read(dir.path()).unwrap().runs[1].run.outcome, Outcome::Interrupted);
}

#[test]
fn an_empty_folder_and_torn_json_are_failed_runs() {
    let (dir, _, folder) = laid_out();
    fs::write(folder.join("run.json"), "{\"version\": 1, \"ru").unwrap();
    fs::create_dir(dir.path().join("runs/03-linux-1")).unwrap();
    let read = Records::read(dir.path()).unwrap();
    assert!(failure(&read.runs[1]).starts_with("run.json is torn"), "{}", failure(&read.runs[1]));
    assert_eq!((read.runs[2].run.arm.as_str(), read.runs[2].nodes.len()), ("linux", 0));
}

#[test]
fn before_the_first_run_there_are_none() {
    let dir = tempfile::tempdir().unwrap();
    lay_out(dir.path(), &published(&["linux"]));
    assert_eq!(Records::read(dir.path()).unwrap().runs, []);
}

#[test]
fn no_experiment_is_an_error_that_names_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let error = Records::read(dir.path()).unwrap_err().to_string();
    assert!(error.contains("experiment.json") && error.contains("--out"), "{error}");
    fs::write(dir.path().join("experiment.json"), "{").unwrap();
    let error = Records::read(dir.path()).unwrap_err().to_string();
    assert!(error.contains("is not the record of an experiment"), "{error}");
}

#[test]
fn a_newer_format_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut records = published(&["linux"]);
    records.experiment.version += 1;
    lay_out(dir.path(), &records);
    let error = Records::read(dir.path()).unwrap_err().to_string();
    assert!(error.contains("has format 2") && error.contains("reads format 1"), "{error}");
}
