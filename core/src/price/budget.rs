//! The power budget: how many slots fit between what the rest of the machine draws and the budget.

use super::PriceConfig;
use crate::limits::WINDOW;
use crate::units::Watts;
use std::collections::VecDeque;

/// Share by which one reading raises the estimate of what others draw, and that by which it lowers it. As much of the
/// noise of power passes into the supply. Which window the reading speaks of is not known, so the one with the larger
/// offer is taken: while the supply falls before a punctual sensor that is one too old, and the error obeys
/// `z^2 = (1 - 2 gain) z + gain`, whose roots are smallest at a gain of a half: it decays by 0.71 a window. While the
/// supply rises before a late sensor it is one too new, and `z^2 = z - gain`: 0.3 decays by 0.55 a window.
const GAIN_UP: f64 = 0.5;
const GAIN_DOWN: f64 = 0.3;

/// Holds power with a model rather than with an integral, because power under the budget does not say that more slots
/// would fit: perhaps nobody bought those that were offered, and an integral would wind up until somebody does.
///
/// Power is `P = base + slot x sold`, where the base is what idle parts and other programs draw. What was sold is not
/// known, but it was no more than was offered, so every reading bounds the base from below:
///
/// ```text
///     base >= P - slot x offered      base >= idle      so no more fit than (budget - base) / slot
/// ```
///
/// When everything offered is sold the first bound is the base itself, and the ceiling is
/// `offered + (budget - P) / slot`. When little is sold the second one holds, and it needs no reading: demand
/// that steps from nothing to all meets no more slots than fit beside an idle machine. What other programs draw in addition
/// shows as soon as a reading shows it.
#[derive(Debug)]
pub(super) struct Budget {
    watts: Watts,
    slot: Watts,
    slots: f64,
    idle: Watts,
    /// What the rest of the machine is taken to draw, in watts.
    base: f64,
    /// Supplies of the windows that the next reading may speak of, the oldest first.
    offered: VecDeque<f64>,
    windows: usize,
}

impl Budget {
    /// The budget of a configuration, if it has one.
    pub(super) fn of(config: &PriceConfig) -> Option<Self> {
        // The window that the reading sums up, and those by which it is late. The count is bounded: a delay is at most 10 s.
        let windows = 1 + (config.sensor_delay_s / WINDOW.as_seconds()).ceil() as usize;
        config.power_budget.map(|watts| Self {
            watts,
            slot: config.plant.slot,
            slots: f64::from(config.slots),
            idle: config.idle,
            base: watts.0,
            offered: VecDeque::with_capacity(windows),
            windows,
        })
    }

    /// Begins as if none of the power read came from slots that were sold here.
    pub(super) fn begin(&mut self, power: Watts) {
        self.base = power.0.max(self.idle.0);
        self.offered.clear();
    }

    /// The slots that fit, given what was offered since the reading before this one.
    pub(super) fn observe(&mut self, power: Watts, offered: f64) -> f64 {
        if self.offered.len() == self.windows {
            self.offered.pop_front();
        }
        self.offered.push_back(offered);
        let sold_at_most = self.offered.iter().copied().fold(0.0, f64::max);
        let least = (power.0 - self.slot.0 * sold_at_most).max(self.idle.0);
        let gain = if least > self.base { GAIN_UP } else { GAIN_DOWN };
        // What is more than a slot too much is no noise, and goes at once.
        self.base = (self.base + gain * (least - self.base)).max(least - self.slot.0);
        ((self.watts.0 - self.base) / self.slot.0).clamp(0.0, self.slots)
    }
}
