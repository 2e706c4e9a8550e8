//! The runs of the study.

use maxwell_core::limits::WINDOW;
use maxwell_core::price::{PriceConfig, PriceError, Tuning};
use maxwell_physics::thermal::ParameterError;

use super::demand::Demand;
use super::figures::{Figures, WattFigures};
use super::plant::{BUDGET, Bench, Machine, SECOND, Sample, TAUS, config};
use super::rules::{Kind, Rule};
use super::sensor::Quality;

/// Seconds without demand before the step.
const IDLE_S: usize = 10;
/// Seconds of full demand after it: more than ten time constants of the sink.
const FULL_S: usize = 400;

/// Why a run could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// The rule was refused.
    #[error(transparent)]
    Price(#[from] PriceError),
    /// The machine was refused.
    #[error(transparent)]
    Machine(#[from] ParameterError),
}

/// One cell of a table.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Which controller.
    pub kind: Kind,
    /// Time constant of the die, in seconds.
    pub die_tau_s: f64,
    /// Who buys.
    pub demand: Demand,
    /// The sensor.
    pub quality: Quality,
}

impl Case {
    /// Every case of one controller: all time constants, demands and sensors.
    pub fn all(kind: Kind) -> impl Iterator<Item = Self> {
        Quality::ALL.into_iter().flat_map(move |quality| {
            Demand::ALL.into_iter().flat_map(move |demand| {
                TAUS.into_iter().map(move |die_tau_s| Self { kind, die_tau_s, demand, quality })
            })
        })
    }

    /// The run after a step from idle to full demand.
    ///
    /// # Errors
    /// When rule or machine are impossible.
    pub fn run(&self, change: Change) -> Result<Vec<Sample>, StudyError> {
        let setup = Setup::new(self.kind, self.die_tau_s, change);
        let mut bench = setup.bench(self.quality)?;
        bench.run(IDLE_S, None);
        Ok(bench.run(FULL_S, Some(self.demand)))
    }

    /// The figures of the run.
    ///
    /// # Errors
    /// When rule or machine are impossible.
    pub fn figures(&self, change: Change) -> Result<Figures, StudyError> {
        let set_point = Setup::new(self.kind, self.die_tau_s, change).config.set_point;
        Ok(Figures::of(&self.run(change)?, set_point))
    }

    /// The figures in watts of the run under [`BUDGET`].
    ///
    /// # Errors
    /// When rule or machine are impossible.
    pub fn watts(&self) -> Result<WattFigures, StudyError> {
        Ok(WattFigures::of(&self.run(budgeted)?, BUDGET))
    }
}

/// What a run is set up from.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Which controller.
    pub kind: Kind,
    /// The machine as it is.
    pub machine: Machine,
    /// What the controller is told of it.
    pub config: PriceConfig,
}

impl Setup {
    fn new(kind: Kind, die_tau_s: f64, change: Change) -> Self {
        let mut setup = Self { kind, machine: Machine::of(die_tau_s), config: config(die_tau_s) };
        change(&mut setup);
        setup
    }

    fn bench(self, quality: Quality) -> Result<Bench<Box<dyn Rule>>, StudyError> {
        Ok(Bench::idle(self.machine, quality, self.kind.rule(self.config)?)?)
    }
}

/// A change of controller, machine or what the one knows of the other.
pub type Change = fn(&mut Setup);

/// The setup as it is.
pub const fn unchanged(_: &mut Setup) {}

/// The setup under [`BUDGET`].
pub const fn budgeted(setup: &mut Setup) {
    setup.config.power_budget = Some(BUDGET);
}

/// A machine whose power grows by 0.3 W with every kelvin: at the set point 13.5 of its 90 W leak.
pub const fn leaking(setup: &mut Setup) {
    setup.machine.leakage = 0.3;
}

/// The gains that `lambda = tau` would give. Both fall with `R (lambda + theta)`, so a larger R says the same.
fn slow_loop(setup: &mut Setup) {
    let plant = &mut setup.config.plant;
    let tuning = Tuning::of(plant, setup.config.sensor_delay_s);
    plant.die_resistance *= (plant.die_tau_s + tuning.dead_time_s) / (tuning.lambda_s + tuning.dead_time_s);
}

/// The controller with terms taken out and put in, with a wrong model of the machine, and on a machine that leaks.
pub fn variants() -> [(&'static str, Change); 13] {
    [
        ("as it is", unchanged),
        ("whole slots, no dither", |s| s.kind = Kind::WholeSlots),
        ("lambda = tau", slow_loop),
        ("feed-forward of half", |s| s.config.feed_forward = 0.5),
        ("feed-forward of all", |s| s.config.feed_forward = 1.0),
        ("derivative of 0.1 s", |s| s.config.derivative_s = 0.1),
        ("no slew limit", |s| s.config.rise_s = WINDOW.as_seconds()),
        ("slew limit of 5 s", |s| s.config.rise_s = 5.0),
        ("model: tau twice too large", |s| s.config.plant.die_tau_s *= 2.0),
        ("model: tau half as large", |s| s.config.plant.die_tau_s /= 2.0),
        ("model: R a third too small", |s| s.config.plant.die_resistance *= 2.0 / 3.0),
        ("model: R half too large", |s| s.config.plant.die_resistance *= 1.5),
        ("machine: leaks 0.3 W/K", leaking),
    ]
}

/// What happens to a settled machine under inelastic demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Other programs begin to keep two slots busy.
    OtherPrograms,
    /// The sensor says nothing for ten seconds.
    Dropout,
}

/// Five seconds of a settled machine, and a minute from the event on.
///
/// # Errors
/// When rule or machine are impossible.
pub fn event(
    event: Event,
    die_tau_s: f64,
    quality: Quality,
    change: Change,
) -> Result<Vec<Sample>, StudyError> {
    let demand = Some(Demand::Inelastic);
    let mut bench = Setup::new(Kind::Maxwell, die_tau_s, change).bench(quality)?;
    bench.run(300, demand);
    let mut run = bench.run(5, demand);
    let blind_s = match event {
        Event::OtherPrograms => 0,
        Event::Dropout => 10,
    };
    bench.other_slots = if event == Event::OtherPrograms { 2.0 } else { 0.0 };
    run.extend((0..blind_s * SECOND).map(|_| bench.blind_tick(demand)));
    run.extend(bench.run(60 - blind_s, demand));
    Ok(run)
}

/// Kelvin over the set point at the most when other programs begin, with a clean sensor.
///
/// # Errors
/// When rule or machine are impossible.
pub fn disturbance(die_tau_s: f64, change: Change) -> Result<f64, StudyError> {
    let run = event(Event::OtherPrograms, die_tau_s, Quality::Clean, change)?;
    let set_point = Setup::new(Kind::Maxwell, die_tau_s, change).config.set_point.0;
    Ok(run.iter().map(|sample| sample.die).fold(f64::NEG_INFINITY, f64::max) - set_point)
}
