//! `maxwell physics`: which sensors there are, which one is taken and why, and what it says.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use maxwell_api::physics::{BackendReport, FigureReport, PhysicsReport, ReadingReport, VERSION};
use maxwell_core::tick::{Figure, Provenance, Reading};
use maxwell_core::units::{Microjoules, Moment};
use maxwell_hypervisor::clock::{Clock, SystemClock};
use maxwell_physics::load::ProcStat;
use maxwell_physics::model::MachineModel;
use maxwell_physics::select::{Choice, ModelInputs, Outcome, Selection, choose};
use maxwell_physics::sensor::ErrorBars;
use maxwell_physics::thermal::Class;

/// Time between the two samples that a modelled power needs.
const BETWEEN_SAMPLES: Duration = Duration::from_millis(500);

/// Options of `maxwell physics`.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Replay a recorded trace instead of looking for sensors
    #[arg(long, value_name = "FILE.csv")]
    trace: Option<PathBuf>,
    /// Look for sensors in this file tree
    #[arg(long, value_name = "DIR", default_value = "/")]
    sysfs_root: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let slots = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(1_024) as u16);
    let machine = MachineModel::of_class(Class::Desktop, slots);
    let selection = select(options, machine)?;
    let reading = read(&selection)?;
    let report = report(&selection, &reading);
    let mut output = std::io::stdout().lock();
    let written =
        if options.json { write_json(&mut output, &report) } else { write_plain(&mut output, &report) };
    written.context("the output cannot be written")?;
    Ok(ExitCode::SUCCESS)
}

fn select(options: &Options, machine: MachineModel) -> Result<Selection> {
    let root: &Path = &options.sysfs_root;
    std::fs::read_dir(root).with_context(|| format!("the file tree {} cannot be read", root.display()))?;
    let choice = options.trace.clone().map_or(Choice::Auto, Choice::Replay);
    let inputs =
        ModelInputs { machine, load: Arc::new(ProcStat::new(root)), errors: ErrorBars::UNCALIBRATED };
    Ok(choose(root, &choice, inputs)?)
}

/// Two samples: the power of the model is the CPU time between them. A trace may begin after the first or end before the
/// second; then the other one is its reading.
fn read(selection: &Selection) -> Result<Reading> {
    let mut clock = SystemClock::start();
    let mut sample = |at: Moment| {
        clock.wait_until(at);
        selection.sensor.sample(at)
    };
    let first = sample(Moment(0));
    let second = sample(Moment(BETWEEN_SAMPLES.as_nanos() as u64));
    Ok(second.or_else(|error| first.map_err(|_| error))?)
}

fn report(selection: &Selection, reading: &Reading) -> PhysicsReport {
    let backends = selection.verdicts.iter().map(|verdict| {
        let (word, reason) = match &verdict.outcome {
            Outcome::Taken(why) => ("taken", why),
            Outcome::Refused(why) => ("refused", why),
            Outcome::NotInThisVersion(why) => ("not in this version", why),
        };
        BackendReport { name: verdict.backend.name().into(), verdict: word.into(), reason: reason.clone() }
    });
    PhysicsReport {
        version: VERSION,
        backends: backends.collect(),
        tier: selection.tier.number(),
        tier_meaning: selection.tier.to_string(),
        reading: ReadingReport {
            die_c: figure(&reading.die, |celsius| celsius.0),
            power_w: figure(&reading.power, |watts| watts.0),
            energy_j: figure(&reading.energy, Microjoules::as_joules),
        },
    }
}

fn figure<T: Copy>(figure: &Figure<T>, number: impl Fn(T) -> f64) -> FigureReport {
    let provenance = match figure.provenance {
        Provenance::Measured => "measured",
        Provenance::Modelled => "modelled",
        Provenance::Unknown => "unknown",
    };
    FigureReport { value: number(figure.value), error: number(figure.error), provenance: provenance.into() }
}

fn write_json(out: &mut impl Write, report: &PhysicsReport) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    writeln!(out)?;
    out.flush()
}

fn write_plain(out: &mut impl Write, report: &PhysicsReport) -> std::io::Result<()> {
    writeln!(out, "backends, in the order in which they are tried:")?;
    for backend in &report.backends {
        writeln!(out, "  {:<9} {:<20} {}", backend.name, backend.verdict, backend.reason)?;
    }
    writeln!(out, "{}", report.tier_meaning)?;
    let reading = &report.reading;
    let figures =
        [("die", &reading.die_c, "°C"), ("power", &reading.power_w, "W"), ("energy", &reading.energy_j, "J")];
    for (name, figure, unit) in figures {
        let FigureReport { value, error, provenance } = figure;
        writeln!(out, "  {name:<9} {value:>8.2} ± {error:.2} {unit}, {provenance}")?;
    }
    out.flush()
}
