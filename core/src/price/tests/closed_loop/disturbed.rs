//! Restarts and lost readings.

use super::*;

impl Machine {
    /// Another pricer takes over, which knows nothing.
    fn restart(&mut self) {
        self.pricer = Pricer::new(self.config.clone()).unwrap();
    }

    /// Full demand while of `every` readings only one arrives.
    fn run_with_losses(&mut self, seconds: usize, every: u64) -> Run {
        let mut run = Run::default();
        for _ in 0..seconds * SECOND {
            if self.tick.is_multiple_of(10) {
                let sampled = self.sample();
                if (self.tick / 10).is_multiple_of(every) {
                    // A few microseconds of jitter, as every clock has.
                    let at = Moment(sampled.at.0 + self.tick % 7 * 1_000);
                    self.read = Reading { at, ..sampled };
                }
            }
            let quote = self.tick_with(8, Sensed::Fresh(self.read));
            run.die.push(self.die);
            run.power.push(self.power);
            run.multiplier.push(quote.multiplier.as_ratio());
        }
        run
    }
}

#[test]
fn a_new_pricer_on_a_settled_hot_machine_does_not_overshoot() {
    for tau in TAUS {
        for poor in [false, true] {
            let machine = Machine::idle(eight_slots(tau));
            let mut machine = if poor { machine.poor() } else { machine };
            machine.run(300, 8);
            machine.restart();
            let run = machine.run(200, 8);
            let figures = machine.figures(&run);
            assert!(figures.overshoot <= 1.5, "tau {tau} s, poor {poor}: {figures:?}");
            assert!(figures.power >= 0.97, "tau {tau} s, poor {poor}: {figures:?}");
        }
    }
}

#[test]
fn a_new_pricer_below_the_set_point_of_a_hot_machine_does_not_overshoot() {
    for tau in TAUS {
        for below in [0.5, 2.0, 5.0, 10.0] {
            let mut machine = Machine::idle(eight_slots(tau));
            machine.run(300, 8);
            machine.restart();
            machine.die -= below;
            let run = machine.run(200, 8);
            let figures = machine.figures(&run);
            assert!(figures.overshoot <= 1.5, "tau {tau} s, {below} K below: {figures:?}");
        }
    }
}

#[test]
fn a_new_pricer_on_a_cold_machine_sells_all_slots_within_a_second() {
    for tau in TAUS {
        let mut machine = Machine::idle(eight_slots(tau));
        let quotes: Vec<f64> = (0..SECOND).map(|_| machine.tick(0).supply).collect();
        assert!(max(&quotes) >= 8.0, "tau {tau} s: {quotes:?}");
    }
}

#[test]
fn lost_readings_leave_a_whole_controller() {
    for tau in TAUS {
        for (every, poor) in [(2, false), (3, false), (2, true), (3, true)] {
            let machine = Machine::idle(eight_slots(tau));
            let mut machine = if poor { machine.poor() } else { machine };
            machine.run(10, 0);
            let run = machine.run_with_losses(400, every);
            let figures = machine.figures(&run);
            assert!(
                figures.overshoot <= if poor { 2.0 } else { 1.5 },
                "tau {tau} s, one of {every}: {figures:?}"
            );
            assert!(
                figures.power >= if poor { 0.95 } else { 0.97 },
                "tau {tau} s, one of {every}: {figures:?}"
            );
            let ripple = if poor {
                1.5
            } else if tau < 1.0 {
                1.0
            } else {
                0.5
            };
            assert!(figures.ripple <= ripple, "tau {tau} s, one of {every}: {figures:?}");
        }
    }
}
