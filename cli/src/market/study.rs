//! `maxwell market study`: what strategic bidders do to the market.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;

use anyhow::Result;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use maxwell_study::{Plan, write};

use crate::output;

/// How the bar looks.
const STYLE: &str = "[{bar:24}] {msg} {pos}/{len}";

/// Options of `maxwell market study`.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Seed of every game; the same one gives the same study
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true)]
    seed: u64,
    /// Games of each family at rest, from 1 to 100000 [default: 1000, with --quick 15]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    games: Option<u32>,
    /// Folder for tables, games and plots; a new or an empty one
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Study little, within seconds: the tails are then those of few games
    #[arg(long)]
    quick: bool,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

impl Options {
    fn plan(&self) -> Plan {
        let plan = if self.quick { Plan::quick(self.seed) } else { Plan::whole(self.seed) };
        Plan { games: self.games.map_or(plan.games, |games| games as usize), ..plan }
    }

    /// The command that repeats the study.
    fn command(&self) -> String {
        let Plan { seed, games, .. } = self.plan();
        let quick = if self.quick { " --quick" } else { "" };
        format!("maxwell market study --seed {seed} --games {games}{quick} --out DIR")
    }
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    // Before the work and not after it.
    if let Some(dir) = &options.out {
        write::make_room(dir)?;
    }
    // On a terminal only; it goes to standard error, so JSON stays alone on standard output.
    let bar = ProgressBar::new(0).with_style(ProgressStyle::with_template(STYLE)?);
    let shown = Mutex::new("");
    let study = maxwell_study::run(&options.plan(), &|part, done, all| {
        if let Ok(mut shown) = shown.lock()
            && *shown != part
        {
            *shown = part;
            bar.reset();
            bar.set_length(all as u64);
            bar.set_message(part);
        }
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    if let Some(dir) = &options.out {
        study.write(dir, &options.command())?;
    }
    output::write(options.json, &study.report, |out, report| {
        write!(out, "{}", write::headline(report))?;
        match &options.out {
            Some(dir) => writeln!(out, "Tables and plots are in {}.", dir.join("README.md").display()),
            None => write!(out, "{}", write::tables(report)),
        }
    })?;
    Ok(ExitCode::SUCCESS)
}
