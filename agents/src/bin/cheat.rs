//! Claims what it has never computed.

use maxwell_agents::{cheat, program};
use std::process;

fn main() {
    process::exit(program::run(cheat::run));
}
