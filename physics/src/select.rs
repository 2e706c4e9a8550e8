//! The choice of a backend, with the reason why each one was taken or refused.

use crate::load::LoadSource;
use crate::model::{MachineModel, ModelSensor};
use crate::replay::{ReplayError, ReplaySensor, Trace};
use crate::sensor::{ErrorBars, ThermalSensor};
use crate::thermal::ParameterError;
use crate::{model, replay};
use maxwell_core::tick::Provenance;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where readings can come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Backend {
    /// Model-specific registers: RAPL and thermal status, by CPU.
    Msr,
    /// The `power` events of the kernel's performance counters.
    Perf,
    /// The kernel's powercap files: RAPL energy.
    Powercap,
    /// The kernel's hardware monitoring files: temperatures.
    Hwmon,
    /// NVIDIA's management library.
    Nvml,
    /// A recorded trace.
    Replay,
    /// The thermal model, fed with CPU time.
    Model,
}

impl Backend {
    /// All backends, in the order in which they are tried.
    pub const ORDER: [Self; 7] =
        [Self::Msr, Self::Perf, Self::Powercap, Self::Hwmon, Self::Nvml, Self::Replay, Self::Model];

    /// The name that the user sees.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Msr => "msr",
            Self::Perf => "perf",
            Self::Powercap => "powercap",
            Self::Hwmon => "hwmon",
            Self::Nvml => "nvml",
            Self::Replay => replay::NAME,
            Self::Model => model::NAME,
        }
    }
}

/// What the user asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The best backend that the machine has.
    Auto,
    /// The thermal model.
    Model,
    /// The recorded trace in this file.
    Replay(PathBuf),
}

/// What became of a backend, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It gives the readings.
    Taken(String),
    /// It could have been taken.
    Refused(String),
    /// This version cannot read it, whatever the machine has.
    NotInThisVersion(String),
}

/// What became of one backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The backend.
    pub backend: Backend,
    /// What became of it.
    pub outcome: Outcome,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, why) = match &self.outcome {
            Outcome::Taken(why) => ("taken", why),
            Outcome::Refused(why) => ("refused", why),
            Outcome::NotInThisVersion(why) => ("not in this version", why),
        };
        write!(f, "{}: {word}: {why}", self.backend.name())
    }
}

/// How far the readings can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// 1: RAPL, calibrated to within 5 % of a reference.
    Calibrated = 1,
    /// 2: RAPL, uncalibrated.
    Uncalibrated = 2,
    /// 3: temperature measured, power modelled.
    TemperatureOnly = 3,
    /// 4: all modelled.
    Modelled = 4,
}

impl Tier {
    /// The tier of readings whose power and die temperature come from where these say. Nothing is calibrated yet, so
    /// it is never tier 1.
    pub const fn of(power: Provenance, die: Provenance) -> Self {
        match (power, die) {
            (Provenance::Measured, _) => Self::Uncalibrated,
            (_, Provenance::Measured) => Self::TemperatureOnly,
            _ => Self::Modelled,
        }
    }

    /// The tier's number, from 1 to 4.
    pub const fn number(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Self::Calibrated => "calibrated RAPL",
            Self::Uncalibrated => "RAPL, uncalibrated",
            Self::TemperatureOnly => "temperature measured, power modelled",
            Self::Modelled => "all modelled",
        };
        write!(f, "tier {}: {what}", self.number())
    }
}

/// What the model is made from, should it be taken.
pub struct ModelInputs {
    /// The machine. Its thermal parameters also give a replayed trace its die where the trace holds no temperature.
    pub machine: MachineModel,
    /// Where its CPU time comes from.
    pub load: Arc<dyn LoadSource>,
    /// How far it can be trusted.
    pub errors: ErrorBars,
}

/// The backend that was chosen, and the whole story.
pub struct Selection {
    /// What became of each backend, in the order of [`Backend::ORDER`]; exactly one was taken.
    pub verdicts: Vec<Verdict>,
    /// The backend that was taken.
    pub sensor: Box<dyn ThermalSensor>,
    /// How far its readings can be trusted. For a replay this is about the machine that was recorded.
    pub tier: Tier,
}

