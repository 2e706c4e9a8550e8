//! Which sensors a command reads: options that several commands share.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use maxwell_core::limits::SLOTS_MAX;
use maxwell_core::units::Celsius;
use maxwell_daemon::profile;
use maxwell_physics::corrected::Correction;
use maxwell_physics::frequency::{EXPONENT, FrequencyWeighted};
use maxwell_physics::load::LoadSource;
use maxwell_physics::model::MachineModel;
use maxwell_physics::select::{Backend, Choice, ModelInputs, Selection, Tier, choose};
use maxwell_physics::sensor::{ErrorBars, PartKind};
use maxwell_physics::thermal::Class;

/// What to read.
#[derive(Args, Debug)]
pub(crate) struct SensorOptions {
    /// Replay a recorded trace instead of looking for sensors
    #[arg(long, value_name = "FILE.csv", conflicts_with = "backend")]
    trace: Option<PathBuf>,
    /// Read this backend and no other; what it does not give is modelled
    #[arg(long, value_name = "NAME")]
    backend: Option<BackendName>,
    /// Look for sensors in this file tree
    #[arg(long, value_name = "DIR", default_value = "/")]
    sysfs_root: PathBuf,
    /// Take the machine to be as `maxwell calibrate` found it
    #[arg(long, value_name = "FILE.json", conflicts_with = "class")]
    profile: Option<PathBuf>,
    /// What kind of machine it is, where there is no profile
    #[arg(long, value_enum, default_value_t = ClassName::Desktop)]
    class: ClassName,
}

/// The backends that can be asked for by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum BackendName {
    Msr,
    Perf,
    Powercap,
    Hwmon,
    Nvml,
    Model,
}

impl BackendName {
    const fn backend(self) -> Backend {
        match self {
            Self::Msr => Backend::Msr,
            Self::Perf => Backend::Perf,
            Self::Powercap => Backend::Powercap,
            Self::Hwmon => Backend::Hwmon,
            Self::Nvml => Backend::Nvml,
            Self::Model => Backend::Model,
        }
    }
}

/// Sensors, and the machine that they are on.
pub(crate) struct Found {
    pub(crate) selection: Selection,
    pub(crate) machine: MachineModel,
    /// Set point and critical temperature, where the profile names them.
    pub(crate) set_point_and_critical: Option<(Celsius, Celsius)>,
}

/// The hardware classes by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ClassName {
    Mobile,
    Desktop,
    Workstation,
    Server,
}

impl ClassName {
    const fn class(self) -> Class {
        match self {
            Self::Mobile => Class::Mobile,
            Self::Desktop => Class::Desktop,
            Self::Workstation => Class::Workstation,
            Self::Server => Class::Server,
        }
    }
}

impl SensorOptions {
    /// Chooses the sensors. A machine without a profile is a typical one of its class with its number of CPUs.
    pub(crate) fn choose(&self) -> Result<Found> {
        let root = &self.sysfs_root;
        std::fs::read_dir(root)
            .with_context(|| format!("the file tree {} cannot be read", root.display()))?;
        let choice = match (&self.trace, self.backend) {
            (Some(trace), _) => Choice::Replay(trace.clone()),
            (None, Some(name)) => Choice::Only(name.backend()),
            (None, None) => Choice::Auto,
        };
        let profile = self.profile.as_deref().map(profile::load).transpose()?;
        let warning = profile.as_ref().and_then(|profile| profile.warning(&profile::identity(root)));
        let (machine, errors) = profile.as_ref().map_or_else(
            || (MachineModel::of_class(self.class.class(), slots(root)), ErrorBars::UNCALIBRATED),
            |profile| (profile.machine, profile.errors),
        );
        let mut selection = choose(root, &choice, ModelInputs { machine, load: load(root), errors })?;
        // A recording is of whatever machine it is of; another machine's correction is worth no first tier here.
        let correction = profile.as_ref().and_then(|profile| profile.correction);
        if let (Some(correction), None) = (correction, &self.trace) {
            let tier = if warning.is_none() { correction.tier } else { Tier::Uncalibrated };
            selection = selection.corrected(Correction { tier, ..correction })?;
        }
        if let Some(warning) = warning {
            crate::complain(&warning);
        }
        let set_point_and_critical = profile.and_then(|profile| profile.set_point_and_critical);
        Ok(Found { selection, machine, set_point_and_critical })
    }
}

/// CPU time of the machine, each CPU's weighted by its frequency where the kernel tells it. Calibration fits the watts of a
/// CPU to the same time that the model is fed with.
pub(crate) fn load(root: &Path) -> Arc<dyn LoadSource> {
    Arc::new(FrequencyWeighted::new(root, EXPONENT))
}

/// CPUs of the machine below `root`, as its kernel lists them; where it lists none, those of this process.
pub(crate) fn slots(root: &Path) -> u16 {
    let listed = profile::identity(root).cpus;
    let own =
        || std::thread::available_parallelism().map_or(1, NonZero::get).min(usize::from(SLOTS_MAX)) as u16;
    if listed == 0 { own() } else { listed.min(SLOTS_MAX) }
}

/// The temperature at which the hardware throttles its processors, where it says so: GPUs have limits of their own.
pub(crate) fn die_limit(selection: &Selection) -> Option<Celsius> {
    let dies = selection.sensor.parts().into_iter().filter(|part| part.kind != PartKind::Gpu);
    dies.filter_map(|part| part.limit).min_by(|a, b| a.0.total_cmp(&b.0))
}
