//! After warm-up the tick path allocates nothing: counted, on the thread that walks the ticks.
//!
//! The allocator counts per thread, so what cells, sampler and verifier do on theirs does not blur the count.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use maxwell_bench::{node, policy_node, recorded_node, wasm_node};

struct CountingAllocator;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
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

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: `pointer` came from `alloc` above with this layout, and the size is the caller's to keep valid.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn allocations_in(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

#[test]
fn the_counter_counts() {
    assert!(allocations_in(|| drop(std::hint::black_box(vec![1_u8]))) > 0);
}

#[test]
fn a_tick_of_a_hundred_agents_on_eight_slots_allocates_nothing() {
    let mut bench = node(8, 100);
    bench.walk(3_000);
    bench.drain();
    assert_eq!(allocations_in(|| bench.walk(5_000)), 0);
}

#[test]
fn a_tick_in_which_policies_bid_allocates_nothing() {
    let mut bench = policy_node(8, 100);
    bench.walk(3_000);
    bench.drain();
    assert_eq!(allocations_in(|| bench.walk(5_000)), 0);
}

#[test]
fn a_tick_of_a_node_whose_money_is_on_record_allocates_nothing() {
    let mut bench = recorded_node(8, 100);
    bench.walk(3_000);
    bench.drain();
    assert_eq!(allocations_in(|| bench.walk(5_000)), 0);
}

#[test]
fn a_tick_with_real_wasm_cells_in_real_time_allocates_nothing() {
    let mut bench = wasm_node();
    bench.walk(100);
    bench.drain();
    assert_eq!(allocations_in(|| bench.walk(150)), 0);
}
