//! Primes per joule, one bar for each arm.

use maxwell_api::summary::{Statistic, Summary};
use plotters::chart::ChartBuilder;
use plotters::prelude::{PathElement, Rectangle};

use super::axis::Marked;
use super::canvas::{self, Ink, LETTER_WIDTH, Sheet, grid, letters, rule, said};
use super::{Plot, arms_with_ink};
use crate::ReportError;
use crate::format::exact;

/// Height of a bar with the space around it.
const ROW: u32 = 70;
/// Height of the axis and its title.
const AXIS: u32 = 150;
/// Half the height of the whiskers' ends, in rows.
const WHISKER: f64 = 0.12;

struct Bar<'a> {
    label: &'a str,
    value: Statistic,
    ink: Option<Ink>,
}

/// Bars with their intervals; `None` if no arm has a figure.
pub(super) fn primes_per_joule(summary: &Summary) -> Result<Option<Plot>, ReportError> {
    let inks = arms_with_ink(summary.arms.iter().map(|arm| &arm.arm));
    let bars: Vec<Bar<'_>> = summary
        .arms
        .iter()
        .filter_map(|arm| {
            let ink = inks.iter().find(|(name, _)| *name == arm.arm).map(|(_, ink)| *ink);
            Some(Bar { label: &arm.arm, value: arm.figures.primes_per_joule?, ink })
        })
        .collect();
    if bars.is_empty() {
        return Ok(None);
    }
    let height = ROW * bars.len() as u32 + AXIS;
    let joules = if summary.provenance.contains("replayed") {
        "All joules of the recorded package."
    } else {
        "All joules of the package, idle and Maxwell's own included."
    };
    let caption =
        format!("{joules} Mean over repetitions with its 95 % confidence interval, where there is one.");
    let title = "Verified primes per joule by arm".to_owned();
    canvas::plot("primes-per-joule", title, caption, height, |sheet| draw(sheet, &bars)).map(Some)
}

fn draw(sheet: &Sheet<'_>, bars: &[Bar<'_>]) -> Result<(), String> {
    let rows = bars.len() as f64;
    let highest = bars.iter().map(|bar| bar.value.high.unwrap_or(bar.value.mean)).fold(0.0, f64::max);
    let longest = bars.iter().map(|bar| bar.label.chars().count()).max().unwrap_or(0) as u32;
    let keys: Vec<f64> = (0..bars.len()).map(|row| row as f64 + 0.5).collect();
    let right = if highest > 0.0 { 1.05 * highest } else { 1.0 };
    let mut chart = ChartBuilder::on(sheet)
        .margin_top(20)
        .margin_right(60)
        .x_label_area_size(105)
        .y_label_area_size(LETTER_WIDTH * longest + 50)
        .build_cartesian_2d(0.0..right, Marked::new(0.0..rows, keys))
        .map_err(said)?;
    // The first arm stands at the top.
    let of_row = |row: f64| bars.get(bars.len().wrapping_sub(1 + row as usize));
    chart
        .configure_mesh()
        .disable_y_mesh()
        .light_line_style(plotters::style::TRANSPARENT)
        .bold_line_style(grid())
        .axis_style(grid())
        .label_style(letters())
        .axis_desc_style(letters())
        .x_labels(6)
        .x_label_formatter(&|value| exact(*value))
        .y_label_formatter(&|row| of_row(*row).map_or(String::new(), |bar| bar.label.to_owned()))
        .x_desc("verified primes per joule")
        .draw()
        .map_err(said)?;
    for (row, bar) in bars.iter().rev().enumerate() {
        let middle = row as f64 + 0.5;
        let style = bar.ink.map_or_else(canvas::rest, Ink::solid);
        let corners = [(0.0, middle - 0.3), (bar.value.mean, middle + 0.3)];
        chart.draw_series([Rectangle::new(corners, style.filled())]).map_err(said)?;
        if let (Some(low), Some(high)) = (bar.value.low, bar.value.high) {
            // A bar cannot reach below zero, and an interval of few values may.
            let low = low.max(0.0);
            let end = |x: f64| vec![(x, middle - WHISKER), (x, middle + WHISKER)];
            let lines = [vec![(low, middle), (high, middle)], end(low), end(high)];
            chart.draw_series(lines.map(|line| PathElement::new(line, rule()))).map_err(said)?;
        }
    }
    Ok(())
}
