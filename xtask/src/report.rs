//! What the steps found, the table of them, and the last line.

use std::fmt;
use std::time::{Duration, Instant};

/// How a line starts that says what the machine lacks. Tests print it too.
pub(crate) const SKIPPED: &str = "skipped, because";

/// What one step found. A step is one check, except that the tests count one by one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    pub(crate) skipped: u32,
    /// What was left out and why, each starting with [`SKIPPED`] or naming the test that said so.
    pub(crate) left_out: Vec<String>,
    /// What is wrong and what to do about it.
    pub(crate) wrong: Vec<String>,
}

impl Outcome {
    /// One check that passed.
    pub(crate) fn passed() -> Self {
        Self { passed: 1, ..Self::default() }
    }

    /// One check that failed, with what to do.
    pub(crate) fn failed(wrong: impl Into<String>) -> Self {
        Self { failed: 1, wrong: vec![wrong.into()], ..Self::default() }
    }

    /// One check that this machine cannot do. `because` reads on from "skipped, because".
    pub(crate) fn skipped(because: impl fmt::Display) -> Self {
        Self { skipped: 1, left_out: vec![format!("{SKIPPED} {because}")], ..Self::default() }
    }

    /// One check, which passed or else needs `wrong` to be put right.
    pub(crate) fn of(passed: bool, wrong: &str) -> Self {
        if passed { Self::passed() } else { Self::failed(wrong) }
    }

    fn word(&self) -> &'static str {
        match self {
            Self { failed: 1.., .. } => "failed",
            Self { passed: 0, .. } => "skipped",
            _ => "passed",
        }
    }
}

/// The outcomes of all steps that ran, in order.
#[derive(Default)]
pub(crate) struct Summary {
    steps: Vec<(&'static str, Outcome, Duration)>,
}

impl Summary {
    /// Runs one step under its heading. A step that could not be run at all has failed.
    pub(crate) fn run(&mut self, name: &'static str, step: impl FnOnce() -> anyhow::Result<Outcome>) {
        println!("==> {name}");
        let started = Instant::now();
        let outcome = step().unwrap_or_else(|error| Outcome::failed(format!("{error:#}")));
        let elapsed = started.elapsed();
        for line in outcome.left_out.iter().chain(&outcome.wrong) {
            println!("    {line}");
        }
        println!("    {name} {} after {:.1} s", outcome.word(), elapsed.as_secs_f64());
        self.steps.push((name, outcome, elapsed));
    }

    /// Whether anything failed. That no step ran at all is a failure too: then nothing was checked.
    pub(crate) fn failed(&self) -> bool {
        self.sum(|outcome| outcome.failed) > 0 || self.steps.is_empty()
    }

    fn sum(&self, of: impl Fn(&Outcome) -> u32) -> u32 {
        self.steps.iter().map(|(_, outcome, _)| of(outcome)).sum()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:<12}{:<9}{:>8}{:>8}{:>8}{:>9}",
            "step", "result", "passed", "failed", "skipped", "time"
        )?;
        for (name, outcome, elapsed) in &self.steps {
            let Outcome { passed, failed, skipped, .. } = outcome;
            let seconds = elapsed.as_secs_f64();
            let word = outcome.word();
            writeln!(f, "{name:<12}{word:<9}{passed:>8}{failed:>8}{skipped:>8}{seconds:>7.1} s")?;
        }
        for (name, outcome, _) in &self.steps {
            for line in outcome.left_out.iter().chain(&outcome.wrong) {
                writeln!(f, "{name}: {line}")?;
            }
        }
        let (passed, failed) = (self.sum(|outcome| outcome.passed), self.sum(|outcome| outcome.failed));
        let skipped = self.sum(|outcome| outcome.skipped);
        writeln!(f, "check: {passed} passed, {failed} failed, {skipped} skipped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_sums_tests_and_steps() {
        let mut summary = Summary::default();
        summary.run("format", || Ok(Outcome::passed()));
        summary.run("deny", || Ok(Outcome::skipped("cargo-deny is not installed")));
        summary.run("test", || Ok(Outcome { passed: 40, skipped: 2, ..Outcome::default() }));
        assert!(!summary.failed());
        let text = summary.to_string();
        assert_eq!(text.lines().last(), Some("check: 41 passed, 0 failed, 3 skipped"));
        assert!(text.contains("deny: skipped, because cargo-deny is not installed"));
    }

    #[test]
    fn a_step_that_could_not_run_has_failed() {
        let mut summary = Summary::default();
        summary.run("demo", || anyhow::bail!("no such program"));
        assert!(summary.failed());
        assert!(summary.to_string().contains("demo: no such program"));
        assert!(summary.to_string().ends_with("check: 0 passed, 1 failed, 0 skipped\n"));
    }

    #[test]
    fn no_step_at_all_is_a_failure() {
        assert!(Summary::default().failed());
    }
}
