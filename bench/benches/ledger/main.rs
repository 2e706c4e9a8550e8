//! What the ledger promises, measured in one run: in memory, on disk beside `SQLite`, at a restart, in an audit.
//!
//! `cargo bench --workspace --bench ledger` prints a table; `-- memory`, `-- proof` and `-- disk` print a part of it. The rows are measured one after the other in one process, so that
//! they can be compared with each other on a noisy machine; the ratio to `SQLite` is of runs that take turns.

mod disk;
mod memory;
mod proof;
mod world;

use std::time::{Duration, Instant};

fn main() {
    // `cargo test --benches` runs benchmarks too, to see that they still do.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let chosen: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let parts: [(&str, fn()); 3] = [("memory", memory::run), ("proof", proof::run), ("disk", disk::run)];
    for (name, run) in parts {
        if chosen.is_empty() || chosen.iter().any(|part| part == name) {
            run();
        }
    }
}

/// Says a row.
fn row(what: &str, figure: &str) {
    println!("{what:<66} {figure}");
}

/// How long it takes: the middle of several runs.
fn median<T>(runs: usize, mut measured: impl FnMut() -> T) -> Duration {
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let begun = Instant::now();
            std::hint::black_box(measured());
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[runs / 2]
}

/// Millions a second.
fn rate(count: u64, took: Duration) -> String {
    format!("{:.2} million a second", count as f64 / took.as_secs_f64() / 1e6)
}
