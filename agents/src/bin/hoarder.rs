//! Takes memory and sits on it.

use maxwell_agents::{hoarder, program};
use std::process;

fn main() {
    process::exit(program::run(hoarder::run));
}
