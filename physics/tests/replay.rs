//! Recorded traces: what is accepted, what is refused and how, and what a replay says at which time.

use maxwell_core::tick::Provenance;
use maxwell_core::units::{Celsius, Microjoules, Moment, Nanoseconds, Watts};
use maxwell_physics::replay::{ReplayError, ReplaySensor, Trace};
use maxwell_physics::sensor::{SensorError, ThermalSensor};
use maxwell_physics::thermal::ThermalParameters;
use proptest::prelude::*;
use std::fmt::Write;
use std::fs;
use std::path::Path;

fn parse(text: &str) -> Result<Trace, ReplayError> {
    Trace::parse(text, Path::new("run.csv"), &ThermalParameters::DEMONSTRATION)
}

#[test]
fn our_own_recordings() {
    let trace = parse("t_s,die_c,power_w,energy_j\n0.0,35,10,5\n0.1,36.5,25,7.5\r\n0.1,37,25,7.5\n").unwrap();
    let [first, second, third] = trace.samples() else { panic!("{trace:?}") };
    assert_eq!((first.at, first.die, first.power), (Nanoseconds(0), Celsius(35.0), Watts(10.0)));
    assert_eq!(first.energy, Microjoules::from_joules(5));
    assert_eq!((second.at, second.energy), (Nanoseconds::from_millis(100), Microjoules(7_500_000)));
    assert_eq!((third.at, third.die), (Nanoseconds::from_millis(100), Celsius(37.0)));
    // It does not say that it was measured, so it is not shown as measured.
    assert_eq!((first.die_provenance, first.power_provenance), (Provenance::Modelled, Provenance::Modelled));
}

#[test]
fn without_energy_it_is_what_the_power_makes() {
    let trace = parse("t_s,die_c,power_w\n1.0,35,10\n1.5,36,20\n3.5,36,5").unwrap();
    let energies: Vec<_> = trace.samples().iter().map(|sample| sample.energy).collect();
    assert_eq!(energies, [0, 10, 20].map(Microjoules::from_joules));
}

#[test]
fn recordings_that_say_where_their_figures_come_from() {
    let text = "t_s,die_c,power_w,die_provenance,power_provenance\n0,35,10,measured,modelled";
    let sample = parse(text).unwrap().samples()[0];
    assert_eq!(
        (sample.die_provenance, sample.power_provenance),
        (Provenance::Measured, Provenance::Modelled)
    );
    let text = "t_s,die_c,power_w,energy_j,die_provenance,power_provenance\n0,35,10,7,modelled,measured";
    let sample = parse(text).unwrap().samples()[0];
    assert_eq!(
        (sample.die_provenance, sample.power_provenance),
        (Provenance::Modelled, Provenance::Measured)
    );
    assert_eq!(sample.energy, Microjoules::from_joules(7));
}

#[test]
fn packages_of_a_rapl_recording_are_added_up_and_heat_the_model() {
    let text = "t_s,socket,domain,energy_j,power_w\n\
                0.1,N0,package,1.5,15\n\
                0.2,N0,ram,9,90\n\
                0.3,N1,package,3,10\n\
                100000,N0,package,0.5,30\n";
    let trace = parse(text).unwrap();
    // Nothing is said before every socket was heard of.
    let [first, second] = trace.samples() else { panic!("{trace:?}") };
    assert_eq!((first.at, first.power), (Nanoseconds::from_millis(300), Watts(25.0)));
    assert_eq!(first.energy, Microjoules(4_500_000));
    assert!((first.die.0 - 50.0).abs() < 1e-9);
    assert_eq!((second.power, second.energy), (Watts(40.0), Microjoules(5_000_000)));
    assert!((second.die.0 - 65.0).abs() < 1e-9);
    let sensor = ReplaySensor::new(trace);
    let reading = sensor.sample(Moment(400_000_000)).unwrap();
    assert_eq!(reading.die.provenance, Provenance::Modelled);
    assert_eq!(reading.power.provenance, Provenance::Measured);
    assert_eq!(reading.energy.provenance, Provenance::Measured);
    assert!(reading.power.error.0 > 0.0 && reading.die.error.0 > 0.0 && reading.energy.error.0 > 0);
}

