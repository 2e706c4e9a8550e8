//! The checks of this repository, as one command.
//!
//! `cargo xtask check` runs every step and ends with one line, `check: N passed, M failed, K skipped`. Each test counts
//! by itself and each other step counts as one. A test that ran on a machine which lacks what it needs says
//! `skipped, because ...`; it counts as skipped and not as passed.

mod tree;

mod tidy;

mod process;

mod report;

mod steps;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};

use crate::report::Summary;
use crate::steps::{Settings, Step};

/// The checks of this repository, as one command.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs every check, cheap ones first, and sums them up in the last line.
    Check {
        /// Runs only this step. Can be given several times.
        #[arg(long, value_name = "STEP")]
        only: Vec<Step>,
        /// Says how many seeds the simulation plays.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
        seeds: u32,
    },
    /// Runs only the rules of this repository that no other tool knows.
    Tidy,
    /// Counts the seeds for which the story of the fast demonstration holds: at least 95 of 100 must.
    Story {
        /// Says how many seeds are tried.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
        seeds: u32,
    },
    /// Builds the agents for wasm again.
    Wasm,
}

fn main() -> anyhow::Result<ExitCode> {
    let root = repository_root()?;
    let summary = match Arguments::parse().task {
        Task::Check { only, seeds } => check(&Settings { root, seeds }, &only),
        Task::Tidy => check(&Settings { root, seeds: 0 }, &[Step::Tidy]),
        Task::Story { seeds } => {
            let mut summary = Summary::default();
            summary.run("story", || steps::runs::story(&root, seeds));
            summary
        }
        Task::Wasm => {
            let built = process::shown(&mut steps::wasm::build(&root))?;
            return Ok(if built { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
    };
    print!("{summary}");
    Ok(if summary.failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Runs the steps named, or all of them. A step that fails stops no other: each builds what it needs by itself, and one
/// run should show everything that is wrong.
fn check(settings: &Settings, only: &[Step]) -> Summary {
    let mut summary = Summary::default();
    for &step in Step::ALL {
        if only.is_empty() || only.contains(&step) {
            summary.run(step.name(), || step.run(settings));
        }
    }
    summary
}

/// The folder above this crate. It is asked for at run time, because several checkouts may share one target folder.
fn repository_root() -> anyhow::Result<PathBuf> {
    let crate_folder = std::env::var_os("CARGO_MANIFEST_DIR").context("start this as `cargo xtask`")?;
    let root = PathBuf::from(crate_folder).parent().map(PathBuf::from);
    root.context("this crate has no folder above it")
}
