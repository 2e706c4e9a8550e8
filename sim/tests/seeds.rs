//! Seeds of the simulation hold, repeat to the last bit, and between them try everything.

use maxwell_sim::run::{play, play_twice};
use maxwell_sim::witness::Coverage;
use maxwell_sim::world::World;

const SEEDS: u64 = 200;

/// What the seeds together must have tried, or the simulation proves little.
const TRIED: [&str; 50] = [
    "agents that bid by themselves",
    "auctions judged",
    "cells with a shared wallet",
    "claims given up at the end",
    "claims paid",
    "claims refused",
    "claims trusted",
    "payments cancelled",
    "stakes forfeited",
    "crashed",
    "faults: energy fell, not told",
    "faults: energy fell, told",
    "faults: energy unknown",
    "faults: heat",
    "faults: sensor frozen",
    "faults: sensor gone",
    "faults: sensor lost",
    "faults: sensor spike",
    "faults: sensor stale",
    "faults: stall",
    "faults: verifier busy",
    "faults: verifier late",
    "finished",
    "first-price",
    "gsp",
    "hungry cells",
    "hungry cells in the dark",
    "in debt",
    "insolvent",
    "karma",
    "late slots",
    "missed ticks",
    "orders that name their last tick",
    "over a limit",
    "policies: budget",
    "policies: deadline",
    "policies: fixed",
    "policies: track",
    "proportional-share",
    "quanta of grace",
    "readings that the guard refused",
    "refused launches",
    "slots of unequal weight",
    "stopped",
    "ticks at critical",
    "ticks with a stale reading",
    "ticks without any reading",
    "vcg",
    "vickrey",
    "wallets with a bound",
];

#[test]
fn every_seed_holds_twice_and_together_they_try_everything() {
    let mut coverage = Coverage::default();
    for seed in 0..SEEDS {
        match play_twice(&World::from_seed(seed), false) {
            Ok(outcome) => coverage.merge(&outcome.coverage),
            Err(failure) => panic!("{failure}"),
        }
    }
    println!("{coverage}");
    for what in TRIED {
        assert!(coverage.count(what) > 0, "no seed has tried: {what}");
    }
    let (judged, unseen) = (coverage.count("auctions judged"), coverage.count("auctions unseen"));
    assert!(judged >= 99 * unseen, "of {} auctions only {judged} were judged", judged + unseen);
}

#[test]
fn different_seeds_are_different_worlds() {
    let digest = |seed| play(&World::from_seed(seed), false).expect("it holds").digest;
    assert_ne!(digest(0), digest(1));
    assert_eq!(World::from_seed(7).to_string(), World::from_seed(7).to_string());
    assert_ne!(World::from_seed(7).to_string(), World::from_seed(8).to_string());
}
