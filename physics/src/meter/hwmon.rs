//! Power and energy of packages from monitoring chips, where a driver offers them: `amd_energy` counts energy by socket;
//! `zenpower` and `fam15h_power` say power, which is integrated.
//!
//! Files of power hold microwatts and those of energy microjoules, as the kernel's
//! `Documentation/hwmon/sysfs-interface.rst` defines. Chips that measure a whole system, such as power supplies,
//! batteries and `power_meter`, are no packages and are left out.

use super::counter::CountUnit;
use super::integral::Integral;
use super::{Domain, EnergyMeter, ReadError, Refusal};
use crate::attribute::{Attribute, numbered};
use crate::held::text;
use crate::sensor::PartKind;
use maxwell_core::units::Moment;
use std::path::{Path, PathBuf};

/// Name of this backend.
pub const NAME: &str = "hwmon";

/// Reads packages from monitoring chips.
#[derive(Debug)]
pub struct ChipMeter {
    domains: Vec<Domain>,
    sources: Vec<Source>,
    left_out: Vec<String>,
}

#[derive(Debug)]
enum Source {
    /// A counter of microjoules.
    Energy(Attribute),
    /// Powers in microwatts that add up to the package's.
    Power(Vec<Attribute>, Integral),
}

/// A package, by the driver that says it.
struct Package {
    driver: &'static str,
    domain: Domain,
    source: Source,
}

/// Drivers of packages, the best first: where two measure the same package, a counter is better than an integral.
const DRIVERS: [&str; 3] = ["amd_energy", "zenpower", "fam15h_power"];

impl ChipMeter {
    /// Looks for packages in the file tree at `root` (`/` but in tests).
    ///
    /// # Errors
    /// When there is none, with what was found instead.
    pub fn open(root: &Path) -> Result<Self, Refusal> {
        let folder = root.join("sys/class/hwmon");
        let (mut packages, mut left_out) = (Vec::new(), Vec::new());
        for (number, chip) in numbered(&folder, "hwmon", "") {
            let name = text(&chip.join("name")).unwrap_or_default();
            let found = packages_of(&chip, &name);
            let measures = ["power", "energy"].iter().any(|kind| has_input(&chip, kind));
            if found.is_empty() && measures {
                left_out.push(format!("hwmon{number} ({name}) says power or energy, but not of a package"));
            }
            packages.extend(found);
        }
        let best = DRIVERS.iter().find(|driver| packages.iter().any(|package| package.driver == **driver));
        let Some(best) = best else {
            let folder = folder.display();
            let found =
                if left_out.is_empty() { String::new() } else { format!(": {}", left_out.join("; ")) };
            return Err(Refusal(format!("no chip in {folder} measures the power of a package{found}")));
        };
        let worse = packages.iter().filter(|package| package.driver != *best);
        left_out.extend(worse.map(|package| format!("{} measures the same as {best}", package.driver)));
        packages.retain(|package| package.driver == *best);
        name_domains(&mut packages);
        let (domains, sources) = packages.into_iter().map(|package| (package.domain, package.source)).unzip();
        Ok(Self { domains, sources, left_out })
    }

    /// What was found and measures no package, in a clause each, for the operator.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }
}

impl EnergyMeter for ChipMeter {
    fn name(&self) -> &'static str {
        NAME
    }

    fn domains(&self) -> &[Domain] {
        &self.domains
    }

    fn count(&mut self, domain: usize, now: Moment) -> Result<u64, ReadError> {
        match &mut self.sources[domain] {
            Source::Energy(file) => not_negative(file),
            Source::Power(files, integral) => {
                let mut microwatts = 0_u64;
                for file in files {
                    microwatts = microwatts.saturating_add(not_negative(file)?);
                }
                if microwatts > POWER_MAX {
                    return Err(ReadError(format!("no package draws {} W", microwatts / 1_000_000)));
                }
                Ok(integral.advance(now, microwatts))
            }
        }
    }
}

/// More than a package draws, in microwatts: beyond it a power is a fault, which an integral would keep for ever.
const POWER_MAX: u64 = super::counter::DOMAIN_POWER_MAX.0 as u64 * 1_000_000;

fn not_negative(file: &mut Attribute) -> Result<u64, ReadError> {
    let value = file.integer()?;
    u64::try_from(value).map_err(|_| ReadError(format!("{value} is less than nothing")))
}

/// The packages that a chip measures.
fn packages_of(chip: &Path, name: &str) -> Vec<Package> {
    match name {
        "amd_energy" => sockets(chip),
        "zenpower" => power(chip, "zenpower", &["SVI2_P_Core", "SVI2_P_SoC"]).into_iter().collect(),
        "fam15h_power" => power(chip, "fam15h_power", &[""]).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// `amd_energy` names its counters `Esocket0`, `Ecore000` and so on; cores are contained in their socket.
fn sockets(chip: &Path) -> Vec<Package> {
    let socket = |(number, path): (u32, PathBuf)| {
        let label = chip.join(format!("energy{number}_label"));
        let name = text(&label)?;
        let socket = name.strip_prefix("Esocket")?.parse().ok()?;
        let identity = vec![(chip.join("name"), "amd_energy".to_owned()), (label, name)];
        let source = Source::Energy(Attribute::new(path, identity));
        Some(Package { driver: "amd_energy", domain: package(Some(socket)), source })
    };
    numbered(chip, "energy", "_input").into_iter().filter_map(socket).collect()
}

/// A chip that says the power of its package as the sum of the inputs with these labels, all of which it must have.
fn power(chip: &Path, driver: &'static str, labels: &[&str]) -> Option<Package> {
    let inputs = numbered(chip, "power", "_input");
    let labelled = |wanted: &str| {
        let label_of = |number| chip.join(format!("power{number}_label"));
        let says = |number| text(&label_of(number)).unwrap_or_default() == wanted;
        let (number, path) = inputs.iter().find(|(number, _)| says(*number))?;
        let mut identity = vec![(chip.join("name"), driver.to_owned())];
        if !wanted.is_empty() {
            identity.push((label_of(*number), wanted.to_owned()));
        }
        Some(Attribute::new(path.clone(), identity))
    };
    let files = labels.iter().map(|label| labelled(label)).collect::<Option<Vec<_>>>()?;
    Some(Package { driver, domain: package(None), source: Source::Power(files, Integral::default()) })
}

fn package(socket: Option<u16>) -> Domain {
    let (kind, unit) = (PartKind::Package, CountUnit::MICROJOULE);
    Domain { kind, socket, label: String::new(), unit, modulus: 1 << 64 }
}

/// Where the driver says no socket, one chip alone is that of socket 0; several are numbered in the order of the kernel,
/// which need not be that of the sockets.
fn name_domains(packages: &mut [Package]) {
    if let [package] = &mut *packages {
        package.domain.socket.get_or_insert(0);
    }
    for (place, Package { domain, .. }) in packages.iter_mut().enumerate() {
        domain.label = format!("package {}", domain.socket.map_or(place, usize::from));
    }
}

/// Whether the chip has inputs of this kind; some drivers offer an average alone.
fn has_input(chip: &Path, kind: &str) -> bool {
    ["_input", "_average"].iter().any(|ending| !numbered(chip, kind, ending).is_empty())
}
