//! The plots: temperature or power over time, in small multiples, as SVG that can be read on light and dark pages.

use std::fmt::Display;

use plotters::coord::Shift;
use plotters::prelude::{
    BLACK, ChartBuilder, Color, DashedLineSeries, DrawingArea, IntoDrawingArea, IntoFont, LineSeries,
    PathElement, RGBColor, SVGBackend, SeriesLabelPosition, TRANSPARENT,
};

use super::figures::mean;
use super::plant::{BUDGET, SECOND, SET_POINT, Sample};

const WIDTH: u32 = 1000;
/// Height of a row of panels.
const HEIGHT: u32 = 340;
/// Points of a curve at the most: more cannot be seen, and make the file large.
const POINTS_MAX: usize = 100;
/// Seconds that are shown.
const SHOWN_S: usize = 40;

/// What is drawn of a run.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    /// What it is, with its unit.
    name: &'static str,
    /// The figure of a tick.
    value: fn(&Sample) -> f64,
    /// Ticks of which the mean is drawn; one where whole slots do not show.
    ticks: usize,
    /// The dashed line: what is to be held.
    target: f64,
    /// The lowest that is shown: what happens under it is the same for all.
    lowest: f64,
}

impl Axis {
    /// Die temperature against the set point.
    pub const DIE: Self =
        Self { name: "die in °C", value: |sample| sample.die, ticks: 1, target: SET_POINT.0, lowest: 45.0 };
    /// Mean power of a sampling period against the budget.
    pub const POWER: Self = Self {
        name: "power in W",
        value: |sample| sample.power,
        ticks: SECOND / 10,
        target: BUDGET.0,
        lowest: 0.0,
    };
}

/// Runs that began together, drawn over each other.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What they share.
    pub title: String,
    /// Each with its name. All panels of a plot name theirs alike: only the first has a legend.
    pub runs: Vec<(String, Vec<Sample>)>,
}
/// Close to the palette of Okabe and Ito, with a contrast of 3 to 1 or better with both a white and a dark page.
const INKS: [RGBColor; 4] = [
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x1f, 0x7f, 0xc4),
    RGBColor(0x00, 0x96, 0x6b),
    RGBColor(0xc0, 0x69, 0x9b),
];
/// The library's black stands for the colour of the text around the plot.
const TEXT_COLOUR: &str = "\"#000000\"";
const COLOURS: &str = "svg{color:#1b1f24;background:#fff}\
    @media(prefers-color-scheme:dark){svg{color:#e4e6ea;background:#15181d}}";

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// What the drawing library said when it could not draw.
#[derive(Debug, thiserror::Error)]
#[error("the plot `{title}` could not be drawn: {why}")]
pub struct PlotError {
    title: String,
    why: String,
}

/// One plot of some panels, two in a row.
///
/// # Errors
/// When the library cannot draw.
pub fn panels(title: &str, axis: Axis, panels: &[Panel]) -> Result<String, PlotError> {
    let mut drawn = String::new();
    let columns = panels.len().min(2);
    let rows = panels.len().div_ceil(2);
    let height = HEIGHT * rows as u32;
    let sheet = SVGBackend::with_string(&mut drawn, (WIDTH, height)).into_drawing_area();
    let failed = |why| PlotError { title: title.to_owned(), why };
    for (number, (panel, area)) in panels.iter().zip(sheet.split_evenly((rows, columns))).enumerate() {
        draw(&area, axis, panel, number == 0).map_err(failed)?;
    }
    sheet.present().map_err(said).map_err(failed)?;
    drop(sheet);
    Ok(page(&drawn, title, (WIDTH, height)))
}

/// What the library drew, as a picture that takes the colours of the page it stands on. Its size is in pixels.
pub fn page(drawn: &str, title: &str, (width, height): (u32, u32)) -> String {
    let body = drawn.split_once('>').map_or("", |(_, body)| body).replace(TEXT_COLOUR, "\"currentColor\"");
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\">\
         <title>{title}</title><style>{COLOURS}</style>{body}"
    )
}

