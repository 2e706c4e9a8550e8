//! After warm-up the calls of a tick allocate nothing and open no file, behind every gate.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell as Counter;
use std::fs;

use common::{Harness, usage};
use maxwell_core::units::Nanoseconds;
use maxwell_hypervisor::cell::Cell;
use maxwell_hypervisor::process::GateKind;

struct CountingAllocator;

thread_local! {
    static ALLOCATIONS: Counter<u64> = const { Counter::new(0) };
}

fn count() {
    // A thread that is ending has no counter any more, and nobody asks it.
    let _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
}

// SAFETY: every call is passed on unchanged to the system's allocator; the counter beside it allocates nothing.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `alloc` above with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

#[test]
fn a_tick_of_process_cells_allocates_nothing() {
    for gate in [GateKind::FreezerV2, GateKind::FreezerV1, GateKind::Signals] {
        let Some(mut harness) = Harness::process(gate, 2) else { continue };
        let (mut cell, _queue) = harness.shell("while :; do :; done");
        harness.quanta_until(&mut cell, |usage| usage.used > Nanoseconds::ZERO);
        // Without a cpuset every thread is looked up when a cell moves.
        let findings = harness.host.as_ref().expect("processes").findings();
        let moves = findings.iter().any(|finding| finding.starts_with("cpuset: works"));
        let (before, files) = (ALLOCATIONS.get(), open_files());
        let counted = ALLOCATIONS.get();
        assert!(counted > before, "the counter counts");
        for round in 0..100 {
            let slot = if moves { round % 2 } else { 0 };
            harness.quantum(&mut cell, slot);
            cell.grant(&harness.permit(slot));
            usage(&mut cell);
            cell.park();
        }
        assert_eq!(ALLOCATIONS.get(), counted, "{gate}");
        assert_eq!(open_files(), files);
    }
}

fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").expect("the kernel lists them").count()
}
