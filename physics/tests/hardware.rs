//! What is made of a meter and a thermometer: sums over packages, wraps, gaps, and the model in place of what is missing.

use maxwell_core::tick::{Provenance, Reading};
use maxwell_core::units::{Celsius, Microjoules, Moment, Watts};
use maxwell_physics::hardware::{Hardware, Sources};
use maxwell_physics::load::LoadMeter;
use maxwell_physics::meter::counter::CountUnit;
use maxwell_physics::meter::{Domain, EnergyMeter, ReadError};
use maxwell_physics::model::{MachineModel, ModelSensor};
use maxwell_physics::sensor::{ErrorBars, PartKind, SensorError, ThermalSensor};
use maxwell_physics::thermometer::{Probe, Thermometer};
use std::sync::{Arc, Mutex};

/// What the fake machine says, as the test sets it.
#[derive(Clone, Default)]
struct Says(Arc<Mutex<Figures>>);

#[derive(Default)]
struct Figures {
    counts: Vec<Result<u64, ReadError>>,
    celsius: Vec<Result<f64, ReadError>>,
}

impl Says {
    fn counts(&self, counts: &[u64]) {
        self.0.lock().unwrap().counts = counts.iter().map(|count| Ok(*count)).collect();
    }

    fn celsius(&self, celsius: &[f64]) {
        self.0.lock().unwrap().celsius = celsius.iter().map(|value| Ok(*value)).collect();
    }

    fn lose_counter(&self, index: usize) {
        self.0.lock().unwrap().counts[index] = Err(ReadError(format!("counter {index} has vanished")));
    }

    fn lose_probe(&self, index: usize) {
        self.0.lock().unwrap().celsius[index] = Err(ReadError(format!("probe {index} has vanished")));
    }
}

struct Meter(Says, Vec<Domain>);

impl EnergyMeter for Meter {
    fn name(&self) -> &'static str {
        "fake meter"
    }

    fn domains(&self) -> &[Domain] {
        &self.1
    }

    fn count(&mut self, domain: usize, _now: Moment) -> Result<u64, ReadError> {
        self.0.0.lock().unwrap().counts[domain].clone()
    }
}

struct Dies(Says, Vec<Probe>);

impl Thermometer for Dies {
    fn name(&self) -> &'static str {
        "fake thermometer"
    }

    fn probes(&self) -> &[Probe] {
        &self.1
    }

    fn celsius(&mut self, probe: usize) -> Result<Celsius, ReadError> {
        self.0.0.lock().unwrap().celsius[probe].clone().map(Celsius)
    }
}

/// Two packages and the memory of the first, each count a microjoule, wrapping at 2^32.
fn meter(says: &Says) -> Box<dyn EnergyMeter> {
    let domain = |kind, socket, label: &str| Domain {
        kind,
        socket: Some(socket),
        label: label.to_owned(),
        unit: CountUnit::MICROJOULE,
        modulus: 1 << 32,
    };
    let domains = vec![
        domain(PartKind::Package, 0, "package 0"),
        domain(PartKind::Package, 1, "package 1"),
        domain(PartKind::Memory, 0, "memory 0"),
    ];
    Box::new(Meter(says.clone(), domains))
}

fn thermometer(says: &Says) -> Box<dyn Thermometer> {
    let probe = |socket: u16| Probe {
        label: format!("package {socket}"),
        socket: Some(socket),
        error: Celsius(3.0),
        limit: Some(Celsius(100.0)),
    };
    Box::new(Dies(says.clone(), vec![probe(0), probe(1)]))
}

fn sources(says: &Says) -> Sources {
    let machine = MachineModel::DEMONSTRATION;
    Sources {
        meter: Some((meter(says), ErrorBars::RAPL)),
        thermometer: Some(thermometer(says)),
        cards: None,
        model: ModelSensor::new(machine, Arc::new(LoadMeter::new()), ErrorBars::UNCALIBRATED).unwrap(),
        thermal: (machine.thermal, ErrorBars::UNCALIBRATED),
    }
}

