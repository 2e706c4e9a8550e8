//! One contract for both samplers, and what is particular to each.

use maxwell_core::limits::WINDOW;
use maxwell_core::tick::{Figure, Provenance, Reading, Sensed};
use maxwell_core::units::{Celsius, Microjoules, Moment, Nanoseconds, Watts};
use maxwell_physics::sampler::{InlineSampler, STALE_PERIODS, Sampler, ThreadSampler};
use maxwell_physics::sensor::{SensorError, ThermalSensor};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine: a test that waits so long has failed.
const DEADLINE: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mood {
    Steady,
    Failing,
    /// Gives one and the same reading for ever, as a hung driver does.
    Frozen,
    Gone,
    Panicking,
}

/// A sensor whose mood the test sets.
struct Fake {
    mood: Mutex<Mood>,
    samples: AtomicU64,
    thread: Mutex<Option<String>>,
    frozen: Mutex<Option<Reading>>,
}

impl Fake {
    fn new(mood: Mood) -> Arc<Self> {
        let (samples, thread, frozen) = (AtomicU64::new(0), Mutex::default(), Mutex::default());
        Arc::new(Self { mood: Mutex::new(mood), samples, thread, frozen })
    }

    fn turn(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn samples(&self) -> u64 {
        self.samples.load(Ordering::SeqCst)
    }
}

/// What is given to a sampler while the test keeps the fake itself.
struct Handle(Arc<Fake>);

impl ThermalSensor for Handle {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn sample(&self, now: Moment) -> Result<Reading, SensorError> {
        // Copied, so that a panic below poisons no lock.
        let mood = *self.0.mood.lock().unwrap();
        let count = self.0.samples.fetch_add(1, Ordering::SeqCst) + 1;
        *self.0.thread.lock().unwrap() = thread::current().name().map(str::to_owned);
        match mood {
            Mood::Steady => Ok(reading(now, count)),
            Mood::Frozen => Ok(*self.0.frozen.lock().unwrap().get_or_insert(reading(now, count))),
            Mood::Failing => Err(SensorError::Retry { backend: "fake", why: format!("failure {count}") }),
            Mood::Gone => Err(SensorError::Gone { backend: "fake", why: "unplugged".to_owned() }),
            Mood::Panicking => panic!("the fake sensor panics, as the test wants"),
        }
    }
}

fn reading(at: Moment, count: u64) -> Reading {
    let provenance = Provenance::Measured;
    Reading {
        at,
        die: Figure { value: Celsius(40.0), error: Celsius(1.0), provenance },
        power: Figure { value: Watts(10.0), error: Watts(1.0), provenance },
        energy: Figure { value: Microjoules(count.cast_signed()), error: Microjoules(1), provenance },
        epoch: 0,
    }
}

/// A sampler with the clock that it lives on.
trait Rig {
    const PERIOD: Nanoseconds;

    fn new() -> Self;

    fn start(&self, fake: &Arc<Fake>) -> Box<dyn Sampler>;

    /// A moment that is later than the last one, or the same.
    fn tick(&mut self) -> Moment;
}

/// The virtual clock: a tick is ten milliseconds.
struct Virtual(u64);

impl Rig for Virtual {
    const PERIOD: Nanoseconds = WINDOW;

    fn new() -> Self {
        Self(0)
    }

    fn start(&self, fake: &Arc<Fake>) -> Box<dyn Sampler> {
        Box::new(InlineSampler::new(Box::new(Handle(Arc::clone(fake))), Self::PERIOD))
    }

    fn tick(&mut self) -> Moment {
        self.0 += Self::PERIOD.0 / 10;
        Moment(self.0)
    }
}

/// The real clock.
struct Real(Instant);

impl Rig for Real {
    const PERIOD: Nanoseconds = Nanoseconds::from_millis(10);

    fn new() -> Self {
        Self(Instant::now())
    }

