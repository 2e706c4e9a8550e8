//! Which energy registers a processor has, and what their counts are worth.

use crate::cpu::{Processor, Processors, Vendor};
use crate::meter::Refusal;
use crate::meter::counter::CountUnit;
use crate::sensor::PartKind;
use std::ops::RangeInclusive;

/// Units of 1/2^8 to 1/2^20 J, 4 mJ to 1 µJ: parts of both makers have 14 or 16, and what lies outside is no unit.
const BINARY_BITS: RangeInclusive<u8> = 8..=20;

/// 2^bits µJ, at most 1 mJ; Bay Trail has 5.
const MICROJOULE_BITS: RangeInclusive<u8> = 0..=10;

/// The models of family 6 whose counts are worth 2^bits µJ instead of 1/2^bits J: Silvermont, Airmont and their phone
/// parts (`rapl_check_unit_atom` in `intel_rapl_common.c`).
const MICROJOULE_MODELS: [u32; 4] = [0x37, 0x4a, 0x4c, 0x5a];

/// The models whose memory counts in 1/2^16 J whatever the unit register says: servers of Haswell, Broadwell, Skylake and
/// Ice Lake, and Xeon Phi (`model_hsx` and `model_knl` in `rapl.c`, after the datasheet of the Xeon E5 v3, 330784-001).
const FIXED_MEMORY_MODELS: [u32; 8] = [0x3f, 0x4f, 0x56, 0x55, 0x57, 0x85, 0x6a, 0x6c];

/// The models whose platform counts in whole joules: Sapphire Rapids and Emerald Rapids (`model_spr` in `rapl.c`).
const JOULE_PLATFORM_MODELS: [u32; 2] = [0x8f, 0xcf];

/// How the registers of a make are laid out.
#[derive(Debug)]
pub(super) struct Scheme {
    /// The register that holds the unit.
    pub(super) unit_register: u32,
    /// What may be there, packages first.
    pub(super) counters: Vec<CounterAt>,
    in_microjoules: bool,
}

/// A register that counts energy.
#[derive(Debug)]
pub(super) struct CounterAt {
    /// What it counts.
    pub(super) kind: PartKind,
    /// Its number.
    pub(super) register: u32,
    /// How many of it there are.
    pub(super) scope: Scope,
    /// Its unit, where it is not that of the unit register.
    pub(super) fixed_unit: Option<CountUnit>,
}

/// What has one register of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The machine; it is read on the first processor.
    Machine,
    /// Each package.
    Package,
    /// Each die of a package.
    Die,
    /// Each core.
    Core,
}

impl Scheme {
    /// The scheme of these processors.
    ///
    /// # Errors
    /// When Maxwell knows of no energy registers in them.
    pub(super) fn of(processors: &Processors) -> Result<Self, Refusal> {
        let Processors { vendor, family, model, .. } = *processors;
        match vendor {
            Vendor::Intel if family == 6 => Ok(Self::intel(model)),
            Vendor::Amd | Vendor::Hygon if family >= 0x17 => Ok(Self::amd()),
            Vendor::Other => Err(Refusal(
                "only processors of Intel, AMD and Hygon have energy registers that are known".into(),
            )),
            _ => Err(Refusal(format!(
                "{vendor:?} processors of family {family:#x} have no known energy registers"
            ))),
        }
    }

    /// `rapl.c`: on the one part with several dies that count (Cascade Lake-AP) each die has registers of its own, and on
    /// all others die and package are the same.
    fn intel(model: u32) -> Self {
        let at = |kind, register, scope| CounterAt { kind, register, scope, fixed_unit: None };
        let memory_unit = FIXED_MEMORY_MODELS.contains(&model).then_some(CountUnit::binary(16));
        let platform_unit = JOULE_PLATFORM_MODELS.contains(&model).then_some(CountUnit::binary(0));
        let counters = vec![
            at(PartKind::Package, 0x611, Scope::Die),
            at(PartKind::Cores, 0x639, Scope::Die),
            at(PartKind::Uncore, 0x641, Scope::Die),
            CounterAt { fixed_unit: memory_unit, ..at(PartKind::Memory, 0x619, Scope::Die) },
            CounterAt { fixed_unit: platform_unit, ..at(PartKind::Platform, 0x64d, Scope::Machine) },
        ];
        let in_microjoules = MICROJOULE_MODELS.contains(&model);
        Self { unit_register: 0x606, counters, in_microjoules }
    }

