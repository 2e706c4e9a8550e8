//! The economy of the demonstration, over its whole claimed range and beyond it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use maxwell_core::population::lifecycle::Reason;
use maxwell_daemon::scenario::Scenario;
use maxwell_sim::economy::{Course, Variation};

const VARIATIONS: u64 = 200;

/// By how many kelvin the die cools in all variations but [`MISSES_MAX`], and in every one.
const COOLED_USUALLY: f64 = 2.5;
const COOLED_ALWAYS: f64 = 2.3;
const MISSES_MAX: usize = 4;

/// Plays variations on every core; their courses in the order of their seeds.
fn play_all(vary: impl Fn(u64) -> Variation + Sync) -> Vec<Course> {
    let (next, courses) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= VARIATIONS {
                        return;
                    }
                    let course =
                        vary(seed).play().expect("the economy is possible and every invariant holds");
                    courses.lock().expect("no worker panicked").push((seed, course));
                }
            });
        }
    });
    let mut courses = courses.into_inner().expect("no worker panicked");
    courses.sort_by_key(|(seed, _)| *seed);
    courses.into_iter().map(|(_, course)| course).collect()
}

/// Least, median and largest.
fn spread(figures: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    [figures[0], figures[figures.len() / 2], figures[figures.len() - 1]]
}

#[test]
fn in_every_variation_the_miner_starves_the_machine_cools_and_the_scientist_lives() {
    let courses = play_all(Variation::from_seed);
    let deaths = courses.iter().filter_map(|course| course.miner_end).map(|(at, _)| at.as_seconds());
    println!("miner dead after [least, median, most] s: {:.1?}", spread(deaths));
    println!("die cooler by K: {:.2?}", spread(courses.iter().map(Course::cooled)));
    println!("price to x of its peak: {:.2?}", spread(courses.iter().map(|course| course.price_ratio)));
    // In the corner of the lowest set points and the most other load the machine stays warm without the miner too, and may
    // cool by a little less. Nothing else is ever missed.
    let warm = courses.iter().filter(|course| course.cooled() < COOLED_ALWAYS).count();
    println!(
        "cooler by less than {COOLED_USUALLY} K: {}",
        courses.iter().filter(|c| c.cooled() < COOLED_USUALLY).count()
    );
    assert_eq!(warm, 0, "some die cooled by less than {COOLED_ALWAYS} K");
    let missing: Vec<_> =
        courses.iter().enumerate().filter(|(_, course)| !course.misses().is_empty()).collect();
    assert!(missing.len() <= MISSES_MAX, "{} variations miss something: {missing:?}", missing.len());
    for (seed, course) in missing {
        let misses = course.misses();
        assert!(
            course.cooled() < COOLED_USUALLY && misses.len() == 1,
            "variation {seed}: {misses:?}: {course}"
        );
    }
}

#[test]
fn the_demonstration_holds_for_every_seed_of_its_machine() {
    let courses = play_all(|seed| Variation { scenario: Scenario::seeded(seed), ..Variation::default() });
    let deaths = courses.iter().filter_map(|course| course.miner_end).map(|(at, _)| at.as_seconds());
    println!("miner dead after [least, median, most] s: {:.1?}", spread(deaths));
    println!("die cooler by K: {:.2?}", spread(courses.iter().map(Course::cooled)));
    println!("price to x of its peak: {:.2?}", spread(courses.iter().map(|course| course.price_ratio)));
    for (seed, course) in courses.iter().enumerate() {
        let misses = course.misses();
        assert!(misses.is_empty(), "seed {seed}: {misses:?}: {course}");
    }
}

#[test]
fn without_bounty_the_scientist_dies_too() {
    let scenario = Scenario { bounty: 0.0, ..Scenario::default() };
    let course = Variation { scenario, ..Variation::default() }.play().expect("a possible economy");
    println!("{course}");
    assert!(matches!(course.miner_end, Some((_, Reason::Insolvent | Reason::Debt))), "{course}");
    assert!(matches!(course.scientist_end, Some((_, Reason::Insolvent | Reason::Debt))), "{course}");
}

#[test]
fn a_parasite_with_ten_times_the_money_lives_on() {
    let course = Variation { miner_riches: 10.0, ..Variation::default() }.play().expect("a possible economy");
    println!("{course}");
    assert_eq!(course.miner_end, None, "{course}");
    assert_eq!(course.scientist_end, None, "{course}");
}