#[test]
fn the_last_sample_at_or_before_now() {
    let text = "t_s,die_c,power_w\n1,31,10\n2,32,10\n2,33,10\n4,34,10";
    let sensor = ReplaySensor::new(parse(text).unwrap()).beginning_at(Moment(5_000_000_000));
    let die = |seconds: f64| sensor.sample(Moment((seconds * 1e9) as u64)).map(|r| (r.die.value.0, r.at));
    let at = |seconds: u64| Moment(seconds * 1_000_000_000);
    for early in [0.0, 4.9, 5.0, 5.99] {
        assert!(matches!(die(early), Err(SensorError::Retry { .. })), "at {early} s");
    }
    assert_eq!(die(6.0).unwrap(), (31.0, at(6)));
    assert_eq!(die(6.99).unwrap(), (31.0, at(6)));
    assert_eq!(die(7.0).unwrap(), (33.0, at(7)));
    assert_eq!(die(8.9).unwrap(), (33.0, at(7)));
    assert_eq!(die(9.0).unwrap(), (34.0, at(9)));
    let error = die(9.1).unwrap_err();
    assert!(
        matches!(error, SensorError::Gone { .. }) && error.to_string().contains("ended at 4 s"),
        "{error}"
    );
}

#[test]
fn damaged_rows_are_told_by_line_column_and_what_was_found() {
    const OWN: &str = "t_s,die_c,power_w,energy_j\n0.0,35,10,5\n";
    const RAPL: &str = "t_s,socket,domain,energy_j,power_w\n0.5,N0,package,1,10\n";
    let check = |header_and_row: &str, damaged: &str, column: &str, found: &str| {
        let error = parse(&format!("{header_and_row}{damaged}\n0,1,2,3\n")).unwrap_err();
        let ReplayError::Value { line, column: in_column, found: what, .. } = &error else {
            panic!("{damaged}: {error}")
        };
        assert_eq!((*line, *in_column, what.as_str()), (3, column, found), "{error}");
        let text = error.to_string();
        assert!(text.contains("run.csv, line 3") && text.contains(column), "{text}");
    };
    check(OWN, "x,35,10,5", "t_s", "x");
    check(OWN, "-1,35,10,5", "t_s", "-1");
    check(OWN, "1e10,35,10,5", "t_s", "1e10");
    check(OWN, "1,NaN,10,5", "die_c", "NaN");
    check(OWN, "1,inf,10,5", "die_c", "inf");
    check(OWN, "1,-300,10,5", "die_c", "-300");
    check(OWN, "1,,10,5", "die_c", "");
    check(OWN, "1,35, 10,5", "power_w", " 10");
    check(OWN, "1,35,-10,5", "power_w", "-10");
    check(OWN, "1,35,1e400,5", "power_w", "1e400");
    check(OWN, "1,35,\"10\",5", "power_w", "\"10\"");
    check(OWN, "1,35,10,4.9", "energy_j", "4.9");
    check(RAPL, "0.4,N0,package,1,10", "t_s", "0.4");
    check(RAPL, "0.4,N0,ram,1,10", "t_s", "0.4");
    check(RAPL, "0.6,,package,1,10", "socket", "");
    check(RAPL, "0.6,N0,psys,1,10", "domain", "psys");
    check(RAPL, "0.6,N0,package,-1,10", "energy_j", "-1");
    check(RAPL, "0.6,N0,package,1e12,10", "energy_j", "1e12");
    check(RAPL, "0.6,N0,package,1,nan", "power_w", "nan");
    check(
        "t_s,die_c,power_w,die_provenance,power_provenance\n0,1,2,measured,measured\n",
        "0,1,2,measured,guessed",
        "power_provenance",
        "guessed",
    );
}

