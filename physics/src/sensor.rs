//! What every sensor can do.

use maxwell_core::tick::{Figure, Provenance, Reading};
use maxwell_core::units::{Celsius, Microjoules, Moment, Watts};

/// Reads the machine's heat: die temperature, energy since a fixed origin, power.
pub trait ThermalSensor: Send + Sync {
    /// Name of the backend, as `maxwell physics` shows it.
    fn name(&self) -> &'static str;

    /// Reads the machine at `now`. Times must not run backwards from one call to the next.
    ///
    /// # Errors
    /// See [`SensorError`]; the caller goes on without a fresh reading, which the controller treats as heat.
    fn sample(&self, now: Moment) -> Result<Reading, SensorError>;

    /// What each part of the machine said at the last sample that succeeded, for the operator; empty where the backend
    /// knows no parts or has not been sampled. Takes a lock and allocates.
    fn parts(&self) -> Vec<Part> {
        Vec::new()
    }
}

impl<S: ThermalSensor + ?Sized> ThermalSensor for Box<S> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn sample(&self, now: Moment) -> Result<Reading, SensorError> {
        (**self).sample(now)
    }

    fn parts(&self) -> Vec<Part> {
        (**self).parts()
    }
}

/// One package, memory, GPU or temperature probe with its own figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Backend that reads it.
    pub backend: &'static str,
    /// Its name, such as `package 0`, `memory 1`, `Tctl` or a GPU's model.
    pub label: String,
    /// What it is.
    pub kind: PartKind,
    /// The socket that it sits in, where it sits in one.
    pub socket: Option<u16>,
    /// The counter as it stands, before wraps are undone.
    pub counter: Option<Microjoules>,
    /// Energy since the first sample.
    pub energy: Option<Figure<Microjoules>>,
    /// Power between the last two samples.
    pub power: Option<Figure<Watts>>,
    /// Its temperature.
    pub celsius: Option<Figure<Celsius>>,
    /// The temperature at which the hardware throttles itself, where it says so.
    pub limit: Option<Celsius>,
}

/// What a part of the machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartKind {
    /// A whole processor package: what is billed.
    Package,
    /// The cores of a package, or one of them; contained in the package.
    Cores,
    /// What a package has beside cores, such as its own graphics; contained in the package.
    Uncore,
    /// Memory of a socket; not contained in the package.
    Memory,
    /// The whole platform, as its firmware defines it; contains everything else.
    Platform,
    /// A graphics processor on a card of its own.
    Gpu,
    /// A thermometer that counts no energy.
    Probe,
}

impl PartKind {
    /// The kind in a word, as reports spell it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Package => "package",
            Self::Cores => "cores",
            Self::Uncore => "uncore",
            Self::Memory => "memory",
            Self::Platform => "platform",
            Self::Gpu => "gpu",
            Self::Probe => "probe",
        }
    }
}

/// Why a sensor gave no reading, by what the caller should do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SensorError {
    /// Passing: the next sample may succeed.
    #[error("{backend}: no reading this time: {why}")]
    Retry {
        /// Backend that failed.
        backend: &'static str,
        /// What happened.
        why: String,
    },
    /// Lasting: choose another backend.
    #[error("{backend}: will give no more readings: {why}")]
    Gone {
        /// Backend that failed.
        backend: &'static str,
        /// What happened.
        why: String,
    },
}

/// How wide the error bars of a backend are that cannot know its own error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErrorBars {
    /// Half the width for power, and for energy since the origin, as a share of the value.
    pub ratio: f64,
    /// Half the width for the die temperature, in degrees.
    pub die: Celsius,
}

impl ErrorBars {
    /// A model whose parameters nobody fitted to this machine. An assumption, not a measurement: watts per CPU differ
    /// by about a third between parts of one class, and the cooling is not known at all.
    pub const UNCALIBRATED: Self = Self { ratio: 0.3, die: Celsius(10.0) };

    /// RAPL as the maker set it, and a digital sensor in the die. Assumptions: RAPL is within 5 % of a meter when
    /// calibrated and twice as far off when not; the sensors of a die are good to 5 °C.
    pub const RAPL: Self = Self { ratio: 0.1, die: Celsius(5.0) };

    /// NVIDIA's own figure: power within 5 W of the board, which is 5 % of a card at 100 W; the die as for RAPL.
    pub const NVML: Self = Self { ratio: 0.05, die: Celsius(5.0) };

    /// No error: for the demonstration and the simulation, where the model *is* the machine by definition.
    pub const NONE: Self = Self { ratio: 0.0, die: Celsius(0.0) };

    /// A temperature with this error bar.
    pub const fn die(self, value: Celsius, provenance: Provenance) -> Figure<Celsius> {
        Figure { value, error: self.die, provenance }
    }

    /// A power with this error bar.
    pub fn power(self, value: Watts, provenance: Provenance) -> Figure<Watts> {
        Figure { value, error: Watts(value.0 * self.ratio), provenance }
    }

    /// An energy since the origin with this error bar.
    pub fn energy(self, value: Microjoules, provenance: Provenance) -> Figure<Microjoules> {
        Figure { value, error: Microjoules((value.0 as f64 * self.ratio).round() as i64), provenance }
    }
}
