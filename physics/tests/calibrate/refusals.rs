//! Samples that cannot tell the machine are refused, each with what to do.

use super::plant::{Plant, Thermometer, measured};
use maxwell_core::tick::Provenance;
use maxwell_core::units::{Celsius, Moment};
use maxwell_physics::calibrate::{CalibrateError, Fit, METER_ERROR, Sample, Subject, fit};
use maxwell_physics::model::MachineModel;
use maxwell_physics::sensor::ErrorBars;
use maxwell_physics::thermal::Class;

fn plant() -> Plant {
    Plant::of_class(Class::Desktop, Thermometer::Gaussian(0.2), 1)
}

/// The refusal of a run that was changed by `change`.
fn refusal(change: impl Fn(&mut Sample)) -> CalibrateError {
    let mut samples = plant().run();
    samples.iter_mut().for_each(change);
    fit(&samples, &plant().subject()).expect_err("these samples tell nothing")
}

fn fit_with(change: impl Fn(&mut Sample)) -> Fit {
    let mut samples = plant().run();
    samples.iter_mut().for_each(change);
    fit(&samples, &plant().subject()).unwrap()
}

#[test]
fn numbers_that_cannot_be_are_named() {
    let at_500 = |sample: &mut Sample, change: &dyn Fn(&mut Sample)| {
        if sample.at.as_seconds() > 50.0 {
            change(sample);
        }
    };
    let check = |word: &str, change: &dyn Fn(&mut Sample)| {
        let error = refusal(|sample| at_500(sample, change));
        assert!(
            matches!(&error, CalibrateError::Impossible { index: 490..=510, what } if what.contains(word))
        );
    };
    check("power", &|sample| sample.power = Some(measured(f64::NAN)));
    check("power", &|sample| sample.power = Some(measured(-1.0)));
    check("temperature", &|sample| sample.die = Celsius(f64::INFINITY));
    check("load", &|sample| sample.busy_cpus = f64::NAN);
}

#[test]
fn samples_out_of_order_are_refused() {
    let error = refusal(|sample| sample.at = Moment(7));
    assert_eq!(error, CalibrateError::OutOfOrder { index: 1 });
}

#[test]
fn a_load_that_never_steps_is_refused() {
    assert!(matches!(refusal(|sample| sample.busy_cpus = 8.0), CalibrateError::NoStep { slots: 8, .. }));
    assert!(matches!(refusal(|sample| sample.busy_cpus *= 0.4), CalibrateError::NoStep { .. }));
}

#[test]
fn a_phase_that_is_too_short_is_refused() {
    let check = |phases_s: [f64; 3], expected: &str| {
        let plant = Plant { phases_s, ..plant() };
        let error = fit(&plant.run(), &plant.subject()).unwrap_err();
        assert!(matches!(error, CalibrateError::TooShort { phase, .. } if phase == expected), "{error}");
    };
    check([30.0, 8.0, 30.0], "fully loaded");
    check([4.0, 60.0, 4.0], "idle");
    assert!(matches!(fit(&[], &plant().subject()), Err(CalibrateError::TooShort { .. })));
}

#[test]
fn a_step_that_ends_before_the_sink_has_answered_leaves_the_sink_open() {
    let plant =
        Plant { phases_s: [8.0, 11.0, 4.0], ..Plant::of_class(Class::Server, Thermometer::Gaussian(1.0), 3) };
    let error = fit(&plant.run(), &plant.subject()).unwrap_err();
    assert!(matches!(error, CalibrateError::Unidentified { .. }), "{error}");
    assert!(error.to_string().contains("--full"), "{error}");
}

#[test]
fn a_temperature_that_stands_still_is_refused() {
    assert!(matches!(refusal(|sample| sample.die = Celsius(40.0)), CalibrateError::NoRise { .. }));
}

#[test]
fn a_die_at_its_limit_is_refused() {
    let samples = plant().run();
    let hottest = samples.iter().map(|sample| sample.die.0).fold(0.0, f64::max);
    let with_limit = |limit| fit(&samples, &Subject { limit: Some(Celsius(limit)), ..plant().subject() });
    assert!(matches!(with_limit(hottest + 0.9), Err(CalibrateError::Clipped { .. })));
    assert!(with_limit(hottest + 1.1).is_ok());
}