#[test]
fn rows_of_another_width_empty_traces_and_unknown_headers_are_refused() {
    let columns = |text: &str, expected_line: usize, expected_found: usize| {
        let error = parse(text).unwrap_err();
        let ReplayError::Columns { line, found, .. } = &error else { panic!("{error}") };
        assert_eq!((*line, *found), (expected_line, expected_found), "{error}");
    };
    columns("t_s,die_c,power_w\n0,35,10\n1,35\n", 3, 2);
    columns("t_s,die_c,power_w\n0,35,10\n\n1,35,10\n", 3, 1);
    columns("t_s,die_c,power_w\n0,35,10,5,6,7,8,9\n", 2, 8);
    let empty = ["", "t_s,die_c,power_w\n", "t_s,socket,domain,energy_j,power_w\n1,N0,ram,1,1\n"];
    for text in empty {
        assert!(matches!(parse(text), Err(ReplayError::Empty { .. })), "{text:?}");
    }
    // One socket never sends its package, so the sum of all packages is never known.
    let half = "t_s,socket,domain,energy_j,power_w\n1,N0,package,1,1\n2,N1,ram,1,1\n";
    assert!(matches!(parse(half), Err(ReplayError::Empty { .. })));
    for text in
        ["\n", "t_s,die_c\n1,2\n", "t_s, die_c,power_w\n", "T_S,die_c,power_w", "die_c,t_s,power_w\n1,2,3"]
    {
        assert!(matches!(parse(text), Err(ReplayError::Header { .. })), "{text:?}");
    }
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trace.csv");
    let thermal = ThermalParameters::DEMONSTRATION;
    let error = Trace::open(&path, &thermal).unwrap_err();
    assert!(matches!(error, ReplayError::Unreadable { .. }) && error.to_string().contains("trace.csv"));
    fs::write(&path, [0xff, 0xfe, 0x00]).unwrap();
    assert!(matches!(Trace::open(&path, &thermal), Err(ReplayError::Unreadable { .. })));
    fs::write(&path, "t_s,die_c,power_w\n0,35,10\n").unwrap();
    assert_eq!(Trace::open(&path, &thermal).unwrap().samples().len(), 1);
    let impossible = ThermalParameters { sink_tau_s: 0.0, ..thermal };
    fs::write(&path, "t_s,socket,domain,energy_j,power_w\n1,N0,package,1,1\n").unwrap();
    assert!(matches!(Trace::open(&path, &impossible), Err(ReplayError::Parameter(_))));
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(
        header in prop::sample::select(vec![
            "t_s,die_c,power_w",
            "t_s,die_c,power_w,energy_j",
            "t_s,die_c,power_w,energy_j,die_provenance,power_provenance",
            "t_s,socket,domain,energy_j,power_w",
        ]),
        rows in "([-0-9.,eNapckgrminf]{0,20}\n){0,5}",
        text in "\\PC{0,100}",
    ) {
        let _ = parse(&text);
        let _ = parse(&format!("{header}\n{rows}"));
    }

    #[test]
    fn a_replay_gives_the_rows_back(
        rows in prop::collection::vec((0_u32..1_000, -50_i32..150, 0_u32..500, 0_u32..1_000), 1..50),
    ) {
        let (mut time, mut energy, mut text) = (0, 0, "t_s,die_c,power_w,energy_j\n".to_owned());
        let mut written = Vec::new();
        for (span, die, power, rise) in rows {
            time += span + 1;
            energy += rise;
            writeln!(text, "{},{die},{power},{energy}", f64::from(time) / 1e3).unwrap();
            written.push((Moment(u64::from(time) * 1_000_000), die, power, energy));
        }
        let sensor = ReplaySensor::new(parse(&text).unwrap());
        for (at, die, power, energy) in written {
            let reading = sensor.sample(at).unwrap();
            prop_assert_eq!(reading.at, at);
            prop_assert_eq!(reading.die.value, Celsius(f64::from(die)));
            prop_assert_eq!(reading.power.value, Watts(f64::from(power)));
            prop_assert_eq!(reading.energy.value, Microjoules::from_joules(i64::from(energy)));
        }
    }
}
