//! The promised figures, at a million orders: hot and with cold caches.
//!
//! *Hot* means that the same thousand orders are changed again and again, and that caches hold what they hold after that. *Cold*
//! means that they hold nothing: a buffer larger than all of them is streamed before each run. One operation is a thousandth of a
//! thousand of them on different orders, which the machine overlaps as far as it can.

use std::collections::BTreeSet;

use crate::prices::Random;
use crate::structures::{CONTENDERS, Contender, Ladder, LazyHeap, Name, Structure};
use crate::timing::{Evictor, Took, hot, in_turns, show, time};
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
    ticks(&CONTENDERS[..3], &limits, &mut evictor);
    stall(&limits);
    heading("BTreeMap / ladder, hot");
    for orders in [100_000, 1_000_000, 10_000_000] {
        ratios(orders);
    }
}

/// The limits of so many orders.
pub(crate) fn limits(orders: usize) -> Vec<i64> {
    let mut random = Random::new(orders as u64);
    (0..orders).map(|_| random.limit()).collect()
}

/// Changes of a thousand orders of a structure, there and back.
pub(crate) struct Changes {
    names: Vec<Name>,
    limits: [Vec<i64>; 2],
    round: usize,
}

impl Changes {
    /// Of so many among the first orders that the structure was filled with.
    pub(crate) fn new(structure: &dyn Structure, orders: usize, count: usize) -> Self {
        let mut random = Random::new(3);
        let names = (0..count).map(|_| structure.name(random.below(orders))).collect();
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

/// A thousand orders, anywhere in the book, that go and come. The book has so many at least.
pub(crate) struct Wanderers {
    names: Vec<Name>,
    limits: Vec<i64>,
}

impl Wanderers {
    pub(crate) fn new(ladder: &Ladder, orders: usize) -> Self {
        let mut random = Random::new(5);
        let mut names = BTreeSet::new();
        while names.len() < CHANGES {
            names.insert(ladder.name(random.below(orders)));
        }
        Self { names: names.into_iter().collect(), limits: (0..CHANGES).map(|_| random.limit()).collect() }
    }

    pub(crate) fn go(&self, ladder: &mut Ladder) {
        self.names.iter().for_each(|name| ladder.remove(*name));
    }

    /// All of them change to one price.
    pub(crate) fn meet(&self, ladder: &mut Ladder, limit: i64) {
        self.names.iter().for_each(|name| ladder.change(*name, limit));
    }

    pub(crate) fn come(&mut self, ladder: &mut Ladder) {
        for (name, limit) in self.names.iter_mut().zip(&self.limits) {
            *name = ladder.insert(*limit);
        }
    }
}

fn operations(limits: &[i64], evictor: &mut Evictor) {
    let mut ladder = Ladder::fill(limits);
    let mut wanderers = Wanderers::new(&ladder, limits.len());
    let mut going_and_coming = |runs: usize, prepare: &mut dyn FnMut()| {
        let (mut left, mut came) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            prepare();
            left.push(time(&mut || wanderers.go(&mut ladder)));
            prepare();
            came.push(time(&mut || wanderers.come(&mut ladder)));
        }
        [Took::of(came).each(CHANGES), Took::of(left).each(CHANGES)]
    };
    let hot_ones = going_and_coming(200, &mut || {});
    let cold_ones = going_and_coming(COLD_RUNS, &mut || evictor.evict());
    say("ladder", "insert", hot_ones[0], cold_ones[0]);
    say("ladder", "cancel", hot_ones[1], cold_ones[1]);
    let mut ladder = Ladder::fill(limits);
    let mut changes = Changes::new(&ladder, limits.len(), CHANGES);
    let warm = hot(200, || changes.make(&mut ladder)).each(CHANGES);
    let cold = evictor.cold(COLD_RUNS, || changes.make(&mut ladder)).each(CHANGES);
    say("ladder", "change of price", warm, cold);
}

/// A structure that is used, and the changes that are made to it.
struct Used {
    structure: Box<dyn Structure>,
    changes: Changes,
}

impl Used {
    fn new(contender: &Contender, limits: &[i64]) -> Self {
        let structure = (contender.fill)(limits);
        let changes = Changes::new(&*structure, limits.len(), CHANGES);
        Self { structure, changes }
    }

    fn clear(&mut self) {
        std::hint::black_box(self.structure.clear(SLOTS));
    }

    fn change(&mut self) {
        self.changes.make(&mut *self.structure);
    }

    fn tick(&mut self) {
        self.change();
        self.clear();
    }
}

fn ticks(contenders: &[Contender], limits: &[i64], evictor: &mut Evictor) {
    let mut used: Vec<Used> = contenders.iter().map(|contender| Used::new(contender, limits)).collect();
    let cleared = each(&mut used, 200, Used::clear);
    let ticked = each(&mut used, 20, Used::tick);
    for ((contender, used), (cleared, ticked)) in
        contenders.iter().zip(&mut used).zip(cleared.iter().zip(ticked))
    {
        say(contender.name, "clear of 64 slots", *cleared, evictor.cold(COLD_RUNS, || used.clear()));
        say(contender.name, "tick with 1,000 changes", ticked, evictor.cold(COLD_RUNS, || used.tick()));
    }
}

/// What one thing takes with each structure.
fn each(used: &mut [Used], runs: usize, work: fn(&mut Used)) -> Vec<Took> {
    in_turns(runs, used.iter_mut().map(|used| Box::new(move || work(used)) as Box<dyn FnMut()>))
}

fn say(structure: &str, what: &str, hot: Took, cold: Took) {
    let both = |took: Took| format!("{} ({})", show(took.best), show(took.median));
    row(&format!("{structure}: {what}"), &format!("hot {:<22} cold {}", both(hot), both(cold)));
}

/// The longest tick of the lazy heap: the one in which it is cleaned.
fn stall(limits: &[i64]) {
    let mut heap = LazyHeap::fill(limits);
    let mut changes = Changes::new(&heap, limits.len(), CHANGES);
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
    let mut used: Vec<Used> = CONTENDERS[..2].iter().map(|contender| Used::new(contender, &limits)).collect();
    let mut ratio = |runs, work| {
        let took = each(&mut used, runs, work);
        took[1].best / took[0].best
    };
    let [clear, change, tick] =
        [ratio(200, Used::clear as fn(&mut Used)), ratio(10, Used::change), ratio(10, Used::tick)];
    row(
        &format!("{orders} orders"),
        &format!("clear of 64: {clear:.1}, 1,000 changes: {change:.1}, tick of both: {tick:.1}"),
    );
}
