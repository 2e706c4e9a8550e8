//! Readings that were corrected by a reference meter.

use maxwell_core::tick::{Figure, Provenance, Reading};
use maxwell_core::units::{Celsius, Microjoules, Moment, Watts};
use maxwell_physics::corrected::{Corrected, Correction};
use maxwell_physics::select::Tier;
use maxwell_physics::sensor::{SensorError, ThermalSensor};
use proptest::prelude::*;
use std::sync::Mutex;

const CORRECTION: Correction =
    Correction { scale: 1.1, offset: Watts(2.0), error: 0.03, tier: Tier::Calibrated };

/// Gives its readings one by one.
struct Script(Mutex<Vec<Reading>>);

impl ThermalSensor for Script {
    fn name(&self) -> &'static str {
        "script"
    }

    fn sample(&self, _: Moment) -> Result<Reading, SensorError> {
        let next = self.0.lock().unwrap().pop();
        next.ok_or_else(|| SensorError::Gone { backend: "script", why: "it is over".to_owned() })
    }
}

fn reading(millis: u64, watts: f64, energy: i64, epoch: u32) -> Reading {
    let provenance = Provenance::Measured;
    Reading {
        at: Moment(millis * 1_000_000),
        die: Figure { value: Celsius(50.0), error: Celsius(1.0), provenance },
        power: Figure { value: Watts(watts), error: Watts(watts), provenance },
        energy: Figure { value: Microjoules(energy), error: Microjoules(energy), provenance },
        epoch,
    }
}

fn corrected(correction: Correction, mut readings: Vec<Reading>) -> Vec<Reading> {
    readings.reverse();
    let count = readings.len();
    let sensor = Corrected::new(Script(Mutex::new(readings)), correction).unwrap();
    let found = (0..count).map(|_| sensor.sample(Moment(0)).unwrap()).collect();
    assert!(sensor.sample(Moment(0)).is_err(), "its errors pass through");
    found
}

#[test]
fn power_and_energy_are_scaled_and_offset_and_the_rest_is_left_alone() {
    let shown = [reading(0, 10.0, 0, 0), reading(1_000, 20.0, 20_000_000, 0)];
    let found = corrected(CORRECTION, shown.to_vec());
    assert!((found[1].power.value.0 - 24.0).abs() < 1e-9);
    assert_eq!(found[1].energy.value, Microjoules(24_000_000));
    assert_eq!((found[1].die, found[1].at, found[1].epoch), (shown[1].die, shown[1].at, 0));
}

#[test]
fn error_bars_are_those_that_the_comparison_left() {
    let found = corrected(CORRECTION, vec![reading(0, 10.0, 0, 0), reading(1_000, 20.0, 20_000_000, 0)]);
    assert!((found[1].power.error.0 - 0.72).abs() < 1e-9, "{found:?}");
    assert_eq!(found[1].energy.error, Microjoules(720_000));
}

#[test]
fn what_is_less_than_a_microjoule_is_carried_on() {
    let correction = Correction { scale: 1.5, offset: Watts(0.0), ..CORRECTION };
    let found = corrected(correction, (0..=1_000).map(|i| reading(i as u64, 0.001, i, 0)).collect());
    assert_eq!(found[1_000].energy.value, Microjoules(1_500));
}

#[test]
fn a_new_epoch_adds_no_offset_for_a_time_that_nobody_counted() {
    let readings = vec![
        reading(0, 10.0, 0, 0),
        reading(60_000, 10.0, 1_000_000, 1),
        reading(61_000, 10.0, 11_000_000, 1),
    ];
    let energies = corrected(CORRECTION, readings).into_iter().map(|reading| reading.energy.value);
    assert!(energies.eq([0, 1_100_000, 14_100_000].map(Microjoules)));
}

#[test]
fn corrections_that_no_meter_can_ask_for_are_refused() {
    let bad = |correction| {
        Corrected::new(Script(Mutex::default()), correction).err().expect("impossible").parameter
    };
    assert!(bad(Correction { scale: 0.0, ..CORRECTION }).contains("scale"));
    assert!(bad(Correction { offset: Watts(f64::NAN), ..CORRECTION }).contains("offset"));
    assert!(bad(Correction { error: -0.1, ..CORRECTION }).contains("error"));
}

proptest! {
    #[test]
    fn energy_never_falls_and_power_is_never_below_zero(
        scale in 0.01..10.0,
        offset in -100.0..100.0,
        steps in prop::collection::vec((0..2_000_u64, 0..100_000_000_i64, 0..2_u32), 1..50),
    ) {
        let (mut at, mut energy, mut epoch) = (0, 0, 0);
        let readings = steps.into_iter().map(|(millis, more, next)| {
            (at, energy, epoch) = (at + millis, energy + more, epoch + next);
            reading(at, more as f64 / 1e6, energy, epoch)
        });
        let correction = Correction { scale, offset: Watts(offset), ..CORRECTION };
        let found = corrected(correction, readings.collect());
        prop_assert!(found.is_sorted_by_key(|reading| reading.energy.value));
        prop_assert!(found.iter().all(|reading| reading.power.value.0 >= 0.0));
    }
}
