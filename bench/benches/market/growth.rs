//! How the cost of each structure grows with the number of orders.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::figures::{CHANGES, Changes, SLOTS, limits};
use crate::plot;
use crate::structures::{CONTENDERS, Structure};
use crate::timing::{hot, show, time};
use crate::{heading, row};

/// Numbers of orders.
const ORDERS: [usize; 6] = [100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];
/// What one figure may take to measure.
const PATIENCE: Duration = Duration::from_millis(400);

/// What one structure costs with so many orders, in nanoseconds.
pub(crate) struct Point {
    pub(crate) orders: usize,
    pub(crate) structure: &'static str,
    pub(crate) clear: f64,
    pub(crate) change: f64,
}

pub(crate) fn run(folder: Option<&Path>) -> Result<()> {
    heading("Growth: clear of 64 slots, and one change of price (hot, best of some runs)");
    let mut points = Vec::new();
    for orders in ORDERS {
        let limits = limits(orders);
        let mut prices = Vec::new();
        for contender in &CONTENDERS {
            let mut structure = (contender.fill)(&limits);
            prices.push(prices_of(&mut *structure, orders));
            let point = measure(contender.name, &mut *structure, orders);
            row(
                &format!("{orders} orders, {}", point.structure),
                &format!("clear {:<10} change {}", show(point.clear), show(point.change)),
            );
            points.push(point);
        }
        assert!(prices.iter().all(|other| *other == prices[0]), "all structures clear at the same prices");
    }
    let Some(folder) = folder else { return Ok(()) };
    write(&folder.join("book.csv"), &csv(&points))?;
    write(&folder.join("book.svg"), &plot::growth(&points)?)
}

/// What some ticks clear at, which must be the same for all.
fn prices_of(structure: &mut dyn Structure, orders: usize) -> Vec<i64> {
    let mut changes = Changes::new(structure, orders, 10);
    let mut price = || {
        changes.make(structure);
        structure.clear(SLOTS)
    };
    (0..3).map(|_| price()).collect()
}

fn measure(name: &'static str, structure: &mut dyn Structure, orders: usize) -> Point {
    let runs = |first: Duration| {
        let fitting = PATIENCE.as_secs_f64() / first.as_secs_f64().max(1e-9);
        (fitting as usize).clamp(3, 1_000)
    };
    let once = time(&mut || structure.clear(SLOTS));
    let clear = hot(runs(once), || structure.clear(SLOTS)).best;
    let once = time(&mut || Changes::new(structure, orders, 1).make(structure));
    let count = runs(once).min(CHANGES);
    let mut changes = Changes::new(structure, orders, count);
    let rounds = runs(once * count as u32);
    let change = hot(rounds, || changes.make(structure)).each(count).best;
    Point { orders, structure: name, clear, change }
}

fn csv(points: &[Point]) -> String {
    let mut text = "orders,structure,clear_of_64_ns,change_ns\n".to_owned();
    for Point { orders, structure, clear, change } in points {
        let _ = writeln!(text, "{orders},{structure},{clear:.0},{change:.1}");
    }
    text
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
