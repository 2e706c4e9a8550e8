//! What goes wrong, and the seams through which it does: a sensor and a clock that fail as they are told to.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use maxwell_core::tick::Reading;
use maxwell_core::units::{Celsius, Microjoules, Moment, Nanoseconds};
use maxwell_hypervisor::clock::{Clock, VirtualClock};
use maxwell_physics::model::ModelSensor;
use maxwell_physics::sensor::{SensorError, ThermalSensor};

/// Name of the failing sensor's backend.
const NAME: &str = "model with faults";

/// What the sensor says when it fails as it was told to. The guard's refusals say something else.
const AS_TOLD: &str = "as it was told to";

/// What the energy counter shows at the beginning: the machine has been up for a while. A fall to zero is far below
/// whatever is used until the next reading, so that nothing hides it.
const COUNTED_BEFORE: Microjoules = Microjoules(10_000_000_000_000);

/// Something that goes wrong for a while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fault {
    /// When it begins.
    pub from: Moment,
    /// When it is over.
    pub until: Moment,
    /// What it is.
    pub kind: FaultKind,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FaultKind {
    /// The sensor gives no reading.
    SensorLost,
    /// The sensor says that it will never give a reading again.
    SensorGone,
    /// The sensor repeats its last reading, old time included.
    SensorStale,
    /// The sensor repeats its last figures and says that they are new; its energy stands still too.
    SensorFrozen,
    /// The sensor's temperature and power are far off, up or down; its energy is right.
    SensorSpike {
        /// Kelvin that the die seems hotter.
        kelvin: f64,
        /// Watts that it seems to draw more.
        watts: f64,
    },
    /// The sensor gives no reading, and what is used meanwhile is never known: the epoch of its energy rises.
    EnergyUnknown,
    /// The energy counter begins again at zero, once, at the beginning; what was used since the last reading is never known.
    EnergyFell {
        /// Whether the sensor says so, by a new epoch. Otherwise it is for the guard to find out; but a counter that has
        /// fallen before is so near to zero that another fall can go unseen, and so the sensor says that one always.
        told: bool,
    },
    /// A fan fails: the die heads for so many kelvin more, with this time constant in seconds.
    Heat {
        /// Kelvin.
        rise: f64,
        /// Seconds.
        tau_s: f64,
    },
    /// The host takes the node off its CPU once, at the beginning, for so long.
    Stall(Nanoseconds),
    /// The verifier takes no more claims.
    VerifierBusy,
    /// The verifier answers so many ticks late.
    VerifierLate(u64),
    /// The energy counter runs twice as fast as the energy: no world has it, a test does.
    EnergyDoubled,
}

impl Fault {
    /// Whether it is there at `now`.
    pub fn is_on(&self, now: Moment) -> bool {
        (self.from..self.until).contains(&now)
    }

