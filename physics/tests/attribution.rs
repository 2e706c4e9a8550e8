//! Power that was really measured, through sampler, attribution and controller: whose joules, and what is sold.
//!
//! Each run is the idle recording of a machine followed by one of a workload, as one sensor whose energy is interrupted
//! in between.
//!
//! Real are the energy of the package, the times at which it was read, and their jitter. The recordings hold no CPU
//! time, so all of that is assumed: `stream_copy_N` keeps N CPUs busy, the other STREAM kernels 16, and each of the plain
//! loops one, because it draws no more than `stream_copy_1` does; the machines have 32 CPUs, the most threads in any
//! name. Busy time comes from a count of its own of the same assumed load, as a kernel would count it: late by up to two
//! windows, in whole ticks, with an error that does not accumulate. So the balance says that meters which differ in these
//! ways are told from one that drops work, at rates that really varied so; it says nothing about the CPU time of those
//! machines. How much idle is, is checked against the half of the idle recording that was held out.

use flate2::read::GzDecoder;
use maxwell_core::energy::{Attribution, CpuTime, EnergyProfile, Readings, Shares};
use maxwell_core::limits::{QUANTUM, WINDOW};
use maxwell_core::price::{Plant, PriceConfig, Pricer};
use maxwell_core::tick::{Reading, Sensed};
use maxwell_core::units::{Celsius, Microjoules, Moment, Nanoseconds, Watts};
use maxwell_physics::model::MachineModel;
use maxwell_physics::replay::{ReplaySensor, Trace};
use maxwell_physics::sampler::{InlineSampler, Sampler};
use maxwell_physics::sensor::{SensorError, ThermalSensor};
use maxwell_physics::thermal::Class;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

const CPUS: u16 = 32;
const MULTIPLIER_MAX: f64 = 64.0;

/// Ticks by which the kernel's count may be late: less than two windows.
const LATE_MAX: usize = 18;

/// Ticks for which it stays as late as it is.
const LATE_FOR: u64 = 1_000;

/// With fewer busy CPUs than this the grain of 10 ms makes the rate ripple so much that the bar hides what was dropped.
const GRAIN_MATTERS_BELOW: f64 = 8.0;

/// What a meter that drops work sees of it.
const DROPS_SOME: f64 = 0.9;

/// Seconds of work after which a tenth of the cells' time, six parts in a hundred of all, is more than the meters may be
/// apart: their lag of two windows, twice, and the ripple of the rate.
const LONG_ENOUGH_S: f64 = 30.0;

/// A recording of the machine at rest, then one of it at work.
struct RestThenWork {
    rest: ReplaySensor,
    work: ReplaySensor,
    rest_ends: Nanoseconds,
    rest_energy: Microjoules,
}

impl RestThenWork {
    fn new(rest: Trace, work: Trace) -> Self {
        let last = *rest.samples().last().unwrap();
        let (rest, work) = (ReplaySensor::new(rest), ReplaySensor::new(work));
        Self { rest, work, rest_ends: last.at, rest_energy: last.energy }
    }
}

impl ThermalSensor for RestThenWork {
    fn name(&self) -> &'static str {
        "two recordings"
    }

    fn sample(&self, now: Moment) -> Result<Reading, SensorError> {
        if now.0 <= self.rest_ends.0 {
            return self.rest.sample(now);
        }
        let mut reading = self.work.sample(Moment(now.0 - self.rest_ends.0))?;
        reading.at = reading.at + self.rest_ends;
        reading.energy.value += self.rest_energy;
        reading.epoch = 1;
        Ok(reading)
    }
}

/// CPU time as the meters of cells, of Maxwell and of other programs show it, and busy time as the kernel counts it.
struct Meters {
    cells: f64,
    own: f64,
    other: f64,
    /// What part of their time the meter of cells sees.
    seen: f64,
    kernel: Kernel,
}

impl Meters {
    fn new(seen: f64) -> Self {
        Self { cells: 0.0, own: 0.0, other: 0.0, seen, kernel: Kernel::default() }
    }

    /// Six parts in ten of the work are cells', the rest is other programs'; Maxwell has two parts in a thousand of a CPU.
    fn run(&mut self, span_ns: u64, threads: f64) {
        let (span, work) = (span_ns as f64, span_ns as f64 * threads);
        self.cells += 0.6 * work * self.seen;
        self.other += 0.4 * work;
        self.own += 0.002 * span;
        self.kernel.run(span, threads + 0.002);
    }

    fn read(&mut self) -> CpuTime {
        CpuTime {
            cells: Nanoseconds(self.cells as u64),
            own: Nanoseconds(self.own as u64),
            other: cut(self.other),
            busy: cut(self.kernel.shown),
            epoch: 0,
        }
    }
}

fn cut(time: f64) -> Nanoseconds {
    Nanoseconds(time as u64 / QUANTUM.0 * QUANTUM.0)
}

/// Counts the load by itself, tick by tick, and shows the count late.
#[derive(Default)]
struct Kernel {
    counted: f64,
    history: VecDeque<f64>,
    shown: f64,
    random: u64,
    ticks: u64,
    late: usize,
}

