//! One contract for whole sensors, chosen as an operator chooses them: what a machine used and how hot it was is what the
//! readings say, whatever the registers and files look like.
//!
//! Most are chosen from planted file trees. AMD's registers overlap in a file and the counts of `perf` are in none: these
//! two are in memory, below the same [`Hardware`]. GPUs are no dies of the machine, so that no reading is theirs; they
//! have `nvml.rs`.

mod common;

use common::tree::{self, plant, rewrite};
use maxwell_core::tick::{Provenance, Reading};
use maxwell_core::units::{Celsius, Moment, Nanoseconds};
use maxwell_physics::cpu::Processors;
use maxwell_physics::hardware::{Hardware, Sources};
use maxwell_physics::load::LoadMeter;
use maxwell_physics::meter::EnergyMeter;
use maxwell_physics::meter::msr::{MsrMeter, Registers};
use maxwell_physics::meter::perf::{Event, Events, PerfMeter};
use maxwell_physics::model::{MachineModel, ModelSensor};
use maxwell_physics::select::{Backend, Choice, ModelInputs, Selection, choose};
use maxwell_physics::sensor::{ErrorBars, SensorError, ThermalSensor};
use maxwell_physics::thermometer::kernel::KernelThermometer;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::{fs, io};
use tempfile::TempDir;

/// What a machine does between two samples.
#[derive(Clone, Copy)]
struct Step {
    millis: u64,
    watts: f64,
    /// At the end of it, in whole degrees: some registers know no others.
    celsius: u32,
}

impl Step {
    fn microjoules(self) -> u64 {
        (self.watts * self.millis as f64 * 1e3).round() as u64
    }
}

/// Uneven on purpose, as a sampler on a busy machine is.
const STEPS: [Step; 10] = [
    Step { millis: 100, watts: 12.0, celsius: 45 },
    Step { millis: 100, watts: 30.0, celsius: 46 },
    Step { millis: 37, watts: 40.0, celsius: 47 },
    Step { millis: 250, watts: 40.0, celsius: 50 },
    Step { millis: 100, watts: 38.5, celsius: 51 },
    Step { millis: 400, watts: 11.0, celsius: 48 },
    Step { millis: 63, watts: 10.5, celsius: 47 },
    Step { millis: 100, watts: 25.0, celsius: 48 },
    Step { millis: 130, watts: 33.0, celsius: 49 },
    Step { millis: 100, watts: 15.0, celsius: 48 },
];

/// A backend with the machine under it.
struct Rig {
    name: &'static str,
    sensor: Box<dyn ThermalSensor>,
    /// Lets the machine go through a step.
    work: Box<dyn FnMut(Step)>,
    /// What the machine draws in a step after another one, in watts.
    drawn: fn(Step, Step) -> f64,
    /// Files that can be taken away; none where there are no files.
    files: Vec<PathBuf>,
    _folder: Option<TempDir>,
}

/// Counters go on between two samples, so the whole step is its power.
fn evenly(_before: Step, step: Step) -> f64 {
    step.watts
}

fn inputs(load: &Arc<LoadMeter>) -> ModelInputs {
    ModelInputs { machine: MachineModel::DEMONSTRATION, load: load.clone(), errors: ErrorBars::UNCALIBRATED }
}

/// CPU time that makes the modelled machine draw the step's power.
fn busy(step: Step) -> Nanoseconds {
    let machine = MachineModel::DEMONSTRATION;
    let slots = (step.watts - machine.idle.0) / machine.slot.0;
    Nanoseconds((slots * step.millis as f64 * 1e6).round() as u64)
}

fn model() -> Rig {
    let load = Arc::new(LoadMeter::new());
    let folder = plant("");
    let Selection { sensor, .. } = choose(folder.path(), &Choice::Auto, inputs(&load)).unwrap();
    let work = Box::new(move |step| load.record(busy(step), Nanoseconds::ZERO, Nanoseconds::ZERO));
    Rig { name: "model", sensor, work, drawn: evenly, files: Vec::new(), _folder: Some(folder) }
}

