//! The guard against readings that cannot be.
//!
//! A sensor that fails says so. One that lies does not: a register that sticks, a driver that was loaded again, a bus
//! that flips a bit. [`Guarded`] compares every reading with what the machine can do and turns the impossible into
//! [`SensorError::Retry`], so that it grows stale and is treated as heat, and is never believed.
//!
//! ```text
//!   reading --> is a number, in range? --> energy moves? --> die moves with the power? --no--> refused
//!                                                                 | yes
//!               believed  <-- no -- faster than heat flows, or energy that fell? -- yes --> refused, 3 times at most
//! ```
//!
//! How fast a die can move: `C dT/dt = P - (T - T_sink) / R` with `C = tau / R` (see [`crate::thermal`]). It heats
//! fastest at full power on a sink of its own temperature, by `P_max R / tau`. It cools fastest without power from the
//! highest excess over the sink that there can be, which is `P_max R`, and so by `P_max R / tau` again. One bound serves
//! both ways; the sink, ten times slower, adds nothing that a margin of two does not cover.
//!
//! No rule locks a sensor out for ever. What is too fast or has fallen is believed after [`DOUBTS_MAX`] refusals,
//! because the sensor may be right, and acting on heat is the safe side. What stands still is believed as soon as it
//! moves, and a die also when the power is again such that it may stand there. So a sensor that is good again and moves is
//! believed after at most [`DOUBTS_MAX`] refusals.

use crate::model::MachineModel;
use crate::sensor::{Part, SensorError, ThermalSensor};
use crate::thermal::{ParameterError, ThermalModel, ThermalParameters};
use crate::thermometer;
use maxwell_core::limits::WINDOW;
use maxwell_core::tick::{Provenance, Reading};
use maxwell_core::units::{Celsius, Microjoules, Moment, Nanoseconds, Watts};
use std::sync::Mutex;

/// How many readings in a row are refused for moving too fast or for energy that fell. Three last 0.3 s, less than the
/// five periods after which the last good reading would be stale.
pub const DOUBTS_MAX: u32 = 3;

/// In how many samples in a row measured energy may be the same. An idle package draws watts, and the coarsest counter,
/// a millijoule, moves every millisecond at one.
pub const STILL_SAMPLES: u32 = 10;

/// By how much a die may move faster than the machine's model says: the power of an uncalibrated model and the short
/// bursts above the rated power that processors allow themselves are both within a factor of two.
const HASTE: f64 = 2.0;

/// The step of the coarsest digital thermometers, in degrees.
const QUANTUM_OF_HEAT: f64 = 1.0;

/// By how much the modelled die may move while the measured one stands still, error bars apart, in degrees.
const STANDSTILL: f64 = 5.0;

/// After so long without a reading the power in between is anybody's guess, and the model begins anew.
const GAP: Nanoseconds = Nanoseconds(10 * WINDOW.0);

/// A sensor whose implausible readings are refused.
///
/// At a time that is not later than the last one it gives the last reading again. Where energy has really fallen, as
/// when a driver was loaded again, the reading that is believed at last begins a new [`Reading::epoch`].
pub struct Guarded<S> {
    sensor: S,
    judge: Mutex<Judge>,
}

impl<S: ThermalSensor> Guarded<S> {
    /// Guards `sensor` with what `machine` can do.
    ///
    /// # Errors
    /// When the machine is impossible, see [`MachineModel::validate`].
    pub fn new(sensor: S, machine: &MachineModel) -> Result<Self, ParameterError> {
        machine.validate()?;
        Ok(Self { sensor, judge: Mutex::new(Judge::new(machine)) })
    }
}

impl<S: ThermalSensor> ThermalSensor for Guarded<S> {
    fn name(&self) -> &'static str {
        self.sensor.name()
    }

    fn sample(&self, now: Moment) -> Result<Reading, SensorError> {
        let mut judge = self.judge.lock().expect("an earlier sample of the guarded sensor panicked");
        let is_past = |believed: &Believed, at| at <= believed.reading.at;
        if let Some(believed) = judge.believed.filter(|believed| is_past(believed, now)) {
            return Ok(believed.reading);
        }
        let reading = self.sensor.sample(now)?;
        if let Some(believed) = judge.believed.filter(|believed| is_past(believed, reading.at)) {
            return Ok(believed.reading);
        }
        judge.judge(&reading).map_err(|why| SensorError::Retry { backend: self.sensor.name(), why })
    }

    /// The parts as the sensor says them, plausible or not: the operator should see what was refused.
    fn parts(&self) -> Vec<Part> {
        self.sensor.parts()
    }
}

