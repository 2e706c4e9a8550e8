//! The terms of a quote.

use super::*;

/// The terms of a pricer that has read this temperature and power for a second.
fn held(config: PriceConfig, die: f64, power: f64) -> Explanation {
    let mut pricer = Pricer::new(config).unwrap();
    for window in 0..10 {
        let now = at_ms(100 * window);
        pricer.quote(now, &Sensed::Fresh(reading(now, die, power)));
    }
    pricer.explain()
}

#[test]
fn each_limit_is_named_when_it_holds() {
    let budget = PriceConfig { power_budget: Some(Watts(50.0)), ..eight_slots(1.0) };
    assert_eq!(held(eight_slots(1.0), 30.0, 80.0).supply.limit, Limit::Slots);
    assert_eq!(held(eight_slots(1.0), 71.0, 80.0).supply.limit, Limit::Temperature);
    assert_eq!(held(budget, 30.0, 80.0).supply.limit, Limit::PowerBudget);
    assert_eq!(held(eight_slots(1.0), 90.0, 80.0).supply.limit, Limit::Critical);

    let mut pricer = Pricer::new(eight_slots(1.0)).unwrap();
    assert_eq!((pricer.explain().supply.limit, pricer.explain().die_read), (Limit::Missing, None));
    hold(&mut pricer, 0, 100, 95.0);
    hold(&mut pricer, 100, 100, 30.0);
    assert_eq!(pricer.explain().supply.limit, Limit::Slew, "after a stop it rises in steps");
    pricer.quote(at_ms(1_000), &Sensed::Stale(reading(at_ms(100), 30.0, 80.0)));
    let stale = pricer.explain();
    assert_eq!((stale.supply.limit, stale.price.driver), (Limit::Stale, Driver::NoReading));
    assert_eq!(stale.die_read, Some(Celsius(30.0)));
    assert!(stale.die > Celsius(30.0), "the worst is assumed");
}

#[test]
fn the_multiplier_follows_the_dearer_of_heat_and_power() {
    let config = PriceConfig { power_budget: Some(Watts(100.0)), ..eight_slots(1.0) };
    let by_power = held(config.clone(), 66.0, 100.0).price;
    assert_eq!((by_power.driver, by_power.u_power), (Driver::Power, 2_f64.ln()));
    let by_heat = held(config, 75.0, 95.0).price;
    assert_eq!(by_heat.driver, Driver::Temperature);
    assert!(by_heat.u_die > by_heat.u_power && by_heat.u_power > 0.0);
    assert_eq!(by_heat.multiplier, Ppm::from_ratio(by_heat.u_die.exp()));
}

proptest! {
    #[test]
    fn the_terms_add_up_to_the_quote(
        steps in prop::collection::vec((10..400_u64, 20.0..95.0_f64, 0.0..300.0_f64), 1..60),
        derivative_s in 0.0..1.0_f64,
    ) {
        let config = PriceConfig { derivative_s, power_budget: Some(Watts(120.0)), ..eight_slots(1.0) };
        let mut pricer = Pricer::new(config).unwrap();
        let mut now = 0;
        for (span, die, power) in steps {
            now += span;
            let quote = pricer.quote(at_ms(now), &Sensed::Fresh(reading(at_ms(now), die, power)));
            let terms = pricer.explain();
            prop_assert_eq!(terms.quote(), quote);
            let supply = terms.supply;
            let sum = supply.proportional + supply.integral + supply.feed_forward + supply.derivative;
            prop_assert!((supply.wanted - sum).abs() < 1e-9);
            prop_assert!(supply.allowed <= supply.wanted.max(0.0) + 1e-9);
            prop_assert!((supply.error - (terms.set_point.0 - die)).abs() < 1e-9);
            prop_assert!((-1e-8..1.0).contains(&terms.owed));
            prop_assert_eq!(terms.reserve, terms.price.multiplier.of_rounded_up(terms.base));
        }
    }
}
