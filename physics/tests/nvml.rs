//! GPUs through a fake driver library: what is refused and why, energy with and without a counter, GPUs that are lost.

mod driver;

use driver::{DRIVER_NOT_LOADED, Driver, GPU_IS_LOST, LIB_RM_VERSION_MISMATCH, NOT_SUPPORTED, OK, TWO_GPUS};
use maxwell_core::units::{Celsius, Microjoules, Moment};
use maxwell_physics::meter::EnergyMeter;
use maxwell_physics::meter::counter::{CountUnit, Counter, Step};
use maxwell_physics::nvml::Gpus;
use maxwell_physics::sensor::PartKind;
use maxwell_physics::thermometer::Thermometer;
use std::path::Path;

fn at_ms(millis: u64) -> Moment {
    Moment(millis * 1_000_000)
}

fn open(driver: &Driver) -> Gpus {
    Gpus::open(Some(&driver.library())).unwrap_or_else(|refusal| panic!("{refusal}"))
}

fn refusal(driver: &Driver) -> String {
    Gpus::open(Some(&driver.library())).err().expect("it should be refused").to_string()
}

#[test]
fn a_machine_without_the_library_is_refused_with_the_reason() {
    let refusal = Gpus::open(Some(Path::new("/nonexistent/libnvidia-ml.so.1"))).err().unwrap().to_string();
    assert!(refusal.starts_with("the library cannot be loaded (/nonexistent/"), "{refusal}");
}

#[test]
fn two_gpus_say_what_they_are() {
    let Some(driver) = Driver::build(TWO_GPUS, &[]) else { return };
    let gpus = open(&driver);
    let domains: Vec<_> = gpus.domains().iter().map(|domain| (domain.kind, domain.unit)).collect();
    assert_eq!(domains, [(PartKind::Gpu, CountUnit::MILLIJOULE), (PartKind::Gpu, CountUnit::MICROJOULE)]);
    assert_eq!(gpus.domains()[1].label, "GPU 1 (Fake GPU)");
    assert_eq!(gpus.probes()[0].limit, Some(Celsius(93.0)));
    assert!(gpus.left_out().is_empty());
}

#[test]
fn the_counter_is_read_where_there_is_one_and_power_is_integrated_where_there_is_none() {
    let Some(driver) = Driver::build(TWO_GPUS, &[]) else { return };
    let mut gpus = open(&driver);
    let mut counters: Vec<Counter> =
        gpus.domains().iter().map(|domain| Counter::new(domain.unit, domain.modulus)).collect();
    for tenth in 0..=10 {
        driver.answers("energy", 0, OK, 7_000_000 + 30_000 * tenth);
        for (domain, counter) in counters.iter_mut().enumerate() {
            let now = at_ms(tenth as u64 * 100);
            assert_eq!(counter.advance(now, gpus.count(domain, now).unwrap()), Step::Known);
        }
    }
    let energies: Vec<_> = counters.iter().map(Counter::energy).collect();
    assert_eq!(energies, [Microjoules::from_joules(300), Microjoules::from_joules(50)]);
}

#[test]
fn a_library_too_old_to_know_energy_counters_leaves_power_to_integrate() {
    let Some(driver) = Driver::build(TWO_GPUS, &["WITHOUT_ENERGY"]) else { return };
    assert!(open(&driver).domains().iter().all(|domain| domain.unit == CountUnit::MICROJOULE));
}

#[test]
fn a_library_that_lacks_the_beginning_is_refused() {
    let Some(driver) = Driver::build(TWO_GPUS, &["WITHOUT_INIT"]) else { return };
    assert!(refusal(&driver).starts_with("the library does not start: function symbol failed to load"));
}

#[test]
fn a_library_without_an_end_is_refused_and_does_not_panic() {
    let Some(driver) = Driver::build(TWO_GPUS, &["WITHOUT_SHUTDOWN"]) else { return };
    assert!(refusal(&driver).contains("nvmlShutdown"));
}

#[test]
fn a_gpu_that_falls_off_the_bus_fails_alone_and_is_read_again_when_it_is_back() {
    let Some(driver) = Driver::build(TWO_GPUS, &[]) else { return };
    let mut gpus = open(&driver);
    driver.answers("handle", 0, GPU_IS_LOST, 0);
    let why = gpus.celsius(0).unwrap_err().to_string();
    assert!(why.starts_with("GPU 0: device fell off the bus"), "{why}");
    assert!(gpus.count(0, at_ms(100)).is_err());
    assert_eq!(gpus.celsius(1), Ok(Celsius(44.0)));
    assert!(gpus.count(1, at_ms(100)).is_ok());
    driver.answers("handle", 0, OK, 0);
    assert_eq!(gpus.celsius(0), Ok(Celsius(61.0)));
    assert_eq!(gpus.count(0, at_ms(200)), Ok(7_000_000));
}

#[test]
fn a_gpu_that_is_lost_from_the_start_is_left_out_by_name() {
    let Some(driver) = Driver::build(TWO_GPUS, &[]) else { return };
    driver.answers("handle", 0, GPU_IS_LOST, 0);
    let mut gpus = open(&driver);
    assert!(gpus.left_out()[0].starts_with("GPU 0 cannot be read"), "{:?}", gpus.left_out());
    assert_eq!((gpus.probes().len(), gpus.celsius(0)), (1, Ok(Celsius(44.0))));
}

#[test]
fn a_power_that_no_gpu_draws_is_not_integrated() {
    let Some(driver) = Driver::build(TWO_GPUS, &[]) else { return };
    let mut gpus = open(&driver);
    gpus.count(1, at_ms(0)).unwrap();
    driver.answers("power", 1, OK, 4_000_000_000);
    assert!(gpus.count(1, at_ms(100)).is_err());
    driver.answers("power", 1, OK, 50_000);
    assert_eq!(gpus.count(1, at_ms(200)), Ok(10_000_000));
}

#[test]
fn a_clone_is_the_thermometer_while_the_other_is_the_meter() {
    let Some(driver) = Driver::build(TWO_GPUS, &[]) else { return };
    let mut meter = open(&driver);
    let mut thermometer = meter.clone();
    assert_eq!((meter.count(0, at_ms(0)), thermometer.celsius(0)), (Ok(7_000_000), Ok(Celsius(61.0))));
    drop(meter);
    assert_eq!(thermometer.celsius(1), Ok(Celsius(44.0)));
}

#[test]
fn what_does_not_start_is_refused_with_what_to_do() {
    let Some(driver) = Driver::build(TWO_GPUS, &[]) else { return };
    driver.answers("init", 0, LIB_RM_VERSION_MISMATCH, 0);
    assert!(refusal(&driver).contains("different versions"));
    driver.answers("init", 0, DRIVER_NOT_LOADED, 0);
    assert!(refusal(&driver).contains("not loaded"));
    driver.says("init 0 0 0\ncount 0 0 0\n");
    assert_eq!(refusal(&driver), "the driver knows no GPU");
    driver.says("init 0 0 0\ncount 0 0 1\nhandle 0 0 0\n");
    let why = refusal(&driver);
    assert!(why.starts_with("GPU 0 cannot be read: the requested operation"), "{why}");
    driver.says("init 0 0 0\n");
    driver.answers("count", 0, NOT_SUPPORTED, 0);
    assert!(refusal(&driver).starts_with("no GPUs can be counted"));
}
