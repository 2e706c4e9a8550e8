//! An endpoint on its good and bad days.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use maxwell_core::units::{Moment, Ppm};
use maxwell_daemon::tariff::{Endpoint, EndpointTariff, Reference, Source, Tariff, TariffError, TariffNow};

use crate::server::{Answer, PATIENCE, Server};
use crate::told;

/// Asked every few milliseconds, so that a test sees many polls; given up only by tests that wait for it.
fn endpoint(address: &str, pointer: &str) -> Endpoint {
    let mut endpoint = Endpoint::new(address, pointer, Reference::new(4.0).unwrap()).unwrap();
    endpoint.period = Duration::from_millis(5);
    endpoint.timeout = PATIENCE;
    endpoint
}

fn start(server: &Server) -> Result<(EndpointTariff, Instant), TariffError> {
    let epoch = Instant::now();
    EndpointTariff::start(endpoint(&server.address(), "/price"), epoch).map(|tariff| (tariff, epoch))
}

fn now(tariff: &mut EndpointTariff, epoch: Instant) -> TariffNow {
    tariff.latest(Moment(epoch.elapsed().as_nanos() as u64))
}

/// Lets polls pass until the tariff is as `is` says.
fn until(server: &Server, tariff: &mut EndpointTariff, epoch: Instant, is: impl Fn(TariffNow) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is(now(tariff, epoch)) {
        assert!(Instant::now() < deadline, "still {:?}", now(tariff, epoch));
        server.wait();
    }
}

