//! Wins quanta and does not use them.

use maxwell_agents::{program, sleeper};
use std::process;

fn main() {
    process::exit(program::run(sleeper::run));
}
