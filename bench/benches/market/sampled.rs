//! Whether the clearing price of a very large book is better estimated from a sample than read from the book.

use std::ops::ControlFlow;
use std::time::Duration;

use maxwell_core::auction::book::{LadderBook, OrderBook};
use maxwell_core::units::Microjoules;

use crate::prices::Random;
use crate::structures::Ladder;
use crate::timing::{hot, show, time};
use crate::{heading, row};

/// Estimates of one kind: what is shown is the middle of their errors, and the worst.
const TRIES: usize = 100;

/// Orders that are walked one by one at the most.
const WALKED_MAX: usize = 100_000;

/// How prices are spread, and how one is drawn.
type Kind = (&'static str, fn(&mut Random) -> i64);

pub(crate) fn run() {
    let kinds: [Kind; 2] =
        [("over two octaves", Random::limit), ("Pareto, exponent 1.16", Random::pareto_limit)];
    for orders in [1_000_000, 10_000_000] {
        for (kind, limit) in kinds {
            let mut random = Random::new(11);
            let limits: Vec<i64> = (0..orders).map(|_| limit(&mut random)).collect();
            heading(&format!("The k-th best of {orders} limits, prices {kind}"));
            let mut book = Ladder::fill(&limits).book;
            for k in [64, 10_000, 100_000, orders / 2] {
                exact(&mut book, k);
                estimates(&limits, k);
            }
        }
    }
}

/// The price by the book: walking over orders, as long as that is bearable, and over prices with the number of orders at each.
fn exact(book: &mut LadderBook, k: usize) {
    let counted = hot(50, || count(book, k));
    let by_orders = if k > WALKED_MAX {
        "not walked".to_owned()
    } else {
        assert_eq!(walk(book, k), count(book, k), "both ways lead to one price");
        show(hot(5, || walk(book, k)).best)
    };
    let both = format!("orders {by_orders:<10} prices {:<10} exact", show(counted.best));
    row(&format!("k = {k}: walk of the ladder, by"), &both);
}

fn walk(book: &mut LadderBook, k: usize) -> Microjoules {
    let (mut seen, mut price) = (0, Microjoules::ZERO);
    book.best_first(Microjoules(1), &mut |_, order| {
        seen += 1;
        price = order.limit;
        if seen == k { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    price
}

fn count(book: &LadderBook, k: usize) -> Microjoules {
    let mut left = k;
    for (price, orders) in book.depth(Microjoules(1)) {
        if orders as usize >= left {
            return price;
        }
        left -= orders as usize;
    }
    Microjoules::ZERO
}

/// The price by samples of three sizes: the quantile of the sample that k is of all.
fn estimates(limits: &[i64], k: usize) {
    let mut sorted = limits.to_vec();
    let exact = *sorted.select_nth_unstable_by(k - 1, |a, b| b.cmp(a)).1 as f64;
    drop(sorted);
    let mut random = Random::new(13);
    for size in [1_000, 10_000, 100_000] {
        let mut errors = Vec::new();
        let mut best = Duration::MAX;
        for _ in 0..TRIES {
            // Drawing is left out of the time: a faster generator would not make the estimate any better.
            let drawn: Vec<usize> = (0..size).map(|_| random.below(limits.len())).collect();
            let mut price = 0;
            best = best.min(time(&mut || price = estimate(limits, k, &drawn)));
            errors.push((price as f64 - exact).abs() / exact * 100.0);
        }
        errors.sort_by(f64::total_cmp);
        let (middle, worst) = (errors[TRIES / 2], errors[TRIES - 1]);
        row(
            &format!("k = {k}: sample of {size}"),
            &format!(
                "{:<10} error {middle:.2} % (median), {worst:.2} % (worst of {TRIES})",
                show(best.as_secs_f64() * 1e9)
            ),
        );
    }
}

fn estimate(limits: &[i64], k: usize, drawn: &[usize]) -> i64 {
    let size = drawn.len();
    let mut sample: Vec<i64> = drawn.iter().map(|place| limits[*place]).collect();
    let rank = (k as f64 / limits.len() as f64 * size as f64).ceil() as usize;
    *sample.select_nth_unstable_by(rank.clamp(1, size) - 1, |a, b| b.cmp(a)).1
}
