use super::*;
use crate::limits::WINDOW;
use crate::tick::{Figure, Provenance, Reading};
use crate::units::{Bytes, Celsius};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng};

const PROFILE: EnergyProfile = EnergyProfile {
    idle: Watts(10.0),
    idle_error: Watts(0.0),
    slot: Watts(15.0),
    cpus: 2,
    readings: Readings::OfThisRun,
};

/// A machine of known power, read once a window.
struct Machine {
    now: u64,
    energy: f64,
    epoch: u32,
    cpu: CpuTime,
    attribution: Attribution,
}

impl Machine {
    fn new(profile: EnergyProfile) -> Self {
        let mut machine = Self {
            now: 0,
            energy: 0.0,
            epoch: 0,
            cpu: CpuTime::default(),
            attribution: Attribution::new(profile),
        };
        machine.read();
        machine
    }

    fn reading(&self) -> Reading {
        let provenance = Provenance::Modelled;
        Reading {
            at: Moment(self.now),
            die: Figure { value: Celsius(50.0), error: Celsius(0.0), provenance },
            power: Figure { value: Watts(10.0), error: Watts(0.0), provenance },
            energy: Figure { value: Microjoules(self.energy as i64), error: Microjoules::ZERO, provenance },
            epoch: self.epoch,
        }
    }

    fn read(&mut self) {
        self.attribution.observe(&Sensed::Fresh(self.reading()), self.cpu);
    }

    /// Draws `watts` for a window in which the meters rise by so many milliseconds.
    fn run(&mut self, watts: f64, [cells, own, other]: [u64; 3]) {
        self.now += WINDOW.0;
        self.energy += watts * 1e5;
        self.cpu.cells += Nanoseconds::from_millis(cells);
        self.cpu.own += Nanoseconds::from_millis(own);
        self.cpu.other += Nanoseconds::from_millis(other);
        self.cpu.busy += Nanoseconds::from_millis(cells + own + other);
    }

    fn shares(&self) -> Shares {
        *self.attribution.shares()
    }

    fn idle(&self) -> (Watts, Watts) {
        (self.attribution.idle().value(), self.attribution.idle().error())
    }
}

const fn usage(cell: u32, millis: u64) -> Usage {
    Usage {
        cell: CellId(cell),
        granted: Nanoseconds::from_millis(millis),
        used: Nanoseconds::from_millis(millis),
        stolen: Nanoseconds::ZERO,
        resold: Nanoseconds::ZERO,
        cycles: 0,
        freed: Bytes(0),
        memory: Bytes(0),
        exit: None,
        wait: None,
    }
}

#[test]
fn work_is_shared_by_cpu_time_at_the_rate_that_was_measured_and_not_at_the_profiles() {
    let mut machine = Machine::new(PROFILE);
    // Twice the watts of the profile: 30 W for each busy CPU.
    for _ in 0..10 {
        machine.run(10.0 + 30.0, [60, 10, 30]);
        machine.read();
    }
    let shares = machine.shares();
    let joules = Microjoules::from_joules;
    assert_eq!((shares.idle, shares.package), (joules(10), joules(40)));
    assert_eq!((shares.cells, shares.own, shares.other), (joules(18), joules(3), joules(9)));
    assert_eq!(shares.residual(), Microjoules::ZERO);
}

#[test]
fn a_meter_that_misses_work_shows_up_as_a_residual_beyond_the_bar() {
    let mut machine = Machine::new(PROFILE);
    for _ in 0..20 {
        machine.run(25.0, [80, 0, 20]);
        machine.cpu.other = Nanoseconds::ZERO;
        machine.read();
    }
    let shares = machine.shares();
    assert_eq!(shares.residual(), Microjoules::from_joules(6));
    assert!(!shares.balance(), "{shares:?}");
    let recorded = Shares { readings: Readings::Recorded, ..shares };
    assert!(recorded.balance(), "a recording was made by other work");
}

#[test]
fn idle_is_its_own_line_and_does_not_collapse_under_load() {
    let mut machine = Machine::new(EnergyProfile { idle: Watts(14.0), idle_error: Watts(5.0), ..PROFILE });
    for _ in 0..600 {
        machine.run(10.0, [0, 0, 0]);
        machine.read();
    }
    assert!((machine.attribution.idle().value().0 - 10.0).abs() < 0.3);
    let (before, learned) = (machine.shares(), machine.idle());
    for _ in 0..600 {
        machine.run(40.0, [200, 0, 0]);
        machine.read();
    }
    assert_eq!(machine.idle(), learned, "nothing is learned of idle while the machine works");
    let idle = machine.shares().idle - before.idle;
    let due = learned.0.over(Nanoseconds::from_millis(60_000));
    assert!(
        idle.abs_diff(due) <= Microjoules(300),
        "half a microjoule for each of 600 windows: {idle}, {due}"
    );
}