fn replay() -> Rig {
    let folder = plant("");
    let path = folder.path().join("trace.csv");
    let mut text = "t_s,die_c,power_w,energy_j,die_provenance,power_provenance\n".to_owned();
    let (mut seconds, mut joules) = (0.0, 0.0);
    let mut row = |step: Step| {
        seconds += step.millis as f64 / 1e3;
        joules += step.microjoules() as f64 / 1e6;
        let Step { celsius, watts, .. } = step;
        writeln!(text, "{seconds:.3},{celsius},{watts},{joules:.6},measured,measured").unwrap();
    };
    row(Step { millis: 0, ..STEPS[0] });
    STEPS.into_iter().for_each(&mut row);
    fs::write(&path, text).unwrap();
    let choice = Choice::Replay(path);
    let Selection { sensor, .. } = choose(folder.path(), &choice, inputs(&Arc::default())).unwrap();
    let work = Box::new(|_| ());
    Rig { name: "replay", sensor, work, drawn: evenly, files: Vec::new(), _folder: Some(folder) }
}

/// A planted machine, read by `choice`; `enter` writes its counters (each one's part of the energy since the beginning,
/// in microjoules, of the whole), its power and its temperature.
fn planted(
    name: &'static str,
    folder: TempDir,
    choice: &Choice,
    files: &[&str],
    mut enter: impl FnMut(&Path, u64, Step) + 'static,
) -> Rig {
    let root = folder.path().to_owned();
    enter(&root, 0, STEPS[0]);
    let load = Arc::new(LoadMeter::new());
    let selection = choose(&root, choice, inputs(&load));
    let Selection { sensor, .. } = selection.unwrap_or_else(|error| panic!("{name}: {error}"));
    let files = files.iter().map(|file| root.join(file)).collect();
    let mut total = 0;
    let work = move |step: Step| {
        total += step.microjoules();
        load.record(busy(step), Nanoseconds::ZERO, Nanoseconds::ZERO);
        enter(&root, total, step);
    };
    Rig { name, sensor, work: Box::new(work), drawn: evenly, files, _folder: Some(folder) }
}

/// Both sockets of the server share the energy three to two; both counters wrap on the way.
fn msr() -> Rig {
    let folder = plant(tree::INTEL_SERVER_2S);
    let devices = ["dev/cpu/0/msr", "dev/cpu/1/msr"];
    planted("msr", folder, &Choice::Only(Backend::Msr), &devices, |root, total, Step { celsius, .. }| {
        for (cpu, share) in [(0, 3), (1, 2)] {
            let counts = (total * share / 5) * (1 << 14) / 1_000_000;
            let wrapping = (u64::from(u32::MAX) - 100 + counts) as u32;
            let below = 91 - celsius + cpu;
            tree::lay_registers(
                root,
                cpu,
                &[
                    (0x606, 0x000a_0e03),
                    (0x611, wrapping),
                    (0x619, 7 + counts as u32),
                    (0x1a2, 91 << 16),
                    (0x1b1, 1 << 31 | below << 16),
                    (0x19c, 1 << 31 | below << 16),
                ],
            );
        }
    })
}

const CORETEMP_0: &str = "sys/class/hwmon/hwmon1/temp1_input";

/// The server through the kernel's files. The second package is about to wrap.
fn powercap_server() -> Rig {
    let files = ["sys/class/powercap/intel-rapl:0/energy_uj", "sys/class/powercap/intel-rapl:1/energy_uj"];
    let range = 262_143_328_851;
    let folder = plant(tree::INTEL_SERVER_2S);
    planted(
        "powercap, two sockets",
        folder,
        &Choice::Auto,
        &files,
        move |root, total, Step { celsius, .. }| {
            rewrite(root, files[0], format!("{}\n", 88_112_093_644 + total * 3 / 5));
            rewrite(root, files[1], format!("{}\n", (range - 1_000_000 + total * 2 / 5) % range));
            rewrite(root, CORETEMP_0, format!("{celsius}000\n"));
            rewrite(root, "sys/class/hwmon/hwmon2/temp1_input", format!("{}000\n", celsius - 4));
        },
    )
}

