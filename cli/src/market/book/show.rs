//! A book and its outcomes as text.

use std::io::{self, Write};

use maxwell_api::book::{BookReport, OrderRow, Outcome, SoldRow};
use maxwell_core::units::Microjoules;

use crate::output::line;

/// Orders that are shown; a longer book is for `--json`.
const SHOWN: usize = 40;

pub(super) fn write(out: &mut dyn Write, report: &BookReport) -> io::Result<()> {
    let count = |standing: &str| report.orders.iter().filter(|order| order.standing == standing).count();
    line(out, "reserve", format_args!("{} a quantum", Microjoules(report.reserve_uj)))?;
    line(out, "slots", slots(&report.weights))?;
    line(
        out,
        "orders",
        format_args!(
            "{}; {} below the reserve, {} not covered by their wallets",
            report.orders.len(),
            count("below the reserve"),
            count("not covered")
        ),
    )?;
    let shared = count("covered unless better ones win");
    if shared > 0 {
        line(
            out,
            "",
            format_args!("{shared} not covered beside better ones of their wallets, if those win"),
        )?;
    }
    line(out, "limits", "as the book keeps them: rounded down to its grid of prices")?;
    report.outcomes.iter().try_for_each(|outcome| one(out, report, outcome))
}

fn slots(weights: &[f64]) -> String {
    let weights: Vec<String> = weights.iter().map(f64::to_string).collect();
    if weights.iter().all(|weight| *weight == weights[0]) {
        return format!("{}, all alike", weights.len());
    }
    format!("{}, of weights {}", weights.len(), weights.join(", "))
}

fn one(out: &mut dyn Write, report: &BookReport, outcome: &Outcome) -> io::Result<()> {
    writeln!(out)?;
    if let Some(why) = &outcome.refused {
        return line(out, &outcome.mechanism, format_args!("cannot be held: {why}"));
    }
    let quanta: u64 = outcome.sold.iter().map(|row| row.quanta).sum();
    let paid: i64 = outcome.sold.iter().fold(0, |all: i64, row| all.saturating_add(row.paid_uj));
    let ticks = if report.ticks == 1 { "1 tick".to_owned() } else { format!("{} ticks", report.ticks) };
    let (clearing, paid) = (Microjoules(outcome.clearing_uj), Microjoules(paid));
    writeln!(out, "{} clears at {clearing}: {quanta} quanta for {paid} in {ticks}", outcome.mechanism)?;
    writeln!(out, "{:>16} {:>7} {:>8} {:>16}  wallet", "limit", "slots", "quanta", "paid")?;
    let rows = report.orders.iter().zip(&outcome.sold).take(SHOWN);
    for (order, sold) in rows {
        row(out, order, sold)?;
    }
    match report.orders.len().checked_sub(SHOWN) {
        None | Some(0) => Ok(()),
        Some(more) => writeln!(out, "and {more} more, which --json shows"),
    }
}

fn row(out: &mut dyn Write, order: &OrderRow, sold: &SoldRow) -> io::Result<()> {
    let (limit, paid) = (Microjoules(order.limit_uj).to_string(), Microjoules(sold.paid_uj).to_string());
    let note =
        if order.standing == "in the market" { String::new() } else { format!(" ({})", order.standing) };
    let (slots, quanta, wallet) = (order.slots, sold.quanta, &order.wallet);
    writeln!(out, "{limit:>16} {slots:>7} {quanta:>8} {paid:>16}  {wallet}{note}")
}
