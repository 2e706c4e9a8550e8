//! `maxwell price`: the quote from this machine's sensors, the curve and its terms, tariffs of every kind, bad input.

mod common;

#[path = "../../physics/tests/common/tree.rs"]
#[allow(dead_code)]
mod tree;

use std::io::{Read, Write};
use std::net::TcpListener;

use common::programs::Files;
use common::{Running, maxwell};
use maxwell_api::price::PriceReport;
use rustix::process::Signal;

fn report(args: &[&str]) -> PriceReport {
    let args: Vec<_> = ["price", "--json"].iter().chain(args).copied().collect();
    let text = maxwell(&args).good();
    let report: PriceReport = serde_json::from_str(&text).expect("a report");
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(serde_json::to_value(&report).expect("JSON"), value, "a field is not documented");
    check_terms(&report);
    report
}

/// The published formulas, computed again from the published terms.
fn check_terms(report: &PriceReport) {
    let PriceReport { price, supply, .. } = report;
    let base = ((report.slot_w + report.idle_share_w) * report.tariff * 10_000.0).ceil();
    assert!((report.base_uj as f64 - base).abs() <= 1.0, "base {} is not {base}", report.base_uj);
    let reserve = report.base_uj as f64 * price.multiplier;
    assert!(
        (report.reserve_uj as f64 - reserve).abs() <= 1.0,
        "reserve {} is not {reserve}",
        report.reserve_uj
    );
    assert!(price.multiplier >= 1.0);
    if report.fresh {
        let u = price.u_die.max(price.u_power);
        assert!((price.multiplier - u.exp()).abs() < 1e-5, "{price:?}");
        assert!((supply.error_k - (supply.set_point_c - supply.die_c)).abs() < 1e-6, "{supply:?}");
    }
    let wanted = supply.proportional + supply.integral + supply.feed_forward + supply.derivative;
    assert!((supply.wanted - wanted).abs() < 1e-9, "{supply:?}");
    assert!(
        (0.0..=f64::from(supply.slots)).contains(&supply.allowed) && supply.for_sale <= supply.slots,
        "{supply:?}"
    );
}

#[test]
fn a_cool_machine_sells_all_its_slots_at_the_base_price() {
    let root = tree::plant(tree::ARM_BOARD);
    let path = root.path().to_str().expect("a plain name");
    let report = report(&["--sysfs-root", path]);
    assert!(report.fresh, "{report:?}");
    assert_eq!((report.tariff, report.tariff_source.as_str(), report.tariff_age_s), (1.0, "constant", None));
    // The hottest zone that is a die stands at 48.3 °C and becomes critical at 95.
    assert_eq!((report.supply.set_point_c, report.supply.critical_c), (80.0, 90.0));
    assert_eq!((report.price.multiplier, report.price.driver.as_str()), (1.0, "temperature"));
    assert_eq!(
        (report.supply.limit.as_str(), report.supply.allowed),
        ("slots", f64::from(report.supply.slots))
    );
    let plain = maxwell(&["price", "--sysfs-root", path]).good();
    assert!(plain.contains("a quantum (multiplier 1.000)") && plain.contains("limit: slots"), "{plain}");
    let explained = maxwell(&["price", "--explain", "--sysfs-root", path]).good();
    for said in [
        "reading ",
        "tariff ",
        "base ",
        "multiplier  1.000000 = exp(u)",
        "reserve ",
        "supply ",
        "for sale ",
        "0.693 at 80.0 °C",
        "there is no budget",
    ] {
        assert!(explained.contains(said), "{said:?} is missing in:\n{explained}");
    }
    assert!(explained.lines().all(|line| line.chars().count() <= 120), "{explained}");
}

#[test]
fn heat_makes_it_dear_and_at_critical_nothing_is_sold() {
    let root = tree::plant(tree::ARM_BOARD);
    let path = root.path().to_str().expect("a plain name");
    let warm = report(&["--sysfs-root", path, "--set-point", "48.333", "--critical", "60"]);
    assert!((warm.price.multiplier - 2.0).abs() < 0.01, "{:?}", warm.price);
    let hot = report(&["--sysfs-root", path, "--set-point", "40", "--critical", "48"]);
    assert_eq!((hot.supply.allowed, hot.supply.for_sale, hot.supply.limit.as_str()), (0.0, 0, "critical"));
    assert!((hot.price.multiplier - 64.0).abs() < 0.01, "{:?}", hot.price);
    let dearer = report(&["--sysfs-root", path, "--idle-recovery", "1"]);
    assert!(dearer.idle_share_w > 0.0 && dearer.base_uj > warm.base_uj, "{dearer:?}");
    let budget = report(&["--sysfs-root", path, "--power-budget", "16"]);
    assert_eq!(budget.price.driver, "power");
    assert!(budget.price.power_knots.is_some() && budget.price.multiplier > 1.0, "{:?}", budget.price);
}

