//! What each backend refuses, and that it says why and what would help.

use crate::common::tree::{self, lay_registers, plant, remove, rewrite};
use crate::rigs::{MemoryEvents, MemoryRegisters};
use maxwell_physics::cpu::Processors;
use maxwell_physics::meter::EnergyMeter;
use maxwell_physics::meter::msr::MsrMeter;
use maxwell_physics::meter::perf::{Event, Events, PerfMeter};
use maxwell_physics::meter::powercap::PowercapMeter;
use std::io;
use std::path::Path;

const ZONE: &str = "sys/class/powercap/intel-rapl:0";
const PMU: &str = "sys/bus/event_source/devices/power";

/// Files that not even root may read, because sysctl looks at their mode alone. Permission cannot be taken from root by
/// `chmod`, and tests may run as root.
const UNREADABLE: [&str; 2] = ["/proc/sys/vm/compact_memory", "/proc/sys/net/ipv4/route/flush"];

/// Puts a file that may not be read in the place of `path`; false where this machine has none.
fn deny(root: &Path, path: &str) -> bool {
    let denied = |path: &&&str| {
        std::fs::read(path).is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
    };
    let Some(target) = UNREADABLE.iter().find(denied) else {
        println!("skipped, because there is no file here that may not be read");
        return false;
    };
    rewrite(root, path, "");
    remove(root, path);
    std::os::unix::fs::symlink(target, root.join(path)).unwrap();
    true
}

fn contains(why: &str, words: &[&str]) {
    for word in words {
        assert!(why.contains(word), "{word:?} is not in {why:?}");
    }
}

fn msr(root: &Path) -> String {
    MsrMeter::open(root).unwrap_err().to_string()
}

fn msr_in_memory(registers: MemoryRegisters) -> String {
    let processors = Processors::identify(plant(tree::INTEL_SERVER_2S).path()).unwrap();
    MsrMeter::new(registers, &processors).unwrap_err().to_string()
}

fn powercap(root: &Path) -> String {
    PowercapMeter::open(root).unwrap_err().to_string()
}

fn perf(root: &Path) -> String {
    PerfMeter::new(root, MemoryEvents::default()).expect_err("it is refused").to_string()
}

#[test]
fn msr_without_the_module() {
    contains(&msr(plant(tree::INTEL_DESKTOP).path()), &["/dev/cpu/0/msr is absent", "modprobe msr"]);
}

#[test]
fn msr_without_permission() {
    let root = plant(tree::INTEL_DESKTOP);
    if deny(root.path(), "dev/cpu/0/msr") {
        contains(&msr(root.path()), &["/dev/cpu/0/msr may not be read", "root", "CAP_SYS_RAWIO"]);
    }
}

#[test]
fn msr_on_a_make_without_registers() {
    contains(&msr(plant(tree::ARM_BOARD).path()), &["only processors of Intel, AMD and Hygon"]);
}

#[test]
fn msr_on_virtual_machines() {
    let registers = MemoryRegisters::default();
    contains(&msr_in_memory(registers.clone()), &["register 0x606", "is refused", "virtual machine"]);
    registers.set(0, 0x606, 0);
    contains(&msr_in_memory(registers.clone()), &["0x606 holds 0x0", "hypervisor"]);
    registers.set(0, 0x606, 0xa0e03);
    registers.set(0, 0x611, 0);
    contains(&msr_in_memory(registers.clone()), &["0x611", "reads as zero", "hypervisors"]);
}

#[test]
fn msr_where_one_socket_does_not_count() {
    let root = plant(tree::INTEL_SERVER_2S);
    lay_registers(root.path(), 0, &[(0x606, 0xa0e03), (0x611, 5)]);
    contains(&msr(root.path()), &["/dev/cpu/1/msr is absent"]);
}

#[test]
fn powercap_without_zones() {
    contains(&powercap(plant(tree::ARM_BOARD).path()), &["powercap is absent", "intel_rapl_msr"]);
    let root = plant(tree::AMD_EPYC);
    remove(root.path(), ZONE);
    remove(root.path(), &format!("{ZONE}:0"));
    contains(&powercap(root.path()), &["holds no zone", "virtual machine"]);
}

#[test]
fn powercap_without_permission() {
    let root = plant(tree::AMD_EPYC);
    if deny(root.path(), &format!("{ZONE}/energy_uj")) {
        contains(&powercap(root.path()), &["energy_uj may be read by root alone", "chgrp"]);
    }
}

