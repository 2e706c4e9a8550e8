//! One contract for every thermometer, and what each finds on which machine.

mod common;
mod driver;

use common::tree::{self, plant, remove, rewrite};
use driver::{Driver, GPU_IS_LOST, OK, TWO_GPUS};
use maxwell_core::units::Celsius;
use maxwell_physics::nvml::Gpus;
use maxwell_physics::thermometer::Thermometer;
use maxwell_physics::thermometer::kernel::{BOARD_ERROR, DIE_ERROR, KernelThermometer};
use proptest::prelude::*;
use std::fs;
use tempfile::TempDir;

/// A way in which the hottest die can stop giving a temperature.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Vanished,
    Empty,
    Garbage,
    Unreadable,
}

/// A machine with a thermometer whose first probe the contract plays with.
trait Rig {
    fn name(&self) -> &'static str;

    fn open(&self) -> Box<dyn Thermometer>;

    /// Label, socket, degrees and limit of every probe.
    fn expected(&self) -> Vec<(&'static str, Option<u16>, f64, Option<f64>)>;

    /// What the first probe is to say from now on, whole degrees, whatever was wrong with it.
    fn heat(&self, degrees: i32);

    /// Breaks the first probe; false where this backend cannot break in that way.
    fn breaks(&self, fault: Fault) -> bool;
}

/// Files of the kernel.
struct Files {
    name: &'static str,
    root: TempDir,
    first: &'static str,
    expected: Vec<(&'static str, Option<u16>, f64, Option<f64>)>,
}

impl Rig for Files {
    fn name(&self) -> &'static str {
        self.name
    }

    fn open(&self) -> Box<dyn Thermometer> {
        Box::new(
            KernelThermometer::open(self.root.path())
                .unwrap_or_else(|error| panic!("{}: {error}", self.name)),
        )
    }

    fn expected(&self) -> Vec<(&'static str, Option<u16>, f64, Option<f64>)> {
        self.expected.clone()
    }

    fn heat(&self, degrees: i32) {
        if self.root.path().join(self.first).is_dir() {
            remove(self.root.path(), self.first);
        }
        rewrite(self.root.path(), self.first, format!("{}\n", degrees * 1_000));
    }

    fn breaks(&self, fault: Fault) -> bool {
        let root = self.root.path();
        match fault {
            Fault::Empty => rewrite(root, self.first, ""),
            Fault::Garbage => rewrite(root, self.first, "hot\n"),
            Fault::Vanished | Fault::Unreadable => {
                // A descriptor of a device that is gone reads nothing, for ever.
                rewrite(root, self.first, "");
                remove(root, self.first);
                if matches!(fault, Fault::Unreadable) {
                    // The tests run as root too, whom no permission keeps from reading.
                    fs::create_dir(root.join(self.first)).unwrap();
                }
            }
        }
        true
    }
}

/// GPUs behind a fake driver.
struct Cards(Driver);

impl Rig for Cards {
    fn name(&self) -> &'static str {
        "nvml"
    }

    fn open(&self) -> Box<dyn Thermometer> {
        Box::new(Gpus::open(Some(&self.0.library())).unwrap_or_else(|error| panic!("{error}")))
    }

    fn expected(&self) -> Vec<(&'static str, Option<u16>, f64, Option<f64>)> {
        vec![("GPU 0 (Fake GPU)", None, 61.0, Some(93.0)), ("GPU 1 (Fake GPU)", None, 44.0, Some(97.0))]
    }

    fn heat(&self, degrees: i32) {
        self.0.answers("celsius", 0, OK, i64::from(degrees));
    }

    fn breaks(&self, fault: Fault) -> bool {
        if matches!(fault, Fault::Vanished) {
            self.0.answers("celsius", 0, GPU_IS_LOST, 0);
        }
        matches!(fault, Fault::Vanished)
    }
}

