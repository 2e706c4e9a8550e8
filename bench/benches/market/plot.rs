//! The plot of growth: two panels, both axes logarithmic.

use anyhow::{Result, anyhow};
use maxwell_bench::control::plot::page;
use plotters::prelude::{
    BLACK, ChartBuilder, Circle, Color, IntoDrawingArea, IntoFont, IntoLogRange, LineSeries, PathElement,
    RGBColor, SVGBackend, SeriesLabelPosition, TRANSPARENT,
};

use crate::growth::Point;
use crate::structures::CONTENDERS;

const WIDTH: u32 = 1000;
const HEIGHT: u32 = 460;

/// Close to the palette of Okabe and Ito, with a contrast of 3 to 1 or better with both a white and a dark page.
const INKS: [RGBColor; 6] = [
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x1f, 0x7f, 0xc4),
    RGBColor(0x00, 0x96, 0x6b),
    RGBColor(0xc0, 0x69, 0x9b),
    RGBColor(0x8a, 0x7a, 0x1c),
    RGBColor(0x7d, 0x7d, 0x7d),
];

/// A caption, and what is drawn of a point.
type Panel = (&'static str, fn(&Point) -> f64);

/// Cost against number of orders, each structure a line.
pub(crate) fn growth(points: &[Point]) -> Result<String> {
    let title = "What an operation costs, by structure and number of orders";
    let mut drawn = String::new();
    let sheet = SVGBackend::with_string(&mut drawn, (WIDTH, HEIGHT)).into_drawing_area();
    let panels: [Panel; 2] =
        [("clear of 64 slots", |point| point.clear), ("one change of price", |point| point.change)];
    for (number, (area, (caption, cost))) in sheet.split_evenly((1, 2)).iter().zip(panels).enumerate() {
        let letters = || ("sans-serif", 18.0).into_font().color(&BLACK);
        let mut chart = ChartBuilder::on(area)
            .caption(caption, letters())
            .margin(12)
            .margin_right(28)
            .x_label_area_size(46)
            .y_label_area_size(72)
            .build_cartesian_2d((80.0..1.3e7_f64).log_scale(), (1.0..2e9_f64).log_scale())
            .map_err(said)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(BLACK.mix(0.15))
            .axis_style(BLACK.mix(0.15))
            .x_labels(6)
            .y_labels(10)
            .label_style(letters())
            .axis_desc_style(letters())
            .x_label_formatter(&|orders| orders_in_words(*orders))
            .y_label_formatter(&|ns| crate::timing::show(*ns))
            .x_desc("orders")
            .draw()
            .map_err(said)?;
        for (contender, ink) in CONTENDERS.iter().zip(INKS) {
            let of = points.iter().filter(|point| point.structure == contender.name);
            let line: Vec<(f64, f64)> = of.map(|point| (point.orders as f64, cost(point))).collect();
            let width = if contender.name == "ladder" { 4 } else { 2 };
            let dots = line.iter().map(|point| Circle::new(*point, width, ink.filled()));
            chart.draw_series(dots).map_err(said)?;
            let sample =
                move |(x, y): (i32, i32)| PathElement::new([(x, y), (x + 24, y)], ink.stroke_width(width));
            let series = LineSeries::new(line.iter().copied(), ink.stroke_width(width));
            chart.draw_series(series).map_err(said)?.label(contender.name).legend(sample);
        }
        if number == 0 {
            chart
                .configure_series_labels()
                .position(SeriesLabelPosition::UpperLeft)
                .margin(12)
                .legend_area_size(32)
                .label_font(letters())
                .draw()
                .map_err(said)?;
        }
    }
    sheet.present().map_err(said)?;
    drop(sheet);
    Ok(page(&drawn, title, (WIDTH, HEIGHT)))
}

fn orders_in_words(orders: f64) -> String {
    match orders {
        ..1e3 => format!("{orders:.0}"),
        ..1e6 => format!("{:.0}k", orders / 1e3),
        _ => format!("{:.0}M", orders / 1e6),
    }
}

fn said(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("the plot could not be drawn: {error}")
}
