//! The quote, the curve and the configuration. The closed loop has its own file, against a machine with two thermal nodes.

mod closed_loop;
mod explained;
mod set_point;
mod tuning;

mod tariff;

use super::*;
use crate::limits::SLOTS_MAX;
use crate::tick::{Figure, Provenance};
use crate::units::{Ppm, Watts};
use proptest::prelude::*;

/// Eight slots of 15 W; the set point binds at about 5.3 of them.
pub(super) fn eight_slots(die_tau_s: f64) -> PriceConfig {
    let plant = Plant { slot: Watts(15.0), die_resistance: 0.35, die_tau_s };
    PriceConfig::new(8, plant, Celsius(70.0), Celsius(90.0))
}

pub(super) fn reading(at: Moment, die: f64, power: f64) -> Reading {
    let provenance = Provenance::Modelled;
    Reading {
        at,
        die: Figure { value: Celsius(die), error: Celsius(0.0), provenance },
        power: Figure { value: Watts(power), error: Watts(0.0), provenance },
        energy: Figure { value: Microjoules::ZERO, error: Microjoules::ZERO, provenance },
        epoch: 0,
    }
}

pub(super) fn at_ms(millis: u64) -> Moment {
    Moment(millis * 1_000_000)
}

/// The first quote of a pricer that has read nothing but this.
fn first_quote(config: PriceConfig, die: f64, power: f64) -> Quote {
    let now = at_ms(0);
    Pricer::new(config).unwrap().quote(now, &Sensed::Fresh(reading(now, die, power)))
}

/// Quotes every tick for `millis` with a fresh reading each window; the last one.
fn hold(pricer: &mut Pricer, from_ms: u64, millis: u64, die: f64) -> Quote {
    let mut quote = None;
    for now in (from_ms..from_ms + millis).step_by(10) {
        let fresh = Sensed::Fresh(reading(at_ms(now / 100 * 100), die, 80.0));
        quote = Some(pricer.quote(at_ms(now), &fresh));
    }
    quote.unwrap()
}

#[test]
fn without_any_reading_nothing_is_sold_at_the_highest_price() {
    let mut pricer = Pricer::new(eight_slots(1.0)).unwrap();
    for tick in 0..1_000 {
        let quote = pricer.quote(at_ms(10 * tick), &Sensed::Missing);
        assert_eq!((quote.slots, quote.fresh, quote.tick), (0, false, tick));
        assert_eq!((quote.supply, quote.die), (0.0, Celsius(90.0)));
        assert_eq!(quote.multiplier, Ppm::from_ratio(64.0));
    }
    let first = pricer.quote(at_ms(10_000), &Sensed::Fresh(reading(at_ms(10_000), 30.0, 10.0)));
    assert_eq!((first.slots, first.multiplier), (8, Ppm::ONE), "the first reading is acted on at once");
}

#[test]
fn at_critical_nothing_is_sold_and_just_below_it_the_controller_decides() {
    // So close to the set point that the controller alone would still sell at the critical temperature.
    let config = || PriceConfig { critical: Celsius(70.5), ..eight_slots(1.0) };
    let mut below = Pricer::new(config()).unwrap();
    hold(&mut below, 0, 1_000, 30.0);
    hold(&mut below, 1_000, 1_000, 60.0);
    hold(&mut below, 2_000, 1_000, 68.0);
    assert!(hold(&mut below, 3_000, 100, 70.499).supply > 1.0);
    for die in [70.5, 70.500_001, 150.0] {
        let mut pricer = Pricer::new(config()).unwrap();
        let cool = hold(&mut pricer, 0, 1_000, 30.0);
        assert_eq!(cool.slots, 8);
        let hot = pricer.quote(at_ms(1_000), &Sensed::Fresh(reading(at_ms(1_000), die, 130.0)));
        assert_eq!((hot.slots, hot.supply), (0, 0.0));
        let cool = hold(&mut pricer, 1_100, 100, 30.0);
        assert!(cool.supply > 1.0, "it sells again with the next cool reading");
        let cool = hold(&mut pricer, 1_200, 500, 30.0);
        assert!(cool.supply > 7.9, "and all slots half a second later: {cool:?}");
    }
}

