//! `maxwell physics`: what the machine has, a replayed trace, and what is said about bad ones.

mod common;

use std::path::Path;
use std::process::Command;

use common::maxwell;
use common::programs::Files;
use maxwell_api::physics::PhysicsReport;

fn report(args: &[&str]) -> PhysicsReport {
    let args: Vec<_> = ["physics", "--json"].iter().chain(args).copied().collect();
    let text = maxwell(&args).good();
    let report: PhysicsReport = serde_json::from_str(&text).expect("a report");
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(serde_json::to_value(&report).expect("JSON"), value, "a field is not documented");
    assert_eq!(report.backends.iter().filter(|backend| backend.verdict == "taken").count(), 1);
    assert!(report.backends.iter().all(|backend| !backend.reason.is_empty()));
    assert!((1..=4).contains(&report.tier));
    report
}

fn taken(report: &PhysicsReport) -> &str {
    &report.backends.iter().find(|backend| backend.verdict == "taken").expect("one").name
}

#[test]
fn this_machine_is_read_or_modelled_and_it_says_so() {
    let report = report(&[]);
    for figure in [&report.reading.die_c, &report.reading.power_w, &report.reading.energy_j] {
        assert!(figure.value.is_finite() && figure.error >= 0.0, "{figure:?}");
        assert!(["measured", "modelled", "unknown"].contains(&figure.provenance.as_str()), "{figure:?}");
    }
    let plain = maxwell(&["physics"]).good();
    for said in ["model", "tier ", "die ", "power ", "energy ", " °C", " W", " J"] {
        assert!(plain.contains(said), "{said:?} is missing in:\n{plain}");
    }
    assert!(plain.lines().all(|line| line.chars().count() <= 120), "{plain}");
}

#[test]
fn a_trace_is_replayed() {
    let files = Files::new();
    let trace = files.put("good.csv", b"t_s,die_c,power_w\n0.0,50.0,20.0\n1.0,51.0,21.0\n2.0,52.0,22.0\n");
    let replayed = report(&["--trace", &trace]);
    assert_eq!(taken(&replayed), "replay");
    let die = replayed.reading.die_c.value;
    assert!((50.0..=52.0).contains(&die), "{die}");
    // One that begins a little late, and one that is shorter than the time between two samples.
    for (text, die) in [("0.1,40.0,20.0\n3.0,41.0,20.0", 40.0), ("0.0,30.0,20.0\n0.1,31.0,20.0", 30.0)] {
        let trace = files.put("good.csv", format!("t_s,die_c,power_w\n{text}\n").as_bytes());
        let read = report(&["--trace", &trace]).reading.die_c.value;
        assert!((read - die).abs() < 0.01, "{read}");
    }
    assert!(maxwell(&["physics", "--trace", &trace]).good().contains("good.csv was asked for"));
}

#[test]
fn bad_traces_and_trees_are_refused_with_what_to_do() {
    let files = Files::new();
    let check = |option: &str, path: &str, said: &[&str]| {
        maxwell(&["physics", option, path]).complains(1, &[said, &[path]].concat());
    };
    let put = |text: &str| files.put("bad.csv", text.as_bytes());
    check("--trace", &put(""), &["no header"]);
    check("--trace", &put("a,b,c\n1,2,3\n"), &["line 1", "header", "t_s,die_c,power_w"]);
    check("--trace", &put("t_s,die_c,power_w\n0.0,fifty,20.0\n"), &["line 2", "fifty"]);
    check("--trace", &put("t_s,die_c,power_w\n1.0,50.0,20.0\n0.5,50.0,20.0\n"), &["line 3"]);
    check("--trace", &put("t_s,die_c,power_w\n0.0,50.0\n"), &["line 2"]);
    check("--trace", &put("t_s,die_c,power_w\n"), &[]);
    check("--trace", &put("t_s,die_c,power_w\n0.0,NaN,20.0\n"), &["line 2"]);
    check("--trace", &files.put("bad.bin", &[0xff; 64]), &[]);
    check("--trace", &files.folder(), &["readable file"]);
    check("--trace", "/dev/zero", &[]);
    let missing = files.path("missing").to_str().expect("plain names").to_owned();
    check("--trace", &missing, &["No such file", "readable file"]);
    check("--sysfs-root", &missing, &["No such file", "cannot be read"]);
    check("--sysfs-root", &put("a file"), &["Not a directory"]);
}

#[test]
fn a_file_tree_without_proc_is_no_machine() {
    let files = Files::new();
    let folder = files.folder();
    maxwell(&["physics", "--sysfs-root", &folder]).complains(1, &["proc/stat", "check that", &folder]);
    std::fs::create_dir_all(files.path("sys/class/hwmon/hwmon0")).expect("there is room");
    maxwell(&["physics", "--sysfs-root", &folder]).complains(1, &["proc/stat"]);
    std::fs::create_dir(files.path("proc")).expect("there is room");
    files.put("proc/stat", b"nonsense\n");
    maxwell(&["physics", "--sysfs-root", &folder]).complains(1, &["proc/stat", "nonsense"]);
}

#[test]
fn recorded_traces_of_real_machines_are_replayed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/rapl-traces");
    let trace = folder.join("icelake/ddr4-16gb-2400/idle.csv.gz");
    if !trace.exists() {
        println!("skipped, because the recorded traces are not here ({} is absent)", trace.display());
        return;
    }
    let unpacked = match Command::new("gzip").arg("-dc").arg(&trace).output() {
        Ok(output) if output.status.success() => output.stdout,
        other => {
            println!("skipped, because gzip cannot unpack the trace here: {other:?}");
            return;
        }
    };
    let files = Files::new();
    let report = report(&["--trace", &files.put("idle.csv", &unpacked)]);
    assert_eq!(taken(&report), "replay");
    let power = &report.reading.power_w;
    assert!(power.provenance == "measured" && (1.0..1_000.0).contains(&power.value), "{power:?}");
    // A compressed file is not taken for an empty or broken one without a word on what it is.
    let packed = trace.to_str().expect("a plain name");
    maxwell(&["physics", "--trace", packed]).complains(1, &[packed]);
}