#[test]
fn power_that_does_not_follow_the_load_is_refused() {
    assert!(matches!(
        refusal(|sample| sample.power = Some(measured(50.0))),
        CalibrateError::NoPowerLaw { .. }
    ));
    let falls = |sample: &mut Sample| sample.power = Some(measured(100.0 - sample.busy_cpus));
    assert!(matches!(refusal(falls), CalibrateError::NoPowerLaw { .. }));
}

#[test]
fn without_a_meter_the_time_constants_are_fitted_and_the_watts_stay_those_assumed() {
    let unmetered = fit_with(|sample| sample.power = None);
    let modelled = fit_with(|sample| {
        sample.power = sample
            .power
            .map(|power| maxwell_core::tick::Figure { provenance: Provenance::Modelled, ..power });
    });
    assert_eq!(unmetered, modelled, "a modelled power is not fitted");
    assert_eq!(unmetered.power, None);
    let assumed = MachineModel::of_class(Class::Desktop, 8);
    assert_eq!((unmetered.machine.idle, unmetered.machine.slot), (assumed.idle, assumed.slot));
    assert!((unmetered.machine.thermal.die_tau_s - 1.0).abs() < 0.05, "{unmetered:?}");
    assert!((unmetered.error_bars(METER_ERROR).ratio - ErrorBars::UNCALIBRATED.ratio).abs() < 1e-12);
}

#[test]
fn the_bar_of_the_die_holds_the_thermometers_own_error() {
    let samples = plant().run();
    let bar = |die_error| {
        let found = fit(&samples, &Subject { die_error, ..plant().subject() }).unwrap();
        (found.error_bars(METER_ERROR).die.0, 2.0 * found.heat.residual.0)
    };
    let (perfect, unexplained) = bar(Some(Celsius(0.0)));
    assert!((perfect - unexplained).abs() < 1e-12 && unexplained > 0.1);
    assert!((bar(Some(Celsius(2.0))).0 - unexplained.hypot(2.0)).abs() < 1e-12);
    assert!((bar(None).0 - unexplained.hypot(5.0)).abs() < 1e-12, "an unknown one is no good one");
}

#[test]
fn leakage_is_found_where_there_is_some() {
    let mut plant = plant();
    plant.machine.thermal.leakage = 0.3;
    let found = fit(&plant.run(), &plant.subject()).unwrap();
    let leakage = found.power.as_ref().and_then(|power| power.leakage).expect("it is large");
    assert!((leakage.value - 0.3).abs() < 4.0 * leakage.standard_error, "{leakage:?}");
    assert!((found.machine.idle.0 / plant.machine.idle.0 - 1.0).abs() < 0.1, "{found:?}");
    let (full, truth) = (found.machine.settled(8.0).0, plant.machine.settled(8.0).0);
    assert!((full - truth).abs() < 1.5, "settles at {full}, not {truth}");
}

#[test]
fn a_recording_that_begins_in_the_middle_of_the_load_does_not_mislead() {
    let plant = Plant { phases_s: [1.0, 100.0, 120.0], ..plant() };
    let samples: Vec<Sample> =
        plant.run().into_iter().filter(|sample| sample.at.as_seconds() > 60.0).collect();
    let found = fit(&samples, &plant.subject()).unwrap().machine.thermal;
    let truth = plant.machine.thermal;
    assert!((found.ambient.0 - truth.ambient.0).abs() < 1.0, "{found:?}");
    assert!((found.die_tau_s / truth.die_tau_s - 1.0).abs() < 0.05, "{found:?}");
}

#[test]
fn the_true_values_lie_within_their_standard_errors() {
    let (mut within, mut all) = (0, 0);
    for seed in 0..20 {
        let plant = Plant { seed, ..plant() };
        let found = fit(&plant.run(), &plant.subject()).unwrap();
        let (heat, truth) = (&found.heat, plant.machine.thermal);
        let pairs = [
            (heat.die_tau_s, truth.die_tau_s),
            (heat.die_resistance, truth.die_resistance),
            (heat.sink_tau_s, truth.sink_tau_s),
            (heat.sink_resistance, truth.sink_resistance),
            (heat.ambient, truth.ambient.0),
        ];
        all += pairs.len();
        within += pairs
            .iter()
            .filter(|(found, truth)| (found.value - truth).abs() <= 3.0 * found.standard_error)
            .count();
    }
    assert!(within * 100 >= all * 90, "{within} of {all} lie within three standard errors");
}
