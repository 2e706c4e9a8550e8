//! Die temperature of Intel processors from their digital thermal sensors (SDM volume 3B, "Thermal monitoring and
//! protection"). A readout says how far the die is below the temperature at which it throttles, `TjMax`.

use super::{DeviceRegisters, Registers, refused, unread};
use crate::cpu::{Processor, Processors, Vendor};
use crate::meter::{ReadError, Refusal};
use crate::thermometer::{Probe, Thermometer};
use maxwell_core::units::Celsius;
use std::ops::RangeInclusive;
use std::path::Path;

/// `IA32_PACKAGE_THERM_STATUS`: the hottest sensor of a package.
const PACKAGE_STATUS: u32 = 0x1b1;
/// `IA32_THERM_STATUS`: the sensor of one core.
const CORE_STATUS: u32 = 0x19c;
/// `MSR_TEMPERATURE_TARGET`: `TjMax` in bits 23:16, in °C.
const TARGET: u32 = 0x1a2;

/// `TjMax` of real parts lies between 70 and 115 °C; what lies far outside is none.
const TJ_MAX: RangeInclusive<u8> = 67..=130;

/// The readout has steps of 1 °C. How far the sensor itself is off, Intel does not say; near `TjMax`, where it is
/// calibrated, it is least.
const STEP: Celsius = Celsius(1.0);

/// Reads temperatures from registers: one per package where the package has a readout, else one per core.
#[derive(Debug)]
pub struct MsrThermometer<R = DeviceRegisters> {
    registers: R,
    probes: Vec<Probe>,
    /// Where each probe is read.
    readouts: Vec<Readout>,
}

#[derive(Debug)]
struct Readout {
    cpu: u32,
    register: u32,
    tj_max: u8,
}

impl MsrThermometer {
    /// Opens the registers of the machine below a root folder, `/` but in tests.
    ///
    /// # Errors
    /// See [`MsrThermometer::new`]; also when there is no device, or it must not be read.
    pub fn open(root: &Path) -> Result<Self, Refusal> {
        Self::new(DeviceRegisters::new(root), &Processors::identify(root)?)
    }
}

impl<R: Registers> MsrThermometer<R> {
    /// Finds out what can be read.
    ///
    /// # Errors
    /// When the processors are not Intel's, or a package says neither its `TjMax` nor a temperature.
    pub fn new(registers: R, processors: &Processors) -> Result<Self, Refusal> {
        if processors.vendor != Vendor::Intel {
            return Err(Refusal(
                "only Intel's processors have a register for temperature; those of AMD tell the driver k10temp".into(),
            ));
        }
        let mut thermometer = Self { registers, probes: Vec::new(), readouts: Vec::new() };
        for package in processors.one_per_package() {
            thermometer.add_package(package, processors)?;
        }
        Ok(thermometer)
    }

    fn add_package(&mut self, package: Processor, processors: &Processors) -> Result<(), Refusal> {
        let cpu = package.number;
        let target = self.registers.read(cpu, TARGET).map_err(|error| refused(cpu, TARGET, &error))?;
        let tj_max = (target >> 16) as u8;
        if !TJ_MAX.contains(&tj_max) {
            let why = "which is no TjMax; hypervisors answer like this";
            return Err(Refusal(format!("register {TARGET:#x} of processor {cpu} holds {target:#x}, {why}")));
        }
        let label = format!("package {}", package.package);
        if self.add(package, PACKAGE_STATUS, tj_max, label) {
            return Ok(());
        }
        let cores = processors.one_per_core();
        let mut found = false;
        for core in cores.into_iter().filter(|core| core.package == package.package) {
            found |= self.add(core, CORE_STATUS, tj_max, processors.core_label(core));
        }
        if found {
            return Ok(());
        }
        let package = package.package;
        Err(Refusal(format!(
            "neither package {package} nor a core of it has a valid temperature in its registers"
        )))
    }

    /// Takes a readout that is there and valid.
    fn add(&mut self, place: Processor, register: u32, tj_max: u8, label: String) -> bool {
        let cpu = place.number;
        let there = self.registers.read(cpu, register).is_ok_and(|status| below_tj_max(status).is_some());
        if there {
            let (socket, limit) = (Some(place.package), Some(Celsius(f64::from(tj_max))));
            self.probes.push(Probe { label, socket, error: STEP, limit });
            self.readouts.push(Readout { cpu, register, tj_max });
        }
        there
    }
}

impl<R: Registers> Thermometer for MsrThermometer<R> {
    fn name(&self) -> &'static str {
        "msr"
    }

    fn probes(&self) -> &[Probe] {
        &self.probes
    }

    fn celsius(&mut self, probe: usize) -> Result<Celsius, ReadError> {
        let Readout { cpu, register, tj_max } = self.readouts[probe];
        let status = self.registers.read(cpu, register).map_err(|error| unread(cpu, register, &error))?;
        let below = below_tj_max(status).ok_or_else(|| {
            ReadError(format!("register {register:#x} of processor {cpu} says that its readout is not valid"))
        })?;
        // At most 127 below a `TjMax` of at least 67, so never below the -60 that a thermometer may say.
        Ok(Celsius(f64::from(tj_max) - f64::from(below)))
    }
}

/// Degrees below `TjMax`: bits 22:16, if bit 31 says that they are valid.
fn below_tj_max(status: u64) -> Option<u8> {
    (status & 1 << 31 != 0).then_some((status >> 16 & 0x7f) as u8)
}
