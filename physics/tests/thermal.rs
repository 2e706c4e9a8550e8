//! The thermal model against what is known of it analytically, and against plain numerical integration.

use maxwell_core::units::{Celsius, Nanoseconds, Watts};
use maxwell_physics::thermal::{Class, ThermalModel, ThermalParameters};
use proptest::prelude::*;

const SECOND: u64 = 1_000_000_000;
/// Four months: a heavy die on a light sink that nearly runs away takes days to settle.
const FOR_EVER: u64 = 10_000_000 * SECOND;

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * (1.0 + a.abs().max(b.abs()))
}

/// Any machine that can exist, from a thin laptop to a large server and beyond.
fn parameters() -> impl Strategy<Value = ThermalParameters> {
    (-20.0..50.0, 0.01..5.0, 0.05..10.0, 0.01..5.0, 1.0..300.0, 0.0..0.9).prop_map(
        |(ambient, die_resistance, die_tau_s, sink_resistance, sink_tau_s, runaway)| ThermalParameters {
            ambient: Celsius(ambient),
            die_resistance,
            die_tau_s,
            sink_resistance,
            sink_tau_s,
            leakage: runaway / (die_resistance + sink_resistance),
        },
    )
}

/// The equations of the module's documentation, integrated in small steps (Heun). Returns die, sink and mean leakage.
fn integrated(p: &ThermalParameters, start: f64, power: f64, seconds: f64) -> (f64, f64, f64) {
    let ambient = p.ambient.0;
    let flow = |die: f64, sink: f64| {
        let up = (die - sink) / p.die_resistance;
        let net = power + p.leakage * (die - ambient) - up;
        let out = (sink - ambient) / p.sink_resistance;
        (net * p.die_resistance / p.die_tau_s, (up - out) * p.sink_resistance / p.sink_tau_s)
    };
    let settled = ThermalModel::new(*p, Watts(start)).unwrap();
    let (mut die, mut sink, mut leaked) = (settled.die().0, settled.sink().0, 0.0);
    let steps = 20_000;
    let step = seconds / f64::from(steps);
    for _ in 0..steps {
        let first = flow(die, sink);
        let second = flow(die + first.0 * step, sink + first.1 * step);
        let before = die;
        die += step * f64::midpoint(first.0, second.0);
        sink += step * f64::midpoint(first.1, second.1);
        leaked += p.leakage * (f64::midpoint(before, die) - ambient) / f64::from(steps);
    }
    (die, sink, leaked)
}

#[test]
fn the_demonstration_settles_where_its_table_says() {
    let p = ThermalParameters::DEMONSTRATION;
    for (power, die) in [(10.0, 35.0), (25.0, 50.0), (40.0, 65.0)] {
        assert!(close(p.settled(Watts(power)).0, die, 1e-12));
        assert!(close(ThermalModel::new(p, Watts(power)).unwrap().die().0, die, 1e-12));
    }
}

#[test]
fn the_classes_have_their_time_constants() {
    let taus = [Class::Mobile, Class::Desktop, Class::Workstation, Class::Server];
    let taus = taus.map(|class| ThermalParameters::of_class(class).die_tau_s);
    assert_eq!(taus.map(|tau| (tau * 10.0).round() as i64), [3, 10, 20, 35]);
}

#[test]
fn on_a_sink_that_stays_cold_the_die_is_a_first_order_lag() {
    let cold = ThermalParameters { sink_resistance: 1e-6, ..ThermalParameters::DEMONSTRATION };
    let mut model = ThermalModel::new(cold, Watts(0.0)).unwrap();
    let mut now = 0.0;
    for millis in [1, 10, 100, 1_000, 3_000] {
        model.advance(Watts(20.0), Nanoseconds::from_millis(millis));
        now += millis as f64 / 1e3;
        let expected = 25.0 + 20.0 * 0.7 * (1.0 - (-now / cold.die_tau_s).exp());
        assert!((model.die().0 - expected).abs() < 1e-4, "at {now} s: {:?}, not {expected}", model.die());
    }
}

#[test]
fn an_empty_span_changes_nothing_and_an_endless_one_settles() {
    let mut model = ThermalModel::new(ThermalParameters::DEMONSTRATION, Watts(10.0)).unwrap();
    let before = (model.die(), model.sink());
    model.advance(Watts(1e6), Nanoseconds::ZERO);
    assert_eq!(before, (model.die(), model.sink()));
    model.advance(Watts(40.0), Nanoseconds(u64::MAX));
    assert!(close(model.die().0, 65.0, 1e-12) && close(model.sink().0, 37.0, 1e-12));
}

