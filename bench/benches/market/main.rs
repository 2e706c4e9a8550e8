//! What the order book costs, beside every structure that could stand in its place, measured in one run.
//!
//! `cargo bench --workspace --bench market` prints tables; `-- figures`, `-- small`, `-- growth`, `-- sampled` and
//! `-- instructions` print a part of them. With `-- --write DIR` the growth is also written there as CSV and as a plot:
//! `docs/market` is made so. All structures are given the same orders in one process. For `figures` and `small` they take turns; for the
//! growth they come one after the other, because together they would not fit the memory. Each row is the best of several runs,
//! because a machine that does other things as well can only make it worse.

mod figures;
mod growth;
mod instructions;
mod plot;
mod prices;
mod sampled;
mod small;
mod structures;
mod timing;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// What can be asked for.
const PARTS: [&str; 5] = ["figures", "small", "growth", "sampled", "instructions"];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` runs benchmarks too, to see that they still do.
    if arguments.iter().any(|argument| argument == "--test") {
        return Ok(());
    }
    if let Some(orders) = value_of(&arguments, instructions::COUNT) {
        instructions::walk_through(orders.parse()?);
        return Ok(());
    }
    let folder = value_of(&arguments, "--write");
    let is_chosen = |name: &&String| !name.starts_with('-') && Some(name.as_str()) != folder;
    let chosen: Vec<&String> = arguments.iter().filter(is_chosen).collect();
    if let Some(unknown) = chosen.iter().find(|name| !PARTS.contains(&name.as_str())) {
        bail!("there is no part {unknown:?}: give some of {}, or none for all", PARTS.join(", "));
    }
    let wants = |part: &str| chosen.is_empty() || chosen.iter().any(|name| *name == part);
    if wants("figures") {
        figures::run();
    }
    if wants("small") {
        small::run();
    }
    if wants("growth") {
        growth::run(folder.and_then(in_workspace).as_deref())?;
    }
    if wants("sampled") {
        sampled::run();
    }
    if wants("instructions") {
        instructions::run()?;
    }
    Ok(())
}

/// What stands after an argument.
fn value_of<'a>(arguments: &'a [String], name: &str) -> Option<&'a str> {
    let place = arguments.iter().position(|argument| argument == name)?;
    arguments.get(place + 1).map(String::as_str)
}

/// Cargo runs benchmarks in the package's folder; the user means the workspace's.
fn in_workspace(folder: &str) -> Option<PathBuf> {
    Some(Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.join(folder))
}

/// Says a row.
fn row(what: &str, figure: &str) {
    println!("{what:<58} {figure}");
}

/// Says what follows.
fn heading(what: &str) {
    println!("\n{what}\n");
}
