//! `maxwell calibrate`: a step load on this machine or a recorded one, fitted and written as a profile.

mod measure;
mod show;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;
use maxwell_api::profile::{CalibrationReport, MachineIdentity, ReferenceReport};
use maxwell_core::tick::Provenance;
use maxwell_core::units::Celsius;
use maxwell_daemon::profile;
use maxwell_daemon::step_load::StepLoadError;
use maxwell_physics::calibrate::reference::{Reference, ReferenceFit};
use maxwell_physics::calibrate::series::{Series, TEXT_MAX};
use maxwell_physics::calibrate::{Sample, Subject, fit};
use maxwell_physics::model::MachineModel;
use maxwell_physics::thermal::Class;

use crate::signals::INTERRUPTED;

/// Options of `maxwell calibrate`.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Seconds without load before it; after it twice as long
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(10..=3_600))]
    idle: u64,
    /// Seconds of full load: four time constants of the heat sink, or its figures stay open
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(10..=3_600))]
    full: u64,
    /// Write the profile here
    #[arg(long, value_name = "FILE", default_value = "maxwell-profile.json")]
    out: PathBuf,
    /// Overwrite files that exist
    #[arg(long)]
    force: bool,
    /// Fit this recorded series (`t_s,busy_cpus,die_c,power_w`) instead of running a load
    #[arg(long, value_name = "FILE.csv", conflicts_with_all = ["idle", "full", "record"])]
    series: Option<PathBuf>,
    /// Keep the recorded series here, so that it can be fitted again
    #[arg(long, value_name = "FILE.csv")]
    record: Option<PathBuf>,
    /// What an external power meter said meanwhile (`t_s,power_w`): Unix time, or seconds since the run began. Read after
    /// the run
    #[arg(long, value_name = "FILE.csv")]
    reference: Option<PathBuf>,
    /// Temperature in °C at which the hardware throttles itself, where its sensors do not tell
    #[arg(long, value_name = "DEGREES")]
    limit: Option<f64>,
    /// Look for sensors in this file tree
    #[arg(long, value_name = "DIR", default_value = "/")]
    sysfs_root: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A step load, and the machine that it ran on.
struct Run {
    series: Series,
    subject: Subject,
    identity: MachineIdentity,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    // Before minutes of load, not after them.
    for path in [Some(&options.out), options.record.as_ref()].into_iter().flatten() {
        let free = options.force || !path.exists();
        ensure!(free, "{} exists; choose another name, or overwrite it with --force", path.display());
        // The folder of a bare name is that of the process, whose path is empty here.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        ensure!(folder.is_dir(), "there is no folder {}; make it, or choose another one", folder.display());
    }
    let run = match &options.series {
        Some(path) => recorded(path, options.limit)?,
        None => match measure::measure(options) {
            Err(error) if matches!(error.downcast_ref(), Some(StepLoadError::Interrupted)) => {
                crate::complain(&format!("{error:#}"));
                return Ok(ExitCode::from(INTERRUPTED));
            }
            run => run?,
        },
    };
    if let Some(path) = &options.record {
        fs::write(path, run.series.to_csv())
            .with_context(|| format!("the series cannot be written to {}", path.display()))?;
    }
    let report = calibrated(run, options)?;
    show::write(&report, options.json).context("the output cannot be written")?;
    Ok(ExitCode::SUCCESS)
}

/// Fits the run and writes its profile.
fn calibrated(mut run: Run, options: &Options) -> Result<CalibrationReport> {
    let compared = options.reference.as_deref().map(|path| compare(path, &run.series)).transpose()?;
    let correction = compared.as_ref().map(|(_, fit)| fit.correction());
    if let Some(correction) = correction {
        correction.validate()?;
        // The profile is in the meter's watts, as the corrected readings of the node will be.
        for power in run.series.samples.iter_mut().filter_map(|sample| sample.power.as_mut()) {
            power.value = correction.power(power.value);
        }
    }
    let samples = &run.series.samples;
    let fit = fit(samples, &run.subject)?;
    let profile = profile::of_fit(&fit, samples.len(), correction, run.subject.limit, run.identity);
    profile::save(&options.out, &profile)?;
    Ok(CalibrationReport {
        profile,
        written_to: options.out.display().to_string(),
        reference: compared.map(|(reference, fit)| ReferenceReport {
            clock: reference.clock.words().to_owned(),
            lag_s: fit.lag_s,
            scale_se: fit.scale.standard_error,
            offset_se_w: fit.offset.standard_error,
            residual_w: fit.residual.0,
            windows: fit.windows as u64,
            tier: fit.tier().number(),
        }),
    })
}

fn compare(path: &Path, series: &Series) -> Result<(Reference, ReferenceFit)> {
    let reference = Reference::parse(&text(path)?).with_context(|| path.display().to_string())?;
    let fit = reference.compare(series).with_context(|| path.display().to_string())?;
    Ok((reference, fit))
}

/// A series from a file. It may come from another machine, so its CPUs are those that were busy under full load, and
/// nobody knows its thermometer.
fn recorded(path: &Path, limit: Option<f64>) -> Result<Run> {
    let series = Series::parse(&text(path)?).with_context(|| path.display().to_string())?;
    let slots = busy_at_full_load(&series.samples).round().clamp(1.0, 1_024.0) as u16;
    let identity = MachineIdentity { cpu: String::new(), cpus: slots };
    Ok(Run { series, subject: subject(slots, limit, None), identity })
}

/// The median of the load where it is more than half of the highest. Single samples show more CPUs than there are,
/// because the kernel counts time in ticks of 10 ms: 8.6 of 8.
fn busy_at_full_load(samples: &[Sample]) -> f64 {
    let highest = samples.iter().map(|sample| sample.busy_cpus).fold(0.0, f64::max);
    let loads = samples.iter().map(|sample| sample.busy_cpus);
    let mut full: Vec<f64> = loads.filter(|busy| *busy >= 0.5 * highest).collect();
    full.sort_by(f64::total_cmp);
    full.get(full.len() / 2).copied().unwrap_or_default()
}

fn subject(slots: u16, limit: Option<f64>, die_error: Option<Celsius>) -> Subject {
    Subject { assumed: MachineModel::of_class(Class::Desktop, slots), limit: limit.map(Celsius), die_error }
}

fn text(path: &Path) -> Result<String> {
    let mut text = String::new();
    // One byte more than a table may have, which then refuses the text.
    fs::File::open(path)
        .and_then(|file| file.take(TEXT_MAX as u64 + 1).read_to_string(&mut text))
        .with_context(|| format!("{} cannot be read; name a CSV file", path.display()))?;
    Ok(text)
}

/// Whether a sample's power was measured.
fn is_metered(sample: &Sample) -> bool {
    sample.power.is_some_and(|power| power.provenance == Provenance::Measured)
}

#[cfg(test)]
mod tests {
    use super::*;
    use maxwell_core::units::Moment;

    #[test]
    fn one_sample_that_shows_too_much_adds_no_cpu() {
        let sample = |busy_cpus| Sample { at: Moment(0), busy_cpus, power: None, die: Celsius(40.0) };
        let loads = [0.1, 0.0, 0.2, 0.1, 0.0, 4.0, 7.9, 8.0, 8.6, 8.0, 7.7, 8.1, 0.3, 0.0];
        let samples = loads.map(sample);
        assert_eq!(busy_at_full_load(&samples).round() as u16, 8);
        assert_eq!(busy_at_full_load(&[]).round() as u16, 0);
    }
}
