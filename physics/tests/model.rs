//! The modelled machine: power from CPU time, energy that is conserved, temperature that follows.

use maxwell_core::tick::Provenance;
use maxwell_core::units::{Celsius, Microjoules, Moment, Nanoseconds, Watts};
use maxwell_physics::load::{Load, LoadError, LoadMeter, LoadSource, ProcStat};
use maxwell_physics::model::{MachineModel, ModelSensor};
use maxwell_physics::sensor::{ErrorBars, SensorError, ThermalSensor};
use maxwell_physics::thermal::{Class, ThermalModel, ThermalParameters};
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const SECOND: u64 = 1_000_000_000;

/// The machine of the demonstration, with its meter and without error.
fn demonstration() -> (Arc<LoadMeter>, ModelSensor) {
    let meter = Arc::new(LoadMeter::new());
    let load: Arc<dyn LoadSource> = meter.clone();
    (meter, ModelSensor::new(MachineModel::DEMONSTRATION, load, ErrorBars::NONE).unwrap())
}

#[test]
fn the_first_sample_is_the_baseline() {
    let (meter, sensor) = demonstration();
    meter.record(Nanoseconds(50 * SECOND), Nanoseconds::ZERO, Nanoseconds::ZERO);
    let first = sensor.sample(Moment(7 * SECOND)).unwrap();
    assert_eq!(first.at, Moment(7 * SECOND));
    assert_eq!((first.energy.value, first.power.value), (Microjoules::ZERO, Watts(10.0)));
    assert!((first.die.value.0 - 35.0).abs() < 1e-9);
}

#[test]
fn every_kind_of_load_draws_the_same_power() {
    let used = Nanoseconds::from_millis(50);
    let none = Nanoseconds::ZERO;
    for (cells, own, other) in [(used, none, none), (none, used, none), (none, none, used)] {
        let (meter, sensor) = demonstration();
        sensor.sample(Moment(0)).unwrap();
        meter.record(cells, own, other);
        let reading = sensor.sample(Moment(SECOND / 10)).unwrap();
        assert_eq!(reading.power.value, Watts(17.5));
        assert_eq!(reading.energy.value, Microjoules(1_750_000));
    }
}

#[test]
fn a_time_that_does_not_advance_gives_the_last_reading() {
    let (meter, sensor) = demonstration();
    sensor.sample(Moment(0)).unwrap();
    let last = sensor.sample(Moment(SECOND)).unwrap();
    meter.record(Nanoseconds(SECOND), Nanoseconds::ZERO, Nanoseconds::ZERO);
    assert_eq!(sensor.sample(Moment(SECOND)).unwrap(), last);
    assert_eq!(sensor.sample(Moment(SECOND / 2)).unwrap(), last);
    // And the CPU time of that moment is not lost.
    assert_eq!(sensor.sample(Moment(2 * SECOND)).unwrap().power.value, Watts(25.0));
}

#[test]
fn everything_is_modelled_and_carries_the_error_bars_it_was_given() {
    let meter: Arc<dyn LoadSource> = Arc::new(LoadMeter::new());
    let sensor = ModelSensor::new(MachineModel::DEMONSTRATION, meter, ErrorBars::UNCALIBRATED).unwrap();
    sensor.sample(Moment(0)).unwrap();
    let reading = sensor.sample(Moment(SECOND)).unwrap();
    let provenances = [reading.die.provenance, reading.power.provenance, reading.energy.provenance];
    assert_eq!(provenances, [Provenance::Modelled; 3]);
    assert_eq!(reading.die.error, Celsius(10.0));
    assert_eq!(reading.power.error, Watts(3.0));
    assert_eq!(reading.energy.error, Microjoules(3_000_000));
    let (_, exact) = demonstration();
    let reading = exact.sample(Moment(0)).unwrap();
    assert_eq!((reading.die.error, reading.power.error), (Celsius(0.0), Watts(0.0)));
}

