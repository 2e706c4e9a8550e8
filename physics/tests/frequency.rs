//! CPU time weighted by frequency, on trees of files as the kernel has them.

use maxwell_core::units::Nanoseconds;
use maxwell_physics::frequency::{EXPONENT, FrequencyWeighted};
use maxwell_physics::load::{LoadError, LoadSource};
use proptest::prelude::*;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A file tree of a machine.
struct Tree(TempDir);

impl Tree {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("proc")).unwrap();
        Self(root)
    }

    /// Each CPU's number and busy ticks, of 10 ms.
    fn ticks(&self, cpus: &[(u32, u64)]) {
        let mut text = String::from("cpu  1 1 1 1 1 1 1 0 0 0\n");
        for (cpu, busy) in cpus {
            writeln!(text, "cpu{cpu} {busy} 0 0 9999 7 0 0 5 0 0").unwrap();
        }
        self.stat(text + "intr 1 2 3\nctxt 7\n");
    }

    fn stat(&self, text: impl AsRef<[u8]>) {
        fs::write(self.0.path().join("proc/stat"), text).unwrap();
    }

    fn frequency(&self, cpu: u32, file: &str, content: &str) {
        let folder = self.0.path().join(format!("sys/devices/system/cpu/cpu{cpu}/cpufreq"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(file), content).unwrap();
    }

    fn load(&self) -> FrequencyWeighted {
        FrequencyWeighted::new(self.0.path(), EXPONENT)
    }
}

fn busy(load: &FrequencyWeighted) -> f64 {
    load.busy().unwrap().other.as_seconds()
}

#[test]
fn each_cpus_time_is_weighted_by_its_own_frequency() {
    let tree = Tree::new();
    for (cpu, now) in [(0, "3000000\n"), (1, "1500000\n")] {
        tree.frequency(cpu, "base_frequency", "3000000\n");
        tree.frequency(cpu, "cpuinfo_max_freq", "4500000\n");
        tree.frequency(cpu, "scaling_cur_freq", now);
    }
    let load = tree.load();
    tree.ticks(&[(0, 100), (1, 100)]);
    assert!(busy(&load).abs() < 1e-12, "the first reading is the origin");
    tree.ticks(&[(0, 200), (1, 200)]);
    assert!((busy(&load) - (1.0 + 0.5_f64.powf(2.2))).abs() < 1e-6);
    assert_eq!(load.unweighted(), 0);
}

#[test]
fn without_a_base_frequency_the_highest_one_is_nominal() {
    let tree = Tree::new();
    tree.frequency(0, "cpuinfo_max_freq", "4000000\n");
    tree.frequency(0, "scaling_cur_freq", "2000000\n");
    let load = tree.load();
    tree.ticks(&[(0, 0)]);
    busy(&load);
    tree.ticks(&[(0, 100)]);
    assert!((busy(&load) - 0.5_f64.powf(2.2)).abs() < 1e-6);
}

#[test]
fn without_a_usable_frequency_time_counts_as_it_is() {
    let check = |cur: Option<&str>, base: Option<&str>| {
        let tree = Tree::new();
        let files = [("scaling_cur_freq", cur), ("base_frequency", base)];
        for (file, content) in files {
            if let Some(content) = content {
                tree.frequency(0, file, content);
            }
        }
        let load = tree.load();
        tree.ticks(&[(0, 0)]);
        busy(&load);
        tree.ticks(&[(0, 100)]);
        assert!((busy(&load) - 1.0).abs() < 1e-9, "{cur:?} of {base:?}");
        assert_eq!(load.unweighted(), 1);
    };
    check(None, None);
    check(Some("2000000"), None);
    check(None, Some("2000000"));
    check(Some("<unknown>\n"), Some("2000000"));
    check(Some("0"), Some("2000000"));
    check(Some("2000000"), Some("0"));
    check(Some("-5"), Some("2000000"));
    check(Some("2000000"), Some("1"));
    check(Some("\u{fffd}"), Some(""));
}

