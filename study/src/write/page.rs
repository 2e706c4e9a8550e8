//! The tables as a page of Markdown, which reads well as plain text too.

use std::fmt::Write;

use maxwell_api::market::{GainRow, MotionRow, Quantiles, RestRow, StudyReport, WorstGame};
use maxwell_report::plots::Plot;

use crate::UNEQUAL;
use crate::motion::ALL;
use crate::rest::EVERY;

/// The page: what repeats it, the tables, and the plots that go with them.
pub fn page(report: &StudyReport, command: &str, plots: &[Plot]) -> String {
    let mut text = format!(
        "# Figures of the study of games\n\nEverything here is written by one command, and the same seed writes the same:\n\n\
         \x20   {command}\n\n`figures.csv` has every figure, `games.csv` every game at rest. A ratio is the best welfare there could \
         be over the welfare\nthere is; {ENDLESS} is endless. `docs/market/study.md` says what is counted,\nhow it was found and what it means.\n"
    );
    let _ = write!(text, "\n{}", headline(report));
    text.push_str(&tables(report));
    if !plots.is_empty() {
        text.push_str("\n## Plots\n");
    }
    for plot in plots {
        let _ = write!(
            text,
            "\n### {}\n\n![{}]({}.svg)\n\n{}\n",
            plot.title, plot.title, plot.name, plot.caption
        );
    }
    text
}

const ENDLESS: &str = "∞";

/// What was found, in a sentence for each question.
pub fn headline(report: &StudyReport) -> String {
    let games = || report.rest.iter().filter(|row| row.values == UNEQUAL && row.search == EVERY);
    let count: usize = games().map(|row| row.games).sum();
    let largest = |ratios: &mut dyn Iterator<Item = Option<f64>>| ratios.flatten().fold(1.0, f64::max);
    let at_random = largest(&mut games().map(|row| row.worst.max));
    let found = largest(&mut report.worst.iter().map(|row| Some(row.ratio)));
    let moving = || report.motion.iter().filter(|row| row.manner == ALL);
    let (still, thermal): (Vec<_>, Vec<_>) = moving().partition(|row| row.tau_s.is_none());
    let of = |rows: &[&MotionRow], figure: fn(&MotionRow) -> Option<f64>| {
        largest(&mut rows.iter().map(|row| figure(row)))
    };
    let mut text = format!(
        "At rest: the worst equilibrium of {count} random games has a ratio of {at_random:.3}, the worst that climbing found \
         {found:.4}; proved are at most 1.282.\n"
    );
    let _ = writeln!(
        text,
        "In motion: half of all seconds have a ratio of at most {:.3}, 95 % of at most {:.3}; with reserve and supply standing still \
         {:.3} and {:.3}.",
        of(&thermal, |row| row.second.median),
        of(&thermal, |row| row.second.p95),
        of(&still, |row| row.second.median),
        of(&still, |row| row.second.p95),
    );
    let gain = |trick: &str, mechanism: &str| {
        let is_it = |row: &&GainRow| {
            (row.trick.as_str(), row.mechanism.as_str(), row.slots.as_str())
                == (trick, mechanism, "identical")
        };
        report.gains.iter().find(is_it).map_or(0.0, |row| row.mean_percent)
    };
    let _ = writeln!(
        text,
        "Gains: shading one bid gains {:.2} % under vickrey and {:.2} % under gsp; asking for fewer slots gains {:.2} % under vickrey \
         and {:.2} % under vcg.",
        gain("shading", "vickrey"),
        gain("shading", "gsp"),
        gain("fewer", "vickrey"),
        gain("fewer", "vcg"),
    );
    text
}

/// The tables alone.
pub fn tables(report: &StudyReport) -> String {
    let mut text = String::new();
    rest(&mut text, &report.rest);
    worst(&mut text, &report.worst);
    motion(&mut text, &report.motion);
    gains(&mut text, &report.gains);
    text
}

fn rest(text: &mut String, rows: &[RestRow]) {
    text.push_str("\n## At rest\n\nGames with unequal values of all distributions together. `every`: every equilibrium is known; ");
    text.push_str("`reached`: only those at which bidders arrive.\n");
    let head = [
        "slots",
        "reserve",
        "search",
        "games",
        "none found",
        "equilibria",
        "median",
        "p99",
        "worst: median",
        "p95",
        "p99",
        "max",
        "lost trade: p99",
        "starts at rest",
        "reached: p99",
        "max",
        "overbid: p99",
        "max",
    ];
    let rows = rows.iter().filter(|row| row.values == UNEQUAL).map(|row| {
        let mut cells = vec![
            row.slots.clone(),
            if row.reserve { "half the mean" } else { "none" }.to_owned(),
            row.search.clone(),
            row.games.to_string(),
            row.without.to_string(),
            row.equilibria.to_string(),
            ratio(&row.ratio, row.ratio.median),
            ratio(&row.ratio, row.ratio.p99),
        ];
        let Quantiles { median, p95, p99, max, .. } = row.worst;
        cells.extend([median, p95, p99, max].map(|figure| ratio(&row.worst, figure)));
        cells.push(ratio(&row.with_lost_trade, row.with_lost_trade.p99));
        cells.push(format!("{:.0} %", 100.0 * row.reached_share));
        cells.extend([row.reached.p99, row.reached.max].map(|figure| ratio(&row.reached, figure)));
        cells
            .extend([row.overbidding.p99, row.overbidding.max].map(|figure| ratio(&row.overbidding, figure)));
        cells
    });
    table(text, &head, rows);
}

