//! From a sensor to the latest reading, so that the tick never waits for a file.
//!
//! Two samplers with one contract: [`ThreadSampler`] reads the sensor on a thread of its own, [`InlineSampler`] when it
//! is asked, for virtual clocks. A reading older than [`STALE_PERIODS`] sampling periods is stale; a sensor that fails
//! gives no new reading, so what there was grows old.

use crate::latest::{LatestReader, LatestWriter, latest};
use crate::sensor::{SensorError, ThermalSensor};
use maxwell_core::tick::{Reading, Sensed};
use maxwell_core::units::{Moment, Nanoseconds};
use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A reading that is older than so many sampling periods is not believed any more.
pub const STALE_PERIODS: u64 = 5;

/// Keeps the latest reading of a sensor.
pub trait Sampler: Send {
    /// What is known at `now`, on the clock that the sampler stamps its readings with. Times must not run backwards.
    fn latest(&mut self, now: Moment) -> Sensed;

    /// Why the sensor last failed, if it ever did, whether or not it has succeeded since. Takes a lock and allocates:
    /// for the operator, not for the tick.
    fn last_error(&self) -> Option<String>;
}

/// Whether a reading may still be believed at `now`.
fn judge(last: Option<Reading>, now: Moment, period: Nanoseconds) -> Sensed {
    match last {
        None => Sensed::Missing,
        Some(reading) if now.since(reading.at).0 > STALE_PERIODS * period.0 => Sensed::Stale(reading),
        Some(reading) => Sensed::Fresh(reading),
    }
}

/// When samples are due: every period on an even grid, so that a billing window always ends on a new one. After a
/// sample that came more than half a period late the grid begins anew, so that two samples are never closer than half a
/// period: RAPL's error grows beyond 20 samples a second.
#[derive(Debug)]
struct Schedule {
    period: Nanoseconds,
    due: Moment,
}

impl Schedule {
    const fn new(period: Nanoseconds) -> Self {
        assert!(period.0 > 0, "a sampling period must be longer than nothing");
        Self { period, due: Moment(0) }
    }

    /// Whether a sample is due; if so, the next one is scheduled.
    fn take(&mut self, now: Moment) -> bool {
        if now < self.due {
            return false;
        }
        let late = now.since(self.due).0;
        self.due = if late <= self.period.0 / 2 { self.due + self.period } else { now + self.period };
        true
    }
}

/// The last failure of a sensor, in words.
#[derive(Debug, Default)]
struct LastError(Mutex<Option<String>>);

impl LastError {
    fn set(&self, text: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
    }

    fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Reads the sensor itself when the latest reading is asked for: at most one sample a call, however much time passed.
/// For virtual clocks, on which reading takes no time.
pub struct InlineSampler {
    sensor: Box<dyn ThermalSensor>,
    schedule: Schedule,
    last: Option<Reading>,
    error: LastError,
    gone: bool,
}

impl InlineSampler {
    /// Samples `sensor` every `period`, for the first time when first asked.
    ///
    /// # Panics
    /// When the period is zero.
    pub fn new(sensor: Box<dyn ThermalSensor>, period: Nanoseconds) -> Self {
        Self { sensor, schedule: Schedule::new(period), last: None, error: LastError::default(), gone: false }
    }
}

impl Sampler for InlineSampler {
    fn latest(&mut self, now: Moment) -> Sensed {
        if !self.gone && self.schedule.take(now) {
            match self.sensor.sample(now) {
                Ok(reading) => self.last = Some(reading),
                Err(error) => {
                    self.gone = matches!(error, SensorError::Gone { .. });
                    self.error.set(error.to_string());
                }
            }
        }
        judge(self.last, now, self.schedule.period)
    }

    fn last_error(&self) -> Option<String> {
        self.error.get()
    }
}

/// Reads the sensor on a thread of its own, named `maxwell-sensor`. Asking for the latest reading never blocks, never
/// allocates and touches no file.
///
/// Dropping it stops the thread and waits for it: at once between two samples, and no longer than one sample takes.
pub struct ThreadSampler {
    latest: LatestReader,
    period: Nanoseconds,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What both threads see besides the latest reading.
#[derive(Debug, Default)]
struct Shared {
    stop: Mutex<bool>,
    stopped: Condvar,
    error: LastError,
}

impl ThreadSampler {
    /// Samples `sensor` every `period` from now on. Readings are stamped with the time since `epoch`, which is the zero
    /// of the node's clock.
    ///
    /// # Errors
    /// When the system gives no thread.
    ///
    /// # Panics
    /// When the period is zero.
    pub fn start(sensor: Box<dyn ThermalSensor>, period: Nanoseconds, epoch: Instant) -> io::Result<Self> {
        let (writer, reader) = latest();
        let shared = Arc::new(Shared::default());
        let schedule = Schedule::new(period);
        let worker = Worker { sensor, schedule, epoch, writer, shared: Arc::clone(&shared) };
        let thread = thread::Builder::new().name("maxwell-sensor".to_owned()).spawn(|| worker.run())?;
        Ok(Self { latest: reader, period, shared, thread: Some(thread) })
    }
}

impl Sampler for ThreadSampler {
    fn latest(&mut self, now: Moment) -> Sensed {
        judge(self.latest.read(), now, self.period)
    }

    fn last_error(&self) -> Option<String> {
        self.shared.error.get()
    }
}

impl Drop for ThreadSampler {
    fn drop(&mut self) {
        *self.shared.stop.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.stopped.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic of the sensor was already told through `last_error`; it must not become one of the node.
            let _ = thread.join();
        }
    }
}

/// What the sampling thread owns.
struct Worker {
    sensor: Box<dyn ThermalSensor>,
    schedule: Schedule,
    epoch: Instant,
    writer: LatestWriter,
    shared: Arc<Shared>,
}

impl Worker {
    fn run(mut self) {
        loop {
            let now = self.now();
            if self.schedule.take(now) && !self.sample(now) {
                return;
            }
            if !self.wait() {
                return;
            }
        }
    }

    /// Reads the sensor; false once it is gone.
    fn sample(&mut self, now: Moment) -> bool {
        match self.sensor.sample(now) {
            Ok(reading) => self.writer.publish(&reading),
            Err(error) => {
                self.shared.error.set(error.to_string());
                return !matches!(error, SensorError::Gone { .. });
            }
        }
        true
    }

    /// Waits until the next sample is due; false as soon as the sampler is dropped.
    fn wait(&self) -> bool {
        let left = Duration::from_nanos(self.schedule.due.since(self.now()).0);
        let stop = self.shared.stop.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.shared.stopped.wait_timeout_while(stop, left, |stop| !*stop);
        !*waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn now(&self) -> Moment {
        Moment(self.epoch.elapsed().as_nanos() as u64)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if thread::panicking() {
            let name = self.sensor.name();
            self.shared.error.set(format!("{name}: the sensor panicked and will give no more readings"));
        }
    }
}
