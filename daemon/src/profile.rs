//! Profiles of calibrated machines: from file to model, and from fit to file.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use maxwell_api::profile::{
    EnergyCorrection, ErrorsProfile, FitProfile, MachineIdentity, ModelProfile, Profile, Suggestion, VERSION,
};
use maxwell_core::units::{Celsius, Watts};
use maxwell_physics::calibrate::{Estimate, Fit, METER_ERROR};
use maxwell_physics::corrected::Correction;
use maxwell_physics::model::MachineModel;
use maxwell_physics::select::Tier;
use maxwell_physics::sensor::ErrorBars;
use maxwell_physics::thermal::{ParameterError, ThermalParameters};

/// How far below the temperature at which hardware throttles itself nothing is sold any more, in degrees: the limit
/// itself must never be reached, or the hardware and not the market decides who runs.
const CRITICAL_BELOW_LIMIT: f64 = 5.0;

/// How far below critical the set point lies, in degrees: room for the reserve to rise from twice to its maximum, and
/// for the two degrees that the controller may overshoot.
const SET_POINT_BELOW_CRITICAL: f64 = 10.0;

/// What the node takes from a profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibrated {
    /// The machine.
    pub machine: MachineModel,
    /// How far the model of it can be trusted.
    pub errors: ErrorBars,
    /// What is to be done to the energy counters, where they were compared with a meter.
    pub correction: Option<Correction>,
    /// The temperatures to hold and at which to sell nothing, where the machine told its limit.
    pub set_point_and_critical: Option<(Celsius, Celsius)>,
    /// The machine that was calibrated.
    pub identity: MachineIdentity,
}

impl Calibrated {
    /// What the user has to know when the profile is loaded on the machine `here`: a sentence if it was made on another.
    pub fn warning(&self, here: &MachineIdentity) -> Option<String> {
        let words = |machine: &MachineIdentity| {
            let cpu = if machine.cpu.is_empty() { "CPUs of a kind not known" } else { machine.cpu.as_str() };
            format!("{} x {cpu}", machine.cpus)
        };
        (self.identity != *here).then(|| {
            let (made, here) = (words(&self.identity), words(here));
            format!("the profile was made on {made}, and this is {here}; calibrate this machine")
        })
    }
}

/// Why a profile cannot be used, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The file cannot be read.
    #[error("{}: {why}; name a readable file that `maxwell calibrate` wrote", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// The file cannot be written.
    #[error("{}: {why}; make room or choose another place with --out", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// It is no profile; the cause names field, line and column.
    #[error("{}: {why}; correct it, or calibrate again", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong where.
        why: serde_json::Error,
    },
    /// It is of a version that this program does not know.
    #[error("{}: version {found} of the format, this program knows {VERSION}; update it, or calibrate again", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The version that it names.
        found: u64,
    },
    /// Its numbers describe no possible machine.
    #[error("{}: {why}", path.display())]
    Impossible {
        /// The file.
        path: PathBuf,
        /// Which number.
        why: ParameterError,
    },
}

/// Loads a profile.
///
/// # Errors
/// When it cannot be read, is of another version, or describes no possible machine; see [`ProfileError`].
pub fn load(path: &Path) -> Result<Calibrated, ProfileError> {
    let unreadable = |why| ProfileError::Unreadable { path: path.to_owned(), why };
    let malformed = |why| ProfileError::Malformed { path: path.to_owned(), why };
    let text = fs::read_to_string(path).map_err(unreadable)?;
    // The version comes first: what a newer one means by a field is not known here.
    let value: serde_json::Value = serde_json::from_str(&text).map_err(malformed)?;
    match value["version"].as_u64() {
        Some(found) if found != u64::from(VERSION) => {
            return Err(ProfileError::Version { path: path.to_owned(), found });
        }
        _ => {}
    }
    let profile: Profile = serde_json::from_str(&text).map_err(malformed)?;
    calibrated(profile).map_err(|why| ProfileError::Impossible { path: path.to_owned(), why })
}

/// Writes a profile so that the file is whole at any moment: beside it first, then in its place.
///
/// # Errors
/// When it cannot be written; an old file stands.
pub fn save(path: &Path, profile: &Profile) -> Result<(), ProfileError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let write = || -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(profile)?;
        text.push('\n');
        let mut file = fs::File::create(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().map_err(|why| {
        // A part of a file is of no use; if it cannot be removed either, it does not stand in the way.
        let _ = fs::remove_file(&beside);
        ProfileError::Unwritable { path: path.to_owned(), why }
    })
}

