//! Instructions of each operation, counted by callgrind, which no other program on the machine can disturb.
//!
//! The benchmark runs itself under callgrind once for every number of orders. Counting is switched on inside the functions here
//! whose names begin with `counted`, and read from what callgrind says of each of them.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::figures::{CHANGES, Changes, SLOTS, Wanderers, limits};
use crate::structures::{Ladder, Structure};
use crate::{heading, row};

/// Before the number of orders on the command line of the benchmark that is being counted.
pub(crate) const COUNT: &str = "--count-instructions";

/// The functions that are counted, as callgrind is told.
const COUNTED: &str = "*instructions::counted_*";

/// What is counted: in which function, and how often it is done there.
const OPERATIONS: [(&str, &str, usize); 6] = [
    ("insert", "counted_inserts", CHANGES),
    ("cancel", "counted_removals", CHANGES),
    ("change of price", "counted_changes", CHANGES),
    ("change of one of a crowd", "counted_followers", CHANGES),
    ("clear of 64 slots", "counted_clears", CLEARS),
    ("tick with 1,000 changes", "counted_tick", 1),
];

const CLEARS: usize = 100;

/// Prices of a crowd, above all others.
const CROWD: [i64; 2] = [1_000_000, 1_100_000];

/// Numbers of orders between which the counts must be flat.
const ORDERS: [usize; 6] = [1_000, 10_000, 28_000, 100_000, 1_000_000, 10_000_000];

pub(crate) fn run() -> Result<()> {
    heading("Instructions of the ladder, counted by callgrind");
    if Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().is_err() {
        row("instructions", "skipped, because there is no valgrind on this machine");
        return Ok(());
    }
    let counts: Vec<Vec<f64>> = ORDERS.into_iter().map(counts).collect::<Result<_>>()?;
    for (number, (operation, ..)) in OPERATIONS.iter().enumerate() {
        let of: Vec<f64> = counts.iter().map(|counts| counts[number]).collect();
        let (least, most) =
            (of.iter().copied().fold(f64::INFINITY, f64::min), of.iter().copied().fold(0.0, f64::max));
        let shown: Vec<String> = of.iter().map(|count| format!("{count:.0}")).collect();
        row(operation, &format!("{:<40} most / least {:.2}", shown.join("  "), most / least));
    }
    row("orders", &ORDERS.map(|orders| orders.to_string()).join("  "));
    Ok(())
}

/// Instructions of each operation with so many orders.
fn counts(orders: usize) -> Result<Vec<f64>> {
    let folder = tempfile::tempdir().context("no folder for what callgrind writes")?;
    let output = folder.path().join("counts");
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet", "--collect-atstart=no"])
        .arg(format!("--toggle-collect={COUNTED}"))
        .arg(format!("--callgrind-out-file={}", output.display()))
        .arg(std::env::current_exe().context("this program has no path")?)
        .args([COUNT, &orders.to_string()])
        .status()
        .context("valgrind does not start")?;
    if !status.success() {
        bail!("the benchmark under callgrind ended with {status}");
    }
    let profile = fs::read_to_string(&output).context("callgrind has written nothing")?;
    let of = |(_, function, times): &(&str, &str, usize)| {
        let sum = inclusive(&profile, function);
        if sum == 0 {
            bail!("callgrind has counted nothing in {function}");
        }
        Ok(sum as f64 / *times as f64)
    };
    OPERATIONS.iter().map(of).collect()
}

/// What a function cost with all that it called: the sum over the lines under its name, of which those after `calls=` are what was
/// called. A name is written out once, with a number that stands for it afterwards ("Callgrind Format Specification").
fn inclusive(profile: &str, function: &str) -> u64 {
    let mut number = None;
    let mut is_inside = false;
    let mut sum = 0;
    for line in profile.lines() {
        if let Some((id, name)) = line.split_once("fn=(").and_then(|(_, named)| named.split_once(')')) {
            if name.contains(function) {
                number = Some(id);
            }
            if line.starts_with("fn=") {
                is_inside = number == Some(id);
            }
        } else if is_inside && line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first))
        {
            let cost = line.rsplit(' ').next().and_then(|cost| cost.parse::<u64>().ok());
            sum += cost.unwrap_or(0);
        }
    }
    sum
}

/// What is counted, with a book of so many orders.
pub(crate) fn walk_through(orders: usize) {
    let mut ladder = Ladder::fill(&limits(orders));
    let mut changes = Changes::new(&ladder, orders, CHANGES);
    counted_changes(&mut ladder, &mut changes);
    counted_clears(&mut ladder);
    counted_tick(&mut ladder, &mut changes);
    let mut wanderers = Wanderers::new(&ladder, orders);
    wanderers.meet(&mut ladder, CROWD[0]);
    counted_followers(&mut ladder, &wanderers);
    counted_removals(&mut ladder, &wanderers);
    counted_inserts(&mut ladder, &mut wanderers);
}

#[inline(never)]
fn counted_inserts(ladder: &mut Ladder, wanderers: &mut Wanderers) {
    wanderers.come(ladder);
}

/// A thousand orders that stand at one price follow it to another.
#[inline(never)]
fn counted_followers(ladder: &mut Ladder, wanderers: &Wanderers) {
    wanderers.meet(ladder, CROWD[1]);
}

#[inline(never)]
fn counted_changes(ladder: &mut Ladder, changes: &mut Changes) {
    changes.make(ladder);
}

#[inline(never)]
fn counted_removals(ladder: &mut Ladder, wanderers: &Wanderers) {
    wanderers.go(ladder);
}

#[inline(never)]
fn counted_clears(ladder: &mut Ladder) {
    for _ in 0..CLEARS {
        std::hint::black_box(ladder.clear(SLOTS));
    }
}

#[inline(never)]
fn counted_tick(ladder: &mut Ladder, changes: &mut Changes) {
    changes.make(ladder);
    std::hint::black_box(ladder.clear(SLOTS));
}
