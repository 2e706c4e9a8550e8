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
//!
//! Gains follow from the machine by the rule of [`Tuning`]; `docs/controller/README.md` derives it, states the margins and
//! says what each term was measured to give. Unmet demand is not an input: scarcity would be counted twice, and a crowd
//! of equal bids would be driven out all at once. Every quote is made from its [`Explanation`], so what is shown and what
//! is charged cannot disagree.

mod budget;
mod config;
mod dither;
mod explain;
mod reserve;
mod sink;
mod supply;

pub use config::{PriceConfig, PriceError};
pub use explain::Explanation;
pub use reserve::{Driver, Knot, ReserveCurve, ReserveTerms};
pub use supply::{Limit, Market, Plant, SupplyController, SupplyTerms, Tuning};

use crate::limits::{PRICE_MAX, QUANTUM, WINDOW};
use crate::tick::{Quote, Reading, Sensed};
use crate::units::{Celsius, Microjoules, Moment, Nanoseconds, Ppm, Watts};
use dither::Dither;

/// Age at which a reading that is not renewed has driven the supply to nothing at the latest; a fast die does so sooner.
pub const DROPOUT: Nanoseconds = Nanoseconds::from_millis(5_000);

/// The longest time over which one step of the controller integrates: five sampling periods, after which a reading is
/// stale. Until then what the controller asked for was offered, however many readings were lost. After a longer gap
/// it was not, so it goes on from what was.
const STEP_MAX: Nanoseconds = Nanoseconds(5 * WINDOW.0);

/// A set point this close to the one asked for, in kelvin, is there.
const SET_POINT_STEP_MIN: f64 = 0.001;

/// Turns readings into quotes. Its state is the controller's integral, the filters, what the rest of the machine is taken
/// to draw, and the dither's remainder.
#[derive(Debug)]
pub struct Pricer {
    config: PriceConfig,
    base: Microjoules,
    supply: SupplyController,
    curve: ReserveCurve,
    dither: Dither,
    /// Set point in force; it glides to the configured one.
    set_point: Celsius,
    acted_on: Option<Moment>,
    /// What was sold since.
    trade: Trade,
    /// Terms of the last quote.
    last: Explanation,
    tick: u64,
}

impl Pricer {
    /// A pricer at rest: nothing has been read, so nothing is sold until the first reading.
    ///
    /// # Errors
    /// When a figure of the configuration is impossible.
    pub fn new(config: PriceConfig) -> Result<Self, PriceError> {
        config.validate()?;
        let base = base_price(&config, config.tariff)?;
        let curve = ReserveCurve::new(&config);
        let price = curve.terms(false);
        let last = Explanation {
            tick: 0,
            at: Moment(0),
            die_read: None,
            die: config.critical,
            fresh: false,
            set_point: config.set_point,
            set_point_asked: config.set_point,
            critical: config.critical,
            tariff: config.tariff,
            slot: config.plant.slot,
            idle_share: config.idle_share(),
            base,
            price,
            reserve: price.multiplier.of_rounded_up(base),
            supply: SupplyTerms::NOTHING,
            slots: 0,
            owed: 0.0,
        };
        Ok(Self {
            base,
            supply: SupplyController::new(&config),
            curve,
            dither: Dither::default(),
            set_point: config.set_point,
            acted_on: None,
            trade: Trade::default(),
            last,
            tick: 0,
            config,
        })
    }

    /// Price of a quantum at multiplier one.
    pub const fn base(&self) -> Microjoules {
        self.base
    }

    /// Electricity price relative to the reference, as of the next quote.
    pub const fn tariff(&self) -> Ppm {
        self.config.tariff
    }

    /// Changes the tariff from the next quote on. The reserve follows at once and in proportion; the supply does not
    /// move, because it answers to heat and not to money.
    ///
    /// # Errors
    /// When the price of a quantum would be zero or above the largest price. The old tariff then stays.
    pub fn set_tariff(&mut self, tariff: Ppm) -> Result<(), PriceError> {
        self.base = base_price(&self.config, tariff)?;
        self.config.tariff = tariff;
        Ok(())
    }

    /// Asks for another set point. Supply and reserve do not jump: the set point in force glides there with the time
    /// constant of the reserve's filter.
    ///
    /// # Errors
    /// When it is no number or not under the critical temperature; the old one then stays.
    pub fn set_set_point(&mut self, set_point: Celsius) -> Result<(), PriceError> {
        let config = PriceConfig { set_point, ..self.config.clone() };
        config.validate()?;
        self.config = config;
        Ok(())
    }

    /// The terms of the last quote: the very values that it was made from. Before the first quote those of a machine of
    /// which nothing is known.
    pub const fn explain(&self) -> Explanation {
        self.last
    }

    /// The quote of the next tick. Controller and filter move once per new reading; the dither moves every tick.
    pub fn quote(&mut self, now: Moment, sensed: &Sensed) -> Quote {
        let sensed = believable(sensed);
        let (die, mut supply) = match &sensed {
            Sensed::Fresh(reading) => self.act_on(reading),
            Sensed::Stale(reading) => self.assume_the_worst(now, reading),
            Sensed::Missing => {
                (self.config.critical, SupplyTerms { limit: Limit::Missing, ..SupplyTerms::NOTHING })
            }
        };
        if die >= self.config.critical {
            let limit = if sensed.is_fresh() { Limit::Critical } else { supply.limit };
            supply = SupplyTerms { allowed: 0.0, limit, ..supply };
        }
        let price = self.curve.terms(sensed.is_fresh());
        let slots = self.dither.whole(supply.allowed);
        self.last = Explanation {
            tick: self.tick,
            at: now,
            die_read: sensed.last().map(|reading| reading.die.value).or(self.last.die_read),
            die,
            fresh: sensed.is_fresh(),
            set_point: self.set_point,
            set_point_asked: self.config.set_point,
            tariff: self.config.tariff,
            base: self.base,
            price,
            reserve: price.multiplier.of_rounded_up(self.base),
            supply,
            slots,
            owed: self.dither.owed(),
            ..self.last
        };
        let quote = self.last.quote();
        assert!(
            quote.slots == 0 || quote.die < self.config.critical,
            "sold at critical temperature: {quote:?}"
        );
        assert!(
            quote.reserve >= quote.base && quote.slots <= self.config.slots,
            "impossible quote: {quote:?}"
        );
        self.tick += 1;
        quote
    }