/// A machine with both, after its first sample.
fn begun() -> (Says, Hardware) {
    let says = Says::default();
    says.counts(&[4_000_000_000, 17, 5]);
    says.celsius(&[50.0, 61.0]);
    let hardware = Hardware::new(sources(&says));
    assert_eq!(why(hardware.sample(at_ms(0))), "counting begins, and power needs a second sample");
    (says, hardware)
}

fn at_ms(millis: u64) -> Moment {
    Moment(millis * 1_000_000)
}

fn why(outcome: Result<Reading, SensorError>) -> String {
    match outcome {
        Err(SensorError::Retry { why, .. }) => why,
        other => panic!("not a passing failure: {other:?}"),
    }
}

#[test]
fn packages_are_added_up_and_the_hottest_die_counts() {
    let (says, hardware) = begun();
    says.counts(&[4_006_000_000, 3_000_017, 1_000_005]);
    let reading = hardware.sample(at_ms(100)).unwrap();
    assert_eq!(reading.energy.value, Microjoules::from_joules(9));
    assert_eq!(reading.energy.error, Microjoules(900_000));
    assert!((reading.power.value.0 - 90.0).abs() < 1e-9, "{reading:?}");
    assert_eq!((reading.die.value, reading.die.error), (Celsius(61.0), Celsius(3.0)));
    assert_eq!(
        (reading.power.provenance, reading.die.provenance),
        (Provenance::Measured, Provenance::Measured)
    );
    let parts = hardware.parts();
    let power = |index: usize| parts[index].power.unwrap().value.0;
    assert!(
        (power(0) - 60.0).abs() < 1e-9 && (power(1) - 30.0).abs() < 1e-9 && (power(2) - 10.0).abs() < 1e-9
    );
    assert_eq!(parts[0].counter, Some(Microjoules(4_006_000_000)));
    assert_eq!(parts[2].energy.unwrap().value, Microjoules::from_joules(1));
    assert_eq!((parts[3].kind, parts[3].celsius.unwrap().value), (PartKind::Probe, Celsius(50.0)));
    assert_eq!((parts[4].label.as_str(), parts[4].limit), ("package 1", Some(Celsius(100.0))));
}

#[test]
fn a_package_that_wraps_loses_nothing() {
    let (says, hardware) = begun();
    for step in 1..=400_u64 {
        let count = (4_000_000_000 + step * 20_000_000) % (1 << 32);
        says.counts(&[count, 17, 5]);
        let reading = hardware.sample(at_ms(step * 100)).unwrap();
        assert_eq!(reading.energy.value, Microjoules::from_joules(20 * step as i64));
        assert_eq!(reading.epoch, 0);
    }
}

#[test]
fn a_sample_too_close_to_the_last_one_or_before_it_is_the_last_one() {
    let (says, hardware) = begun();
    says.counts(&[4_006_000_000, 17, 5]);
    let reading = hardware.sample(at_ms(100)).unwrap();
    says.counts(&[4_106_000_000, 17, 5]);
    for millis in [100, 110, 119, 99, 0] {
        assert_eq!(hardware.sample(at_ms(millis)).unwrap(), reading);
    }
    assert_eq!(hardware.sample(at_ms(200)).unwrap().energy.value, Microjoules::from_joules(106));
}

#[test]
fn a_sum_without_one_package_is_no_sum_and_nothing_of_it_is_lost() {
    let (says, hardware) = begun();
    says.counts(&[4_001_000_000, 17, 5]);
    says.lose_counter(1);
    assert_eq!(why(hardware.sample(at_ms(100))), "counter 1 has vanished");
    assert!(hardware.parts()[1].power.is_none() && hardware.parts()[0].power.is_some());
    says.counts(&[4_002_000_000, 4_000_017, 5]);
    let reading = hardware.sample(at_ms(200)).unwrap();
    assert_eq!((reading.energy.value, reading.epoch), (Microjoules::from_joules(6), 0));
    assert!((reading.power.value.0 - 30.0).abs() < 1e-9, "over both periods: {reading:?}");
}

