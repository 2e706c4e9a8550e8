//! A book of orders in a file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use maxwell_core::limits::{CELLS_MAX, PRICE_MAX, SLOTS_MAX};
use maxwell_core::units::{Microjoules, positive_amount};
use serde::Deserialize;

/// Bytes of a file that are read: a hundred for each order that a node may have.
const BYTES_MAX: u64 = 100 * CELLS_MAX as u64;

/// One order of the file.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) number: u64,
    pub(super) wallet: String,
    pub(super) limit: Microjoules,
    pub(super) slots: u16,
    pub(super) balance: Option<Microjoules>,
}

/// A line as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    wallet: String,
    limit: String,
    #[serde(default)]
    slots: Option<u16>,
    #[serde(default)]
    balance: Option<String>,
}

/// Reads the orders of a file, `-` for standard input.
pub(super) fn read(path: &Path) -> Result<Vec<Line>> {
    let (name, text) = if path == Path::new("-") {
        ("standard input".to_owned(), read_all(io::stdin().lock()))
    } else {
        (path.display().to_string(), File::open(path).and_then(read_all))
    };
    let text = text.with_context(|| format!("{name} cannot be read"))?;
    ensure!(
        text.len() as u64 <= BYTES_MAX,
        "{name} has more than {BYTES_MAX} bytes: a book has at most {CELLS_MAX} orders"
    );
    let lines = parse(&text).with_context(|| format!("{name} is no book of orders"))?;
    ensure!(!lines.is_empty(), "{name} has no orders: write one a line below the header");
    Ok(lines)
}

fn read_all(source: impl Read) -> io::Result<String> {
    let mut text = String::new();
    source.take(BYTES_MAX + 1).read_to_string(&mut text)?;
    Ok(text)
}

fn parse(text: &str) -> Result<Vec<Line>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let headers = reader.headers()?.clone();
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record?;
        let number = record.position().map_or(0, csv::Position::line);
        ensure!(lines.len() < CELLS_MAX, "line {number}: a book has at most {CELLS_MAX} orders");
        let written = record.deserialize(Some(&headers))?;
        lines.push(line(number, written).with_context(|| format!("line {number}"))?);
    }
    Ok(lines)
}

fn line(number: u64, written: Written) -> Result<Line> {
    let Written { wallet, limit, slots, balance } = written;
    ensure!(!wallet.is_empty(), "the wallet has no name");
    ensure!(!wallet.contains(char::is_control), "the name of the wallet has characters that cannot be shown");
    let limit = positive_amount(&limit).context("limit")?;
    ensure!(limit <= PRICE_MAX, "limit: {limit} is beyond {PRICE_MAX}, which no price reaches");
    let slots = slots.unwrap_or(1);
    ensure!((1..=SLOTS_MAX).contains(&slots), "slots: an order is for 1 to {SLOTS_MAX} slots, not {slots}");
    let balance = balance.map(|text| text.parse::<Microjoules>()).transpose().context("balance")?;
    if balance.is_some_and(|balance| balance < Microjoules::ZERO) {
        bail!(anyhow!("balance: a wallet in debt is not in the market: leave the order out"));
    }
    Ok(Line { number, wallet, limit, slots, balance })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "wallet,limit,slots,balance\n";

    #[test]
    fn an_order_is_read_with_what_it_leaves_out() {
        let lines = parse(&format!("{HEADER}alice, 900 mJ ,,\n bob,1J,3,2.5 J\n")).unwrap();
        assert_eq!((lines[0].limit, lines[0].slots, lines[0].balance), (Microjoules(900_000), 1, None));
        let bob = &lines[1];
        assert_eq!((bob.number, bob.wallet.as_str(), bob.slots), (3, "bob", 3));
        assert_eq!(bob.balance, Some(Microjoules(2_500_000)));
        assert_eq!(parse("wallet,limit\nalice,1 J\n").unwrap()[0].slots, 1);
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        for (text, told) in [
            ("alice,5,1,", "line 2: limit: the amount has no unit"),
            ("alice,0 J,1,", "must be more than zero"),
            ("alice,2000000 J,1,", "which no price reaches"),
            ("alice,1 J,0,", "an order is for 1 to 1024 slots"),
            ("alice,1 J,x,", "line: 2"),
            ("alice,1 J,1,-1 J", "a wallet in debt"),
            (",1 J,1,", "the wallet has no name"),
            ("al\u{1b}ice,1 J,1,", "cannot be shown"),
            ("alice,1 J", "line: 2"),
        ] {
            let error = format!("{:#}", parse(&format!("{HEADER}{text}\n")).unwrap_err());
            assert!(error.contains(told), "{text}: {error}");
        }
        let unknown = format!("{:#}", parse("wallet,limit,tempo\nalice,1 J,3\n").unwrap_err());
        assert!(unknown.contains("tempo"), "{unknown}");
    }
}
