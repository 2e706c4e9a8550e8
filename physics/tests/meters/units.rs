//! What one count is worth, and after how many a counter begins anew.

use crate::common::tree::{self, plant, rewrite};
use crate::contract::Rig;
use crate::rigs::{MemoryEvents, MemoryRegisters, MsrAmd, MsrIntel, Perf, Powercap};
use maxwell_physics::cpu::Processors;
use maxwell_physics::meter::EnergyMeter;
use maxwell_physics::meter::counter::CountUnit;
use maxwell_physics::meter::msr::MsrMeter;
use maxwell_physics::meter::perf::PerfMeter;
use maxwell_physics::sensor::PartKind;

fn unit_and_modulus(rig: &impl Rig, domain: usize) -> (CountUnit, u128) {
    let meter = rig.meter();
    let domain = &meter.domains()[domain];
    (domain.unit, domain.modulus)
}

#[test]
fn registers_have_the_unit_of_their_register_but_for_memory_of_servers() {
    let server = MsrIntel::server();
    assert_eq!(unit_and_modulus(&server, 0), (CountUnit::binary(14), 1 << 32));
    assert_eq!(unit_and_modulus(&server, 3), (CountUnit::binary(16), 1 << 32));
    assert_eq!(unit_and_modulus(&MsrAmd::new(), 8), (CountUnit::binary(16), 1 << 32));
}

#[test]
fn powercap_counts_microjoules_up_to_its_range() {
    assert_eq!(unit_and_modulus(&Powercap::server(), 1), (CountUnit::MICROJOULE, 65_712_999_614));
}

#[test]
fn perf_counts_in_its_own_unit_and_never_wraps() {
    assert_eq!(unit_and_modulus(&Perf::desktop(), 3), (CountUnit::binary(32), 1 << 64));
}

#[test]
fn the_platform_is_counted_once_however_many_sockets_it_has() {
    let root = plant(tree::INTEL_SERVER_2S);
    let events = "sys/bus/event_source/devices/power/events/energy-psys";
    rewrite(root.path(), events, "event=0x05\n");
    rewrite(root.path(), &format!("{events}.scale"), "2.3283064365386962890625e-10\n");
    rewrite(root.path(), &format!("{events}.unit"), "Joules\n");
    let (registers, counts) = (MemoryRegisters::default(), MemoryEvents::default());
    registers.set(0, 0x606, 0xa0e03);
    for cpu in 0..2 {
        registers.set(cpu, 0x611, 5);
        registers.set(cpu, 0x64d, 5);
        counts.0.lock().unwrap().extend([2, 3, 5].map(|event| ((event, cpu), 5)));
    }
    let processors = Processors::identify(root.path()).unwrap();
    let meters: [Box<dyn EnergyMeter>; 2] = [
        Box::new(MsrMeter::new(registers, &processors).unwrap()),
        Box::new(PerfMeter::new(root.path(), counts).unwrap()),
    ];
    for meter in meters {
        let platforms = meter.domains().iter().filter(|domain| domain.kind == PartKind::Platform);
        assert_eq!(platforms.count(), 1, "{}", meter.name());
    }
}

#[test]
fn dies_of_one_package_have_counters_of_their_own() {
    let root = plant(tree::INTEL_SERVER_2S);
    let registers = MemoryRegisters::default();
    registers.set(0, 0x606, 0xa0e03);
    for cpu in 0..8 {
        let topology = format!("sys/devices/system/cpu/cpu{cpu}/topology");
        rewrite(root.path(), &format!("{topology}/physical_package_id"), "0\n");
        rewrite(root.path(), &format!("{topology}/die_id"), format!("{}\n", cpu % 2));
        registers.set(cpu, 0x611, 5);
    }
    let meter = MsrMeter::new(registers, &Processors::identify(root.path()).unwrap()).unwrap();
    let found: Vec<_> = meter.domains().iter().map(|domain| (domain.label.as_str(), domain.socket)).collect();
    assert_eq!(found, [("package 0 die 0", Some(0)), ("package 0 die 1", Some(0))]);
}
