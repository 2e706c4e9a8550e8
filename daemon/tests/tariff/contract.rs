//! What holds for every tariff: it answers at once, the same for the same moment, never with zero; a value that is held
//! ages by the time that passes; nothing is allocated.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use maxwell_core::limits::{TARIFF_MAX, TARIFF_MIN};
use maxwell_core::units::{Moment, Nanoseconds, Ppm};
use maxwell_daemon::tariff::{Opened, Reference, Source, TariffSpec, open};

use crate::counting::allocations_in;
use crate::server::Server;

const HOUR: Nanoseconds = Nanoseconds(3_600_000_000_000);

fn opened(given: &str, epoch: Instant) -> Opened {
    let spec: TariffSpec = given.parse().expect("one of the kinds");
    open(&spec, Some(Reference::new(2.0).unwrap()), "/price", epoch).expect("a tariff that works")
}

/// Asks for three days on the node's clock, and returns the ratios in their order.
fn contract(given: &str, ages: bool) -> Vec<Ppm> {
    // The clock begins now, so that every moment below lies in what the tariff takes for the future.
    let epoch = Instant::now();
    let mut tariff = opened(given, epoch).tariff;
    let mut now = Moment(epoch.elapsed().as_nanos() as u64);
    let (mut ratios, mut before) = (Vec::new(), tariff.latest(now));
    for _ in 0..72 {
        now = now + HOUR;
        let latest = tariff.latest(now);
        assert_eq!(tariff.latest(now), latest, "{given}: the same moment, the same answer");
        assert!((TARIFF_MIN..=TARIFF_MAX).contains(&latest.ratio), "{given}: {latest:?}");
        assert_eq!(latest.age.is_some(), ages, "{given}: {latest:?}");
        if latest.ratio == before.ratio {
            assert_eq!(latest.age, before.age.map(|age| age + HOUR), "{given}: a held value ages");
        } else {
            assert!(latest.age <= Some(HOUR), "{given}: a new value is new: {latest:?}");
        }
        ratios.push(latest.ratio);
        before = latest;
    }
    let asked = || {
        for hour in 0..1_000 {
            black_box(tariff.latest(Moment(hour * HOUR.0)));
        }
    };
    assert_eq!(allocations_in(asked), 0, "{given}");
    ratios
}

fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn a_constant_keeps_the_contract() {
    assert_eq!(contract("1.25", false), [Ppm(1_250_000); 72]);
}

#[test]
fn a_series_keeps_the_contract_in_both_formats_and_after_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let (mut csv, mut json) = (String::from("time,price\n"), String::new());
    for hour in 0..=48 {
        // On half hours, so that no moment of the contract lies on a step.
        let (time, price) = (unix_now() - 1_800 + hour * 3_600, hour + 1);
        writeln!(csv, "{time},{price}").unwrap();
        write!(json, r#",{{"time": {time}, "price": {price}}}"#).unwrap();
    }
    let expected: Vec<Ppm> = (0..72).map(|hour| Ppm((u64::min(hour + 1, 48) + 1) * 500_000)).collect();
    for (name, text) in [("p.csv", csv), ("p.json", format!("[{}]", &json[1..]))] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        assert_eq!(contract(path.to_str().unwrap(), true), expected);
    }
}

#[test]
fn an_endpoint_keeps_the_contract_alive_and_dead() {
    let server = Server::start();
    server.answer_always("200 OK", "0.5");
    assert_eq!(contract(&server.address(), true), [Ppm(250_000); 72]);
    server.answer_always("200 OK", "-3");
    assert_eq!(contract(&server.address(), true), [TARIFF_MIN; 72], "a negative price");
}

#[test]
fn prices_without_a_reference_are_refused_and_a_constant_needs_none() {
    let epoch = Instant::now();
    let open = |given: &str| open(&given.parse().unwrap(), None, "/price", epoch);
    for given in ["prices.csv", "http://127.0.0.1:1/"] {
        let error = open(given).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("--tariff-reference"), "{error}");
    }
    let Opened { mut tariff, warnings, trouble } = open("2").unwrap();
    assert_eq!(tariff.latest(Moment(5)).source, Source::Constant);
    assert_eq!((warnings, trouble.latest()), (vec![], None));
}
