//! What the order book takes of memory, and what every other structure takes, counted by the allocator.
//!
//! `cargo bench --workspace --bench market-memory`. It is a program of its own because counting makes allocations dear, and the
//! structures whose time `market` measures allocate.

#[allow(dead_code, reason = "`market` draws more than is counted here")]
mod prices;
#[allow(dead_code, reason = "`market` uses the structures for more than is counted here")]
mod structures;

use allocation_counter::measure;

use crate::prices::Random;
use crate::structures::{CONTENDERS, Ladder, Name, Structure};

/// Orders that are entered.
const ORDERS: usize = 1_000_000;
/// Ticks in which nothing may be allocated.
const TICKS: usize = 1_000;

fn main() {
    // `cargo test --benches` runs benchmarks too, to see that they still do.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    println!(
        "1,000,000 orders (all but the ladder keep the place of every order beside it: 16 bytes an order)\n"
    );
    let mut random = Random::new(7);
    let limits: Vec<i64> = (0..ORDERS).map(|_| random.limit()).collect();
    for contender in &CONTENDERS {
        // Some make room when they clear for the first time.
        let counted = measure(|| {
            let mut structure = (contender.fill)(&limits);
            structure.clear(64);
            std::mem::forget(structure);
        });
        row(contender.name, &format!("{:.1} bytes an order", counted.bytes_current as f64 / ORDERS as f64));
    }
    let mut ladder = Ladder::fill(&limits);
    let mut last = ladder.name(ORDERS - 1);
    let used = measure(|| (0..TICKS).for_each(|_| use_it(&mut ladder, &mut last, &mut random)));
    row("ladder: allocations in 1,000 ticks of all operations", &used.count_total.to_string());
    assert_eq!(used.count_total, 0, "the book allocates while it is used");
}

fn row(what: &str, figure: &str) {
    println!("{what:<58} {figure}");
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
