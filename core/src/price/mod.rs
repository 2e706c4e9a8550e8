//! From temperature to the number of slots for sale and the least a quantum is sold for.
//!
//! Two outputs, because one alone fails. *Supply* is fast: it alone holds the temperature, whatever is bid. The
//! *reserve price* is slow and smooth: it says what heat costs. Scarcity is not its business; that is priced by the best
//! losing bid.
//!
//! ```text
//!                        +-> SupplyController -> supply (real) -> Dither -> slots of this tick
//!   Sensed, every 100 ms +
//!                        +-> ReserveCurve -> multiplier -> reserve = tariff x multiplier x joules of a quantum
//! ```

mod dither;
mod reserve;
mod supply;

pub use reserve::ReserveCurve;
pub use supply::{Plant, SupplyController};

use crate::limits::{PRICE_MAX, QUANTUM, SLOTS_MAX, WINDOW};
use crate::tick::{Quote, Reading, Sensed};
use crate::units::{Celsius, Microjoules, Moment, Nanoseconds, Ppm, Watts};
use dither::Dither;

/// Age at which a reading that is not renewed has driven the supply to nothing.
pub const DROPOUT: Nanoseconds = Nanoseconds::from_millis(5_000);

/// The longest time over which one step of the controller integrates: two sampling periods. In a longer gap not what the
/// controller asked for was sold, so it goes on from what was.
const STEP_MAX: Nanoseconds = Nanoseconds(2 * WINDOW.0);

/// What the price is made from.
#[derive(Clone, Debug, PartialEq)]
pub struct PriceConfig {
    /// Slots that there are.
    pub slots: u16,
    /// How the die answers to power; the gains follow from it.
    pub plant: Plant,
    /// Temperature that the supply holds.
    pub set_point: Celsius,
    /// Temperature at or above which nothing is sold.
    pub critical: Celsius,
    /// Power that the supply does not exceed, if there is a budget.
    pub power_budget: Option<Watts>,
    /// Degrees under the set point at which the price begins to rise.
    pub band: f64,
    /// Multiplier at the set point.
    pub multiplier_at_set_point: f64,
    /// Multiplier at the critical temperature, and without a fresh reading.
    pub multiplier_max: f64,
    /// Time constant of the filter before the reserve, in seconds.
    pub filter_s: f64,
    /// Electricity price relative to the reference.
    pub tariff: Ppm,
}

/// What is wrong with a configuration of the price.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("price: {0}")]
pub struct PriceError(&'static str);

impl PriceConfig {
    fn validate(&self) -> Result<(), PriceError> {
        let rules = [
            (self.slots > 0 && self.slots <= SLOTS_MAX, "the number of slots must be from 1 to 1024"),
            (
                self.plant.is_physical(),
                "die resistance, time constant and watts of a slot must be above zero",
            ),
            (self.band > 0.0 && self.band.is_finite(), "the band must be above zero degrees"),
            (
                self.set_point.0.is_finite() && self.critical.0.is_finite() && self.critical > self.set_point,
                "critical must be above the set point",
            ),
            (self.multiplier_at_set_point >= 1.0, "the multiplier at the set point must be at least 1"),
            (
                self.multiplier_max >= self.multiplier_at_set_point,
                "the largest multiplier must be the largest",
            ),
            (self.multiplier_max <= 1_000.0, "the largest multiplier must be at most 1000"),
            (
                self.filter_s > 0.0 && self.filter_s.is_finite(),
                "the filter's time constant must be above zero",
            ),
            (self.tariff.0 > 0, "the tariff must be above zero"),
            (
                self.power_budget.is_none_or(|w| w.0 > 0.0 && w.0.is_finite()),
                "the power budget must be above zero watts",
            ),
        ];
        rules.iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, rule)| Err(PriceError(rule)))
    }
}

/// Turns readings into quotes. Its state is the controller's integral, the filter and the dither's remainder.
#[derive(Debug)]
pub struct Pricer {
    config: PriceConfig,
    base: Microjoules,
    supply: SupplyController,
    curve: ReserveCurve,
    dither: Dither,
    tick: u64,
    acted_on: Option<Moment>,
    /// Supply of the last quote.
    sold: f64,
}

