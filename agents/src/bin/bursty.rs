//! Works hard for a while and sleeps for as long.

use maxwell_agents::{bursty, program};
use std::process;

fn main() {
    process::exit(program::run(bursty::run));
}
