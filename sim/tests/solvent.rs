//! No sensor fault kills an agent that can pay.

use maxwell_sim::run::{Outcome, play, play_twice};
use maxwell_sim::world::World;

const SEEDS: u64 = 100;

/// Ends that are not the operator's.
const DEATHS: [&str; 5] = ["insolvent", "in debt", "over a limit", "crashed", "finished"];

/// That everybody who was launched lived until the operator stopped the node.
fn assert_all_lived(world: &World, outcome: &Outcome) {
    let World { seed, .. } = world;
    for death in DEATHS {
        let count = outcome.coverage.count(death);
        assert_eq!(count, 0, "seed {seed}: {count} {death} in\n{world}");
    }
    assert_eq!(outcome.coverage.count("stopped"), world.agents.len() as u64, "seed {seed}:\n{world}");
}

#[test]
fn no_sensor_fault_kills_a_solvent_agent() {
    let (mut fewer, mut stale, mut hungry) = (0, 0, 0);
    for seed in 0..SEEDS {
        let mut world = World::solvent_from_seed(seed);
        let with = play_twice(&world, false).unwrap_or_else(|failure| panic!("{failure}\n{world}"));
        assert_all_lived(&world, &with);
        world.faults.clear();
        let without = play(&world, false).unwrap_or_else(|failure| panic!("{failure}\n{world}"));
        assert_all_lived(&world, &without);
        let of = |outcome: &Outcome, what| outcome.coverage.count(what);
        fewer += u64::from(of(&with, "quanta") < of(&without, "quanta"));
        stale += of(&with, "ticks with a stale reading");
        hungry += of(&with, "hungry cells");
    }
    println!(
        "{SEEDS} worlds, {fewer} sold less for their faults; {stale} stale ticks, {hungry} ticks of hunger"
    );
    assert!(stale > 0 && fewer > SEEDS / 2, "the faults were not felt");
}

#[test]
fn an_agent_that_cannot_pay_dies_in_the_same_worlds() {
    let died = (0..20).any(|seed| {
        let mut world = World::solvent_from_seed(seed);
        world.wallets.iter_mut().for_each(|wallet| wallet.0 /= 50);
        play(&world, false).is_ok_and(|outcome| outcome.coverage.count("insolvent") > 0)
    });
    assert!(died, "nobody can die in these worlds, so living in them proves nothing");
}
