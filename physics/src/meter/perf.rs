//! RAPL counters through the kernel's PMU `power` and `perf_event_open(2)`.
//!
//! The kernel reads the registers, undoes their wraps every few seconds and scales all of them to 1/2^32 J in 64 bits
//! (`arch/x86/events/rapl.c`). On AMD's family 15h another driver gives the same name to a PMU that measures power, so the
//! event must be called `energy-pkg` and be counted in joules.

use super::counter::CountUnit;
use super::{Domain, EnergyMeter, ReadError, Refusal};
use crate::cpu::{Processor, Processors, parse_list};
use crate::sensor::PartKind;
use maxwell_core::units::Moment;
use perf_event::events::Event as PerfEvent;
use perf_event_open_sys::bindings::perf_event_attr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const FOLDER: &str = "sys/bus/event_source/devices/power";

/// The names of the kernel's events and what they count, the package first. `energy-core` of the PMU `power_core` is left
/// alone: it would take a descriptor for each core.
const EVENTS: [(&str, PartKind); 5] = [
    ("energy-pkg", PartKind::Package),
    ("energy-cores", PartKind::Cores),
    ("energy-gpu", PartKind::Uncore),
    ("energy-ram", PartKind::Memory),
    ("energy-psys", PartKind::Platform),
];

/// What `perf_event_open(2)` is asked to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Number of the PMU.
    pub pmu: u32,
    /// Which of its events, in the form of `perf_event_attr.config`.
    pub config: u64,
}

/// Where counts come from: the kernel, or memory.
pub trait Events: Send {
    /// A counter that runs.
    type Count: Send;

    /// Begins to count an event on one processor, whatever runs there.
    ///
    /// # Errors
    /// The system call's.
    fn open(&mut self, event: Event, cpu: u32) -> io::Result<Self::Count>;

    /// The count since it began.
    ///
    /// # Errors
    /// When there is none, as after the processor went offline.
    fn read(&mut self, count: &mut Self::Count) -> io::Result<u64>;
}

/// Counters of the running kernel.
#[derive(Debug)]
pub struct KernelEvents;

/// Reads energy through the PMU `power`; one system call a domain.
#[derive(Debug)]
pub struct PerfMeter<E: Events = KernelEvents> {
    events: E,
    domains: Vec<Domain>,
    counters: Vec<Counter<E::Count>>,
    left_out: Vec<String>,
}

/// One counter, which is opened again after it failed. It begins at zero then, which whoever undoes wraps takes for the
/// unknown step that it is.
#[derive(Debug)]
struct Counter<C> {
    event: Event,
    cpu: u32,
    running: Option<C>,
}

impl PerfMeter {
    /// Opens the counters of this machine.
    ///
    /// # Errors
    /// See [`PerfMeter::new`]; also when `root` is not `/`, because counters are the running kernel's, and no file tree
    /// has any.
    pub fn open(root: &Path) -> Result<Self, Refusal> {
        if root != Path::new("/") {
            return Err(Refusal(format!(
                "{} is not this machine, and its kernel cannot be asked",
                root.display()
            )));
        }
        Self::new(root, KernelEvents)
    }
}

impl<E: Events> PerfMeter<E> {
    /// Takes the PMU's description from below a root folder and the counts from `events`.
    ///
    /// # Errors
    /// When there is no PMU that counts the energy of packages in a known unit, or the kernel refuses these counters. Any
    /// other event that cannot be had is left out.
    pub fn new(root: &Path, events: E) -> Result<Self, Refusal> {
        let pmu = Pmu::describe(root.join(FOLDER))?;
        let processors = Processors::identify(root)?;
        let mut meter = Self { events, domains: Vec::new(), counters: Vec::new(), left_out: Vec::new() };
        for (name, kind) in EVENTS {
            match meter.add(&pmu, &processors, name, kind) {
                Err(refusal) if kind == PartKind::Package => return Err(refusal),
                Err(Refusal(why)) => meter.left_out.push(why),
                Ok(()) => {}
            }
        }
        Ok(meter)
    }