#[test]
fn one_slot_busy_settles_where_the_demonstration_says() {
    let (meter, sensor) = demonstration();
    sensor.sample(Moment(0)).unwrap();
    let mut reading = None;
    for tenth in 1..=3_000 {
        meter.record(Nanoseconds::from_millis(100), Nanoseconds::ZERO, Nanoseconds::ZERO);
        reading = Some(sensor.sample(Moment(tenth * SECOND / 10)).unwrap());
    }
    let reading = reading.unwrap();
    assert!((reading.die.value.0 - 50.0).abs() < 0.01, "{reading:?}");
    assert!((MachineModel::DEMONSTRATION.settled(1.0).0 - 50.0).abs() < 1e-9);
    // 300 s at 25 W, exactly.
    assert_eq!(reading.energy.value, Microjoules::from_joules(7_500));
}

/// A counter that can be set back, and that cannot be read at its largest value.
#[derive(Default)]
struct Counter {
    nanoseconds: AtomicU64,
}

impl LoadSource for Counter {
    fn busy(&self) -> Result<Load, LoadError> {
        let cells = Nanoseconds(self.nanoseconds.load(Ordering::Relaxed));
        if cells == Nanoseconds(u64::MAX) {
            return ProcStat::new(Path::new("/a/folder/that/is/not/there")).busy();
        }
        Ok(Load { cells, ..Load::default() })
    }
}

#[test]
fn a_load_that_cannot_be_read_is_passing_and_loses_no_energy() {
    let counter = Arc::new(Counter::default());
    let load: Arc<dyn LoadSource> = counter.clone();
    let sensor = ModelSensor::new(MachineModel::DEMONSTRATION, load, ErrorBars::NONE).unwrap();
    sensor.sample(Moment(0)).unwrap();
    counter.nanoseconds.store(u64::MAX, Ordering::Relaxed);
    let error = sensor.sample(Moment(SECOND)).unwrap_err();
    assert!(matches!(error, SensorError::Retry { .. }), "{error}");
    assert!(error.to_string().contains("/a/folder/that/is/not/there/proc/stat"), "{error}");
    counter.nanoseconds.store(2 * SECOND, Ordering::Relaxed);
    let reading = sensor.sample(Moment(2 * SECOND)).unwrap();
    assert_eq!(reading.energy.value, Microjoules::from_joules(2 * 10 + 2 * 15));
    // A counter that was set back adds nothing.
    counter.nanoseconds.store(SECOND, Ordering::Relaxed);
    assert_eq!(sensor.sample(Moment(3 * SECOND)).unwrap().power.value, Watts(10.0));
    counter.nanoseconds.store(2 * SECOND, Ordering::Relaxed);
    assert_eq!(sensor.sample(Moment(4 * SECOND)).unwrap().power.value, Watts(25.0));
}

#[test]
fn impossible_machines_and_error_bars_are_named() {
    let good = MachineModel::DEMONSTRATION;
    let hot = ThermalParameters { die_tau_s: 0.0, ..good.thermal };
    let check = |machine: MachineModel, errors: ErrorBars, parameter: &str| {
        let load: Arc<dyn LoadSource> = Arc::new(LoadMeter::new());
        let error = ModelSensor::new(machine, load, errors).err().expect(parameter);
        assert!(error.parameter.starts_with(parameter), "{error}");
    };
    check(MachineModel { slots: 0, ..good }, ErrorBars::NONE, "slots");
    check(MachineModel { idle: Watts(-1.0), ..good }, ErrorBars::NONE, "idle");
    check(MachineModel { slot: Watts(f64::NAN), ..good }, ErrorBars::NONE, "slot");
    check(MachineModel { thermal: hot, ..good }, ErrorBars::NONE, "die_tau_s");
    check(good, ErrorBars { ratio: -0.1, ..ErrorBars::NONE }, "error ratio");
    check(good, ErrorBars { die: Celsius(f64::NAN), ..ErrorBars::NONE }, "error of the die");
}

