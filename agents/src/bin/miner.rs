//! Hashes for nothing that anyone pays for, and churns memory.

use maxwell_agents::{miner, program};
use std::process;

fn main() {
    process::exit(program::run(miner::run));
}
