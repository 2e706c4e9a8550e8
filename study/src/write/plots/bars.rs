//! Gains as bars: a group for each trick, a bar for each rule.

use maxwell_report::ReportError;
use maxwell_report::plots::Plot;
use maxwell_report::plots::axis::Marked;
use maxwell_report::plots::canvas::{
    self, Ink, LETTER_WIDTH, Sheet, draw_legend, grid, legend_height, letters, said, straight,
};
use plotters::chart::ChartBuilder;
use plotters::prelude::Rectangle;

/// Height of a bar.
const BAR: u32 = 24;
/// Room between groups.
const GAP: u32 = 26;
/// Height of the axis and its title.
const AXIS: u32 = 150;

pub(super) struct Bar {
    pub(super) label: String,
    pub(super) value: f64,
}

pub(super) struct Group {
    pub(super) label: String,
    pub(super) bars: Vec<Bar>,
}

/// The plot of the gains.
pub(super) fn draw(groups: &[Group]) -> Result<Plot, ReportError> {
    let rules: Vec<&str> =
        groups.first().map_or(Vec::new(), |group| group.bars.iter().map(|bar| bar.label.as_str()).collect());
    let upper = groups.len() as u32 * (rules.len() as u32 * BAR + GAP) + AXIS;
    let height = upper + legend_height(&rules);
    let inks: Vec<Ink> = Ink::all().collect();
    let caption = "Mean gain over bidding the truth, on identical slots, of who plays the trick only where it pays, in percent of the most \
                   welfare that the game could have. No bar: it never pays.";
    let title = "What tricks gain, by rule of price".to_owned();
    canvas::plot("gains", title, caption.to_owned(), height, |sheet| {
        let (chart, legend) = sheet.split_vertically(upper as i32);
        draw_bars(&chart, groups, &inks)?;
        draw_legend(&legend, &rules, |index, sheet, ends| {
            // Lines that overlap, so that it looks like a bar.
            (-1..=2)
                .try_for_each(|row| straight(sheet, ends.map(|(x, y)| (x, y + 3 * row)), inks[index].line()))
        })
    })
}

fn draw_bars(sheet: &Sheet<'_>, groups: &[Group], inks: &[Ink]) -> Result<(), String> {
    let rows = groups.len() as f64;
    let all = || groups.iter().flat_map(|group| &group.bars);
    let right = 1.05 * all().map(|bar| bar.value).fold(1.0, f64::max);
    let longest = groups.iter().map(|group| group.label.chars().count()).max().unwrap_or(0) as u32;
    let middles = (0..groups.len()).map(|row| row as f64 + 0.5).collect();
    let mut chart = ChartBuilder::on(sheet)
        .margin_top(20)
        .margin_right(60)
        .x_label_area_size(105)
        .y_label_area_size(LETTER_WIDTH * longest + 60)
        .build_cartesian_2d(0.0..right, Marked::new(0.0..rows, middles))
        .map_err(said)?;
    // The first group stands at the top.
    let of_row = |y: f64| groups.get(groups.len().wrapping_sub(1 + y as usize));
    chart
        .configure_mesh()
        .disable_y_mesh()
        .light_line_style(plotters::style::TRANSPARENT)
        .bold_line_style(grid())
        .axis_style(grid())
        .label_style(letters())
        .axis_desc_style(letters())
        .x_labels(6)
        .x_label_formatter(&|value| format!("{value:.0}"))
        .y_label_formatter(&|y| of_row(*y).map_or(String::new(), |group| group.label.clone()))
        .x_desc("mean gain in percent of the best welfare")
        .draw()
        .map_err(said)?;
    for (row, group) in groups.iter().rev().enumerate() {
        let share = f64::from(BAR) / f64::from(group.bars.len() as u32 * BAR + GAP);
        let top = row as f64 + 0.5 + share * group.bars.len() as f64 / 2.0;
        for (place, (bar, ink)) in group.bars.iter().zip(inks).enumerate() {
            let upper = top - share * place as f64;
            let corners = [(0.0, upper - 0.9 * share), (bar.value, upper)];
            chart.draw_series([Rectangle::new(corners, ink.solid())]).map_err(said)?;
        }
    }
    Ok(())
}
