//! The guard: what it refuses, that it refuses nothing healthy, and that it locks nothing out.

use maxwell_core::tick::{Figure, Provenance, Reading};
use maxwell_core::units::{Celsius, Microjoules, Moment, Nanoseconds, Watts};
use maxwell_physics::guard::{DOUBTS_MAX, Guarded, STILL_SAMPLES};
use maxwell_physics::load::LoadMeter;
use maxwell_physics::model::{MachineModel, ModelSensor};
use maxwell_physics::sensor::{ErrorBars, SensorError, ThermalSensor};
use maxwell_physics::thermal::Class;
use proptest::prelude::*;
use std::sync::{Arc, Mutex};

const PERIOD: Nanoseconds = Nanoseconds::from_millis(100);
const MACHINE: MachineModel = MachineModel::DEMONSTRATION;

/// A sensor that says what it is told, at the time at which it is asked.
struct Scripted(Arc<Mutex<Reading>>);

impl ThermalSensor for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn sample(&self, now: Moment) -> Result<Reading, SensorError> {
        Ok(Reading { at: now, ..*self.0.lock().unwrap() })
    }
}

/// A guarded machine that is sampled every 100 ms. Unless a test says otherwise it draws 10 W at 35 °C, where the
/// demonstration's machine settles without load.
struct Bench {
    said: Arc<Mutex<Reading>>,
    guarded: Guarded<Scripted>,
    now: Moment,
}

impl Bench {
    fn new(machine: &MachineModel) -> Self {
        let said = Arc::new(Mutex::new(reading(35.0, 10.0, 0)));
        let guarded = Guarded::new(Scripted(said.clone()), machine).unwrap();
        Self { said, guarded, now: Moment(0) }
    }

    /// The next sample of a sensor that says `reading`.
    fn says(&mut self, reading: Reading) -> Result<Reading, String> {
        self.now = self.now + PERIOD;
        *self.said.lock().unwrap() = reading;
        self.guarded.sample(self.now).map_err(|error| error.to_string())
    }

    /// The next sample after 100 ms at `watts`, which the energy follows.
    fn runs(&mut self, die: f64, watts: f64) -> Result<Reading, String> {
        let energy = self.said.lock().unwrap().energy.value + Watts(watts).over(PERIOD);
        self.says(reading(die, watts, energy.0))
    }
}

fn measured<T>(value: T, error: T) -> Figure<T> {
    Figure { value, error, provenance: Provenance::Measured }
}

fn reading(die: f64, watts: f64, microjoules: i64) -> Reading {
    Reading {
        at: Moment(0),
        die: measured(Celsius(die), Celsius(1.0)),
        power: measured(Watts(watts), Watts(0.0)),
        energy: measured(Microjoules(microjoules), Microjoules(0)),
        epoch: 0,
    }
}

#[test]
fn what_cannot_exist_is_refused() {
    let mut bench = Bench::new(&MACHINE);
    for die in [f64::NAN, f64::INFINITY, -60.5, 200.5] {
        let why = bench.runs(die, 10.0).unwrap_err();
        assert!(why.starts_with("scripted: no reading this time: no die is at"), "{why}");
    }
    for watts in [f64::NAN, f64::INFINITY, -0.1] {
        let mut impossible = reading(35.0, 10.0, 100_000_000);
        impossible.power.value = Watts(watts);
        assert!(bench.says(impossible).unwrap_err().contains("no machine draws"));
    }
    let mut wide = reading(35.0, 10.0, 100_000_000);
    wide.die.error = Celsius(f64::INFINITY);
    assert!(bench.says(wide).unwrap_err().contains("say nothing"));
    assert!(bench.runs(35.0, 10.0).is_ok(), "and it is believed at once when it is good again");
}

#[test]
fn a_figure_that_is_not_to_be_had_may_be_anything() {
    let mut bench = Bench::new(&MACHINE);
    let mut unknown = reading(f64::NAN, f64::NAN, 0);
    (unknown.die.provenance, unknown.power.provenance) = (Provenance::Unknown, Provenance::Unknown);
    assert!(bench.says(unknown).is_ok());
}

