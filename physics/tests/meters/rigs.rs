//! The backends on fixture machines whose counters can be set.

use crate::common::tree::{self, lay_registers, plant, remove, rewrite};
use crate::contract::{Rig, Spoil};
use maxwell_physics::cpu::Processors;
use maxwell_physics::meter::EnergyMeter;
use maxwell_physics::meter::msr::{MsrMeter, Registers};
use maxwell_physics::meter::perf::{Event, Events, PerfMeter};
use maxwell_physics::meter::powercap::PowercapMeter;
use maxwell_physics::sensor::PartKind::{self, Cores, Memory, Package, Platform, Uncore};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// Label, kind and socket of a domain.
type Expected = (&'static str, PartKind, Option<u16>);

const DESKTOP: [Expected; 4] = [
    ("package 0", Package, Some(0)),
    ("cores 0", Cores, Some(0)),
    ("uncore 0", Uncore, Some(0)),
    ("platform", Platform, None),
];

/// Registers of Intel in device files.
pub(crate) struct MsrIntel {
    root: TempDir,
    /// Processor and register of each domain.
    places: Vec<(u32, u32)>,
    expected: Vec<Expected>,
    /// Every register of every processor.
    values: BTreeMap<(u32, u32), u32>,
}

impl MsrIntel {
    pub(crate) fn desktop() -> Self {
        Self::new(tree::INTEL_DESKTOP, &[(0, 0x611), (0, 0x639), (0, 0x641), (0, 0x64d)], &DESKTOP)
    }

    /// The first processor of the second socket is number 1.
    pub(crate) fn server() -> Self {
        let expected = [
            ("package 0", Package, Some(0)),
            ("package 1", Package, Some(1)),
            ("memory 0", Memory, Some(0)),
            ("memory 1", Memory, Some(1)),
        ];
        Self::new(tree::INTEL_SERVER_2S, &[(0, 0x611), (1, 0x611), (0, 0x619), (1, 0x619)], &expected)
    }

    fn new(text: &str, places: &[(u32, u32)], expected: &[Expected]) -> Self {
        let mut values: BTreeMap<_, _> = places.iter().map(|&place| (place, 77)).collect();
        values.insert((0, 0x606), 0x000a_0e03);
        let rig = Self { root: plant(text), places: places.into(), expected: expected.into(), values };
        rig.lay();
        rig
    }

    fn lay(&self) {
        for (&(cpu, register), &value) in &self.values {
            lay_registers(self.root.path(), cpu, &[(register, value)]);
        }
    }

    fn device(&self, domain: usize) -> String {
        format!("dev/cpu/{}/msr", self.places[domain].0)
    }
}

impl Rig for MsrIntel {
    fn expected(&self) -> Vec<Expected> {
        self.expected.clone()
    }

    fn meter(&self) -> Box<dyn EnergyMeter> {
        Box::new(MsrMeter::open(self.root.path()).unwrap())
    }

    fn set(&mut self, domain: usize, count: u64) {
        self.values.insert(self.places[domain], u32::try_from(count).expect("a register's"));
        self.lay();
    }

    fn ways(&self) -> &'static [Spoil] {
        &[Spoil::Gone, Spoil::Empty, Spoil::Garbage]
    }

    fn spoil(&mut self, domain: usize, way: Spoil) {
        // Emptied first even where it goes: a descriptor that is still open reads a removed plain file as before, while
        // one of a removed device fails.
        rewrite(self.root.path(), &self.device(domain), "");
        match way {
            Spoil::Gone => remove(self.root.path(), &self.device(domain)),
            Spoil::Empty => {}
            Spoil::Garbage => {
                let half = u64::from(self.places[domain].1) + 4;
                let path = self.root.path().join(self.device(domain));
                std::fs::File::options().write(true).open(path).unwrap().set_len(half).unwrap();
            }
            Spoil::BeyondRange => unreachable!("32 bits cannot"),
        }
    }
}

/// Registers in memory; those of AMD overlap in a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryRegisters(pub(crate) Arc<Mutex<BTreeMap<(u32, u32), u64>>>);