#[test]
fn idle_is_never_more_than_a_working_machine_used() {
    let mut machine = Machine::new(EnergyProfile { idle: Watts(50.0), ..PROFILE });
    machine.run(40.0, [200, 0, 0]);
    machine.read();
    assert_eq!(machine.shares().idle, Microjoules::from_joules(4));
    assert_eq!(machine.attribution.idle().value(), Watts(50.0), "one window may be low by chance");
    for _ in 0..100 {
        machine.run(40.0, [200, 0, 0]);
        machine.read();
    }
    assert!((machine.attribution.idle().value().0 - 40.0).abs() < 1e-9, "a hundred are not");
    assert_eq!(machine.shares().residual(), Microjoules::ZERO);
}

#[test]
fn an_hour_of_noise_at_work_leaves_idle_within_its_error() {
    let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    for busy in [6_u64, 100] {
        let mut machine =
            Machine::new(EnergyProfile { idle: Watts(14.0), idle_error: Watts(5.0), ..PROFILE });
        let mut run = |machine: &mut Machine, windows, busy: u64| {
            for _ in 0..windows {
                let noise = 0.95 + 0.1 * f64::from(random.next_u32()) / f64::from(u32::MAX);
                machine.run(noise * (10.0 + 0.15 * busy as f64), [busy, 0, 0]);
                machine.read();
            }
        };
        run(&mut machine, 600, 0);
        run(&mut machine, 36_000, busy);
        let (idle, error) = machine.idle();
        assert!((idle.0 - 10.0).abs() <= error.0 && error.0 < 1.0, "{busy} ms: {idle:?} +- {error:?}");
    }
}

#[test]
fn a_node_that_sells_two_of_many_cpus_learns_idle_while_little_runs() {
    let learned = |cpus| {
        let mut machine =
            Machine::new(EnergyProfile { idle: Watts(40.0), slot: Watts(2.0), cpus, ..PROFILE });
        for _ in 0..600 {
            // Half a CPU at 2 W.
            machine.run(50.0 + 1.0, [20, 0, 30]);
            machine.read();
        }
        machine.idle().0.0
    };
    assert!((learned(64) - 50.0).abs() < 0.1, "{}", learned(64));
    assert!((learned(2) - 40.0).abs() < 1e-9, "on two CPUs the same is work");
}

#[test]
fn work_that_the_meter_of_busy_time_has_not_seen_yet_is_not_taken_for_idle() {
    let mut machine = Machine::new(PROFILE);
    for _ in 0..100 {
        machine.run(25.0, [100, 0, 0]);
        machine.cpu.busy.0 -= 100_000_000;
        machine.read();
        machine.run(25.0, [100, 0, 0]);
        machine.cpu.busy.0 += 100_000_000;
        machine.read();
    }
    assert_eq!(machine.idle().0, Watts(10.0));
    assert!(machine.shares().balance(), "{:?}", machine.shares());
}

#[test]
fn cpu_time_that_was_not_counted_makes_its_window_unknown_and_no_residual() {
    let mut machine = Machine::new(PROFILE);
    for window in 0..200 {
        machine.run(25.0, [100, 0, 0]);
        // Busy time loses half a second in one window, and says so.
        if window == 50 {
            machine.cpu.busy = machine.cpu.busy.saturating_sub(Nanoseconds::from_millis(500));
            machine.cpu.epoch += 1;
        }
        machine.read();
    }
    let shares = machine.shares();
    assert_eq!(shares.unknown, WINDOW);
    assert_eq!(shares.package, Microjoules(199 * 2_500_000));
    assert_eq!(shares.residual(), Microjoules::ZERO);
    assert!(shares.error < Microjoules::from_joules(20), "{}", shares.error);
    for _ in 0..200 {
        machine.run(25.0, [80, 0, 20]);
        machine.cpu.other = Nanoseconds::ZERO;
        machine.read();
    }
    assert!(!machine.shares().balance(), "a meter that misses work is found out in a later epoch too");
}

#[test]
fn energy_between_two_epochs_is_nobodys_and_its_time_is_told() {
    let mut machine = Machine::new(PROFILE);
    for window in 0..10 {
        machine.epoch += u32::from(window == 5);
        machine.run(25.0, [100, 0, 0]);
        machine.read();
    }
    let shares = machine.shares();
    assert_eq!(shares.unknown, WINDOW);
    assert_eq!(shares.package, Microjoules(22_500_000));
    assert_eq!((shares.idle, shares.cells), (Microjoules(9_000_000), Microjoules(13_500_000)));
    assert!(shares.balance());
}

#[test]
fn a_time_without_readings_is_one_long_window() {
    let mut machine = Machine::new(PROFILE);
    for window in 0..10 {
        machine.run(25.0, [100, 0, 0]);
        if !(3..7).contains(&window) {
            machine.read();
        }
    }
    assert_eq!(machine.shares().cells, Microjoules::from_joules(15));
    assert_eq!(machine.shares().idle, Microjoules::from_joules(10));
}

#[test]
fn energy_that_stands_still_closes_no_window() {
    let mut machine = Machine::new(PROFILE);
    machine.run(25.0, [100, 0, 0]);
    machine.read();
    let (before, energy) = (machine.shares(), machine.energy);
    machine.run(25.0, [100, 0, 0]);
    let moved = std::mem::replace(&mut machine.energy, energy);
    machine.read();
    assert_eq!(machine.shares(), before);
    machine.energy = moved;
    machine.run(25.0, [100, 0, 0]);
    machine.read();
    assert_eq!(machine.shares().cells, Microjoules(4_500_000));
}

