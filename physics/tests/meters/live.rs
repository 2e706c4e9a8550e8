//! The system call behind the perf meter, on the kernel that runs the tests.

use crate::common::tree::plant;
use maxwell_core::units::Moment;
use maxwell_physics::meter::EnergyMeter;
use maxwell_physics::meter::perf::{KernelEvents, PerfMeter};
use std::time::Instant;

/// The PMU `software`, which every kernel has, described as if it were `power`. Its event 0 counts nanoseconds.
const SOFTWARE: &str = "\
proc/cpuinfo = processor : 0
sys/devices/system/cpu/online = 0
sys/bus/event_source/devices/power/type = 1
sys/bus/event_source/devices/power/cpumask = 0
sys/bus/event_source/devices/power/format/event = config:0-7
sys/bus/event_source/devices/power/events/energy-pkg = event=0x00
sys/bus/event_source/devices/power/events/energy-pkg.scale = 2.3283064365386962890625e-10
sys/bus/event_source/devices/power/events/energy-pkg.unit = Joules
";

#[test]
fn the_kernel_counts_on_one_processor() {
    let mut meter = match PerfMeter::new(plant(SOFTWARE).path(), KernelEvents) {
        Ok(meter) => meter,
        Err(why) => return println!("skipped, because {why}"),
    };
    let start = Instant::now();
    let first = meter.count(0, Moment(0)).unwrap();
    let mut last = first;
    // The clock of a processor runs whether it works or not; the test waits until it has been seen to move.
    while last == first && start.elapsed().as_secs() < 10 {
        last = meter.count(0, Moment(0)).unwrap();
    }
    let passed = start.elapsed().as_nanos();
    assert!(last > first, "it stands still");
    assert!(u128::from(last - first) <= passed + 10_000_000, "{first} to {last} in {passed} ns");
}