fn rigs() -> Vec<Box<dyn Rig>> {
    let files = |name, text, first, expected| -> Box<dyn Rig> {
        Box::new(Files { name, root: plant(text), first, expected })
    };
    let mut rigs = vec![
        files(
            "intel-desktop",
            tree::INTEL_DESKTOP,
            "sys/class/hwmon/hwmon2/temp1_input",
            vec![("package 0", Some(0), 47.0, Some(100.0))],
        ),
        files(
            "intel-server-2s",
            tree::INTEL_SERVER_2S,
            "sys/class/hwmon/hwmon1/temp1_input",
            vec![("package 0", Some(0), 55.0, Some(91.0)), ("package 1", Some(1), 61.0, Some(91.0))],
        ),
        files(
            "amd-epyc",
            tree::AMD_EPYC,
            "sys/class/hwmon/hwmon1/temp1_input",
            vec![("Tctl", Some(0), 56.25, None)],
        ),
        files(
            "arm-board",
            tree::ARM_BOARD,
            "sys/class/thermal/thermal_zone0/temp",
            vec![("cpu-thermal", None, 48.333, Some(95.0))],
        ),
    ];
    rigs.extend(Driver::build(TWO_GPUS, &[]).map(|driver| -> Box<dyn Rig> { Box::new(Cards(driver)) }));
    rigs
}

#[test]
fn every_probe_says_what_it_is_and_the_right_figure() {
    for rig in rigs() {
        let mut thermometer = rig.open();
        let expected = rig.expected();
        assert_eq!(thermometer.probes().len(), expected.len(), "{}", rig.name());
        for (place, (label, socket, degrees, limit)) in expected.into_iter().enumerate() {
            let probe = thermometer.probes()[place].clone();
            assert_eq!((probe.label.as_str(), probe.socket), (label, socket), "{}", rig.name());
            assert_eq!((probe.limit, probe.error), (limit.map(Celsius), DIE_ERROR), "{}", rig.name());
            assert_eq!(thermometer.celsius(place), Ok(Celsius(degrees)), "{}", rig.name());
        }
    }
}

#[test]
fn a_die_that_heats_is_followed_below_zero_too() {
    for rig in rigs() {
        let mut thermometer = rig.open();
        for degrees in [-60, -5, 0, 99, 200] {
            rig.heat(degrees);
            assert_eq!(thermometer.celsius(0), Ok(Celsius(f64::from(degrees))), "{}", rig.name());
        }
    }
}

#[test]
fn what_no_die_can_have_is_an_error() {
    for rig in rigs() {
        let mut thermometer = rig.open();
        for degrees in [-61, 201, -274, 2_000_000] {
            rig.heat(degrees);
            let error = thermometer.celsius(0).expect_err(rig.name()).to_string();
            assert_eq!(error, format!("no die is at {degrees} °C"), "{}", rig.name());
        }
        rig.heat(50);
        assert_eq!(thermometer.celsius(0), Ok(Celsius(50.0)), "{}", rig.name());
    }
}

#[test]
fn a_probe_that_breaks_is_an_error_and_is_read_again_when_it_is_whole() {
    for rig in rigs() {
        let mut thermometer = rig.open();
        for fault in [Fault::Vanished, Fault::Empty, Fault::Garbage, Fault::Unreadable] {
            if rig.breaks(fault) {
                for _ in 0..2 {
                    let error = thermometer.celsius(0).expect_err(rig.name()).to_string();
                    assert!(!error.is_empty(), "{} {fault:?}", rig.name());
                }
                for place in 1..thermometer.probes().len() {
                    assert!(thermometer.celsius(place).is_ok(), "{} {fault:?}: its neighbour", rig.name());
                }
                rig.heat(63);
                assert_eq!(thermometer.celsius(0), Ok(Celsius(63.0)), "{} {fault:?}", rig.name());
            }
        }
    }
}

/// The thermometer of a small machine, which must have one.
fn taken(text: &str) -> (TempDir, KernelThermometer) {
    let root = plant(text);
    let thermometer = KernelThermometer::open(root.path()).unwrap_or_else(|refusal| panic!("{refusal}"));
    (root, thermometer)
}

fn labels(thermometer: &KernelThermometer) -> Vec<&str> {
    thermometer.probes().iter().map(|probe| probe.label.as_str()).collect()
}

#[test]
fn a_machine_without_thermometers_is_refused() {
    let refusal = KernelThermometer::open(plant("").path()).unwrap_err().to_string();
    assert!(refusal.ends_with("/thermal hold no thermometer"), "{refusal}");
}