#[test]
fn machines_of_a_class_are_possible_and_rise_as_their_class_does_whatever_their_size() {
    for (class, rise) in
        [(Class::Mobile, 60.0), (Class::Desktop, 50.0), (Class::Workstation, 45.0), (Class::Server, 45.0)]
    {
        for slots in [1, 8, 256, 1_024] {
            let machine = MachineModel::of_class(class, slots);
            machine.validate().unwrap();
            let full = machine.settled(f64::from(slots)).0 - machine.thermal.ambient.0;
            assert!((full - rise).abs() < 1e-9, "{class:?} with {slots} slots rises by {full} K");
        }
    }
}

proptest! {
    /// Energy is the closed form `idle x time + slot x CPU time`, whole, however the time is cut into samples.
    #[test]
    fn energy_is_conserved(
        steps in prop::collection::vec((1..SECOND, 0..3 * SECOND), 1..200),
        idle in 0_u32..50_000_000,
        slot in 1_u32..50_000_000,
    ) {
        let (idle_uw, slot_uw) = (u128::from(idle), u128::from(slot));
        let machine = MachineModel {
            idle: Watts(f64::from(idle) / 1e6),
            slot: Watts(f64::from(slot) / 1e6),
            ..MachineModel::DEMONSTRATION
        };
        let counter = Arc::new(Counter::default());
        let load: Arc<dyn LoadSource> = counter.clone();
        let sensor = ModelSensor::new(machine, load, ErrorBars::NONE).unwrap();
        let (mut now, mut used) = (0, 0);
        let mut last = sensor.sample(Moment(0)).unwrap();
        for (span, busy) in steps {
            now += span;
            used += busy;
            counter.nanoseconds.store(used, Ordering::Relaxed);
            let reading = sensor.sample(Moment(now)).unwrap();
            prop_assert!(reading.energy.value >= last.energy.value);
            let exact = (idle_uw * u128::from(now) + slot_uw * u128::from(used)) / 1_000_000_000;
            prop_assert_eq!(i128::from(reading.energy.value.0), exact.cast_signed());
            last = reading;
        }
    }

    /// With leakage, energy is the integral of the power that was shown.
    #[test]
    fn energy_is_the_integral_of_power_with_leakage_too(
        steps in prop::collection::vec((SECOND / 100..SECOND, 0.0..2.0), 1..100),
    ) {
        let thermal = ThermalParameters { leakage: 0.2, ..ThermalParameters::DEMONSTRATION };
        let machine = MachineModel { thermal, ..MachineModel::DEMONSTRATION };
        let counter = Arc::new(Counter::default());
        let load: Arc<dyn LoadSource> = counter.clone();
        let sensor = ModelSensor::new(machine, load, ErrorBars::NONE).unwrap();
        let mut alone = ThermalModel::new(thermal, machine.idle).unwrap();
        let (mut now, mut used, mut joules) = (0, 0, 0.0);
        let first = sensor.sample(Moment(0)).unwrap();
        // 10 W at ambient leak until 12.5 W flow: 0.2 W/K x 12.5 K.
        prop_assert!((first.power.value.0 - 12.5).abs() < 1e-9);
        for (span, busy) in steps {
            now += span;
            let more = (busy * span as f64) as u64;
            used += more;
            counter.nanoseconds.store(used, Ordering::Relaxed);
            let reading = sensor.sample(Moment(now)).unwrap();
            joules += reading.power.value.0 * span as f64 / 1e9;
            alone.advance(machine.power(more as f64 / span as f64), Nanoseconds(span));
            prop_assert!((reading.energy.value.as_joules() - joules).abs() < 1e-3);
            prop_assert!((reading.die.value.0 - alone.die().0).abs() < 1e-6);
        }
    }
}
