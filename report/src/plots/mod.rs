//! Plots as SVG: what is drawn. How it is drawn is in `chart`, `bars` and `canvas`.

use std::collections::BTreeMap;

use maxwell_api::experiment::{AgentRow, NodeRow};
use maxwell_api::summary::Summary;

use crate::summarize::{FUNDING, LINUX, MAXWELL, complete};
use crate::{Records, ReportError, RunRecords};
use canvas::Ink;
use chart::{Chart, Series};
use curve::Curve;

mod curve;

mod chart;

mod bars;

mod sweep;

pub mod axis;

pub mod canvas;

/// Bands of more arms than this would hide each other; then only `linux` and `maxwell` have one.
const BANDS_MAX: usize = 3;
/// Microjoules of money that buy a joule at multiplier 1.
pub(crate) const UJ_PER_JOULE: f64 = 1e6;

/// A plot.
pub struct Plot {
    /// Name of its file, without the ending.
    pub name: &'static str,
    /// What it shows.
    pub title: String,
    /// How to read it.
    pub caption: String,
    /// The drawing for a page: it takes the colour of the text around it.
    pub inline: String,
    /// The drawing as a file of its own.
    pub svg: String,
}

/// Every plot that the records have figures for.
pub(crate) fn all(records: &Records, summary: &Summary) -> Result<Vec<Plot>, ReportError> {
    let plots = [
        bars::primes_per_joule(summary)?,
        sweep::funding(summary)?,
        temperature(records)?,
        price(records)?,
        balances(records)?,
        primes(records)?,
        efficiency(records)?,
    ];
    Ok(plots.into_iter().flatten().collect())
}

/// Colours of arms: an arm has the same one in every plot. Arms of the sweep have a plot of their own.
fn arms_with_ink(arms: impl Iterator<Item = impl AsRef<str>>) -> Vec<(String, Ink)> {
    arms.map(|arm| arm.as_ref().to_owned()).filter(|arm| !arm.starts_with(FUNDING)).zip(Ink::all()).collect()
}

fn temperature(records: &Records) -> Result<Option<Plot>, ReportError> {
    let mut series = by_arm(records, |run| rows_of(run, |row| Some(row.die_c)));
    let set_point = records.experiment.plan.set_point_c;
    let warmest = series.iter().filter_map(|series| series.curve.highest()).reduce(f64::max);
    let last = series.iter().filter_map(|series| series.curve.last_t()).reduce(f64::max);
    if let (Some(warmest), Some(last)) = (warmest, last)
        && warmest > set_point - 5.0
    {
        series.push(Series::level("set point", set_point, (0.0, last)));
    }
    Chart {
        name: "temperature",
        title: "Die temperature".into(),
        caption: "Mean over repetitions; the band reaches from the lowest to the highest.".into(),
        y: "die temperature in °C".into(),
        from_zero: false,
        series,
    }
    .draw()
}

fn price(records: &Records) -> Result<Option<Plot>, ReportError> {
    let Some(arm) = market_arm(records) else { return Ok(None) };
    let joules = |uj: Option<f64>| uj.map(|uj| uj / UJ_PER_JOULE);
    let curve = |value: fn(&NodeRow) -> Option<f64>| {
        Curve::over(complete(records, &arm).map(|run| rows_of(run, |row| joules(value(row)))))
    };
    let mut inks = Ink::beside_arms();
    let mut series = |label: &str, curve| Series { label: label.into(), ink: inks.next(), curve, band: true };
    Chart {
        name: "price",
        title: format!("Price of a quantum in `{arm}`"),
        caption:
            "A quantum is 10 ms of one slot. The reserve follows the physics; the clearing price is what the \
                  winners pay. Mean over repetitions; the band reaches from the lowest to the highest."
                .into(),
        y: "price in $JOULE a quantum".into(),
        from_zero: true,
        series: vec![
            series("clearing price", curve(|row| row.clearing_uj)),
            series("reserve price", curve(|row| row.reserve_uj)),
        ],
    }
    .draw()
}

