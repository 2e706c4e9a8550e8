//! The CPU cost of a tick, physics, market, ledger, simulated cells and telemetry included.
//!
//! `cargo bench --package maxwell-bench` prints the time of a hundred ticks for nodes of different size in one run, so
//! that the rows can be compared with each other on a noisy machine.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use maxwell_bench::node;

/// Ticks in one measured step: ten billing windows.
const TICKS: u64 = 100;

fn main() {
    divan::main();
}

/// Slots and agents.
#[divan::bench(args = [(2, 2), (8, 10), (8, 100), (8, 1_000), (64, 1_000)], sample_count = 50)]
fn hundred_ticks(bencher: Bencher, (slots, agents): (u16, usize)) {
    let mut bench = node(slots, agents);
    bench.walk(1_000);
    bencher.counter(ItemsCount::new(TICKS)).bench_local(|| {
        bench.drain();
        bench.walk(black_box(TICKS));
    });
}
