//! What sampling costs: under a thousandth of a core at ten samples a second, as CPU time of the sampling thread.
//!
//! The files lie in a temporary folder, so the kernel's own work behind a real attribute is not in it.

mod moving;

use maxwell_physics::select::{Backend, Choice};
use moving::{Moving, tree};
use rustix::time::{ClockId, clock_gettime};

/// A thousandth of a core, shared by ten samples a second.
const SAMPLE_NS_MAX: i64 = 1_000_000_000 / 1_000 / 10;
const SAMPLES: i64 = 500;

/// CPU time of this thread, which other programs do not lengthen.
fn cpu_ns() -> i64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// Mean cost of a sample; every one must be believed, because a refusal may be cheaper.
fn mean_ns(mut machine: Moving, choice: &Choice) -> i64 {
    let sensor = machine.open(choice).sensor;
    // The first sample only begins, because a power needs two counts.
    let _ = sensor.sample(machine.advance());
    let mut spent = 0;
    for _ in 0..SAMPLES {
        let now = machine.advance();
        let before = cpu_ns();
        let reading = sensor.sample(now);
        spent += cpu_ns() - before;
        reading.unwrap_or_else(|error| panic!("{error}"));
    }
    spent / SAMPLES
}

#[test]
fn powercap_and_thermometers_of_two_sockets_cost_less_than_a_thousandth_of_a_core() {
    let mean = mean_ns(Moving::new(tree::INTEL_SERVER_2S, false), &Choice::Auto);
    assert!(mean < SAMPLE_NS_MAX, "{mean} ns a sample");
}

#[test]
fn registers_of_two_sockets_cost_less_than_a_thousandth_of_a_core() {
    let mean = mean_ns(Moving::new(tree::INTEL_SERVER_2S, true), &Choice::Only(Backend::Msr));
    assert!(mean < SAMPLE_NS_MAX, "{mean} ns a sample");
}