    fn start(&self, fake: &Arc<Fake>) -> Box<dyn Sampler> {
        Box::new(ThreadSampler::start(Box::new(Handle(Arc::clone(fake))), Self::PERIOD, self.0).unwrap())
    }

    fn tick(&mut self) -> Moment {
        thread::yield_now();
        Moment(self.0.elapsed().as_nanos() as u64)
    }
}

/// Asks for the latest reading, tick after tick, until it is as wanted.
fn until<R: Rig>(
    rig: &mut R,
    sampler: &mut dyn Sampler,
    what: &str,
    wanted: impl Fn(&Sensed, &dyn Sampler) -> bool,
) -> Sensed {
    let begun = Instant::now();
    loop {
        let sensed = sampler.latest(rig.tick());
        if wanted(&sensed, sampler) {
            return sensed;
        }
        assert!(begun.elapsed() < DEADLINE, "never {what}, but {sensed:?}");
    }
}

fn is_stale(sensed: &Sensed, _: &dyn Sampler) -> bool {
    matches!(sensed, Sensed::Stale(_))
}

fn is_fresh(sensed: &Sensed, _: &dyn Sampler) -> bool {
    sensed.is_fresh()
}

/// What every sampler promises.
fn contract<R: Rig>() {
    a_steady_sensor_stays_fresh::<R>();
    a_failing_sensor_is_missing_until_it_recovers::<R>();
    a_sensor_that_drops_out_grows_stale_and_recovers::<R>();
    a_frozen_sensor_is_stale_after_five_periods::<R>();
    a_sensor_that_is_gone_is_not_asked_again::<R>();
}

fn a_steady_sensor_stays_fresh<R: Rig>() {
    let (mut rig, fake) = (R::new(), Fake::new(Mood::Steady));
    let mut sampler = rig.start(&fake);
    let mut last: Option<Reading> = None;
    for _ in 0..20 {
        let newer = |sensed: &Sensed, _: &dyn Sampler| sensed.is_fresh() && sensed.last() != last.as_ref();
        let sensed = until(&mut rig, &mut *sampler, "a newer reading", newer);
        let reading = *sensed.last().unwrap();
        if let Some(last) = last {
            assert!(reading.at > last.at && reading.energy.value > last.energy.value);
        }
        last = Some(reading);
    }
    assert_eq!(sampler.last_error(), None);
}

fn a_failing_sensor_is_missing_until_it_recovers<R: Rig>() {
    let (mut rig, fake) = (R::new(), Fake::new(Mood::Failing));
    let mut sampler = rig.start(&fake);
    let told = |sensed: &Sensed, sampler: &dyn Sampler| {
        assert_eq!(*sensed, Sensed::Missing);
        sampler.last_error().is_some_and(|error| error.contains("failure 3"))
    };
    until(&mut rig, &mut *sampler, "an error", told);
    fake.turn(Mood::Steady);
    until(&mut rig, &mut *sampler, "fresh after failing", is_fresh);
    assert!(sampler.last_error().unwrap().contains("fake"), "the last error is kept");
}

fn a_sensor_that_drops_out_grows_stale_and_recovers<R: Rig>() {
    let (mut rig, fake) = (R::new(), Fake::new(Mood::Steady));
    let mut sampler = rig.start(&fake);
    until(&mut rig, &mut *sampler, "fresh", is_fresh);
    fake.turn(Mood::Failing);
    let stale = until(&mut rig, &mut *sampler, "stale", |sensed, sampler| {
        is_stale(sensed, sampler) && sampler.last_error().is_some()
    });
    assert!(stale.last().is_some(), "the last reading is kept");
    fake.turn(Mood::Steady);
    until(&mut rig, &mut *sampler, "fresh again", is_fresh);
}

fn a_frozen_sensor_is_stale_after_five_periods<R: Rig>() {
    let (mut rig, fake) = (R::new(), Fake::new(Mood::Frozen));
    let mut sampler = rig.start(&fake);
    let sensed = until(&mut rig, &mut *sampler, "a reading", |sensed, _| sensed.last().is_some());
    let frozen = *sensed.last().unwrap();
    until(&mut rig, &mut *sampler, "stale", is_stale);
    let limit = frozen.at + Nanoseconds(STALE_PERIODS * R::PERIOD.0);
    assert_eq!(sampler.latest(limit), Sensed::Fresh(frozen));
    assert_eq!(sampler.latest(limit + Nanoseconds(1)), Sensed::Stale(frozen));
}

fn a_sensor_that_is_gone_is_not_asked_again<R: Rig>() {
    let (mut rig, fake) = (R::new(), Fake::new(Mood::Steady));
    let mut sampler = rig.start(&fake);
    until(&mut rig, &mut *sampler, "fresh", is_fresh);
    fake.turn(Mood::Gone);
    let told = |_: &Sensed, sampler: &dyn Sampler| sampler.last_error().is_some();
    until(&mut rig, &mut *sampler, "gone", told);
    assert!(sampler.last_error().unwrap().contains("unplugged"));
    let asked = fake.samples();
    fake.turn(Mood::Steady);
    until(&mut rig, &mut *sampler, "stale", is_stale);
    assert_eq!(fake.samples(), asked);
}

#[test]
fn the_inline_sampler_keeps_the_contract() {
    contract::<Virtual>();
}

#[test]
fn the_thread_sampler_keeps_the_contract() {
    contract::<Real>();
}

#[test]
fn inline_sampling_is_on_an_even_grid_and_never_catches_up_more_than_one_sample() {
    let fake = Fake::new(Mood::Steady);
    let mut sampler = Virtual(0).start(&fake);
    let mut times = Vec::new();
    // Ticks that come a little late do not shift the grid; a gap begins a new one.
    let late = [403, 490, 500, 510, 5_000, 5_050, 5_090, 5_100, 5_199, 5_200];
    for millis in (0..=300).step_by(10).chain(late) {
        let before = fake.samples();
        sampler.latest(Moment(millis * 1_000_000));
        assert!(fake.samples() - before <= 1, "more than one sample in a call");
        if fake.samples() > before {
            times.push(millis);
        }
    }
    assert_eq!(times, [0, 100, 200, 300, 403, 500, 5_000, 5_100, 5_200]);
}

#[test]
fn dropping_the_thread_sampler_does_not_wait_for_its_period() {
    let fake = Fake::new(Mood::Steady);
    let hour = Nanoseconds::from_millis(3_600_000);
    let begun = Instant::now();
    let mut sampler = ThreadSampler::start(Box::new(Handle(Arc::clone(&fake))), hour, begun).unwrap();
    until(&mut Real(begun), &mut sampler, "fresh", is_fresh);
    assert_eq!(fake.thread.lock().unwrap().as_deref(), Some("maxwell-sensor"));
    drop(sampler);
    assert!(begun.elapsed() < DEADLINE);
    assert_eq!(Arc::strong_count(&fake), 1, "the thread is gone, and the sensor with it");
}

#[test]
fn a_sensor_that_hangs_does_not_hold_up_the_tick() {
    let fake = Fake::new(Mood::Steady);
    let mut rig = Real::new();
    let held = fake.mood.lock().unwrap();
    let mut sampler = rig.start(&fake);
    for _ in 0..1_000 {
        assert_eq!(sampler.latest(rig.tick()), Sensed::Missing);
    }
    drop(held);
    until(&mut rig, &mut *sampler, "fresh", is_fresh);
}

#[test]
fn a_sensor_that_panics_is_told_and_grows_stale() {
    let fake = Fake::new(Mood::Steady);
    let mut rig = Real::new();
    let mut sampler = rig.start(&fake);
    until(&mut rig, &mut *sampler, "fresh", is_fresh);
    fake.turn(Mood::Panicking);
    until(&mut rig, &mut *sampler, "stale", |sensed, sampler| {
        is_stale(sensed, sampler) && sampler.last_error().is_some_and(|error| error.contains("panicked"))
    });
}
