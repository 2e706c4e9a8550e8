//! Recorded series: written and read again, and told where they are damaged.

use super::plant::{Plant, Thermometer};
use maxwell_core::tick::{Figure, Provenance};
use maxwell_core::units::Watts;
use maxwell_physics::calibrate::fit;
use maxwell_physics::calibrate::series::{Series, TableError};
use maxwell_physics::thermal::Class;
use proptest::prelude::*;

#[test]
fn a_series_that_was_written_gives_the_same_fit_when_it_is_read() {
    let plant = Plant::of_class(Class::Desktop, Thermometer::Gaussian(0.2), 1);
    for began_unix_s in [None, Some(1_750_000_000.0)] {
        let series = Series { began_unix_s, samples: plant.run() };
        let read = Series::parse(&series.to_csv()).unwrap();
        assert_eq!((read.began_unix_s, read.samples.len()), (began_unix_s, series.samples.len()));
        let [before, after] = [&series, &read].map(|series| fit(&series.samples, &plant.subject()).unwrap());
        let off = after.machine.thermal.die_tau_s / before.machine.thermal.die_tau_s - 1.0;
        assert!(off.abs() < 1e-2, "{off}");
    }
}

#[test]
fn modelled_power_is_not_written_as_if_it_were_measured() {
    let plant = Plant::of_class(Class::Desktop, Thermometer::Whole, 1);
    let mut samples = plant.run();
    for sample in &mut samples {
        let (value, error) = (Watts(20.0), Watts(1.0));
        sample.power = Some(Figure { value, error, provenance: Provenance::Modelled });
    }
    let text = Series { began_unix_s: None, samples }.to_csv();
    assert!(text.lines().skip(1).all(|line| line.ends_with(',')), "{text}");
    assert!(Series::parse(&text).unwrap().samples.iter().all(|sample| sample.power.is_none()));
}

#[test]
fn damage_is_told_by_line_and_column() {
    const HEAD: &str = "t_s,busy_cpus,die_c,power_w\n0.0,0.0,40.0,10.0\n";
    let error = |rest: &str| Series::parse(&format!("{HEAD}{rest}")).unwrap_err();
    let number = |rest: &str, expected: &'static str| {
        let TableError::Number { line: 3, column, .. } = error(rest) else { panic!("{}", error(rest)) };
        assert_eq!(column, expected);
    };
    number("0.1,x,40.0,10.0\n", "busy_cpus");
    number("0.1,0.0,NaN,10.0\n", "die_c");
    number("0.1,0.0,40.0,-3\n", "power_w");
    number("0.0,0.0,40.0,10.0\n", "t_s");
    number("inf,0.0,40.0,10.0\n", "t_s");
    assert_eq!(error("0.1,0.0,40.0\n"), TableError::Columns { line: 3, expected: 4, found: 3 });
    assert_eq!(error(""), TableError::Empty);
    assert!(matches!(Series::parse("time,power\n1,2\n"), Err(TableError::Header { .. })));
    assert!(matches!(Series::parse(""), Err(TableError::Header { .. })));
}

#[test]
fn line_ends_of_other_systems_and_a_missing_power_are_read() {
    let text = "t_s,busy_cpus,die_c,power_w\r\n0.0,0.0,40.0,\r\n0.1,1.5,41.0,12\r\n\r\n";
    let samples = Series::parse(text).unwrap().samples;
    assert_eq!((samples[0].power, samples[1].power.map(|power| power.value)), (None, Some(Watts(12.0))));
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,200}", cells in "[0-9.,einfNa\n-]{0,200}") {
        let _ = Series::parse(&text);
        let _ = Series::parse(&format!("t_s,busy_cpus,die_c,power_w\n{cells}"));
    }
}
