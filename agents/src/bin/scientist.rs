//! Finds primes and claims them.

use maxwell_agents::{program, scientist};
use std::process;

fn main() {
    process::exit(program::run(scientist::run));
}