    fn amd() -> Self {
        let at = |kind, register, scope| CounterAt { kind, register, scope, fixed_unit: None };
        let counters = vec![
            at(PartKind::Package, 0xc001_029b, Scope::Package),
            at(PartKind::Cores, 0xc001_029a, Scope::Core),
        ];
        Self { unit_register: 0xc001_0299, counters, in_microjoules: false }
    }

    /// What a count is worth by the value of the unit register: bits 12:8.
    ///
    /// # Errors
    /// When it is no unit that a processor has.
    pub(super) fn unit(&self, value: u64) -> Result<CountUnit, Refusal> {
        let bits = (value >> 8 & 0x1f) as u8;
        let known = if self.in_microjoules { MICROJOULE_BITS } else { BINARY_BITS };
        if value == 0 || !known.contains(&bits) {
            let why = "is no unit of energy; a hypervisor may have made it up";
            return Err(Refusal(format!("register {:#x} holds {value:#x}, which {why}", self.unit_register)));
        }
        Ok(if self.in_microjoules { CountUnit::microjoules(1 << bits) } else { CountUnit::binary(bits) })
    }
}

impl CounterAt {
    /// The processors on which it is to be read, each with the label of its domain.
    pub(super) fn places(&self, processors: &Processors) -> Vec<(Processor, String)> {
        let word = self.kind.word();
        let (places, label): (_, &dyn Fn(&Processor) -> String) = match self.scope {
            Scope::Machine => (vec![processors.online[0]], &|_| word.to_owned()),
            Scope::Package => (processors.one_per_package(), &|place| format!("{word} {}", place.package)),
            Scope::Die => {
                (processors.one_per_die(), &|place| format!("{word} {}", processors.die_label(*place)))
            }
            Scope::Core => (processors.one_per_core(), &|place| processors.core_label(*place)),
        };
        places.into_iter().map(|place| (place, label(&place))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(vendor: Vendor, family: u32, model: u32) -> Result<Scheme, Refusal> {
        let online = vec![Processor { number: 0, package: 0, die: 0, core: 0 }];
        Scheme::of(&Processors { vendor, family, model, online, assumed: None })
    }

    fn unit_of(scheme: &Scheme, kind: PartKind) -> Option<CountUnit> {
        scheme.counters.iter().find(|counter| counter.kind == kind).expect("Intel's").fixed_unit
    }

    #[test]
    fn units_by_model() {
        let skylake = of(Vendor::Intel, 6, 0x5e).unwrap();
        assert_eq!(skylake.unit(0xa0e03), Ok(CountUnit::binary(14)));
        assert_eq!(unit_of(&skylake, PartKind::Memory), None);
        let skylake_server = of(Vendor::Intel, 6, 0x55).unwrap();
        assert_eq!(unit_of(&skylake_server, PartKind::Memory), Some(CountUnit::binary(16)));
        let sapphire_rapids = of(Vendor::Intel, 6, 0x8f).unwrap();
        assert_eq!(unit_of(&sapphire_rapids, PartKind::Memory), None);
        assert_eq!(unit_of(&sapphire_rapids, PartKind::Platform), Some(CountUnit::binary(0)));
        let bay_trail = of(Vendor::Intel, 6, 0x37).unwrap();
        assert_eq!(bay_trail.unit(0x505), Ok(CountUnit::microjoules(32)));
        assert_eq!(of(Vendor::Amd, 0x19, 1).unwrap().unit(0xa1003), Ok(CountUnit::binary(16)));
    }

    #[test]
    fn what_is_no_unit_is_refused() {
        let scheme = of(Vendor::Intel, 6, 0x5e).unwrap();
        for garbage in [0, 0x0003, u64::MAX, 0x1f00] {
            assert!(
                scheme.unit(garbage).unwrap_err().to_string().contains("no unit of energy"),
                "{garbage:#x}"
            );
        }
    }

    #[test]
    fn makes_without_energy_registers_are_refused() {
        for (vendor, family, word) in [
            (Vendor::Other, 0, "only processors of"),
            (Vendor::Amd, 0x15, "0x15"),
            (Vendor::Intel, 15, "0xf"),
        ] {
            let why = of(vendor, family, 1).unwrap_err().to_string();
            assert!(why.contains(word), "{why}");
        }
    }
}
