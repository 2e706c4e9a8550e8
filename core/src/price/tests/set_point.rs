//! A step of the set point.

use super::*;

#[test]
fn a_step_of_the_set_point_moves_neither_supply_nor_reserve_at_once() {
    for to in [60.0, 66.0, 74.0, 85.0] {
        let mut pricer = Pricer::new(eight_slots(1.0)).unwrap();
        let before = hold(&mut pricer, 0, 20_000, 70.0);
        pricer.set_set_point(Celsius(to)).unwrap();
        let same = pricer.quote(at_ms(20_000), &Sensed::Fresh(reading(at_ms(19_900), 70.0, 80.0)));
        assert_eq!((same.supply, same.reserve), (before.supply, before.reserve), "to {to}");
        let after = hold(&mut pricer, 20_000, 100, 70.0);
        assert!((after.supply - before.supply).abs() < 0.3, "to {to}: {before:?} then {after:?}");
        let ratio = after.multiplier.as_ratio() / before.multiplier.as_ratio();
        assert!((0.9..1.1).contains(&ratio), "to {to}: {ratio}");
    }
}

#[test]
fn the_set_point_in_force_arrives_where_it_was_asked_to_be() {
    let mut pricer = Pricer::new(eight_slots(1.0)).unwrap();
    hold(&mut pricer, 0, 1_000, 60.0);
    pricer.set_set_point(Celsius(60.0)).unwrap();
    hold(&mut pricer, 1_000, 3_000, 60.0);
    let gliding = pricer.explain();
    assert!((gliding.set_point.0 - (60.0 + 10.0 * (-1_f64).exp())).abs() < 0.01, "{gliding:?}");
    assert_eq!(gliding.set_point_asked, Celsius(60.0));
    let there = hold(&mut pricer, 4_000, 60_000, 60.0);
    assert_eq!(pricer.explain().set_point, Celsius(60.0));
    assert_eq!(there.multiplier, Ppm::from_ratio(2.0), "the curve went with it");
}

#[test]
fn before_the_first_reading_a_set_point_holds_at_once() {
    let mut pricer = Pricer::new(eight_slots(1.0)).unwrap();
    pricer.set_set_point(Celsius(50.0)).unwrap();
    let quote = pricer.quote(at_ms(0), &Sensed::Fresh(reading(at_ms(0), 50.0, 80.0)));
    assert_eq!((quote.multiplier, quote.supply), (Ppm::from_ratio(2.0), 0.0));
}

#[test]
fn an_impossible_set_point_is_refused_and_the_old_one_stays() {
    let mut pricer = Pricer::new(eight_slots(1.0)).unwrap();
    for wrong in [90.0, 91.0, f64::NAN, f64::INFINITY] {
        assert!(pricer.set_set_point(Celsius(wrong)).unwrap_err().to_string().contains("set point"));
    }
    hold(&mut pricer, 0, 100, 60.0);
    assert_eq!(pricer.explain().set_point_asked, Celsius(70.0));
}
