//! RAPL counters and thermal readouts, straight from the processor's registers.
//!
//! Energy: Intel SDM volume 3B, "Platform specific power management support"; for AMD the processor programming reference
//! of family 17h, `Core::X86::Msr::RAPL_PWR_UNIT`. Which models deviate is what Linux knows in `arch/x86/events/rapl.c`
//! and `drivers/powercap/intel_rapl_*.c`.

mod device;
mod scheme;
mod thermal;

pub use device::DeviceRegisters;
pub use thermal::MsrThermometer;

use super::{Domain, EnergyMeter, ReadError, Refusal};
use crate::cpu::Processors;
use crate::sensor::PartKind;
use maxwell_core::units::Moment;
use scheme::{Scheme, Scope};
use std::io;
use std::path::Path;

/// Model-specific registers: those of the machine, or some in memory.
pub trait Registers: Send {
    /// The value of a register as this processor sees it.
    ///
    /// # Errors
    /// `NotFound` and `PermissionDenied` when there is no way to the registers; anything else when the processor does not
    /// have this one.
    fn read(&mut self, cpu: u32, register: u32) -> io::Result<u64>;
}

/// All counters have 32 bits; what stands above them is reserved and need not be zero.
const MODULUS: u128 = 1 << 32;

/// Reads energy from registers; at most 5 µs each.
#[derive(Debug)]
pub struct MsrMeter<R = DeviceRegisters> {
    registers: R,
    domains: Vec<Domain>,
    /// Where each domain's counter is: the processor to ask, and the register.
    counters: Vec<(u32, u32)>,
}

impl MsrMeter {
    /// Opens the registers of the machine below a root folder, `/` but in tests.
    ///
    /// # Errors
    /// See [`MsrMeter::new`]; also when there is no device, or it must not be read.
    pub fn open(root: &Path) -> Result<Self, Refusal> {
        Self::new(DeviceRegisters::new(root), &Processors::identify(root)?)
    }
}

impl<R: Registers> MsrMeter<R> {
    /// Finds out which counters there are. What reads as zero, or not at all, is not there; Linux decides the same way,
    /// because some models and hypervisors answer zero where others refuse.
    ///
    /// On AMD every physical core is a domain of its own: each counter wraps by itself, so a sum of them would be no
    /// counter. On Intel one register counts all cores of a package.
    ///
    /// # Errors
    /// When the processor is of an unknown make, or a package does not count.
    pub fn new(mut registers: R, processors: &Processors) -> Result<Self, Refusal> {
        let scheme = Scheme::of(processors)?;
        let first = processors.online[0].number;
        let unit = registers.read(first, scheme.unit_register);
        let unit = scheme.unit(unit.map_err(|error| refused(first, scheme.unit_register, &error))?)?;
        let mut meter = Self { registers, domains: Vec::new(), counters: Vec::new() };
        for counter in &scheme.counters {
            for (processor, label) in counter.places(processors) {
                let socket = (counter.scope != Scope::Machine).then_some(processor.package);
                let unit = counter.fixed_unit.unwrap_or(unit);
                let domain = Domain { kind: counter.kind, socket, label, unit, modulus: MODULUS };
                meter.add(domain, processor.number, counter.register)?;
            }
        }
        Ok(meter)
    }

    /// Takes a counter that counts; a package must.
    fn add(&mut self, domain: Domain, cpu: u32, register: u32) -> Result<(), Refusal> {
        let needed = domain.kind == PartKind::Package;
        match self.registers.read(cpu, register) {
            Err(error) if needed => return Err(refused(cpu, register, &error)),
            Ok(value) if needed && low(value) == 0 => {
                let why = "reads as zero, so it does not count; hypervisors answer like this";
                return Err(Refusal(format!("register {register:#x} of processor {cpu} {why}")));
            }
            Ok(value) if low(value) != 0 => {
                self.domains.push(domain);
                self.counters.push((cpu, register));
            }
            _ => {}
        }
        Ok(())
    }
}

impl<R: Registers> EnergyMeter for MsrMeter<R> {
    fn name(&self) -> &'static str {
        "msr"
    }

    fn domains(&self) -> &[Domain] {
        &self.domains
    }

    fn count(&mut self, domain: usize, _now: Moment) -> Result<u64, ReadError> {
        let (cpu, register) = self.counters[domain];
        self.registers.read(cpu, register).map(low).map_err(|error| unread(cpu, register, &error))
    }
}

/// The counter in a register.
const fn low(value: u64) -> u64 {
    value & 0xffff_ffff
}

/// Why a register gave nothing this time.
fn unread(cpu: u32, register: u32, error: &io::Error) -> ReadError {
    ReadError(format!("register {register:#x} of processor {cpu}: {error}"))
}

/// Why a register that is needed cannot be read, with the remedy.
fn refused(cpu: u32, register: u32, error: &io::Error) -> Refusal {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => device::refused(cpu, error),
        _ => Refusal(format!(
            "register {register:#x} of processor {cpu} is refused ({error}), as in a virtual machine without RAPL"
        )),
    }
}