    /// Begins to count an event on every processor of the PMU's mask, or on none. One that the PMU does not have is no
    /// error, unless it is that of the packages.
    fn add(&mut self, pmu: &Pmu, processors: &Processors, name: &str, kind: PartKind) -> Result<(), Refusal> {
        let Some((event, unit)) = pmu.event(name)? else {
            let why = || Refusal(format!("the PMU in {} has no event {name}", pmu.folder.display()));
            return if kind == PartKind::Package { Err(why()) } else { Ok(()) };
        };
        // There is one platform, and each processor of the mask would count all of it.
        let cpus = if kind == PartKind::Platform { &pmu.cpus[..1] } else { &pmu.cpus };
        let mut counters = Vec::new();
        for &cpu in cpus {
            let running = Some(self.events.open(event, cpu).map_err(|error| refused(name, cpu, &error))?);
            counters.push(Counter { event, cpu, running });
        }
        self.domains.extend(cpus.iter().map(|&cpu| domain(kind, processors.get(cpu), processors, unit)));
        self.counters.extend(counters);
        Ok(())
    }

    /// Events of the PMU that are not counted, each with the reason; never that of the packages.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }
}

impl<E: Events> EnergyMeter for PerfMeter<E> {
    fn name(&self) -> &'static str {
        "perf"
    }

    fn domains(&self) -> &[Domain] {
        &self.domains
    }

    fn count(&mut self, domain: usize, _now: Moment) -> Result<u64, ReadError> {
        let Counter { event, cpu, running } = &mut self.counters[domain];
        let failed = |error: io::Error| ReadError(format!("counter on processor {cpu}: {error}"));
        if running.is_none() {
            *running = Some(self.events.open(*event, *cpu).map_err(failed)?);
        }
        let count = running.as_mut().expect("it was just opened");
        let read = self.events.read(count);
        if read.is_err() {
            *running = None;
        }
        read.map_err(failed)
    }
}

impl Events for KernelEvents {
    type Count = perf_event::Counter;

    fn open(&mut self, event: Event, cpu: u32) -> io::Result<Self::Count> {
        let mut builder = perf_event::Builder::new(event);
        // The PMU cannot tell who used the energy and refuses to leave anybody out.
        builder.include_kernel().include_hv().any_pid().one_cpu(cpu as usize).enabled(true).build()
    }

    fn read(&mut self, count: &mut Self::Count) -> io::Result<u64> {
        count.read()
    }
}

impl PerfEvent for Event {
    fn update_attrs(self, attributes: &mut perf_event_attr) {
        attributes.type_ = self.pmu;
        attributes.config = self.config;
    }
}

/// What the kernel says about the PMU.
#[derive(Debug)]
struct Pmu {
    folder: PathBuf,
    number: u32,
    /// One processor for each package, or for each die where dies count on their own; at least one.
    cpus: Vec<u32>,
    format: Format,
}

impl Pmu {
    fn describe(folder: PathBuf) -> Result<Self, Refusal> {
        if !folder.exists() {
            let why = "a virtual machine, a processor without RAPL, or a kernel without CONFIG_PERF_EVENTS_INTEL_RAPL";
            return Err(Refusal(format!("{} is absent: {why}", folder.display())));
        }
        let number = parsed(&folder.join("type"), |text| text.parse().ok())?;
        let cpus = parsed(&folder.join("cpumask"), parse_list)?;
        let format = parsed(&folder.join("format/event"), Format::parse)?;
        Ok(Self { folder, number, cpus, format })
    }

    /// An event of this name and its unit, if there is one.
    fn event(&self, name: &str) -> Result<Option<(Event, CountUnit)>, Refusal> {
        let path = |ending: &str| self.folder.join(format!("events/{name}{ending}"));
        if !path("").exists() {
            return Ok(None);
        }
        let config = parsed(&path(""), |text| self.format.config(text))?;
        let unit = parsed(&path(".scale"), parse_scale)?;
        parsed(&path(".unit"), |text| (text == "Joules").then_some(()))?;
        Ok(Some((Event { pmu: self.number, config }, unit)))
    }
}

