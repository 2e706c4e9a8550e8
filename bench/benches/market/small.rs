//! The small books that people really have: a tick in which a tenth of the orders change their price and eight slots are sold.

use crate::figures::{Changes, limits};
use crate::structures::CONTENDERS;
use crate::timing::{in_turns, show};
use crate::{heading, row};

/// Ticks that are measured together, because one is shorter than the clock is sharp.
const TICKS: usize = 100;

pub(crate) fn run() {
    heading("Small books: a tick with a tenth of the orders changed and 8 slots sold");
    for orders in [10, 100, 1_000] {
        let limits = limits(orders);
        let works = CONTENDERS.iter().map(|contender| {
            let mut structure = (contender.fill)(&limits);
            let mut changes = Changes::new(&*structure, orders, orders / 10);
            Box::new(move || {
                for _ in 0..TICKS {
                    changes.make(&mut *structure);
                    structure.clear(8);
                }
            }) as Box<dyn FnMut()>
        });
        let took = in_turns(20, works).into_iter().map(|took| took.each(TICKS).best);
        let ticks: Vec<(&str, f64)> = CONTENDERS.iter().map(|contender| contender.name).zip(took).collect();
        for (name, took) in &ticks {
            row(&format!("{orders} orders, {name}"), &show(*took));
        }
        let others = ticks[1..].iter().map(|(_, took)| *took).fold(f64::INFINITY, f64::min);
        row(&format!("{orders} orders, ladder / the best other"), &format!("{:.2}", ticks[0].1 / others));
    }
}
