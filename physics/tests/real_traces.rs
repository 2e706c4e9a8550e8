//! Power that was really measured, replayed whole: package power of two-socket servers under known workloads.

use flate2::read::GzDecoder;
use maxwell_core::tick::Provenance;
use maxwell_core::units::Moment;
use maxwell_physics::model::MachineModel;
use maxwell_physics::replay::{ReplayError, ReplaySensor, Trace};
use maxwell_physics::sensor::{SensorError, ThermalSensor};
use maxwell_physics::thermal::Class;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// All files under `folder` that end on `.csv.gz`.
fn traces(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(traces(&path));
        } else if path.to_string_lossy().ends_with(".csv.gz") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The least and the greatest power that the packages can have had together, by the rows of each socket.
fn bounds(text: &str) -> (f64, f64) {
    let mut sockets: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        if cells[2] == "package" {
            let watts: f64 = cells[4].parse().unwrap();
            let (low, high) = sockets.entry(cells[1]).or_insert((watts, watts));
            (*low, *high) = (low.min(watts), high.max(watts));
        }
    }
    sockets.values().fold((0.0, 0.0), |sum, socket| (sum.0 + socket.0, sum.1 + socket.1))
}

fn replay_whole(path: &Path, text: &str, trace: Trace) {
    let (low, high) = bounds(text);
    let sensor = ReplaySensor::new(trace);
    let samples = sensor.trace().samples();
    let mut last = sensor.sample(Moment(samples[0].at.0)).unwrap();
    let first = last;
    for sample in samples {
        let reading = sensor.sample(Moment(sample.at.0)).unwrap();
        assert!(reading.energy.value >= last.energy.value && reading.at >= last.at, "{}", path.display());
        assert!(reading.power.value.0 >= low - 1e-9 && reading.power.value.0 <= high + 1e-9);
        assert!(reading.die.value.0.is_finite() && reading.die.value.0 >= 25.0);
        assert_eq!(reading.power.provenance, Provenance::Measured);
        assert_eq!(reading.die.provenance, Provenance::Modelled);
        last = reading;
    }
    let joules = last.energy.value.as_joules() - first.energy.value.as_joules();
    let mean = joules / last.at.since(first.at).as_seconds();
    assert!(mean >= low && mean <= high, "{}: {mean} W of {low}..{high}", path.display());
    let past = sensor.sample(Moment(last.at.0 + 1));
    assert!(matches!(past, Err(SensorError::Gone { .. })), "{}", path.display());
}

#[test]
fn real_traces_replay_whole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/rapl-traces");
    if !folder.is_dir() {
        println!("skipped, because {} is absent", folder.display());
        return;
    }
    let machine = MachineModel::of_class(Class::Server, 64);
    let paths = traces(&folder);
    let mut empty = 0;
    for path in &paths {
        let mut text = String::new();
        GzDecoder::new(File::open(path).unwrap()).read_to_string(&mut text).unwrap();
        match Trace::parse(&text, path, &machine.thermal) {
            Ok(trace) => replay_whole(path, &text, trace),
            Err(ReplayError::Empty { .. }) => {
                assert!(text.lines().count() <= 1, "{} has rows but was taken to be empty", path.display());
                empty += 1;
            }
            Err(error) => panic!("{error}"),
        }
    }
    println!("replayed {} traces; {empty} hold nothing but a header", paths.len() - empty);
    assert!(paths.len() > empty, "no trace in {}", folder.display());
}