#[test]
fn impossible_parameters_are_named() {
    let good = ThermalParameters::DEMONSTRATION;
    let check = |bad: ThermalParameters, parameter: &str| {
        let error = ThermalModel::new(bad, Watts(0.0)).expect_err(parameter);
        assert!(error.parameter.starts_with(parameter), "{error}");
    };
    check(ThermalParameters { ambient: Celsius(f64::NAN), ..good }, "ambient");
    check(ThermalParameters { die_resistance: 0.0, ..good }, "die_resistance");
    check(ThermalParameters { die_tau_s: -1.0, ..good }, "die_tau_s");
    check(ThermalParameters { sink_resistance: f64::INFINITY, ..good }, "sink_resistance");
    check(ThermalParameters { sink_tau_s: f64::NAN, ..good }, "sink_tau_s");
    check(ThermalParameters { leakage: -0.1, ..good }, "leakage");
    check(ThermalParameters { leakage: 1.0, ..good }, "leakage");
}

#[test]
#[should_panic(expected = "a machine cannot draw")]
fn a_power_that_cannot_be_is_refused() {
    let mut model = ThermalModel::new(ThermalParameters::DEMONSTRATION, Watts(10.0)).unwrap();
    model.advance(Watts(f64::NAN), Nanoseconds(1));
}

proptest! {
    #[test]
    fn it_converges_to_where_the_power_settles(p in parameters(), from in 0.0..300.0, to in 0.0..300.0) {
        let mut model = ThermalModel::new(p, Watts(from)).unwrap();
        for _ in 0..100 {
            model.advance(Watts(to), Nanoseconds(FOR_EVER / 100));
        }
        prop_assert!(close(model.die().0, p.settled(Watts(to)).0, 1e-9));
        if p.leakage == 0.0 {
            prop_assert!(close(model.die().0, p.ambient.0 + to * (p.die_resistance + p.sink_resistance), 1e-9));
        }
        // The settled leakage is what the model gives for the die's own excess.
        let leaked = model.advance(Watts(to), Nanoseconds(SECOND));
        prop_assert!(close(leaked.0, p.leakage * (model.die().0 - p.ambient.0), 1e-6));
    }

    #[test]
    fn without_leakage_it_converges_to_the_sum_of_the_resistances(p in parameters(), power in 0.0..300.0) {
        let p = ThermalParameters { leakage: 0.0, ..p };
        let mut model = ThermalModel::new(p, Watts(0.0)).unwrap();
        model.advance(Watts(power), Nanoseconds(FOR_EVER));
        let expected = p.ambient.0 + power * (p.die_resistance + p.sink_resistance);
        prop_assert!(close(model.die().0, expected, 1e-9));
    }

    #[test]
    fn many_spans_give_what_one_gives(
        p in parameters(),
        from in 0.0..300.0,
        to in 0.0..300.0,
        spans in prop::collection::vec(1..2 * SECOND, 1..50),
    ) {
        let mut split = ThermalModel::new(p, Watts(from)).unwrap();
        let mut whole = split.clone();
        let total: u64 = spans.iter().sum();
        let leaked: f64 =
            spans.iter().map(|span| split.advance(Watts(to), Nanoseconds(*span)).0 * *span as f64).sum();
        let mean = whole.advance(Watts(to), Nanoseconds(total));
        prop_assert!(close(split.die().0, whole.die().0, 1e-9));
        prop_assert!(close(split.sink().0, whole.sink().0, 1e-9));
        prop_assert!(close(leaked / total as f64, mean.0, 1e-6));
    }

    #[test]
    fn it_is_between_where_it_was_and_where_it_settles(
        p in parameters(),
        from in 0.0..300.0,
        to in 0.0..300.0,
        span in any::<u64>(),
    ) {
        let mut model = ThermalModel::new(p, Watts(from)).unwrap();
        model.advance(Watts(to), Nanoseconds(span));
        let (start, end) = (p.settled(Watts(from)).0, p.settled(Watts(to)).0);
        let slack = 1e-9 * (1.0 + start.abs() + end.abs());
        let die = model.die().0;
        prop_assert!(die >= start.min(end) - slack && die <= start.max(end) + slack, "{die} of {start}..{end}");
    }

    #[test]
    fn it_agrees_with_numerical_integration(
        p in parameters(),
        from in 0.0..300.0,
        to in 0.0..300.0,
        seconds in 0.01..30.0,
    ) {
        let mut model = ThermalModel::new(p, Watts(from)).unwrap();
        let leaked = model.advance(Watts(to), Nanoseconds((seconds * 1e9) as u64));
        let (die, sink, mean) = integrated(&p, from, to, seconds);
        prop_assert!(close(model.die().0, die, 1e-4), "die {:?}, not {die}", model.die());
        prop_assert!(close(model.sink().0, sink, 1e-4), "sink {:?}, not {sink}", model.sink());
        prop_assert!(close(leaked.0, mean, 1e-4), "leakage {leaked:?}, not {mean}");
    }
}
