//! Profiles: written, read, and refused with what to do.

use std::fs;
use std::path::PathBuf;

use maxwell_api::profile::{
    EnergyCorrection, ErrorsProfile, FitProfile, MachineIdentity, ModelProfile, Profile, Suggestion, VERSION,
};
use maxwell_core::units::{Celsius, Watts};
use maxwell_daemon::profile::{ProfileError, identity, load, save};
use maxwell_physics::select::Tier;
use serde_json::{Value, json};
use tempfile::TempDir;

fn profile() -> Profile {
    Profile {
        version: VERSION,
        machine: MachineIdentity { cpu: "Fast CPU".to_owned(), cpus: 8 },
        model: ModelProfile {
            slots: 8,
            idle_w: 15.0,
            slot_w: 8.0,
            leakage_w_per_k: 0.1,
            ambient_c: 25.0,
            die_resistance_k_per_w: 0.45,
            die_tau_s: 1.0,
            sink_resistance_k_per_w: 0.2,
            sink_tau_s: 30.0,
        },
        errors: ErrorsProfile { power_ratio: 0.06, die_c: 0.5 },
        energy_correction: Some(EnergyCorrection {
            scale: 1.08,
            offset_w: -2.0,
            error_ratio: 0.03,
            tier_1: true,
        }),
        suggestion: Some(Suggestion { set_point_c: 85.0, critical_c: 95.0 }),
        fit: FitProfile {
            power_measured: true,
            idle_se_w: Some(0.1),
            slot_se_w: Some(0.1),
            leakage_se_w_per_k: None,
            power_residual_w: Some(1.0),
            ambient_se_c: 0.2,
            die_resistance_se_k_per_w: 0.01,
            die_tau_se_s: 0.01,
            sink_resistance_se_k_per_w: 0.01,
            sink_tau_se_s: 1.0,
            die_residual_c: 0.2,
            samples: 2_100,
        },
    }
}

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("profile.json");
    (folder, path)
}

#[test]
fn what_is_saved_is_loaded_and_nothing_lies_beside_it() {
    let (folder, path) = place();
    save(&path, &profile()).unwrap();
    save(&path, &profile()).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let found = load(&path).unwrap();
    assert_eq!((found.machine.slots, found.machine.idle, found.machine.slot), (8, Watts(15.0), Watts(8.0)));
    assert_eq!(found.machine.thermal.ambient, Celsius(25.0));
    let correction = found.correction.unwrap();
    assert_eq!((correction.offset, correction.tier), (Watts(-2.0), Tier::Calibrated));
    assert_eq!(found.set_point_and_critical, Some((Celsius(85.0), Celsius(95.0))));
}

#[test]
fn another_machine_is_warned_of() {
    let (_folder, path) = place();
    save(&path, &profile()).unwrap();
    let found = load(&path).unwrap();
    assert_eq!(found.warning(&profile().machine), None);
    let other = MachineIdentity { cpu: String::new(), cpus: 4 };
    let warning = found.warning(&other).unwrap();
    assert!(warning.contains("Fast CPU") && warning.contains("calibrate"), "{warning}");
}

/// What is said about the profile after `change`, and the file's name with it.
fn complaint(change: impl Fn(&mut Value)) -> (ProfileError, String) {
    let (_folder, path) = place();
    let mut value = serde_json::to_value(profile()).unwrap();
    change(&mut value);
    fs::write(&path, value.to_string()).unwrap();
    let error = load(&path).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("profile.json"), "{text}");
    (error, text)
}

#[test]
fn impossible_numbers_are_named() {
    let check = |part: &str, field: &str, value: f64, said: &str| {
        let (error, text) = complaint(|profile| profile[part][field] = json!(value));
        assert!(matches!(error, ProfileError::Impossible { .. }), "{text}");
        assert!(text.contains(said), "{text}");
    };
    check("model", "die_tau_s", -1.0, "die_tau_s");
    check("model", "leakage_w_per_k", 5.0, "leakage");
    check("errors", "power_ratio", -0.1, "power_ratio");
    check("errors", "die_c", -0.1, "die_c");
    check("energy_correction", "scale", 0.0, "scale");
    check("suggestion", "critical_c", 80.0, "set_point_c");
}

#[test]
fn other_versions_and_unknown_or_missing_fields_are_refused() {
    let (error, text) = complaint(|profile| {
        profile["version"] = json!(VERSION + 1);
        profile["something_new"] = json!(1);
    });
    assert!(matches!(error, ProfileError::Version { found: 2, .. }) && text.contains("update"), "{text}");
    let malformed = |change: &dyn Fn(&mut Value), said: &str| {
        let (error, text) = complaint(change);
        assert!(matches!(error, ProfileError::Malformed { .. }) && text.contains(said), "{text}");
    };
    malformed(&|profile| profile["model"]["die_tau"] = json!(1.0), "die_tau");
    malformed(&|profile| drop(profile["model"].as_object_mut().unwrap().remove("idle_w")), "idle_w");
    malformed(&|profile| drop(profile.as_object_mut().unwrap().remove("version")), "version");
    malformed(&|profile| *profile = json!("nonsense"), "calibrate again");
}

#[test]
fn places_that_cannot_be_read_or_written_are_named() {
    let (folder, path) = place();
    assert!(matches!(load(&path), Err(ProfileError::Unreadable { .. })));
    assert!(matches!(save(&path.join("deeper"), &profile()), Err(ProfileError::Unwritable { .. })));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_machine_is_known_by_its_cpus() {
    let (folder, _) = place();
    assert_eq!(identity(folder.path()), MachineIdentity { cpu: String::new(), cpus: 0 });
    fs::create_dir(folder.path().join("proc")).unwrap();
    let cpuinfo =
        "processor\t: 0\nmodel name\t: Fast CPU @ 3 GHz\n\nprocessor\t: 1\nmodel name\t: Fast CPU @ 3 GHz\n";
    fs::write(folder.path().join("proc/cpuinfo"), cpuinfo).unwrap();
    assert_eq!(identity(folder.path()), MachineIdentity { cpu: "Fast CPU @ 3 GHz".to_owned(), cpus: 2 });
}