fn worst(text: &mut String, rows: &[WorstGame]) {
    text.push_str("\n## The worst games that climbing found\n\nAs many slots as bidders, no reserve. Bids belong to the order, the last is the ");
    text.push_str("highest losing one.\n");
    let head = ["bidders", "ratio", "median climb", "values", "weights", "order", "bids", "tempted by µJ"];
    let rows = rows.iter().map(|row| {
        let parts = |figures: &mut dyn Iterator<Item = f64>| {
            figures.map(|figure| format!("{figure:.4}")).collect::<Vec<_>>().join(" ")
        };
        let values = parts(&mut row.values_uj.iter().map(|value| *value as f64 / 1e6));
        let weights = parts(&mut row.weights_ppm.iter().map(|weight| *weight as f64 / 1e6));
        let bids = parts(&mut row.bids_uj.iter().map(|bid| *bid as f64 / 1e6));
        let order = row.order.iter().map(|bidder| (bidder + 1).to_string()).collect::<Vec<_>>().join(" ");
        let (ratio, median) = (format!("{:.5}", row.ratio), format!("{:.5}", row.median_ratio));
        vec![
            row.bidders.to_string(),
            ratio,
            median,
            values,
            weights,
            order,
            bids,
            row.temptation_uj.to_string(),
        ]
    });
    table(text, &head, rows);
}

fn motion(text: &mut String, rows: &[MotionRow]) {
    text.push_str("\n## In motion\n\nτ is the time constant of the die; *still* is the machine whose reserve and supply do not move.\n");
    let head = [
        "τ",
        "manner",
        "delay",
        "tick: median",
        "p95",
        "p99",
        "max",
        "second: median",
        "p95",
        "p99",
        "max",
        "run: median",
        "max",
        "lost trade: max",
        "reserve: mean",
        "max",
    ];
    let rows = rows.iter().map(|row| {
        let mut cells = vec![
            row.tau_s.map_or("still".to_owned(), |tau| format!("{tau} s")),
            row.manner.clone(),
            row.delay_ticks.map_or("all".to_owned(), |ticks| format!("{} ms", 10 * ticks)),
        ];
        let Quantiles { median, p95, p99, max, .. } = row.tick;
        cells.extend([median, p95, p99, max].map(|figure| ratio(&row.tick, figure)));
        let Quantiles { median, p95, p99, max, .. } = row.second;
        cells.extend([median, p95, p99, max].map(|figure| ratio(&row.second, figure)));
        cells.extend([row.run.median, row.run.max].map(|figure| ratio(&row.run, figure)));
        cells.push(ratio(&row.run_with_lost_trade, row.run_with_lost_trade.max));
        cells.extend([row.multiplier_mean, row.multiplier_max].map(|figure| format!("{figure:.2}")));
        cells
    });
    table(text, &head, rows);
}

fn gains(text: &mut String, rows: &[GainRow]) {
    text.push_str("\n## What tricks gain over the truth\n\nIn percent of the most welfare that the game could have. A trick that is always played can ");
    text.push_str("lose.\n");
    let head = [
        "trick",
        "rule",
        "slots",
        "games",
        "pays in",
        "mean where it pays, else 0",
        "mean",
        "median",
        "p95",
        "p99",
        "max",
    ];
    let rows = rows.iter().map(|row| {
        let mut cells = vec![
            row.trick.clone(),
            row.mechanism.clone(),
            row.slots.clone(),
            row.games.to_string(),
            format!("{:.1} %", 100.0 * row.share),
            percent(Some(row.mean_where_it_pays_percent)),
            percent(Some(row.mean_percent)),
        ];
        let Quantiles { median, p95, p99, max, .. } = row.gain_percent;
        cells.extend([median, p95, p99, max].map(percent));
        cells
    });
    table(text, &head, rows);
}

/// A ratio; a dash where there is nothing to count.
fn ratio(of: &Quantiles, figure: Option<f64>) -> String {
    match figure {
        Some(figure) => format!("{figure:.3}"),
        None if of.count == 0 => "–".to_owned(),
        None => ENDLESS.to_owned(),
    }
}

fn percent(figure: Option<f64>) -> String {
    let figure = figure.unwrap_or(0.0);
    // What rounds to nothing is not below it.
    format!("{:.2}", if figure.abs() < 0.005 { 0.0 } else { figure })
}

fn table(text: &mut String, head: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let _ = writeln!(text, "\n| {} |\n|{}", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
}
