//! Prices from an HTTP endpoint, polled in the background.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use maxwell_core::limits::{TARIFF_BODY_BYTES_MAX, TARIFF_MIN};
use maxwell_core::units::{Moment, Ppm};
use serde_json::Value;
use ureq::Agent;
use ureq::http::Uri;

use super::price::{Ratio, Reference, TooDear};
use super::{Source, Tariff, TariffError, TariffNow};

/// Time from one poll to the next. Markets settle every five to sixty minutes; a minute is soon enough and a burden to
/// nobody.
pub const POLL_PERIOD: Duration = Duration::from_mins(1);

/// Time that one poll may take from resolving the name to the last byte, redirects included. At the start the node waits
/// for it, and a thread in the midst of a poll when its tariff is dropped lives on for it at most.
pub const POLL_TIMEOUT: Duration = Duration::from_secs(5);

/// Redirects that are followed: from a name to its canonical one, and once more.
const REDIRECTS_MAX: u32 = 3;

/// An endpoint and how it is asked.
#[derive(Clone, Debug)]
pub struct Endpoint {
    uri: Uri,
    pointer: String,
    reference: Reference,
    /// Time from one poll to the next: [`POLL_PERIOD`] unless changed.
    pub period: Duration,
    /// Time that one poll may take: [`POLL_TIMEOUT`] unless changed.
    pub timeout: Duration,
}

/// Why a poll gave no price. The last one holds, and the next poll tries again.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// Not an address that can be asked.
    #[error("not an address of the form http(s)://host/path")]
    Address,
    /// No answer, an error, or one that is not whole.
    #[error("{0}")]
    Http(String),
    /// An answer that is neither a number nor JSON.
    #[error("the answer is neither a number nor JSON")]
    Format,
    /// JSON with no number in the place.
    #[error("the answer holds no number at {0}: say with --tariff-pointer where it is")]
    Missing(String),
    /// A price out of range.
    #[error("expected {0}")]
    TooDear(#[from] TooDear),
}

/// What an operator should know of an endpoint: why its last poll gave no price, or that the price was raised. Copies
/// tell the same. Reading it may wait and allocates: it is not for the tick path.
#[derive(Clone, Debug, Default)]
pub struct Trouble(Arc<Mutex<Option<String>>>);

impl Trouble {
    /// Nothing if the last poll went well.
    pub fn latest(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, text: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }
}

/// What the polling thread leaves for the tick.
///
/// The ratio is written before its time and read after it, so a tick that falls between the two writes sees a new ratio
/// with an old time: the age may be overstated for that tick, and is never understated.
#[derive(Debug, Default)]
struct Latest {
    ratio: AtomicU64,
    asked_at: AtomicU64,
    failing: AtomicBool,
    trouble: Trouble,
}

/// The tariff of an endpoint. Dropping it does not wait: its thread ends at once, or after the poll that it is in.
#[derive(Debug)]
pub struct EndpointTariff {
    latest: Arc<Latest>,
    /// Nothing is ever sent: the thread waits on the other end until this one is gone.
    _alive: Sender<Infallible>,
}

impl Endpoint {
    /// An endpoint that answers with a number, or with JSON that holds one at `pointer`.
    ///
    /// # Errors
    /// When address or pointer are none.
    pub fn new(address: &str, pointer: &str, reference: Reference) -> Result<Self, TariffError> {
        let uri = address.parse::<Uri>().ok().filter(|uri| uri.host().is_some_and(|host| !host.is_empty()));
        let uri = uri.ok_or_else(|| TariffError::Endpoint {
            address: without_query(address).to_owned(),
            source: PollError::Address,
        })?;
        if !(pointer.is_empty() || pointer.starts_with('/')) {
            return Err(TariffError::Pointer(pointer.to_owned()));
        }
        Ok(Self { uri, pointer: pointer.to_owned(), reference, period: POLL_PERIOD, timeout: POLL_TIMEOUT })
    }

