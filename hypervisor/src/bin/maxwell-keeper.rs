//! A keeper on its own, for the tests of this crate. `maxwell keeper` is the same.

use std::process::ExitCode;

fn main() -> ExitCode {
    maxwell_hypervisor::process::keeper::main(std::env::args_os().skip(1))
}