/// Why no backend could be taken.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// The trace that was asked for cannot be replayed.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The model that was asked for, or was the last resort, describes no possible machine.
    #[error(transparent)]
    Model(#[from] ParameterError),
}

/// Chooses a backend. Hardware is looked for in the file tree at `root` (`/` but in tests) so that the verdicts say
/// what the machine has; since this version reads none of it, `Auto` comes down to the model.
///
/// # Errors
/// When what was asked for cannot be had, see [`SelectError`]. Nothing else is taken in its place.
pub fn choose(root: &Path, choice: &Choice, inputs: ModelInputs) -> Result<Selection, SelectError> {
    let (taken, sensor, tier): (_, Box<dyn ThermalSensor>, _) = match choice {
        Choice::Auto | Choice::Model => {
            let sensor = ModelSensor::new(inputs.machine, inputs.load, inputs.errors)?;
            (Backend::Model, Box::new(sensor), Tier::Modelled)
        }
        Choice::Replay(path) => {
            let trace = Trace::open(path, &inputs.machine.thermal)?;
            let tier = worst_tier(&trace);
            (Backend::Replay, Box::new(ReplaySensor::new(trace)), tier)
        }
    };
    let verdict = |backend| Verdict { backend, outcome: outcome(backend, taken, root, choice) };
    Ok(Selection { verdicts: Backend::ORDER.map(verdict).into(), sensor, tier })
}

/// The trust that every sample of the trace deserves.
fn worst_tier(trace: &Trace) -> Tier {
    let tiers = trace.samples().iter().map(|sample| Tier::of(sample.power_provenance, sample.die_provenance));
    tiers.max().unwrap_or(Tier::Modelled)
}

fn outcome(backend: Backend, taken: Backend, root: &Path, choice: &Choice) -> Outcome {
    let why = match (backend, choice) {
        (Backend::Replay, Choice::Replay(path)) => format!("{} was asked for", path.display()),
        (Backend::Replay, _) => "no trace was asked for".to_owned(),
        (Backend::Model, Choice::Model) => "it was asked for".to_owned(),
        (Backend::Model, Choice::Auto) => {
            "no backend before it can be read, and it works anywhere".to_owned()
        }
        (Backend::Model, Choice::Replay(_)) => "a trace was asked for".to_owned(),
        (hardware, _) => return Outcome::NotInThisVersion(found(hardware, root)),
    };
    if backend == taken { Outcome::Taken(why) } else { Outcome::Refused(why) }
}

/// What the machine has for a hardware backend.
fn found(backend: Backend, root: &Path) -> String {
    let chips = |folder: &str, prefix: &str| first_entry(&root.join(folder), prefix);
    let candidates = match backend {
        Backend::Msr => vec![root.join("dev/cpu/0/msr")],
        Backend::Perf => vec![root.join("sys/bus/event_source/devices/power/events/energy-pkg")],
        Backend::Powercap => vec![chips("sys/class/powercap", "intel-rapl:")],
        Backend::Hwmon => vec![chips("sys/class/hwmon", "hwmon"), chips("sys/class/thermal", "thermal_zone")],
        Backend::Nvml => vec![root.join("dev/nvidiactl")],
        Backend::Replay | Backend::Model => unreachable!("{} is not hardware", backend.name()),
    };
    let names = |paths: &[PathBuf]| paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>();
    let present: Vec<PathBuf> = candidates.iter().filter(|path| path.exists()).cloned().collect();
    if present.is_empty() {
        let verb = if candidates.len() == 1 { "is" } else { "are" };
        return format!("{} {verb} absent", names(&candidates).join(" and "));
    }
    let verb = if present.len() == 1 { "is" } else { "are" };
    format!("{} {verb} present, but this version does not read it yet", names(&present).join(" and "))
}

/// The first entry of `folder` by name that starts with `prefix`; if there is none, the one that would be the first.
fn first_entry(folder: &Path, prefix: &str) -> PathBuf {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let first = entries.filter(|name| name.to_string_lossy().starts_with(prefix)).min();
    first.map_or_else(|| folder.join(format!("{prefix}0")), |name| folder.join(name))
}
