//! The promised figures, at a million orders: hot and with cold caches.
//!
//! *Hot* means that the same thousand orders are changed again and again, and that caches hold what they hold after that. *Cold*
//! means that they hold nothing: a buffer larger than all of them is streamed before each run. One operation is a thousandth of a
//! thousand of them on different orders, which the machine overlaps as far as it can.

use crate::prices::Random;
use crate::structures::{CONTENDERS, Contender, Ladder, LazyHeap, Name, Structure};
use crate::timing::{Evictor, Took, hot, show, time};
use crate::{heading, row};

/// Orders in the book.
const ORDERS: usize = 1_000_000;
/// Slots sold in a tick.
pub(crate) const SLOTS: usize = 64;
/// Runs with cold caches.
const COLD_RUNS: usize = 30;
/// Orders changed in a tick.
pub(crate) const CHANGES: usize = 1_000;

pub(crate) fn run() {
    let mut evictor = Evictor::new();
    let limits = limits(ORDERS);
    heading("1,000,000 orders at 2,048 prices: best of many runs (and the median)");
    operations(&limits, &mut evictor);
    let first = CONTENDERS.iter().take(3);
    for contender in first {
        ticks(contender, &limits, &mut evictor);
    }
    stall(&limits);
    heading("BTreeMap / ladder, hot");
    for orders in [100_000, 1_000_000, 10_000_000] {
        ratios(orders);
    }
}

/// The limits of so many orders.
pub(crate) fn limits(orders: usize) -> Vec<i64> {
    let mut random = Random(orders as u64);
    (0..orders).map(|_| random.limit()).collect()
}

/// Changes of a thousand orders, there and back.
pub(crate) struct Changes {
    names: Vec<Name>,
    limits: [Vec<i64>; 2],
    round: usize,
}

impl Changes {
    pub(crate) fn new(orders: usize, count: usize) -> Self {
        let mut random = Random(3);
        let names = (0..count).map(|_| random.below(orders) as Name).collect();
        let limits = [(); 2].map(|()| (0..count).map(|_| random.limit()).collect());
        Self { names, limits, round: 0 }
    }

    pub(crate) fn make(&mut self, structure: &mut dyn Structure) {
        self.round += 1;
        for (name, limit) in self.names.iter().zip(&self.limits[self.round % 2]) {
            structure.change(*name, *limit);
        }
    }
}

fn operations(limits: &[i64], evictor: &mut Evictor) {
    let mut ladder = Ladder::fill(limits, CHANGES);
    let mut random = Random(5);
    let newcomers: Vec<(Name, i64)> =
        (0..CHANGES).map(|number| ((limits.len() + number) as Name, random.limit())).collect();
    let mut coming_and_going = |runs: usize, evictor: &mut Option<&mut Evictor>| {
        let (mut came, mut left) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            if let Some(evictor) = evictor {
                evictor.evict();
            }
            came.push(time(&mut || newcomers.iter().for_each(|(name, limit)| ladder.insert(*name, *limit))));
            if let Some(evictor) = evictor {
                evictor.evict();
            }
            left.push(time(&mut || newcomers.iter().for_each(|(name, _)| ladder.remove(*name))));
        }
        [Took::of(came).each(CHANGES), Took::of(left).each(CHANGES)]
    };
    let hot_ones = coming_and_going(200, &mut None);
    let cold_ones = coming_and_going(COLD_RUNS, &mut Some(evictor));
    say("ladder", "insert", hot_ones[0], cold_ones[0]);
    say("ladder", "cancel", hot_ones[1], cold_ones[1]);
    let mut changes = Changes::new(limits.len(), CHANGES);
    let warm = hot(200, || changes.make(&mut ladder)).each(CHANGES);
    let cold = evictor.cold(COLD_RUNS, || changes.make(&mut ladder)).each(CHANGES);
    say("ladder", "change of price", warm, cold);
}

fn ticks(contender: &Contender, limits: &[i64], evictor: &mut Evictor) {
    let mut structure = (contender.fill)(limits, 0);
    let mut changes = Changes::new(limits.len(), CHANGES);
    let cleared = hot(2_000, || structure.clear(SLOTS));
    let cold = evictor.cold(COLD_RUNS, || structure.clear(SLOTS));
    say(contender.name, "clear of 64 slots", cleared, cold);
    let mut tick = || {
        changes.make(&mut *structure);
        structure.clear(SLOTS)
    };
    let ticked = hot(200, &mut tick);
    say(contender.name, "tick with 1,000 changes", ticked, evictor.cold(COLD_RUNS, tick));
}

fn say(structure: &str, what: &str, hot: Took, cold: Took) {
    let both = |took: Took| format!("{} ({})", show(took.best), show(took.median));
    row(&format!("{structure}: {what}"), &format!("hot {:<22} cold {}", both(hot), both(cold)));
}

/// The longest tick of the lazy heap: the one in which it is cleaned.
fn stall(limits: &[i64]) {
    let mut heap = LazyHeap::fill(limits, 0);
    let mut changes = Changes::new(limits.len(), CHANGES);
    let mut worst = 0.0_f64;
    while heap.cleanings < 3 {
        let took = time(&mut || {
            changes.make(&mut heap);
            heap.clear(SLOTS)
        });
        worst = worst.max(took.as_secs_f64() * 1e9);
    }
    row("lazy heap: the tick in which it is cleaned", &show(worst));
}

fn ratios(orders: usize) {
    let limits = limits(orders);
    let measured = CONTENDERS[..2].iter().map(|contender| {
        let mut structure = (contender.fill)(&limits, 0);
        let mut changes = Changes::new(orders, CHANGES);
        let cleared = hot(2_000, || structure.clear(SLOTS)).best;
        let moved = hot(100, || changes.make(&mut *structure)).best;
        [cleared, moved, cleared + moved]
    });
    let measured: Vec<[f64; 3]> = measured.collect();
    let [clear, change, tick] = [0, 1, 2].map(|part| measured[1][part] / measured[0][part]);
    row(
        &format!("{orders} orders"),
        &format!("clear of 64: {clear:.1}, 1,000 changes: {change:.1}, tick of both: {tick:.1}"),
    );
}
