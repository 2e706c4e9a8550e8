//! `maxwell physics`: what the machine has, a replayed trace, and what is said about bad ones.

mod common;

#[path = "../../physics/tests/common/tree.rs"]
#[allow(dead_code)]
mod tree;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use common::programs::Files;
use common::{Done, maxwell};
use maxwell_api::physics::{PartReport, PhysicsReport, ReadingReport};

fn report(args: &[&str]) -> PhysicsReport {
    let args: Vec<_> = ["physics", "--json"].iter().chain(args).copied().collect();
    let text = maxwell(&args).good();
    let report: PhysicsReport = serde_json::from_str(&text).expect("a report");
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(serde_json::to_value(&report).expect("JSON"), value, "a field is not documented");
    assert!(!taken(&report).is_empty());
    assert!(report.backends.iter().all(|backend| !backend.reason.is_empty()));
    assert!((1..=4).contains(&report.tier));
    report
}

fn taken(report: &PhysicsReport) -> Vec<&str> {
    let taken = report.backends.iter().filter(|backend| backend.verdict == "taken");
    taken.map(|backend| backend.name.as_str()).collect()
}

fn reading(report: &PhysicsReport) -> &ReadingReport {
    report.reading.as_ref().expect("there is a reading")
}

fn part<'a>(report: &'a PhysicsReport, backend: &str, label: &str) -> &'a PartReport {
    let found = report.parts.iter().find(|part| part.backend == backend && part.label == label);
    found.unwrap_or_else(|| panic!("{backend} says nothing of {label}: {:?}", report.parts))
}

#[test]
fn this_machine_is_read_or_modelled_and_it_says_so() {
    let report = report(&[]);
    let reading = reading(&report);
    for figure in [&reading.die_c, &reading.power_w, &reading.energy_j] {
        assert!(figure.value.is_finite() && figure.error >= 0.0, "{figure:?}");
        assert!(["measured", "modelled", "unknown"].contains(&figure.provenance.as_str()), "{figure:?}");
    }
    let plain = maxwell(&["physics"]).good();
    for said in ["model", "tier ", "die ", "power ", "energy ", " °C", " W", " J"] {
        assert!(plain.contains(said), "{said:?} is missing in:\n{plain}");
    }
    assert!(plain.lines().all(|line| line.chars().count() <= 120), "{plain}");
}

/// What a fixture machine says of itself: backends, tier, die, and its packages' counters in joules.
fn check_machine(text: &str, backends: &[&str], tier: u8, die_c: f64, counters_j: &[(&str, f64)]) {
    let root = tree::plant(text);
    let path = root.path().to_str().expect("a plain name");
    let report = report(&["--sysfs-root", path]);
    assert_eq!((taken(&report).as_slice(), report.tier), (backends, tier));
    let die = &reading(&report).die_c;
    assert!((die.value - die_c).abs() < 1e-9 && die.provenance == "measured", "{die:?}");
    let counted = report.parts.iter().filter(|part| part.kind == "package");
    let counted: Vec<(&str, f64)> =
        counted.map(|part| (part.label.as_str(), part.counter_j.expect("it counts"))).collect();
    assert_eq!(counted, counters_j);
    let plain = maxwell(&["physics", "--sysfs-root", path]).good();
    assert!(plain.contains(&format!("{die_c:>8.2} ± ")), "{plain}");
    assert!(
        counters_j
            .iter()
            .all(|(label, joules)| plain.contains(label) && plain.contains(&format!("{joules:.3}")))
    );
    assert!(plain.lines().all(|line| line.chars().count() <= 120), "{plain}");
}

#[test]
fn an_intel_desktop_and_a_server_of_two_sockets_say_what_their_files_say() {
    let both = ["powercap", "hwmon"];
    check_machine(tree::INTEL_DESKTOP, &both, 2, 47.0, &[("package 0", 113_482.766_341)]);
    let packages = [("package 0", 88_112.093_644), ("package 1", 251_998.110_732)];
    check_machine(tree::INTEL_SERVER_2S, &both, 2, 61.0, &packages);
    let root = tree::plant(tree::INTEL_SERVER_2S);
    let report = report(&["--sysfs-root", root.path().to_str().expect("a plain name")]);
    let memory = part(&report, "powercap", "memory 1");
    assert_eq!(
        (memory.kind.as_str(), memory.socket, memory.counter_j),
        ("memory", Some(1), Some(60_444.718_02))
    );
    let probe = part(&report, "hwmon", "package 1");
    assert_eq!((probe.kind.as_str(), probe.limit_c), ("probe", Some(91.0)));
    assert!((probe.celsius.as_ref().expect("it is read").value - 61.0).abs() < 1e-9, "{probe:?}");
}

#[test]
fn an_epyc_and_a_board_without_counters_say_what_their_files_say() {
    let root = tree::plant(tree::AMD_EPYC);
    let energy = std::fs::read_to_string(root.path().join("sys/class/powercap/intel-rapl:0/energy_uj"));
    let joules = energy.expect("a counter").trim().parse::<f64>().expect("a number") / 1e6;
    check_machine(tree::AMD_EPYC, &["powercap", "hwmon"], 2, 56.25, &[("package 0", joules)]);
    check_machine(tree::ARM_BOARD, &["hwmon", "model"], 3, 48.333, &[]);
}