#[test]
fn energy_that_falls_is_taken_for_an_interruption() {
    let mut machine = Machine::new(PROFILE);
    machine.run(25.0, [100, 0, 0]);
    machine.read();
    let package = machine.shares().package;
    machine.energy = 0.0;
    machine.run(25.0, [100, 0, 0]);
    machine.energy = 0.0;
    machine.read();
    assert_eq!((machine.shares().package, machine.shares().unknown), (package, WINDOW));
}

#[test]
fn a_stale_reading_and_a_repeated_one_change_nothing() {
    let mut machine = Machine::new(PROFILE);
    machine.run(25.0, [100, 0, 0]);
    machine.read();
    let shares = machine.shares();
    machine.read();
    let stale = Reading { at: Moment(machine.now + 1), ..machine.reading() };
    machine.attribution.observe(&Sensed::Stale(stale), machine.cpu);
    machine.attribution.observe(&Sensed::Missing, machine.cpu);
    assert_eq!(machine.shares(), shares);
}

#[test]
fn the_joules_of_cells_are_their_share_by_the_rate_of_each_window() {
    let mut machine = Machine::new(PROFILE);
    let mut run = |watts, first: u64, second: u64| {
        machine.attribution.note(&[usage(3, first), usage(1, second)]);
        machine.run(watts, [first + second, 7, 0]);
        machine.read();
        (machine.attribution.of_cell(CellId(1)), machine.attribution.of_cell(CellId(3)), machine.shares())
    };
    for window in 0..50_u32 {
        let (one, three, shares) = run(25.0 + f64::from(window % 7), 100 - u64::from(window % 3), 3);
        assert!((one + three).abs_diff(shares.cells) <= Microjoules(2 * (i64::from(window) + 1)));
    }
    let known = machine.attribution.of_cell(CellId(3));
    machine.attribution.note(&[usage(3, 10)]);
    let whole = machine.attribution.bury(CellId(3));
    assert!(whole > known, "time of the last window is valued too");
    assert_eq!(machine.attribution.of_cell(CellId(3)), Microjoules::ZERO, "it is forgotten");
    assert_eq!(machine.attribution.bury(CellId(9)), Microjoules::ZERO, "who never ran used nothing");
}

/// CPU time of a load by the meters: what is true now, and what was true so many steps of 20 ms ago.
fn lagging(history: &[u64], steps: usize) -> Nanoseconds {
    Nanoseconds(history[history.len().saturating_sub(1 + steps)])
}

/// Runs loads and rates through four meters that lag by changing steps of up to two windows each. The last meter sees
/// only `seen` parts in a hundred. Whether the shares balanced at every window.
fn balances(windows: &[([u64; 3], u32, [usize; 4])], seen: u64) -> bool {
    let mut attribution = Attribution::new(PROFILE);
    let mut truth = [vec![0_u64], vec![0], vec![0], vec![0]];
    let mut shown = CpuTime::default();
    let mut machine = Machine::new(PROFILE);
    attribution.observe(&Sensed::Fresh(machine.reading()), shown);
    windows.iter().all(|(load, slot_milliwatts, lags)| {
        for _ in 0..5 {
            for meter in 0..3 {
                let sum = truth[meter].last().unwrap() + load[meter] * 20_000;
                truth[meter].push(sum);
            }
            let busy = truth[..3].iter().map(|meter| meter.last().unwrap()).sum();
            truth[3].push(busy);
        }
        let busy: u64 = load.iter().sum::<u64>() * 100_000;
        machine.now += WINDOW.0;
        machine.energy += 10.0 * 1e5 + f64::from(*slot_milliwatts) * busy as f64 / 1e6;
        let other = lagging(&truth[2], lags[2]).0 * seen / 100;
        shown = CpuTime {
            cells: lagging(&truth[0], lags[0]).max(shown.cells),
            own: lagging(&truth[1], lags[1]).max(shown.own),
            other: Nanoseconds(other).max(shown.other),
            busy: lagging(&truth[3], lags[3]).max(shown.busy),
            epoch: 0,
        };
        attribution.observe(&Sensed::Fresh(machine.reading()), shown);
        attribution.shares().balance()
    })
}

proptest! {
    #[test]
    fn meters_that_lag_but_miss_nothing_stay_within_the_bar(
        windows in prop::collection::vec(
            (prop::array::uniform3(0_u64..700), 1_000_u32..60_000, prop::array::uniform4(0_usize..=10)),
            1..200,
        ),
    ) {
        prop_assert!(balances(&windows, 100));
    }

    #[test]
    fn a_meter_that_misses_half_of_much_work_is_found_out(
        windows in prop::collection::vec(
            (prop::array::uniform3(200_u64..700), 10_000_u32..20_000, prop::array::uniform4(0_usize..=1)),
            300,
        ),
    ) {
        prop_assert!(!balances(&windows, 50));
    }
}
