//! The step load of a calibration: idle, full, idle, sampled all the while.
//!
//! ```text
//!   busy CPUs   ________|‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾|____________
//!               settle          full               cool
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use maxwell_core::units::{Celsius, Moment, Nanoseconds};
use maxwell_hypervisor::clock::Clock;
use maxwell_physics::calibrate::Sample;
use maxwell_physics::load::{LoadError, LoadSource};
use maxwell_physics::sensor::{SensorError, ThermalSensor};

/// Time between two samples: RAPL read faster than 20 times a second errs by more than 5 %.
pub const PERIOD: Nanoseconds = Nanoseconds::from_millis(100);

/// Samples that may fail in a row before the run is given up: five seconds.
const FAILURES_MAX: u32 = 50;

/// How long each phase takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phases {
    /// Idle at the start, and the least.
    pub settle: Nanoseconds,
    /// Full load.
    pub full: Nanoseconds,
    /// Idle at the end.
    pub cool: Nanoseconds,
}

impl Phases {
    /// Thirty seconds show the idle power; four time constants of a heat sink of thirty seconds bring it within 2 % of
    /// its end, without which its resistance and the air's temperature cannot be told apart; and two of them show it
    /// cooling.
    pub const DEFAULT: Self = Self {
        settle: Nanoseconds::from_millis(30_000),
        full: Nanoseconds::from_millis(120_000),
        cool: Nanoseconds::from_millis(60_000),
    };

    /// All of it.
    pub fn total(&self) -> Nanoseconds {
        self.settle + self.full + self.cool
    }

    /// Whether the load is to be on at this time since the start.
    fn is_full(&self, elapsed: Nanoseconds) -> bool {
        (self.settle..self.settle + self.full).contains(&elapsed)
    }
}

/// Makes every CPU busy, and idle again.
pub trait LoadSwitch {
    /// Turns the load on or off; what it is already, it stays.
    fn set(&mut self, on: bool);
}

/// Threads that do nothing but be busy, one for each CPU.
#[derive(Debug)]
pub struct BusyThreads {
    cpus: usize,
    running: Option<(Arc<AtomicBool>, Vec<JoinHandle<()>>)>,
}

impl BusyThreads {
    /// For so many CPUs; none is busy yet.
    pub const fn new(cpus: usize) -> Self {
        Self { cpus, running: None }
    }
}

impl LoadSwitch for BusyThreads {
    fn set(&mut self, on: bool) {
        if on == self.running.is_some() {
            return;
        }
        if let Some((over, threads)) = self.running.take() {
            over.store(true, Ordering::Relaxed);
            for thread in threads {
                // A thread that only counts cannot panic; if one did, the load was too small and the fit says so.
                drop(thread.join());
            }
            return;
        }
        let over = Arc::new(AtomicBool::new(false));
        let start = |_| {
            let over = Arc::clone(&over);
            thread::spawn(move || burn(&over))
        };
        let threads = (0..self.cpus).map(start).collect();
        self.running = Some((over, threads));
    }
}

impl Drop for BusyThreads {
    fn drop(&mut self) {
        self.set(false);
    }
}

/// Multiplies and adds in independent chains, which keeps the arithmetic units busy; a loop that only looks at the flag
/// would draw much less than real work.
fn burn(over: &AtomicBool) {
    let mut chains = [1.0_f64, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7];
    while !over.load(Ordering::Relaxed) {
        for _ in 0..10_000 {
            for chain in &mut chains {
                *chain = *chain * 0.999_999 + 0.000_001;
            }
        }
        std::hint::black_box(&mut chains);
    }
}

/// A die this close under its limit, in kelvin, is being throttled.
const THROTTLING: f64 = 1.0;

/// Why there are no samples.
#[derive(Debug, thiserror::Error)]
pub enum StepLoadError {
    /// The user ended it.
    #[error("the calibration was interrupted; nothing was written")]
    Interrupted,
    /// The sensor gave nothing for five seconds, or will give nothing more.
    #[error(transparent)]
    Sensor(#[from] SensorError),
    /// CPU time cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The machine cannot bear the load.
    #[error(
        "the die came to {} °C and the hardware throttles itself at {} °C, so the load was ended and nothing was written; \
         improve the cooling, or try again in a cooler room", die.0, limit.0
    )]
    TooHot {
        /// How hot it was.
        die: Celsius,
        /// Where it throttles.
        limit: Celsius,
    },
}

/// What a run reads and drives.
pub struct Bench<'a> {
    /// Read once a period.
    pub sensor: &'a dyn ThermalSensor,
    /// CPU time of the whole machine.
    pub load: &'a dyn LoadSource,
    /// Time.
    pub clock: &'a mut dyn Clock,
    /// The load.
    pub switch: &'a mut dyn LoadSwitch,
    /// Whether the user has had enough of it.
    pub is_over: &'a dyn Fn() -> bool,
    /// The temperature at which the hardware throttles itself: a load that reaches it says nothing, and is ended.
    pub limit: Option<Celsius>,
    /// Told every sample.
    pub progress: &'a mut dyn FnMut(&Sample),
}

/// Runs the step load; the samples' time counts from its start. A sample that fails is left out; the next one's means then
/// span both periods.
///
/// # Errors
/// See [`StepLoadError`]. The load is off afterwards, whatever happened.
pub fn run(bench: &mut Bench<'_>, phases: Phases) -> Result<Vec<Sample>, StepLoadError> {
    let result = sample_all(bench, phases);
    bench.switch.set(false);
    result
}

fn sample_all(bench: &mut Bench<'_>, phases: Phases) -> Result<Vec<Sample>, StepLoadError> {
    let begin = bench.clock.now();
    let (mut samples, mut last, mut failures) = (Vec::new(), None, 0);
    let mut due = begin;
    while due.since(begin) <= phases.total() {
        bench.clock.wait_until(due);
        if (bench.is_over)() {
            return Err(StepLoadError::Interrupted);
        }
        let now = bench.clock.now();
        match bench.sensor.sample(now) {
            Ok(reading) => {
                failures = 0;
                let busy = bench.load.busy()?.total();
                let sample = Sample {
                    at: Moment(now.since(begin).0),
                    busy_cpus: last.map_or(0.0, |last| mean(last, (now, busy))),
                    power: Some(reading.power),
                    die: reading.die.value,
                };
                last = Some((now, busy));
                (bench.progress)(&sample);
                let die = sample.die;
                samples.push(sample);
                if let Some(limit) = bench.limit.filter(|limit| die.0 > limit.0 - THROTTLING) {
                    return Err(StepLoadError::TooHot { die, limit });
                }
            }
            Err(error @ SensorError::Gone { .. }) => return Err(error.into()),
            Err(error) => {
                failures += 1;
                if failures > FAILURES_MAX {
                    return Err(error.into());
                }
            }
        }
        bench.switch.set(phases.is_full(due.since(begin)));
        due = due + PERIOD;
        // A run that was held up leaves samples out rather than taking several at once.
        while due <= bench.clock.now() {
            due = due + PERIOD;
        }
    }
    Ok(samples)
}

/// CPUs that were busy on average between two readings of CPU time.
fn mean(before: (Moment, Nanoseconds), now: (Moment, Nanoseconds)) -> f64 {
    let span = now.0.since(before.0).as_seconds();
    if span > 0.0 { now.1.saturating_sub(before.1).as_seconds() / span } else { 0.0 }
}