#[test]
fn a_sensor_that_is_lost_makes_it_dearest_and_says_why() {
    let root = tree::plant(tree::ARM_BOARD);
    let path = root.path().to_str().expect("a plain name").to_owned();
    let mut running = Running::start(&["price", "--json", "--watch", "--sysfs-root", &path]);
    running.line_where(|line| line.contains("\"fresh\":true"));
    tree::rewrite(root.path(), "sys/class/thermal/thermal_zone0/temp", "garbage\n");
    let stale = running.line_where(|line| line.contains("\"fresh\":false"));
    let lost: PriceReport = serde_json::from_str(&stale).expect("a report");
    check_terms(&lost);
    assert!((lost.price.multiplier - 64.0).abs() < 1e-6 && lost.price.driver == "no reading", "{lost:?}");
    assert!(lost.sensor_trouble.as_ref().is_some_and(|why| why.contains("garbage")), "{lost:?}");
    running.line_where(|line| line.contains("\"allowed\":0.0"));
    tree::rewrite(root.path(), "sys/class/thermal/thermal_zone0/temp", "48333\n");
    running.line_where(|line| line.contains("\"fresh\":true"));
    running.signal(Signal::INT);
    let done = running.end();
    assert_eq!((done.code, done.stderr.as_str()), (Some(130), ""), "{}", done.stdout);
}

#[test]
fn tariffs_come_from_ratios_files_and_endpoints() {
    let files = Files::new();
    let near =
        |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    near(report(&["--tariff", "1.25"]).tariff, 1.25);
    let csv = files.put("prices.csv", b"time,price\n2020-01-01T00:00:00Z,0.20\n2020-06-01T00:00:00Z,0.30\n");
    let read = report(&["--tariff", &csv, "--tariff-reference", "0.25"]);
    assert_eq!((read.tariff, read.tariff_source.as_str()), (1.2, "last entry of the series"));
    assert!(read.tariff_age_s.is_some_and(|age| age > 1e8), "{read:?}");
    let json = files.put("prices.json", br#"[{"time":"2020-01-01T00:00:00Z","price":0.5}]"#);
    near(report(&["--tariff", &json, "--tariff-reference", "0.25"]).tariff, 2.0);
    let address = endpoint(r#"{"data":[{"marketprice":0.75}]}"#);
    let args =
        ["--tariff", &address, "--tariff-reference", "0.25", "--tariff-pointer", "/data/0/marketprice"];
    let polled = report(&args);
    assert_eq!((polled.tariff, polled.tariff_source.as_str()), (3.0, "endpoint"));
}

/// A server on loopback that gives everybody this answer, for as long as the test runs.
fn endpoint(body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}/", listener.local_addr().expect("it is bound"));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            // What a client asks for is of no interest; it must be read before the answer.
            let _ = stream.read(&mut [0; 4_096]);
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    address
}

#[test]
fn what_makes_no_sense_is_refused_with_what_to_do() {
    let files = Files::new();
    let check = |code: i32, args: &[&str], said: &[&str]| {
        maxwell(&[&["price"], args].concat()).complains(code, said);
    };
    check(1, &["--set-point", "90", "--critical", "80"], &["90", "80", "--set-point"]);
    check(1, &["--set-point", "nan"], &["--set-point"]);
    check(1, &["--power-budget", "0"], &["power budget"]);
    check(1, &["--idle-recovery", "2"], &["idle"]);
    check(1, &["--critical", "500"], &["500", "--critical"]);
    check(2, &["--tariff", "cheap"], &["cheap", "ratio"]);
    check(2, &["--tariff", "0"], &["range"]);
    check(1, &["--tariff", "prices.csv"], &["--tariff-reference"]);
    check(
        1,
        &["--tariff", "/nonexistent/prices.csv", "--tariff-reference", "1"],
        &["/nonexistent/prices.csv"],
    );
    check(1, &["--tariff", "1", "--tariff-reference", "-1"], &["above zero"]);
    let bad = files.put("bad.csv", b"time,price\n2020-01-01T00:00:00Z,dear\n");
    check(1, &["--tariff", &bad, "--tariff-reference", "1"], &["line 2", "price", "dear"]);
    let address = endpoint("no price at all");
    check(1, &["--tariff", &address, "--tariff-reference", "1"], &["127.0.0.1"]);
    check(1, &["--profile", "/nonexistent.json"], &["/nonexistent.json", "maxwell calibrate"]);
    check(1, &["--profile", &files.put("profile.json", b"{}")], &["profile.json", "calibrate"]);
    check(2, &["--seconds", "0"], &["--seconds"]);
}
