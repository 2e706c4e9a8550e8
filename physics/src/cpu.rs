//! Which processors the machine has: their make, and how they sit in cores, dies and sockets.

use crate::meter::Refusal;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// More processors than Linux can be built for on any architecture (8192 on x86); what lies above is no processor.
const CPU_MAX: u32 = 1 << 16;

/// Longest list of processors that is read, in bytes: the numbers of all of them one by one.
const LIST_MAX: usize = 6 * CPU_MAX as usize;

/// Most bytes read of `proc/cpuinfo`: a kilobyte for each processor.
const INFO_MAX: usize = 1024 * CPU_MAX as usize;

/// Who made the processors, as far as it decides which registers they have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    /// `GenuineIntel`.
    Intel,
    /// `AuthenticAMD`.
    Amd,
    /// `HygonGenuine`, whose processors have AMD's registers.
    Hygon,
    /// Someone else, or it is not said, as on ARM.
    Other,
}

/// One logical processor that is online.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Processor {
    /// Its number in Linux.
    pub number: u32,
    /// The physical package that it sits in: the socket.
    pub package: u16,
    /// The die of the package; 0 on all but a few large parts.
    pub die: u16,
    /// The core of the die; several threads share one. Numbers may have gaps, and on some parts begin anew on each die.
    pub core: u32,
}

/// All processors that are online.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Processors {
    /// Who made them.
    pub vendor: Vendor,
    /// Family as CPUID counts it; 0 where it is not said.
    pub family: u32,
    /// Model as CPUID counts it; 0 where it is not said.
    pub model: u32,
    /// In the order of their numbers; at least one.
    pub online: Vec<Processor>,
    /// What had to be assumed because the kernel does not say it, for the operator.
    pub assumed: Option<String>,
}

impl Processors {
    /// Reads `proc/cpuinfo` and `sys/devices/system/cpu` below a root folder, `/` but in tests.
    ///
    /// # Errors
    /// When neither names any processor.
    pub fn identify(root: &Path) -> Result<Self, Refusal> {
        let info = beginning(&root.join("proc/cpuinfo"), INFO_MAX).unwrap_or_default();
        let info = String::from_utf8_lossy(&info);
        let folder = root.join("sys/devices/system/cpu");
        let listed = beginning(&folder.join("online"), LIST_MAX + 1).ok();
        let listed = listed.and_then(|bytes| parse_list(str::from_utf8(&bytes).ok()?));
        let numbers = listed.unwrap_or_else(|| {
            let named = values(&info, "processor").filter_map(|number| number.parse().ok());
            named.filter(|&number| number < CPU_MAX).take(CPU_MAX as usize).collect()
        });
        if numbers.is_empty() {
            let (folder, info) = (folder.display(), root.join("proc/cpuinfo"));
            return Err(Refusal(format!("neither {folder}/online nor {} names a processor", info.display())));
        }
        let (vendor, family, model) = make(&info);
        let mut unplaced = 0;
        let online = numbers
            .into_iter()
            .map(|number| {
                let processor = placed(&folder, number);
                unplaced += usize::from(processor.is_none());
                processor.unwrap_or(Processor { number, package: 0, die: 0, core: number })
            })
            .collect();
        let assumed = (unplaced > 0).then(|| {
            format!("the kernel does not say where {unplaced} of the processors sit: each is taken to be a core of package 0")
        });
        Ok(Self { vendor, family, model, online, assumed })
    }

    /// The first processor of each package, in the order of the packages.
    pub fn one_per_package(&self) -> Vec<Processor> {
        self.first_of_each(|processor| processor.package)
    }

    /// The first processor of each die, in the order of packages and dies.
    pub fn one_per_die(&self) -> Vec<Processor> {
        self.first_of_each(|processor| (processor.package, processor.die))
    }

    /// The first processor of each core, in the order of packages, dies and cores.
    pub fn one_per_core(&self) -> Vec<Processor> {
        self.first_of_each(|processor| (processor.package, processor.die, processor.core))
    }

    /// How a core is called, such as `core 4 of package 1`.
    pub fn core_label(&self, place: Processor) -> String {
        format!("core {} of package {}", place.core, self.die_label(place))
    }

    /// How a die is called: by its package alone, such as `1`, or `1 die 0` where the package has several.
    pub fn die_label(&self, place: Processor) -> String {
        let Processor { package, die, .. } = place;
        let several = self.online.iter().any(|other| other.package == package && other.die != die);
        if several { format!("{package} die {die}") } else { package.to_string() }
    }