    /// A client that keeps its connection. Proxies are taken from the environment, but not for this machine itself, and
    /// who asked for https is not redirected away from it.
    fn agent(&self) -> Agent {
        let config = Agent::config_builder()
            .timeout_global(Some(self.timeout))
            .max_redirects(REDIRECTS_MAX)
            .max_redirects_will_error(true)
            .https_only(self.uri.scheme_str() == Some("https"));
        let config = if is_this_machine(&self.uri) { config.proxy(None) } else { config };
        config.build().into()
    }

    fn poll(&self, agent: &Agent) -> Result<(f64, Ratio), PollError> {
        let mut answer = agent.get(&self.uri).call().map_err(http_error)?;
        let body = answer.body_mut().with_config().limit(TARIFF_BODY_BYTES_MAX).read_to_string();
        let price = price_in(&body.map_err(http_error)?, &self.pointer)?;
        Ok((price, self.reference.ratio(price)?))
    }
}

impl EndpointTariff {
    /// Asks once, and goes on asking on a thread of its own. `epoch` is when the node's clock began.
    ///
    /// # Errors
    /// When the first poll gives no price, or the system no thread.
    pub fn start(endpoint: Endpoint, epoch: Instant) -> Result<Self, TariffError> {
        let (agent, latest) = (endpoint.agent(), Arc::<Latest>::default());
        latest.renew(&endpoint, &agent, epoch).map_err(|source| TariffError::Endpoint {
            address: without_query(&endpoint.uri.to_string()).to_owned(),
            source,
        })?;
        let (alive, gone) = channel();
        let shared = Arc::clone(&latest);
        let work = move || keep_polling(&endpoint, &agent, &shared, epoch, &gone);
        std::thread::Builder::new().name("maxwell-tariff".into()).spawn(work).map_err(TariffError::Thread)?;
        Ok(Self { latest, _alive: alive })
    }

    /// What an operator should know, now and later.
    pub fn trouble(&self) -> Trouble {
        self.latest.trouble.clone()
    }
}

impl Tariff for EndpointTariff {
    fn latest(&mut self, now: Moment) -> TariffNow {
        let asked_at = Moment(self.latest.asked_at.load(Ordering::Acquire));
        let failing = self.latest.failing.load(Ordering::Relaxed);
        TariffNow {
            ratio: Ppm(self.latest.ratio.load(Ordering::Relaxed)),
            age: Some(now.since(asked_at)),
            source: if failing { Source::FailingEndpoint } else { Source::Endpoint },
        }
    }
}

impl Latest {
    /// Polls once. The price is as old as the question, which may be older than the answer.
    fn renew(&self, endpoint: &Endpoint, agent: &Agent, epoch: Instant) -> Result<(), PollError> {
        let asked_at = epoch.elapsed().as_nanos() as u64;
        let (price, ratio) = endpoint.poll(agent)?;
        self.trouble.set(ratio.raised.then(|| {
            format!(
                "the price of {price} is below {} of the reference and counts as that",
                TARIFF_MIN.as_ratio()
            )
        }));
        self.ratio.store(ratio.ppm.0, Ordering::Relaxed);
        self.asked_at.store(asked_at, Ordering::Release);
        self.failing.store(false, Ordering::Relaxed);
        Ok(())
    }
}

/// Polls on a grid of whole periods until the tariff is gone; a poll that outlasts its period moves the grid.
fn keep_polling(
    endpoint: &Endpoint,
    agent: &Agent,
    latest: &Latest,
    epoch: Instant,
    gone: &Receiver<Infallible>,
) {
    let mut next = Instant::now() + endpoint.period;
    while gone.recv_timeout(next.saturating_duration_since(Instant::now())) == Err(RecvTimeoutError::Timeout)
    {
        if let Err(error) = latest.renew(endpoint, agent, epoch) {
            latest.trouble.set(Some(error.to_string()));
            latest.failing.store(true, Ordering::Relaxed);
        }
        next = (next + endpoint.period).max(Instant::now());
    }
}