/// What makes an endpoint fail, and a word of what the operator is told.
fn bad_days() -> Vec<(Answer, &'static str)> {
    let raw = |text: &str| Answer::Bytes(text.as_bytes().to_vec());
    let huge = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", "1".repeat(1 << 20));
    vec![
        (raw("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 1\r\n\r\n1"), "500"),
        (raw("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), "404"),
        (raw("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>"), "neither a number nor JSON"),
        (raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), "no number at /price"),
        (raw("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n4001"), "1000 times the reference"),
        (raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n4"), ""),
        (raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n4\r\n"), ""),
        (raw("SMTP ready\r\n\r\n"), ""),
        (raw(""), ""),
        (raw(&huge), "limit"),
        (
            raw("HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
            "redirect",
        ),
    ]
}

#[test]
fn a_price_is_followed_from_poll_to_poll() {
    let server = Server::start();
    server.answer_always("200 OK", "5");
    let (mut tariff, epoch) = start(&server).unwrap();
    let first = now(&mut tariff, epoch);
    assert_eq!((first.ratio, first.source), (Ppm(1_250_000), Source::Endpoint));
    server.answer_always("200 OK", r#"{"price": "6.0", "unit": "ct"}"#);
    until(&server, &mut tariff, epoch, |now| now.ratio == Ppm(1_500_000));
    assert_eq!(tariff.trouble().latest(), None);
}

#[test]
fn on_every_bad_day_the_last_price_holds_and_the_reason_is_told_until_it_recovers() {
    let server = Server::start();
    server.answer_always("200 OK", "4");
    let (mut tariff, epoch) = start(&server).unwrap();
    for (number, (answer, told)) in bad_days().into_iter().enumerate() {
        server.set(answer);
        until(&server, &mut tariff, epoch, |now| now.source == Source::FailingEndpoint);
        let failing = now(&mut tariff, epoch);
        let trouble = tariff.trouble().latest().expect("a reason");
        assert!(trouble.contains(told) && !trouble.is_empty(), "{number}: {trouble:?} does not say {told:?}");
        assert!(!trouble.contains("secret"), "{trouble}");
        server.wait_for_new(1);
        let later = now(&mut tariff, epoch);
        assert_eq!(later.ratio, failing.ratio, "{number}: the last price holds");
        assert!(later.age > failing.age, "{number}: and ages");
        let price = number + 5;
        server.answer_always("200 OK", &price.to_string());
        until(&server, &mut tariff, epoch, |now| now.ratio == Ppm(price as u64 * 250_000));
        let recovered = now(&mut tariff, epoch);
        assert_eq!(recovered.source, Source::Endpoint, "{number}");
        assert_eq!(tariff.trouble().latest(), None, "{number}");
    }
}

#[test]
fn without_a_first_price_there_is_no_tariff_and_the_reason_is_told() {
    for (answer, told) in bad_days() {
        let server = Server::start();
        server.set(answer);
        let error = crate::told(&start(&server).map(|_| ()).expect_err(told));
        assert!(error.contains(told) && error.starts_with("no tariff from http://127.0.0.1:"), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn a_server_that_says_nothing_is_given_up_in_time() {
    let server = Server::start();
    server.answer_always("200 OK", "4");
    let given_up = || {
        let mut endpoint = endpoint(&server.address(), "/price");
        endpoint.timeout = Duration::from_secs(2);
        endpoint
    };
    let epoch = Instant::now();
    let mut tariff = EndpointTariff::start(given_up(), epoch).unwrap();
    server.set(Answer::Nothing);
    until(&server, &mut tariff, epoch, |now| now.source == Source::FailingEndpoint);
    assert!(tariff.trouble().latest().unwrap().contains("timeout"));
    assert_eq!(now(&mut tariff, epoch).ratio, Ppm::ONE);
    let begun = Instant::now();
    let error = told(&EndpointTariff::start(given_up(), epoch).map(|_| ()).unwrap_err());
    assert!(error.contains("timeout") && begun.elapsed() < PATIENCE, "{error}");
    server.answer_always("200 OK", "8");
    until(&server, &mut tariff, epoch, |now| now.ratio == Ppm(2_000_000));
}

#[test]
fn a_port_on_which_nobody_listens_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let error =
        EndpointTariff::start(endpoint(&address, "/price"), Instant::now()).expect_err("nobody there");
    assert!(told(&error).contains("refused"), "{error}");
}

#[test]
fn an_address_or_a_pointer_that_is_none_is_refused_before_anybody_is_asked() {
    let reference = Reference::new(1.0).unwrap();
    for (address, pointer) in
        [("http://", ""), ("http:///x", ""), ("http://a b/", ""), ("http://a/", "price")]
    {
        assert!(Endpoint::new(address, pointer, reference).is_err(), "{address} {pointer}");
    }
}

#[test]
fn a_negative_price_counts_as_the_least_and_is_told_while_it_lasts() {
    let server = Server::start();
    server.answer_always("200 OK", "-12.5");
    let (mut tariff, epoch) = start(&server).unwrap();
    let first = now(&mut tariff, epoch);
    assert_eq!((first.ratio, first.source), (Ppm(10_000), Source::Endpoint));
    assert!(tariff.trouble().latest().unwrap().contains("-12.5"));
    server.answer_always("200 OK", "4");
    until(&server, &mut tariff, epoch, |now| now.ratio == Ppm::ONE);
    assert_eq!(tariff.trouble().latest(), None);
}

#[test]
fn redirects_are_followed_to_a_price() {
    let (from, to) = (Server::start(), Server::start());
    to.answer_always("200 OK", "8");
    from.answer_raw(&format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        to.address()
    ));
    let (mut tariff, epoch) = start(&from).unwrap();
    assert_eq!(now(&mut tariff, epoch).ratio, Ppm(2_000_000));
}

#[test]
fn dropping_it_waits_for_no_hanging_server() {
    let server = Server::start();
    server.answer_always("200 OK", "4");
    let mut endpoint = endpoint(&server.address(), "/price");
    // Asked for the second time only when it hangs, and far longer than this test has patience.
    (endpoint.period, endpoint.timeout) = (Duration::from_millis(200), 4 * PATIENCE);
    let tariff = EndpointTariff::start(endpoint, Instant::now()).unwrap();
    server.wait_for_question();
    server.set(Answer::Nothing);
    server.wait_for_question();
    let dropped_at = Instant::now();
    drop(tariff);
    assert!(dropped_at.elapsed() < PATIENCE);
}
