//! The ratio over the money that agents had.

use maxwell_api::summary::{FundingPoint, Ratio, Summary};
use plotters::chart::ChartBuilder;
use plotters::prelude::{Circle, DashedLineSeries, LineSeries, PathElement};

use super::Plot;
use super::axis::Marked;
use super::canvas::{self, HEIGHT, Ink, Sheet, grid, letters, rule, said};
use crate::ReportError;
use crate::format::exact;

/// The sweep; `None` if there is none.
pub(super) fn funding(summary: &Summary) -> Result<Option<Plot>, ReportError> {
    let points: Vec<(f64, Ratio)> = summary.funding_sweep.iter().filter_map(place).collect();
    if points.is_empty() {
        return Ok(None);
    }
    let caption =
        "Each dot is an arm with other money for all agents; whiskers are 95 % confidence intervals of the \
                   paired ratios. The dashed line is `linux`. The money doubles from mark to mark."
            .to_owned();
    let title = "Primes per joule against `linux`, by the agents' money".to_owned();
    canvas::plot("funding", title, caption, HEIGHT, |sheet| draw(sheet, &points)).map(Some)
}

/// Where a point stands: the binary logarithm of its money.
fn place(point: &FundingPoint) -> Option<(f64, Ratio)> {
    let money = point.funding_slot_seconds;
    (money > 0.0 && money.is_finite()).then_some((money.log2(), point.ratio_to_linux?))
}

fn draw(sheet: &Sheet<'_>, points: &[(f64, Ratio)]) -> Result<(), String> {
    let first = points.iter().map(|(x, _)| *x).fold(f64::INFINITY, f64::min).floor();
    let last = points.iter().map(|(x, _)| *x).fold(f64::NEG_INFINITY, f64::max).ceil().max(first + 1.0);
    let highest = points.iter().map(|(_, ratio)| ratio.high.unwrap_or(ratio.ratio)).fold(1.0, f64::max);
    let octaves: Vec<f64> = (first as i32..=last as i32).map(f64::from).collect();
    // A far end of an interval of few pairs must not flatten everything else.
    let top = (1.1 * highest).min(3.0 * points.iter().map(|(_, ratio)| ratio.ratio).fold(1.0, f64::max));
    let mut chart = ChartBuilder::on(sheet)
        .margin_top(20)
        .margin_right(60)
        .x_label_area_size(105)
        .y_label_area_size(150)
        .build_cartesian_2d(Marked::new(first - 0.2..last + 0.2, octaves), 0.0..top)
        .map_err(said)?;
    chart
        .configure_mesh()
        .light_line_style(plotters::style::TRANSPARENT)
        .bold_line_style(grid())
        .axis_style(grid())
        .label_style(letters())
        .axis_desc_style(letters())
        .y_labels(6)
        .x_label_formatter(&|value| exact(value.exp2()))
        .y_label_formatter(&|value| exact(*value))
        .x_desc("money of each agent in slot-seconds (logarithmic)")
        .y_desc("primes per joule, ratio to linux")
        .draw()
        .map_err(said)?;
    let level = [(first - 0.2, 1.0), (last + 0.2, 1.0)];
    chart.draw_series(DashedLineSeries::new(level, 14, 9, rule())).map_err(said)?;
    let ink = Ink::all().nth(1).map_or_else(rule, Ink::line);
    let line = points.iter().map(|(x, ratio)| (*x, ratio.ratio));
    chart.draw_series(LineSeries::new(line.clone(), ink)).map_err(said)?;
    for (x, ratio) in points {
        if let (Some(low), Some(high)) = (ratio.low, ratio.high) {
            let whisker = vec![(*x, low.max(0.0)), (*x, high.min(top))];
            chart.draw_series([PathElement::new(whisker, ink)]).map_err(said)?;
        }
    }
    chart.draw_series(line.map(|at| Circle::new(at, 10, ink.filled()))).map_err(said)?;
    Ok(())
}
