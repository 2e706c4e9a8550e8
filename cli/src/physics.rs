//! `maxwell physics`: which sensors there are, which are taken and why, and what they say.

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use clap::Args;
use maxwell_api::physics::{BackendReport, FigureReport, PartReport, PhysicsReport, ReadingReport, VERSION};
use maxwell_core::tick::{Figure, Provenance, Reading};
use maxwell_core::units::{Microjoules, Moment};
use maxwell_hypervisor::clock::{Clock, SystemClock};
use maxwell_physics::select::Selection;
use maxwell_physics::sensor::{Part, SensorError};

use crate::sensors::{Found, SensorOptions};

/// Time between the two samples that a power needs.
const BETWEEN_SAMPLES: Duration = Duration::from_millis(500);

/// Columns of a line, so that it fits a wide terminal; what is longer goes on below.
const COLUMNS: usize = 116;

/// Options of `maxwell physics`.
#[derive(Args, Debug)]
pub(crate) struct Options {
    #[command(flatten)]
    sensors: SensorOptions,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let Found { selection, .. } = options.sensors.choose()?;
    let report = report(&selection, read(&selection));
    let mut output = std::io::stdout().lock();
    let written =
        if options.json { write_json(&mut output, &report) } else { write_plain(&mut output, &report) };
    written.context("the output cannot be written")?;
    // What is wrong comes after what there is: that is where to look for it.
    report.trouble.map_or(Ok(ExitCode::SUCCESS), |trouble| Err(anyhow!(trouble)))
}

/// Two samples, because a power is the energy between them. A trace may begin after the first or end before the second;
/// then the other one is its reading. The reading, and how long it took.
fn read(selection: &Selection) -> Result<(Reading, Duration), SensorError> {
    let mut clock = SystemClock::start();
    let mut sample = |at: Moment| {
        clock.wait_until(at);
        let began = Instant::now();
        selection.sensor.sample(at).map(|reading| (reading, began.elapsed()))
    };
    let first = sample(Moment(0));
    let second = sample(Moment(BETWEEN_SAMPLES.as_nanos() as u64));
    second.or_else(|error| first.map_err(|_| error))
}

fn report(selection: &Selection, read: Result<(Reading, Duration), SensorError>) -> PhysicsReport {
    let backends = selection.verdicts.iter().map(|verdict| BackendReport {
        name: verdict.backend.name().into(),
        verdict: verdict.word().into(),
        reason: verdict.why().into(),
    });
    PhysicsReport {
        version: VERSION,
        backends: backends.collect(),
        tier: selection.tier.number(),
        tier_meaning: selection.tier.to_string(),
        reading: read.as_ref().ok().map(|(reading, _)| reading_report(reading)),
        trouble: read.as_ref().err().map(ToString::to_string),
        parts: selection.sensor.parts().iter().map(part).collect(),
        sample_us: read.ok().map(|(_, took)| took.as_secs_f64() * 1e6),
    }
}

pub(crate) fn reading_report(reading: &Reading) -> ReadingReport {
    ReadingReport {
        die_c: figure(&reading.die, |celsius| celsius.0),
        power_w: figure(&reading.power, |watts| watts.0),
        energy_j: figure(&reading.energy, Microjoules::as_joules),
    }
}

fn part(part: &Part) -> PartReport {
    PartReport {
        backend: part.backend.into(),
        label: part.label.clone(),
        kind: part.kind.word().into(),
        socket: part.socket,
        counter_j: part.counter.map(Microjoules::as_joules),
        energy_j: part.energy.map(|energy| figure(&energy, Microjoules::as_joules)),
        power_w: part.power.map(|power| figure(&power, |watts| watts.0)),
        celsius: part.celsius.map(|celsius| figure(&celsius, |celsius| celsius.0)),
        limit_c: part.limit.map(|limit| limit.0),
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
        let mut head = format!("  {:<9} {:<8} ", backend.name, backend.verdict);
        for line in wrapped(&backend.reason, COLUMNS - head.len()) {
            writeln!(out, "{head}{line}")?;
            head = " ".repeat(head.len());
        }
    }
    writeln!(out, "{}", report.tier_meaning)?;
    if let Some(ReadingReport { die_c, power_w, energy_j }) = &report.reading {
        for (name, figure, unit) in [("die", die_c, "°C"), ("power", power_w, "W"), ("energy", energy_j, "J")]
        {
            let FigureReport { value, error, provenance } = figure;
            writeln!(out, "  {name:<9} {value:>8.2} ± {error:.2} {unit}, {provenance}")?;
        }
    }
    write_parts(out, &report.parts)?;
    if let Some(took) = report.sample_us {
        writeln!(out, "the reading took {took:.0} µs")?;
    }
    out.flush()
}

/// A row for each part; a dash where it does not say.
fn write_parts(out: &mut impl Write, parts: &[PartReport]) -> std::io::Result<()> {
    if parts.is_empty() {
        return Ok(());
    }
    let width = parts.iter().map(|part| part.label.chars().count()).max().unwrap_or(0).max(4);
    writeln!(
        out,
        "  {:<width$}  {:<8}  {:>8}  {:>14}  {:>8}  {:>8}  backend",
        "part", "kind", "power W", "counter J", "die °C", "limit °C"
    )?;
    let number = |value: Option<f64>, decimals: usize| {
        value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
    };
    for part in parts {
        writeln!(
            out,
            "  {:<width$}  {:<8}  {:>8}  {:>14}  {:>8}  {:>8}  {}",
            part.label,
            part.kind,
            number(part.power_w.as_ref().map(|figure| figure.value), 2),
            number(part.counter_j, 3),
            number(part.celsius.as_ref().map(|figure| figure.value), 1),
            number(part.limit_c, 0),
            part.backend
        )?;
    }
    Ok(())
}

/// The words of a text in lines of at most so many columns; a word that is longer stands alone.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is always one");
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > columns {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}
