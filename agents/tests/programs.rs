//! The native programs, run as a user runs them.

use std::process::{Command, Output};

const SCIENTIST: &str = env!("CARGO_BIN_EXE_scientist");
const MINER: &str = env!("CARGO_BIN_EXE_miner");

fn run(program: &str, options: &str) -> Output {
    Command::new(program).args(options.split_whitespace()).output().unwrap()
}

#[test]
fn at_the_end_one_line_says_what_was_achieved() {
    for (program, words) in
        [(SCIENTIST, ["primes", "ranges", "seconds"]), (MINER, ["hashes", "discarded_bytes", "seconds"])]
    {
        let output = run(program, "--bid-uj 600000 --seed 1 --seconds 1");
        assert_eq!(output.status.code(), Some(0));
        let said = String::from_utf8(output.stdout).unwrap();
        let fields: Vec<&str> = said.trim_end_matches('\n').split(' ').collect();
        let (names, values): (Vec<&str>, Vec<&str>) = fields.chunks(2).map(|pair| (pair[0], pair[1])).unzip();
        assert_eq!(names, words, "{said}");
        assert!(values.iter().all(|value| value.parse::<f64>().is_ok()), "{said}");
        assert_ne!(values[0], "0", "{said}");
    }
}

#[test]
fn bad_options_are_told_on_the_standard_error() {
    for program in [SCIENTIST, MINER] {
        let output = run(program, "--bid 5");
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "unknown option `--bid`\n");
        assert!(output.stdout.is_empty());
    }
}