#[test]
fn a_cpu_that_was_idle_is_not_asked_for_its_frequency() {
    let tree = Tree::new();
    for (cpu, now) in [(0, "2000000\n"), (1, "garbage")] {
        tree.frequency(cpu, "base_frequency", "2000000\n");
        tree.frequency(cpu, "scaling_cur_freq", now);
    }
    let load = tree.load();
    tree.ticks(&[(0, 0), (1, 0)]);
    busy(&load);
    tree.ticks(&[(0, 100), (1, 0)]);
    assert!((busy(&load) - 1.0).abs() < 1e-9);
    assert_eq!(load.unweighted(), 0, "the idle one's garbage was read");
    tree.ticks(&[(0, 100), (1, 100)]);
    busy(&load);
    assert_eq!(load.unweighted(), 1, "it has worked now");
}

#[test]
fn the_nominal_frequency_is_read_once_and_the_current_one_anew() {
    let tree = Tree::new();
    tree.frequency(0, "base_frequency", "2000000\n");
    tree.frequency(0, "scaling_cur_freq", "2000000\n");
    let load = tree.load();
    tree.ticks(&[(0, 0)]);
    busy(&load);
    tree.ticks(&[(0, 100)]);
    assert!((busy(&load) - 1.0).abs() < 1e-9);
    tree.frequency(0, "base_frequency", "garbage");
    tree.frequency(0, "scaling_cur_freq", "1000000\n");
    tree.ticks(&[(0, 200)]);
    assert!((busy(&load) - 1.0 - 0.5_f64.powf(2.2)).abs() < 1e-6);
}

#[test]
fn a_cpu_that_goes_offline_keeps_its_time_and_one_that_comes_begins_at_zero() {
    let tree = Tree::new();
    let load = tree.load();
    tree.ticks(&[(0, 0), (1, 0)]);
    busy(&load);
    tree.ticks(&[(0, 100), (1, 100)]);
    assert!((busy(&load) - 2.0).abs() < 1e-9);
    tree.ticks(&[(0, 200)]);
    assert!((busy(&load) - 3.0).abs() < 1e-9);
    tree.ticks(&[(0, 200), (1, 150), (2, 5_000)]);
    assert!((busy(&load) - 3.5).abs() < 1e-9, "the new one's past is no load");
    tree.ticks(&[(0, 10), (1, 150), (2, 5_100)]);
    assert!((busy(&load) - 4.5).abs() < 1e-9, "a counter that was set back adds nothing");
}

#[test]
fn garbage_is_told_by_file_and_line() {
    let tree = Tree::new();
    let check = |text: &str, at: usize, word: &str| {
        tree.stat(text);
        let error = tree.load().busy().unwrap_err();
        let LoadError::Malformed { path, line, expected, .. } = &error else { panic!("{error}") };
        assert!(path.ends_with("proc/stat") && *line == at && expected.contains(word), "{error}");
    };
    check("", 1, "cpu0");
    check("cpu  1 1 1 1 1 1 1\n", 1, "cpu0");
    check("cpu  1 1 1 1 1 1 1\ncpu0 1 x 1 1 1 1 1\n", 2, "nice");
    check("cpu  1 1 1 1 1 1 1\ncpu0 1 1 1 1 1 1 1\ncpu1 1 1\n", 3, "system");
    check("cpu  1 1 1 1 1 1 1\ncpux 1 1 1 1 1 1 1\n", 2, "number of a CPU");
}

#[test]
fn a_missing_file_is_unreadable_and_passes() {
    let tree = Tree::new();
    let load = tree.load();
    assert!(matches!(load.busy(), Err(LoadError::Unreadable { .. })));
    tree.ticks(&[(0, 100)]);
    assert_eq!(load.busy().unwrap().total(), Nanoseconds::ZERO);
}

#[test]
fn this_machine_can_be_read() {
    let load = FrequencyWeighted::new(Path::new("/"), EXPONENT);
    match load.busy() {
        Err(error @ LoadError::Unreadable { .. }) => println!("skipped, because {error}"),
        first => assert!(load.busy().unwrap().total() >= first.unwrap().total()),
    }
}

proptest! {
    // Each case writes files.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_content_makes_it_panic(stat in prop::collection::vec(any::<u8>(), 0..200), now in ".{0,30}") {
        let tree = Tree::new();
        tree.frequency(0, "scaling_cur_freq", &now);
        tree.frequency(0, "base_frequency", "1000");
        tree.stat([b"cpu 1\ncpu0 ".as_slice(), &stat].concat());
        let load = tree.load();
        let _ = load.busy();
        tree.stat(stat);
        let _ = load.busy();
    }
}