    /// Its kind, in the words of the coverage.
    pub const fn name(&self) -> &'static str {
        match self.kind {
            FaultKind::SensorLost => "faults: sensor lost",
            FaultKind::SensorGone => "faults: sensor gone",
            FaultKind::SensorStale => "faults: sensor stale",
            FaultKind::SensorFrozen => "faults: sensor frozen",
            FaultKind::SensorSpike { .. } => "faults: sensor spike",
            FaultKind::EnergyUnknown => "faults: energy unknown",
            FaultKind::EnergyFell { told: true } => "faults: energy fell, told",
            FaultKind::EnergyFell { told: false } => "faults: energy fell, not told",
            FaultKind::Heat { .. } => "faults: heat",
            FaultKind::Stall(_) => "faults: stall",
            FaultKind::VerifierBusy => "faults: verifier busy",
            FaultKind::VerifierLate(_) => "faults: verifier late",
            FaultKind::EnergyDoubled => "faults: energy doubled",
        }
    }

    /// Kelvin that it adds to the die at `now`.
    fn heat(&self, now: Moment) -> f64 {
        let FaultKind::Heat { rise, tau_s } = self.kind else { return 0.0 };
        let risen = |span: Nanoseconds| rise * (1.0 - (-span.as_seconds() / tau_s).exp());
        let cooled = (-now.since(self.until).as_seconds() / tau_s).exp();
        risen(now.min(self.until).since(self.from)) * cooled
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} s to {:.2} s: ", self.from.as_seconds(), self.until.as_seconds())?;
        match self.kind {
            FaultKind::SensorLost => write!(f, "sensor lost"),
            FaultKind::SensorGone => write!(f, "sensor gone for good"),
            FaultKind::SensorStale => write!(f, "sensor repeats itself"),
            FaultKind::SensorFrozen => write!(f, "sensor frozen and taken for fresh"),
            FaultKind::SensorSpike { kelvin, watts } => {
                write!(f, "sensor off by {kelvin:.1} K and {watts:.1} W")
            }
            FaultKind::EnergyUnknown => write!(f, "sensor lost, and its energy with it"),
            FaultKind::EnergyFell { told } => {
                write!(f, "energy begins again at zero, {}", if told { "in a new epoch" } else { "unsaid" })
            }
            FaultKind::Heat { rise, tau_s } => write!(f, "fan fails, {rise:.1} K more within {tau_s:.1} s"),
            FaultKind::Stall(span) => write!(f, "node stalls once for {:.3} s", span.as_seconds()),
            FaultKind::VerifierBusy => write!(f, "verifier busy"),
            FaultKind::VerifierLate(ticks) => write!(f, "verifier {ticks} ticks late"),
            FaultKind::EnergyDoubled => write!(f, "energy counter runs double"),
        }
    }
}

/// The modelled machine behind a sensor that fails. The machine itself goes on while the sensor does not.
pub struct FaultySensor {
    machine: ModelSensor,
    faults: Vec<Fault>,
    said: Mutex<Said>,
}

/// What the sensor said so far.
#[derive(Debug, Default)]
struct Said {
    last: Option<Reading>,
    /// Energy of the machine at the last reading.
    counted: Microjoules,
    /// Energy that was used while nobody counted.
    missed: Microjoules,
    /// Nobody has counted since the last reading.
    interrupted: bool,
    epoch: u32,
    /// When it was last asked, so that a counter falls once.
    asked: Option<Moment>,
    has_fallen: bool,
}

impl Said {
    /// The energy as far as it was counted.
    fn count(&mut self, reading: &mut Reading) {
        let energy = reading.energy.value;
        if std::mem::take(&mut self.interrupted) {
            self.epoch += 1;
            self.missed += energy - self.counted;
        }
        self.counted = energy;
        reading.energy.value = energy - self.missed;
        reading.epoch = self.epoch;
    }
}

impl FaultySensor {
    /// Reads `machine` through `faults`.
    pub fn new(machine: ModelSensor, faults: &[Fault]) -> Self {
        Self { machine, faults: faults.to_vec(), said: Mutex::default() }
    }

    fn is_on(&self, kind: FaultKind, now: Moment) -> bool {
        self.faults.iter().any(|fault| fault.kind == kind && fault.is_on(now))
    }

    /// The machine as it is, but for what is wrong with its cooling.
    fn truth(&self, now: Moment) -> Result<Reading, SensorError> {
        let mut reading = self.machine.sample(now)?;
        reading.energy.value += COUNTED_BEFORE;
        let heat: f64 = self.faults.iter().map(|fault| fault.heat(now)).sum();
        reading.die.value = Celsius(reading.die.value.0 + heat);
        Ok(reading)
    }

    /// Begins the count again at zero where a fault says so.
    fn fall(&self, now: Moment, said: &mut Said, energy: Microjoules) {
        let asked = said.asked.replace(now);
        for fault in &self.faults {
            let begins = fault.from <= now && asked.is_none_or(|asked| asked < fault.from);
            if let (FaultKind::EnergyFell { told }, true) = (fault.kind, begins) {
                said.missed = energy;
                said.counted = energy;
                said.epoch += u32::from(told || said.has_fallen);
                said.has_fallen = true;
            }
        }
    }

