//! The promised figures of a run.

use maxwell_core::units::{Celsius, Watts};

use super::plant::{SECOND, Sample, allowed};
use super::sensor::Quality;

/// Seconds at the end of a run that count as its steady state.
const STEADY_S: usize = 100;
/// Kelvin around the set point within which a run has settled.
const SETTLED: f64 = 1.0;

/// What a run after a step from idle to full demand is judged by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Kelvin over the set point at the most.
    pub overshoot: f64,
    /// Peak to peak of the die in steady state, in kelvin.
    pub ripple: f64,
    /// Mean power in steady state, as a share of what the set point allows.
    pub power: f64,
    /// Peak to peak of the reserve in steady state, as a share of its highest.
    pub reserve_ripple: f64,
    /// Seconds after which the die's mean over each second stays within 1 K of the set point; `None` if it does not.
    pub settling_s: Option<usize>,
}

impl Figures {
    /// The figures of a run that lasted longer than the steady state that is looked at.
    pub fn of(run: &[Sample], set_point: Celsius) -> Self {
        let steady = &run[run.len() - STEADY_S * SECOND..];
        let die = spread(steady.iter().map(|sample| sample.die));
        let multiplier = spread(steady.iter().map(|sample| sample.multiplier));
        Self {
            overshoot: spread(run.iter().map(|sample| sample.die)).highest - set_point.0,
            ripple: die.highest - die.lowest,
            power: mean(steady, |sample| sample.power) / allowed(set_point).0,
            reserve_ripple: (multiplier.highest - multiplier.lowest) / multiplier.highest,
            settling_s: settling(run, set_point),
        }
    }
}

/// What a run under a power budget is judged by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WattFigures {
    /// Watts over the budget at the most, as a mean over one sampling period of 100 ms.
    pub overshoot_tenth: f64,
    /// The same as a mean over a second.
    pub overshoot_second: f64,
    /// Means over a second in steady state, peak to peak, in watts.
    pub ripple: f64,
    /// Mean power in steady state, as a share of the budget.
    pub power: f64,
    /// Peak to peak of the reserve in steady state, as a share of its highest.
    pub reserve_ripple: f64,
}

impl WattFigures {
    /// The figures of a run that lasted longer than the steady state that is looked at.
    pub fn of(run: &[Sample], budget: Watts) -> Self {
        let tenths = |run: &[Sample]| -> Vec<f64> {
            run.chunks(SECOND / 10).map(|tenth| mean(tenth, |sample| sample.power)).collect()
        };
        let second = |tenths: &[f64]| tenths.iter().sum::<f64>() / tenths.len() as f64;
        let steady = &run[run.len() - STEADY_S * SECOND..];
        let (all, steady_tenths) = (tenths(run), tenths(steady));
        let ripple = spread(steady_tenths.windows(10).map(second));
        let multiplier = spread(steady.iter().map(|sample| sample.multiplier));
        Self {
            overshoot_tenth: spread(all.iter().copied()).highest - budget.0,
            overshoot_second: spread(all.windows(10).map(second)).highest - budget.0,
            ripple: ripple.highest - ripple.lowest,
            power: mean(steady, |sample| sample.power) / budget.0,
            reserve_ripple: (multiplier.highest - multiplier.lowest) / multiplier.highest,
        }
    }
}

/// The most or the least of each figure that is promised for a machine and a sensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Promise {
    /// Kelvin over the set point.
    pub overshoot_max: f64,
    /// Kelvin from peak to peak.
    pub ripple_max: f64,
    /// Share of what the set point allows.
    pub power_min: f64,
    /// Share of the reserve.
    pub reserve_ripple_max: f64,
}

impl Promise {
    /// What is promised.
    pub fn of(die_tau_s: f64, quality: Quality) -> Self {
        match quality {
            Quality::Clean => Self {
                overshoot_max: 1.5,
                ripple_max: if die_tau_s < 1.0 { 1.0 } else { 0.5 },
                power_min: 0.97,
                reserve_ripple_max: 0.05,
            },
            Quality::Poor => {
                Self { overshoot_max: 2.0, ripple_max: 1.5, power_min: 0.95, reserve_ripple_max: 0.10 }
            }
        }
    }

    /// Whether the figures keep it.
    pub fn holds(&self, figures: &Figures) -> bool {
        figures.overshoot <= self.overshoot_max
            && figures.ripple <= self.ripple_max
            && figures.power >= self.power_min
            && figures.reserve_ripple <= self.reserve_ripple_max
    }
}

/// Mean over samples.
pub fn mean(samples: &[Sample], value: impl Fn(&Sample) -> f64) -> f64 {
    samples.iter().map(value).sum::<f64>() / samples.len() as f64
}

struct Spread {
    lowest: f64,
    highest: f64,
}

fn spread(values: impl Iterator<Item = f64>) -> Spread {
    values.fold(Spread { lowest: f64::INFINITY, highest: f64::NEG_INFINITY }, |spread, value| Spread {
        lowest: spread.lowest.min(value),
        highest: spread.highest.max(value),
    })
}

fn settling(run: &[Sample], set_point: Celsius) -> Option<usize> {
    let seconds = run.chunks(SECOND).map(|second| mean(second, |sample| sample.die));
    let off: Vec<bool> = seconds.map(|die| (die - set_point.0).abs() > SETTLED).collect();
    let after = off.iter().rposition(|off| *off).map_or(0, |last| last + 1);
    (after < off.len()).then_some(after)
}
