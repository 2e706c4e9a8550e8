//! Backend `nvml`: NVIDIA GPUs through the vendor's management library, which is loaded when Maxwell runs.
//!
//! Energy comes from the GPU's own counter, which exists from Volta on, and before that from integrating its power. The
//! figures are those of the whole card: where it is divided into instances (MIG) they are not split among them.
//!
//! A machine without the library, its driver or a GPU is refused with the reason; a GPU that is lost later fails its
//! reads until it is back.

use crate::meter::counter::{CountUnit, DOMAIN_POWER_MAX};
use crate::meter::integral::Integral;
use crate::meter::{Domain, EnergyMeter, ReadError, Refusal};
use crate::sensor::PartKind;
use crate::thermometer::kernel::DIE_ERROR;
use crate::thermometer::{self, Probe, Thermometer};
use maxwell_core::units::{Celsius, Moment};
use nvml_wrapper::Nvml;
use nvml_wrapper::enum_wrappers::device::{TemperatureSensor, TemperatureThreshold};
use nvml_wrapper::error::NvmlError;
use std::path::Path;
use std::sync::Arc;

/// Name of this backend.
pub const NAME: &str = "nvml";

/// The GPUs of the machine that say both temperature and power. The probe and the domain at the same place belong to the
/// same GPU. A clone shares the library, so that one can serve as thermometer and the other as meter.
#[derive(Clone)]
pub struct Gpus {
    library: Arc<Nvml>,
    cards: Vec<Gpu>,
    domains: Vec<Domain>,
    probes: Vec<Probe>,
    left_out: Vec<String>,
}

/// One GPU. Its handle is asked for at each read: numbers stand for the same GPU for as long as the library is loaded.
#[derive(Clone)]
struct Gpu {
    number: u32,
    energy: Energy,
}

#[derive(Clone)]
enum Energy {
    Counter,
    Integral(Integral),
}

impl Gpus {
    /// Loads `library`, or the system's `libnvidia-ml.so.1`, and looks for GPUs.
    ///
    /// # Errors
    /// When there is no library, no driver that suits it, or no GPU that says temperature and power.
    pub fn open(library: Option<&Path>) -> Result<Self, Refusal> {
        let mut builder = Nvml::builder();
        if let Some(path) = library {
            builder.lib_path(path.as_os_str());
        }
        let library = builder.init().map_err(|error| Refusal(refusal(&error)))?;
        if library.lib().nvmlShutdown.is_err() {
            // Dropping the handle would call the function that is not there. No library of the vendor lacks it.
            std::mem::forget(library);
            return Err(Refusal("the library lacks nvmlShutdown, so it is not NVIDIA's".to_owned()));
        }
        let count =
            library.device_count().map_err(|error| Refusal(format!("no GPUs can be counted: {error}")))?;
        let (cards, domains, probes, left_out) = <(_, _, _, _)>::default();
        let mut all = Self { library: Arc::new(library), cards, domains, probes, left_out };
        for number in 0..count {
            if let Err(error) = all.add(number) {
                all.left_out.push(format!("GPU {number} cannot be read: {error}"));
            }
        }
        match (all.cards.is_empty(), all.left_out.is_empty()) {
            (false, _) => Ok(all),
            (true, true) => Err(Refusal("the driver knows no GPU".to_owned())),
            (true, false) => Err(Refusal(all.left_out.join("; "))),
        }
    }

    /// The GPUs that are there and cannot be read, with the reason, in a clause each.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// Takes a GPU in if it says what it must.
    fn add(&mut self, number: u32) -> Result<(), NvmlError> {
        let device = self.library.device_by_index(number)?;
        let label = format!("GPU {number} ({})", device.name()?);
        device.temperature(TemperatureSensor::Gpu)?;
        let (energy, unit) = match device.total_energy_consumption() {
            Ok(_) => (Energy::Counter, CountUnit::MILLIJOULE),
            Err(NvmlError::NotSupported | NvmlError::FailedToLoadSymbol(_)) => {
                device.power_usage()?;
                (Energy::Integral(Integral::default()), CountUnit::MICROJOULE)
            }
            Err(error) => return Err(error),
        };
        let limit = device.temperature_threshold(TemperatureThreshold::Slowdown).ok();
        let limit = limit.and_then(|degrees| thermometer::credible_limit(Celsius(f64::from(degrees))));
        let kind = PartKind::Gpu;
        self.domains.push(Domain { kind, socket: None, label: label.clone(), unit, modulus: 1 << 64 });
        self.probes.push(Probe { label, socket: None, error: DIE_ERROR, limit });
        self.cards.push(Gpu { number, energy });
        Ok(())
    }
}

impl EnergyMeter for Gpus {
    fn name(&self) -> &'static str {
        NAME
    }

    fn domains(&self) -> &[Domain] {
        &self.domains
    }

    fn count(&mut self, domain: usize, now: Moment) -> Result<u64, ReadError> {
        let Gpu { number, energy } = &mut self.cards[domain];
        let gpu = self.library.device_by_index(*number);
        match energy {
            Energy::Counter => {
                gpu.and_then(|gpu| gpu.total_energy_consumption()).map_err(|error| unread(*number, &error))
            }
            Energy::Integral(integral) => {
                let milliwatts =
                    gpu.and_then(|gpu| gpu.power_usage()).map_err(|error| unread(*number, &error))?;
                let watts = f64::from(milliwatts) / 1e3;
                if watts > DOMAIN_POWER_MAX.0 {
                    return Err(ReadError(format!("GPU {number}: none draws {watts} W")));
                }
                Ok(integral.advance(now, u64::from(milliwatts) * 1_000))
            }
        }
    }
}

impl Thermometer for Gpus {
    fn name(&self) -> &'static str {
        NAME
    }

    fn probes(&self) -> &[Probe] {
        &self.probes
    }

    fn celsius(&mut self, probe: usize) -> Result<Celsius, ReadError> {
        let number = self.cards[probe].number;
        let gpu = self.library.device_by_index(number);
        let degrees = gpu.and_then(|gpu| gpu.temperature(TemperatureSensor::Gpu));
        let degrees = degrees.map_err(|error| unread(number, &error))?;
        // The library hands out a signed number as an unsigned one.
        thermometer::plausible(Celsius(f64::from(degrees.cast_signed())))
    }
}

fn unread(number: u32, error: &NvmlError) -> ReadError {
    ReadError(format!("GPU {number}: {error}"))
}

/// Why the library cannot be used, and what to do about it.
fn refusal(error: &NvmlError) -> String {
    match error {
        NvmlError::LibloadingError(why) => format!("the library cannot be loaded ({why})"),
        NvmlError::LibRmVersionMismatch => {
            "library and driver are of different versions; load the driver again or restart".to_owned()
        }
        NvmlError::DriverNotLoaded => "the driver is not loaded".to_owned(),
        other => format!("the library does not start: {other}"),
    }
}
