//! One run as its conductor sees it: a process that says something every second, or hangs.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use maxwell_api::experiment::Outcome;
use maxwell_core::limits::LAST_WORDS_MAX;
use maxwell_daemon::inbox::StopSwitch;
use rustix::process::{Pid, Signal, kill_process};

use crate::spec::{Beat, RunSpec};

/// A run that says nothing for so long hangs.
const SILENCE_MAX: Duration = Duration::from_secs(15);
/// What a run may take beyond its duration, for its beginning and its end.
const OVERTIME_MAX: Duration = Duration::from_secs(30);
/// What a run that was told to end may take for it.
const GRACE: Duration = Duration::from_secs(10);
/// How often the run and the operator are looked at.
const PERIOD: Duration = Duration::from_millis(100);
/// How long the last words of a run that is over may take to arrive.
const LAST_WORDS_PATIENCE: Duration = Duration::from_secs(1);
/// Exit code of a run that was told to end.
const INTERRUPTED: i32 = 130;

/// Makes one run and says what became of it; `on_beat` hears its signs of life.
pub(super) fn supervise(spec: &RunSpec, switch: &StopSwitch, on_beat: &mut dyn FnMut(Beat)) -> Outcome {
    let attended = Attended::start(spec).map(|attended| attended.attend(spec, switch, on_beat));
    attended.unwrap_or_else(|error| Outcome::Failed(format!("it cannot be started: {error:#}")))
}

/// Why a run was told to end.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    ByOperator,
    Hanging(String),
}

/// A run that goes on. Its standard input stays open until this is dropped.
struct Attended {
    child: Child,
    beats: Receiver<Beat>,
    errors: Receiver<String>,
}

impl Attended {
    fn start(spec: &RunSpec) -> Result<Self> {
        let mut command = Command::new("/proc/self/exe");
        // Ctrl-C in a terminal goes to the conductor alone, which tells the run.
        command.arg("experiment-run").process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context("raise the limit on processes")?;
        let orders = serde_json::to_string(spec)? + "\n";
        let input = child.stdin.as_mut().expect("it is piped");
        // A run that is over already is found out by its end.
        let _ = input.write_all(orders.as_bytes());
        let (beat, beats) = channel();
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        std::thread::spawn(move || {
            let lines = output.lines().map_while(Result::ok);
            lines.filter_map(|line| serde_json::from_str(&line).ok()).try_for_each(|line| beat.send(line))
        });
        let (words, errors) = channel();
        let mut stderr = child.stderr.take().expect("it is piped");
        std::thread::spawn(move || words.send(tail(&mut stderr)));
        Ok(Self { child, beats, errors })
    }

    fn attend(mut self, spec: &RunSpec, switch: &StopSwitch, on_beat: &mut dyn FnMut(Beat)) -> Outcome {
        let begun = Instant::now();
        let longest = Duration::from_secs(spec.plan.duration_s.into()) + OVERTIME_MAX;
        let mut heard = begun;
        let mut told: Option<(Told, Instant)> = None;
        let status = loop {
            match self.beats.recv_timeout(PERIOD) {
                Ok(beat) => {
                    heard = Instant::now();
                    on_beat(beat);
                }
                Err(RecvTimeoutError::Timeout) => {}
                // Its output is closed: it is about to end, or hangs.
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(PERIOD),
            }
            match self.child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) => {}
                Err(error) => return Outcome::Failed(format!("it cannot be waited for: {error}")),
            }
            match &told {
                Some((_, since)) if since.elapsed() > GRACE => self.signal(Signal::KILL),
                Some(_) => {}
                None => {
                    if let Some(why) = reason_to_end(switch, heard.elapsed(), begun.elapsed(), longest) {
                        self.signal(Signal::TERM);
                        told = Some((why, Instant::now()));
                    }
                }
            }
        };
        self.beats.try_iter().for_each(on_beat);
        let words = self.errors.recv_timeout(LAST_WORDS_PATIENCE).unwrap_or_default();
        outcome(status, told.map(|(why, _)| why), &words)
    }

    fn signal(&self, signal: Signal) {
        // One that has just ended is seen at the next look.
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }
}

/// Whether a run has to be ended, and why.
fn reason_to_end(switch: &StopSwitch, silent: Duration, age: Duration, longest: Duration) -> Option<Told> {
    if switch.is_interrupted() {
        return Some(Told::ByOperator);
    }
    if silent > SILENCE_MAX {
        let seconds = SILENCE_MAX.as_secs();
        return Some(Told::Hanging(format!("it said nothing for {seconds} s and was ended")));
    }
    let seconds = longest.as_secs();
    (age > longest).then(|| Told::Hanging(format!("it was not over after {seconds} s and was ended")))
}

