//! The choice of a backend on fixture trees, and what is said about it.

mod common;

use common::tree::{self, plant};
use maxwell_core::tick::Provenance;
use maxwell_core::units::{Microjoules, Moment};
use maxwell_physics::load::LoadMeter;
use maxwell_physics::model::MachineModel;
use maxwell_physics::select::{Backend, Choice, ModelInputs, Outcome, SelectError, Selection, Tier, choose};
use maxwell_physics::sensor::ErrorBars;
use std::fs;
use std::path::Path;
use std::sync::Arc;

fn inputs() -> ModelInputs {
    ModelInputs {
        machine: MachineModel::DEMONSTRATION,
        load: Arc::new(LoadMeter::new()),
        errors: ErrorBars::UNCALIBRATED,
    }
}

fn outcome(selection: &Selection, backend: Backend) -> Outcome {
    selection.verdicts.iter().find(|verdict| verdict.backend == backend).unwrap().outcome.clone()
}

/// Every backend has a verdict with a reason, in the documented order, and something was taken.
fn check_whole(selection: &Selection) {
    let order: Vec<Backend> = selection.verdicts.iter().map(|verdict| verdict.backend).collect();
    assert_eq!(order, Backend::ORDER);
    assert!(selection.verdicts.iter().all(|verdict| !verdict.why().is_empty()), "{:?}", selection.verdicts);
    assert!(!taken(selection).is_empty(), "{:?}", selection.verdicts);
}

fn taken(selection: &Selection) -> Vec<Backend> {
    let is_taken = |verdict: &&maxwell_physics::select::Verdict| matches!(verdict.outcome, Outcome::Taken(_));
    selection.verdicts.iter().filter(is_taken).map(|verdict| verdict.backend).collect()
}

/// What is taken on a machine, its tier, and what a backend says of itself there.
fn check_machine(text: &str, expected: &[Backend], tier: Tier, said: &[(Backend, &str)]) {
    let root = plant(text);
    let selection = choose(root.path(), &Choice::Auto, inputs()).unwrap();
    check_whole(&selection);
    assert_eq!(taken(&selection), expected, "{:?}", selection.verdicts);
    assert_eq!(selection.tier, tier);
    for (backend, words) in said {
        let why = outcome(&selection, *backend);
        assert!(format!("{why:?}").contains(words), "{backend:?} does not say {words:?}: {why:?}");
    }
}

#[test]
fn an_empty_machine_comes_down_to_the_model() {
    let root = tempfile::tempdir().unwrap();
    let selection = choose(root.path(), &Choice::Auto, inputs()).unwrap();
    check_whole(&selection);
    assert_eq!(taken(&selection), [Backend::Model]);
    let msr = selection.verdicts[0].to_string();
    assert!(msr.starts_with("msr: refused: no energy: "), "{msr}");
    assert_eq!(selection.tier, Tier::Modelled);
    assert_eq!(selection.tier.to_string(), "tier 4: all modelled");
    let reading = selection.sensor.sample(Moment(0)).unwrap();
    assert_eq!((reading.energy.value, reading.energy.provenance), (Microjoules::ZERO, Provenance::Modelled));
}

#[test]
fn a_desktop_counts_energy_through_powercap_and_reads_its_die_through_coretemp() {
    let said = [
        (Backend::Msr, "modprobe msr"),
        (Backend::Perf, "is not this machine"),
        (Backend::Powercap, "counts the energy of package 0"),
        (Backend::Hwmon, "reads the temperature of package 0"),
        (Backend::Nvml, "driver of this machine"),
        (Backend::Model, "power and temperature are measured"),
    ];
    check_machine(tree::INTEL_DESKTOP, &[Backend::Powercap, Backend::Hwmon], Tier::Uncalibrated, &said);
}

#[test]
fn a_server_has_two_packages_and_an_epyc_its_own_thermometer() {
    let server =
        [(Backend::Powercap, "package 0"), (Backend::Powercap, "package 1"), (Backend::Hwmon, "package 1")];
    check_machine(tree::INTEL_SERVER_2S, &[Backend::Powercap, Backend::Hwmon], Tier::Uncalibrated, &server);
    let epyc = [(Backend::Powercap, "package 0"), (Backend::Hwmon, "Tctl")];
    check_machine(tree::AMD_EPYC, &[Backend::Powercap, Backend::Hwmon], Tier::Uncalibrated, &epyc);
}

