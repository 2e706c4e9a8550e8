//! `maxwell calibrate`: its refusals, recorded series, and an external meter.

mod common;

use std::fmt::Write;

use common::maxwell;
use common::programs::Files;
use maxwell_api::profile::{CalibrationReport, Profile};
use maxwell_core::units::{Nanoseconds, Watts};
use maxwell_physics::model::MachineModel;
use maxwell_physics::thermal::{Class, ThermalModel};

/// Seconds idle, full, idle.
const PHASES: [u64; 3] = [20, 90, 40];

/// A step load on the model of a workstation with eight CPUs, ten samples a second; and the mean watts of its seconds.
fn series() -> (String, Vec<f64>) {
    let machine = MachineModel::of_class(Class::Workstation, 8);
    let mut model = ThermalModel::new(machine.thermal, machine.idle).expect("it is possible");
    let (mut text, mut seconds) = (String::from("t_s,busy_cpus,die_c,power_w\n"), Vec::new());
    let [idle, full, rest] = PHASES;
    for index in 0..(idle + full + rest) * 10 {
        let is_full = (idle * 10..(idle + full) * 10).contains(&index);
        let busy = if is_full { 8.0 } else { 0.0 };
        let Watts(power) = machine.power(busy);
        if index > 0 {
            model.advance(Watts(power), Nanoseconds::from_millis(100));
        }
        // Even times and a sample at the end of each: every tenth closes a second.
        let at = index as f64 / 10.0;
        writeln!(text, "{at:.1},{busy},{:.1},{power}", model.die().0).expect("a string takes any text");
        if index % 10 == 5 {
            seconds.push(power);
        }
    }
    (text, seconds)
}

/// A meter with a row in the middle of each second.
fn meter(scale: f64, scatter: f64) -> String {
    let mut text = String::from("t_s,power_w\n");
    for (second, power) in series().1.iter().enumerate() {
        // For seconds on end, so that no shift of the clocks averages it away.
        let sign = if second / 6 % 2 == 0 { 1.0 } else { -1.0 };
        let shown = power * scale * (1.0 + sign * scatter);
        writeln!(text, "{second}.5,{shown}").expect("a string takes any text");
    }
    text
}

struct Bench {
    files: Files,
    series: String,
    out: String,
}

impl Bench {
    fn new() -> Self {
        let files = Files::new();
        let series = files.put("series.csv", series().0.as_bytes());
        let out = files.path("profile.json").to_str().expect("plain names").to_owned();
        Self { files, series, out }
    }

    fn args<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        [&["calibrate", "--series", &self.series, "--out", &self.out], more].concat()
    }

    fn json(&self, more: &[&str]) -> CalibrationReport {
        let text = maxwell(&self.args(&[&["--json"], more].concat())).good();
        let report: CalibrationReport = serde_json::from_str(&text).expect("a report");
        let written = std::fs::read_to_string(&self.out).expect("it was written");
        assert_eq!(serde_json::from_str::<Profile>(&written).expect("a profile"), report.profile);
        report
    }
}

#[test]
fn a_recorded_series_gives_back_the_machine() {
    let bench = Bench::new();
    let profile = bench.json(&["--limit", "100"]).profile;
    let truth = MachineModel::of_class(Class::Workstation, 8);
    let near = |found: f64, truth: f64| assert!((found / truth - 1.0).abs() < 0.03, "{found}, not {truth}");
    near(profile.model.die_tau_s, truth.thermal.die_tau_s);
    near(profile.model.die_resistance_k_per_w, truth.thermal.die_resistance);
    near(profile.model.sink_tau_s, truth.thermal.sink_tau_s);
    near(profile.model.idle_w, truth.idle.0);
    near(profile.model.slot_w, truth.slot.0);
    assert_eq!((profile.model.slots, profile.energy_correction), (8, None));
    assert!(profile.suggestion.expect("the limit was given").critical_c < 100.0);
}

#[test]
fn what_was_found_is_said_in_plain_text() {
    let bench = Bench::new();
    let plain = maxwell(&bench.args(&[])).good();
    for said in ["die tau", "heat sink R", "ambient", " ± ", "K/W", "left unexplained", "profile: "] {
        assert!(plain.contains(said), "{said:?} is missing in:\n{plain}");
    }
}