impl MemoryRegisters {
    pub(crate) fn set(&self, cpu: u32, register: u32, value: u64) {
        self.0.lock().unwrap().insert((cpu, register), value);
    }
}

impl Registers for MemoryRegisters {
    fn read(&mut self, cpu: u32, register: u32) -> io::Result<u64> {
        // What the device answers where the processor has no such register.
        self.0.lock().unwrap().get(&(cpu, register)).copied().ok_or(io::Error::from_raw_os_error(5))
    }
}

/// Registers of AMD: a package and eight cores.
pub(crate) struct MsrAmd {
    root: TempDir,
    registers: MemoryRegisters,
}

impl MsrAmd {
    pub(crate) fn new() -> Self {
        let rig = Self { root: plant(tree::AMD_EPYC), registers: MemoryRegisters::default() };
        rig.registers.set(0, 0xc001_0299, 0x000a_1003);
        (0..9).for_each(|domain| rig.lay(domain, 77));
        rig
    }

    /// The bits above the counter are reserved, and are not zero here.
    fn lay(&self, domain: usize, count: u64) {
        let (cpu, register) = Self::place(domain);
        self.registers.set(cpu, register, 0xdead_beef << 32 | count);
    }

    fn place(domain: usize) -> (u32, u32) {
        match domain {
            0 => (0, 0xc001_029b),
            core => (core as u32 - 1, 0xc001_029a),
        }
    }
}

impl Rig for MsrAmd {
    fn expected(&self) -> Vec<Expected> {
        let labels = [0, 1, 2, 3, 4, 5, 6, 7].map(|core| &*format!("core {core} of package 0").leak());
        let package = ("package 0", Package, Some(0));
        std::iter::once(package).chain(labels.map(|label| (label, Cores, Some(0)))).collect()
    }

    fn meter(&self) -> Box<dyn EnergyMeter> {
        let processors = Processors::identify(self.root.path()).unwrap();
        Box::new(MsrMeter::new(self.registers.clone(), &processors).unwrap())
    }

    fn set(&mut self, domain: usize, count: u64) {
        self.lay(domain, count);
    }

    fn ways(&self) -> &'static [Spoil] {
        &[Spoil::Gone]
    }

    fn spoil(&mut self, domain: usize, _way: Spoil) {
        self.registers.0.lock().unwrap().remove(&Self::place(domain));
    }
}

/// The kernel's powercap files.
pub(crate) struct Powercap {
    root: TempDir,
    zones: Vec<&'static str>,
    expected: Vec<Expected>,
}

impl Powercap {
    pub(crate) fn desktop() -> Self {
        let zones = vec!["intel-rapl:0", "intel-rapl:0:0", "intel-rapl:0:1", "intel-rapl:1"];
        Self { root: plant(tree::INTEL_DESKTOP), zones, expected: DESKTOP.into() }
    }

    pub(crate) fn server() -> Self {
        let expected = vec![
            ("package 0", Package, Some(0)),
            ("memory 0", Memory, Some(0)),
            ("package 1", Package, Some(1)),
            ("memory 1", Memory, Some(1)),
        ];
        let zones = vec!["intel-rapl:0", "intel-rapl:0:0", "intel-rapl:1", "intel-rapl:1:0"];
        Self { root: plant(tree::INTEL_SERVER_2S), zones, expected }
    }

    pub(crate) fn amd() -> Self {
        let expected = vec![("package 0", Package, Some(0)), ("one core of package 0", Cores, Some(0))];
        Self { root: plant(tree::AMD_EPYC), zones: vec!["intel-rapl:0", "intel-rapl:0:0"], expected }
    }

    fn counter(&self, domain: usize) -> String {
        format!("sys/class/powercap/{}/energy_uj", self.zones[domain])
    }
}

impl Rig for Powercap {
    fn expected(&self) -> Vec<Expected> {
        self.expected.clone()
    }

