//! The machine of these tests: the model with a meter and a thermometer that are not perfect.

use maxwell_core::tick::{Figure, Provenance};
use maxwell_core::units::{Celsius, Moment, Nanoseconds, Watts};
use maxwell_physics::calibrate::{Sample, Subject};
use maxwell_physics::model::MachineModel;
use maxwell_physics::thermal::{Class, ThermalModel};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub(crate) const CLASSES: [Class; 4] = [Class::Mobile, Class::Desktop, Class::Workstation, Class::Server];

/// The phases that `maxwell calibrate` goes through by default: idle, full, idle, in seconds.
pub(crate) const PHASES_S: [f64; 3] = [30.0, 120.0, 60.0];

/// How a thermometer errs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Thermometer {
    /// Normal noise of so many degrees.
    Gaussian(f64),
    /// Whole degrees.
    Whole,
}

/// A run of a machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plant {
    pub(crate) machine: MachineModel,
    pub(crate) phases_s: [f64; 3],
    pub(crate) thermometer: Thermometer,
    /// The meter errs by up to this share of the power, evenly.
    pub(crate) meter: f64,
    pub(crate) seed: u64,
}

impl Plant {
    pub(crate) fn of_class(class: Class, thermometer: Thermometer, seed: u64) -> Self {
        let machine = MachineModel::of_class(class, 8);
        Self { machine, phases_s: PHASES_S, thermometer, meter: 0.05, seed }
    }

    /// What is known of it before: its slots, and watts that are wrong.
    pub(crate) fn subject(&self) -> Subject {
        let assumed = MachineModel::of_class(Class::Desktop, self.machine.slots);
        Subject { assumed, limit: None, die_error: None }
    }

    /// Ten samples a second, each up to 30 ms early or late.
    pub(crate) fn run(&self) -> Vec<Sample> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let mut model = ThermalModel::new(self.machine.thermal, self.machine.idle).unwrap();
        let [idle, full, rest] = self.phases_s;
        let count = ((idle + full + rest) * 10.0) as u64;
        let (mut last, mut samples) = (Moment(0), Vec::new());
        for index in 0..count {
            let early = if index == 0 { 0.0 } else { rng.random_range(-0.03..0.03) };
            let at = Moment(((index as f64 / 10.0 + early) * 1e9) as u64);
            let (begins, ends) = (last.as_seconds(), at.as_seconds());
            let overlap = (ends.min(idle + full) - begins.max(idle)).max(0.0);
            let slots = f64::from(self.machine.slots);
            let share = if ends > begins { overlap / (ends - begins) } else { 0.0 };
            let busy = slots * share + 0.02;
            let leaked = self.advance(&mut model, [begins, ends]);
            last = at;
            let power = self.machine.power(busy).0 + leaked;
            let power = power * (1.0 + self.meter * rng.random_range(-1.0..1.0));
            samples.push(Sample {
                at,
                busy_cpus: busy,
                power: Some(measured(power)),
                die: self.thermometer.read(model.die(), &mut rng),
            });
        }
        samples
    }

    /// Runs the model through the part of the phases between two times, exactly at the edges of the load. Returns the
    /// mean leakage.
    fn advance(&self, model: &mut ThermalModel, [begins, ends]: [f64; 2]) -> f64 {
        let [idle, full, _] = self.phases_s;
        let mut cuts = vec![begins, idle.clamp(begins, ends), (idle + full).clamp(begins, ends), ends];
        cuts.dedup();
        let mut joules = 0.0;
        for pair in cuts.windows(2) {
            let middle = f64::midpoint(pair[0], pair[1]);
            let full_load = (idle..idle + full).contains(&middle);
            let busy = if full_load { f64::from(self.machine.slots) } else { 0.0 } + 0.02;
            let span = pair[1] - pair[0];
            joules += model.advance(self.machine.power(busy), Nanoseconds((span * 1e9) as u64)).0 * span;
        }
        if ends > begins { joules / (ends - begins) } else { model.leaking().0 }
    }
}

impl Thermometer {
    fn read(self, die: Celsius, rng: &mut impl Rng) -> Celsius {
        match self {
            Self::Gaussian(sigma) => Celsius(die.0 + sigma * normal(rng)),
            Self::Whole => Celsius(die.0.round()),
        }
    }
}

/// A standard normal number, after Box and Muller.
pub(crate) fn normal(rng: &mut impl Rng) -> f64 {
    let (a, b) = (rng.random_range(f64::MIN_POSITIVE..1.0), rng.random_range(0.0..std::f64::consts::TAU));
    (-2.0 * f64::ln(a)).sqrt() * f64::cos(b)
}

pub(crate) fn measured(watts: f64) -> Figure<Watts> {
    Figure { value: Watts(watts), error: Watts(0.0), provenance: Provenance::Measured }
}