#[test]
fn a_meter_that_shows_eight_percent_more_is_found_and_makes_tier_1() {
    let bench = Bench::new();
    let reference = bench.files.put("meter.csv", meter(1.08, 0.0).as_bytes());
    let report = bench.json(&["--reference", &reference]);
    let correction = report.profile.energy_correction.expect("there is a meter");
    assert!((correction.scale - 1.08).abs() < 0.01 && correction.tier_1, "{correction:?}");
    assert!(
        (report.profile.model.slot_w / (6.0 * 1.08) - 1.0).abs() < 0.02,
        "the profile is in the meter's watts"
    );
    let found = report.reference.expect("there is a meter");
    assert_eq!((found.clock.as_str(), found.tier), ("seconds since the run began", 1));
    let plain = maxwell(&bench.args(&["--force", "--reference", &reference])).good();
    assert!(plain.contains("tier 1") && plain.contains("scale"), "{plain}");
}

#[test]
fn a_meter_that_scatters_leaves_tier_2_and_it_says_so() {
    let bench = Bench::new();
    let reference = bench.files.put("meter.csv", meter(1.08, 0.15).as_bytes());
    let report = bench.json(&["--reference", &reference]);
    assert_eq!(report.reference.expect("there is a meter").tier, 2);
    assert!(!report.profile.energy_correction.expect("there is a meter").tier_1);
}

#[test]
fn a_file_that_exists_is_not_overwritten_unasked() {
    let bench = Bench::new();
    std::fs::write(&bench.out, "mine").expect("there is room");
    maxwell(&bench.args(&[])).complains(1, &["exists", "--force", &bench.out]);
    assert_eq!(std::fs::read_to_string(&bench.out).expect("it stands"), "mine");
    maxwell(&bench.args(&["--force"])).good();
}

#[test]
fn bad_files_are_told_by_line_and_column_and_nothing_is_written() {
    let bench = Bench::new();
    let head = "t_s,busy_cpus,die_c,power_w\n0,0,40,10\n";
    let check = |option: &str, text: &str, said: &[&str]| {
        let path = bench.files.put("bad.csv", text.as_bytes());
        let done = match option {
            "--series" => maxwell(&["calibrate", "--series", &path, "--out", &bench.out]),
            _ => maxwell(&bench.args(&[option, &path])),
        };
        done.complains(1, &[said, &["bad.csv"]].concat());
        assert!(!bench.files.path("profile.json").exists());
    };
    check("--series", &format!("{head}1,0,hot,10\n"), &["line 3", "die_c", "hot"]);
    check("--series", &format!("{head}0,0,40,10\n"), &["line 3", "t_s", "later"]);
    check("--series", "a,b\n", &["line 1", "header"]);
    check("--series", "", &["header"]);
    check("--reference", "t_s,power_w\n0,10\n1,-5\n", &["line 3", "power_w", "-5"]);
    check("--reference", "t_s,power_w\n1750000000,10\n1750000009,10\n", &["Unix time", "same clock"]);
    let missing = bench.files.path("missing.csv").to_str().expect("plain names").to_owned();
    maxwell(&["calibrate", "--series", &missing, "--out", &bench.out])
        .complains(1, &["missing.csv", "No such"]);
}

#[test]
fn a_series_that_tells_nothing_is_refused_with_what_to_do() {
    let bench = Bench::new();
    let short =
        bench.files.put("short.csv", b"t_s,busy_cpus,die_c,power_w\n0,0,40,10\n1,8,41,50\n2,0,40,10\n");
    maxwell(&["calibrate", "--series", &short, "--out", &bench.out]).complains(1, &["--full"]);
    maxwell(&bench.args(&["--limit", "60"])).complains(1, &["limit of 60", "throttles"]);
    assert!(!bench.files.path("profile.json").exists());
}

#[test]
fn a_machine_without_sensors_is_not_fitted_to_its_own_model() {
    let files = Files::new();
    std::fs::create_dir(files.path("proc")).expect("there is room");
    files.put("proc/stat", b"cpu 1 1 1 1 1 1 1 0 0 0\n");
    let (root, out) = (files.folder(), files.path("profile.json"));
    let out_name = out.to_str().expect("plain names");
    maxwell(&["calibrate", "--sysfs-root", &root, "--out", out_name])
        .complains(1, &["neither power nor temperature is measured", "msr", "hwmon", "--series"]);
    assert!(!out.exists());
}