#[test]
fn what_is_no_die_is_named() {
    let text = "sys/class/hwmon/hwmon0/name = nvme\nsys/class/hwmon/hwmon0/temp1_input = 40000\n\
        sys/class/hwmon/hwmon1/temp1_input = 40000\nsys/class/thermal/thermal_zone3/type = iwlwifi_1\n\
        sys/class/thermal/thermal_zone4/type = cpu-thermal\nsys/class/thermal/thermal_zone4/temp = oops\n\
        sys/class/thermal/thermal_zone5/type = soc-thermal\nsys/class/thermal/thermal_zone5/mode = disabled";
    let refusal = KernelThermometer::open(plant(text).path()).unwrap_err().to_string();
    for clause in [
        "hwmon0 is nvme",
        "hwmon1 does not say what it is",
        "thermal_zone3 is iwlwifi_1",
        "thermal_zone5 (soc-thermal) is disabled",
        "cpu-thermal gives nothing now (",
        "\"oops\" is no whole number",
    ] {
        assert!(refusal.contains(clause), "{clause:?} is not in {refusal}");
    }
}

#[test]
fn the_die_is_better_than_its_control_temperature() {
    let chip = "sys/class/hwmon/hwmon0";
    let text = format!(
        "{chip}/name = k10temp\n{chip}/temp1_label = Tctl\n{chip}/temp1_input = 82000\n\
         {chip}/temp2_label = Tdie\n{chip}/temp2_input = 55000"
    );
    let (_root, mut thermometer) = taken(&text);
    assert_eq!(labels(&thermometer), ["Tdie"]);
    assert_eq!(thermometer.celsius(0), Ok(Celsius(55.0)));
}

#[test]
fn chips_come_in_the_order_of_their_numbers_and_two_of_amd_have_no_known_socket() {
    let chip = |number, degrees| {
        let chip = format!("sys/class/hwmon/hwmon{number}");
        format!("{chip}/name = zenpower\n{chip}/temp1_label = Tdie\n{chip}/temp1_input = {degrees}000\n")
    };
    let (_root, mut thermometer) = taken(&(chip(10, 70) + &chip(2, 60)));
    assert_eq!((thermometer.celsius(0), thermometer.celsius(1)), (Ok(Celsius(60.0)), Ok(Celsius(70.0))));
    assert!(thermometer.probes().iter().all(|probe| probe.socket.is_none()));
}

#[test]
fn the_hottest_core_stands_for_a_package_without_a_thermometer_and_cores_may_go_offline() {
    let chip = "sys/class/hwmon/hwmon0";
    let core = |number, degrees| {
        format!("{chip}/temp{number}_label = Core {number}\n{chip}/temp{number}_input = {degrees}000\n")
    };
    let text = format!("{chip}/name = coretemp\n{chip}/temp2_crit = 90000\n") + &core(2, 50) + &core(3, 58);
    let (root, mut thermometer) = taken(&text);
    assert_eq!(labels(&thermometer), ["hottest core of hwmon0"]);
    assert_eq!(thermometer.probes()[0].limit, Some(Celsius(90.0)));
    assert_eq!(thermometer.celsius(0), Ok(Celsius(58.0)));
    let hot = format!("{chip}/temp3_input");
    rewrite(root.path(), &hot, "hot");
    assert!(thermometer.celsius(0).is_err(), "the hottest core is not known");
    remove(root.path(), &hot);
    assert_eq!(thermometer.celsius(0), Ok(Celsius(50.0)));
}

#[test]
fn a_chip_that_comes_back_as_another_is_not_read() {
    let root = plant(tree::INTEL_DESKTOP);
    let mut thermometer = KernelThermometer::open(root.path()).unwrap();
    rewrite(root.path(), "sys/class/hwmon/hwmon2/temp1_input", "");
    rewrite(root.path(), "sys/class/hwmon/hwmon2/name", "nvme\n");
    remove(root.path(), "sys/class/hwmon/hwmon2/temp1_input");
    rewrite(root.path(), "sys/class/hwmon/hwmon2/temp1_input", "30000\n");
    let error = thermometer.celsius(0).unwrap_err().to_string();
    assert!(error.ends_with("name said \"coretemp\" once and says \"nvme\" now"), "{error}");
}

#[test]
fn a_zone_of_the_package_is_taken_where_its_chip_is_not_there_and_the_board_last_of_all() {
    let root = plant(tree::INTEL_DESKTOP);
    remove(root.path(), "sys/class/hwmon/hwmon2");
    let thermometer = KernelThermometer::open(root.path()).unwrap();
    assert_eq!(labels(&thermometer), ["x86_pkg_temp"]);
    assert_eq!(thermometer.probes()[0].limit, None, "-274 °C is no limit");
    remove(root.path(), "sys/class/thermal/thermal_zone1");
    let mut thermometer = KernelThermometer::open(root.path()).unwrap();
    assert_eq!(labels(&thermometer), ["acpitz (the board, not the die)"]);
    let probe = &thermometer.probes()[0];
    assert_eq!((probe.error, probe.limit), (BOARD_ERROR, Some(Celsius(105.0))));
    assert_eq!(thermometer.celsius(0), Ok(Celsius(27.8)));
}

