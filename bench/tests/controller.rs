//! What is promised of the controller, on the two-node model with the market's answer in every tick.

use maxwell_bench::control::demand::Demand;
use maxwell_bench::control::figures::{Figures, Promise, mean};
use maxwell_bench::control::plant::{Bench, Machine, SECOND, SET_POINT, Sample, TAUS, allowed, config};
use maxwell_bench::control::rules::Kind;
use maxwell_bench::control::sensor::Quality;
use maxwell_bench::control::study::{Case, disturbance, leaking, unchanged};
use maxwell_core::price::{Limit, Pricer};
use maxwell_core::units::{Celsius, Ppm};

/// An idle machine under Maxwell's own rule.
fn machine(tau: f64, quality: Quality) -> Bench<Pricer> {
    Bench::idle(Machine::of(tau), quality, Pricer::new(config(tau)).unwrap()).unwrap()
}

fn every_machine() -> impl Iterator<Item = (f64, Quality)> {
    TAUS.into_iter().flat_map(|tau| Quality::ALL.into_iter().map(move |quality| (tau, quality)))
}

fn warmest(run: &[Sample]) -> f64 {
    run.iter().map(|sample| sample.die).fold(f64::NEG_INFINITY, f64::max)
}

#[test]
fn every_promised_figure_holds_after_a_step_to_full_demand() {
    for case in Case::all(Kind::Maxwell).filter(|case| Demand::PROMISED.contains(&case.demand)) {
        let figures = case.figures(unchanged).unwrap();
        assert!(Promise::of(case.die_tau_s, case.quality).holds(&figures), "{case:?}: {figures:?}");
    }
}

#[test]
fn every_other_controller_breaks_the_promise_somewhere() {
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Maxwell) {
        let breaks = Case::all(kind)
            .filter(|case| Demand::PROMISED.contains(&case.demand))
            .any(|case| !Promise::of(case.die_tau_s, case.quality).holds(&case.figures(unchanged).unwrap()));
        assert!(breaks, "{kind:?} needs no auction");
    }
}

#[test]
fn a_crowd_inside_the_band_never_drives_the_die_to_critical() {
    for case in Case::all(Kind::Maxwell).filter(|case| case.demand == Demand::LumpyInside) {
        let figures = case.figures(unchanged).unwrap();
        assert!(figures.overshoot < 6.0 && figures.power > 0.9, "{case:?}: {figures:?}");
    }
}

#[test]
fn a_machine_whose_power_leaks_keeps_every_promised_figure() {
    for case in Case::all(Kind::Maxwell).filter(|case| Demand::PROMISED.contains(&case.demand)) {
        let figures = case.figures(leaking).unwrap();
        assert!(Promise::of(case.die_tau_s, case.quality).holds(&figures), "{case:?}: {figures:?}");
    }
}

#[test]
fn a_power_budget_is_nearly_used_up_and_never_passed() {
    for case in Case::all(Kind::Maxwell).filter(|case| Demand::PROMISED.contains(&case.demand)) {
        let figures = case.watts().unwrap();
        assert!((0.95..=1.02).contains(&figures.power), "{case:?}: {figures:?}");
        assert!(figures.overshoot_tenth < 1.0, "{case:?}: {figures:?}");
        assert!(case.quality == Quality::Poor || figures.ripple < 1.0, "{case:?}: {figures:?}");
    }
}

#[test]
fn when_the_load_goes_what_the_warm_sink_bears_is_for_sale_at_the_base_price() {
    for (tau, quality) in every_machine() {
        let mut bench = machine(tau, quality);
        let full = bench.run(300, Some(Demand::Inelastic));
        assert!(full.last().unwrap().multiplier > 1.6, "tau {tau} s: heat has its price");
        bench.run(20, None);
        let terms = bench.rule.explain();
        assert_eq!(terms.price.multiplier, Ppm::ONE, "tau {tau} s, {quality:?}");
        assert!(terms.supply.allowed > 6.0, "tau {tau} s, {quality:?}: {:?}", terms.supply);
    }
}

