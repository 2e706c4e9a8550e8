//! Temperature from registers.

use crate::common::tree::{self, lay_registers, plant};
use crate::rigs::MemoryRegisters;
use maxwell_core::units::Celsius;
use maxwell_physics::cpu::Processors;
use maxwell_physics::meter::msr::MsrThermometer;
use maxwell_physics::thermometer::Thermometer;

const VALID: u32 = 1 << 31;

fn refusal(registers: MemoryRegisters, text: &str) -> String {
    let processors = Processors::identify(plant(text).path()).unwrap();
    MsrThermometer::new(registers, &processors).unwrap_err().to_string()
}

#[test]
fn each_package_has_its_own_distance_to_its_own_limit() {
    let root = plant(tree::INTEL_SERVER_2S);
    lay_registers(root.path(), 0, &[(0x1a2, 91 << 16), (0x1b1, VALID | 40 << 16)]);
    lay_registers(root.path(), 1, &[(0x1a2, 95 << 16), (0x1b1, VALID | 3 << 16)]);
    let mut thermometer = MsrThermometer::open(root.path()).unwrap();
    let probes: Vec<_> =
        thermometer.probes().iter().map(|probe| (probe.label.clone(), probe.socket, probe.limit)).collect();
    assert_eq!(
        probes,
        [
            ("package 0".into(), Some(0), Some(Celsius(91.0))),
            ("package 1".into(), Some(1), Some(Celsius(95.0)))
        ]
    );
    assert_eq!(thermometer.celsius(0), Ok(Celsius(51.0)));
    assert_eq!(thermometer.celsius(1), Ok(Celsius(92.0)));
}

#[test]
fn an_invalid_readout_is_an_error_and_passes() {
    let root = plant(tree::INTEL_DESKTOP);
    lay_registers(root.path(), 0, &[(0x1a2, 100 << 16), (0x1b1, VALID | 40 << 16)]);
    let mut thermometer = MsrThermometer::open(root.path()).unwrap();
    lay_registers(root.path(), 0, &[(0x1b1, 40 << 16)]);
    assert!(thermometer.celsius(0).unwrap_err().to_string().contains("not valid"));
    lay_registers(root.path(), 0, &[(0x1b1, VALID | 41 << 16)]);
    assert_eq!(thermometer.celsius(0), Ok(Celsius(59.0)));
}

#[test]
fn where_the_package_has_no_readout_its_cores_are_read() {
    let root = plant(tree::INTEL_DESKTOP);
    // The file of a processor ends after its last register, and what lies beyond cannot be read.
    lay_registers(root.path(), 0, &[(0x19c, VALID | 40 << 16), (0x1a2, 100 << 16)]);
    lay_registers(root.path(), 4, &[(0x19c, VALID | 35 << 16)]);
    let mut thermometer = MsrThermometer::open(root.path()).unwrap();
    let labels: Vec<_> = thermometer.probes().iter().map(|probe| probe.label.clone()).collect();
    assert_eq!(labels, ["core 0 of package 0", "core 8 of package 0"]);
    assert_eq!(thermometer.celsius(0), Ok(Celsius(60.0)));
    assert_eq!(thermometer.celsius(1), Ok(Celsius(65.0)));
}

#[test]
fn what_says_no_temperature_is_refused() {
    let amd = refusal(MemoryRegisters::default(), tree::AMD_EPYC);
    assert!(amd.contains("k10temp"), "{amd}");
    let registers = MemoryRegisters::default();
    registers.set(0, 0x1a2, 0);
    let virtual_machine = refusal(registers.clone(), tree::INTEL_DESKTOP);
    assert!(virtual_machine.contains("no TjMax"), "{virtual_machine}");
    registers.set(0, 0x1a2, 100 << 16);
    let silent = refusal(registers, tree::INTEL_DESKTOP);
    assert!(silent.contains("neither package 0 nor a core"), "{silent}");
}
