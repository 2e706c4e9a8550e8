//! The choice of a backend on fixture trees, and what is said about it.

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

/// Every backend has a verdict, in the documented order, and the one taken is the sensor's.
fn check_whole(selection: &Selection) {
    let order: Vec<Backend> = selection.verdicts.iter().map(|verdict| verdict.backend).collect();
    assert_eq!(order, Backend::ORDER);
    let taken: Vec<_> =
        selection.verdicts.iter().filter(|verdict| matches!(verdict.outcome, Outcome::Taken(_))).collect();
    assert_eq!(taken.len(), 1, "{:?}", selection.verdicts);
    assert_eq!(taken[0].backend.name(), selection.sensor.name());
}

#[test]
fn an_empty_machine_comes_down_to_the_model() {
    let root = tempfile::tempdir().unwrap();
    let selection = choose(root.path(), &Choice::Auto, inputs()).unwrap();
    check_whole(&selection);
    assert!(matches!(outcome(&selection, Backend::Model), Outcome::Taken(_)));
    assert!(matches!(outcome(&selection, Backend::Replay), Outcome::Refused(_)));
    for verdict in &selection.verdicts[..5] {
        let Outcome::NotInThisVersion(why) = &verdict.outcome else { panic!("{verdict}") };
        assert!(why.contains("absent") && !why.contains("present"), "{verdict}");
    }
    let msr = format!("msr: not in this version: {} is absent", root.path().join("dev/cpu/0/msr").display());
    assert_eq!(selection.verdicts[0].to_string(), msr);
    assert_eq!(selection.tier, Tier::Modelled);
    assert_eq!(selection.tier.to_string(), "tier 4: all modelled");
    let reading = selection.sensor.sample(Moment(0)).unwrap();
    assert_eq!((reading.energy.value, reading.energy.provenance), (Microjoules::ZERO, Provenance::Modelled));
}

#[test]
fn what_the_machine_has_is_named_though_it_is_not_read() {
    let root = tempfile::tempdir().unwrap();
    let folder = |path: &str| fs::create_dir_all(root.path().join(path)).unwrap();
    for name in ["intel-rapl", "intel-rapl:1", "intel-rapl:0", "intel-rapl:0:0"] {
        folder(&format!("sys/class/powercap/{name}"));
    }
    fs::write(root.path().join("sys/class/powercap/intel-rapl:0/energy_uj"), "12345\n").unwrap();
    folder("sys/class/thermal/thermal_zone0");
    folder("dev/cpu/0");
    fs::write(root.path().join("dev/cpu/0/msr"), "").unwrap();
    let selection = choose(root.path(), &Choice::Auto, inputs()).unwrap();
    check_whole(&selection);
    let present = |backend: Backend, path: &str| {
        let Outcome::NotInThisVersion(why) = outcome(&selection, backend) else { panic!("{backend:?}") };
        let path = root.path().join(path).display().to_string();
        assert_eq!(why, format!("{path} is present, but this version does not read it yet"));
    };
    present(Backend::Powercap, "sys/class/powercap/intel-rapl:0");
    present(Backend::Hwmon, "sys/class/thermal/thermal_zone0");
    present(Backend::Msr, "dev/cpu/0/msr");
    assert!(matches!(outcome(&selection, Backend::Model), Outcome::Taken(_)));
    assert_eq!(selection.tier, Tier::Modelled);
}

#[test]
fn the_model_on_request() {
    let selection = choose(Path::new("/"), &Choice::Model, inputs()).unwrap();
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