/// Where the field `event` lies in `perf_event_attr.config`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Format {
    lowest_bit: u32,
    bits: u32,
}

impl Format {
    /// Reads `config:0-7` or `config:3`.
    fn parse(text: &str) -> Option<Self> {
        let range = text.strip_prefix("config:")?;
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        (first <= last && last < u64::BITS).then(|| Self { lowest_bit: first, bits: last - first + 1 })
    }

    /// Reads `event=0x02`, the only form that the energy events of any kernel have.
    fn config(self, text: &str) -> Option<u64> {
        let value = text.strip_prefix("event=")?;
        let value = match value.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16),
            None => value.parse(),
        }
        .ok()?;
        // A value that does not fit into its field would name another event.
        (self.bits == u64::BITS || value >> self.bits == 0).then(|| value << self.lowest_bit)
    }
}

/// The joules of a count, which must be a power of two, so that sums stay exact. The kernel writes 1/2^32 as
/// `2.3283064365386962890625e-10`, which is that number to the last digit.
fn parse_scale(text: &str) -> Option<CountUnit> {
    let scale: f64 = text.parse().ok()?;
    let bits = (0_u8..=63).find(|&bits| scale.to_bits() == 0.5_f64.powi(i32::from(bits)).to_bits())?;
    Some(CountUnit::binary(bits))
}

/// The trimmed content of a file, as `parse` understands it.
fn parsed<T>(path: &Path, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, Refusal> {
    let bytes = fs::read(path).map_err(|error| Refusal(format!("{}: {error}", path.display())))?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim();
    parse(text).ok_or_else(|| Refusal(format!("{}: {text:?} is not what Maxwell knows", path.display())))
}

fn domain(kind: PartKind, place: Option<Processor>, processors: &Processors, unit: CountUnit) -> Domain {
    let place = place.filter(|_| kind != PartKind::Platform);
    let word = kind.word();
    let label =
        place.map_or_else(|| word.to_owned(), |place| format!("{word} {}", processors.die_label(place)));
    Domain { kind, socket: place.map(|place| place.package), label, unit, modulus: 1 << 64 }
}

/// Why the kernel does not count, with the remedy.
fn refused(name: &str, cpu: u32, error: &io::Error) -> Refusal {
    Refusal(match error.kind() {
        io::ErrorKind::PermissionDenied => format!(
            "the kernel refuses to count {name} for the whole of processor {cpu}: run as root, grant CAP_PERFMON, or \
             set kernel.perf_event_paranoid to 0"
        ),
        _ => format!("the kernel does not count {name} on processor {cpu}: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_forms_of_the_kernel() {
        let format = Format::parse("config:0-7").unwrap();
        assert_eq!(format.config("event=0x02"), Some(2));
        assert_eq!(Format::parse("config:8-15").unwrap().config("event=3"), Some(0x300));
        assert_eq!(parse_scale("2.3283064365386962890625e-10"), Some(CountUnit::binary(32)));
        assert_eq!(parse_scale("1"), Some(CountUnit::binary(0)));
    }

    #[test]
    fn other_forms_are_none() {
        let format = Format::parse("config:0-7").unwrap();
        for none in ["", "event", "event=", "event=0x100", "event=0x02,umask=0x1", "config=2"] {
            assert_eq!(format.config(none), None, "{none}");
        }
        for none in ["", "config:", "config:7-0", "config:0-64", "config1:0-7", "event:0-7"] {
            assert_eq!(Format::parse(none), None, "{none}");
        }
        for none in ["", "2", "0", "-0.5", "NaN", "inf", "2.3283e-10", "1e-9", "1e-320"] {
            assert_eq!(parse_scale(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parsers_panic(text in "[-0-9a-fx=:.e\\PC]{0,24}", lowest in 0_u32..64, bits in 1_u32..=64) {
            let _ = parse_scale(&text);
            if let Some(format) = Format::parse(&format!("config:{text}")) {
                prop_assert!(format.lowest_bit + format.bits <= u64::BITS);
            }
            let format = Format { lowest_bit: lowest, bits: bits.min(64 - lowest) };
            let _ = format.config(&format!("event={text}"));
        }
    }
}
