//! Looks for hardware, backend by backend, and keeps the best of what it finds.

use super::{Backend, Choice, ModelInputs, Outcome, Verdict};
use crate::guard::Guarded;
use crate::hardware::{Cards, Hardware, Sources};
use crate::meter::hwmon::ChipMeter;
use crate::meter::msr::{MsrMeter, MsrThermometer};
use crate::meter::perf::PerfMeter;
use crate::meter::powercap::PowercapMeter;
use crate::meter::{EnergyMeter, Refusal};
use crate::model::{MachineModel, ModelSensor};
use crate::nvml::Gpus;
use crate::sensor::{ErrorBars, ThermalSensor};
use crate::thermal::{Class, ParameterError};
use crate::thermometer::Thermometer;
use crate::thermometer::kernel::KernelThermometer;
use maxwell_core::tick::Provenance;
use std::path::Path;

/// The best of each kind so far.
pub(super) struct Search<'a> {
    root: &'a Path,
    meter: Option<Box<dyn EnergyMeter>>,
    thermometer: Option<Box<dyn Thermometer>>,
    cards: Option<Box<dyn Cards>>,
}

/// What became of one thing that a backend may offer.
enum Attempt {
    /// It gives this.
    Took(String),
    /// Another one gives it, or it cannot be had.
    Left(String),
}

impl<'a> Search<'a> {
    pub(super) const fn new(root: &'a Path) -> Self {
        Self { root, meter: None, thermometer: None, cards: None }
    }

    /// Takes from a backend what it gives and no earlier one gave.
    pub(super) fn look(&mut self, backend: Backend, choice: &Choice) -> Verdict {
        let is_asked = |backend| *choice == Choice::Auto || *choice == Choice::Only(backend);
        let outcome = match backend {
            Backend::Replay => Outcome::Refused("no trace was asked for".to_owned()),
            Backend::Model => self.model(choice),
            _ if !is_asked(backend) => Outcome::Refused("another backend was asked for".to_owned()),
            _ => outcome(self.attempts(backend)),
        };
        Verdict { backend, outcome }
    }

    fn attempts(&mut self, backend: Backend) -> Vec<Attempt> {
        let root = self.root;
        match backend {
            Backend::Msr => vec![
                self.energy(|| Ok((MsrMeter::open(root)?, Vec::new()))),
                self.die(|| Ok((MsrThermometer::open(root)?, Vec::new()))),
            ],
            Backend::Perf => vec![self.energy(|| Ok(with_rest(PerfMeter::open(root)?, PerfMeter::left_out)))],
            Backend::Powercap => {
                vec![self.energy(|| Ok(with_rest(PowercapMeter::open(root)?, PowercapMeter::left_out)))]
            }
            Backend::Hwmon => vec![
                self.die(|| Ok(with_rest(KernelThermometer::open(root)?, KernelThermometer::left_out))),
                self.energy(|| Ok(with_rest(ChipMeter::open(root)?, ChipMeter::left_out))),
            ],
            Backend::Nvml => vec![self.gpus()],
            Backend::Replay | Backend::Model => Vec::new(),
        }
    }

