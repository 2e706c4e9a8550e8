//! What a user types to choose a tariff.

use std::path::PathBuf;
use std::str::FromStr;

use maxwell_core::limits::{TARIFF_MAX, TARIFF_MIN};
use maxwell_core::units::Ppm;

use super::TariffError;

/// A tariff as the user names it: `1.25`, `prices.csv`, `prices.json`, `http://...` or `https://...`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TariffSpec {
    /// A ratio.
    Constant(Ppm),
    /// A series of prices.
    File {
        /// Where it is.
        path: PathBuf,
        /// What its name ends in.
        format: FileFormat,
    },
    /// The address of an endpoint.
    Endpoint(String),
}

/// How a file of prices is written; [`maxwell_api::tariff`] defines both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// Lines of `time,price`.
    Csv,
    /// An array of objects.
    Json,
}

impl FromStr for TariffSpec {
    type Err = TariffError;

    fn from_str(given: &str) -> Result<Self, TariffError> {
        if given.starts_with("http://") || given.starts_with("https://") {
            return Ok(Self::Endpoint(given.to_owned()));
        }
        if let Ok(ratio) = given.parse::<f64>() {
            let possible = TARIFF_MIN.as_ratio()..=TARIFF_MAX.as_ratio();
            let constant = Self::Constant(Ppm::from_ratio(ratio));
            return if possible.contains(&ratio) { Ok(constant) } else { Err(TariffError::Constant(ratio)) };
        }
        let path = PathBuf::from(given);
        let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
        let format = match ending.to_str() {
            Some("csv") => FileFormat::Csv,
            Some("json") => FileFormat::Json,
            _ => return Err(TariffError::Unknown(given.to_owned())),
        };
        Ok(Self::File { path, format })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_says_which_kind_it_is() {
        let file = |path: &str, format| TariffSpec::File { path: path.into(), format };
        for (given, meant) in [
            ("1.25", TariffSpec::Constant(Ppm(1_250_000))),
            ("0.01", TariffSpec::Constant(Ppm(10_000))),
            ("1e3", TariffSpec::Constant(Ppm(1_000_000_000))),
            ("prices.csv", file("prices.csv", FileFormat::Csv)),
            ("./a b/PRICES.JSON", file("./a b/PRICES.JSON", FileFormat::Json)),
            ("http://meter/now", TariffSpec::Endpoint("http://meter/now".into())),
            ("https://meter/a.csv", TariffSpec::Endpoint("https://meter/a.csv".into())),
        ] {
            assert_eq!(given.parse::<TariffSpec>().unwrap(), meant, "{given}");
        }
    }

    #[test]
    fn what_is_no_tariff_is_refused_with_what_would_be_one() {
        for given in ["0", "-1", "0.009", "1000.1", "inf", "NaN"] {
            let error = given.parse::<TariffSpec>().unwrap_err().to_string();
            assert!(error.contains("from 0.01 to 1000"), "{given}: {error}");
        }
        for given in ["", "csv", ".csv", "prices.txt", "ftp://a/b", "HTTP//", "1.5x"] {
            let error = given.parse::<TariffSpec>().unwrap_err().to_string();
            assert!(error.contains("1.25, a file *.csv or *.json"), "{given}: {error}");
        }
    }
}
