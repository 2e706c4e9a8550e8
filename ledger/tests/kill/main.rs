//! A real process keeps a ledger, and is killed (SIGKILL) at random moments: whatever it had acknowledged is there.
//!
//! Every life of the worker is this test program once more. It says on a pipe what is durable; this side kills it after a
//! random number of such lines and a random moment more, now and then while it still opens the file, and several times in a
//! row without looking. Then it opens the ledger itself and compares all of it with what was acknowledged.

#[path = "../common/mod.rs"]
mod common;
mod watcher;
mod worker;

use std::env;
use std::time::{Duration, Instant};

use common::dice::Dice;
use watcher::Watcher;
use worker::{Life, Said};

/// Chooses the seed of a run, and how often it kills.
const SEED: &str = "MAXWELL_KILL_SEED";
const KILLS: &str = "MAXWELL_KILLS";

/// As often as is promised.
const KILLS_DEFAULT: u64 = 200;

/// Lines that are waited for, at most, before a kill.
const LINES_MAX: usize = 24;

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|text| text.parse().expect("a whole number"))
}

/// Spends a moment without giving the processor back, so that kills fall between any two steps of a commit.
fn spin(span: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < span {
        std::hint::spin_loop();
    }
}

#[test]
fn what_was_acknowledged_survives_every_kill_and_nothing_is_made_or_lost() {
    let kills = number(KILLS).unwrap_or(KILLS_DEFAULT);
    let seed = number(SEED).unwrap_or_else(|| getrandom::u64().expect("there is randomness"));
    println!("{SEED}={seed} {KILLS}={kills}");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("ledger");
    let mut dice = Dice::new(seed);
    let mut watcher = Watcher::new(&file);
    let mut unopened = 0;
    for kill in 0..kills {
        let mut life = Life::begin(&file, dice.next());
        life.open();
        if dice.below(4) == 0 {
            // It opens the file now, and recovers it where the life before was killed.
            spin(Duration::from_micros(dice.below(2_000) as u64));
        } else {
            life.lines(1 + dice.below(LINES_MAX));
            spin(Duration::from_micros(dice.below(3_000) as u64));
        }
        let said = life.kill();
        unopened += u64::from(!said.iter().any(|said| matches!(said, Said::Opened(_))));
        watcher.heard(said);
        if dice.below(3) != 0 || kill + 1 == kills {
            watcher.check(&mut dice);
        }
    }
    println!("{kills} kills, {unopened} of them before the ledger was open; {watcher}");
    assert!(unopened < kills && watcher.bills > 0, "no bill was compared, so the test shows little");
}
