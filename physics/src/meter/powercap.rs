//! The kernel's powercap files: `sys/class/powercap/intel-rapl:N` for each package, `intel-rapl:N:M` for what is in it.
//!
//! The kernel gives the driver for AMD the same names. A zone's `enabled` file says whether its power is *limited*; its
//! counter runs either way, so it is not looked at. The zones of `intel-rapl-mmio` count package 0 a second time, from
//! memory-mapped registers, and are left alone.

use super::counter::CountUnit;
use super::{Domain, EnergyMeter, ReadError, Refusal};
use crate::cpu::{Processors, Vendor};
use crate::held::HeldFile;
use crate::sensor::PartKind;
use maxwell_core::units::Moment;
use std::fs;
use std::io;
use std::path::Path;

const FOLDER: &str = "sys/class/powercap";

/// The longest number that 64 bits hold has 20 digits; a newline follows. What fills more than this is none.
const DIGITS_MAX: usize = 24;

/// Reads energy through the kernel's driver; at most 50 µs a domain.
#[derive(Debug)]
pub struct PowercapMeter {
    domains: Vec<Domain>,
    files: Vec<HeldFile>,
    left_out: Vec<String>,
}

impl PowercapMeter {
    /// Opens all zones below a root folder, `/` but in tests.
    ///
    /// # Errors
    /// When there is no zone, none may be read, or one of a whole package makes no sense: without one socket the sum of
    /// the others would be wrong.
    pub fn open(root: &Path) -> Result<Self, Refusal> {
        let folder = root.join(FOLDER);
        let zones = zones(&folder)?;
        // AMD counts each core on its own, and the kernel's zone reads that of the package's first processor alone.
        let one_core = Processors::identify(root)
            .is_ok_and(|processors| matches!(processors.vendor, Vendor::Amd | Vendor::Hygon));
        let mut meter = Self { domains: Vec::new(), files: Vec::new(), left_out: Vec::new() };
        let mut parent = None;
        for zone in zones {
            let path = folder.join(zone.folder_name());
            let name = match text_of(&path.join("name")) {
                Ok(name) => name,
                Err(why) if zone.inner.is_none() => return Err(Refusal(why)),
                Err(why) => {
                    meter.left_out.push(why);
                    continue;
                }
            };
            let place = Place::of(&name);
            if zone.inner.is_none() {
                parent = place.and_then(|place| place.package);
            }
            if zone.inner.is_none() && place.is_none() {
                let path = path.display();
                return Err(Refusal(format!(
                    "{path}: a zone called {name:?} may be a package, and the sum would lack it"
                )));
            }
            let Some(mut place) = place else {
                meter.left_out.push(format!("{}: a zone called {name:?}", path.display()));
                continue;
            };
            place.inherit(parent);
            match domain(&path, place, one_core) {
                Ok((domain, file)) => {
                    meter.domains.push(domain);
                    meter.files.push(file);
                }
                Err(refusal) if place.kind == PartKind::Package => return Err(refusal),
                Err(Refusal(why)) => meter.left_out.push(why),
            }
        }
        if meter.domains.iter().any(|domain| domain.kind == PartKind::Package) {
            Ok(meter)
        } else {
            Err(Refusal(format!("no zone in {} is a package's", folder.display())))
        }
    }

    /// Zones that are not counted, each with the reason; never a package.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }
}

impl EnergyMeter for PowercapMeter {
    fn name(&self) -> &'static str {
        "powercap"
    }

    fn domains(&self) -> &[Domain] {
        &self.domains
    }

    fn count(&mut self, domain: usize, _now: Moment) -> Result<u64, ReadError> {
        let (file, modulus) = (&mut self.files[domain], self.domains[domain].modulus);
        let mut digits = [0; DIGITS_MAX];
        let length = file
            .read_at(&mut digits, 0)
            .map_err(|error| ReadError(format!("{}: {error}", file.path().display())))?;
        let found = &digits[..length];
        let count = parse_count(found).filter(|&count| u128::from(count) < modulus);
        count.ok_or_else(|| {
            let (path, found) = (file.path().display(), String::from_utf8_lossy(found));
            ReadError(format!("{path}: {found:?} is no count below {modulus}"))
        })
    }
}

/// The number of a zone: that of the package, and that of the part inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Zone {
    outer: u16,
    inner: Option<u16>,
}

impl Zone {
    /// Reads `intel-rapl:0` or `intel-rapl:0:1`; nothing else in the folder is a zone.
    fn parse(name: &str) -> Option<Self> {
        let numbers = name.strip_prefix("intel-rapl:")?;
        let (outer, inner) = match numbers.split_once(':') {
            Some((outer, inner)) => (outer, Some(inner.parse().ok()?)),
            None => (numbers, None),
        };
        Some(Self { outer: outer.parse().ok()?, inner })
    }

    fn folder_name(self) -> String {
        match self.inner {
            Some(inner) => format!("intel-rapl:{}:{inner}", self.outer),
            None => format!("intel-rapl:{}", self.outer),
        }
    }
}

/// What a zone's name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    kind: PartKind,
    /// Socket, and die where a package has several.
    package: Option<(u16, Option<u16>)>,
}

