//! Backend `model`: power from CPU time, temperature from power. It needs nothing but CPU time, so it works in any
//! virtual machine and any container; and it is the machine itself in the demonstration and the simulation.
//!
//! ```text
//!   P = P_idle + P_slot x (CPU time used / time passed)      between two samples, plus leakage
//! ```

use crate::load::LoadSource;
use crate::sensor::{ErrorBars, SensorError, ThermalSensor};
use crate::thermal::{Class, ParameterError, ThermalModel, ThermalParameters};
use maxwell_core::limits::SLOTS_MAX;
use maxwell_core::tick::{Provenance, Reading};
use maxwell_core::units::{Celsius, Microjoules, Moment, Nanoseconds, Watts};
use std::sync::{Arc, Mutex};

/// Name of this backend.
pub const NAME: &str = "model";

/// How a machine turns CPU time into power and power into heat.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MachineModel {
    /// Slots that the machine has: with all of them busy it draws its full power.
    pub slots: u16,
    /// Power with every CPU idle.
    pub idle: Watts,
    /// Power that one busy slot adds.
    pub slot: Watts,
    /// How the die answers to it.
    pub thermal: ThermalParameters,
}

impl MachineModel {
    /// The machine of the demonstration: two slots of 15 W on 10 W idle.
    pub const DEMONSTRATION: Self =
        Self { slots: 2, idle: Watts(10.0), slot: Watts(15.0), thermal: ThermalParameters::DEMONSTRATION };

    /// A typical machine of `class` with `slots` logical CPUs.
    ///
    /// The figures are orders of magnitude and not measurements, so their error bars are those of
    /// [`ErrorBars::UNCALIBRATED`] until a calibration replaces them. Cooling is built for the power it has to carry:
    /// the resistances are such that full load heats the die by the class's usual rise, split as in the demonstration
    /// (seven tenths between die and sink).
    pub fn of_class(class: Class, slots: u16) -> Self {
        let (idle, slot, full_load_rise) = match class {
            Class::Mobile => (3.0, 3.5, 60.0),
            Class::Desktop => (15.0, 8.0, 50.0),
            Class::Workstation => (40.0, 6.0, 45.0),
            Class::Server => (60.0, 4.0, 45.0),
        };
        let resistance = full_load_rise / (idle + slot * f64::from(slots));
        let thermal = ThermalParameters {
            die_resistance: 0.7 * resistance,
            sink_resistance: 0.3 * resistance,
            ..ThermalParameters::of_class(class)
        };
        Self { slots, idle: Watts(idle), slot: Watts(slot), thermal }
    }

    /// Power with `busy` slots at work, leakage apart.
    pub fn power(&self, busy: f64) -> Watts {
        Watts(self.idle.0 + self.slot.0 * busy)
    }

    /// Die temperature at which `busy` slots at work settle.
    pub fn settled(&self, busy: f64) -> Celsius {
        self.thermal.settled(self.power(busy))
    }

    /// Checks that the parameters describe a machine that can exist.
    ///
    /// # Errors
    /// Names the first parameter that is impossible.
    pub fn validate(&self) -> Result<(), ParameterError> {
        let slots = f64::from(self.slots);
        ParameterError::first(&[
            ("slots", slots, (1..=SLOTS_MAX).contains(&self.slots), "from 1 to 1024"),
            ("idle (W)", self.idle.0, (0.0..=1e6).contains(&self.idle.0), "from 0 to 1e6"),
            ("slot (W)", self.slot.0, (1e-6..=1e6).contains(&self.slot.0), "from 1e-6 to 1e6"),
        ])?;
        self.thermal.validate()
    }
}

/// The modelled machine as a sensor.
pub struct ModelSensor {
    machine: MachineModel,
    errors: ErrorBars,
    load: Arc<dyn LoadSource>,
    state: Mutex<State>,
}

struct State {
    thermal: ThermalModel,
    energy: Femtojoules,
    /// The last reading, and the CPU time used until then.
    last: Option<(Reading, Nanoseconds)>,
}

/// Energy since the origin, in whole µW x ns. Every term of the integral but leakage is a whole number of them, so no
/// energy is lost between samples, however many there are.
#[derive(Clone, Copy, Debug, Default)]
struct Femtojoules(u128);

impl Femtojoules {
    fn add(&mut self, power: Watts, span: Nanoseconds) {
        let microwatts = (power.0 * 1e6).round() as u128;
        self.0 += microwatts * u128::from(span.0);
    }

    fn whole(self) -> Microjoules {
        let whole = i64::try_from(self.0 / 1_000_000_000);
        Microjoules(whole.expect("a modelled machine drew more than 64 bits of microjoules"))
    }
}

impl ModelSensor {
    /// A machine that has been idle for ever. Its energy counts from the first sample, which is the baseline of the
    /// CPU time as well: what was used before it heats nothing.
    ///
    /// # Errors
    /// When a parameter is impossible, see [`MachineModel::validate`], or an error bar is not a number of zero or more.
    pub fn new(
        machine: MachineModel,
        load: Arc<dyn LoadSource>,
        errors: ErrorBars,
    ) -> Result<Self, ParameterError> {
        machine.validate()?;
        let is_width = |value: f64| value.is_finite() && value >= 0.0;
        ParameterError::first(&[
            ("error ratio", errors.ratio, is_width(errors.ratio), "zero or more"),
            ("error of the die (degrees)", errors.die.0, is_width(errors.die.0), "zero or more"),
        ])?;
        let thermal = ThermalModel::new(machine.thermal, machine.idle)?;
        let state = State { thermal, energy: Femtojoules::default(), last: None };
        Ok(Self { machine, errors, load, state: Mutex::new(state) })
    }

    /// Lets the machine run from the last sample to `now`, and returns its mean power in between. The CPU time may
    /// exceed what the slots have: a quantum is counted when it ends, so one more can fall into a short span.
    fn advance(
        &self,
        state: &mut State,
        last: (Moment, Nanoseconds),
        now: Moment,
        busy: Nanoseconds,
    ) -> Watts {
        let span = now.since(last.0);
        // A counter that was set back adds nothing, and the next sample counts from where it is now.
        let used = busy.saturating_sub(last.1);
        let power = self.machine.power(used.as_seconds() / span.as_seconds());
        let leaked = state.thermal.advance(power, span);
        state.energy.add(self.machine.idle, span);
        state.energy.add(self.machine.slot, used);
        state.energy.add(leaked, span);
        Watts(power.0 + leaked.0)
    }
}

impl ThermalSensor for ModelSensor {
    fn name(&self) -> &'static str {
        NAME
    }

    /// At a time that is not later than the last one, the last reading again.
    fn sample(&self, now: Moment) -> Result<Reading, SensorError> {
        let mut state = self.state.lock().expect("an earlier sample of the model panicked");
        if let Some((last, _)) = state.last.filter(|(last, _)| now <= last.at) {
            return Ok(last);
        }
        let load = self.load.busy();
        let busy =
            load.map_err(|error| SensorError::Retry { backend: NAME, why: error.to_string() })?.total();
        let power = match state.last {
            None => Watts(self.machine.idle.0 + state.thermal.leaking().0),
            Some((last, used)) => self.advance(&mut state, (last.at, used), now, busy),
        };
        let reading = Reading {
            at: now,
            die: self.errors.die(state.thermal.die(), Provenance::Modelled),
            power: self.errors.power(power, Provenance::Modelled),
            energy: self.errors.energy(state.energy.whole(), Provenance::Modelled),
            epoch: 0,
        };
        state.last = Some((reading, busy));
        Ok(reading)
    }
}
