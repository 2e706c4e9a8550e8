//! What goes wrong, and the seams through which it does: a sensor and a clock that fail as they are told to.

use std::fmt;
use std::sync::Mutex;

use maxwell_core::tick::Reading;
use maxwell_core::units::{Celsius, Microjoules, Moment, Nanoseconds};
use maxwell_hypervisor::clock::{Clock, VirtualClock};
use maxwell_physics::model::ModelSensor;
use maxwell_physics::sensor::{SensorError, ThermalSensor};

/// Name of the failing sensor's backend.
const NAME: &str = "model with faults";

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
    SensorFrozen,
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
            FaultKind::SensorFrozen => write!(f, "sensor frozen"),
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
    last: Mutex<Option<Reading>>,
}

impl FaultySensor {
    /// Reads `machine` through `faults`.
    pub fn new(machine: ModelSensor, faults: &[Fault]) -> Self {
        Self { machine, faults: faults.to_vec(), last: Mutex::new(None) }
    }
}

impl ThermalSensor for FaultySensor {
    fn name(&self) -> &'static str {
        NAME
    }

    fn sample(&self, now: Moment) -> Result<Reading, SensorError> {
        let mut reading = self.machine.sample(now)?;
        let heat: f64 = self.faults.iter().map(|fault| fault.heat(now)).sum();
        reading.die.value = Celsius(reading.die.value.0 + heat);
        let is_on = |kind: FaultKind| self.faults.iter().any(|fault| fault.kind == kind && fault.is_on(now));
        if is_on(FaultKind::SensorGone) {
            return Err(SensorError::Gone { backend: NAME, why: "as it was told to".to_owned() });
        }
        if is_on(FaultKind::SensorLost) {
            return Err(SensorError::Retry { backend: NAME, why: "as it was told to".to_owned() });
        }
        if is_on(FaultKind::EnergyDoubled) {
            reading.energy.value = Microjoules(2 * reading.energy.value.0);
        }
        let mut last = self.last.lock().expect("an earlier sample panicked");
        match *last {
            Some(before) if is_on(FaultKind::SensorFrozen) => Ok(before),
            _ => Ok(*last.insert(reading)),
        }
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