#[test]
fn a_spike_is_refused_three_times_and_then_believed() {
    let mut bench = Bench::new(&MACHINE);
    assert!(bench.runs(35.0, 10.0).is_ok());
    for _ in 0..DOUBTS_MAX {
        let why = bench.runs(90.0, 10.0).unwrap_err();
        assert!(why.contains("the die went from 35.0 to 90.0 °C, further than"), "{why}");
    }
    assert_eq!(bench.runs(90.0, 10.0).unwrap().die.value, Celsius(90.0));
}

#[test]
fn a_spike_that_passes_leaves_no_trace() {
    let mut bench = Bench::new(&MACHINE);
    for _ in 0..20 {
        assert!(bench.runs(35.0, 10.0).is_ok());
        assert!(bench.runs(-10.0, 10.0).is_err());
    }
}

#[test]
fn the_bound_is_what_full_power_can_heat_twice_over() {
    // Full power is 40 W on 0.7 K/W and 1 s: 28 K/s. Doubled, over a period and one more: 11.2 K; and 2 K of error.
    let step = |to| {
        let mut bench = Bench::new(&MACHINE);
        bench.runs(35.0, 10.0).unwrap();
        bench.runs(to, 10.0)
    };
    assert!(step(35.0 + 13.1).is_ok());
    assert!(step(35.0 - 13.1).is_ok());
    assert!(step(35.0 + 13.3).is_err());
    assert!(step(35.0 - 13.3).is_err());
}

#[test]
fn measured_energy_that_stands_still_is_refused_until_it_moves() {
    let mut bench = Bench::new(&MACHINE);
    let stuck = |tenth: u32| reading(35.0 + f64::from(tenth % 2), 10.0, 5_000_000);
    for tenth in 0..STILL_SAMPLES {
        assert!(bench.says(stuck(tenth)).is_ok(), "{tenth}");
    }
    for tenth in 0..50 {
        assert!(bench.says(stuck(tenth)).unwrap_err().contains("the energy has stood still for"));
    }
    assert!(bench.runs(35.0, 10.0).is_ok());
    let mut modelled = reading(36.0, 10.0, 6_000_000);
    modelled.energy.provenance = Provenance::Modelled;
    assert!((0..50).all(|_| bench.says(modelled).is_ok()), "a model without load may stand still");
}

#[test]
fn a_die_that_stands_still_while_the_power_moves_it_is_refused_until_it_moves() {
    let mut bench = Bench::new(&MACHINE);
    // Time for the model to forget how it began, and idle to the last bit, which is healthy.
    for _ in 0..1_000 {
        assert!(bench.runs(35.0, 10.0).is_ok());
    }
    let refused: Vec<bool> = (0..100).map(|_| bench.runs(35.0, 40.0).is_err()).collect();
    let first = refused.iter().position(|refused| *refused).expect("it is never refused");
    assert!((2..=6).contains(&first), "30 W more heat by 6 °C in a third of a second: {first}");
    assert!(refused[first..].iter().all(|refused| *refused));
    // The die moves, faster than it could have in one step but not since it was last believed.
    assert!(bench.runs(58.0, 40.0).is_ok());
    assert!(bench.runs(58.5, 40.0).is_ok());
}

#[test]
fn a_power_gone_wild_is_forgotten_and_the_die_may_stand_still_again() {
    let mut bench = Bench::new(&MACHINE);
    for _ in 0..1_000 {
        bench.runs(35.0, 10.0).unwrap();
    }
    for _ in 0..10 {
        let wild = bench.said.lock().unwrap().energy.value.0 + 1;
        let _ = bench.says(reading(35.0, f64::MAX, wild));
    }
    let refused = (0..200).filter(|_| bench.runs(35.0, 10.0).is_err()).count();
    assert!((1..50).contains(&refused), "{refused}");
}

#[test]
fn what_was_not_measured_cannot_be_frozen() {
    let mut bench = Bench::new(&MACHINE);
    for tenth in 0..2_000 {
        let watts = if tenth < 1_000 { 10.0 } else { 40.0 };
        let mut modelled = reading(35.0, watts, tenth);
        modelled.power.provenance = Provenance::Modelled;
        assert!(bench.says(modelled).is_ok(), "{tenth}");
    }
}