impl Pricer {
    /// A pricer at rest: nothing has been read, so nothing is sold until the first reading.
    ///
    /// # Errors
    /// When a figure of the configuration is impossible.
    pub fn new(config: PriceConfig) -> Result<Self, PriceError> {
        config.validate()?;
        // In floating point first: a price too large for 64 bits must be refused here, not overflow.
        let slot_uj = config.plant.slot.0 * QUANTUM.as_seconds() * 1e6;
        let dearest_uj = slot_uj * config.tariff.as_ratio() * config.multiplier_max;
        if slot_uj < 1.0 || dearest_uj > PRICE_MAX.0 as f64 {
            return Err(PriceError(
                "tariff x watts of a slot gives a price of zero or above the largest price",
            ));
        }
        let base = config.tariff.of_rounded_up(config.plant.slot.over(QUANTUM));
        Ok(Self {
            base,
            supply: SupplyController::new(config.plant, config.slots, config.set_point, config.power_budget),
            curve: ReserveCurve::new(&config),
            dither: Dither::default(),
            tick: 0,
            acted_on: None,
            sold: 0.0,
            config,
        })
    }

    /// Price of a quantum at multiplier one.
    pub const fn base(&self) -> Microjoules {
        self.base
    }

    /// The quote of the next tick. Controller and filter move once per new reading; the dither moves every tick.
    pub fn quote(&mut self, now: Moment, sensed: &Sensed) -> Quote {
        let sensed = believable(sensed);
        let (die, supply) = match &sensed {
            Sensed::Fresh(reading) => self.act_on(reading),
            Sensed::Stale(reading) => self.assume_the_worst(now, reading),
            Sensed::Missing => (self.config.critical, 0.0),
        };
        let fresh = sensed.is_fresh();
        let supply = if die >= self.config.critical { 0.0 } else { supply };
        let multiplier =
            if fresh { self.curve.multiplier() } else { Ppm::from_ratio(self.config.multiplier_max) };
        let quote = Quote {
            tick: self.tick,
            at: now,
            die,
            fresh,
            supply,
            slots: self.dither.whole(supply),
            base: self.base,
            reserve: multiplier.of_rounded_up(self.base),
            multiplier,
            tariff: self.config.tariff,
        };
        assert!(
            quote.slots == 0 || quote.die < self.config.critical,
            "sold at critical temperature: {quote:?}"
        );
        assert!(
            quote.reserve >= quote.base && quote.slots <= self.config.slots,
            "impossible quote: {quote:?}"
        );
        self.tick += 1;
        self.sold = supply;
        quote
    }

    /// Moves controller and filter if the reading is new; the temperature and the supply that follow.
    fn act_on(&mut self, reading: &Reading) -> (Celsius, f64) {
        let span = match self.acted_on {
            Some(before) if reading.at <= before => return (reading.die.value, self.supply.output()),
            Some(before) => reading.at.since(before),
            None => WINDOW,
        };
        if self.acted_on.is_none() {
            self.supply.begin(reading);
        } else if span > STEP_MAX {
            self.supply.resume(reading, self.sold);
        }
        if self.acted_on.is_none() || span >= DROPOUT {
            self.curve.begin(reading);
        }
        self.acted_on = Some(reading.at);
        self.curve.observe(reading, span);
        self.supply.observe(reading, span.min(STEP_MAX));
        (reading.die.value, self.supply.output())
    }

    /// Without a fresh reading the die is assumed to heat from the last one to critical, and the supply to fall to
    /// nothing, by the time of [`DROPOUT`].
    fn assume_the_worst(&self, now: Moment, last: &Reading) -> (Celsius, f64) {
        let gone = (now.since(last.at).as_seconds() / DROPOUT.as_seconds()).min(1.0);
        let die = last.die.value.0 + gone * (self.config.critical.0 - last.die.value.0).max(0.0);
        (Celsius(die), self.supply.output() * (1.0 - gone))
    }
}

/// A reading that is not a number is no reading: it must not enter the state of controller and filter, which it would
/// never leave.
fn believable(sensed: &Sensed) -> Sensed {
    let is_broken = |r: &Reading| !(r.die.value.0.is_finite() && r.power.value.0.is_finite());
    if sensed.last().is_some_and(is_broken) { Sensed::Missing } else { *sensed }
}

#[cfg(test)]
mod tests;