#[test]
fn registers_are_read_where_there_are_some_and_a_backend_can_be_asked_for() {
    let root = tree::plant(tree::INTEL_SERVER_2S);
    // Counts of 2^-14 J, 2^-16 J for memory; TjMax 91 °C less 30 and less 28.
    for (cpu, package, below) in [(0, 0x4000_0000_u32, 30_u32), (1, 0x8000_0000, 28)] {
        let thermal = 1 << 31 | below << 16;
        let registers = [
            (0x606, 0x000a_0e03),
            (0x611, package),
            (0x619, 0x0001_0000),
            (0x1a2, 91 << 16),
            (0x1b1, thermal),
        ];
        tree::lay_registers(root.path(), cpu, &registers);
    }
    let path = root.path().to_str().expect("a plain name");
    let read = report(&["--sysfs-root", path]);
    assert_eq!((taken(&read).as_slice(), read.tier), (["msr"].as_slice(), 2));
    assert!((reading(&read).die_c.value - 63.0).abs() < 1e-9, "{:?}", read.reading);
    assert_eq!(part(&read, "msr", "package 1").counter_j, Some(131_072.0));
    assert_eq!(part(&read, "msr", "memory 0").counter_j, Some(1.0));
    let asked = report(&["--sysfs-root", path, "--backend", "hwmon"]);
    assert_eq!(taken(&asked), ["hwmon", "model"]);
    maxwell(&["physics", "--sysfs-root", path, "--backend", "nvml"])
        .complains(1, &["nvml", "driver of this machine"]);
}

#[test]
fn a_sensor_that_gives_nothing_is_told_beside_what_there_is() {
    let root = tree::plant(tree::INTEL_SERVER_2S);
    tree::rewrite(root.path(), "sys/class/hwmon/hwmon2/temp1_input", "garbage\n");
    let path = root.path().to_str().expect("a plain name");
    let done = maxwell(&["physics", "--sysfs-root", path]);
    assert_eq!(done.code, Some(1), "{}", done.stdout);
    let said = done.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("powercap taken") && said.contains("package 1 gives nothing now"),
        "{}",
        done.stdout
    );
    assert!(done.stderr.contains("garbage") && done.stderr.contains("hwmon2"), "{}", done.stderr);
    let done = maxwell(&["physics", "--json", "--sysfs-root", path]);
    let report: PhysicsReport = serde_json::from_str(&done.stdout).expect("a report all the same");
    assert!(report.reading.is_none() && report.trouble.is_some_and(|why| why.contains("garbage")));
}

#[test]
fn a_counter_that_moves_is_power() {
    const WATTS: f64 = 20.0;
    let root = tree::plant(tree::INTEL_DESKTOP);
    let path = root.path().to_str().expect("a plain name").to_owned();
    let (over, ends) = channel::<()>();
    let counter = root.path().join("sys/class/powercap/intel-rapl:0/energy_uj");
    std::thread::scope(|scope| {
        // The device: its counter follows the clock until the command is done. Each number has as many digits as the one
        // before, so that nobody reads parts of two.
        scope.spawn(move || {
            let began = Instant::now();
            while ends.recv_timeout(Duration::from_millis(2)) == Err(RecvTimeoutError::Timeout) {
                let used = (began.elapsed().as_secs_f64() * WATTS * 1e6) as u64;
                let file = File::options().write(true).open(&counter).expect("a counter");
                let text = format!("{}\n", 113_482_766_341 + used);
                file.write_all_at(text.as_bytes(), 0).expect("there is room");
            }
        });
        let power = reading(&report(&["--sysfs-root", &path])).power_w.clone();
        assert!((power.value / WATTS - 1.0).abs() < 0.3 && power.provenance == "measured", "{power:?}");
        over.send(()).expect("the device is on");
    });
}

#[test]
fn a_trace_is_replayed() {
    let files = Files::new();
    let trace = files.put("good.csv", b"t_s,die_c,power_w\n0.0,50.0,20.0\n1.0,51.0,21.0\n2.0,52.0,22.0\n");
    let replayed = report(&["--trace", &trace]);
    assert_eq!(taken(&replayed), ["replay"]);
    let die = reading(&replayed).die_c.value;
    assert!((50.0..=52.0).contains(&die), "{die}");
    // One that begins a little late, and one that is shorter than the time between two samples.
    for (text, die) in [("0.1,40.0,20.0\n3.0,41.0,20.0", 40.0), ("0.0,30.0,20.0\n0.1,31.0,20.0", 30.0)] {
        let trace = files.put("good.csv", format!("t_s,die_c,power_w\n{text}\n").as_bytes());
        let read = reading(&report(&["--trace", &trace])).die_c.value;
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
    let complains = |said: &[&str]| {
        // What was looked for stands on standard output all the same.
        let done = maxwell(&["physics", "--sysfs-root", &folder]);
        assert!(done.stdout.contains("powercap  refused"), "{}", done.stdout);
        Done { stdout: String::new(), ..done }.complains(1, said);
    };
    complains(&["proc/stat", "check that", &folder]);
    std::fs::create_dir_all(files.path("sys/class/hwmon/hwmon0")).expect("there is room");
    complains(&["proc/stat"]);
    std::fs::create_dir(files.path("proc")).expect("there is room");
    files.put("proc/stat", b"nonsense\n");
    complains(&["proc/stat", "nonsense"]);
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
    assert_eq!(taken(&report), ["replay"]);
    let power = &reading(&report).power_w;
    assert!(power.provenance == "measured" && (1.0..1_000.0).contains(&power.value), "{power:?}");
    // A compressed file is not taken for an empty or broken one without a word on what it is.
    let packed = trace.to_str().expect("a plain name");
    maxwell(&["physics", "--trace", packed]).complains(1, &[packed]);
}
