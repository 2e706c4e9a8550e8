//! CPU time weighted by frequency: a CPU at half its clock makes far less than half of the heat.
//!
//! ```text
//!   P = P_idle + sum over CPUs of utilisation x P_core x (f / f0)^k
//! ```
//!
//! Fed with this time instead of the plain one, [`crate::model::ModelSensor`] follows that law: a CPU that is busy for a
//! second at (f/f0)^k = 0.5 counts as half a second.

use crate::attribute::Attribute;
use crate::load::{Load, LoadError, LoadSource, busy_time};
use maxwell_core::limits::SLOTS_MAX;
use maxwell_core::units::Nanoseconds;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The usual exponent k. Dynamic power is C V² f: the exponent is 1 where the voltage is at its floor and 3 where it is
/// proportional to the frequency. In the range between, voltage rises with about the 0.6th power of the frequency, which
/// makes 2.2. An assumption about processors in general, not a measurement of one.
pub const EXPONENT: f64 = 2.2;

/// Weights beyond which a frequency is not believed: 30 is four and a half times the nominal frequency at k = 2.2.
const WEIGHT_MAX: f64 = 30.0;

/// Bytes read of `/proc/stat`: its lines of CPUs come first, and the longest has ten numbers of at most twenty digits.
const STAT_MAX: u64 = 256 * (SLOTS_MAX as u64 + 1);

/// Bytes read of a file that holds one frequency.
const FREQUENCY_MAX: u64 = 64;

/// CPU time of every CPU, weighted by its frequency of the moment. All of it counts as [`Load::other`].
///
/// Without a base frequency the highest one stands for f0. On many processors that is a boost that all cores together never
/// reach: the power then comes out too low, until a calibration fits the watts of a CPU to the same time.
///
/// The weight of a span is that at its end. A CPU whose driver tells no frequency, as in most virtual machines, or
/// something that is none, counts with weight 1. CPUs that go offline keep what they have used; one that appears begins
/// to count at its first reading.
#[derive(Debug)]
pub struct FrequencyWeighted {
    stat: PathBuf,
    cpus: PathBuf,
    exponent: f64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The CPUs by number.
    cpus: BTreeMap<u32, Cpu>,
    /// Weighted time since the first reading.
    weighted: Nanoseconds,
    /// CPUs that worked before the last reading and had no usable frequency.
    unweighted: usize,
    /// Room for what a reading takes from `/proc/stat`, kept from one to the next.
    text: Vec<u8>,
    /// The busy time of each CPU at the moment, by its number; kept likewise.
    busy: Vec<(u32, Nanoseconds)>,
}

#[derive(Debug)]
struct Cpu {
    /// Busy time at the last reading.
    busy: Nanoseconds,
    /// f0 in kHz, where the driver tells it; it does not change.
    nominal: Option<f64>,
    /// f in kHz. The file stays open, and is only read when the CPU has worked: reading it can wake a CPU that sleeps.
    current: Attribute,
}

impl Cpu {
    fn new(folder: &Path, busy: Nanoseconds) -> Self {
        let kilohertz = |file: &str| {
            let mut text = Vec::new();
            read(&folder.join(file), FREQUENCY_MAX, &mut text).ok()?;
            str::from_utf8(&text)
                .ok()?
                .trim()
                .parse::<u64>()
                .ok()
                .filter(|frequency| *frequency > 0)
                .map(|found| found as f64)
        };
        let nominal = kilohertz("base_frequency").or_else(|| kilohertz("cpuinfo_max_freq"));
        Self { busy, nominal, current: Attribute::new(folder.join("scaling_cur_freq"), Vec::new()) }
    }

    /// `(f / f0)^k` now; `None` where the driver tells no frequency that can be.
    fn weight(&mut self, exponent: f64) -> Option<f64> {
        let nominal = self.nominal?;
        let current = self.current.integer().ok().filter(|frequency| *frequency > 0)?;
        let weight = (current as f64 / nominal).powf(exponent);
        (weight <= WEIGHT_MAX).then_some(weight)
    }
}

impl FrequencyWeighted {
    /// Reads `<root>/proc/stat` and `<root>/sys/devices/system/cpu`; the root is `/` but in tests. Nothing is opened
    /// before the first reading.
    ///
    /// # Panics
    /// When the exponent is not from 0 to 4.
    pub fn new(root: &Path, exponent: f64) -> Self {
        assert!((0.0..=4.0).contains(&exponent), "no processor has the exponent {exponent}");
        Self {
            stat: root.join("proc/stat"),
            cpus: root.join("sys/devices/system/cpu"),
            exponent,
            state: Mutex::default(),
        }
    }

    /// How many CPUs that had worked counted with weight 1 at the last reading, because their frequency is not to be had.
    pub fn unweighted(&self) -> usize {
        self.state.lock().expect("an earlier reading panicked").unweighted
    }

    /// Puts the busy time of each CPU since it was started into `found`; `bytes` is room to read in.
    fn busy_of_each(
        &self,
        bytes: &mut Vec<u8>,
        found: &mut Vec<(u32, Nanoseconds)>,
    ) -> Result<(), LoadError> {
        read(&self.stat, STAT_MAX, bytes)
            .map_err(|source| LoadError::Unreadable { path: self.stat.clone(), source })?;
        let text = String::from_utf8_lossy(bytes);
        found.clear();
        for (index, line) in text.lines().enumerate() {
            let malformed = |(expected, found)| LoadError::Malformed {
                path: self.stat.clone(),
                line: index + 1,
                expected,
                found,
            };
            let Some((number, ticks)) = line.strip_prefix("cpu").and_then(|rest| rest.split_once(' ')) else {
                // The CPUs come first; what follows is about other things.
                break;
            };
            if number.is_empty() {
                continue;
            }
            let cpu = number.parse::<u32>();
            let cpu = cpu.map_err(|_| malformed(("the number of a CPU".to_owned(), number.to_owned())))?;
            found.push((cpu, busy_time(ticks).map_err(malformed)?));
        }
        if found.is_empty() {
            let first = text.lines().next().unwrap_or_default().chars().take(60).collect();
            let expected = "a line \"cpu0\" and so on for each CPU".to_owned();
            return Err(LoadError::Malformed { path: self.stat.clone(), line: 1, expected, found: first });
        }
        Ok(())
    }
}

impl LoadSource for FrequencyWeighted {
    fn busy(&self) -> Result<Load, LoadError> {
        let mut state = self.state.lock().expect("an earlier reading panicked");
        let State { cpus, weighted, unweighted, text, busy } = &mut *state;
        self.busy_of_each(text, busy)?;
        *unweighted = 0;
        for &(number, busy) in &*busy {
            let folder = || self.cpus.join(format!("cpu{number}/cpufreq"));
            let cpu = cpus.entry(number).or_insert_with(|| Cpu::new(&folder(), busy));
            let used = busy.saturating_sub(cpu.busy);
            cpu.busy = busy;
            if used == Nanoseconds::ZERO {
                continue;
            }
            let weight = cpu.weight(self.exponent);
            *unweighted += usize::from(weight.is_none());
            let weighted_s = used.as_seconds() * weight.unwrap_or(1.0);
            *weighted += Nanoseconds((weighted_s * 1e9).round() as u64);
        }
        Ok(Load { other: state.weighted, ..Load::default() })
    }
}

/// Puts the beginning of a file in the place of what `bytes` holds.
fn read(path: &Path, bytes_max: u64, bytes: &mut Vec<u8>) -> std::io::Result<()> {
    bytes.clear();
    File::open(path)?.take(bytes_max).read_to_end(bytes)?;
    Ok(())
}