#[test]
fn a_board_has_its_temperature_and_the_model_has_its_power() {
    let said = [
        (Backend::Powercap, "no energy: "),
        (Backend::Hwmon, "cpu-thermal"),
        (Backend::Model, "power from CPU time"),
    ];
    check_machine(tree::ARM_BOARD, &[Backend::Hwmon, Backend::Model], Tier::TemperatureOnly, &said);
}

#[test]
fn registers_come_before_files_and_give_both() {
    let root = plant(tree::INTEL_SERVER_2S);
    let registers =
        [(0x606, 0x000a_0e03), (0x611, 9), (0x619, 9), (0x1a2, 91 << 16), (0x1b1, 1 << 31 | 40 << 16)];
    (0..2).for_each(|cpu| tree::lay_registers(root.path(), cpu, &registers));
    let selection = choose(root.path(), &Choice::Auto, inputs()).unwrap();
    check_whole(&selection);
    assert_eq!(taken(&selection), [Backend::Msr]);
    let powercap = outcome(&selection, Backend::Powercap);
    assert_eq!(powercap, Outcome::Refused("msr counts the energy".to_owned()));
    let hwmon = outcome(&selection, Backend::Hwmon);
    assert_eq!(hwmon, Outcome::Refused("msr reads the die; msr counts the energy".to_owned()));
}

#[test]
fn one_backend_alone_on_request_and_nothing_in_its_place() {
    let root = plant(tree::INTEL_DESKTOP);
    let only = |backend| choose(root.path(), &Choice::Only(backend), inputs());
    let selection = only(Backend::Powercap).unwrap();
    assert_eq!(taken(&selection), [Backend::Powercap, Backend::Model]);
    assert_eq!(selection.tier, Tier::Uncalibrated);
    let selection = only(Backend::Hwmon).unwrap();
    assert_eq!(taken(&selection), [Backend::Hwmon, Backend::Model]);
    assert_eq!(selection.tier, Tier::TemperatureOnly);
    let Err(SelectError::Unavailable(verdict)) = only(Backend::Msr) else { panic!("there are no registers") };
    assert_eq!(verdict.backend, Backend::Msr);
    assert!(matches!(only(Backend::Replay), Err(SelectError::NoTrace)));
}

#[test]
fn the_model_on_request() {
    let selection = choose(Path::new("/"), &Choice::Only(Backend::Model), inputs()).unwrap();
    check_whole(&selection);
    assert_eq!(outcome(&selection, Backend::Model), Outcome::Taken("it was asked for".to_owned()));
}

#[test]
fn a_replay_on_request_has_the_tier_of_its_weakest_sample() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("trace.csv");
    let check = |content: &str, tier: Tier, number: u8| {
        fs::write(&path, content).unwrap();
        let selection = choose(root.path(), &Choice::Replay(path.clone()), inputs()).unwrap();
        check_whole(&selection);
        assert!(
            matches!(outcome(&selection, Backend::Replay), Outcome::Taken(why) if why.contains("trace.csv"))
        );
        assert!(matches!(outcome(&selection, Backend::Model), Outcome::Refused(_)));
        assert_eq!((selection.tier, selection.tier.number()), (tier, number));
    };
    check("t_s,socket,domain,energy_j,power_w\n0,N0,package,1,10\n", Tier::Uncalibrated, 2);
    check("t_s,die_c,power_w\n0,35,10\n", Tier::Modelled, 4);
    let header = "t_s,die_c,power_w,die_provenance,power_provenance";
    check(&format!("{header}\n0,35,10,measured,modelled\n"), Tier::TemperatureOnly, 3);
    check(&format!("{header}\n0,1,2,measured,measured\n1,1,2,modelled,modelled\n"), Tier::Modelled, 4);
}

#[test]
fn what_was_asked_for_and_cannot_be_had_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    let missing = Choice::Replay(root.path().join("no-such-trace.csv"));
    let error = choose(root.path(), &missing, inputs()).err().unwrap();
    assert!(matches!(error, SelectError::Replay(_)) && error.to_string().contains("no-such-trace.csv"));
    let impossible = MachineModel { slots: 0, ..MachineModel::DEMONSTRATION };
    let error =
        choose(root.path(), &Choice::Auto, ModelInputs { machine: impossible, ..inputs() }).err().unwrap();
    assert!(matches!(error, SelectError::Model(_)) && error.to_string().contains("slots"));
}