impl Kernel {
    fn run(&mut self, span: f64, cpus: f64) {
        self.counted += span * cpus;
        self.history.push_front(self.counted);
        self.history.truncate(LATE_MAX + 1);
        if self.ticks.is_multiple_of(LATE_FOR) {
            self.late = (self.draw() * LATE_MAX as f64) as usize;
        }
        self.ticks += 1;
        // The timer sees each CPU busy a little too early or too late, by at most half a tick; never a fall.
        let off = (self.draw() - 1.0) * 0.5 * QUANTUM.0 as f64;
        let late = self.history[self.late.min(self.history.len() - 1)];
        self.shown = self.shown.max(late + off);
    }

    /// From zero to one (Knuth's MMIX generator).
    fn draw(&mut self) -> f64 {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// What came of one run.
struct Course {
    /// Shares when the work began and when it ended.
    rested: Shares,
    ended: Shares,
    idle: (Watts, Watts),
    ticks: u64,
    bound: u64,
    critical: u64,
    /// Whether the shares balanced all the time.
    balanced: bool,
}

fn threads(workload: &str) -> f64 {
    match workload.strip_prefix("stream_copy_").map(str::parse) {
        Some(Ok(threads)) => threads,
        _ if workload.starts_with("stream_") => 16.0,
        _ => 1.0,
    }
}

fn profile(machine: &MachineModel) -> EnergyProfile {
    EnergyProfile {
        idle: machine.idle,
        idle_error: Watts(0.3 * machine.idle.0),
        slot: machine.slot,
        cpus: CPUS,
        readings: Readings::OfThisRun,
    }
}

/// A controller whose set point the work reaches half of the time, and whose critical point it passes.
fn pricer(machine: &MachineModel, work: &Trace) -> Pricer {
    let mut dies: Vec<f64> = work.samples().iter().map(|sample| sample.die.0).collect();
    dies.sort_by(f64::total_cmp);
    let (middle, hottest) = (dies[dies.len() / 2], dies[dies.len() - 1]);
    let thermal = &machine.thermal;
    let plant =
        Plant { slot: machine.slot, die_resistance: thermal.die_resistance, die_tau_s: thermal.die_tau_s };
    let critical = Celsius(middle + 0.5 * (hottest - middle) + 1e-6);
    let config = PriceConfig::new(CPUS, plant, Celsius(middle), critical);
    Pricer::new(PriceConfig { multiplier_max: MULTIPLIER_MAX, ..config }).unwrap()
}

/// Plays both recordings on ticks that come up to 3 ms late.
fn play(machine: &MachineModel, rest: Trace, work: Trace, threads: f64, seen: f64) -> Course {
    let mut pricer = pricer(machine, &work);
    let ends = rest.samples().last().unwrap().at + work.samples().last().unwrap().at;
    let sensor = RestThenWork::new(rest, work);
    let rest_ends = sensor.rest_ends;
    let mut sampler = InlineSampler::new(Box::new(sensor), WINDOW);
    let mut attribution = Attribution::new(profile(machine));
    let (mut meters, mut before) = (Meters::new(seen), 0);
    let mut course = Course {
        rested: Shares::default(),
        ended: Shares::default(),
        idle: (Watts(0.0), Watts(0.0)),
        ticks: ends.0 / QUANTUM.0,
        bound: 0,
        critical: 0,
        balanced: true,
    };
    for tick in 0..course.ticks {
        let now = Moment(tick * QUANTUM.0 + tick * 7_919 % 31 * 100_000);
        let runs = if now.0 > rest_ends.0 { threads } else { 0.0 };
        meters.run(now.0 - before, runs);
        before = now.0;
        let sensed = sampler.latest(now);
        attribution.observe(&sensed, meters.read());
        course.balanced &= attribution.shares().balance();
        if attribution.shares().unknown == Nanoseconds::ZERO {
            course.rested = *attribution.shares();
            course.idle = (attribution.idle().value(), attribution.idle().error());
        }
        let quote = pricer.quote(now, &sensed);
        let is_hot = matches!(sensed, Sensed::Fresh(_)) && quote.supply == 0.0;
        assert!(quote.reserve >= quote.base && quote.multiplier.as_ratio() <= MULTIPLIER_MAX, "{quote:?}");
        assert!((0.0..=f64::from(CPUS)).contains(&quote.supply), "{quote:?}");
        course.bound += u64::from(quote.supply < f64::from(CPUS));
        course.critical += u64::from(is_hot);
    }
    course.ended = *attribution.shares();
    course
}

fn open(path: &Path, machine: &MachineModel) -> Option<Trace> {
    let mut text = String::new();
    GzDecoder::new(File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    // Some recordings hold nothing but a header.
    (text.lines().count() > 1).then(|| Trace::parse(&text, path, &machine.thermal).unwrap())
}

/// The two halves of a recording, by their times.
fn halves(path: &Path, machine: &MachineModel) -> (Trace, Trace) {
    let mut text = String::new();
    GzDecoder::new(File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    let (header, lines) = text.split_once('\n').unwrap();
    let time = |line: &str| line.split(',').next().unwrap().parse::<f64>().unwrap();
    let middle = time(lines.lines().last().unwrap()) / 2.0;
    let half = |is_first: bool| {
        let of_half = lines.lines().filter(|line| (time(line) < middle) == is_first);
        let text: String = std::iter::once(header).chain(of_half).flat_map(|line| [line, "\n"]).collect();
        Trace::parse(&text, path, &machine.thermal).unwrap()
    };
    (half(true), half(false))
}

fn seconds(trace: &Trace) -> f64 {
    let samples = trace.samples();
    (samples[samples.len() - 1].at.0 - samples[0].at.0) as f64 / 1e9
}

fn mean_power(trace: &Trace) -> f64 {
    let samples = trace.samples();
    (samples[samples.len() - 1].energy - samples[0].energy).as_joules() / seconds(trace)
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// What all runs of one machine came to.
#[derive(Default)]
struct Tally {
    runs: u32,
    /// In how many a meter that drops work was found out.
    found_out: u32,
    residual: f64,
    bar: f64,
    watts: Vec<f64>,
    bound: u64,
    critical: u64,
    ticks: u64,
}

impl Tally {
    fn check(&mut self, what: &str, rest_mean: f64, course: &Course) {
        let Course { rested, ended, idle, .. } = course;
        assert!(course.balanced, "{what}: {ended:?}");
        let of = |share: fn(&Shares) -> Microjoules| (share(ended) - share(rested)).as_joules();
        let (package, idle_line) = (of(|s| s.package), of(|s| s.idle));
        let (cells, own, other) = (of(|s| s.cells), of(|s| s.own), of(|s| s.other));
        let bar = of(|s| s.error).max(0.0) + rested.error.as_joules();
        let off = (package - idle_line - cells - own - other).abs();
        assert!(off <= bar, "{what}: {off:.3} J of {package:.1} J are nobody's, the bar is {bar:.3} J");
        assert!(cells > 0.0 && other > 0.0 && own > 0.0, "{what}");
        // Two standard deviations: on one machine the second half draws 127 W and the first 142 W.
        assert!((idle.0.0 - rest_mean).abs() <= 2.0 * idle.1.0, "{what}: idle {idle:?}, was {rest_mean}");
        let seconds = idle_line / rest_mean;
        let spread = idle.1.0 / rest_mean;
        assert!(idle_line <= package, "{what}");
        self.runs += 1;
        self.residual = self.residual.max(off / package);
        self.bar = self.bar.max(bar / package);
        self.watts.push((package - idle_line) / seconds);
        self.bound += course.bound;
        self.critical += course.critical;
        self.ticks += course.ticks;
        assert!(spread < 0.2, "{what}: idle is known to {spread}");
    }
}

/// Plays every workload of one machine.
fn play_machine(folder: &Path, machine: &MachineModel) -> Tally {
    let (rest, held_out) = halves(&folder.join("idle.csv.gz"), machine);
    let rest_mean = mean_power(&held_out);
    let mut tally = Tally::default();
    for path in entries(folder) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some(workload) = name.strip_suffix(".csv.gz").filter(|workload| *workload != "idle") else {
            continue;
        };
        let Some(work) = open(&path, machine) else { continue };
        let what = path.display().to_string();
        if seconds(&work) >= LONG_ENOUGH_S && threads(workload) >= GRAIN_MATTERS_BELOW {
            let course = play(machine, rest.clone(), work.clone(), threads(workload), DROPS_SOME);
            assert!(!course.balanced, "{what}: a meter drops work and nobody notices: {:?}", course.ended);
            tally.found_out += 1;
        }
        let course = play(machine, rest.clone(), work, threads(workload), 1.0);
        tally.check(&what, rest_mean, &course);
    }
    tally
}

#[test]
fn the_joules_of_real_machines_add_up_and_the_controller_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/rapl-traces");
    if !root.is_dir() {
        println!("skipped, because {} is absent", root.display());
        return;
    }
    let machine = MachineModel::of_class(Class::Server, CPUS);
    let mut all_found_out = 0;
    let families = entries(&root).into_iter().filter(|path| path.is_dir());
    for folder in families.flat_map(|family| entries(&family)) {
        let tally = play_machine(&folder, &machine);
        let Tally { runs, found_out, residual, bar, watts, bound, critical, ticks } = tally;
        let (least, most) = watts.iter().fold((f64::MAX, 0.0_f64), |(a, b), w| (a.min(*w), b.max(*w)));
        println!(
            "{}: {runs} runs, dropped work found in {found_out}; work draws {least:.0} to {most:.0} W; residual at most {:.2} % (bar {:.1} %) of the \
             package; supply held back in {:.0} % of ticks, nothing for sale in {:.0} %",
            folder.file_name().unwrap().to_string_lossy(),
            100.0 * residual,
            100.0 * bar,
            100.0 * bound as f64 / ticks as f64,
            100.0 * critical as f64 / ticks as f64,
        );
        all_found_out += found_out;
        assert!(runs > 0 && bound > 0 && critical > 0, "{}: the set point did not bind", folder.display());
    }
    assert!(all_found_out > 0, "no recording is long enough to say whether dropped work is found");
}