impl Place {
    /// Reads the names that `intel_rapl_common.c` gives: `package-N`, `package-N-die-M`, and those of the parts.
    fn of(name: &str) -> Option<Self> {
        let inside = |kind| Some(Self { kind, package: None });
        match name {
            "core" => inside(PartKind::Cores),
            "uncore" => inside(PartKind::Uncore),
            "dram" => inside(PartKind::Memory),
            "psys" => inside(PartKind::Platform),
            _ => {
                let numbers = name.strip_prefix("package-")?;
                let (socket, die) = match numbers.split_once("-die-") {
                    Some((socket, die)) => (socket, Some(die.parse().ok()?)),
                    None => (numbers, None),
                };
                Some(Self { kind: PartKind::Package, package: Some((socket.parse().ok()?, die)) })
            }
        }
    }

    /// A part sits in the package whose zone is around it; the platform sits in none.
    fn inherit(&mut self, parent: Option<(u16, Option<u16>)>) {
        if self.package.is_none() && self.kind != PartKind::Platform {
            self.package = parent;
        }
    }

    fn label(self, one_core: bool) -> String {
        let one_core = one_core && self.kind == PartKind::Cores;
        let what = if one_core { "one core of package" } else { self.kind.word() };
        match self.package {
            Some((socket, None)) => format!("{what} {socket}"),
            Some((socket, Some(die))) => format!("{what} {socket} die {die}"),
            None => what.to_owned(),
        }
    }
}

/// The zones in the order of their numbers, so that a part follows its package.
fn zones(folder: &Path) -> Result<Vec<Zone>, Refusal> {
    let absent = "no energy counter is known to the kernel: a virtual machine, a processor without RAPL, or the \
                  module intel_rapl_msr is not loaded";
    let entries = fs::read_dir(folder).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Refusal(format!("{} is absent; {absent}", folder.display())),
        _ => Refusal(format!("{}: {error}", folder.display())),
    })?;
    let mut zones: Vec<_> =
        entries.flatten().filter_map(|entry| Zone::parse(entry.file_name().to_str()?)).collect();
    zones.sort_unstable();
    if zones.is_empty() {
        return Err(Refusal(format!("{} holds no zone intel-rapl:N; {absent}", folder.display())));
    }
    Ok(zones)
}

/// Opens a zone's counter and reads it once, so that what cannot be read is known now.
fn domain(path: &Path, place: Place, one_core: bool) -> Result<(Domain, HeldFile), Refusal> {
    let range_path = path.join("max_energy_range_uj");
    let range = text_of(&range_path).map_err(Refusal)?;
    let range = parse_count(range.as_bytes())
        .filter(|&range| range > 0)
        .ok_or_else(|| Refusal(format!("{}: {range:?} is no range", range_path.display())))?;
    let energy = path.join("energy_uj");
    let mut file = HeldFile::new(energy.clone());
    file.read_at(&mut [0; DIGITS_MAX], 0).map_err(|error| denied(&energy, &error))?;
    let domain = Domain {
        kind: place.kind,
        socket: place.package.map(|(socket, _)| socket),
        label: place.label(one_core),
        unit: CountUnit::MICROJOULE,
        modulus: u128::from(range) + 1,
    };
    Ok((domain, file))
}

/// Why a counter cannot be opened, with the remedy. Root alone may read it since Linux 5.10 because its fine steps gave
/// away secrets of other users' programs (PLATYPUS, CVE-2020-8694).
fn denied(path: &Path, error: &io::Error) -> Refusal {
    let path = path.display();
    Refusal(match error.kind() {
        io::ErrorKind::PermissionDenied => format!(
            "{path} may be read by root alone; run as root, or give a group the right with chgrp and chmod g+r"
        ),
        _ => format!("{path}: {error}"),
    })
}

fn text_of(path: &Path) -> Result<String, String> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

/// A number as the kernel writes it: digits, and a newline at most.
fn parse_count(text: &[u8]) -> Option<u64> {
    let digits = str::from_utf8(text.trim_ascii_end()).ok()?;
    // `parse` would take a sign.
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn zones_are_told_from_their_neighbours() {
        assert_eq!(Zone::parse("intel-rapl:10:2"), Some(Zone { outer: 10, inner: Some(2) }));
        for other in
            ["intel-rapl", "intel-rapl-mmio:0", "intel-rapl:", "intel-rapl:0:", "intel-rapl:0:1:2", "dtpm"]
        {
            assert_eq!(Zone::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_die_has_a_label_of_its_own() {
        let place = Place::of("package-1-die-0").unwrap();
        assert_eq!((place.label(false).as_str(), place.package), ("package 1 die 0", Some((1, Some(0)))));
    }

    #[test]
    fn a_count_is_digits_and_a_newline() {
        assert_eq!(parse_count(b"48211938017\n"), Some(48_211_938_017));
        for none in
            [&b""[..], b"\n", b"+5", b"-5", b" 5", b"5 6", b"0x5", b"18446744073709551616", b"12\xff34"]
        {
            assert_eq!(parse_count(none), None, "{none:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parsers_panic(bytes in prop::collection::vec(any::<u8>(), 0..32), text in ".{0,24}") {
            if let Some(count) = parse_count(&bytes) {
                prop_assert!(str::from_utf8(&bytes).unwrap().contains(&count.to_string()));
            }
            Zone::parse(&format!("intel-rapl:{text}"));
            Place::of(&format!("package-{text}"));
        }
    }
}