    fn energy<M: EnergyMeter + 'static>(&mut self, open: impl FnOnce() -> Opened<M>) -> Attempt {
        if let Some(meter) = &self.meter {
            return Attempt::Left(format!("{} counts the energy", meter.name()));
        }
        match open() {
            Ok((meter, rest)) => {
                let domains = list(meter.domains(), |domain| &domain.label);
                self.meter = Some(Box::new(meter));
                Attempt::Took(format!("counts the energy of {domains}{}", but(&rest)))
            }
            Err(why) => Attempt::Left(format!("no energy: {why}")),
        }
    }

    fn die<T: Thermometer + 'static>(&mut self, open: impl FnOnce() -> Opened<T>) -> Attempt {
        if let Some(thermometer) = &self.thermometer {
            return Attempt::Left(format!("{} reads the die", thermometer.name()));
        }
        match open() {
            Ok((thermometer, rest)) => {
                let probes = list(thermometer.probes(), |probe| &probe.label);
                self.thermometer = Some(Box::new(thermometer));
                Attempt::Took(format!("reads the temperature of {probes}{}", but(&rest)))
            }
            Err(why) => Attempt::Left(format!("no temperature: {why}")),
        }
    }

    fn gpus(&mut self) -> Attempt {
        if self.root != Path::new("/") {
            let why = "GPUs are read through the driver of this machine, not from a file tree";
            return Attempt::Left(why.to_owned());
        }
        match Gpus::open(None) {
            Ok(gpus) => {
                let what = format!("reads {}", list(gpus.domains(), |domain| &domain.label));
                let rest = but(gpus.left_out());
                self.cards = Some(Box::new(gpus));
                Attempt::Took(format!("{what}{rest}"))
            }
            Err(why) => Attempt::Left(why.to_string()),
        }
    }

    /// The model is taken for what is missing.
    fn model(&self, choice: &Choice) -> Outcome {
        let taken = |why: &str| Outcome::Taken(why.to_owned());
        match (&self.meter, &self.thermometer) {
            _ if *choice == Choice::Only(Backend::Model) => taken("it was asked for"),
            (None, None) => taken("nothing here measures power or temperature; it needs only CPU time"),
            (None, Some(_)) => taken("power from CPU time, because nothing here counts energy"),
            (Some(_), None) => taken("the die from the measured power, because nothing here reads it"),
            (Some(_), Some(_)) => Outcome::Refused("power and temperature are measured".to_owned()),
        }
    }

    /// Where power and the die's temperature will come from.
    pub(super) fn provenances(&self) -> (Provenance, Provenance) {
        let from = |is_measured: bool| if is_measured { Provenance::Measured } else { Provenance::Modelled };
        (from(self.meter.is_some()), from(self.thermometer.is_some()))
    }

    /// The sensor made of what was found. What hardware says goes through the guard; the model needs none.
    pub(super) fn sensor(self, inputs: ModelInputs) -> Result<Box<dyn ThermalSensor>, ParameterError> {
        let ModelInputs { machine, load, errors } = inputs;
        let model = ModelSensor::new(machine, load, errors)?;
        if self.meter.is_none() && self.thermometer.is_none() && self.cards.is_none() {
            return Ok(Box::new(model));
        }
        let hardware = Hardware::new(Sources {
            meter: self.meter.map(|meter| (meter, ErrorBars::RAPL)),
            thermometer: self.thermometer,
            cards: self.cards,
            model,
            thermal: (machine.thermal, errors),
        });
        Ok(Box::new(Guarded::new(hardware, &fastest(machine, errors))?))
    }
}

/// The machine as the guard sees it. Before a calibration nobody knows the die's time constant, and a good sensor must not
/// be refused for that: then it is that of the fastest class.
fn fastest(mut machine: MachineModel, errors: ErrorBars) -> MachineModel {
    if errors == ErrorBars::UNCALIBRATED {
        machine.thermal.die_tau_s = machine.thermal.die_tau_s.min(Class::Mobile.die_tau_s());
    }
    machine
}

/// What was opened, and what was found beside it and left out.
type Opened<T> = Result<(T, Vec<String>), Refusal>;

fn with_rest<T>(opened: T, left_out: impl Fn(&T) -> &[String]) -> (T, Vec<String>) {
    let rest = left_out(&opened).to_vec();
    (opened, rest)
}

/// What was left out, as the end of a sentence.
fn but(left_out: &[String]) -> String {
    if left_out.is_empty() { String::new() } else { format!(", not of {}", list(left_out, |clause| clause)) }
}

/// Taken if anything was; what was not stands behind it.
fn outcome(attempts: Vec<Attempt>) -> Outcome {
    let (mut took, mut left) = (Vec::new(), Vec::new());
    for attempt in attempts {
        match attempt {
            Attempt::Took(what) => took.push(what),
            Attempt::Left(why) => left.push(why),
        }
    }
    if took.is_empty() {
        return Outcome::Refused(left.join("; "));
    }
    took.append(&mut left);
    Outcome::Taken(took.join("; "))
}

/// Names in a row; of many the first ones and how many there are.
fn list<T>(items: &[T], label: impl Fn(&T) -> &String) -> String {
    const SHOWN_MAX: usize = 4;
    let shown: Vec<&str> = items.iter().take(SHOWN_MAX).map(|item| label(item).as_str()).collect();
    let more = items.len().saturating_sub(SHOWN_MAX);
    let shown = shown.join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}
