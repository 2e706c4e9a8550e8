//! How far it is: a bar on a terminal, plain lines elsewhere, nothing beside JSON.

use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use maxwell_api::experiment::Outcome;

use crate::spec::Beat;

/// Columns of the bar itself.
const STYLE: &str = "[{bar:24}] {wide_msg}";

/// Shows how far the experiment is.
pub(super) struct Progress {
    view: View,
    runs: usize,
    duration_s: u32,
    /// What stands before the figures of the run.
    heading: String,
    last: Beat,
}

enum View {
    Nothing,
    Lines,
    Bar(ProgressBar),
}

impl Progress {
    pub(super) fn new(json: bool, runs: usize, duration_s: u32) -> Self {
        let view = match (json, std::io::stdout().is_terminal()) {
            (true, _) => View::Nothing,
            (false, false) => View::Lines,
            (false, true) => View::Bar(bar(runs as u64 * u64::from(duration_s))),
        };
        Self { view, runs, duration_s, heading: String::new(), last: Beat::default() }
    }

    /// A run begins.
    pub(super) fn begin(&mut self, run: u32, arm: &str, repetition: u32) {
        self.heading = format!("run {run} of {}, {arm}, repetition {repetition}", self.runs);
        self.last = Beat::default();
        match &self.view {
            View::Nothing => {}
            View::Lines => {
                print(&format!("{}: begins, {} s left in all", self.heading, self.left_s(run, 0.0)));
            }
            View::Bar(bar) => bar.set_message(self.heading.clone()),
        }
    }

    /// The run goes on.
    pub(super) fn beat(&mut self, beat: Beat) {
        self.last = beat;
        if let View::Bar(bar) = &self.view {
            let left = self.left_s((bar.position() / u64::from(self.duration_s)) as u32 + 1, beat.t_s);
            bar.set_message(format!("{}, {left} s left, {}", self.heading, figures(&beat)));
            let whole = bar.position() / u64::from(self.duration_s) * u64::from(self.duration_s);
            bar.set_position(whole + (beat.t_s as u64).min(u64::from(self.duration_s) - 1));
        }
    }

    /// The run is over. One that failed is told on standard error, whatever is shown else.
    pub(super) fn end(&mut self, run: u32, outcome: &Outcome) {
        let word = match outcome {
            Outcome::Complete => "complete",
            Outcome::Interrupted => "interrupted",
            Outcome::Failed(_) => "failed",
        };
        match &self.view {
            View::Nothing => {}
            View::Lines => print(&format!("{}: {word}, {}", self.heading, figures(&self.last))),
            View::Bar(bar) => {
                bar.set_position(u64::from(run) * u64::from(self.duration_s));
                bar.suspend(|| print(&format!("{}: {word}, {}", self.heading, figures(&self.last))));
            }
        }
        if let Outcome::Failed(why) = outcome {
            let say = || {
                // Where even that cannot be written the report has to do.
                let _ = writeln!(std::io::stderr(), "maxwell: {} failed: {why}", self.heading);
            };
            if let View::Bar(bar) = &self.view { bar.suspend(say) } else { say() }
        }
    }

    /// Nothing more is shown.
    pub(super) fn finish(&self) {
        if let View::Bar(bar) = &self.view {
            bar.finish_and_clear();
        }
    }

    /// Seconds of runs that are left, the current one included.
    fn left_s(&self, run: u32, into_s: f64) -> u64 {
        let runs = (self.runs as u64 + 1).saturating_sub(run.into());
        (runs * u64::from(self.duration_s)).saturating_sub(into_s as u64)
    }
}

fn bar(seconds: u64) -> ProgressBar {
    let style = ProgressStyle::with_template(STYLE).expect("the template is right").progress_chars("=> ");
    let bar = ProgressBar::with_draw_target(Some(seconds), ProgressDrawTarget::stdout());
    bar.with_style(style)
}

fn figures(beat: &Beat) -> String {
    let Beat { t_s, primes, package_j, die_c } = beat;
    format!("{t_s:.0} s, {primes} primes, {package_j:.0} J, {die_c:.1} °C")
}

/// A line of standard output. When nobody reads it any more the experiment goes on: its product is the report.
fn print(line: &str) {
    let mut output = std::io::stdout().lock();
    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_counts_down_to_nothing() {
        let progress = Progress::new(true, 6, 60);
        assert_eq!(
            (progress.left_s(1, 0.0), progress.left_s(6, 59.0), progress.left_s(6, 61.0)),
            (360, 1, 0)
        );
    }
}
