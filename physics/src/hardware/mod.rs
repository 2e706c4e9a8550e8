//! The machine's own sensors as one: energy from the best meter, temperature from the best thermometer, and from the
//! model what neither says.
//!
//! ```text
//!                          die read                       die not read
//!   energy counted         both measured  (tier 2)        thermal model fed with the measured power
//!   energy not counted     power of the model  (tier 3)   the model alone  (tier 4)
//! ```
//!
//! GPUs keep figures of their own and enter no sum: no cell is sold on them.

mod metered;

use crate::meter::{EnergyMeter, ReadError};
use crate::model::{self, ModelSensor};
use crate::sensor::{ErrorBars, Part, PartKind, SensorError, ThermalSensor};
use crate::thermal::{ThermalModel, ThermalParameters};
use crate::thermometer::Thermometer;
use maxwell_core::tick::{Figure, Provenance, Reading};
use maxwell_core::units::{Celsius, Moment, Watts};
use metered::{Metering, SPAN_MIN};
use std::sync::{Mutex, PoisonError};

/// Name of the sensor that is made of several backends; each [`Part`] names its own.
pub const NAME: &str = "hardware";

/// Cards whose energy and temperature are read by one backend: domain and probe of the same place are one card.
pub trait Cards: EnergyMeter + Thermometer {}

impl<T: EnergyMeter + Thermometer> Cards for T {}

/// What was found on the machine.
pub struct Sources {
    /// Counts the packages' energy, and how far it can be trusted.
    pub meter: Option<(Box<dyn EnergyMeter>, ErrorBars)>,
    /// Reads the dies.
    pub thermometer: Option<Box<dyn Thermometer>>,
    /// Graphics processors.
    pub cards: Option<Box<dyn Cards>>,
    /// Power without a meter.
    pub model: ModelSensor,
    /// The machine's cooling, and how far the thermal model can be trusted: the die without a thermometer.
    pub thermal: (ThermalParameters, ErrorBars),
}

/// The machine's own sensors.
pub struct Hardware(Mutex<Inner>);

struct Inner {
    power: Power,
    die: Die,
    cards: Option<CardFigures>,
    /// When a sample was last asked for, and what came of it.
    last: Option<(Moment, Result<Reading, SensorError>)>,
}

/// Where power and energy come from.
enum Power {
    Metered(Metering<dyn EnergyMeter>),
    Modelled(Box<ModelSensor>),
}

/// Where the die's temperature comes from.
enum Die {
    Read {
        thermometer: Box<dyn Thermometer>,
        /// Of each probe at the last sample.
        celsius: Vec<Option<Celsius>>,
    },
    Modelled {
        parameters: ThermalParameters,
        errors: ErrorBars,
        /// The model since there was a power to begin with.
        state: Option<(Moment, ThermalModel)>,
    },
}

/// Cards with what they said at the last sample.
struct CardFigures {
    metering: Metering<dyn Cards>,
    celsius: Vec<Option<Celsius>>,
}

impl Hardware {
    /// A sensor on these sources. Nothing is read before the first sample.
    pub fn new(sources: Sources) -> Self {
        let power = match sources.meter {
            Some((meter, errors)) => Power::Metered(Metering::new(meter, errors)),
            None => Power::Modelled(Box::new(sources.model)),
        };
        // Only used beside a meter, and measured power contains what leaks.
        let (parameters, errors) =
            (ThermalParameters { leakage: 0.0, ..sources.thermal.0 }, sources.thermal.1);
        let die =
            sources.thermometer.map_or(Die::Modelled { parameters, errors, state: None }, |thermometer| {
                Die::Read { celsius: vec![None; thermometer.probes().len()], thermometer }
            });
        let cards = sources.cards.map(|cards| CardFigures {
            celsius: vec![None; cards.probes().len()],
            metering: Metering::new(cards, ErrorBars::NVML),
        });
        Self(Mutex::new(Inner { power, die, cards, last: None }))
    }
}

impl ThermalSensor for Hardware {
    fn name(&self) -> &'static str {
        NAME
    }

    /// At a time that is not at least 20 ms later than the last one, what came of the last one again.
    fn sample(&self, now: Moment) -> Result<Reading, SensorError> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, outcome)) = &inner.last
            && now < *at + SPAN_MIN
        {
            return outcome.clone();
        }
        let outcome = inner.sample(now);
        inner.last = Some((now, outcome.clone()));
        outcome
    }

    fn parts(&self) -> Vec<Part> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).parts()
    }
}