#[test]
fn a_reading_that_is_no_number_sells_nothing_and_leaves_no_trace() {
    for (die, power) in [(f64::NAN, 80.0), (f64::INFINITY, 80.0), (f64::NEG_INFINITY, 80.0), (50.0, f64::NAN)]
    {
        let config = PriceConfig { power_budget: Some(Watts(1_000.0)), ..eight_slots(1.0) };
        let mut pricer = Pricer::new(config).unwrap();
        let before = hold(&mut pricer, 0, 1_000, 66.0);
        let broken = pricer.quote(at_ms(1_000), &Sensed::Fresh(reading(at_ms(1_000), die, power)));
        assert_eq!((broken.slots, broken.supply), (0, 0.0), "{die} degrees, {power} W");
        assert_eq!(broken.multiplier, Ppm::from_ratio(64.0));
        assert!(!broken.fresh, "hunger must not run on it");
        let after = hold(&mut pricer, 1_100, 100, 66.0);
        assert!((after.supply - before.supply).abs() < 1.0, "{before:?} then {after:?}");
        assert!(after.multiplier.0.abs_diff(before.multiplier.0) < 20_000, "{before:?} then {after:?}");
    }
}

#[test]
fn a_stale_reading_means_the_highest_price_at_once_and_a_supply_that_ramps_to_nothing() {
    let mut pricer = Pricer::new(eight_slots(1.0)).unwrap();
    let supply = hold(&mut pricer, 0, 1_000, 40.0).supply;
    let last = reading(at_ms(900), 40.0, 80.0);
    let mut before = supply;
    let mut die = 40.0;
    for age in (510..8_000).step_by(10) {
        let quote = pricer.quote(at_ms(900 + age), &Sensed::Stale(last));
        assert_eq!((quote.multiplier, quote.fresh), (Ppm::from_ratio(64.0), false));
        assert!(quote.supply <= before, "the supply only falls");
        let ramp = supply * (1.0 - age as f64 / 5_000.0).max(0.0);
        assert!((quote.supply - ramp).abs() < 1e-9, "{age} ms: {} is not {ramp}", quote.supply);
        assert!(quote.die.0 >= die, "the worst is assumed, and it gets worse");
        assert!(age < 5_000 || (quote.slots == 0 && quote.die.0 >= 90.0 - 1e-9), "{age} ms: {quote:?}");
        (before, die) = (quote.supply, quote.die.0);
    }
}

#[test]
fn a_blind_pricer_stops_as_soon_as_the_model_could_have_reached_critical() {
    // From 60 degrees all slots heat by 42 K (1 - e^(-t / tau)): 30 K to critical are gone after 1.25 tau.
    for tau in [0.3_f64, 0.5, 1.0, 2.0] {
        let mut pricer = Pricer::new(eight_slots(tau)).unwrap();
        hold(&mut pricer, 0, 1_000, 60.0);
        let last = reading(at_ms(900), 60.0, 80.0);
        for age in (510..6_000).step_by(10) {
            let quote = pricer.quote(at_ms(900 + age), &Sensed::Stale(last));
            let seconds = age as f64 / 1_000.0;
            let reached = 42.0 * (1.0 - (-seconds / tau).exp()) >= 30.0 || age >= 5_000;
            assert_eq!(quote.supply == 0.0, reached, "tau {tau} s, {age} ms: {quote:?}");
            assert!(quote.die.0 >= 60.0 + seconds.min(5.0) * 6.0 - 1e-9, "nor less than the straight line");
        }
    }
}

#[test]
fn after_a_gap_the_supply_sets_out_from_what_was_offered_last() {
    // So far from critical that even the worst that is assumed does not stop the sale.
    let config = || PriceConfig { critical: Celsius(115.0), ..eight_slots(1.0) };
    for age in [510, 1_000, 2_500, 4_000] {
        let mut pricer = Pricer::new(config()).unwrap();
        let last = reading(at_ms(20_000), 69.0, 80.0);
        hold(&mut pricer, 0, 20_000, 69.0);
        pricer.quote(at_ms(20_000), &Sensed::Fresh(last));
        let blind = pricer.quote(at_ms(20_000 + age), &Sensed::Stale(last)).supply;
        let now = at_ms(20_010 + age);
        assert!(blind > 1.0, "{age} ms: {blind}");
        let back = pricer.quote(now, &Sensed::Fresh(reading(now, 66.0, 80.0)));
        assert!((back.supply - blind).abs() < 0.5, "{age} ms: {blind} slots, then {}", back.supply);
        assert!(back.fresh && back.multiplier < Ppm::from_ratio(2.0));
    }
}

#[test]
fn the_same_reading_moves_the_controller_once() {
    let config = eight_slots(1.0);
    let (mut often, mut once) = (Pricer::new(config.clone()).unwrap(), Pricer::new(config).unwrap());
    for window in 0..50_u64 {
        let now = at_ms(100 * window);
        let fresh = Sensed::Fresh(reading(now, 66.0 + window as f64 / 10.0, 80.0));
        let expected = once.quote(now, &fresh);
        for tick in 0..10 {
            let quote = often.quote(at_ms(100 * window + 10 * tick), &fresh);
            assert_eq!((quote.supply, quote.reserve), (expected.supply, expected.reserve));
        }
    }
}

