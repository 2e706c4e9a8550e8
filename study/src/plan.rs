//! How much is studied.

/// How much is studied. The same plan gives the same study, on any machine and on any number of CPUs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Seed from which every game is drawn.
    pub seed: u64,
    /// Small games of each family at rest.
    pub games: usize,
    /// Climbs to bad games, for each number of bidders.
    pub climbs: usize,
    /// Steps of a climb.
    pub climb_steps: usize,
    /// The most bidders of a climb.
    pub climbers_max: usize,
    /// Runs in motion of each time constant, manner and delay.
    pub runs: usize,
    /// Seconds of each run.
    pub run_seconds: usize,
    /// Games of each trick, rule and kind of slots.
    pub tries: usize,
}

impl Plan {
    /// Games of each family in the whole study.
    pub const GAMES: usize = 1_000;
    /// Games of each family in the quick one.
    pub const GAMES_QUICK: usize = 15;

    /// The whole study: some minutes on two CPUs.
    pub const fn whole(seed: u64) -> Self {
        Self {
            seed,
            games: Self::GAMES,
            climbs: 24,
            climb_steps: 20_000,
            climbers_max: 6,
            runs: 24,
            run_seconds: 60,
            tries: 1_000,
        }
    }

    /// The same in small, within seconds; its tails are those of few games.
    pub const fn quick(seed: u64) -> Self {
        Self {
            seed,
            games: Self::GAMES_QUICK,
            climbs: 2,
            climb_steps: 2_000,
            climbers_max: 4,
            runs: 3,
            run_seconds: 10,
            tries: 30,
        }
    }
}
