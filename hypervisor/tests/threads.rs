//! No thread outlives its runtime. Alone in its process, so that the threads of other tests are not counted.

mod common;

use std::fs;
use std::time::Instant;

use common::{DEADLINE, Harness, Kind};

/// Threads of this process that belong to slots.
fn workers() -> usize {
    let tasks = fs::read_dir("/proc/self/task").expect("this is Linux").filter_map(Result::ok);
    let names = tasks.map(|task| fs::read_to_string(task.path().join("comm")).unwrap_or_default());
    names.filter(|name| name.starts_with("mw-slot")).count()
}

#[test]
fn a_dropped_runtime_leaves_no_thread_behind() {
    for _ in 0..5 {
        let mut harness = Harness::real_time(4);
        assert_eq!(workers(), 4);
        let (mut endless, _queue) = harness.cell(Kind::Endless);
        let (mut killed, _queue) = harness.cell(Kind::Endless);
        endless.grant(&harness.permit(3));
        killed.grant(&harness.permit(2));
        killed.kill();
        let start = Instant::now();
        drop(harness);
        assert!(start.elapsed() < DEADLINE);
        // A joined thread is listed until the kernel has cleared it away.
        while workers() > 0 {
            assert!(start.elapsed() < DEADLINE, "{} workers are left", workers());
            std::thread::yield_now();
        }
    }
}
