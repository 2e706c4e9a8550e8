//! The choice of a backend, with the reason why each one was taken or refused.

mod search;

use crate::corrected::Corrected;
use crate::corrected::Correction;
use crate::load::LoadSource;
use crate::model::MachineModel;
use crate::replay::{ReplayError, ReplaySensor, Sample, Trace};
use crate::sensor::{ErrorBars, ThermalSensor};
use crate::thermal::ParameterError;
use crate::{model, replay};
use maxwell_core::tick::Provenance;
use search::Search;
use std::fmt;
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
    /// The best that the machine has: the first backend that counts energy, the first that reads the die, GPUs besides,
    /// and the model for what none of them gives.
    Auto,
    /// This backend and no other, with the model for what it does not give. A replay needs [`Choice::Replay`].
    Only(Backend),
    /// The recorded trace in this file.
    Replay(PathBuf),
}

/// What became of a backend, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It gives readings, or a part of them.
    Taken(String),
    /// It is not there, may not be read, or is not needed.
    Refused(String),
}

impl Outcome {
    /// The reason.
    pub fn why(&self) -> &str {
        match self {
            Self::Taken(why) | Self::Refused(why) => why,
        }
    }
}

/// What became of one backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The backend.
    pub backend: Backend,
    /// What became of it.
    pub outcome: Outcome,
}

impl Verdict {
    /// Why it was taken or refused.
    pub fn why(&self) -> &str {
        self.outcome.why()
    }

    /// What became of it, in a word.
    pub const fn word(&self) -> &'static str {
        match self.outcome {
            Outcome::Taken(_) => "taken",
            Outcome::Refused(_) => "refused",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.backend.name(), self.word(), self.why())
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
    /// The tier of readings whose power and die temperature come from where these say, on a machine that was not
    /// calibrated.
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

/// The backends that were chosen, and the whole story.
pub struct Selection {
    /// What became of each backend, in the order of [`Backend::ORDER`]; at least one was taken.
    pub verdicts: Vec<Verdict>,
    /// What they are read through.
    pub sensor: Box<dyn ThermalSensor>,
    /// Where power and energy come from. For a replay this and what follows is about the machine that was recorded.
    pub power: Provenance,
    /// Where the die's temperature comes from.
    pub die: Provenance,
    /// How far the readings can be trusted.
    pub tier: Tier,
}

impl Selection {
    /// The same with measured power and energy corrected, as a comparison with a meter asks for; modelled power stays as
    /// it is.
    ///
    /// # Errors
    /// When the correction is impossible, see [`Correction::validate`].
    pub fn corrected(self, correction: Correction) -> Result<Self, ParameterError> {
        if self.power != Provenance::Measured {
            return Ok(self);
        }
        let sensor = Box::new(Corrected::new(self.sensor, correction)?);
        Ok(Self { sensor, tier: correction.tier, ..self })
    }
}

/// Why no backend could be taken.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// The trace that was asked for cannot be replayed.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// A replay was asked for without a trace.
    #[error("a replay needs a recorded trace; name its file")]
    NoTrace,
    /// The backend that was asked for gives nothing here.
    #[error("the backend {backend} was asked for and cannot be taken: {why}", backend = .0.backend.name(), why = .0.why())]
    Unavailable(Verdict),
    /// The model that was asked for, or is needed beside the hardware, describes no possible machine.
    #[error(transparent)]
    Model(#[from] ParameterError),
}

/// Chooses what is read. Hardware is looked for in the file tree at `root`, `/` but in tests and for machines that are
/// looked at from outside; what belongs to a running kernel or driver is refused for any other root.
///
/// # Errors
/// When what was asked for cannot be had, see [`SelectError`]. Nothing else is taken in its place.
pub fn choose(root: &Path, choice: &Choice, inputs: ModelInputs) -> Result<Selection, SelectError> {
    match choice {
        Choice::Replay(path) => replayed(path, &inputs),
        Choice::Only(Backend::Replay) => Err(SelectError::NoTrace),
        Choice::Auto | Choice::Only(_) => found(root, choice, inputs),
    }
}

fn replayed(path: &Path, inputs: &ModelInputs) -> Result<Selection, SelectError> {
    let trace = Trace::open(path, &inputs.machine.thermal)?;
    let outcome = |backend| match backend {
        Backend::Replay => Outcome::Taken(format!("{} was asked for", path.display())),
        _ => Outcome::Refused("a trace was asked for".to_owned()),
    };
    let verdict = |backend| Verdict { backend, outcome: outcome(backend) };
    let worst = |provenance: fn(&Sample) -> Provenance| {
        let all_measured = trace.samples().iter().all(|sample| provenance(sample) == Provenance::Measured);
        if all_measured { Provenance::Measured } else { Provenance::Modelled }
    };
    let (power, die) = (worst(|sample| sample.power_provenance), worst(|sample| sample.die_provenance));
    let verdicts = Backend::ORDER.map(verdict).into();
    Ok(Selection {
        verdicts,
        sensor: Box::new(ReplaySensor::new(trace)),
        power,
        die,
        tier: Tier::of(power, die),
    })
}

fn found(root: &Path, choice: &Choice, inputs: ModelInputs) -> Result<Selection, SelectError> {
    let mut search = Search::new(root);
    let verdicts = Backend::ORDER.map(|backend| search.look(backend, choice));
    if let Choice::Only(asked) = choice {
        let of_it = verdicts.iter().find(|verdict| verdict.backend == *asked).expect("each has a verdict");
        if let Outcome::Refused(_) = of_it.outcome {
            return Err(SelectError::Unavailable(of_it.clone()));
        }
    }
    let (power, die) = search.provenances();
    let sensor = search.sensor(inputs)?;
    Ok(Selection { verdicts: verdicts.into(), sensor, power, die, tier: Tier::of(power, die) })
}