fn draw(area: &Area<'_>, axis: Axis, panel: &Panel, with_legend: bool) -> Result<(), String> {
    let curves: Vec<Vec<(f64, f64)>> = panel.runs.iter().map(|(_, run)| curve(run, axis)).collect();
    let highest = curves.iter().flatten().map(|point| point.1).fold(axis.target, f64::max);
    let letters = || ("sans-serif", 18.0).into_font().color(&BLACK);
    let mut chart = ChartBuilder::on(area)
        .caption(&panel.title, letters())
        .margin(12)
        .margin_right(28)
        .x_label_area_size(46)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..SHOWN_S as f64, axis.lowest..highest + 2.0)
        .map_err(said)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.15))
        .axis_style(BLACK.mix(0.15))
        .x_labels(5)
        .y_labels(6)
        .label_style(letters())
        .axis_desc_style(letters())
        .x_label_formatter(&whole)
        .y_label_formatter(&whole)
        .x_desc("time in s")
        .y_desc(axis.name)
        .draw()
        .map_err(said)?;
    let target = [(0.0, axis.target), (SHOWN_S as f64, axis.target)];
    chart.draw_series(DashedLineSeries::new(target, 10, 8, BLACK.stroke_width(1))).map_err(said)?;
    for (((name, _), curve), ink) in panel.runs.iter().zip(curves).zip(INKS) {
        let sample = move |(x, y): (i32, i32)| PathElement::new([(x, y), (x + 28, y)], ink.stroke_width(3));
        chart
            .draw_series(LineSeries::new(curve, ink.stroke_width(2)))
            .map_err(said)?
            .label(name)
            .legend(sample);
    }
    if with_legend {
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerRight)
            .margin(12)
            .legend_area_size(36)
            .label_font(letters())
            .draw()
            .map_err(said)?;
    }
    Ok(())
}

/// The part that is shown, thinned by keeping the lowest and the highest of each stretch: no peak is lost.
fn curve(run: &[Sample], axis: Axis) -> Vec<(f64, f64)> {
    let shown: Vec<(f64, f64)> = run[..run.len().min(SHOWN_S * SECOND)]
        .chunks(axis.ticks)
        .enumerate()
        .map(|(chunk, samples)| ((chunk * axis.ticks) as f64 / SECOND as f64, mean(samples, axis.value)))
        .filter(|point| point.1 >= axis.lowest)
        .collect();
    let stretch = shown.len().div_ceil(POINTS_MAX / 2).max(1);
    let ends = |stretch: &[(f64, f64)]| {
        let by_height = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let (low, high) = (stretch.iter().min_by(by_height), stretch.iter().max_by(by_height));
        let mut ends: Vec<(f64, f64)> = low.into_iter().chain(high).copied().collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        ends
    };
    shown.chunks(stretch).flat_map(ends).collect()
}

/// A label of an axis.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "the library hands out references")]
fn whole(value: &f64) -> String {
    format!("{value:.0}")
}

/// What a library says, as text.
fn said(error: impl Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_the_peak_and_the_order() {
        let run: Vec<Sample> = (0..SHOWN_S * SECOND)
            .map(|tick| Sample {
                die: if tick == 1_234 { 99.0 } else { 60.0 },
                power: 0.0,
                multiplier: 1.0,
                sold: 0,
            })
            .collect();
        let curve = curve(&run, Axis::DIE);
        assert!(curve.len() <= POINTS_MAX && curve.is_sorted_by(|a, b| a.0 <= b.0));
        assert!(curve.contains(&(12.34, 99.0)));
    }

    #[test]
    fn a_plot_takes_the_colour_of_its_page() {
        let run = vec![Sample { die: 60.0, power: 0.0, multiplier: 1.0, sold: 0 }; 100];
        let panel = Panel { title: "a panel".to_owned(), runs: vec![("a curve".to_owned(), run)] };
        let svg = panels("a title", Axis::DIE, &[panel]).unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        assert!(svg.contains("currentColor") && !svg.contains(TEXT_COLOUR) && svg.contains("a curve"));
    }
}
