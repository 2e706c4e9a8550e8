//! The step load on a virtual clock, with the model as the machine.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use maxwell_core::tick::{Provenance, Reading};
use maxwell_core::units::{Celsius, Moment, Nanoseconds};
use maxwell_daemon::step_load::{Bench, BusyThreads, LoadSwitch, Phases, StepLoadError, run};
use maxwell_hypervisor::clock::{Clock, VirtualClock};
use maxwell_physics::calibrate::{Sample, Subject, fit};
use maxwell_physics::load::LoadMeter;
use maxwell_physics::model::{MachineModel, ModelSensor};
use maxwell_physics::sensor::{ErrorBars, SensorError, ThermalSensor};
use maxwell_physics::thermal::Class;

const SLOTS: u16 = 8;

/// The model, which says that it was measured: here it is the machine. Some of its samples fail.
struct Plant {
    model: ModelSensor,
    /// From this time on every sample fails.
    breaks_at: Moment,
}

impl ThermalSensor for Plant {
    fn name(&self) -> &'static str {
        "plant"
    }

    fn sample(&self, now: Moment) -> Result<Reading, SensorError> {
        let fails = now >= self.breaks_at || now.0.is_multiple_of(1_700_000_000);
        if fails && now.0 > 0 {
            return Err(SensorError::Retry { backend: "plant", why: "this is a test".to_owned() });
        }
        let mut reading = self.model.sample(now)?;
        reading.power.provenance = Provenance::Measured;
        Ok(reading)
    }
}

/// The load's state, which the clock turns into CPU time.
#[derive(Clone, Default)]
struct Switch(Arc<AtomicBool>);

impl LoadSwitch for Switch {
    fn set(&mut self, on: bool) {
        self.0.store(on, Ordering::Relaxed);
    }
}

struct WorkingClock {
    clock: VirtualClock,
    switch: Switch,
    meter: Arc<LoadMeter>,
}

impl Clock for WorkingClock {
    fn now(&self) -> Moment {
        self.clock.now()
    }

    fn wait_until(&mut self, moment: Moment) {
        let span = moment.since(self.clock.now());
        if self.switch.0.load(Ordering::Relaxed) {
            self.meter.record(Nanoseconds::ZERO, Nanoseconds::ZERO, Nanoseconds(span.0 * u64::from(SLOTS)));
        }
        self.clock.wait_until(moment);
    }
}

/// Runs the default phases, and says whether the load was left on.
fn run_until(breaks_at: Moment, is_over: &dyn Fn() -> bool) -> (Result<Vec<Sample>, StepLoadError>, bool) {
    run_under(None, breaks_at, is_over)
}

/// The same on a machine that throttles itself at `limit`.
fn run_under(
    limit: Option<Celsius>,
    breaks_at: Moment,
    is_over: &dyn Fn() -> bool,
) -> (Result<Vec<Sample>, StepLoadError>, bool) {
    let (meter, switch) = (Arc::new(LoadMeter::new()), Switch::default());
    let machine = MachineModel::of_class(Class::Workstation, SLOTS);
    let model = ModelSensor::new(machine, meter.clone(), ErrorBars::NONE).unwrap();
    let mut clock =
        WorkingClock { clock: VirtualClock::default(), switch: switch.clone(), meter: meter.clone() };
    let mut bench = Bench {
        sensor: &Plant { model, breaks_at },
        load: &*meter,
        clock: &mut clock,
        switch: &mut switch.clone(),
        is_over,
        limit,
        progress: &mut |_| {},
    };
    let result = run(&mut bench, Phases::DEFAULT);
    (result, switch.0.load(Ordering::Relaxed))
}

#[test]
fn a_run_with_samples_left_out_gives_back_the_machine() {
    let (samples, left_on) = run_until(Moment(u64::MAX), &|| false);
    let samples = samples.unwrap();
    assert!(!left_on);
    let whole = Phases::DEFAULT.total().as_seconds() * 10.0;
    assert!((0.9 * whole..whole).contains(&(samples.len() as f64)), "{}", samples.len());
    let subject =
        Subject { assumed: MachineModel::of_class(Class::Desktop, SLOTS), limit: None, die_error: None };
    let (found, truth) =
        (fit(&samples, &subject).unwrap().machine, MachineModel::of_class(Class::Workstation, SLOTS));
    let off = |found: f64, truth: f64| (found / truth - 1.0).abs();
    assert!(off(found.thermal.die_tau_s, truth.thermal.die_tau_s) < 0.01, "{found:?}");
    assert!(off(found.thermal.sink_tau_s, truth.thermal.sink_tau_s) < 0.01, "{found:?}");
    assert!(off(found.idle.0, truth.idle.0) < 0.01 && off(found.slot.0, truth.slot.0) < 0.01, "{found:?}");
}

#[test]
fn an_interruption_turns_the_load_off() {
    let asked = Cell::new(0);
    let is_over = || {
        asked.set(asked.get() + 1);
        // In the middle of the full phase.
        asked.get() > 900
    };
    let (samples, left_on) = run_until(Moment(u64::MAX), &is_over);
    assert!(matches!(samples, Err(StepLoadError::Interrupted)));
    assert!(!left_on);
}

#[test]
fn a_sensor_that_stays_silent_ends_the_run_and_the_load() {
    let (samples, left_on) = run_until(Moment(60_000_000_000), &|| false);
    assert!(matches!(samples, Err(StepLoadError::Sensor(SensorError::Retry { .. }))));
    assert!(!left_on);
}

#[test]
fn busy_threads_end_when_they_are_told_to_and_when_they_are_dropped() {
    let mut threads = BusyThreads::new(2);
    for on in [true, true, false, false, true] {
        threads.set(on);
    }
    // Dropped while they are busy: this test ends only if they do.
}

#[test]
fn a_machine_that_throttles_is_not_loaded_any_longer() {
    let (samples, left_on) = run_under(Some(Celsius(60.0)), Moment(u64::MAX), &|| false);
    let Err(StepLoadError::TooHot { die, limit }) = samples else { panic!("it was borne: {samples:?}") };
    assert!((die.0 - 60.0).abs() < 2.0 && limit == Celsius(60.0), "{die:?}");
    assert!(!left_on, "the load goes on");
}
