//! `maxwell-sim`: plays seeds of the simulation and says how to replay the ones that fail.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Parser;
use maxwell_sim::economy::Variation;
use maxwell_sim::run::{Failure, Outcome, play_twice};
use maxwell_sim::witness::Coverage;
use maxwell_sim::world::World;

/// Plays seeded worlds: the real node on a virtual clock, with simulated cells and faults.
///
/// Each seed is played twice, and both runs must be the same to the last bit.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// How many seeds to play.
    #[arg(long, value_name = "N", default_value_t = 20, conflicts_with = "seed", value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first of them.
    #[arg(long, value_name = "S", default_value_t = 0, conflicts_with = "seed", value_parser = clap::value_parser!(u64).range(..=u64::MAX / 2))]
    from: u64,
    /// Plays one seed, and shows its world and its story.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Plays variations of the demonstration instead, and says when the miner died in them.
    #[arg(long, value_name = "N", conflicts_with_all = ["seed", "seeds"], value_parser = clap::value_parser!(u64).range(1..))]
    variations: Option<u64>,
    /// Plays those who try to get more out of the market than they pay for, and says what they got. Takes its seed from `--seed`.
    #[arg(long, conflicts_with_all = ["seeds", "variations"])]
    adversaries: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if options.adversaries {
        return ExitCode::from(u8::from(!play_adversaries(options.seed.unwrap_or(0))));
    }
    let failed = match (options.seed, options.variations) {
        (Some(seed), _) => u64::from(!play_one(seed)),
        (None, Some(variations)) => vary(options.from, variations),
        (None, None) => play_many(options.from, options.seeds),
    };
    ExitCode::from(u8::from(failed > 0))
}

/// Shows what became of every adversary; whether every promise held.
fn play_adversaries(seed: u64) -> bool {
    println!("seed {seed}; prices in base prices: the price of a quantum at multiplier one");
    match maxwell_sim::adversaries::play(seed) {
        Ok(findings) => {
            println!("| adversary | outcome | measured |\n|---|---|---|");
            for finding in &findings {
                println!("{finding}");
            }
            println!("adversaries: {} played, every promise held", findings.len());
            true
        }
        Err(broken) => {
            println!("FAILED: {broken:#}");
            println!("  replay: cargo run --release --package maxwell-sim -- --adversaries --seed {seed}");
            false
        }
    }
}

/// Shows the world and the story of one seed; whether everything held.
fn play_one(seed: u64) -> bool {
    let world = World::from_seed(seed);
    print!("{world}");
    let result = play_twice(&world, true);
    let story = match &result {
        Ok(outcome) => &outcome.story,
        Err(failure) => &failure.story,
    };
    for line in story {
        println!("{line}");
    }
    tell(seed, &result);
    if let Ok(outcome) = &result {
        println!("  {}", outcome.coverage);
    }
    summary(u64::from(result.is_ok()), u64::from(result.is_err()));
    result.is_ok()
}

/// Plays seeds on every core; how many failed.
fn play_many(from: u64, seeds: u64) -> u64 {
    let next = AtomicU64::new(from);
    let end = from.saturating_add(seeds);
    let tally = Mutex::new((0, 0, Coverage::default()));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return;
            }
            let result = play_twice(&World::from_seed(seed), false);
            let mut tally = tally.lock().expect("another worker panicked");
            tell(seed, &result);
            match result {
                Ok(outcome) => {
                    tally.0 += 1;
                    tally.2.merge(&outcome.coverage);
                }
                Err(_) => tally.1 += 1,
            }
        }
    };
    std::thread::scope(|scope| {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..workers {
            scope.spawn(work);
        }
    });
    let (passed, failed, coverage) = tally.into_inner().expect("a worker panicked");
    println!("seen: {coverage}");
    summary(passed, failed);
    failed
}

/// Plays variations of the demonstration; how many missed something of its claim.
fn vary(from: u64, variations: u64) -> u64 {
    let (mut deaths, mut missed) = (Vec::new(), 0);
    for seed in from..from.saturating_add(variations) {
        match Variation::from_seed(seed).play() {
            Ok(course) => {
                let gaps = course.misses();
                println!("variation {seed}: {course} {}", gaps.join(", "));
                missed += u64::from(!gaps.is_empty());
                deaths.extend(course.miner_end.map(|(at, _)| at.as_seconds()));
            }
            Err(error) => {
                println!("variation {seed}: FAILED: {error}");
                missed += 1;
            }
        }
    }
    deaths.sort_by(f64::total_cmp);
    if let (Some(first), Some(last)) = (deaths.first(), deaths.last()) {
        let median = deaths[deaths.len() / 2];
        println!("the miner died after {first:.1} to {last:.1} s, median {median:.1}");
    }
    println!("variations: {} hold, {missed} miss", variations - missed);
    missed
}

fn tell(seed: u64, result: &Result<Outcome, Failure>) {
    match result {
        Ok(outcome) => {
            let seconds = outcome.at.as_seconds();
            println!(
                "seed {seed}: held for {seconds:.2} s, {} ticks, twice {}",
                outcome.ticks, outcome.digest
            );
        }
        Err(failure) => println!("{failure}"),
    }
}

fn summary(passed: u64, failed: u64) {
    println!("simulation: {passed} seeds passed, {failed} failed");
}
