//! The tests of all crates, counted one by one, with what they left out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::process::{cargo, watched};
use crate::report::{Outcome, SKIPPED};
use crate::tidy;

/// Runs every test. The output of tests that pass is shown too, because it says what was skipped and why.
pub(super) fn run(root: &Path) -> anyhow::Result<Outcome> {
    let arguments = ["test", "--workspace", "--release", "--no-fail-fast", "--", "--show-output"];
    counted(&mut cargo(root, &arguments))
}

/// Plays every interleaving of threads on the atomics of the core.
///
/// The flag that puts loom in their place concerns every crate, so what is built with it lies in a folder of its own:
/// in the usual one each run would make the other steps build everything again.
pub(super) fn loom(root: &Path) -> anyhow::Result<Outcome> {
    let arguments = ["test", "--package", "maxwell-core", "--lib", "--release", "loom"];
    let target = tidy::metadata(root)?["target_directory"].as_str().map(PathBuf::from);
    let target = target.context("cargo metadata names no target directory")?;
    counted(
        cargo(root, &arguments).env("RUSTFLAGS", "--cfg loom").env("CARGO_TARGET_DIR", target.join("loom")),
    )
}

fn counted(command: &mut Command) -> anyhow::Result<Outcome> {
    let mut tally = Tally::default();
    let status = watched(command, |line| tally.read(line))?;
    Ok(tally.outcome(status.success()))
}

/// What the lines of `cargo test -- --show-output` say, read one after the other.
#[derive(Default)]
struct Tally {
    passed: u32,
    failed: u32,
    ignored: u32,
    /// The test program that runs, or the crate whose documentation is tested. Two may have tests of the same name.
    group: String,
    place: Place,
    /// Tests that passed and said that they had skipped something, with their groups.
    skipping: BTreeSet<String>,
    /// Lines that no test can be named for.
    unplaced: u32,
    left_out: Vec<String>,
    failures: Vec<String>,
}

/// Whose output the lines are.
#[derive(Default)]
enum Place {
    #[default]
    None,
    Passed(String),
    Failures,
}

impl Tally {
    fn read(&mut self, line: &str) {
        if let Some(sums) = line.strip_prefix("test result: ") {
            self.add(sums);
        } else if line == "successes:" {
            self.place = Place::None;
        } else if line == "failures:" {
            self.place = Place::Failures;
        } else if let Some(name) =
            line.strip_prefix("---- ").and_then(|line| line.strip_suffix(" stdout ----"))
        {
            match self.place {
                Place::Failures => self.failures.push(self.full_name(name)),
                _ => self.place = Place::Passed(self.full_name(name)),
            }
        } else if let Some((name, reason)) =
            line.strip_prefix("test ").and_then(|line| line.split_once(" ... ignored"))
        {
            self.left_out.push(format!("{}: ignored{reason}", self.full_name(name)));
        } else if line.starts_with(SKIPPED) {
            self.skip(line);
        } else if let Some(group) = group(line) {
            group.clone_into(&mut self.group);
        }
    }

    fn full_name(&self, test: &str) -> String {
        format!("{} {test}", self.group).trim_start().to_owned()
    }

    /// A line such as `ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s`.
    fn add(&mut self, sums: &str) {
        let sum = |name: &str| {
            let words: Vec<&str> = sums.split([' ', ';']).collect();
            let place = words.iter().position(|word| *word == name)?;
            words.get(place.checked_sub(1)?)?.parse::<u32>().ok()
        };
        self.passed += sum("passed").unwrap_or_default();
        self.failed += sum("failed").unwrap_or_default();
        self.ignored += sum("ignored").unwrap_or_default();
        self.place = Place::None;
    }

    fn skip(&mut self, line: &str) {
        match &self.place {
            Place::Passed(test) => {
                self.left_out.push(format!("{test}: {line}"));
                self.skipping.insert(test.clone());
            }
            Place::Failures => {}
            Place::None => {
                self.left_out.push(line.to_owned());
                self.unplaced += 1;
            }
        }
    }