/// The profile of a fitted machine. `limit` is the temperature at which its hardware throttles itself.
pub fn of_fit(
    fit: &Fit,
    samples: usize,
    correction: Option<Correction>,
    limit: Option<Celsius>,
    machine: MachineIdentity,
) -> Profile {
    let ErrorBars { ratio, die } = fit.error_bars(correction.map_or(METER_ERROR, |found| found.error));
    let thermal = fit.machine.thermal;
    Profile {
        version: VERSION,
        machine,
        model: ModelProfile {
            slots: fit.machine.slots,
            idle_w: fit.machine.idle.0,
            slot_w: fit.machine.slot.0,
            leakage_w_per_k: thermal.leakage,
            ambient_c: thermal.ambient.0,
            die_resistance_k_per_w: thermal.die_resistance,
            die_tau_s: thermal.die_tau_s,
            sink_resistance_k_per_w: thermal.sink_resistance,
            sink_tau_s: thermal.sink_tau_s,
        },
        errors: ErrorsProfile { power_ratio: ratio, die_c: die.0 },
        energy_correction: correction.map(|found| EnergyCorrection {
            scale: found.scale,
            offset_w: found.offset.0,
            error_ratio: found.error,
            tier_1: found.tier == Tier::Calibrated,
        }),
        suggestion: limit.map(|limit| {
            let (set_point, critical) = suggested(limit);
            Suggestion { set_point_c: set_point.0, critical_c: critical.0 }
        }),
        fit: account(fit, samples),
    }
}

/// Set point and critical temperature for hardware that throttles itself at `limit`.
pub fn suggested(limit: Celsius) -> (Celsius, Celsius) {
    let critical = limit.0 - CRITICAL_BELOW_LIMIT;
    (Celsius(critical - SET_POINT_BELOW_CRITICAL), Celsius(critical))
}

fn account(fit: &Fit, samples: usize) -> FitProfile {
    let power = fit.power.as_ref();
    let error = |estimate: &Estimate| estimate.standard_error;
    let heat = &fit.heat;
    FitProfile {
        power_measured: power.is_some(),
        idle_se_w: power.map(|power| error(&power.idle)),
        slot_se_w: power.map(|power| error(&power.core)),
        leakage_se_w_per_k: power.and_then(|power| power.leakage.as_ref().map(error)),
        power_residual_w: power.map(|power| power.residual.0),
        ambient_se_c: error(&heat.ambient),
        die_resistance_se_k_per_w: error(&heat.die_resistance),
        die_tau_se_s: error(&heat.die_tau_s),
        sink_resistance_se_k_per_w: error(&heat.sink_resistance),
        sink_tau_se_s: error(&heat.sink_tau_s),
        die_residual_c: heat.residual.0,
        samples: samples as u64,
    }
}

fn calibrated(profile: Profile) -> Result<Calibrated, ParameterError> {
    let model = &profile.model;
    let thermal = ThermalParameters {
        ambient: Celsius(model.ambient_c),
        die_resistance: model.die_resistance_k_per_w,
        die_tau_s: model.die_tau_s,
        sink_resistance: model.sink_resistance_k_per_w,
        sink_tau_s: model.sink_tau_s,
        leakage: model.leakage_w_per_k,
    };
    let (idle, slot) = (Watts(model.idle_w), Watts(model.slot_w));
    let machine = MachineModel { slots: model.slots, idle, slot, thermal };
    machine.validate()?;
    let errors = ErrorBars { ratio: profile.errors.power_ratio, die: Celsius(profile.errors.die_c) };
    let impossible = |parameter, rule, found| ParameterError { parameter, rule, found };
    if errors.ratio < 0.0 {
        return Err(impossible("errors.power_ratio", "zero or more", errors.ratio));
    }
    if errors.die.0 < 0.0 {
        return Err(impossible("errors.die_c", "zero or more", errors.die.0));
    }
    let correction = profile.energy_correction.map(|found| Correction {
        scale: found.scale,
        offset: Watts(found.offset_w),
        error: found.error_ratio,
        tier: if found.tier_1 { Tier::Calibrated } else { Tier::Uncalibrated },
    });
    correction.as_ref().map_or(Ok(()), Correction::validate)?;
    if let Some(found) = &profile.suggestion
        && found.set_point_c >= found.critical_c
    {
        return Err(impossible("suggestion.set_point_c", "below critical_c", found.set_point_c));
    }
    let suggested = |found: Suggestion| (Celsius(found.set_point_c), Celsius(found.critical_c));
    let set_point_and_critical = profile.suggestion.map(suggested);
    Ok(Calibrated { machine, errors, correction, set_point_and_critical, identity: profile.machine })
}

/// The machine below `root` (`/` but in tests), by its `/proc/cpuinfo`.
pub fn identity(root: &Path) -> MachineIdentity {
    let cpuinfo = fs::read_to_string(root.join("proc/cpuinfo")).unwrap_or_default();
    let name = cpuinfo.lines().find_map(|line| line.strip_prefix("model name"));
    let cpu = name.and_then(|rest| rest.split_once(':')).map_or("", |(_, name)| name.trim()).to_owned();
    let listed = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    MachineIdentity { cpu, cpus: u16::try_from(listed).unwrap_or(u16::MAX) }
}
