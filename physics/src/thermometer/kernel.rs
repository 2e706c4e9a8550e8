//! Backend `hwmon`: the best thermometer among the kernel's files, be it a monitoring chip or a thermal zone.
//!
//! ```text
//!   coretemp, k10temp, zenpower  >  chips of ARM processors  >  thermal zones of a die  >  acpitz (the board)
//! ```
//!
//! All dies of the best kind that is there are read, so that a server of two sockets has two probes.

use super::{Probe, Thermometer, hwmon, zones};
use crate::attribute::Attribute;
use crate::meter::{ReadError, Refusal};
use maxwell_core::units::Celsius;
use std::path::Path;

/// Name of this backend.
pub const NAME: &str = "hwmon";

/// Half the width of the error bar of a digital thermometer on the die. An assumption, not a measurement: makers promise
/// their accuracy near the temperature of throttling alone, and nobody calibrated this one.
pub const DIE_ERROR: Celsius = Celsius(5.0);

/// The same for a thermometer on the board, which is neither where the heat is made nor as fast as it.
pub const BOARD_ERROR: Celsius = Celsius(15.0);

/// What kind of thing a thermometer stands on, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// The package of an x86 processor, through its own driver.
    Package,
    /// A die of another processor, through a monitoring chip.
    Chip,
    /// A die, through a thermal zone.
    Zone,
    /// The board.
    Board,
}

/// A probe that could be read, and the files that say its temperature: the hottest counts.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) rank: Rank,
    pub(super) probe: Probe,
    pub(super) inputs: Vec<Attribute>,
}

/// What was found in one folder.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) candidates: Vec<Candidate>,
    /// What is no die, and why, in a clause each.
    pub(super) others: Vec<String>,
}

/// Reads the dies' temperatures from the kernel's files, in thousandths of a degree.
#[derive(Debug)]
pub struct KernelThermometer {
    probes: Vec<Probe>,
    inputs: Vec<Vec<Attribute>>,
    left_out: Vec<String>,
}

impl KernelThermometer {
    /// Looks for dies in the file tree at `root` (`/` but in tests). Of the best kind that gives anything all are taken,
    /// those too that give nothing now: one of them may be the hottest, and until it can be read there is no reading.
    ///
    /// # Errors
    /// When there is none, with what was found instead.
    pub fn open(root: &Path) -> Result<Self, Refusal> {
        let mut found = hwmon::look(root);
        let zones = zones::look(root);
        found.candidates.extend(zones.candidates);
        found.others.extend(zones.others);
        let mut left_out = found.others;
        let mut candidates: Vec<(Candidate, bool)> = Vec::new();
        for mut candidate in found.candidates {
            let read = hottest(&mut candidate.inputs);
            if let Err(error) = &read {
                left_out.push(format!("{} gives nothing now ({error})", candidate.probe.label));
            }
            candidates.push((candidate, read.is_ok()));
        }
        let ranks = |readable: bool| {
            let of = candidates.iter().filter(move |(_, is_readable)| *is_readable || !readable);
            of.map(|(candidate, _)| candidate.rank).min()
        };
        // A die that gives nothing does not make a die of the board.
        let best = ranks(true).filter(|best| *best < Rank::Board || ranks(false) == Some(Rank::Board));
        let Some(best) = best else { return Err(refusal(root, &left_out)) };
        let taken = candidates.into_iter().filter(|(candidate, _)| candidate.rank == best);
        let taken = taken.map(|(candidate, _)| candidate);
        let (probes, inputs) = taken.map(|candidate| (candidate.probe, candidate.inputs)).unzip();
        Ok(Self { probes, inputs, left_out })
    }

    /// What was found and is no die or gives nothing, in a clause each, for the operator.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }
}

impl Thermometer for KernelThermometer {
    fn name(&self) -> &'static str {
        NAME
    }

    fn probes(&self) -> &[Probe] {
        &self.probes
    }

    fn celsius(&mut self, probe: usize) -> Result<Celsius, ReadError> {
        hottest(&mut self.inputs[probe])
    }
}

/// The highest of the temperatures that these files say. The file of a core goes when its CPUs are taken offline; any
/// other failure is one of the whole probe, for the hottest core may be the one that is not known.
fn hottest(inputs: &mut [Attribute]) -> Result<Celsius, ReadError> {
    let mut hottest: Option<Celsius> = None;
    let mut gone = None;
    for input in inputs {
        match input.integer() {
            Ok(millidegrees) => {
                let degrees = Celsius(millidegrees as f64 / 1e3);
                hottest = Some(hottest.map_or(degrees, |other| Celsius(other.0.max(degrees.0))));
            }
            Err(error) if input.exists() => return Err(error),
            Err(error) => gone = Some(error),
        }
    }
    let none = || gone.unwrap_or_else(|| ReadError("there is nothing to read".to_owned()));
    super::plausible(hottest.ok_or_else(none)?)
}

/// The limit that a file says, where it says a credible one.
pub(super) fn limit(path: &Path) -> Option<Celsius> {
    let millidegrees = Attribute::new(path.to_owned(), Vec::new()).integer().ok()?;
    super::credible_limit(Celsius(millidegrees as f64 / 1e3))
}

/// Whether drivers give this name to the die of a processor that is no x86: `cpu_thermal`, `soc-thermal`,
/// `cpu0-0-top-thermal`, `bigcore0-thermal`, `CPU-therm`.
pub(super) fn is_die_of_soc(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let begins = ["cpu", "soc", "bigcore", "littlecore", "cluster", "package"];
    name.contains("therm") && begins.iter().any(|begin| name.starts_with(begin))
}

fn refusal(root: &Path, others: &[String]) -> Refusal {
    let class = root.join("sys/class");
    if others.is_empty() {
        let class = class.display();
        return Refusal(format!("{class}/hwmon and {class}/thermal hold no thermometer"));
    }
    Refusal(format!("no die in {}: {}", class.display(), others.join("; ")))
}