#[test]
fn chips_of_arm_processors_are_better_than_their_zones() {
    let chip = "sys/class/hwmon/hwmon0";
    let text = format!(
        "{}\n{chip}/name = cpu_thermal\n{chip}/temp1_input = 49000\n{chip}/temp1_crit = 110000",
        tree::ARM_BOARD
    );
    let (_root, thermometer) = taken(&text);
    assert_eq!(labels(&thermometer), ["cpu_thermal"]);
    assert_eq!(thermometer.probes()[0].limit, Some(Celsius(110.0)));
}

#[test]
fn a_package_that_gives_nothing_at_first_fails_every_reading_until_it_does() {
    let root = plant(tree::INTEL_SERVER_2S);
    let input = "sys/class/hwmon/hwmon2/temp1_input";
    rewrite(root.path(), input, "");
    let mut thermometer = KernelThermometer::open(root.path()).unwrap();
    assert_eq!(labels(&thermometer), ["package 0", "package 1"]);
    assert!(thermometer.left_out().iter().any(|clause| clause.starts_with("package 1 gives nothing now")));
    assert!(thermometer.celsius(1).is_err());
    rewrite(root.path(), input, "61000\n");
    assert_eq!(thermometer.celsius(1), Ok(Celsius(61.0)));
}

#[test]
fn the_board_does_not_stand_in_for_a_die_that_gives_nothing() {
    let root = plant(tree::INTEL_DESKTOP);
    for chip in 0..4 {
        let folder = root.path().join(format!("sys/class/hwmon/hwmon{chip}"));
        let name = std::fs::read_to_string(folder.join("name")).unwrap_or_default();
        if name.trim() == "coretemp" {
            for probe in 1..30 {
                let input = format!("sys/class/hwmon/hwmon{chip}/temp{probe}_input");
                if root.path().join(&input).exists() {
                    rewrite(root.path(), &input, "");
                }
            }
        }
    }
    for zone in 0..4 {
        let folder = format!("sys/class/thermal/thermal_zone{zone}");
        let kind = std::fs::read_to_string(root.path().join(&folder).join("type")).unwrap_or_default();
        if kind.trim() == "x86_pkg_temp" {
            rewrite(root.path(), &format!("{folder}/temp"), "");
        }
    }
    let refusal = KernelThermometer::open(root.path()).unwrap_err();
    assert!(refusal.to_string().contains("package 0 gives nothing now"), "{refusal}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever firmware and drivers write: no panic, and every temperature that comes out is one.
    #[test]
    fn whatever_stands_in_the_files_a_temperature_is_one(
        name in prop_oneof!["coretemp", "k10temp", "cpu_thermal", "\\PC{0,8}"],
        label in prop_oneof!["Package id [0-9]{1,7}", "Core 1", "Tctl", "\\PC{0,8}"],
        values in prop::collection::vec(
            prop_oneof![any::<i64>().prop_map(|number| number.to_string()), "\\PC{0,12}", "-?[0-9]{1,6}"], 3),
    ) {
        let root = plant("");
        let chip = "sys/class/hwmon/hwmon0";
        rewrite(root.path(), &format!("{chip}/name"), &name);
        rewrite(root.path(), &format!("{chip}/temp1_label"), &label);
        rewrite(root.path(), &format!("{chip}/temp1_crit"), &values[0]);
        rewrite(root.path(), &format!("{chip}/temp1_input"), &values[1]);
        if let Ok(mut thermometer) = KernelThermometer::open(root.path()) {
            prop_assert!(thermometer.probes()[0].limit.is_none_or(|limit| (40.0..=150.0).contains(&limit.0)));
            rewrite(root.path(), &format!("{chip}/temp1_input"), &values[2]);
            if let Ok(celsius) = thermometer.celsius(0) {
                let written: f64 = values[2].trim().parse().unwrap();
                prop_assert_eq!(celsius, Celsius(written / 1e3));
                prop_assert!((-60.0..=200.0).contains(&celsius.0));
            }
        }
    }
}
