//! What one sample costs, backend by backend, on fixture machines: opening is not counted, reading and adding up are.
//!
//! The files lie in a temporary folder, so the cost of the kernel's own work behind a real register or attribute is not in
//! it; what Maxwell adds to it is. Between two samples, untimed, every counter moves, and every sample must be believed.
//! The perf event is a real system call, on an event that every kernel has.

#[path = "../tests/moving/mod.rs"]
mod moving;

use std::fmt::Write;
use std::path::Path;

use divan::Bencher;
use maxwell_core::limits::WINDOW;
use maxwell_core::units::Moment;
use maxwell_physics::meter::EnergyMeter;
use maxwell_physics::meter::perf::{KernelEvents, PerfMeter};
use maxwell_physics::replay::{ReplaySensor, Trace};
use maxwell_physics::select::{Backend, Choice};
use maxwell_physics::sensor::ThermalSensor;
use maxwell_physics::thermal::ThermalParameters;
use moving::{Moving, tree};

/// The PMU `software`, described as if it were `power`. Its event 0 counts nanoseconds.
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

fn main() {
    divan::main();
}

/// Samples `choice` on a machine, each time 100 ms later.
fn sample(bencher: Bencher<'_, '_>, mut machine: Moving, choice: &Choice) {
    let sensor = machine.open(choice).sensor;
    // The first sample only begins, because a power needs two counts.
    let _ = sensor.sample(machine.advance());
    let mut refused = 0;
    bencher.with_inputs(|| machine.advance()).bench_local_values(|now| {
        let reading = sensor.sample(now);
        refused += u32::from(reading.is_err());
        reading
    });
    assert_eq!(refused, 0, "a refused sample is another figure");
}

/// Energy, memory and temperature of two sockets: ten registers.
#[divan::bench(sample_count = 2_000, sample_size = 1)]
fn msr_two_sockets(bencher: Bencher<'_, '_>) {
    sample(bencher, Moving::new(tree::INTEL_SERVER_2S, true), &Choice::Only(Backend::Msr));
}

/// Two packages and their memory: four files.
#[divan::bench(sample_count = 2_000, sample_size = 1)]
fn powercap_two_sockets(bencher: Bencher<'_, '_>) {
    sample(bencher, Moving::new(tree::INTEL_SERVER_2S, false), &Choice::Only(Backend::Powercap));
}

/// Powercap and coretemp together: six files.
#[divan::bench(sample_count = 2_000, sample_size = 1)]
fn powercap_and_hwmon_two_sockets(bencher: Bencher<'_, '_>) {
    sample(bencher, Moving::new(tree::INTEL_SERVER_2S, false), &Choice::Auto);
}

/// One file for the die, and one for the model's CPU time.
#[divan::bench(sample_count = 2_000, sample_size = 1)]
fn hwmon_zones_and_model(bencher: Bencher<'_, '_>) {
    sample(bencher, Moving::new(tree::ARM_BOARD, false), &Choice::Auto);
}

/// CPU time out of one file.
#[divan::bench(sample_count = 2_000, sample_size = 1)]
fn model_on_proc_stat(bencher: Bencher<'_, '_>) {
    sample(bencher, Moving::new("", false), &Choice::Auto);
}

/// One count by the kernel's own counter.
#[divan::bench]
fn perf_event(bencher: Bencher<'_, '_>) {
    match PerfMeter::new(tree::plant(SOFTWARE).path(), KernelEvents) {
        Ok(mut meter) => bencher.bench_local(|| meter.count(0, Moment(0)).expect("the event was opened")),
        Err(why) => println!("skipped, because {why}"),
    }
}

/// An hour's recording, looked up at a time in its middle.
#[divan::bench]
fn replay_of_an_hour(bencher: Bencher<'_, '_>) {
    let mut text = String::from("t_s,die_c,power_w\n");
    for row in 0..36_000 {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}.{},{},50", row / 10, row % 10, 50 + row % 2);
    }
    let trace = Trace::parse(&text, Path::new("an-hour.csv"), &ThermalParameters::DEMONSTRATION);
    let sensor = ReplaySensor::new(trace.expect("it is one"));
    let mut row = 0;
    bencher.bench_local(|| {
        row = (row + 1) % 36_000;
        sensor.sample(divan::black_box(Moment(row * WINDOW.0)))
    });
}