/// The price in an answer: the whole of it, or what stands at the pointer, as a number or as a text of one.
fn price_in(body: &str, pointer: &str) -> Result<f64, PollError> {
    let number = |text: &str| text.trim().parse().ok().filter(|price: &f64| price.is_finite());
    if let Some(price) = number(body) {
        return Ok(price);
    }
    let json: Value = serde_json::from_str(body).map_err(|_| PollError::Format)?;
    let price = match json.pointer(pointer) {
        Some(Value::Number(price)) => price.as_f64(),
        Some(Value::String(text)) => number(text),
        _ => None,
    };
    price.ok_or_else(|| PollError::Missing(pointer.to_owned()))
}

/// The text of an error, without the address, which may hold a key.
fn http_error(error: ureq::Error) -> PollError {
    match error {
        ureq::Error::BadUri(_) => PollError::Address,
        ureq::Error::RequireHttpsOnly(_) => PollError::Http("redirected from https to http".into()),
        error => PollError::Http(error.to_string()),
    }
}

fn is_this_machine(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// An address to show: keys are often in its query, or before an `@`.
fn without_query(address: &str) -> &str {
    let shown = address.split(['?', '#']).next().unwrap_or_default();
    shown.rsplit_once('@').map_or(shown, |(_, host)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_a_number_or_stands_in_json() {
        let found = |body, pointer| price_in(body, pointer).map_err(|error| error.to_string());
        assert_eq!(found(" -1.5\n", "/price"), Ok(-1.5));
        assert_eq!(found(r#"{"price": 3}"#, "/price"), Ok(3.0));
        assert_eq!(found(r#"{"data": [{"price": "0.25"}]}"#, "/data/0/price"), Ok(0.25));
        assert_eq!(found(r#"{"a/b": 2}"#, "/a~1b"), Ok(2.0));
        assert_eq!(found("[7]", "/0"), Ok(7.0));
        for body in
            ["{}", r#"{"price": null}"#, r#"{"price": "dear"}"#, r#"{"price": "inf"}"#, "[1]", r#""5""#]
        {
            assert!(found(body, "/price").unwrap_err().contains("no number at /price"), "{body}");
        }
        for body in ["", "<html>", r#"{"price": 1"#, "NaN", "1e999", "1 2"] {
            assert!(found(body, "/price").unwrap_err().contains("neither a number nor JSON"), "{body}");
        }
    }

    #[test]
    fn dropping_it_ends_a_thread_that_waits_for_its_next_poll() {
        let endpoint = Endpoint::new("http://127.0.0.1:1/", "", Reference::new(1.0).unwrap()).unwrap();
        let latest = Arc::<Latest>::default();
        let (alive, gone) = channel();
        let (agent, shared) = (endpoint.agent(), Arc::clone(&latest));
        // Its next poll is a minute away: a thread that waited for that would be found out by the patience of tests.
        let thread =
            std::thread::spawn(move || keep_polling(&endpoint, &agent, &shared, Instant::now(), &gone));
        let begun = Instant::now();
        drop(EndpointTariff { latest, _alive: alive });
        thread.join().unwrap();
        assert!(begun.elapsed() < POLL_PERIOD / 2);
    }

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        assert_eq!(without_query("https://a.b/c?key=secret#x"), "https://a.b/c");
        assert_eq!(without_query("https://user:secret@a.b/c"), "a.b/c");
    }

    #[test]
    fn only_this_machine_is_asked_past_the_proxy() {
        let is = |address: &str| is_this_machine(&address.parse().unwrap());
        assert!(is("http://localhost:80/") && is("http://127.0.0.2/") && is("http://[::1]:8080/x"));
        assert!(!is("http://10.0.0.1/") && !is("http://localhost.example/"));
    }
}
