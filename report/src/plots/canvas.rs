//! The sheet on which plots are drawn: size, letters, colours, legend, and what makes an SVG of it that fits a page.

use std::fmt::Display;

use plotters::coord::Shift;
use plotters::prelude::{
    BLACK, Color, DrawingArea, IntoDrawingArea, IntoFont, PathElement, RGBAColor, RGBColor, SVGBackend,
    ShapeStyle, Text, TextStyle,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Plot;
use crate::ReportError;

/// Width of the drawing in its own units; it is scaled to the page. The library puts everything on whole units, so
/// they are finer than a page's dots.
pub const WIDTH: u32 = 1200;
/// Height of the drawing without its legend.
pub const HEIGHT: u32 = 640;
/// Height of letters: 9 dots on a phone's page of 350.
const LETTERS: f64 = 38.0;
/// Width of a letter, roughly: the reader's font is not known.
pub const LETTER_WIDTH: u32 = 18;
const LEGEND_ROW: u32 = 48;
/// Room above a legend.
const LEGEND_TOP: u32 = 22;
const LEGEND_SWATCH: u32 = 70;
const LEGEND_GAP: u32 = 40;
/// The library's black stands for the colour of the text around the plot.
const TEXT_COLOUR: &str = "\"#000000\"";

/// A drawing, or a part of one.
pub type Sheet<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A colour of a curve, and whether it is dashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ink {
    colour: RGBColor,
    /// Whether its lines are dashed.
    pub dashed: bool,
}

impl Ink {
    /// How many can be told apart.
    pub const COUNT: usize = 8;

    /// Close to the palette of Okabe and Ito for the colour-blind, shifted so that every one has a contrast of 3 to 1
    /// or better with both a white and a dark page (WCAG 1.4.11). The second half is dashed: colour is not the only
    /// sign.
    const ALL: [Self; Self::COUNT] = [
        Self { colour: RGBColor(0xd5, 0x5e, 0x00), dashed: false },
        Self { colour: RGBColor(0x1f, 0x7f, 0xc4), dashed: false },
        Self { colour: RGBColor(0x00, 0x96, 0x6b), dashed: false },
        Self { colour: RGBColor(0xc0, 0x69, 0x9b), dashed: false },
        Self { colour: RGBColor(0xa8, 0x84, 0x00), dashed: true },
        Self { colour: RGBColor(0x8a, 0x6f, 0xd6), dashed: true },
        Self { colour: RGBColor(0x2b, 0x96, 0xa8), dashed: true },
        Self { colour: RGBColor(0x80, 0x80, 0x80), dashed: true },
    ];

    /// The inks in the order in which they are used.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter()
    }

    /// The same inks for what is no arm: those of `linux` and `maxwell` come last.
    pub fn beside_arms() -> impl Iterator<Item = Self> {
        let (arms, others) = Self::ALL.split_at(2);
        others.iter().chain(arms).copied()
    }

    /// A line of a curve.
    pub fn line(self) -> ShapeStyle {
        self.colour.stroke_width(4)
    }

    /// The colour, for what is filled.
    pub fn solid(self) -> ShapeStyle {
        self.colour.filled()
    }

    /// A light band.
    pub fn band(self) -> ShapeStyle {
        self.colour.mix(0.18).filled()
    }
}

/// A line in the colour of the text.
pub fn rule() -> ShapeStyle {
    BLACK.stroke_width(3)
}

/// A line of the grid.
pub fn grid() -> RGBAColor {
    BLACK.mix(0.15)
}

/// What has no ink of its own.
pub fn rest() -> ShapeStyle {
    BLACK.mix(0.35).filled()
}

/// Text of axes and legends.
pub fn letters() -> TextStyle<'static> {
    ("sans-serif", LETTERS).into_font().color(&BLACK)
}