/// A desktop whose package is counted twice by its firmware; its die is left to the model.
fn powercap_desktop() -> Rig {
    let files = ["sys/class/powercap/intel-rapl:0/energy_uj"];
    let folder = plant(tree::INTEL_DESKTOP);
    let choice = Choice::Only(Backend::Powercap);
    planted("powercap, desktop", folder, &choice, &files, move |root, total, _| {
        rewrite(root, files[0], format!("{}\n", 113_482_766_341 + total));
        rewrite(
            root,
            "sys/class/powercap/intel-rapl-mmio:0/energy_uj",
            format!("{}\n", 113_482_766_341 + total),
        );
        rewrite(
            root,
            "sys/class/powercap/intel-rapl:1/energy_uj",
            format!("{}\n", 201_833_404_907 + 3 * total),
        );
    })
}

/// A board that knows nothing but its temperature.
fn zones() -> Rig {
    let folder = plant(tree::ARM_BOARD);
    let files = ["sys/class/thermal/thermal_zone0/temp"];
    planted("hwmon, zones", folder, &Choice::Auto, &files, move |root, _, Step { celsius, .. }| {
        rewrite(root, files[0], format!("{celsius}000\n"));
    })
}

/// A chip that says its power, which is integrated: between two samples it is taken to change evenly.
fn zenpower() -> Rig {
    const CHIP: &str = "sys/class/hwmon/hwmon1";
    let text = format!(
        "{CHIP}/name = zenpower\n{CHIP}/temp1_label = Tdie\n{CHIP}/power1_label = SVI2_P_Core\n\
         {CHIP}/power2_label = SVI2_P_SoC\n"
    );
    let inputs = [1, 2].map(|number| format!("{CHIP}/power{number}_input"));
    let files = inputs.clone();
    let choice = Choice::Only(Backend::Hwmon);
    let rig = planted("hwmon, zenpower", plant(&text), &choice, &files.each_ref().map(String::as_str), {
        move |root, _, Step { watts, celsius, .. }| {
            for (input, share) in inputs.iter().zip([0.75, 0.25]) {
                rewrite(root, input, format!("{:.0}\n", watts * share * 1e6));
            }
            rewrite(root, &format!("{CHIP}/temp1_input"), format!("{celsius}000\n"));
        }
    });
    Rig { drawn: |before, step| f64::midpoint(before.watts, step.watts), ..rig }
}

/// Registers by processor and number, or counts by event and processor.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<BTreeMap<(u64, u32), u64>>>);

impl Memory {
    fn set(&self, place: (u64, u32), value: u64) {
        self.0.lock().unwrap().insert(place, value);
    }

    fn get(&self, place: (u64, u32)) -> io::Result<u64> {
        // What the device answers where the processor has no such register.
        self.0.lock().unwrap().get(&place).copied().ok_or(io::Error::from_raw_os_error(5))
    }
}

impl Registers for Memory {
    fn read(&mut self, cpu: u32, register: u32) -> io::Result<u64> {
        self.get((u64::from(register), cpu))
    }
}

impl Events for Memory {
    type Count = (u64, u32);

    fn open(&mut self, Event { config, .. }: Event, cpu: u32) -> io::Result<(u64, u32)> {
        self.get((config, cpu)).map(|_| (config, cpu))
    }

    fn read(&mut self, place: &mut (u64, u32)) -> io::Result<u64> {
        self.get(*place)
    }
}

/// A meter in memory beside the thermometers of a planted machine; `enter` writes both.
fn in_memory(
    name: &'static str,
    folder: TempDir,
    meter: Box<dyn EnergyMeter>,
    enter: impl Fn(&Path, u64, Step) + 'static,
) -> Rig {
    let root = folder.path().to_owned();
    let ModelInputs { machine, load, errors } = inputs(&Arc::default());
    let sensor = Hardware::new(Sources {
        meter: Some((meter, ErrorBars::RAPL)),
        thermometer: Some(Box::new(KernelThermometer::open(&root).unwrap())),
        cards: None,
        model: ModelSensor::new(machine, load, errors).unwrap(),
        thermal: (machine.thermal, errors),
    });
    enter(&root, 0, STEPS[0]);
    let mut total = 0;
    let work = move |step: Step| {
        total += step.microjoules();
        enter(&root, total, step);
    };
    let (sensor, work) = (Box::new(sensor), Box::new(work));
    Rig { name, sensor, work, drawn: evenly, files: Vec::new(), _folder: Some(folder) }
}