#[test]
fn time_that_does_not_advance_gives_the_last_reading() {
    let mut bench = Bench::new(&MACHINE);
    let last = bench.runs(35.0, 10.0).unwrap();
    *bench.said.lock().unwrap() = reading(36.0, 11.0, 7_000_000);
    assert_eq!(bench.guarded.sample(bench.now).unwrap(), last);
    assert_eq!(bench.guarded.sample(Moment(0)).unwrap(), last);
}

#[test]
fn energy_that_fell_is_refused_and_then_begins_a_new_epoch() {
    let mut bench = Bench::new(&MACHINE);
    assert_eq!(bench.says(reading(35.0, 10.0, 90_000_000)).unwrap().epoch, 0);
    for tenth in 1..=i64::from(DOUBTS_MAX) {
        let why = bench.says(reading(35.0, 10.0, tenth * 1_000_000)).unwrap_err();
        assert!(why.contains("energy fell from 90 J to"), "{why}");
    }
    assert_eq!(bench.says(reading(35.0, 10.0, 5_000_000)).unwrap().epoch, 1);
    assert_eq!(bench.says(reading(35.0, 10.0, 6_000_000)).unwrap().epoch, 1);
    // An epoch that the sensor itself begins needs no refusal.
    let own = Reading { epoch: 1, ..reading(35.0, 10.0, 0) };
    assert_eq!(bench.says(own).unwrap().epoch, 2);
}

#[test]
fn a_machine_that_cannot_be_is_refused() {
    let said = Arc::new(Mutex::new(reading(35.0, 10.0, 0)));
    let impossible = MachineModel { slots: 0, ..MACHINE };
    assert!(Guarded::new(Scripted(said), &impossible).is_err());
}

/// The modelled machine under load, as a measured one would be seen.
struct Machine {
    sensor: ModelSensor,
    meter: Arc<LoadMeter>,
    model: MachineModel,
    now: Moment,
    energy: Microjoules,
    late: Celsius,
}

impl Machine {
    fn new(model: MachineModel) -> Self {
        let meter = Arc::new(LoadMeter::new());
        let sensor = ModelSensor::new(model, meter.clone(), ErrorBars::NONE).unwrap();
        let late = sensor.sample(Moment(0)).unwrap().die.value;
        Self { sensor, meter, model, now: Moment(0), energy: Microjoules::ZERO, late }
    }

    /// 100 ms with this share of the slots busy. The power is wrong by `noise`; a `coarse` thermometer shows whole
    /// degrees, one period late.
    fn runs(&mut self, load: f64, noise: f64, coarse: bool) -> Reading {
        self.now = self.now + PERIOD;
        let used = load * f64::from(self.model.slots) * PERIOD.0 as f64;
        self.meter.record(Nanoseconds(used as u64), Nanoseconds::ZERO, Nanoseconds::ZERO);
        let truth = self.sensor.sample(self.now).unwrap();
        let late = std::mem::replace(&mut self.late, truth.die.value);
        let watts = truth.power.value.0 * (1.0 + noise);
        self.energy += Watts(watts).over(PERIOD);
        Reading {
            at: self.now,
            die: if coarse {
                measured(Celsius(late.0.round()), Celsius(0.0))
            } else {
                measured(late, Celsius(0.0))
            },
            power: measured(Watts(watts), Watts(watts * 0.1)),
            energy: measured(self.energy, Microjoules::ZERO),
            epoch: 0,
        }
    }
}

fn machines() -> impl Strategy<Value = MachineModel> {
    let classes =
        prop::sample::select(vec![Class::Mobile, Class::Desktop, Class::Workstation, Class::Server]);
    (classes, 1_u16..=64).prop_map(|(class, slots)| MachineModel::of_class(class, slots))
}

/// Loads that are held for a while each: how many periods, and what share of the slots.
fn loads() -> impl Strategy<Value = Vec<(usize, f64)>> {
    prop::collection::vec((1_usize..300, prop_oneof![Just(0.0), Just(1.0), 0.0..=1.0]), 1..40)
}

