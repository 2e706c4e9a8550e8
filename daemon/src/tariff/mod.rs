//! What electricity costs now, relative to a reference: the tariff that multiplies the reserve.
//!
//! [`Tariff`] is the seam: a constant, a series of prices from a file, or an endpoint that a thread of its own polls.
//! Whichever it is, the tick asks for the latest ratio and gets one at once. When nothing newer is to be had the last
//! one holds, with its age.
//!
//! Ages and the steps of a series follow the node's monotonic clock. The wall clock is read once, when a series is
//! opened: a jump of it afterwards moves nothing.

mod endpoint;
mod price;
mod series;
mod spec;

pub use endpoint::{Endpoint, EndpointTariff, POLL_PERIOD, POLL_TIMEOUT, PollError, Trouble};
pub use price::Reference;
pub use series::PriceSeries;
pub use spec::{FileFormat, TariffSpec};

use std::path::PathBuf;
use std::time::Instant;

use maxwell_core::units::{Moment, Nanoseconds, Ppm};

/// Where the node's tariff comes from.
pub trait Tariff: Send {
    /// The tariff in force at `now`. Called on the tick path: it never waits, reads no file and does not allocate.
    fn latest(&mut self, now: Moment) -> TariffNow;
}

/// The tariff in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TariffNow {
    /// Electricity price relative to the reference, never zero.
    pub ratio: Ppm,
    /// For how long it has been in force (a series) or ago it was asked for (an endpoint). A constant has no age.
    pub age: Option<Nanoseconds>,
    /// Where it comes from.
    pub source: Source,
}

/// Where a tariff comes from, and whether a newer one is to be expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Set once and for all.
    Constant,
    /// An entry of a file, with another one after it.
    Series,
    /// The last entry of a file: it holds from now on.
    LastOfSeries,
    /// An endpoint that answered when it was asked last.
    Endpoint,
    /// An endpoint whose last answer is missing or of no use: an earlier one holds.
    FailingEndpoint,
}

/// The same tariff at all times.
#[derive(Clone, Copy, Debug)]
pub struct ConstantTariff(pub Ppm);

impl Tariff for ConstantTariff {
    fn latest(&mut self, _now: Moment) -> TariffNow {
        TariffNow { ratio: self.0, age: None, source: Source::Constant }
    }
}

/// Why there is no tariff. Each message says what to do; none of these comes up once a tariff is open.
#[derive(Debug, thiserror::Error)]
pub enum TariffError {
    /// Not one of the three kinds.
    #[error(
        "{0:?} is no tariff: give a ratio such as 1.25, a file *.csv or *.json, or an address http(s)://..."
    )]
    Unknown(String),
    /// A constant out of range.
    #[error("a tariff of {0} is out of range: give a ratio from 0.01 to 1000")]
    Constant(f64),
    /// Prices without anything to compare them with.
    #[error("prices need a reference: say with --tariff-reference which price counts as a tariff of 1")]
    NoReference,
    /// A reference that cannot be one.
    #[error("a reference price of {0} is of no use: give one above zero")]
    Reference(f64),
    /// No JSON pointer.
    #[error("{0:?} is no JSON pointer: begin with a slash, as in /data/0/price")]
    Pointer(String),
    /// A file that cannot be read.
    #[error("cannot read the prices in {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file with more than is read.
    #[error("{}: more than {limit} {unit}: leave out what is past", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// How much is read.
        limit: u64,
        /// Of what.
        unit: &'static str,
    },
    /// A cell of a CSV file.
    #[error("{}, line {line}, column {column}: expected {expected}, found {found:?}", path.display())]
    Cell {
        /// The file.
        path: PathBuf,
        /// Number of the line, from one.
        line: u64,
        /// Name of the column.
        column: &'static str,
        /// What should stand there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A JSON file with something wrong in it.
    #[error("the prices in {} cannot be taken", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What, in which line and column.
        source: serde_json::Error,
    },
    /// A file without prices.
    #[error("{}: no prices: give at least one", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A series that begins only later.
    #[error("{}: the first price is for {seconds} s from now: give one that holds already", path.display())]
    NotBegun {
        /// The file.
        path: PathBuf,
        /// How much later.
        seconds: u64,
    },
    /// An endpoint that gave no first price.
    #[error("no tariff from {address}")]
    Endpoint {
        /// The address without what may be secret in it.
        address: String,
        /// Why.
        source: PollError,
    },
    /// The system gives no thread.
    #[error("no thread to poll the tariff")]
    Thread(#[source] std::io::Error),
}

/// A tariff that works, and what its operator should know.
pub struct Opened {
    /// For the node.
    pub tariff: Box<dyn Tariff>,
    /// What was found out while opening it: prices that are not taken as they stand. To be shown once.
    pub warnings: Vec<String>,
    /// What goes wrong later; never anything but with an endpoint.
    pub trouble: Trouble,
}

/// Opens what the user has asked for. `reference` is the price that counts as a tariff of one, `pointer` says where an
/// endpoint's answer holds the price (see [`maxwell_api::tariff::POINTER`]), and `epoch` is when the node's clock began.
///
/// # Errors
/// When there is no tariff to begin with: see [`TariffError`]. An endpoint is waited for [`POLL_TIMEOUT`] at most.
pub fn open(
    spec: &TariffSpec,
    reference: Option<Reference>,
    pointer: &str,
    epoch: Instant,
) -> Result<Opened, TariffError> {
    let trouble = Trouble::default();
    let needed = || reference.ok_or(TariffError::NoReference);
    match spec {
        TariffSpec::Constant(ratio) => {
            Ok(Opened { tariff: Box::new(ConstantTariff(*ratio)), warnings: Vec::new(), trouble })
        }
        TariffSpec::File { path, format } => {
            let (series, warning) = PriceSeries::read(path, *format, needed()?, epoch)?;
            Ok(Opened { tariff: Box::new(series), warnings: warning.into_iter().collect(), trouble })
        }
        TariffSpec::Endpoint(address) => {
            let endpoint = Endpoint::new(address, pointer, needed()?)?;
            let tariff = EndpointTariff::start(endpoint, epoch)?;
            let trouble = tariff.trouble();
            Ok(Opened { tariff: Box::new(tariff), warnings: trouble.latest().into_iter().collect(), trouble })
        }
    }
}
