//! Counts allocations of each thread, so that what a polling thread does does not blur the count.

/// Allocations that `work` makes on this thread.
pub(crate) fn allocations_in(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total
}

#[test]
fn the_counter_counts() {
    assert!(allocations_in(|| drop(std::hint::black_box(vec![1_u8]))) > 0);
}