/// The rules, apart from locks and sensors.
#[derive(Debug)]
struct Judge {
    /// The fastest that the die can move, in kelvin per second.
    die_rate_max: f64,
    energy: StillEnergy,
    die: StillDie,
    believed: Option<Believed>,
    /// Refusals in a row that end in belief.
    doubts: u32,
    /// How often energy that fell was believed.
    interruptions: u32,
}

/// The last reading that was believed.
#[derive(Clone, Copy, Debug)]
struct Believed {
    /// As it was passed on.
    reading: Reading,
    /// The epoch that the sensor itself gave it.
    epoch: u32,
}

impl Judge {
    fn new(machine: &MachineModel) -> Self {
        let thermal = &machine.thermal;
        let rise = machine.settled(f64::from(machine.slots)).0 - thermal.ambient.0;
        let over_the_sink =
            rise * thermal.die_resistance / (thermal.die_resistance + thermal.sink_resistance);
        Self {
            die_rate_max: over_the_sink / thermal.die_tau_s,
            energy: StillEnergy::default(),
            die: StillDie::new(machine),
            believed: None,
            doubts: 0,
            interruptions: 0,
        }
    }

    /// The reading as it may be passed on, or why it may not. Every reading is later than the last one believed.
    fn judge(&mut self, reading: &Reading) -> Result<Reading, String> {
        possible(reading)?;
        let (energy, die) = (self.energy.see(reading), self.die.see(reading));
        energy.and(die)?;
        let fell =
            self.believed.filter(|last| last.epoch == reading.epoch).and_then(|last| fall(&last, reading));
        let hasty = self.believed.and_then(|last| self.haste(&last.reading, reading));
        let doubt = fell.clone().or(hasty);
        if let Some(why) = doubt.filter(|_| self.doubts < DOUBTS_MAX) {
            self.doubts += 1;
            return Err(why);
        }
        self.doubts = 0;
        self.interruptions += u32::from(fell.is_some());
        let passed_on = Reading { epoch: reading.epoch + self.interruptions, ..*reading };
        self.believed = Some(Believed { reading: passed_on, epoch: reading.epoch });
        Ok(passed_on)
    }

    /// Why the die cannot have come so far. A thermometer may be one period late, so one more has passed for it.
    fn haste(&self, last: &Reading, reading: &Reading) -> Option<String> {
        let seconds = (reading.at.since(last.at) + WINDOW).as_seconds();
        let bars = QUANTUM_OF_HEAT + reading.die.error.0.max(last.die.error.0);
        let bound = HASTE * self.die_rate_max * seconds + bars;
        let moved = (reading.die.value.0 - last.die.value.0).abs();
        (moved > bound).then(|| {
            let (from, to) = (last.die.value.0, reading.die.value.0);
            format!("the die went from {from:.1} to {to:.1} °C, further than the {bound:.1} °C that it can")
        })
    }
}

/// Whether every figure that there is can exist at all.
fn possible(reading: &Reading) -> Result<(), String> {
    let Celsius(die) = reading.die.value;
    if reading.die.provenance != Provenance::Unknown && !thermometer::RANGE.contains(&die) {
        return Err(format!("no die is at {die} °C"));
    }
    let watts = reading.power.value.0;
    if reading.power.provenance != Provenance::Unknown && !(watts.is_finite() && watts >= 0.0) {
        return Err(format!("no machine draws {watts} W"));
    }
    let widths = [reading.die.error.0, reading.power.error.0];
    if widths.iter().any(|width| !width.is_finite()) {
        return Err(format!("error bars of {} °C and {} W say nothing", widths[0], widths[1]));
    }
    Ok(())
}

