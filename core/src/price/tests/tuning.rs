//! The gains and what they leave in hand.

use super::*;

#[test]
fn the_tuning_rule_cancels_the_die_and_keeps_its_margins() {
    for (tau, lambda, phase, gain) in
        [(0.3, 0.3, 70.9, 4.7), (1.0, 0.5, 76.8, 6.8), (2.0, 1.0, 82.5, 12.0), (3.5, 1.75, 85.5, 19.9)]
    {
        let tuning = Tuning::of(&eight_slots(tau).plant, 0.1);
        assert!((tuning.proportional / tuning.integral - tau).abs() < 1e-12, "{tuning:?}");
        assert!((tuning.lambda_s - lambda).abs() < 1e-12, "{tuning:?}");
        assert!((tuning.phase_margin_degrees() - phase).abs() < 0.1, "{}", tuning.phase_margin_degrees());
        assert!((tuning.gain_margin() - gain).abs() < 0.1, "{}", tuning.gain_margin());
    }
}

#[test]
fn a_later_sensor_makes_the_loop_slower() {
    let plant = eight_slots(0.3).plant;
    let (soon, late) = (Tuning::of(&plant, 0.1), Tuning::of(&plant, 0.5));
    assert!(late.lambda_s > soon.lambda_s && late.proportional < soon.proportional);
    assert!(late.phase_margin_degrees() > 60.0 && late.gain_margin() > 4.0, "{late:?}");
}

#[test]
fn the_default_delay_is_a_sampling_period() {
    assert!((eight_slots(1.0).sensor_delay_s - WINDOW.as_seconds()).abs() < 1e-12);
}

#[test]
fn what_the_sink_takes_is_fed_forward_before_the_die_shows_it() {
    // The die stays where it is while power falls: by the model the sink has warmed.
    let supply = |feed_forward: f64| {
        let mut pricer = Pricer::new(PriceConfig { feed_forward, ..eight_slots(1.0) }).unwrap();
        for window in 0..100_u64 {
            let now = at_ms(100 * window);
            let power = if window < 5 { 100.0 } else { 85.0 };
            pricer.quote(now, &Sensed::Fresh(reading(now, 70.0, power)));
        }
        pricer.explain().supply
    };
    assert!(supply(0.0).feed_forward.abs() < 1e-12);
    let fed = supply(1.0).feed_forward;
    assert!((fed + 1.0).abs() < 0.1, "15 W less are one slot less: {fed}");
    assert!((supply(0.5).feed_forward - fed / 2.0).abs() < 1e-9);
}

#[test]
fn the_derivative_acts_against_the_slope_and_is_off_by_default() {
    let rising = |derivative_s: f64| {
        let config = PriceConfig { derivative_s, feed_forward: 0.0, ..eight_slots(1.0) };
        let mut pricer = Pricer::new(config).unwrap();
        for window in 0..50_u64 {
            let now = at_ms(100 * window);
            pricer.quote(now, &Sensed::Fresh(reading(now, 65.0 + window as f64 / 10.0, 80.0)));
        }
        pricer.explain().supply.derivative
    };
    assert!(rising(eight_slots(1.0).derivative_s).abs() < 1e-12);
    let gain = Tuning::of(&eight_slots(1.0).plant, 0.1).proportional;
    let term = rising(0.5);
    assert!((term + 0.5 * gain).abs() < 1e-6, "1 K/s for 0.5 s: {term}");
}