    /// The processor of this number, if it is online.
    pub fn get(&self, number: u32) -> Option<Processor> {
        self.online.iter().copied().find(|processor| processor.number == number)
    }

    fn first_of_each<K: Ord>(&self, key: impl Fn(&Processor) -> K) -> Vec<Processor> {
        let mut firsts = self.online.clone();
        // The sort is stable, so the lowest number of each stays in front.
        firsts.sort_by_key(&key);
        firsts.dedup_by_key(|processor| key(processor));
        firsts
    }
}

/// The numbers in a list as the kernel writes it, `0-3,8,10-11`, in ascending order; none where it is no such list, which
/// one that names more processors than there can be is not either.
pub(crate) fn parse_list(text: &str) -> Option<Vec<u32>> {
    if text.len() > LIST_MAX {
        return None;
    }
    let mut numbers = Vec::new();
    for range in text.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        if first > last || last >= CPU_MAX || numbers.len() + (last - first) as usize >= CPU_MAX as usize {
            return None;
        }
        numbers.extend(first..=last);
    }
    numbers.sort_unstable();
    numbers.dedup();
    Some(numbers)
}

/// The first bytes of a file, and all where there are not more.
fn beginning(path: &Path, bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(bytes_max as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Vendor, family and model; those of the first processor stand for all, as Linux runs on no mixture.
fn make(info: &str) -> (Vendor, u32, u32) {
    let number = |key| values(info, key).next().and_then(|value| value.parse().ok()).unwrap_or(0);
    let vendor = match values(info, "vendor_id").next() {
        Some("GenuineIntel") => Vendor::Intel,
        Some("AuthenticAMD") => Vendor::Amd,
        Some("HygonGenuine") => Vendor::Hygon,
        _ => Vendor::Other,
    };
    (vendor, number("cpu family"), number("model"))
}

/// What stands behind `key` in lines of the form `key : value`.
fn values<'a>(info: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    info.lines().filter_map(move |line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == key).then(|| value.trim())
    })
}

/// Where a processor sits. The kernel writes -1 for what the firmware does not tell it.
fn placed(folder: &Path, number: u32) -> Option<Processor> {
    let topology = folder.join(format!("cpu{number}/topology"));
    let id = |name: &str| fs::read_to_string(topology.join(name)).ok()?.trim().parse::<u32>().ok();
    let package = u16::try_from(id("physical_package_id")?).ok()?;
    // Kernels before 5.2 have no dies.
    let die = id("die_id").and_then(|die| u16::try_from(die).ok()).unwrap_or(0);
    Some(Processor { number, package, die, core: id("core_id")? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists_with_gaps_and_ranges() {
        assert_eq!(parse_list("0-3,8,10-11\n"), Some(vec![0, 1, 2, 3, 8, 10, 11]));
        assert_eq!(parse_list("5"), Some(vec![5]));
        for none in ["", "\n", "3-1", "0-4294967295", "a", "1,,2", "-1", "0x3"] {
            assert_eq!(parse_list(none), None, "{none:?}");
        }
    }

    #[test]
    fn a_list_of_more_processors_than_can_be_is_none() {
        assert_eq!(parse_list("0-65535").map(|numbers| numbers.len()), Some(65_536));
        assert_eq!(parse_list("0-65535,7"), None);
        assert_eq!(parse_list(&"0-65535,".repeat(10_000)), None);
        assert_eq!(parse_list(&"1,".repeat(LIST_MAX)), None);
    }

    #[test]
    fn where_nothing_names_a_processor_there_is_none() {
        let root = tempfile::tempdir().unwrap();
        let why = Processors::identify(root.path()).unwrap_err().to_string();
        assert!(why.contains("names a processor"), "{why}");
    }

    #[test]
    fn without_topology_all_sit_in_one_package_and_it_is_said() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("proc")).unwrap();
        let info =
            "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\n\nprocessor\t: 2\n";
        fs::write(root.path().join("proc/cpuinfo"), info).unwrap();
        let found = Processors::identify(root.path()).unwrap();
        assert_eq!((found.vendor, found.family, found.model), (Vendor::Intel, 6, 85));
        assert_eq!(
            found.online.iter().map(|one| (one.number, one.package)).collect::<Vec<_>>(),
            [(0, 0), (2, 0)]
        );
        assert!(found.assumed.unwrap().contains("2 of the"));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parsers_panic(text in "[-0-9,\\PC\n:\t]{0,64}") {
            if let Some(numbers) = parse_list(&text) {
                prop_assert!(numbers.is_sorted() && numbers.iter().all(|&number| number < CPU_MAX));
            }
            make(&text);
        }
    }
}
