//! After warm-up the calls of a tick allocate nothing and open no file, behind every gate.

mod common;

use std::fs;

use allocation_counter::measure;
use common::{Harness, usage};
use maxwell_core::units::Nanoseconds;
use maxwell_hypervisor::cell::Cell;
use maxwell_hypervisor::process::GateKind;

#[test]
fn the_counter_counts() {
    assert!(measure(|| drop(std::hint::black_box(vec![1_u8]))).count_total > 0);
}

#[test]
fn a_tick_of_process_cells_allocates_nothing() {
    for gate in [GateKind::FreezerV2, GateKind::FreezerV1, GateKind::Signals] {
        let Some(mut harness) = Harness::process(gate, 2) else { continue };
        let (mut cell, _queue) = harness.shell("while :; do :; done");
        harness.quanta_until(&mut cell, |usage| usage.used > Nanoseconds::ZERO);
        // Without a cpuset every thread is looked up when a cell moves.
        let findings = harness.host.as_ref().expect("processes").findings();
        let moves = findings.iter().any(|finding| finding.starts_with("cpuset: works"));
        let files = open_files();
        let counted = measure(|| {
            for round in 0..100 {
                let slot = if moves { round % 2 } else { 0 };
                harness.quantum(&mut cell, slot);
                cell.grant(&harness.permit(slot));
                usage(&mut cell);
                cell.park();
            }
        });
        assert_eq!(counted.count_total, 0, "{gate}");
        assert_eq!(open_files(), files);
    }
}

fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").expect("the kernel lists them").count()
}
