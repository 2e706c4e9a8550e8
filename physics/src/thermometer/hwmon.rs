//! Monitoring chips: `/sys/class/hwmon/hwmon*`, as the kernel's `Documentation/hwmon/sysfs-interface.rst` defines them.

use super::Probe;
use super::kernel::{Candidate, DIE_ERROR, Found, Rank, is_die_of_soc, limit};
use crate::attribute::{Attribute, numbered};
use crate::held::text;
use std::path::{Path, PathBuf};

/// One temperature of a chip.
struct Input {
    /// What the driver calls it; empty where it says nothing.
    label: String,
    path: PathBuf,
    /// `tempN_`, to which the names of its other files are added.
    stem: PathBuf,
}

/// What the chips below `root` measure.
pub(super) fn look(root: &Path) -> Found {
    let chips = numbered(&root.join("sys/class/hwmon"), "hwmon", "");
    let is_amd = |name: &str| matches!(name, "k10temp" | "zenpower");
    let names: Vec<String> =
        chips.iter().map(|(_, chip)| text(&chip.join("name")).unwrap_or_default()).collect();
    let alone = names.iter().filter(|name| is_amd(name)).count() == 1;
    let mut found = Found::default();
    for ((number, chip), name) in chips.iter().zip(&names) {
        let candidate = match name.as_str() {
            "coretemp" => package(chip, name).or_else(|| cores(chip, name, *number)),
            amd if is_amd(amd) => control(chip, name, alone),
            soc if is_die_of_soc(soc) => first(chip, name),
            _ => None,
        };
        match candidate {
            Some(candidate) => found.candidates.push(candidate),
            None if name.is_empty() => found.others.push(format!("hwmon{number} does not say what it is")),
            None => found.others.push(format!("hwmon{number} is {name}")),
        }
    }
    found
}

/// Intel: the thermometer of the whole package, which says its socket.
fn package(chip: &Path, name: &str) -> Option<Candidate> {
    let socket_of = |input: &Input| input.label.strip_prefix("Package id ")?.parse::<u16>().ok();
    let (socket, input) =
        inputs(chip).into_iter().find_map(|input| socket_of(&input).map(|socket| (socket, input)))?;
    Some(candidate(chip, name, &[input], format!("package {socket}"), Some(socket)))
}

/// Intel before 2011 has thermometers in cores alone; the hottest stands for the package.
fn cores(chip: &Path, name: &str, number: u32) -> Option<Candidate> {
    let cores: Vec<Input> =
        inputs(chip).into_iter().filter(|input| input.label.starts_with("Core ")).collect();
    let label = format!("hottest core of hwmon{number}");
    (!cores.is_empty()).then(|| candidate(chip, name, &cores, label, None))
}

/// AMD: the die, else the control temperature, which some early Ryzens report up to 27 °C too high for their fans' sake.
/// Neither says its socket, which is known where there is one chip alone: two sockets have two.
fn control(chip: &Path, name: &str, alone: bool) -> Option<Candidate> {
    let inputs = inputs(chip);
    let input =
        ["Tdie", "Tctl"].iter().find_map(|label| inputs.iter().find(|input| input.label == *label))?;
    Some(candidate(chip, name, std::slice::from_ref(input), input.label.clone(), alone.then_some(0)))
}

/// Chips of other processors have one thermometer each, without a label.
fn first(chip: &Path, name: &str) -> Option<Candidate> {
    let input = inputs(chip).into_iter().next()?;
    Some(Candidate { rank: Rank::Chip, ..candidate(chip, name, &[input], name.to_owned(), None) })
}

fn candidate(chip: &Path, name: &str, inputs: &[Input], label: String, socket: Option<u16>) -> Candidate {
    // `crit` is where the hardware throttles itself; `max` is where fans should run at full speed.
    let limits = inputs.iter().filter_map(|input| limit(&joined(&input.stem, "crit")));
    let limit = limits.min_by(|one, other| one.0.total_cmp(&other.0));
    let attribute = |input: &Input| {
        let mut identity = vec![(chip.join("name"), name.to_owned())];
        if !input.label.is_empty() {
            identity.push((joined(&input.stem, "label"), input.label.clone()));
        }
        Attribute::new(input.path.clone(), identity)
    };
    Candidate {
        rank: Rank::Package,
        probe: Probe { label, socket, error: DIE_ERROR, limit },
        inputs: inputs.iter().map(attribute).collect(),
    }
}

/// The temperatures of a chip, in the order of their numbers.
fn inputs(chip: &Path) -> Vec<Input> {
    let input = |(number, path): (u32, PathBuf)| {
        let stem = chip.join(format!("temp{number}_"));
        Input { label: text(&joined(&stem, "label")).unwrap_or_default(), path, stem }
    };
    numbered(chip, "temp", "_input").into_iter().map(input).collect()
}

fn joined(stem: &Path, ending: &str) -> PathBuf {
    let mut path = stem.as_os_str().to_owned();
    path.push(ending);
    path.into()
}