/// Pseudo-random noise from -0.1 to 0.1 that a failing case repeats.
fn noise(seed: u64, place: u64) -> f64 {
    let mixed = (seed ^ place)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .rotate_left(31)
        .wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((mixed >> 11) as f64 / (1_u64 << 53) as f64 - 0.5) / 5.0
}

/// What a sensor can say instead of the truth.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Die(f64),
    Power(f64),
    EnergyStuck,
    Energy(i64),
    DieStuck,
}

fn faults() -> impl Strategy<Value = Vec<(Fault, usize)>> {
    let fault = prop_oneof![
        prop_oneof![Just(f64::NAN), Just(f64::NEG_INFINITY), -300.0..400.0].prop_map(Fault::Die),
        prop_oneof![Just(f64::NAN), Just(-1.0), 0.0..500.0].prop_map(Fault::Power),
        Just(Fault::EnergyStuck),
        (0_i64..2_000_000_000).prop_map(Fault::Energy),
        Just(Fault::DieStuck),
    ];
    prop::collection::vec((fault, 1_usize..30), 1..12)
}

fn spoil(fault: Fault, good: Reading, stuck: &Reading) -> Reading {
    let mut bad = good;
    match fault {
        Fault::Die(die) => bad.die.value = Celsius(die),
        Fault::Power(watts) => bad.power.value = Watts(watts),
        Fault::EnergyStuck => bad.energy = stuck.energy,
        Fault::Energy(energy) => bad.energy.value = Microjoules(energy),
        Fault::DieStuck => bad.die = stuck.die,
    }
    bad
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Noise is anew in every period or held for some, as long as it stays within the error bar.
    #[test]
    fn a_healthy_machine_is_never_refused(
        model in machines(),
        loads in loads(),
        seed in any::<u64>(),
        held in 1_u64..100,
        coarse in any::<bool>(),
    ) {
        let mut machine = Machine::new(model);
        let mut bench = Bench::new(&model);
        let periods = loads.into_iter().flat_map(|(periods, load)| std::iter::repeat_n(load, periods));
        for (place, load) in periods.enumerate() {
            let reading = machine.runs(load, noise(seed, place as u64 / held), coarse);
            prop_assert!(bench.says(reading).is_ok(), "after {place} periods: {:?}", bench.says(reading));
        }
    }

    /// After the faults a good sensor, whose die moves, is believed within so many samples as may be refused in doubt,
    /// and one more; and what is believed never runs back within an epoch.
    #[test]
    fn whatever_went_wrong_a_good_sensor_is_believed_again(
        model in machines(),
        healthy in 0_usize..1_500,
        faults in faults(),
        loads in prop::collection::vec(0.0..=1.0, 100),
    ) {
        let mut machine = Machine::new(model);
        let mut bench = Bench::new(&model);
        let mut load = loads.iter().copied().cycle();
        let mut stuck = machine.runs(0.5, 0.0, false);
        let mut last: Option<Reading> = None;
        let mut check = |answer: &Result<Reading, String>| {
            if let Ok(reading) = answer {
                let runs_back = last.is_some_and(|last| {
                    (reading.epoch, reading.energy.value) < (last.epoch, last.energy.value)
                });
                last = Some(*reading);
                return !runs_back;
            }
            true
        };
        for _ in 0..healthy {
            stuck = machine.runs(load.next().unwrap(), 0.0, false);
            prop_assert!(check(&bench.says(stuck)));
        }
        for (fault, periods) in faults {
            for _ in 0..periods {
                let good = machine.runs(load.next().unwrap(), 0.0, false);
                prop_assert!(check(&bench.says(spoil(fault, good, &stuck))));
            }
        }
        for place in 0..100 {
            let good = machine.runs(load.next().unwrap(), 0.0, false);
            let answer = bench.says(good);
            prop_assert!(check(&answer));
            prop_assert!(place < DOUBTS_MAX || answer.is_ok(), "good sample {place}: {answer:?}");
        }
    }
}
