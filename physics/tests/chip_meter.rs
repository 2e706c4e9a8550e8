//! Power and energy of packages from monitoring chips.

mod common;

use common::tree::{self, plant, remove, rewrite};
use maxwell_core::units::{Microjoules, Moment};
use maxwell_physics::meter::EnergyMeter;
use maxwell_physics::meter::counter::{Counter, Step};
use maxwell_physics::meter::hwmon::ChipMeter;

const CHIP: &str = "sys/class/hwmon/hwmon1";

fn at_ms(millis: u64) -> Moment {
    Moment(millis * 1_000_000)
}

/// A chip of zenpower with 60 W in the cores and 12.5 W beside them; the currents are not powers.
fn zenpower() -> String {
    format!(
        "{CHIP}/name = zenpower\n{CHIP}/power1_label = SVI2_P_Core\n{CHIP}/power1_input = 60000000\n\
         {CHIP}/power2_label = SVI2_P_SoC\n{CHIP}/power2_input = 12500000\n\
         {CHIP}/curr1_label = SVI2_C_Core\n{CHIP}/curr1_input = 51000\n"
    )
}

/// Two sockets of `amd_energy` with a core each.
const AMD_ENERGY: &str = "sys/class/hwmon/hwmon3/name = amd_energy\n\
    sys/class/hwmon/hwmon3/energy1_label = Ecore000\nsys/class/hwmon/hwmon3/energy1_input = 77\n\
    sys/class/hwmon/hwmon3/energy2_label = Esocket0\nsys/class/hwmon/hwmon3/energy2_input = 1000000\n\
    sys/class/hwmon/hwmon3/energy10_label = Esocket1\nsys/class/hwmon/hwmon3/energy10_input = 2000000\n";

fn labels(meter: &ChipMeter) -> Vec<(&str, Option<u16>)> {
    meter.domains().iter().map(|domain| (domain.label.as_str(), domain.socket)).collect()
}

#[test]
fn the_powers_of_a_package_are_added_and_integrated() {
    let root = plant(&zenpower());
    let mut meter = ChipMeter::open(root.path()).unwrap();
    assert_eq!(labels(&meter), [("package 0", Some(0))]);
    let mut counter = Counter::new(meter.domains()[0].unit, meter.domains()[0].modulus);
    for tenth in 0..=10 {
        assert_eq!(
            counter.advance(at_ms(tenth * 100), meter.count(0, at_ms(tenth * 100)).unwrap()),
            Step::Known
        );
    }
    assert_eq!(counter.energy(), Microjoules(72_500_000));
}

#[test]
fn half_a_package_is_none() {
    let root = plant(&zenpower());
    remove(root.path(), &format!("{CHIP}/power2_label"));
    let refusal = ChipMeter::open(root.path()).unwrap_err().to_string();
    assert!(refusal.contains("hwmon1 (zenpower) says power or energy, but not of a package"), "{refusal}");
}

#[test]
fn a_power_that_fails_is_an_error_and_the_others_are_not_counted_alone() {
    let root = plant(&zenpower());
    let mut meter = ChipMeter::open(root.path()).unwrap();
    assert_eq!(meter.count(0, at_ms(0)), Ok(0));
    let input = format!("{CHIP}/power1_input");
    for wrong in ["", "watts", "-5", "9000000000"] {
        rewrite(root.path(), &input, wrong);
        assert!(meter.count(0, at_ms(50)).is_err(), "{wrong:?}");
    }
    rewrite(root.path(), &input, "60000000");
    assert_eq!(meter.count(0, at_ms(100)), Ok(7_250_000));
}

#[test]
fn the_old_amd_driver_says_the_power_of_its_package() {
    let root = plant(&format!("{CHIP}/name = fam15h_power\n{CHIP}/power1_input = 40000000"));
    let mut meter = ChipMeter::open(root.path()).unwrap();
    meter.count(0, at_ms(0)).unwrap();
    assert_eq!(meter.count(0, at_ms(1_000)), Ok(40_000_000));
}

#[test]
fn counters_of_sockets_are_better_than_integrals_and_cores_are_not_counted_twice() {
    let root = plant(&(zenpower() + AMD_ENERGY));
    let mut meter = ChipMeter::open(root.path()).unwrap();
    assert_eq!(labels(&meter), [("package 0", Some(0)), ("package 1", Some(1))]);
    assert_eq!((meter.count(0, at_ms(0)), meter.count(1, at_ms(0))), (Ok(1_000_000), Ok(2_000_000)));
    assert_eq!(meter.left_out(), ["zenpower measures the same as amd_energy"]);
}

#[test]
fn what_measures_a_whole_system_is_left_out_by_name() {
    let refusal = ChipMeter::open(plant(tree::INTEL_SERVER_2S).path()).unwrap_err().to_string();
    assert!(refusal.contains("hwmon0 ("), "{refusal}");
    assert!(refusal.contains("says power or energy, but not of a package"), "{refusal}");
    let refusal = ChipMeter::open(plant(tree::ARM_BOARD).path()).unwrap_err().to_string();
    assert!(refusal.ends_with("measures the power of a package"), "{refusal}");
}
