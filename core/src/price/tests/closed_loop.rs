//! The controller against the machine that it was tuned for: a die on a heat sink.

mod budget;
mod disturbed;

use super::*;

/// Ticks in a second.
const SECOND: usize = 100;

/// A die on a heat sink, integrated in steps of a millisecond, and a sensor that is read every 100 ms.
struct Machine {
    config: PriceConfig,
    pricer: Pricer,
    tick: u64,
    die: f64,
    sink: f64,
    power: f64,
    /// Joules since the sensor was last read.
    energy: f64,
    /// Watts that come from elsewhere on the machine.
    foreign: f64,
    sensor: Sensor,
    read: Reading,
    quote: Option<Quote>,
}

/// What stands between the die and the controller.
enum Sensor {
    Clean,
    /// 1 °C steps, one period late, 10 % noise on power from a generator with this state.
    Poor {
        late: Reading,
        noise: u64,
    },
}

const AMBIENT: f64 = 25.0;
const IDLE: f64 = 10.0;
const SINK_RESISTANCE: f64 = 0.15;
const SINK_TAU_S: f64 = 30.0;

impl Machine {
    fn idle(config: PriceConfig) -> Self {
        let sink = AMBIENT + IDLE * SINK_RESISTANCE;
        let die = sink + IDLE * config.plant.die_resistance;
        Self {
            pricer: Pricer::new(config.clone()).unwrap(),
            config,
            tick: 0,
            die,
            sink,
            power: IDLE,
            energy: IDLE / 10.0,
            foreign: 0.0,
            sensor: Sensor::Clean,
            read: reading(at_ms(0), die, IDLE),
            quote: None,
        }
    }

    fn poor(mut self) -> Self {
        self.sensor = Sensor::Poor { late: self.read, noise: 0x9E37_79B9_7F4A_7C15 };
        self
    }

    /// Power at which the die settles at the set point.
    fn allowed(&self) -> f64 {
        (self.config.set_point.0 - AMBIENT) / (self.config.plant.die_resistance + SINK_RESISTANCE)
    }

    fn sample(&mut self) -> Reading {
        let now = at_ms(10 * self.tick);
        let power = std::mem::take(&mut self.energy) * 10.0;
        match &mut self.sensor {
            Sensor::Clean => reading(now, self.die, power),
            Sensor::Poor { late, noise } => {
                *noise ^= *noise << 13;
                *noise ^= *noise >> 7;
                *noise ^= *noise << 17;
                let factor = 0.9 + 0.2 * (*noise >> 11) as f64 / (1_u64 << 53) as f64;
                let seen = Reading { at: now, ..*late };
                *late = reading(now, self.die.round(), power * factor);
                seen
            }
        }
    }

    /// One tick in which `wanted` slots find buyers. What it was sold at.
    fn tick(&mut self, wanted: u16) -> Quote {
        if self.tick.is_multiple_of(10) {
            self.read = self.sample();
        }
        self.tick_with(wanted, Sensed::Fresh(self.read))
    }

    fn tick_with(&mut self, wanted: u16, sensed: Sensed) -> Quote {
        let quote = self.pricer.quote(at_ms(10 * self.tick), &sensed);
        self.pricer.sold(quote.slots.min(wanted));
        self.power = IDLE + self.foreign + self.config.plant.slot.0 * f64::from(quote.slots.min(wanted));
        let Plant { die_resistance, die_tau_s, .. } = self.config.plant;
        for _ in 0..10 {
            let flow = (self.die - self.sink) / die_resistance;
            let drained = (self.sink - AMBIENT) / SINK_RESISTANCE;
            self.die += 0.001 * (self.power - flow) * die_resistance / die_tau_s;
            self.sink += 0.001 * (flow - drained) * SINK_RESISTANCE / SINK_TAU_S;
        }
        self.energy += self.power / 100.0;
        self.tick += 1;
        self.quote = Some(quote);
        quote
    }

    fn run(&mut self, seconds: usize, wanted: u16) -> Run {
        let mut run = Run::default();
        for _ in 0..seconds * SECOND {
            let quote = self.tick(wanted);
            run.die.push(self.die);
            run.power.push(self.power);
            run.multiplier.push(quote.multiplier.as_ratio());
        }
        run
    }

    /// Idle for a while, then full demand until everything has settled; the figures of it.
    fn step_to_full(&mut self) -> Figures {
        self.run(10, 0);
        let run = self.run(400, 8);
        self.figures(&run)
    }

    fn figures(&self, run: &Run) -> Figures {
        let steady = run.die.len() - 100 * SECOND;
        let spread = |values: &[f64]| max(values) + max(&values.iter().map(|v| -v).collect::<Vec<_>>());
        let mean = run.power[steady..].iter().sum::<f64>() / (100 * SECOND) as f64;
        let multiplier = &run.multiplier[steady..];
        Figures {
            overshoot: max(&run.die) - self.config.set_point.0,
            ripple: spread(&run.die[steady..]),
            power: mean / self.allowed(),
            reserve_ripple: spread(multiplier) / max(multiplier),
        }
    }
}

#[derive(Default)]
struct Run {
    die: Vec<f64>,
    power: Vec<f64>,
    multiplier: Vec<f64>,
}

/// The promised figures: °C, °C, a share of what the set point allows, a share of the reserve.
#[derive(Debug)]
struct Figures {
    overshoot: f64,
    ripple: f64,
    power: f64,
    reserve_ripple: f64,
}