/// Draws on a sheet and makes a plot of it.
///
/// # Errors
/// If it cannot be drawn.
pub fn plot(
    name: &'static str,
    title: String,
    caption: String,
    height: u32,
    draw: impl FnOnce(&Sheet<'_>) -> Result<(), String>,
) -> Result<Plot, ReportError> {
    let mut drawn = String::new();
    let sheet = SVGBackend::with_string(&mut drawn, (WIDTH, height)).into_drawing_area();
    let result = draw(&sheet).and_then(|()| sheet.present().map_err(said));
    drop(sheet);
    result.map_err(|why| ReportError::Draw { what: format!("plots/{name}.svg"), why })?;
    // The library's opening tag has a size in dots; ours has none, so that the drawing fills what holds it.
    let body = drawn.split_once('>').map_or("", |(_, body)| body).replace(TEXT_COLOUR, "\"currentColor\"");
    let open = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\"><title>{}</title>",
        escaped(&title.replace('`', ""))
    );
    Ok(Plot {
        name,
        caption,
        inline: format!("{open}{body}"),
        svg: format!("{open}<style>{ALONE}</style>{body}"),
        title,
    })
}

/// Colours of a drawing that stands alone.
const ALONE: &str = "svg{color:#1b1f24;background:#fff}\
    @media(prefers-color-scheme:dark){svg{color:#e4e6ea;background:#15181d}}";

/// What a library says, as text.
pub fn said(error: impl Display) -> String {
    error.to_string()
}

/// Rows of a legend, each with the labels in it and where they begin.
pub fn legend_rows(labels: &[&str]) -> Vec<Vec<(usize, u32)>> {
    let mut rows: Vec<Vec<(usize, u32)>> = Vec::new();
    let mut x = WIDTH;
    for (index, label) in labels.iter().enumerate() {
        let width = LEGEND_SWATCH + label.chars().count() as u32 * LETTER_WIDTH + LEGEND_GAP;
        if x + width > WIDTH || rows.is_empty() {
            rows.push(Vec::new());
            x = LEGEND_GAP;
        }
        if let Some(row) = rows.last_mut() {
            row.push((index, x));
        }
        x += width;
    }
    rows
}

/// Height of a legend.
pub fn legend_height(labels: &[&str]) -> u32 {
    legend_rows(labels).len() as u32 * LEGEND_ROW + LEGEND_TOP
}

/// Draws a legend; `line` draws the sample of an entry between two points.
///
/// # Errors
/// What the library says if it cannot be drawn.
pub fn draw_legend(
    sheet: &Sheet<'_>,
    labels: &[&str],
    line: impl Fn(usize, &Sheet<'_>, [(i32, i32); 2]) -> Result<(), String>,
) -> Result<(), String> {
    let style = letters().pos(Pos::new(HPos::Left, VPos::Center));
    for (number, row) in legend_rows(labels).iter().enumerate() {
        let y = (number as u32 * LEGEND_ROW + LEGEND_ROW / 2 + LEGEND_TOP) as i32;
        for (index, x) in row {
            let x = *x as i32;
            line(*index, sheet, [(x, y), (x + LEGEND_SWATCH as i32 - 20, y)])?;
            let at = (x + LEGEND_SWATCH as i32, y);
            sheet.draw(&Text::new(labels[*index].to_owned(), at, style.clone())).map_err(said)?;
        }
    }
    Ok(())
}

/// A straight line on a sheet.
///
/// # Errors
/// What the library says if it cannot be drawn.
pub fn straight(
    sheet: &Sheet<'_>,
    ends: [(i32, i32); 2],
    style: impl Into<ShapeStyle>,
) -> Result<(), String> {
    sheet.draw(&PathElement::new(ends.to_vec(), style)).map_err(said)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance (WCAG 2).
    fn luminance(RGBColor(red, green, blue): RGBColor) -> f64 {
        let linear = |channel: u8| {
            let part = f64::from(channel) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    #[test]
    fn every_ink_can_be_seen_on_light_and_dark_pages() {
        for ink in Ink::all() {
            for page in [RGBColor(0xff, 0xff, 0xff), RGBColor(0x15, 0x18, 0x1d)] {
                let (one, other) = (luminance(ink.colour), luminance(page));
                let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
                assert!(contrast >= 3.0, "{:?} on {page:?}: {contrast}", ink.colour);
            }
        }
    }

    #[test]
    fn a_legend_breaks_into_rows_that_fit() {
        let labels = ["a label of some length"; 5];
        let rows = legend_rows(&labels);
        assert_eq!(rows.iter().map(Vec::len).sum::<usize>(), 5);
        assert!(rows.len() > 1 && rows.iter().all(|row| !row.is_empty()));
    }
}