impl Inner {
    fn sample(&mut self, now: Moment) -> Result<Reading, SensorError> {
        let reading = self.machine(now);
        // After the machine: a card's driver may take its time.
        if let Some(cards) = &mut self.cards {
            cards.sample(now);
        }
        reading
    }

    /// Packages and dies, or the model of what nothing reads.
    fn machine(&mut self, now: Moment) -> Result<Reading, SensorError> {
        match &mut self.power {
            Power::Metered(metering) => {
                let errors = metering.errors();
                let metered = metering.sample(now).map_err(|error| retry(metering.name(), &error))?;
                let die = self.die.at(now, metered.power)?;
                Ok(Reading {
                    at: now,
                    die,
                    power: errors.power(metered.power, Provenance::Measured),
                    energy: errors.energy(metered.energy, Provenance::Measured),
                    epoch: metered.epoch,
                })
            }
            Power::Modelled(model) => {
                let reading = model.sample(now)?;
                let die = match &self.die {
                    Die::Read { .. } => self.die.at(now, reading.power.value)?,
                    Die::Modelled { .. } => reading.die,
                };
                Ok(Reading { die, ..reading })
            }
        }
    }

    fn parts(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        if let Power::Metered(metering) = &self.power {
            parts.extend(metering.parts());
        }
        if let Die::Read { thermometer, celsius } = &self.die {
            parts.extend(thermometer.probes().iter().zip(celsius).map(|(probe, celsius)| Part {
                backend: thermometer.name(),
                label: probe.label.clone(),
                kind: PartKind::Probe,
                socket: probe.socket,
                counter: None,
                energy: None,
                power: None,
                celsius: celsius.map(|value| measured(value, probe.error)),
                limit: probe.limit,
            }));
        }
        parts.extend(self.cards.iter().flat_map(CardFigures::parts));
        parts
    }
}

impl Die {
    /// The hottest die at `now`, given the mean power since the sample before. A die that cannot be read fails the
    /// sample: it may be the hottest.
    fn at(&mut self, now: Moment, power: Watts) -> Result<Figure<Celsius>, SensorError> {
        match self {
            Self::Read { thermometer, celsius } => {
                let mut hottest: Option<Figure<Celsius>> = None;
                for (probe, seen) in celsius.iter_mut().enumerate() {
                    *seen = None;
                    let read = thermometer.celsius(probe);
                    let value = *seen.insert(read.map_err(|error| retry(thermometer.name(), &error))?);
                    if hottest.is_none_or(|hottest| value > hottest.value) {
                        hottest = Some(measured(value, thermometer.probes()[probe].error));
                    }
                }
                let none = || retry(thermometer.name(), &ReadError("it has no probe".to_owned()));
                hottest.ok_or_else(none)
            }
            Self::Modelled { parameters, errors, state } => {
                let begun = state.take();
                let model = match begun {
                    Some((then, mut model)) => {
                        model.advance(power, now.since(then));
                        model
                    }
                    None => ThermalModel::new(*parameters, power)
                        .map_err(|error| retry(model::NAME, &ReadError(error.to_string())))?,
                };
                let die = errors.die(model.die(), Provenance::Modelled);
                *state = Some((now, model));
                Ok(die)
            }
        }
    }
}

impl CardFigures {
    /// What a card does not say is left out of its figures; the sum of packages, of which it has none, is of no interest.
    fn sample(&mut self, now: Moment) {
        let _ = self.metering.sample(now);
        let cards = self.metering.meter_mut();
        for (probe, seen) in self.celsius.iter_mut().enumerate() {
            *seen = cards.celsius(probe).ok();
        }
    }

    fn parts(&self) -> impl Iterator<Item = Part> {
        let probes = self.metering.meter().probes().iter().zip(&self.celsius);
        self.metering.parts().zip(probes).map(|(part, (probe, celsius))| Part {
            celsius: celsius.map(|value| measured(value, probe.error)),
            limit: probe.limit,
            ..part
        })
    }
}

const fn measured(value: Celsius, error: Celsius) -> Figure<Celsius> {
    Figure { value, error, provenance: Provenance::Measured }
}

fn retry(backend: &'static str, error: &ReadError) -> SensorError {
    SensorError::Retry { backend, why: error.to_string() }
}