fn max(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

const TAUS: [f64; 4] = [0.3, 1.0, 2.0, 3.5];

#[test]
fn a_step_to_full_demand_settles_at_the_set_point() {
    for tau in TAUS {
        let figures = Machine::idle(eight_slots(tau)).step_to_full();
        assert!(figures.overshoot <= 1.5, "tau {tau} s: {figures:?}");
        assert!(figures.ripple <= if tau < 1.0 { 1.0 } else { 0.5 }, "tau {tau} s: {figures:?}");
        assert!(figures.power >= 0.97, "tau {tau} s: {figures:?}");
        assert!(figures.reserve_ripple <= 0.05, "tau {tau} s: {figures:?}");
    }
}

#[test]
fn a_poor_sensor_is_good_enough() {
    for tau in TAUS {
        let figures = Machine::idle(eight_slots(tau)).poor().step_to_full();
        assert!(figures.overshoot <= 2.0, "tau {tau} s: {figures:?}");
        assert!(figures.ripple <= 1.5, "tau {tau} s: {figures:?}");
        assert!(figures.power >= 0.95, "tau {tau} s: {figures:?}");
        assert!(figures.reserve_ripple <= 0.10, "tau {tau} s: {figures:?}");
    }
}

#[test]
fn the_machine_of_the_demonstration_settles_at_its_set_point() {
    let plant = Plant { slot: Watts(15.0), die_resistance: 0.7, die_tau_s: 1.0 };
    let cool = PriceConfig {
        slots: 2,
        plant,
        set_point: Celsius(45.0),
        critical: Celsius(75.0),
        ..eight_slots(1.0)
    };
    let figures = Machine::idle(cool).step_to_full();
    assert!(figures.overshoot <= 1.5 && figures.ripple <= 0.5 && figures.power >= 0.97, "{figures:?}");
}

#[test]
fn when_the_load_goes_everything_comes_back() {
    for tau in TAUS {
        let mut machine = Machine::idle(eight_slots(tau));
        let full = machine.run(300, 8);
        assert!(max(&full.multiplier) > 1.8);
        machine.run(20, 0);
        let quote = machine.quote.unwrap();
        // The sink is still warm: it would not bear eight slots for long.
        assert!(quote.supply > 6.0 && quote.multiplier == Ppm::ONE, "tau {tau} s: {quote:?}");
    }
}

#[test]
fn an_hour_without_demand_leaves_no_windup() {
    for tau in TAUS {
        let fresh = Machine::idle(eight_slots(tau)).step_to_full();
        let mut machine = Machine::idle(eight_slots(tau));
        machine.run(3_600, 1);
        let late = machine.step_to_full();
        assert!(late.overshoot <= fresh.overshoot + 0.01, "tau {tau} s: {late:?} after {fresh:?}");
        assert!(late.ripple <= 1.0 && late.power >= 0.97, "tau {tau} s: {late:?}");
    }
}

#[test]
fn an_hour_of_heat_from_elsewhere_leaves_no_windup() {
    for tau in TAUS {
        let mut machine = Machine::idle(eight_slots(tau));
        machine.foreign = machine.allowed() + 20.0;
        machine.run(3_600, 8);
        let quote = machine.quote.unwrap();
        assert!(quote.supply == 0.0 && quote.die > Celsius(70.0), "tau {tau} s: {quote:?}");
        machine.foreign = 0.0;
        let run = machine.run(400, 8);
        let back = run.die.iter().position(|die| *die <= 70.0).expect("it cools");
        let settled = back + ((1.0 + 3.0 * tau) * SECOND as f64) as usize;
        let mean = run.die[settled..settled + 10 * SECOND].iter().sum::<f64>() / (10 * SECOND) as f64;
        assert!(mean > 68.5, "tau {tau} s: it sells less than it could: {mean} degrees");
        let figures = machine.figures(&Run {
            die: run.die[back..].to_vec(),
            power: run.power[back..].to_vec(),
            multiplier: run.multiplier[back..].to_vec(),
        });
        assert!(figures.overshoot <= 1.5 && figures.power >= 0.97, "tau {tau} s: {figures:?}");
    }
}

/// A sensor that says nothing for `dropout` seconds in a settled machine with full demand.
fn dropout(tau: f64, seconds: usize) -> Machine {
    let mut machine = Machine::idle(eight_slots(tau));
    machine.run(300, 8);
    let last = machine.read;
    for tick in 1..=seconds * SECOND {
        let sensed = if tick <= 50 { Sensed::Fresh(last) } else { Sensed::Stale(last) };
        let quote = machine.tick_with(8, sensed);
        assert!(tick <= 50 || quote.multiplier == Ppm::from_ratio(64.0));
        assert!(tick < 5 * SECOND || quote.slots == 0, "{tick}: {quote:?}");
        assert!(machine.die <= 71.5, "tau {tau} s: {} degrees while blind", machine.die);
    }
    machine
}

#[test]
fn after_a_dropout_it_recovers_by_itself_without_a_bump() {
    for tau in TAUS {
        for seconds in [1, 2, 4, 6, 60] {
            let mut machine = dropout(tau, seconds);
            let run = machine.run(400, 8);
            let figures = machine.figures(&run);
            assert!(figures.overshoot <= 1.5, "tau {tau} s, {seconds} s blind: {figures:?}");
            assert!(figures.power >= 0.97, "tau {tau} s, {seconds} s blind: {figures:?}");
            assert!(
                run.power[..10 * SECOND].iter().sum::<f64>() > 0.8 * machine.allowed() * 10.0 * SECOND as f64
            );
        }
    }
}

#[test]
fn of_heat_and_power_the_scarcer_decides() {
    let mut machine = Machine::idle(PriceConfig { power_budget: Some(Watts(1_000.0)), ..eight_slots(1.0) });
    let figures = machine.step_to_full();
    assert!(figures.overshoot <= 1.5 && (0.97..1.01).contains(&figures.power), "{figures:?}");
}