    /// A test that said it had skipped something counts as skipped, however often it said so.
    fn outcome(self, succeeded: bool) -> Outcome {
        let skipping = u32::try_from(self.skipping.len()).unwrap_or(u32::MAX);
        let mut wrong: Vec<String> = self.failures.iter().map(|test| format!("{test} failed")).collect();
        // A test program that did not build or was killed has no sum, and no test at all shows nothing.
        let unexplained = !succeeded && self.failed == 0;
        if unexplained {
            wrong.push("the tests did not build or were cut off, see above".to_owned());
        } else if self.passed == 0 {
            wrong.push("no test has passed".to_owned());
        }
        Outcome {
            passed: self.passed.saturating_sub(skipping),
            failed: self.failed + u32::from(unexplained || (self.passed == 0 && self.failed == 0)),
            skipped: skipping + self.unplaced + self.ignored,
            left_out: self.left_out,
            wrong,
        }
    }
}

/// The name in a line of cargo such as `Running unittests src/lib.rs (target/release/deps/maxwell_core-0123)` or
/// `Doc-tests maxwell_core`, which may be coloured.
fn group(line: &str) -> Option<&str> {
    if line.contains("Doc-tests") {
        return line.split(' ').next_back();
    }
    let (before, program) = line.rsplit_once("/deps/")?;
    before.contains("Running").then(|| program.rsplit_once('-').map(|(name, _)| name))?
}

#[cfg(test)]
mod reading {
    use super::*;

    fn outcome(succeeded: bool, text: &str) -> Outcome {
        let mut tally = Tally::default();
        text.lines().for_each(|line| tally.read(line));
        tally.outcome(succeeded)
    }

    const PASSING: &str = "\
     Running unittests src/lib.rs (target/release/deps/maxwell_core-17bb0bda)

running 3 tests
test a ... ok
test b ... ok
test c ... ignored, takes an hour

successes:

---- a stdout ----
skipped, because there is no RAPL here
skipped, because there is no hwmon here


successes:
    a
    b

test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s

   Doc-tests maxwell_core

test result: ok. 4 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    #[test]
    fn sums_are_added_and_a_skipping_test_is_not_a_passed_one() {
        let outcome = outcome(true, PASSING);
        assert_eq!((outcome.passed, outcome.failed, outcome.skipped), (5, 0, 2));
        let expected = [
            "maxwell_core c: ignored, takes an hour",
            "maxwell_core a: skipped, because there is no RAPL here",
            "maxwell_core a: skipped, because there is no hwmon here",
        ];
        assert_eq!(outcome.left_out, expected);
    }

    #[test]
    fn failing_tests_are_named() {
        let text = "failures:\n\n---- x::y stdout ----\nskipped, because it was red\npanicked\n\nfailures:\n    x::y\n\n\
            test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        let outcome = outcome(false, text);
        assert_eq!((outcome.passed, outcome.failed, outcome.skipped), (1, 1, 0));
        assert_eq!(outcome.wrong, ["x::y failed"]);
    }

    #[test]
    fn tests_of_the_same_name_in_two_programs_are_two() {
        let other = PASSING.replace("maxwell_core", "maxwell_api");
        assert_eq!(outcome(true, &format!("{PASSING}{other}")).skipped, 4);
    }

    #[test]
    fn the_group_is_read_with_and_without_colours() {
        assert_eq!(group("\u{1b}[92m   Doc-tests\u{1b}[0m maxwell_core"), Some("maxwell_core"));
        assert_eq!(group("     Running tests/modules.rs (t/release/deps/modules-a9)"), Some("modules"));
        assert_eq!(group("a test that prints /deps/a-b"), None);
    }

    #[test]
    fn what_did_not_build_is_a_failure() {
        assert_eq!(outcome(false, "error: could not compile").failed, 1);
        assert_eq!(outcome(false, PASSING).failed, 1);
    }

    #[test]
    fn no_tests_at_all_are_a_failure() {
        assert_eq!(outcome(true, "running 0 tests").failed, 1);
    }

    #[test]
    fn a_line_outside_of_any_test_is_skipped_too() {
        let text = format!("skipped, because there is no git\n{PASSING}");
        assert_eq!(outcome(true, &text).skipped, 3);
    }
}
