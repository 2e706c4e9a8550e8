//! An external meter against the counters: scale, offset, lag, and the tier that they leave.

use super::plant::{Plant, Thermometer, normal};
use maxwell_physics::calibrate::reference::{Reference, ReferenceClock, ReferenceError, ReferenceFit};
use maxwell_physics::calibrate::series::{ROWS_MAX, Series, TEXT_MAX, TableError};
use maxwell_physics::select::Tier;
use maxwell_physics::thermal::Class;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::fmt::Write;

const BEGAN: f64 = 1_750_000_000.0;

/// A meter with a row a second, in Unix time.
#[derive(Clone, Copy)]
struct Meter {
    scale: f64,
    offset_w: f64,
    late_s: f64,
    /// Standard deviation of its noise, as a share.
    noise: f64,
}

const METER: Meter = Meter { scale: 1.08, offset_w: 3.0, late_s: 0.0, noise: 0.005 };

fn run() -> Series {
    let plant = Plant { meter: 0.01, ..Plant::of_class(Class::Desktop, Thermometer::Whole, 1) };
    Series { began_unix_s: Some(BEGAN), samples: plant.run() }
}

fn metered(meter: Meter) -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let samples = run().samples;
    let mut text = String::from("t_s,power_w\n");
    for second in 0..209 {
        let middle = f64::from(second) + 0.5;
        let near = samples.iter().filter(|sample| (sample.at.as_seconds() - middle).abs() < 0.5);
        let watts: Vec<f64> = near.map(|sample| sample.power.unwrap().value.0).collect();
        let mean = watts.iter().sum::<f64>() / watts.len() as f64;
        let shown = (meter.scale * mean + meter.offset_w) * (1.0 + meter.noise * normal(&mut rng));
        writeln!(text, "{:.3},{shown:.3}", BEGAN + middle + meter.late_s).unwrap();
    }
    text
}

fn compare(meter: Meter) -> ReferenceFit {
    Reference::parse(&metered(meter)).unwrap().compare(&run()).unwrap()
}

#[test]
fn scale_and_offset_are_found_and_the_machine_is_tier_1() {
    let found = compare(METER);
    assert!((found.scale.value - 1.08).abs() < 0.01, "{found:?}");
    assert!((found.offset.value - 3.0).abs() < 0.5, "{found:?}");
    assert!(found.lag_s.abs() <= 0.5 && found.windows > 150, "{found:?}");
    assert!(found.scale.standard_error < 0.01 && found.residual.0 < 3.0, "{found:?}");
    assert_eq!(found.tier(), Tier::Calibrated);
    let correction = found.correction();
    correction.validate().unwrap();
    assert!((correction.power(maxwell_core::units::Watts(50.0)).0 - 57.0).abs() < 1.0);
}

#[test]
fn a_meter_whose_clock_is_wrong_is_moved_into_place() {
    for late_s in [-7.3, -0.4, 2.0, 9.0] {
        let found = compare(Meter { late_s, ..METER });
        assert!((found.lag_s - late_s).abs() <= 0.5, "{found:?}");
        assert!((found.scale.value - 1.08).abs() < 0.02, "{found:?}");
    }
}

#[test]
fn a_meter_that_scatters_leaves_the_machine_at_tier_2() {
    let found = compare(Meter { noise: 0.06, ..METER });
    assert!(found.error > 0.05, "{found:?}");
    assert_eq!(found.tier(), Tier::Uncalibrated);
}

#[test]
fn the_clock_is_told_from_the_first_time() {
    let clock = |first: &str| Reference::parse(&format!("t_s,power_w\n{first},1\n2e9,2\n")).unwrap().clock;
    assert_eq!(clock("0.0"), ReferenceClock::Run);
    assert_eq!(clock("999999999"), ReferenceClock::Run);
    assert_eq!(clock("1750000000.5"), ReferenceClock::Unix);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let run = run();
    let error = |text: &str, run: &Series| Reference::parse(text).unwrap().compare(run).unwrap_err();
    let text = metered(METER);
    assert!(matches!(
        error(&text, &Series { began_unix_s: None, ..run.clone() }),
        ReferenceError::Clocks { .. }
    ));
    let late = metered(Meter { late_s: 1_000.0, ..METER });
    assert_eq!(error(&late, &run), ReferenceError::NoOverlap { windows: 0 });
    assert_eq!(error(&metered(Meter { late_s: 12.0, ..METER }), &run), ReferenceError::LagTooLarge);
    let flat = format!("t_s,power_w\n{BEGAN},50\n{},50\n", BEGAN + 300.0);
    assert!(matches!(error(&flat, &run), ReferenceError::Unrelated { .. }));
    let mut unmetered = run.clone();
    unmetered.samples.iter_mut().for_each(|sample| sample.power = None);
    assert_eq!(error(&text, &unmetered), ReferenceError::NoPower);
}

#[test]
fn a_run_of_years_is_refused_and_not_cut_into_seconds() {
    let header = "t_s,busy_cpus,die_c,power_w";
    let run = Series::parse(&format!("{header}\n0,0,40,20\n900000000,8,60,80\n")).unwrap();
    let meter = Reference::parse("t_s,power_w\n0,20\n900000000,80\n").unwrap();
    assert_eq!(meter.compare(&run).unwrap_err(), ReferenceError::TooLong { seconds: 9e8 });
}

#[test]
fn a_table_without_end_is_refused() {
    let mut text = String::from("t_s,power_w\n");
    (0..=ROWS_MAX).for_each(|row| writeln!(text, "{row},1").unwrap());
    assert_eq!(Reference::parse(&text), Err(TableError::TooLong { what: "rows", most: ROWS_MAX }));
    let text = "x".repeat(TEXT_MAX + 1);
    assert_eq!(Reference::parse(&text), Err(TableError::TooLong { what: "bytes", most: TEXT_MAX }));
}

#[test]
fn damage_is_told_by_line_and_column() {
    let error = Reference::parse("t_s,power_w\n0,1\n1,x\n").unwrap_err();
    assert!(matches!(error, TableError::Number { line: 3, column: "power_w", .. }), "{error}");
    assert!(matches!(Reference::parse("t_s;power_w\n"), Err(TableError::Header { .. })));
}
