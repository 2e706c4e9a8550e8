//! What stands between the die and the controller.

use maxwell_core::tick::{Figure, Provenance, Reading};
use maxwell_core::units::{Celsius, Microjoules, Moment, Watts};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Relative error of a poor sensor's power, in either direction.
const POWER_NOISE: f64 = 0.1;

/// How good a sensor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// Exact and at once.
    Clean,
    /// Temperature in steps of 1 °C, power with an error of up to 10 %, both one period late.
    Poor,
}

impl Quality {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Clean, Self::Poor];

    /// Name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Poor => "poor",
        }
    }
}

/// A sensor that is read once in each period.
#[derive(Debug)]
pub struct Sensor {
    quality: Quality,
    noise: ChaCha8Rng,
    late: Option<Reading>,
}

impl Sensor {
    /// A sensor whose noise follows from `seed`.
    pub fn new(quality: Quality, seed: u64) -> Self {
        Self { quality, noise: ChaCha8Rng::seed_from_u64(seed), late: None }
    }

    /// Reads a die at this temperature under this mean power of the last period.
    pub fn read(&mut self, at: Moment, die: Celsius, power: Watts) -> Reading {
        match self.quality {
            Quality::Clean => reading(at, die, power),
            Quality::Poor => {
                let factor = self.noise.random_range(1.0 - POWER_NOISE..1.0 + POWER_NOISE);
                let now = reading(at, Celsius(die.0.round()), Watts(power.0 * factor));
                Reading { at, ..self.late.replace(now).unwrap_or(now) }
            }
        }
    }
}

fn reading(at: Moment, die: Celsius, power: Watts) -> Reading {
    let provenance = Provenance::Modelled;
    Reading {
        at,
        die: Figure { value: die, error: Celsius(0.0), provenance },
        power: Figure { value: power, error: Watts(0.0), provenance },
        energy: Figure { value: Microjoules::ZERO, error: Microjoules::ZERO, provenance },
        epoch: 0,
    }
}