#[test]
fn an_hour_of_saturation_leaves_no_windup() {
    for (tau, quality) in every_machine() {
        let mut bench = machine(tau, quality);
        bench.run(3_600, None);
        let figures = Figures::of(&bench.run(400, Some(Demand::Inelastic)), SET_POINT);
        assert!(Promise::of(tau, quality).holds(&figures), "idle, tau {tau} s, {quality:?}: {figures:?}");

        let mut bench = machine(tau, quality);
        bench.other_slots = 7.0;
        bench.run(3_600, Some(Demand::Inelastic));
        assert!(bench.rule.explain().supply.allowed < 0.01, "other programs take it all");
        bench.other_slots = 0.0;
        let run = bench.run(400, Some(Demand::Inelastic));
        let figures = Figures::of(&run[5 * SECOND..], SET_POINT);
        assert!(Promise::of(tau, quality).holds(&figures), "busy, tau {tau} s, {quality:?}: {figures:?}");
    }
}

#[test]
fn other_programs_that_start_cost_few_degrees_for_a_short_time() {
    for tau in TAUS {
        let over = disturbance(tau, unchanged).unwrap();
        assert!(over < if tau < 1.0 { 5.0 } else { 3.5 }, "tau {tau} s: {over}");
    }
}

#[test]
fn a_step_of_the_set_point_has_no_bump_and_arrives() {
    for (tau, quality) in every_machine() {
        for to in [Celsius(62.0), Celsius(76.0)] {
            let mut bench = machine(tau, quality);
            let before = *bench.run(300, Some(Demand::Inelastic)).last().unwrap();
            let supply = bench.rule.explain().supply.allowed;
            bench.rule.set_set_point(to).unwrap();
            let window: Vec<Sample> = (0..SECOND / 10).map(|_| bench.tick(Some(Demand::Inelastic))).collect();
            let jump = (bench.rule.explain().supply.allowed - supply).abs();
            assert!(jump < 0.7, "tau {tau} s, {quality:?}, to {to:?}: {jump} slots at once");
            let ratio = window.last().unwrap().multiplier / before.multiplier;
            assert!((0.85..1.15).contains(&ratio), "tau {tau} s, {quality:?}, to {to:?}: {ratio}");

            let run = bench.run(400, Some(Demand::Inelastic));
            let steady = &run[300 * SECOND..];
            let power = mean(steady, |sample| sample.power) / allowed(to).0;
            let most = Promise::of(tau, quality).overshoot_max + to.0.max(SET_POINT.0);
            assert!((0.95..1.05).contains(&power), "tau {tau} s, {quality:?}, to {to:?}: {power}");
            assert!(warmest(&run) <= most, "tau {tau} s, {quality:?}, to {to:?}: {}", warmest(&run));
        }
    }
}

#[test]
fn a_dropped_sensor_is_dear_at_once_sells_nothing_after_five_seconds_and_comes_back() {
    for (tau, quality) in every_machine() {
        let mut bench = machine(tau, quality);
        bench.run(300, Some(Demand::Inelastic));
        for tick in 1..=20 * SECOND {
            let sample = bench.blind_tick(Some(Demand::Inelastic));
            assert!(tick <= SECOND || sample.multiplier > 63.9, "{tick}: {sample:?}");
            assert!(tick <= 5 * SECOND || sample.sold == 0, "{tick}: {sample:?}");
            assert!(sample.die < SET_POINT.0 + 2.0, "tau {tau} s while blind: {sample:?}");
        }
        assert_eq!(bench.rule.explain().supply.limit, Limit::Stale);
        let figures = Figures::of(&bench.run(400, Some(Demand::Inelastic)), SET_POINT);
        assert!(Promise::of(tau, quality).holds(&figures), "tau {tau} s, {quality:?}: {figures:?}");
        assert!(figures.settling_s.is_some_and(|seconds| seconds < 40), "tau {tau} s: {figures:?}");
    }
}