/// AMD's package in units of 1/65536 J, about to wrap; what stands above the counter is reserved and not zero.
fn msr_amd() -> Rig {
    let (folder, registers) = (plant(tree::AMD_EPYC), Memory::default());
    registers.set((0xc001_0299, 0), 0x000a_1003);
    registers.set((0xc001_029b, 0), 77);
    let processors = Processors::identify(folder.path()).unwrap();
    let meter = Box::new(MsrMeter::new(registers.clone(), &processors).unwrap());
    in_memory("msr, AMD", folder, meter, move |root, total, Step { celsius, .. }| {
        let counts = total * (1 << 16) / 1_000_000;
        let wrapping = (u64::from(u32::MAX) - 100 + counts) & u64::from(u32::MAX);
        registers.set((0xc001_029b, 0), 0xdead_beef << 32 | wrapping);
        rewrite(root, CORETEMP_0, format!("{celsius}000\n"));
    })
}

/// Both sockets through the kernel's counters of 1/2^32 J, which have no files that could be taken away.
fn perf() -> Rig {
    let (folder, counts) = (plant(tree::INTEL_SERVER_2S), Memory::default());
    let packages = [(2, 0), (2, 1)];
    for place in packages {
        counts.set(place, 0);
    }
    let meter = Box::new(PerfMeter::new(folder.path(), counts.clone()).unwrap());
    in_memory("perf", folder, meter, move |root, total, Step { celsius, .. }| {
        for (place, share) in packages.into_iter().zip([3, 2]) {
            let microjoules = u128::from(total * share / 5);
            counts.set(place, ((microjoules << 32) / 1_000_000) as u64);
        }
        rewrite(root, CORETEMP_0, format!("{celsius}000\n"));
        rewrite(root, "sys/class/hwmon/hwmon2/temp1_input", format!("{}000\n", celsius - 4));
    })
}

fn rigs() -> Vec<Rig> {
    vec![
        model(),
        replay(),
        msr(),
        msr_amd(),
        perf(),
        powercap_server(),
        powercap_desktop(),
        zones(),
        zenpower(),
    ]
}

/// Goes through all steps; what each sample said.
fn walk(rig: &mut Rig) -> Vec<(Moment, Reading)> {
    let mut now = Moment(0);
    let mut readings = Vec::new();
    // Counters need one sample to begin with.
    if let Ok(first) = rig.sensor.sample(now) {
        readings.push((now, first));
    }
    for step in STEPS {
        (rig.work)(step);
        now = now + Nanoseconds::from_millis(step.millis);
        let reading = rig.sensor.sample(now);
        readings.push((now, reading.unwrap_or_else(|error| panic!("{}: {error}", rig.name))));
    }
    readings
}

#[test]
fn readings_say_what_the_machine_used_and_how_hot_it_was() {
    for mut rig in rigs() {
        let name = rig.name;
        let readings = walk(&mut rig);
        let steps = &STEPS[STEPS.len() - (readings.len() - 1)..];
        let mut last = STEPS[0];
        for (pair, &step) in readings.windows(2).zip(steps) {
            let [(_, before), (now, reading)] = pair else { unreachable!() };
            let drawn = Step { watts: (rig.drawn)(last, step), ..step };
            last = step;
            assert_eq!((reading.at, reading.epoch), (*now, 0), "{name}");
            let used = (reading.energy.value - before.energy.value).0;
            let off = used.abs_diff(drawn.microjoules().cast_signed());
            assert!(off <= 130, "{name}: {used} µJ were read, {} were used", drawn.microjoules());
            let watts = reading.power.value.0;
            assert!((watts - drawn.watts).abs() < 0.01 * drawn.watts, "{name}: {watts} W of {}", drawn.watts);
            if reading.die.provenance == Provenance::Measured {
                assert_eq!(reading.die.value, Celsius(f64::from(step.celsius)), "{name}");
            }
        }
    }
}

