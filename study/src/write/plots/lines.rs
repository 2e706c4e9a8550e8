//! Lines over an axis, with bands.

use std::ops::Range;

use maxwell_report::ReportError;
use maxwell_report::plots::Plot;
use maxwell_report::plots::axis::Marked;
use maxwell_report::plots::canvas::{
    self, HEIGHT, Ink, Sheet, draw_legend, grid, legend_height, letters, said, straight,
};
use plotters::chart::ChartBuilder;
use plotters::prelude::{DashedLineSeries, LineSeries, Polygon};

/// An axis.
pub(super) struct Axis {
    pub(super) title: &'static str,
    pub(super) range: Range<f64>,
    pub(super) marks: Vec<f64>,
    pub(super) label: fn(f64) -> String,
}

/// A line of a drawing.
pub(super) struct Line {
    label: &'static str,
    ink: Ink,
    points: Vec<(f64, f64)>,
    /// The upper edge of a band above the line; no band without points.
    upper: Vec<(f64, f64)>,
}

impl Line {
    pub(super) fn new(label: &'static str, ink: Ink, points: Vec<(f64, f64)>) -> Self {
        Self { label, ink, points, upper: Vec::new() }
    }

    /// The same with a band between it and what lies above it.
    pub(super) fn up_to(mut self, upper: Vec<(f64, f64)>) -> Self {
        self.upper = upper;
        self
    }
}

/// A drawing of lines.
pub(super) struct Lines {
    pub(super) name: &'static str,
    pub(super) title: String,
    pub(super) caption: String,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) drawn: Vec<Line>,
}

impl Lines {
    pub(super) fn draw(self) -> Result<Plot, ReportError> {
        let labels: Vec<&str> = self.drawn.iter().map(|line| line.label).collect();
        let height = HEIGHT + legend_height(&labels);
        let draw = |sheet: &Sheet<'_>| {
            let (upper, lower) = sheet.split_vertically(HEIGHT as i32);
            self.draw_lines(&upper)?;
            draw_legend(&lower, &labels, |index, sheet, ends| {
                let Line { ink, .. } = &self.drawn[index];
                if !ink.dashed {
                    return straight(sheet, ends, ink.line());
                }
                let middle = i32::midpoint(ends[0].0, ends[1].0);
                straight(sheet, [ends[0], (middle - 6, ends[0].1)], ink.line())?;
                straight(sheet, [(middle + 6, ends[1].1), ends[1]], ink.line())
            })
        };
        canvas::plot(self.name, self.title.clone(), self.caption.clone(), height, draw)
    }

    fn draw_lines(&self, sheet: &Sheet<'_>) -> Result<(), String> {
        let marked = |axis: &Axis| Marked::new(axis.range.clone(), axis.marks.clone());
        let mut chart = ChartBuilder::on(sheet)
            .margin_top(25)
            .margin_right(60)
            .x_label_area_size(105)
            .y_label_area_size(165)
            .build_cartesian_2d(marked(&self.x), marked(&self.y))
            .map_err(said)?;
        chart
            .configure_mesh()
            .light_line_style(plotters::style::TRANSPARENT)
            .bold_line_style(grid())
            .axis_style(grid())
            .label_style(letters())
            .axis_desc_style(letters())
            .x_label_formatter(&|x| (self.x.label)(*x))
            .y_label_formatter(&|y| (self.y.label)(*y))
            .x_desc(self.x.title)
            .y_desc(self.y.title)
            .draw()
            .map_err(said)?;
        for Line { ink, points, upper, .. } in &self.drawn {
            // What lies beyond the axis is drawn at its end.
            let within = |points: &[(f64, f64)]| -> Vec<(f64, f64)> {
                points.iter().map(|(x, y)| (*x, y.clamp(self.y.range.start, self.y.range.end))).collect()
            };
            if !upper.is_empty() {
                let outline: Vec<_> = points.iter().chain(upper.iter().rev()).copied().collect();
                chart.draw_series([Polygon::new(within(&outline), ink.band())]).map_err(said)?;
                let edge = ink.line().stroke_width(2);
                chart.draw_series(DashedLineSeries::new(within(upper), 14, 9, edge)).map_err(said)?;
            }
            if ink.dashed {
                chart.draw_series(DashedLineSeries::new(within(points), 14, 9, ink.line())).map_err(said)?;
            } else {
                chart.draw_series(LineSeries::new(within(points), ink.line())).map_err(said)?;
            }
        }
        Ok(())
    }
}
