//! The step load on this machine.

use std::io::{IsTerminal, Write};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use maxwell_core::tick::Provenance;
use maxwell_core::units::{Celsius, Nanoseconds};
use maxwell_daemon::inbox::StopSwitch;
use maxwell_daemon::profile;
use maxwell_daemon::step_load::{self, Bench, BusyThreads, Phases};
use maxwell_hypervisor::clock::SystemClock;
use maxwell_physics::calibrate::Sample;
use maxwell_physics::calibrate::series::Series;
use maxwell_physics::model::MachineModel;
use maxwell_physics::select::{Backend, Choice, ModelInputs, Selection, choose};
use maxwell_physics::sensor::{ErrorBars, PartKind};
use maxwell_physics::thermal::Class;

use super::{Options, Run, is_metered, subject};
use crate::sensors;
use crate::signals::stop_on_signals;

pub(super) fn measure(options: &Options) -> Result<Run> {
    let root = options.sysfs_root.as_path();
    std::fs::read_dir(root).with_context(|| format!("the file tree {} cannot be read", root.display()))?;
    let slots = sensors::slots(root);
    let load = sensors::load(root);
    let machine = MachineModel::of_class(Class::Desktop, slots);
    let inputs = ModelInputs { machine, load: load.clone(), errors: ErrorBars::UNCALIBRATED };
    let selection = choose(root, &Choice::Auto, inputs)?;
    let mut clock = SystemClock::start();
    let metered = something_is_measured(&selection)?;
    if !metered {
        crate::complain("power is not measured here: the watts stay assumed, and the resistances with them");
    }
    let limit = options.limit.or_else(|| sensors::die_limit(&selection).map(|limit| limit.0));
    let seconds = |seconds: u64| Nanoseconds::from_millis(seconds * 1_000);
    let (settle, cool) = (seconds(options.idle), seconds(options.idle * 2));
    let phases = Phases { settle, full: seconds(options.full), cool };
    let stop = StopSwitch::default();
    stop_on_signals(&stop)?;
    let began = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let mut bench = Bench {
        sensor: &*selection.sensor,
        load: &*load,
        clock: &mut clock,
        switch: &mut BusyThreads::new(usize::from(slots)),
        is_over: &|| stop.is_interrupted(),
        limit: limit.map(Celsius),
        progress: &mut progress(phases.total()),
    };
    let samples = step_load::run(&mut bench, phases)?;
    let series = Series { began_unix_s: Some(began), samples };
    let subject = subject(slots, limit, die_error(&selection));
    Ok(Run { series, subject, identity: profile::identity(root) })
}

/// The largest error that a die's thermometer owned up to in the last sample.
fn die_error(selection: &Selection) -> Option<Celsius> {
    let dies = selection.sensor.parts().into_iter().filter(|part| part.kind != PartKind::Gpu);
    let errors = dies.filter_map(|part| part.celsius).map(|celsius| celsius.error);
    errors.max_by(|a, b| a.0.total_cmp(&b.0))
}

/// Whether power is measured; the temperature has to be.
fn something_is_measured(selection: &Selection) -> Result<bool> {
    let is_measured = |provenance| provenance == Provenance::Measured;
    match (is_measured(selection.die), is_measured(selection.power)) {
        (true, power) => Ok(power),
        (false, power) => {
            let what = if power { "the temperature is not" } else { "neither power nor temperature is" };
            let hardware = selection.verdicts.iter().filter(|verdict| verdict.backend < Backend::Replay);
            let missing: Vec<String> = hardware
                .map(|verdict| format!("{} ({})", verdict.backend.name(), verdict.outcome.why()))
                .collect();
            bail!(
                "{what} measured here, and a model that is fitted to itself says nothing; sensors that were looked \
                 for are {}; calibrate a machine that has some, or fit a recorded series with --series FILE.csv",
                missing.join(", ")
            )
        }
    }
}

/// A line that is written over itself once a second; nothing where no person is looking.
fn progress(total: Nanoseconds) -> impl FnMut(&Sample) {
    let watched = std::io::stderr().is_terminal();
    let mut shown = None;
    move |sample: &Sample| {
        let second = sample.at.as_seconds() as u64;
        if !watched || shown.replace(second) == Some(second) {
            return;
        }
        let (total, die) = (total.as_seconds(), sample.die.0);
        let power = match sample.power {
            Some(power) if is_metered(sample) => format!(", {:.1} W", power.value.0),
            _ => String::new(),
        };
        let line = format!("{second} of {total:.0} s, {:.1} busy CPUs, {die:.1} °C{power}", sample.busy_cpus);
        // Nobody is hurt by a line of progress that cannot be written.
        let _ = write!(std::io::stderr(), "\r{line:<70}");
        if sample.at.as_seconds() + step_load::PERIOD.as_seconds() > total {
            let _ = writeln!(std::io::stderr());
        }
    }
}