#[test]
fn every_figure_says_where_it_comes_from_and_how_far_it_may_be_off() {
    use Provenance::{Measured, Modelled};
    let expected = [
        ("model", Modelled, Modelled),
        ("replay", Measured, Measured),
        ("msr", Measured, Measured),
        ("msr, AMD", Measured, Measured),
        ("perf", Measured, Measured),
        ("powercap, two sockets", Measured, Measured),
        ("powercap, desktop", Measured, Modelled),
        ("hwmon, zones", Modelled, Measured),
        ("hwmon, zenpower", Measured, Measured),
    ];
    for (mut rig, (name, power, die)) in rigs().into_iter().zip(expected) {
        assert_eq!(rig.name, name);
        assert!(!rig.sensor.name().is_empty());
        for (_, reading) in walk(&mut rig) {
            let provenances = (reading.power.provenance, reading.energy.provenance, reading.die.provenance);
            assert_eq!(provenances, (power, power, die), "{name}");
            assert!(reading.power.error.0 > 0.0 && reading.die.error.0 > 0.0, "{name}: {reading:?}");
            assert!(reading.energy.error.0 >= 0 && reading.energy.value.0 >= 0, "{name}: {reading:?}");
        }
    }
}

#[test]
fn the_same_time_again_is_the_same_reading_and_an_earlier_one_disturbs_nothing() {
    for mut rig in rigs() {
        let name = rig.name;
        let (now, last) = *walk(&mut rig).last().unwrap();
        assert_eq!(rig.sensor.sample(now).unwrap(), last, "{name}");
        // A replay answers for the past; whatever is said, it is not from the future.
        if let Ok(earlier) = rig.sensor.sample(Moment(now.0 - 50_000_000)) {
            assert!(earlier.at <= now, "{name}: {earlier:?}");
        }
        assert_eq!(rig.sensor.sample(now).unwrap(), last, "{name}");
    }
}

#[test]
fn what_vanishes_gives_no_reading_and_when_it_is_back_nothing_is_lost() {
    for mut rig in rigs().into_iter().filter(|rig| !rig.files.is_empty()) {
        let name = rig.name;
        let (mut now, before) = *walk(&mut rig).last().unwrap();
        for broken in [Breakage::Vanished, Breakage::Empty, Breakage::Garbage] {
            // The power that the walk ended with, so that an integral over the gap is exact too.
            let step = Step { millis: 100, watts: 15.0, celsius: 48 };
            for file in rig.files.clone() {
                now = now + Nanoseconds::from_millis(step.millis);
                (rig.work)(step);
                let kept = broken.inflict(&file);
                let outcome = rig.sensor.sample(now);
                let Err(SensorError::Retry { why, .. }) = outcome else {
                    panic!("{name}: {broken:?}: {outcome:?}")
                };
                assert!(!why.is_empty());
                now = now + Nanoseconds::from_millis(step.millis);
                fs::write(&file, kept).unwrap();
                (rig.work)(step);
                let reading =
                    rig.sensor.sample(now).unwrap_or_else(|error| panic!("{name}: {broken:?}: {error}"));
                assert_eq!(reading.epoch, 0, "{name}: {broken:?}");
            }
        }
        let after = rig.sensor.sample(now).unwrap();
        let used = (after.energy.value - before.energy.value).0;
        let steps = 6 * rig.files.len() as i64;
        assert!(used.abs_diff(steps * 1_500_000) <= 130, "{name}: {used} µJ of {steps} steps of 1.5 J");
    }
}

#[derive(Clone, Copy, Debug)]
enum Breakage {
    Vanished,
    Empty,
    Garbage,
}

impl Breakage {
    /// Does it to a file; what was in it.
    fn inflict(self, file: &Path) -> Vec<u8> {
        let kept = fs::read(file).unwrap();
        match self {
            // An open descriptor still reads a file whose name is gone: what a kernel takes away answers no more.
            Self::Vanished => {
                fs::write(file, "").unwrap();
                fs::remove_file(file).unwrap();
            }
            Self::Empty => fs::write(file, "").unwrap(),
            Self::Garbage => fs::write(file, "gar\0bage").unwrap(),
        }
        kept
    }
}