#[test]
fn the_curve_passes_through_its_knots() {
    let multiplier = |die: f64| first_quote(eight_slots(1.0), die, 10.0).multiplier;
    for cold in [-40.0, 25.0, 64.9, 65.0] {
        assert_eq!(multiplier(cold), Ppm::ONE, "{cold}");
    }
    assert_eq!(multiplier(67.5), Ppm::from_ratio(2_f64.sqrt()), "exponential in between");
    assert_eq!(multiplier(70.0), Ppm::from_ratio(2.0));
    assert_eq!(multiplier(80.0), Ppm::from_ratio((2_f64 * 64.0).sqrt()));
    for hot in [90.0, 91.0, 1_000.0] {
        assert_eq!(multiplier(hot), Ppm::from_ratio(64.0), "{hot}");
    }
}

#[test]
fn power_near_its_budget_is_dear_even_on_a_cool_die() {
    let multiplier = |power: f64, die: f64| {
        let config = PriceConfig { power_budget: Some(Watts(100.0)), ..eight_slots(1.0) };
        first_quote(config, die, power).multiplier
    };
    assert_eq!(multiplier(90.0, 30.0), Ppm::ONE);
    assert_eq!(multiplier(100.0, 30.0), Ppm::from_ratio(2.0));
    assert_eq!(multiplier(110.0, 30.0), Ppm::from_ratio(64.0));
    assert_eq!(multiplier(100.0, 80.0), Ppm::from_ratio(128_f64.sqrt()), "the dearer of the two holds");
}

#[test]
fn the_filter_reaches_two_thirds_of_a_step_in_its_time_constant() {
    let mut pricer = Pricer::new(eight_slots(1.0)).unwrap();
    hold(&mut pricer, 0, 1_000, 65.0);
    let log = hold(&mut pricer, 1_000, 3_000, 70.0).multiplier.as_ratio().log2();
    let expected = 1.0 - (-1_f64).exp();
    assert!((log - expected).abs() < 0.001, "{log} is not {expected}");
}

#[test]
fn the_reserve_is_base_times_multiplier_rounded_up() {
    let config = PriceConfig { tariff: Ppm(1_234_567), ..eight_slots(1.0) };
    assert_eq!(Pricer::new(config.clone()).unwrap().base(), Microjoules(185_186), "150,000 x 1.234567, up");
    for die in [20.0, 65.1, 66.6, 70.0, 71.3, 89.0] {
        let quote = first_quote(config.clone(), die, 10.0);
        let parts = i128::from(quote.base.0) * i128::from(quote.multiplier.0);
        let reserve = i128::from(quote.reserve.0) * 1_000_000;
        assert!(reserve >= parts && reserve - parts < 1_000_000, "{quote:?}");
    }
}