#[test]
fn memory_that_cannot_be_read_costs_only_its_own_figures() {
    let (says, hardware) = begun();
    says.counts(&[4_001_000_000, 17, 5]);
    says.lose_counter(2);
    hardware.sample(at_ms(100)).unwrap();
    assert!(hardware.parts()[2].power.is_none());
}

#[test]
fn what_a_package_used_while_it_may_have_wrapped_twice_is_unknown() {
    let (says, hardware) = begun();
    says.counts(&[4_001_000_000, 17, 5]);
    let before = hardware.sample(at_ms(100)).unwrap();
    // 2^32 microjoules are 2.1 s of the largest power.
    says.counts(&[4_002_000_000, 1_000_017, 5]);
    let text = why(hardware.sample(at_ms(3_100)));
    assert!(text.starts_with("what package 0 used since the last sample is unknown: 3.0 s passed"), "{text}");
    says.counts(&[4_003_000_000, 3_000_017, 5]);
    let after = hardware.sample(at_ms(3_200)).unwrap();
    assert_eq!((before.epoch, after.epoch), (0, 1));
    assert_eq!(after.energy.value - before.energy.value, Microjoules::from_joules(3), "only what is known");
    assert!((after.power.value.0 - 30.0).abs() < 1e-9, "{after:?}");
}

#[test]
fn an_unknown_window_is_not_forgotten_when_another_package_fails_with_it() {
    let (says, hardware) = begun();
    says.counts(&[4_001_000_000, 17, 5]);
    hardware.sample(at_ms(100)).unwrap();
    says.counts(&[0, 17, 5]);
    says.lose_counter(1);
    assert_eq!(why(hardware.sample(at_ms(200))), "counter 1 has vanished");
    says.counts(&[1_000_000, 1_000_017, 5]);
    assert_eq!(why(hardware.sample(at_ms(300))), "counting begins, and power needs a second sample");
    says.counts(&[2_000_000, 1_000_017, 5]);
    let reading = hardware.sample(at_ms(400)).unwrap();
    assert_eq!(reading.epoch, 1);
    assert!((reading.power.value.0 - 10.0).abs() < 1e-9, "{reading:?}");
}

#[test]
fn a_die_that_cannot_be_read_may_be_the_hottest() {
    let (says, hardware) = begun();
    says.counts(&[4_001_000_000, 17, 5]);
    says.lose_probe(0);
    assert_eq!(why(hardware.sample(at_ms(100))), "probe 0 has vanished");
    says.celsius(&[70.0, 61.0]);
    assert_eq!(hardware.sample(at_ms(200)).unwrap().die.value, Celsius(70.0));
}

#[test]
fn without_a_thermometer_the_measured_power_heats_the_model() {
    let says = Says::default();
    let hardware = Hardware::new(Sources { thermometer: None, ..sources(&says) });
    let mut last = None;
    for step in 0..6_000_u64 {
        // Ten watts for a second, then forty.
        let joules = if step < 10 { step } else { 10 + (step - 10) * 4 };
        says.counts(&[joules * 1_000_000 % (1 << 32), 0, 0]);
        let sampled = hardware.sample(at_ms(step * 100));
        assert_eq!(sampled.is_err(), step == 0);
        last = sampled.ok().or(last);
    }
    let reading = last.unwrap();
    assert_eq!(
        (reading.power.provenance, reading.die.provenance),
        (Provenance::Measured, Provenance::Modelled)
    );
    let settled = MachineModel::DEMONSTRATION.thermal.settled(Watts(40.0));
    assert!((reading.die.value.0 - settled.0).abs() < 0.1, "{reading:?} has not settled at {settled:?}");
}

#[test]
fn without_a_meter_the_power_is_modelled_and_the_die_is_measured() {
    let says = Says::default();
    says.celsius(&[48.0, 44.0]);
    let hardware = Hardware::new(Sources { meter: None, ..sources(&says) });
    let reading = hardware.sample(at_ms(0)).unwrap();
    assert_eq!(
        (reading.power.provenance, reading.die.provenance),
        (Provenance::Modelled, Provenance::Measured)
    );
    assert_eq!((reading.power.value, reading.die.value), (Watts(10.0), Celsius(48.0)));
}
