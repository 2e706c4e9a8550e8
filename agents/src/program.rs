//! What every agent does around its work: read the options, reach the host, say at the end what was achieved.

use crate::args::Options;
use crate::host::{Ending, Here, Host};
#[cfg(not(target_arch = "wasm32"))]
use crate::{bursty, cheat, hoarder, miner, scientist, sleeper, whale};
use std::env;
use std::fmt::Display;

/// Exit code for options that cannot be understood, and for an environment that cannot be used.
const EXIT_USAGE: i32 = 2;

/// The agents that there are, by the names that [`named`] takes.
#[cfg(not(target_arch = "wasm32"))]
pub const NAMES: [&str; 7] = ["scientist", "miner", "sleeper", "bursty", "cheat", "hoarder", "whale"];

/// Runs the agent of this name with these options, and returns the code to exit with as [`run`] does. `None` if there is
/// none of the name.
#[cfg(not(target_arch = "wasm32"))]
pub fn named(name: &str, words: Vec<String>) -> Option<i32> {
    Some(match name {
        "scientist" => run_with(scientist::run, words),
        "miner" => run_with(miner::run, words),
        "sleeper" => run_with(sleeper::run, words),
        "bursty" => run_with(bursty::run, words),
        "cheat" => run_with(cheat::run, words),
        "hoarder" => run_with(hoarder::run, words),
        "whale" => run_with(whale::run, words),
        _ => return None,
    })
}

/// The body of an agent's `main`. `agent` works until its end and keeps count of its work in `W` as it goes.
///
/// Returns the code to exit with: 0 for an end in order, 1 if the node found a request invalid, 2 for options that
/// cannot be understood or a channel that is none. It is a plain number because `ExitCode` knows no others than 0 and 1
/// in the wasm build.
pub fn run<W: Default + Display>(agent: fn(&mut Here, &Options, &mut W) -> Ending) -> i32 {
    run_with(agent, words())
}

fn run_with<W: Default + Display>(
    agent: fn(&mut Here, &Options, &mut W) -> Ending,
    words: impl IntoIterator<Item = String>,
) -> i32 {
    let options = match Options::parse(words) {
        Ok(options) => options,
        Err(problem) => return refuse(&problem),
    };
    let mut host = match Here::start(options.seconds) {
        Ok(host) => host,
        Err(problem) => return refuse(&problem),
    };
    let mut work = W::default();
    let ending = agent(&mut host, &options, &mut work);
    // A refused last word changes nothing any more.
    let _ = host.log(&format!("{ending}: {work}"));
    host.finish(&work);
    ending.exit_code()
}

fn refuse(problem: &dyn Display) -> i32 {
    Here::complain(&problem.to_string());
    EXIT_USAGE
}

/// The words of the command line. Text that is not UTF-8 cannot be a valid option; with its bad bytes replaced it is
/// refused by name.
fn words() -> impl Iterator<Item = String> {
    env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_an_agent_and_nothing_else_is() {
        for name in NAMES {
            assert_eq!(named(name, vec!["--what".into()]), Some(EXIT_USAGE), "{name}");
        }
        for name in ["", "Miner", "scientist "] {
            assert_eq!(named(name, vec![]), None, "{name}");
        }
    }
}