#[test]
fn a_configuration_that_cannot_be_is_refused_with_what_to_change() {
    type Change = fn(&mut PriceConfig);
    let table: &[(&str, Change)] = &[
        ("number of slots", |c| c.slots = 0),
        ("number of slots", |c| c.slots = SLOTS_MAX + 1),
        ("watts of a slot", |c| c.plant.slot = Watts(0.0)),
        ("watts of a slot", |c| c.plant.slot = Watts(f64::NAN)),
        ("watts of a slot", |c| c.plant.die_resistance = -0.1),
        ("watts of a slot", |c| c.plant.die_tau_s = f64::INFINITY),
        ("band", |c| c.band = 0.0),
        ("band", |c| c.band = f64::NAN),
        ("band", |c| c.band = f64::INFINITY),
        ("above the set point", |c| c.critical = c.set_point),
        ("above the set point", |c| c.critical = Celsius(f64::NAN)),
        ("above the set point", |c| c.critical = Celsius(f64::INFINITY)),
        ("above the set point", |c| c.set_point = Celsius(f64::NEG_INFINITY)),
        ("multiplier at the set point", |c| c.multiplier_at_set_point = 0.99),
        ("multiplier at the set point", |c| c.multiplier_at_set_point = f64::NAN),
        ("largest multiplier", |c| c.multiplier_max = 1.5),
        ("largest multiplier", |c| c.multiplier_max = f64::NAN),
        ("largest multiplier", |c| c.multiplier_max = 1_000.1),
        ("filter", |c| c.filter_s = 0.0),
        ("filter", |c| c.filter_s = f64::INFINITY),
        ("tariff", |c| c.tariff = Ppm(0)),
        ("power budget", |c| c.power_budget = Some(Watts(0.0))),
        ("power budget", |c| c.power_budget = Some(Watts(f64::NAN))),
        ("power budget", |c| c.power_budget = Some(Watts(f64::INFINITY))),
        ("idle power", |c| c.idle = Watts(-1.0)),
        ("idle power", |c| c.idle = Watts(f64::NAN)),
        ("idle power", |c| c.idle = Watts(f64::INFINITY)),
        ("above the idle power", |c| (c.power_budget, c.idle) = (Some(Watts(70.0)), Watts(70.0))),
        ("idle recovered", |c| c.idle_recovery = -0.1),
        ("idle recovered", |c| c.idle_recovery = 1.1),
        ("idle recovered", |c| c.idle_recovery = f64::NAN),
        ("delay of the sensor", |c| c.sensor_delay_s = -0.1),
        ("delay of the sensor", |c| c.sensor_delay_s = f64::NAN),
        ("share fed forward", |c| c.feed_forward = 1.1),
        ("share fed forward", |c| c.feed_forward = f64::NAN),
        ("derivative", |c| c.derivative_s = -1.0),
        ("derivative", |c| c.derivative_s = f64::INFINITY),
        ("nothing to all slots", |c| c.rise_s = 0.0),
        ("nothing to all slots", |c| c.rise_s = f64::NAN),
        ("above the largest price", |c| c.plant.slot = Watts(1e300)),
        ("above the largest price", |c| c.tariff = Ppm(u64::MAX)),
        ("a price of zero", |c| c.plant.slot = Watts(1e-6)),
    ];
    Pricer::new(eight_slots(1.0)).unwrap();
    for (number, (named, change)) in table.iter().enumerate() {
        let mut config = eight_slots(1.0);
        change(&mut config);
        let shown = match Pricer::new(config) {
            Ok(_) => panic!("row {number} ({named}) was taken"),
            Err(error) => error.to_string(),
        };
        assert!(shown.contains(named), "row {number}: {shown:?} does not speak of the {named}");
    }
}

#[test]
fn the_extremes_of_what_is_allowed_can_be_quoted() {
    for multiplier_max in [2.0, 1_000.0] {
        let largest = PRICE_MAX.0 as f64 / 1e4 / multiplier_max;
        let plant = Plant { slot: Watts(largest), die_resistance: 0.05 / largest, ..eight_slots(1.0).plant };
        let config = PriceConfig { plant, slots: SLOTS_MAX, multiplier_max, ..eight_slots(1.0) };
        assert!(first_quote(config.clone(), 200.0, 0.0).reserve <= PRICE_MAX);
        let mut pricer = Pricer::new(config).unwrap();
        assert!(hold(&mut pricer, 0, 1_000, 20.0).slots == SLOTS_MAX, "after the rise of half a second");
    }
}

proptest! {
    #[test]
    fn a_hotter_die_is_never_cheaper(a in -20.0..120.0_f64, b in -20.0..120.0_f64) {
        let (cold, hot) = (a.min(b), a.max(b));
        let reserve = |die: f64| first_quote(eight_slots(1.0), die, 10.0).reserve;
        prop_assert!(reserve(cold) <= reserve(hot));
    }

    #[test]
    fn whatever_the_sensors_say_the_quote_keeps_its_bounds(
        steps in prop::collection::vec((1..3_000_u64, -50.0..150.0_f64, 0.0..300.0_f64, 0..4_u8), 1..80),
        tau in 0.05..5.0_f64,
        budget in prop::option::of(1.0..300.0_f64),
    ) {
        let config = PriceConfig { power_budget: budget.map(Watts), ..eight_slots(tau) };
        let mut pricer = Pricer::new(config).unwrap();
        let (mut now, mut last) = (0, None);
        for (tick, (span, die, power, kind)) in steps.into_iter().enumerate() {
            now += span;
            let sensed = match (kind, last) {
                (0, None) => Sensed::Missing,
                (0, Some(last)) => Sensed::Stale(last),
                _ => Sensed::Fresh(reading(at_ms(now), die, power)),
            };
            last = sensed.last().copied();
            let quote = pricer.quote(at_ms(now), &sensed);
            prop_assert!(quote.slots <= 8 && (0.0..=8.0).contains(&quote.supply));
            prop_assert!(quote.reserve >= quote.base && quote.multiplier <= Ppm::from_ratio(64.0));
            prop_assert!(quote.slots == 0 || quote.die < Celsius(90.0));
            prop_assert_eq!((quote.tick, quote.fresh), (tick as u64, sensed.is_fresh()));
        }
    }
}