    fn spike(&self, now: Moment, reading: &mut Reading) {
        for fault in self.faults.iter().filter(|fault| fault.is_on(now)) {
            if let FaultKind::SensorSpike { kelvin, watts } = fault.kind {
                reading.die.value.0 += kelvin;
                reading.power.value.0 += watts;
            }
        }
    }
}

impl ThermalSensor for FaultySensor {
    fn name(&self) -> &'static str {
        NAME
    }

    fn sample(&self, now: Moment) -> Result<Reading, SensorError> {
        let mut reading = self.truth(now)?;
        let why = || AS_TOLD.to_owned();
        let mut said = self.said.lock().expect("an earlier sample panicked");
        let is_unknown = self.is_on(FaultKind::EnergyUnknown, now);
        said.interrupted |= is_unknown;
        self.fall(now, &mut said, reading.energy.value);
        if self.is_on(FaultKind::SensorGone, now) {
            return Err(SensorError::Gone { backend: NAME, why: why() });
        }
        if is_unknown || self.is_on(FaultKind::SensorLost, now) {
            return Err(SensorError::Retry { backend: NAME, why: why() });
        }
        if let Some(last) = said.last {
            if self.is_on(FaultKind::SensorStale, now) {
                return Ok(last);
            }
            if self.is_on(FaultKind::SensorFrozen, now) {
                return Ok(Reading { at: now, ..last });
            }
        }
        if self.is_on(FaultKind::EnergyDoubled, now) {
            reading.energy.value = Microjoules(2 * reading.energy.value.0);
        }
        said.count(&mut reading);
        self.spike(now, &mut reading);
        Ok(*said.last.insert(reading))
    }
}

/// Counts what a guard refuses, apart from what the sensor behind it fails to say.
pub struct Watched<S> {
    guarded: S,
    refusals: Arc<AtomicU64>,
}

impl<S: ThermalSensor> Watched<S> {
    /// Adds the refusals of `guarded` to `refusals`.
    pub const fn new(guarded: S, refusals: Arc<AtomicU64>) -> Self {
        Self { guarded, refusals }
    }
}

impl<S: ThermalSensor> ThermalSensor for Watched<S> {
    fn name(&self) -> &'static str {
        self.guarded.name()
    }

    fn sample(&self, now: Moment) -> Result<Reading, SensorError> {
        let result = self.guarded.sample(now);
        if let Err(SensorError::Retry { why, .. }) = &result {
            self.refusals.fetch_add(u64::from(why != AS_TOLD), Ordering::Relaxed);
        }
        result
    }
}

/// A virtual clock on which the node is sometimes taken off its CPU: it wakes later than it asked to.
#[derive(Debug)]
pub struct StallingClock {
    clock: VirtualClock,
    stalls: Vec<(Moment, Nanoseconds)>,
}

impl StallingClock {
    /// A clock with the stalls among `faults`.
    pub fn new(faults: &[Fault]) -> Self {
        let mut stalls: Vec<_> = faults
            .iter()
            .filter_map(|fault| match fault.kind {
                FaultKind::Stall(span) => Some((fault.from, span)),
                _ => None,
            })
            .collect();
        stalls.sort_by_key(|(from, _)| std::cmp::Reverse(*from));
        Self { clock: VirtualClock::default(), stalls }
    }
}

impl Clock for StallingClock {
    fn now(&self) -> Moment {
        self.clock.now()
    }

    fn wait_until(&mut self, moment: Moment) {
        self.clock.wait_until(moment);
        if let Some((_, span)) = self.stalls.pop_if(|(from, _)| *from <= moment) {
            self.clock.wait_until(moment + span);
        }
    }
}