fn balances(records: &Records) -> Result<Option<Plot>, ReportError> {
    let Some(arm) = market_arm(records) else { return Ok(None) };
    let mut names: Vec<&str> = Vec::new();
    for row in complete(records, &arm).flat_map(|run| &run.agents) {
        if !names.contains(&row.agent.as_str()) {
            names.push(&row.agent);
        }
    }
    let left_out = names.len().saturating_sub(Ink::COUNT);
    let balance = |name: &str, run: &RunRecords| -> Vec<(f64, f64)> {
        let rows = run.agents.iter().filter(|row| row.agent == name);
        rows.filter_map(|row| Some((row.t_s, row.balance_uj? as f64 / UJ_PER_JOULE))).collect()
    };
    let series = names.iter().zip(Ink::beside_arms()).map(|(name, ink)| Series {
        label: (*name).to_owned(),
        ink: Some(ink),
        curve: Curve::over(complete(records, &arm).map(|run| balance(name, run))),
        band: true,
    });
    let rest =
        if left_out > 0 { format!(" The last {left_out} agents are left out here.") } else { String::new() };
    Chart {
        name: "balances",
        title: format!("Wallets of the agents in `{arm}`"),
        caption: format!(
            "Free balance of each agent. Mean over repetitions; the band reaches from the lowest to the highest.{rest}"
        ),
        y: "balance in $JOULE".into(),
        from_zero: true,
        series: series.collect(),
    }
    .draw()
}

fn primes(records: &Records) -> Result<Option<Plot>, ReportError> {
    Chart {
        name: "primes",
        title: "Verified primes since the start".into(),
        caption:
            "Sum over all agents. Mean over repetitions; the band reaches from the lowest to the highest."
                .into(),
        y: "verified primes".into(),
        from_zero: true,
        series: by_arm(records, |run| primes_over_time(run).into_iter().collect()),
    }
    .draw()
}

fn efficiency(records: &Records) -> Result<Option<Plot>, ReportError> {
    let per_joule = |run: &RunRecords| -> Vec<(f64, f64)> {
        let primes: BTreeMap<u64, f64> =
            primes_over_time(run).into_iter().map(|(t_s, primes)| (curve::second(t_s), primes)).collect();
        let at = |row: &NodeRow| Some(*primes.get(&curve::second(row.t_s))? / row.package_j);
        rows_of(run, |row| at(row).filter(|_| row.package_j > 0.0))
    };
    Chart {
        name: "primes-per-joule-over-time",
        title: "Verified primes per joule since the start".into(),
        caption:
            "All primes until then by all joules of the package until then. Mean over repetitions; the band \
                  reaches from the lowest to the highest."
                .into(),
        y: "verified primes per joule".into(),
        from_zero: true,
        series: by_arm(records, per_joule),
    }
    .draw()
}

/// A curve for each arm.
fn by_arm(records: &Records, curve: impl Fn(&RunRecords) -> Vec<(f64, f64)>) -> Vec<Series> {
    let arms = arms_with_ink(records.experiment.plan.arms.iter().map(|arm| &arm.name));
    let few = arms.len() <= BANDS_MAX;
    arms.into_iter()
        .map(|(arm, ink)| Series {
            curve: Curve::over(complete(records, &arm).map(&curve)),
            band: few || arm == LINUX || arm == MAXWELL,
            ink: Some(ink),
            label: arm,
        })
        .collect()
}

/// The arm whose market is shown.
fn market_arm(records: &Records) -> Option<String> {
    let market = || records.experiment.plan.arms.iter().filter(|arm| arm.market).map(|arm| &arm.name);
    let has_runs = |arm: &&String| complete(records, arm).next().is_some();
    market().filter(has_runs).find(|arm| *arm == MAXWELL).or_else(|| market().find(has_runs)).cloned()
}

fn rows_of(run: &RunRecords, value: impl Fn(&NodeRow) -> Option<f64>) -> Vec<(f64, f64)> {
    run.nodes.iter().filter_map(|row| Some((row.t_s, value(row)?))).collect()
}

fn primes_over_time(run: &RunRecords) -> Vec<(f64, f64)> {
    let mut sums: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for AgentRow { t_s, primes, .. } in &run.agents {
        let sum = sums.entry(curve::second(*t_s)).or_insert((*t_s, 0.0));
        sum.1 += *primes as f64;
    }
    sums.into_values().collect()
}
