//! The supply: how many slots the physics allows now.

use super::PriceConfig;
use super::budget::Budget;
use super::sink::SinkObserver;
use crate::limits::WINDOW;
use crate::tick::Reading;
use crate::units::{Celsius, Nanoseconds, Watts};

/// The closed loop is given this share of the die's own time constant, so that it is twice as fast as the die alone,
const LAMBDA_TAUS: f64 = 0.5;
/// but no less than this many times its dead time.
const LAMBDA_DEAD_TIMES: f64 = 2.0;

/// How the die answers to the power of slots: a first-order lag.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plant {
    /// Power of one busy slot above idle.
    pub slot: Watts,
    /// Thermal resistance from die to heat sink, in kelvin per watt.
    pub die_resistance: f64,
    /// Time constant of the die, in seconds.
    pub die_tau_s: f64,
}

impl Plant {
    pub(super) fn is_physical(&self) -> bool {
        [self.slot.0, self.die_resistance, self.die_tau_s].iter().all(|x| x.is_finite() && *x > 0.0)
    }

    /// Kelvin by which one busy slot heats the die above its sink, once it has settled.
    pub fn slot_rise(&self) -> f64 {
        self.die_resistance * self.slot.0
    }
}

/// Gains of a PI controller, by lambda tuning; `docs/controller/README.md` derives them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tuning {
    /// Time from a change of the supply until the controller sees its first effect, in seconds: the sensor's delay and,
    /// because the supply stands still between two readings, half a sampling period.
    pub dead_time_s: f64,
    /// Time constant that the closed loop is given, in seconds.
    pub lambda_s: f64,
    /// Slots per kelvin.
    pub proportional: f64,
    /// Slots per kelvin and second.
    pub integral: f64,
}

impl Tuning {
    /// `Kp = tau / (R P_slot (lambda + theta))` and `Ki = Kp / tau` with `lambda = max(tau / 2, 2 theta)`: the controller's
    /// zero cancels the die's pole, and what remains of the loop is an integrator with dead time theta.
    pub fn of(plant: &Plant, sensor_delay_s: f64) -> Self {
        let dead_time_s = sensor_delay_s + WINDOW.as_seconds() / 2.0;
        let lambda_s = (LAMBDA_TAUS * plant.die_tau_s).max(LAMBDA_DEAD_TIMES * dead_time_s);
        let integral = 1.0 / (plant.slot_rise() * (lambda_s + dead_time_s));
        Self { dead_time_s, lambda_s, proportional: integral * plant.die_tau_s, integral }
    }

    /// Factor by which the loop's gain may be wrong before it oscillates: `pi (lambda + theta) / (2 theta)`.
    pub fn gain_margin(&self) -> f64 {
        std::f64::consts::PI * (self.lambda_s + self.dead_time_s) / (2.0 * self.dead_time_s)
    }

    /// Degrees of phase that are left where the loop's gain is one: `90 - (180 / pi) theta / (lambda + theta)`.
    pub fn phase_margin_degrees(&self) -> f64 {
        90.0 - (self.dead_time_s / (self.lambda_s + self.dead_time_s)).to_degrees()
    }
}

/// What kept the supply from being more than it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// There are no more slots: heat and power would allow all of them.
    Slots,
    /// The set point.
    Temperature,
    /// The power budget.
    PowerBudget,
    /// The supply may rise only so fast.
    Slew,
    /// The die is, or must be assumed to be, at its critical temperature or above.
    Critical,
    /// The last reading is too old; the supply falls to nothing with its age.
    Stale,
    /// There is no reading that could be believed.
    Missing,
}

/// What became of the supply, in slots of every tick on average.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Market {
    /// For sale.
    pub offered: f64,
    /// Of them sold.
    pub sold: f64,
}

impl Market {
    /// Nobody says what was sold, so that it counts as all.
    pub const fn all_of(offered: f64) -> Self {
        Self { offered, sold: offered }
    }

    /// What was sold, where some slots were not.
    fn unsold(self) -> Option<f64> {
        (self.sold < self.offered).then_some(self.sold)
    }
}

/// The terms of the supply, in slots unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SupplyTerms {
    /// Set point less temperature, in kelvin.
    pub error: f64,
    /// What the error gives.
    pub proportional: f64,
    /// What errors have added up to.
    pub integral: f64,
    /// What the heat sink's drift takes away; zero while the feed-forward is off.
    pub feed_forward: f64,
    /// What the slope of the filtered temperature takes away; zero while the derivative is off.
    pub derivative: f64,
    /// Sum of the four terms, before any limit.
    pub wanted: f64,
    /// The supply after all limits.
    pub allowed: f64,
    /// Which limit holds.
    pub limit: Limit,
}

impl SupplyTerms {
    /// Nothing is known and nothing is sold.
    pub(super) const NOTHING: Self = Self {
        error: 0.0,
        proportional: 0.0,
        integral: 0.0,
        feed_forward: 0.0,
        derivative: 0.0,
        wanted: 0.0,
        allowed: 0.0,
        limit: Limit::Missing,
    };
}

/// A PI controller on `set point - temperature`, with a derivative and feed-forward of the heat sink for machines that
/// gain by them, whose output is slots, beside the slots that fit into the power budget; the smaller wins.
///
/// While the output is at a bound the integral is set back to where the output just reaches it, so a load that comes
/// after an hour of saturation meets no wound-up integral.
#[derive(Debug)]
pub struct SupplyController {
    slots: f64,
    /// Kelvin by which one busy slot heats the die.
    slot_rise: f64,
    tuning: Tuning,
    /// Most slots by which the supply may rise, per second.
    rise: f64,
    integral: f64,
    sink: SinkObserver,
    derivative: Derivative,
    budget: Option<Budget>,
    terms: SupplyTerms,
}

