//! Hashes for nothing and pays what it takes.

use maxwell_agents::{program, whale};
use std::process;

fn main() {
    process::exit(program::run(whale::run));
}
