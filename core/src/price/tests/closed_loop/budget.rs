//! The power budget against demand that comes and goes.

use super::*;

const BUDGET: f64 = 70.0;

/// Idle for a minute, then half a minute of full demand: the power of its ticks, in watts. Other programs draw `foreign`.
fn step(tau: f64, idle: f64, foreign: f64, poor: bool) -> Vec<f64> {
    let config = PriceConfig { power_budget: Some(Watts(BUDGET)), idle: Watts(idle), ..eight_slots(tau) };
    let machine = Machine::idle(config);
    let mut machine = if poor { machine.poor() } else { machine };
    machine.foreign = foreign;
    machine.run(60, 0);
    machine.run(30, 8).power
}

/// Means over the windows, because slots are dithered within one.
fn windows(power: &[f64]) -> Vec<f64> {
    power.chunks(10).map(mean).collect()
}

fn mean(power: &[f64]) -> f64 {
    power.iter().sum::<f64>() / power.len() as f64
}

#[test]
fn beside_a_known_idle_power_the_budget_holds_from_the_first_tick() {
    for tau in TAUS {
        let power = step(tau, IDLE, 0.0, false);
        assert!(max(&power) <= BUDGET, "tau {tau} s: {} W", max(&power));
        assert!(mean(&power) >= 0.97 * BUDGET, "tau {tau} s: {} W", mean(&power));
    }
}

#[test]
fn an_idle_power_that_nobody_told_is_passed_for_some_windows_and_by_no_more_than_itself() {
    for tau in TAUS {
        let power = windows(&step(tau, 0.0, 0.0, false));
        assert!(max(&power) <= BUDGET + IDLE + 1.5, "tau {tau} s: {power:?}");
        assert!(max(&power[10..]) <= BUDGET + 1.5, "tau {tau} s: {power:?}");
        assert!((0.97 * BUDGET..=BUDGET * 1.01).contains(&mean(&power[10..])), "tau {tau} s");
    }
}

#[test]
fn what_other_programs_draw_passes_the_budget_by_no_more_than_a_slot_beyond_two_windows() {
    let slot = 15.0;
    for tau in TAUS {
        let power = windows(&step(tau, IDLE, 30.0, false));
        assert!(max(&power) <= BUDGET + 30.0, "tau {tau} s: {power:?}");
        assert!(max(&power[2..]) <= BUDGET + slot, "tau {tau} s: {power:?}");
        assert!(max(&power[10..]) <= BUDGET + 1.5, "tau {tau} s: {power:?}");
        assert!((0.97 * BUDGET..=BUDGET * 1.001).contains(&mean(&power[10..])), "tau {tau} s");
    }
}

#[test]
fn with_a_late_and_noisy_sensor_the_budget_holds_in_the_mean() {
    for tau in TAUS {
        for foreign in [0.0, 30.0] {
            let power = windows(&step(tau, IDLE, foreign, true));
            assert!(max(&power[4..]) <= BUDGET + 15.0, "tau {tau} s: {power:?}");
            let mean = mean(&power[10..]);
            assert!((0.95 * BUDGET..=BUDGET * 1.01).contains(&mean), "tau {tau} s: {mean} W");
        }
    }
}

#[test]
fn what_other_programs_leave_is_sold_again() {
    let config = PriceConfig { power_budget: Some(Watts(BUDGET)), idle: Watts(IDLE), ..eight_slots(1.0) };
    let mut machine = Machine::idle(config);
    machine.foreign = 30.0;
    machine.run(30, 8);
    machine.foreign = 0.0;
    let power = machine.run(10, 8).power;
    assert!(mean(&power[2 * SECOND..]) >= 0.97 * BUDGET, "{} W", mean(&power[2 * SECOND..]));
}