impl SupplyController {
    /// A controller whose output is nothing until the first reading.
    pub fn new(config: &PriceConfig) -> Self {
        let tuning = Tuning::of(&config.plant, config.sensor_delay_s);
        let slots = f64::from(config.slots);
        Self {
            slots,
            slot_rise: config.plant.slot_rise(),
            tuning,
            rise: slots / config.rise_s,
            integral: 0.0,
            sink: SinkObserver::new(config.plant, config.feed_forward),
            derivative: Derivative {
                gain: tuning.proportional * config.derivative_s,
                filter_s: tuning.dead_time_s,
                filtered: None,
            },
            budget: Budget::of(config),
            terms: SupplyTerms::NOTHING,
        }
    }

    /// Begins on a machine of which nothing but this reading is known, as if it had long been so and nothing of its power
    /// came from slots sold here. By the model as many slots as heat the die from here to the set point may then be
    /// added: `(set point - T) / (R P_slot)`. Integral and slew limit both set out from them. On a cold machine that is
    /// nearly all; on one that stands at its set point none, and the integral gives back what the die shows to be too few.
    pub fn begin(&mut self, reading: &Reading, set_point: Celsius) {
        self.sink.begin(reading);
        let headroom = (set_point.0 - reading.die.value.0) / self.slot_rise;
        self.integral = headroom.clamp(0.0, self.slots);
        if let Some(budget) = &mut self.budget {
            budget.begin(reading.power.value);
        }
        self.terms.allowed = self.integral;
    }

    /// Goes on after a gap in which `offered` slots were offered at last: without a bump, the output sets out from there.
    pub fn resume(&mut self, reading: &Reading, set_point: Celsius, offered: f64) {
        let proportional = self.tuning.proportional * (set_point.0 - reading.die.value.0);
        let feed_forward = self.sink.slots();
        self.integral = self.bounded(offered - proportional - feed_forward, feed_forward);
        self.derivative.filtered = None;
        self.terms.allowed = offered;
    }

    /// One step of the controller over `span`, until the end of which `market` had happened.
    ///
    /// Where slots stayed unsold, what the error asks for was not tried, and an integral that went on adding it up would
    /// be far out by the time of the next buyers. Then it may be no more than what physics allows with the sink as it is:
    /// the slots that were sold keep the die where it is, and `(set point - T) / (R P_slot)` more would take it to its set
    /// point.
    pub fn observe(&mut self, reading: &Reading, set_point: Celsius, span: Nanoseconds, market: Market) {
        let span_s = span.as_seconds();
        let error = set_point.0 - reading.die.value.0;
        let proportional = self.tuning.proportional * error;
        let feed_forward = self.sink.observe(reading, span_s);
        let derivative = self.derivative.observe(reading.die.value, span_s);
        let others = proportional + feed_forward + derivative;
        let mut integral = self.integral + self.tuning.integral * error * span_s;
        if let Some(sold) = market.unsold() {
            integral = integral.min(sold + error / self.slot_rise - others);
        }
        let wanted = others + integral;

        let mut limit = Limit::Temperature;
        let mut allowed = wanted.max(0.0);
        lower(&mut allowed, &mut limit, self.slots, Limit::Slots);
        lower(&mut allowed, &mut limit, self.terms.allowed + self.rise * span_s, Limit::Slew);
        // Back-calculation: at a bound the integral may be no further out than what just reaches the bound.
        let saturated = (allowed - wanted).abs() > f64::EPSILON;
        self.integral = self.bounded(if saturated { allowed - others } else { integral }, feed_forward);

        if let Some(budget) = &mut self.budget {
            let fit = budget.observe(reading.power.value, market.sold);
            lower(&mut allowed, &mut limit, fit, Limit::PowerBudget);
        }
        self.terms =
            SupplyTerms { error, proportional, integral, feed_forward, derivative, wanted, allowed, limit };
    }

    /// The terms of the last step.
    pub const fn terms(&self) -> SupplyTerms {
        self.terms
    }

    /// Says that in the end nothing was offered, so that the supply rises from there.
    pub const fn offered_nothing(&mut self) {
        self.terms.allowed = 0.0;
    }

    /// Together with the feed-forward the integral stands for the equilibrium, which lies in `0..=slots`.
    fn bounded(&self, integral: f64, feed_forward: f64) -> f64 {
        integral.clamp(-feed_forward, self.slots - feed_forward)
    }
}

/// The lower of the two, and which it is.
fn lower(allowed: &mut f64, limit: &mut Limit, ceiling: f64, by: Limit) {
    if *allowed > ceiling {
        (*allowed, *limit) = (ceiling, by);
    }
}

/// The derivative, on the filtered temperature and not on the error, so that a step of the set point gives no kick.
#[derive(Debug)]
struct Derivative {
    /// Slots per kelvin per second; zero for none.
    gain: f64,
    filter_s: f64,
    filtered: Option<f64>,
}

impl Derivative {
    fn observe(&mut self, die: Celsius, span_s: f64) -> f64 {
        let before = self.filtered.unwrap_or(die.0);
        let moved = (1.0 - (-span_s / self.filter_s).exp()) * (die.0 - before);
        self.filtered = Some(before + moved);
        -self.gain * moved / span_s
    }
}