/// What became of a run, by how its process ended and what its conductor did.
fn outcome(status: ExitStatus, told: Option<Told>, words: &str) -> Outcome {
    let words = words.trim();
    let words = words.strip_prefix("maxwell: ").unwrap_or(words);
    let said = if words.is_empty() { String::new() } else { format!(": {words}") };
    match (told, status.code(), status.signal()) {
        (_, Some(0), _) => Outcome::Complete,
        (Some(Told::Hanging(why)), ..) => Outcome::Failed(why),
        (Some(Told::ByOperator), ..) => Outcome::Interrupted,
        (None, Some(INTERRUPTED), _) => Outcome::Failed("it was told to end from outside".to_owned()),
        (None, Some(1), _) if !words.is_empty() => Outcome::Failed(words.to_owned()),
        (None, Some(code), _) => Outcome::Failed(format!("it ended with code {code}{said}")),
        (None, None, signal) => {
            let signal = signal.unwrap_or_default();
            Outcome::Failed(format!("it was ended from outside by {}{said}", signal_name(signal)))
        }
    }
}

fn signal_name(number: i32) -> String {
    let known = [
        (Signal::KILL, "SIGKILL"),
        (Signal::TERM, "SIGTERM"),
        (Signal::INT, "SIGINT"),
        (Signal::ABORT, "SIGABRT"),
        (Signal::SEGV, "SIGSEGV"),
        (Signal::HUP, "SIGHUP"),
    ];
    let name = known.iter().find(|(signal, _)| signal.as_raw() == number).map(|(_, name)| *name);
    name.map_or_else(|| format!("signal {number}"), str::to_owned)
}

/// The end of what is written, with broken characters replaced.
fn tail(source: &mut impl Read) -> String {
    let mut kept: Vec<u8> = Vec::new();
    let mut buffer = [0; 4_096];
    while let Ok(count @ 1..) = source.read(&mut buffer) {
        kept.extend_from_slice(&buffer[..count]);
        let excess = kept.len().saturating_sub(LAST_WORDS_MAX);
        kept.drain(..excess);
    }
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(status: i32, told: Option<Told>, words: &str) -> String {
        match outcome(ExitStatus::from_raw(status), told, words) {
            Outcome::Failed(why) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_outcome_says_in_words_what_happened() {
        let exit = |code: i32| code << 8;
        assert_eq!(outcome(ExitStatus::from_raw(0), None, ""), Outcome::Complete);
        let by_operator = Some(Told::ByOperator);
        assert_eq!(outcome(ExitStatus::from_raw(exit(130)), by_operator.clone(), ""), Outcome::Interrupted);
        assert_eq!(outcome(ExitStatus::from_raw(9), by_operator, ""), Outcome::Interrupted);
        assert_eq!(failed(9, None, ""), "it was ended from outside by SIGKILL");
        assert_eq!(failed(40, None, "x"), "it was ended from outside by signal 40: x");
        assert_eq!(failed(exit(1), None, "maxwell: no room\n"), "no room");
        assert_eq!(failed(exit(101), None, "thread panicked"), "it ended with code 101: thread panicked");
        assert_eq!(failed(exit(130), None, ""), "it was told to end from outside");
        assert_eq!(failed(9, Some(Told::Hanging("it hung".to_owned())), "x"), "it hung");
    }

    #[test]
    fn silence_and_overtime_end_a_run_and_nothing_else_does() {
        let switch = StopSwitch::default();
        let after = |silent, age| {
            let seconds = Duration::from_secs;
            reason_to_end(&switch, seconds(silent), seconds(age), seconds(90))
        };
        assert_eq!(after(15, 90), None);
        assert!(matches!(after(16, 20), Some(Told::Hanging(why)) if why.contains("said nothing for 15 s")));
        assert!(matches!(after(1, 91), Some(Told::Hanging(why)) if why.contains("not over after 90 s")));
    }

    #[test]
    fn only_the_end_of_many_words_is_kept() {
        let long = "a".repeat(10_000) + "the end";
        let kept = tail(&mut long.as_bytes());
        assert!(kept.len() == LAST_WORDS_MAX && kept.ends_with("the end"));
    }
}