    /// Says how many slots of the last quote were sold. Where nobody says it, all of them count as sold.
    pub fn sold(&mut self, slots: u16) {
        self.trade.ticks += 1;
        self.trade.offered += u64::from(self.last.slots);
        self.trade.sold += u64::from(slots.min(self.last.slots));
    }

    /// Moves controller and filter if the reading is new; the temperature and the supply that follow.
    fn act_on(&mut self, reading: &Reading) -> (Celsius, SupplyTerms) {
        let span = match self.acted_on {
            Some(before) if reading.at <= before => return (reading.die.value, self.supply.terms()),
            Some(before) => reading.at.since(before),
            None => WINDOW,
        };
        self.glide(span);
        let offered = self.last.supply.allowed;
        let mut step = span;
        if self.acted_on.is_none() {
            self.supply.begin(reading, self.set_point);
        } else if span > STEP_MAX {
            self.supply.resume(reading, self.set_point, offered);
            step = WINDOW;
        } else if self.last.supply.limit == Limit::Critical {
            self.supply.offered_nothing();
        }
        if self.acted_on.is_none() || span >= DROPOUT {
            self.curve.begin(reading);
        }
        self.acted_on = Some(reading.at);
        self.curve.observe(reading, span);
        let market = self.trade.since_last(offered);
        self.supply.observe(reading, self.set_point, step, market);
        (reading.die.value, self.supply.terms())
    }

    /// Moves the set point in force towards the one asked for; before the first reading at once.
    fn glide(&mut self, span: Nanoseconds) {
        if self.set_point == self.config.set_point {
            return;
        }
        let left = self.config.set_point.0 - self.set_point.0;
        let there = self.acted_on.is_none() || left.abs() < SET_POINT_STEP_MIN;
        let share = 1.0 - (-span.as_seconds() / self.config.filter_s).exp();
        self.set_point = if there { self.config.set_point } else { Celsius(self.set_point.0 + share * left) };
        self.curve.set_set_point(self.set_point);
    }

    /// Without a fresh reading the worst is assumed that the model allows: since the last one all slots were busy on top
    /// of what kept the die there, so it has heated by `R P_all (1 - e^(-t / tau))`. Lest a small machine never
    /// gets there, a straight line to critical by the time of [`DROPOUT`] is assumed too, and the hotter of the two holds.
    /// The supply falls to nothing along that line, or at once when the die is assumed to be critical.
    fn assume_the_worst(&self, now: Moment, last: &Reading) -> (Celsius, SupplyTerms) {
        let age = now.since(last.at);
        let gone = (age.as_seconds() / DROPOUT.as_seconds()).min(1.0);
        let plant = &self.config.plant;
        let all = f64::from(self.config.slots) * plant.slot_rise();
        let heated = all * (1.0 - (-age.as_seconds() / plant.die_tau_s).exp());
        let line = gone * (self.config.critical.0 - last.die.value.0).max(0.0);
        let die = last.die.value.0 + heated.max(line);
        let terms = self.supply.terms();
        (Celsius(die), SupplyTerms { allowed: terms.allowed * (1.0 - gone), limit: Limit::Stale, ..terms })
    }
}

/// Whole slots of the ticks since the last new reading.
#[derive(Clone, Copy, Debug, Default)]
struct Trade {
    ticks: u64,
    offered: u64,
    sold: u64,
}

impl Trade {
    /// The mean of the ticks, which begin anew; without any, `offered` and all of it sold.
    fn since_last(&mut self, offered: f64) -> Market {
        let Self { ticks, offered: whole, sold } = std::mem::take(self);
        if ticks == 0 || sold == whole {
            return Market::all_of(offered);
        }
        let mean = |slots: u64| slots as f64 / ticks as f64;
        Market { offered: mean(whole), sold: mean(sold) }
    }
}

/// Price of a quantum at multiplier one, if it and its dearest multiple are possible prices.
fn base_price(config: &PriceConfig, tariff: Ppm) -> Result<Microjoules, PriceError> {
    if tariff.0 == 0 {
        return Err(PriceError("the tariff must be above zero"));
    }
    let watts = Watts(config.plant.slot.0 + config.idle_share().0);
    // In floating point first: a price too large for 64 bits must be refused here, not overflow.
    let quantum_uj = watts.0 * QUANTUM.as_seconds() * 1e6;
    let dearest_uj = quantum_uj * tariff.as_ratio() * config.multiplier_max;
    if quantum_uj < 1.0 || dearest_uj > PRICE_MAX.0 as f64 {
        return Err(PriceError("tariff x watts of a slot gives a price of zero or above the largest price"));
    }
    Ok(tariff.of_rounded_up(watts.over(QUANTUM)))
}

/// A reading that is not a number is no reading: it must not enter the state of controller and filter, which it would
/// never leave.
fn believable(sensed: &Sensed) -> Sensed {
    let is_broken = |r: &Reading| !(r.die.value.0.is_finite() && r.power.value.0.is_finite());
    if sensed.last().is_some_and(is_broken) { Sensed::Missing } else { *sensed }
}

#[cfg(test)]
mod tests;
