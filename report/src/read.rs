//! Records in: `experiment.json` and the folders in `runs/`.
//!
//! A run may have been killed while it wrote. What it left is read as far as it goes, and its outcome then says that
//! it is not whole, so that its figures do not count.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use maxwell_api::experiment::{self, Experiment, Outcome, Run};
use serde::de::DeserializeOwned;

use crate::{Records, ReportError, RunRecords};

impl Records {
    /// Reads `experiment.json` and every folder in `runs/`, in the order in which they ran. A folder that is torn is
    /// read as far as it goes, and its outcome is [`Outcome::Failed`] with what is missing.
    ///
    /// # Errors
    /// If `experiment.json` is missing, torn or of a newer format, or if the folder `runs` cannot be listed.
    pub fn read(dir: &Path) -> Result<Self, ReportError> {
        let path = dir.join("experiment.json");
        let text = fs::read(&path).map_err(|source| ReportError::Read { path: path.clone(), source })?;
        let experiment: Experiment = serde_json::from_slice(&text)
            .map_err(|source| ReportError::Json { path: path.clone(), source })?;
        if experiment.version != experiment::VERSION {
            let found = experiment.version;
            return Err(ReportError::Version { path, found, known: experiment::VERSION });
        }
        let mut runs: Vec<RunRecords> =
            folders(&dir.join("runs"))?.iter().map(|folder| read_run(folder)).collect();
        runs.sort_by_key(|records| records.run.run);
        Ok(Self { experiment, runs })
    }
}

fn folders(runs: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let failed = |source| ReportError::Read { path: runs.to_path_buf(), source };
    let entries = match fs::read_dir(runs) {
        Ok(entries) => entries,
        // Before the first run there is no such folder yet.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

fn read_run(folder: &Path) -> RunRecords {
    let mut torn = Vec::new();
    let mut run = read_about(folder).unwrap_or_else(|why| {
        torn.push(why);
        named_by(folder)
    });
    let nodes = read_rows(&folder.join("node.csv"), &mut torn, true);
    let agents = read_rows(&folder.join("agents.csv"), &mut torn, true);
    let ticks = read_rows(&folder.join("ticks.csv"), &mut torn, false);
    // A run that does not count anyway has a reason of its own; one of which nothing is known has an empty one.
    let has_reason = match &run.outcome {
        Outcome::Complete => false,
        Outcome::Interrupted => true,
        Outcome::Failed(why) => !why.is_empty(),
    };
    if !torn.is_empty() && !has_reason {
        run.outcome = Outcome::Failed(torn.join("; "));
    }
    RunRecords { run, nodes, agents, ticks }
}

fn read_about(folder: &Path) -> Result<Run, String> {
    let text = fs::read(folder.join("run.json")).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            "run.json is missing: the run was ended before it could say how it went".into()
        }
        _ => format!("run.json cannot be read: {error}"),
    })?;
    let run: Run = serde_json::from_slice(&text).map_err(|error| format!("run.json is torn: {error}"))?;
    if run.version == experiment::VERSION {
        Ok(run)
    } else {
        let (found, known) = (run.version, experiment::VERSION);
        Err(format!("run.json has format {found} and this Maxwell reads format {known}"))
    }
}

/// A run of which nothing but the folder's name is known, `NN-ARM-REP`.
fn named_by(folder: &Path) -> Run {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let parts = name.split_once('-').and_then(|(run, rest)| {
        let (arm, repetition) = rest.rsplit_once('-')?;
        Some((run.parse().ok()?, arm.to_owned(), repetition.parse().ok()?))
    });
    let (run, arm, repetition) = parts.unwrap_or((0, name, 0));
    Run {
        version: experiment::VERSION,
        run,
        arm,
        repetition,
        outcome: Outcome::Failed(String::new()),
        duration_s: 0.0,
        funding_slot_seconds: None,
        cpus: Vec::new(),
        gate: String::new(),
        meter: String::new(),
        real_time_priority: false,
        agents: Vec::new(),
        warnings: Vec::new(),
    }
}

/// Rows up to the first that is not whole. A last line without its end is not whole, even if it could be read: a
/// number may have lost its last digits.
fn read_rows<T: DeserializeOwned>(path: &Path, torn: &mut Vec<String>, required: bool) -> Vec<T> {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let mut text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if required {
                torn.push(format!("{name} is missing"));
            }
            return Vec::new();
        }
        Err(error) => {
            torn.push(format!("{name} cannot be read: {error}"));
            return Vec::new();
        }
    };
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    if whole < text.len() {
        torn.push(format!("{name} ends in the middle of a line"));
        text.truncate(whole);
    }
    let mut rows = Vec::new();
    for row in csv::Reader::from_reader(text.as_slice()).deserialize() {
        match row {
            Ok(row) => rows.push(row),
            Err(error) => {
                torn.push(format!("{name} is read up to a line that is not a record: {error}"));
                break;
            }
        }
    }
    rows
}
