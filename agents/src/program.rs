//! What every agent does around its work: read the options, reach the host, say at the end what was achieved.

use crate::args::Options;
use crate::host::{Ending, Here, Host};
use std::env;
use std::fmt::Display;

/// Exit code for options that cannot be understood.
const EXIT_USAGE: i32 = 2;

/// The body of an agent's `main`. `agent` works until its end and keeps count of its work in `W` as it goes.
///
/// Returns the code to exit with: 0 for an end in order, 1 if the node found a request invalid, 2 for options that
/// cannot be understood. It is a plain number because `ExitCode` knows no others than 0 and 1 in the wasm build.
pub fn run<W: Default + Display>(agent: fn(&mut Here, &Options, &mut W) -> Ending) -> i32 {
    // Text that is not UTF-8 cannot be a valid option; replaced characters make it one that is refused by name.
    let options = match Options::parse(words()) {
        Ok(options) => options,
        Err(problem) => {
            let _ = Here::start(None).log(&problem.to_string());
            return EXIT_USAGE;
        }
    };
    let mut host = Here::start(options.seconds);
    let mut work = W::default();
    let ending = agent(&mut host, &options, &mut work);
    // A refused last word changes nothing any more.
    let _ = host.log(&format!("{ending}: {work}"));
    host.finish(&work);
    ending.exit_code()
}

/// The words of the command line. Text that is not UTF-8 cannot be a valid option; with its bad bytes replaced it is
/// refused by name.
fn words() -> impl Iterator<Item = String> {
    env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned())
}
