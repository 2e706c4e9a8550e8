//! An axis whose marks stand where we say.

use std::ops::Range;

use plotters::coord::ranged1d::{AsRangedCoord, DefaultFormatting, KeyPointHint, Ranged};
use plotters::coord::types::RangedCoordf64;

/// A range with its marks.
pub struct Marked {
    range: RangedCoordf64,
    marks: Vec<f64>,
}

impl Marked {
    /// A range with marks at the values given.
    pub fn new(range: Range<f64>, marks: Vec<f64>) -> Self {
        Self { range: <Range<f64> as AsRangedCoord>::CoordDescType::from(range), marks }
    }
}

impl Ranged for Marked {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.range.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.marks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.range.range()
    }
}