/// Why the energy cannot be right, within one epoch.
fn fall(last: &Believed, reading: &Reading) -> Option<String> {
    let (before, after) = (last.reading.energy.value, reading.energy.value);
    (after < before).then(|| format!("energy fell from {before} to {after}"))
}

/// Looks for measured energy that stands still.
#[derive(Debug, Default)]
struct StillEnergy {
    last: Option<(Microjoules, u32)>,
    samples: u32,
}

impl StillEnergy {
    fn see(&mut self, reading: &Reading) -> Result<(), String> {
        let seen = Some((reading.energy.value, reading.epoch));
        let measured = reading.energy.provenance == Provenance::Measured;
        self.samples = if measured && self.last == seen { self.samples + 1 } else { 0 };
        self.last = seen;
        if self.samples < STILL_SAMPLES {
            return Ok(());
        }
        Err(format!(
            "the energy has stood still for {} samples, and an idle machine draws power",
            self.samples
        ))
    }
}

/// Looks for a measured die that stands still, to the last bit, while the measured power must have moved it.
///
/// The model stands beside the machine and is never corrected: only how far it moves counts. It rests for its first
/// three time constants of the sink, in which it forgets the temperature that it began at.
#[derive(Debug)]
struct StillDie {
    /// Without leakage: measured power contains what leaks.
    parameters: ThermalParameters,
    /// More than the machine draws. What is fed to the model ends there, so that a figure gone wild is forgotten again.
    power_max: Watts,
    run: Option<Run>,
}

/// The model since the last gap in the readings.
#[derive(Debug)]
struct Run {
    model: ThermalModel,
    began: Moment,
    last: Moment,
    /// The modelled die now, and one sample ago for thermometers that are one period late.
    now: f64,
    late: f64,
    still: Still,
}

/// What held when the measured die moved last.
#[derive(Clone, Copy, Debug)]
struct Still {
    die: f64,
    /// The modelled die, as in [`Run`].
    now: f64,
    late: f64,
    /// The widest error bar of the power since, in watts.
    power_error: f64,
}

impl StillDie {
    fn new(machine: &MachineModel) -> Self {
        let power_max = Watts(HASTE * machine.power(f64::from(machine.slots)).0);
        Self { parameters: ThermalParameters { leakage: 0.0, ..machine.thermal }, power_max, run: None }
    }

    fn see(&mut self, reading: &Reading) -> Result<(), String> {
        let figures = (reading.die.provenance, reading.power.provenance);
        if figures != (Provenance::Measured, Provenance::Measured) {
            self.run = None;
            return Ok(());
        }
        let die = reading.die.value.0;
        let power = Watts(reading.power.value.0.min(self.power_max.0));
        let Some(run) = self.run.as_mut().filter(|run| reading.at.since(run.last) <= GAP) else {
            let model = ThermalModel::new(self.parameters, power)
                .map_err(|error| format!("the guard has no model: {error}"))?;
            let now = model.die().0;
            let (began, still) = (reading.at, Still { die, now, late: now, power_error: 0.0 });
            self.run = Some(Run { model, began, last: began, now, late: now, still });
            return Ok(());
        };
        run.model.advance(power, reading.at.since(run.last));
        (run.last, run.late, run.now) = (reading.at, run.now, run.model.die().0);
        let rests = reading.at.since(run.began).as_seconds() < 3.0 * self.parameters.sink_tau_s;
        let power_error = reading.power.error.0;
        if rests || run.still.die.to_bits() != die.to_bits() {
            run.still = Still { die, now: run.now, late: run.late, power_error };
            return Ok(());
        }
        run.still.power_error = run.still.power_error.max(power_error);
        // What the power's error bar makes of the modelled die, from one end to the other, is no evidence against the
        // thermometer.
        let resistance = self.parameters.die_resistance + self.parameters.sink_resistance;
        let tolerance = STANDSTILL + reading.die.error.0 + 2.0 * run.still.power_error * resistance;
        let moved = (run.now - run.still.now).abs().min((run.late - run.still.late).abs());
        if moved <= tolerance {
            return Ok(());
        }
        Err(format!("the die stands still at {die} °C, and the power must have moved it by {moved:.1} °C"))
    }
}
