//! What the book takes of memory, counted by the allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use crate::prices::Random;
use crate::structures::{CONTENDERS, Ladder, Name, Structure};
use crate::{heading, row};

struct CountingAllocator;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

/// A thread that is ending has no counters any more, and nobody asks it.
fn count(allocations: u64, more: usize, less: usize) {
    let _ = ALLOCATIONS.try_with(|counter| counter.set(counter.get() + allocations));
    let _ = BYTES.try_with(|bytes| bytes.set(bytes.get().wrapping_add(more).wrapping_sub(less)));
}

// SAFETY: every call is passed on unchanged to the system's allocator; the counters beside it allocate nothing.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size(), 0);
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, 0, layout.size());
        // SAFETY: `pointer` came from `alloc` above with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, size, layout.size());
        // SAFETY: `pointer` came from `alloc` above with this layout, and the size is the caller's to keep valid.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Orders that are entered.
const ORDERS: usize = 1_000_000;
/// Ticks in which nothing may be allocated.
const TICKS: usize = 1_000;

pub(crate) fn run() {
    heading(
        "Memory, with 1,000,000 orders (the others keep the place of every order beside it: 16 bytes an order)",
    );
    let mut random = Random(7);
    let limits: Vec<i64> = (0..ORDERS).map(|_| random.limit()).collect();
    for contender in &CONTENDERS {
        let before = BYTES.get();
        let structure = (contender.fill)(&limits);
        let bytes = BYTES.get().wrapping_sub(before);
        row(contender.name, &format!("{:.1} bytes an order", bytes as f64 / ORDERS as f64));
        drop(structure);
    }
    let mut ladder = Ladder::fill(&limits);
    let mut last = ladder.name(ORDERS - 1);
    let before = ALLOCATIONS.get();
    for _ in 0..TICKS {
        use_it(&mut ladder, &mut last, &mut random);
    }
    let allocations = ALLOCATIONS.get() - before;
    row("ladder: allocations in 1,000 ticks of all operations", &allocations.to_string());
    assert_eq!(allocations, 0, "the book allocates while it is used");
}

/// A tick with every operation, on the orders that the book was filled with. The last of them goes, and another comes to its place.
fn use_it(ladder: &mut Ladder, last: &mut Name, random: &mut Random) {
    for _ in 0..100 {
        ladder.change(ladder.name(random.below(ORDERS - 1)), random.limit());
    }
    ladder.remove(*last);
    *last = ladder.insert(random.limit());
    ladder.clear(64);
}
