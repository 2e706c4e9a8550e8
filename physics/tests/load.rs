//! CPU time: counted by the node, and read from the kernel.

use maxwell_core::units::Nanoseconds;
use maxwell_physics::load::{Load, LoadError, LoadMeter, LoadSource, ProcStat};
use proptest::prelude::*;
use std::fs;
use std::path::Path;
use std::thread;

#[test]
fn a_meter_adds_what_all_threads_record_and_never_falls() {
    const THREADS: u64 = 4;
    const ROUNDS: u64 = 20_000;
    let meter = LoadMeter::new();
    let expected = Load {
        cells: Nanoseconds(THREADS * ROUNDS * 3),
        own: Nanoseconds(THREADS * ROUNDS * 2),
        other: Nanoseconds(THREADS * ROUNDS),
    };
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                (0..ROUNDS).for_each(|_| meter.record(Nanoseconds(3), Nanoseconds(2), Nanoseconds(1)));
            });
        }
        scope.spawn(|| {
            let mut last = Load::default();
            while last != expected {
                let load = meter.load();
                assert!(load.cells >= last.cells && load.own >= last.own && load.other >= last.other);
                last = load;
            }
        });
    });
    assert_eq!(meter.busy().unwrap(), expected);
    assert_eq!(expected.total(), Nanoseconds(THREADS * ROUNDS * 6));
}

/// What [`ProcStat`] says of a tree whose `/proc/stat` holds `content`.
fn read(content: &[u8]) -> Result<Load, LoadError> {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("proc")).unwrap();
    fs::write(root.path().join("proc/stat"), content).unwrap();
    ProcStat::new(root.path()).busy()
}

#[test]
fn the_kernels_busy_time_is_everything_but_idle_waiting_stolen_and_guests() {
    let load = read(b"cpu  1 20 300 4000 50000 600000 7000000 8 9 10\ncpu0 1 2 3\nintr 7\n").unwrap();
    let ticks = 1 + 20 + 300 + 600_000 + 7_000_000;
    assert_eq!(load, Load { other: Nanoseconds::from_millis(10 * ticks), ..Load::default() });
    assert_eq!(read(b"cpu 1 1 1 9 9 1 1").unwrap().total(), Nanoseconds::from_millis(50));
}

#[test]
fn garbage_is_told_by_what_and_where() {
    let check = |content: &[u8], expected_word: &str, found_word: &str| {
        let error = read(content).unwrap_err();
        let LoadError::Malformed { path, line: 1, expected, found } = &error else { panic!("{error}") };
        assert!(path.ends_with("proc/stat"));
        assert!(expected.contains(expected_word) && found.contains(found_word), "{error}");
        let text = error.to_string();
        assert!(text.contains("proc/stat, line 1") && text.contains(expected_word), "{text}");
    };
    check(b"", "the line \"cpu\"", "");
    check(b"\n", "the line \"cpu\"", "");
    check(b"cpu0 1 2 3 4 5 6 7\n", "the line \"cpu\"", "cpu0");
    check(b"\xff\xfe\x00garbage", "the line \"cpu\"", "garbage");
    check(b"cpu\n", "ticks of user", "");
    check(b"cpu 1 2 x 4 5 6 7\n", "ticks of system", "x");
    check(b"cpu 1 2 3 4 5 6\n", "ticks of softirq", "");
    check(b"cpu 1 2 -3 4 5 6 7\n", "ticks of system", "-3");
    check(b"cpu 99999999999999999999 2 3 4 5 6 7\n", "ticks of user", "9999");
    check(b"cpu 1844674407370 1844674407370 3 4 5 6 7\n", "64 bits", "1844");
    check(&b"7".repeat(100_000), "the line \"cpu\"", "777");
}

#[test]
fn a_missing_file_and_a_folder_in_its_place_are_unreadable() {
    let root = tempfile::tempdir().unwrap();
    let stat = ProcStat::new(root.path());
    let unreadable = |stat: &ProcStat| {
        let error = stat.busy().unwrap_err();
        assert!(
            matches!(&error, LoadError::Unreadable { path, .. } if path.ends_with("proc/stat")),
            "{error}"
        );
    };
    unreadable(&stat);
    fs::create_dir_all(root.path().join("proc/stat")).unwrap();
    unreadable(&stat);
}

#[test]
fn this_machines_own_busy_time_rises() {
    let stat = ProcStat::new(Path::new("/"));
    match stat.busy() {
        Err(LoadError::Unreadable { path, source }) => {
            println!("skipped, because {} cannot be read: {source}", path.display());
        }
        first => assert!(stat.busy().unwrap().total() >= first.unwrap().total()),
    }
}

proptest! {
    // Each case writes two files.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_content_makes_it_panic(content in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&content);
        let _ = read(&[b"cpu ".as_slice(), &content].concat());
    }
}