    fn meter(&self) -> Box<dyn EnergyMeter> {
        let meter = PowercapMeter::open(self.root.path()).unwrap();
        assert_eq!(meter.left_out(), [""; 0]);
        Box::new(meter)
    }

    fn set(&mut self, domain: usize, count: u64) {
        rewrite(self.root.path(), &self.counter(domain), format!("{count}\n"));
    }

    fn ways(&self) -> &'static [Spoil] {
        &[Spoil::Gone, Spoil::Empty, Spoil::Garbage, Spoil::BeyondRange]
    }

    fn spoil(&mut self, domain: usize, way: Spoil) {
        let (root, path) = (self.root.path(), self.counter(domain));
        match way {
            // Emptied first, for the reason given for device files.
            Spoil::Gone => {
                rewrite(root, &path, "");
                remove(root, &path);
            }
            Spoil::Empty => rewrite(root, &path, ""),
            Spoil::Garbage => rewrite(root, &path, b"12\xff34\n"),
            Spoil::BeyondRange => rewrite(root, &path, "262143328852\n"),
        }
    }
}

/// Counts of the PMU `power`, in memory.
pub(crate) struct Perf {
    root: TempDir,
    expected: Vec<Expected>,
    /// Number of the event and processor of each domain.
    places: Vec<(u64, u32)>,
    counts: MemoryEvents,
}

/// What each event has counted on each processor.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryEvents(pub(crate) Arc<Mutex<BTreeMap<(u64, u32), u64>>>);

/// A counter in memory. As with a descriptor of the kernel's, one that failed once is of no more use.
#[derive(Debug)]
pub(crate) struct MemoryCount {
    place: (u64, u32),
    failed: bool,
}

impl Events for MemoryEvents {
    type Count = MemoryCount;

    fn open(&mut self, event: Event, cpu: u32) -> io::Result<MemoryCount> {
        let place = (event.config, cpu);
        // What the kernel answers for an event that the PMU does not have.
        let known = self.0.lock().unwrap().contains_key(&place);
        known.then_some(MemoryCount { place, failed: false }).ok_or(io::Error::from_raw_os_error(22))
    }

    fn read(&mut self, count: &mut MemoryCount) -> io::Result<u64> {
        let value = self.0.lock().unwrap().get(&count.place).copied();
        count.failed |= value.is_none();
        value.filter(|_| !count.failed).ok_or(io::ErrorKind::UnexpectedEof.into())
    }
}

impl Perf {
    pub(crate) fn desktop() -> Self {
        Self::new(tree::INTEL_DESKTOP, &[(2, 0), (1, 0), (4, 0), (5, 0)], &DESKTOP)
    }

    pub(crate) fn server() -> Self {
        let expected = MsrIntel::server().expected;
        Self::new(tree::INTEL_SERVER_2S, &[(2, 0), (2, 1), (3, 0), (3, 1)], &expected)
    }

    pub(crate) fn amd() -> Self {
        Self::new(tree::AMD_EPYC, &[(2, 0)], &DESKTOP[..1])
    }

    fn new(text: &str, places: &[(u64, u32)], expected: &[Expected]) -> Self {
        let counts = MemoryEvents::default();
        counts.0.lock().unwrap().extend(places.iter().map(|&place| (place, 0)));
        Self { root: plant(text), expected: expected.into(), places: places.into(), counts }
    }
}

impl Rig for Perf {
    fn expected(&self) -> Vec<Expected> {
        self.expected.clone()
    }

    fn meter(&self) -> Box<dyn EnergyMeter> {
        let meter = PerfMeter::new(self.root.path(), self.counts.clone()).unwrap();
        assert_eq!(meter.left_out(), [""; 0]);
        Box::new(meter)
    }

    fn set(&mut self, domain: usize, count: u64) {
        self.counts.0.lock().unwrap().insert(self.places[domain], count);
    }

    fn ways(&self) -> &'static [Spoil] {
        &[Spoil::Gone]
    }

    fn spoil(&mut self, domain: usize, _way: Spoil) {
        self.counts.0.lock().unwrap().remove(&self.places[domain]);
    }
}