#[test]
fn powercap_whose_package_makes_no_sense() {
    for range in ["", "0\n", "-5\n", "many\n", "99999999999999999999\n"] {
        let root = plant(tree::AMD_EPYC);
        rewrite(root.path(), &format!("{ZONE}/max_energy_range_uj"), range);
        contains(&powercap(root.path()), &["max_energy_range_uj", "is no range"]);
    }
    let root = plant(tree::AMD_EPYC);
    rewrite(root.path(), &format!("{ZONE}/energy_uj"), "");
    contains(&powercap(root.path()), &["energy_uj", "nothing stands there"]);
    rewrite(root.path(), &format!("{ZONE}/name"), "package-x\n");
    contains(&powercap(root.path()), &["package-x", "may be a package"]);
}

#[test]
fn powercap_goes_without_a_part_that_makes_no_sense() {
    let root = plant(tree::INTEL_DESKTOP);
    rewrite(root.path(), &format!("{ZONE}:0/max_energy_range_uj"), "0\n");
    rewrite(root.path(), &format!("{ZONE}:1/name"), "tea\n");
    let meter = PowercapMeter::open(root.path()).unwrap();
    let labels: Vec<_> = meter.domains().iter().map(|domain| domain.label.as_str()).collect();
    assert_eq!(labels, ["package 0", "platform"]);
    let [range, name] = meter.left_out() else { panic!("{:?}", meter.left_out()) };
    contains(range, &["intel-rapl:0:0/max_energy_range_uj"]);
    contains(name, &["intel-rapl:0:1", "tea"]);
}

#[test]
fn powercap_with_the_largest_range_there_is() {
    let root = plant(tree::AMD_EPYC);
    rewrite(root.path(), &format!("{ZONE}/max_energy_range_uj"), format!("{}\n", u64::MAX));
    let meter = PowercapMeter::open(root.path()).unwrap();
    assert_eq!(meter.domains()[0].modulus, 1 << 64);
}

#[test]
fn perf_without_the_pmu() {
    contains(&perf(plant(tree::ARM_BOARD).path()), &["devices/power is absent", "virtual machine"]);
    let why = PerfMeter::open(plant(tree::INTEL_DESKTOP).path()).expect_err("it is refused").to_string();
    contains(&why, &["is not this machine"]);
}

#[test]
fn perf_that_counts_something_else() {
    for (file, content) in [
        ("type", "power"),
        ("cpumask", ""),
        ("format/event", "config:9-3"),
        ("events/energy-pkg", "event=0x1ff"),
        ("events/energy-pkg.scale", "1e-9"),
        ("events/energy-pkg.unit", "mWatts"),
    ] {
        let root = plant(tree::AMD_EPYC);
        rewrite(root.path(), &format!("{PMU}/{file}"), content);
        contains(&perf(root.path()), &[file, &format!("{content:?}"), "not what Maxwell knows"]);
        remove(root.path(), &format!("{PMU}/{file}"));
        perf(root.path());
    }
}

#[test]
fn perf_goes_without_a_part_that_cannot_be_counted() {
    let root = plant(tree::INTEL_SERVER_2S);
    // The second package's memory is refused, so the first one's is not counted alone.
    let events = MemoryEvents::default();
    events.0.lock().unwrap().extend([((2, 0), 0), ((2, 1), 0), ((3, 0), 0)]);
    let meter = PerfMeter::new(root.path(), events.clone()).unwrap();
    let labels: Vec<_> = meter.domains().iter().map(|domain| domain.label.as_str()).collect();
    assert_eq!(labels, ["package 0", "package 1"]);
    let [memory] = meter.left_out() else { panic!("{:?}", meter.left_out()) };
    contains(memory, &["energy-ram", "processor 1"]);

    rewrite(root.path(), &format!("{PMU}/events/energy-ram.unit"), "Calories");
    let meter = PerfMeter::new(root.path(), events).unwrap();
    let [memory] = meter.left_out() else { panic!("{:?}", meter.left_out()) };
    contains(memory, &["energy-ram.unit", "Calories"]);
}

#[test]
fn perf_without_permission() {
    #[derive(Debug)]
    struct Refusing;
    impl Events for Refusing {
        type Count = ();

        fn open(&mut self, _event: Event, _cpu: u32) -> io::Result<()> {
            Err(io::ErrorKind::PermissionDenied.into())
        }

        fn read(&mut self, (): &mut ()) -> io::Result<u64> {
            unreachable!("nothing was opened")
        }
    }
    let root = plant(tree::INTEL_DESKTOP);
    let why = PerfMeter::new(root.path(), Refusing).expect_err("it is refused").to_string();
    contains(&why, &["energy-pkg", "CAP_PERFMON", "perf_event_paranoid"]);
}
