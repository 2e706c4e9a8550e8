//! Which time a receipt is about.

use anyhow::{Context, Result, anyhow, bail, ensure};
use chrono::DateTime;
use clap::Args;
use maxwell_ledger::receipt::Period;

/// Options that say it. Without any, a receipt is about all of which details are kept.
#[derive(Args, Debug)]
pub(super) struct PeriodOptions {
    /// Begin with the last epoch that ended by then, such as 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: Option<u64>,
    /// End with the last epoch that ended by then
    #[arg(long, value_name = "TIME", value_parser = moment)]
    to: Option<u64>,
    /// The time until now: 90s, 10m, 12h or 7d
    #[arg(long, value_name = "SPAN", value_parser = span, conflicts_with_all = ["from", "to"])]
    last: Option<u64>,
}

impl PeriodOptions {
    pub(super) fn period(&self, now_ms: u64) -> Period {
        let from_ms = self.last.map(|span| now_ms.saturating_sub(span)).or(self.from);
        Period { from_ms, to_ms: self.to }
    }
}

/// A time as RFC 3339 has it, in milliseconds since 1970.
fn moment(text: &str) -> Result<u64> {
    let time = DateTime::parse_from_rfc3339(text)
        .map_err(|_| anyhow!("`{text}` is no time as in 2026-01-31T12:00:00Z, with its zone"))?;
    u64::try_from(time.timestamp_millis()).context("there was no ledger before 1970")
}

/// A span of time in milliseconds.
fn span(text: &str) -> Result<u64> {
    let Some((number, unit)) = text.split_at_checked(text.len().saturating_sub(1)) else {
        bail!("a span is a number and one of s, m, h and d");
    };
    let unit_ms: u64 = match unit {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => bail!("a span ends with one of s, m, h and d, as in 10m"),
    };
    ensure!(
        number.bytes().all(|digit| digit.is_ascii_digit()),
        "before the unit of a span stands a whole number"
    );
    let number: u64 = number.parse().context("before the unit of a span stands a whole number")?;
    number.checked_mul(unit_ms).context("no ledger reaches back that far")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_one_unit_and_a_whole_number() {
        assert_eq!(span("90s").expect("a span"), 90_000);
        assert_eq!(span("10m").expect("a span"), 600_000);
        assert_eq!(span("7d").expect("a span"), 604_800_000);
        for wrong in ["", "m", "10", "10 m", "1.5h", "-1s", "+1s", "1h30m", "10µ", "99999999999999999d"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_have_a_zone() {
        assert_eq!(moment("1970-01-01T01:00:00.5+01:00").expect("a time"), 500);
        for wrong in ["2026-01-31", "2026-01-31T12:00:00", "noon", "1969-12-31T00:00:00Z"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }
}
