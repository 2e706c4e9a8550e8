//! Curves over time.

use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::{DashedLineSeries, DrawingArea, LineSeries, Polygon, SVGBackend, ShapeStyle};

use super::Plot;
use super::canvas::{self, HEIGHT, Ink, Sheet, draw_legend, grid, legend_height, letters, rule, said};
use super::curve::{Curve, Point};
use crate::ReportError;
use crate::format::exact;

/// Curves over the time of a run.
pub(super) struct Chart {
    pub(super) name: &'static str,
    pub(super) title: String,
    pub(super) caption: String,
    /// Title of the vertical axis, with its unit.
    pub(super) y: String,
    /// Whether the vertical axis begins at zero.
    pub(super) from_zero: bool,
    pub(super) series: Vec<Series>,
}

/// A curve of a chart.
pub(super) struct Series {
    pub(super) label: String,
    /// `None` for a level that is drawn in the colour of the text.
    pub(super) ink: Option<Ink>,
    pub(super) curve: Curve,
    /// Whether the lowest and the highest are shown.
    pub(super) band: bool,
}

type Context<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

impl Series {
    /// A level to compare with.
    pub(super) fn level(label: &str, value: f64, between: (f64, f64)) -> Self {
        let point = |t_s| Point { t_s, mean: value, min: value, max: value };
        let points = vec![point(between.0), point(between.1)];
        Self { label: label.into(), ink: None, curve: Curve { points }, band: false }
    }

    fn line(&self) -> ShapeStyle {
        self.ink.map_or_else(rule, Ink::line)
    }

    fn dashed(&self) -> bool {
        self.ink.is_none_or(|ink| ink.dashed)
    }
}

impl Chart {
    /// Draws the curves that have points; `None` if none has.
    pub(super) fn draw(mut self) -> Result<Option<Plot>, ReportError> {
        self.series.retain(|series| !series.curve.points.is_empty());
        if self.series.is_empty() {
            return Ok(None);
        }
        let labels: Vec<&str> = self.series.iter().map(|series| series.label.as_str()).collect();
        let height = HEIGHT + legend_height(&labels);
        let draw = |sheet: &Sheet<'_>| {
            let (upper, lower): (DrawingArea<_, Shift>, _) = sheet.split_vertically(HEIGHT as i32);
            self.draw_curves(&upper)?;
            draw_legend(&lower, &labels, |index, sheet, ends| {
                let series = &self.series[index];
                if !series.dashed() {
                    return canvas::straight(sheet, ends, series.line());
                }
                let middle = (i32::midpoint(ends[0].0, ends[1].0), ends[0].1);
                canvas::straight(sheet, [ends[0], (middle.0 - 6, middle.1)], series.line())?;
                canvas::straight(sheet, [(middle.0 + 6, middle.1), ends[1]], series.line())
            })
        };
        canvas::plot(self.name, self.title.clone(), self.caption.clone(), height, draw).map(Some)
    }

    fn draw_curves(&self, sheet: &Sheet<'_>) -> Result<(), String> {
        let last = self.series.iter().filter_map(|series| series.curve.last_t()).fold(1.0, f64::max);
        let (low, high) = self.range();
        let (divisor, unit) = scale(high.abs().max(low.abs()));
        let mut chart = ChartBuilder::on(sheet)
            .margin_top(20)
            .margin_right(40)
            .x_label_area_size(105)
            .y_label_area_size(175)
            .build_cartesian_2d(0.0..last, low..high)
            .map_err(said)?;
        chart
            .configure_mesh()
            .light_line_style(plotters::style::TRANSPARENT)
            .bold_line_style(grid())
            .axis_style(grid())
            .label_style(letters())
            .axis_desc_style(letters())
            .x_labels(7)
            .y_labels(6)
            .x_label_formatter(&|value| exact(*value))
            .y_label_formatter(&|value| exact(*value / divisor))
            .x_desc("time since the start of the run in s")
            .y_desc(format!("{}{unit}", self.y))
            .draw()
            .map_err(said)?;
        for series in &self.series {
            draw_series(&mut chart, series)?;
        }
        Ok(())
    }

    /// Range of the vertical axis, with a little room; never empty.
    fn range(&self) -> (f64, f64) {
        let curves = || self.series.iter().map(|series| &series.curve);
        let low = curves().filter_map(Curve::lowest).fold(f64::INFINITY, f64::min);
        let high = curves().filter_map(Curve::highest).fold(f64::NEG_INFINITY, f64::max);
        let (low, high) = if self.from_zero { (low.min(0.0), high.max(0.0)) } else { (low, high) };
        let room = if high > low { 0.05 * (high - low) } else { 1.0 };
        (if self.from_zero && low >= 0.0 { 0.0 } else { low - room }, high + room)
    }
}

fn draw_series(chart: &mut Context<'_, '_>, series: &Series) -> Result<(), String> {
    let points = &series.curve.points;
    if let Some(ink) = series.ink.filter(|_| series.band) {
        let lower = points.iter().map(|point| (point.t_s, point.min));
        let upper = points.iter().rev().map(|point| (point.t_s, point.max));
        let outline: Vec<(f64, f64)> = lower.chain(upper).collect();
        chart.draw_series([Polygon::new(outline, ink.band())]).map_err(said)?;
    }
    let line = points.iter().map(|point| (point.t_s, point.mean));
    if series.dashed() {
        chart.draw_series(DashedLineSeries::new(line, 14, 9, series.line())).map_err(said)?;
    } else {
        chart.draw_series(LineSeries::new(line, series.line())).map_err(said)?;
    }
    Ok(())
}

/// By what large numbers are divided at an axis, and how its title says so.
fn scale(highest: f64) -> (f64, &'static str) {
    match highest {
        millions if millions >= 1e6 => (1e6, ", in millions"),
        thousands if thousands >= 1e4 => (1e3, ", in thousands"),
        _ => (1.0, ""),
    }
}
