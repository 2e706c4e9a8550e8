//! What the tests of the command share: running it as a stranger would, with a deadline on everything.
#![allow(dead_code, reason = "every test file uses its part of it")]

pub(crate) mod programs;

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use maxwell_api::demo::{AgentReport, DemoReport};
use rustix::process::{Pid, Signal, kill_process};

/// How long a test waits for something before it fails: far more than any of it takes, even on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

/// A `maxwell` that runs. It is ended when this is dropped.
pub(crate) struct Running {
    pid: Pid,
    what: String,
    lines: Receiver<String>,
    seen: Vec<String>,
    errors: Option<JoinHandle<String>>,
    exit: Receiver<ExitStatus>,
    ended: Option<ExitStatus>,
}

/// A `maxwell` that is over, process and all.
#[derive(Debug)]
pub(crate) struct Done {
    /// Its exit code; `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    /// The signal that ended it.
    pub(crate) signal: Option<i32>,
    /// All that it wrote.
    pub(crate) stdout: String,
    /// All that it complained about.
    pub(crate) stderr: String,
}

/// Runs the command to its end.
pub(crate) fn maxwell(args: &[&str]) -> Done {
    Running::start(args).end()
}

impl Running {
    /// Starts the command with its standard output in a pipe that is read at once.
    pub(crate) fn start(args: &[&str]) -> Self {
        let (reader, writer) = std::io::pipe().expect("the system gives pipes");
        let mut running = Self::start_into(args, writer.into());
        running.read(reader);
        running
    }

    /// Starts the command with its standard output wherever the test wants it.
    pub(crate) fn start_into(args: &[&str], stdout: Stdio) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_maxwell"));
        command.args(args).stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command starts");
        // The command holds the test's end of a pipe to standard output until it is dropped.
        drop(command);
        let pid = Pid::from_child(&child);
        let mut stderr = child.stderr.take().expect("it is piped");
        let errors = std::thread::spawn(move || {
            let mut text = Vec::new();
            stderr.read_to_end(&mut text).expect("a pipe can be read");
            String::from_utf8(text).expect("messages are UTF-8")
        });
        let (sender, exit) = channel();
        std::thread::spawn(move || sender.send(child.wait().expect("a child can be waited for")));
        let (_, lines) = channel();
        let what = format!("maxwell {}", args.join(" "));
        Self { pid, what, lines, seen: Vec::new(), errors: Some(errors), exit, ended: None }
    }

    /// Begins to read the other end of standard output.
    pub(crate) fn read(&mut self, reader: impl Read + Send + 'static) {
        let (sender, lines) = channel();
        self.lines = lines;
        std::thread::spawn(move || {
            let lines = BufReader::new(reader).lines();
            // A receiver that is gone belongs to a test that is over.
            lines.map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
    }

    /// Waits for a line of standard output.
    pub(crate) fn line_where(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        loop {
            match self.lines.recv_timeout(DEADLINE) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if wanted(&line) {
                        return line;
                    }
                }
                Err(error) => panic!("{}: no such line ({error}) in\n{}", self.what, self.seen.join("\n")),
            }
        }
    }

    /// Waits for the row of a second in the table.
    pub(crate) fn row(&mut self) -> String {
        self.line_where(is_row)
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).expect("it is still there, or not yet waited for");
    }

    /// Sends a signal again and again until the process is over.
    pub(crate) fn signal_until_over(&mut self, signal: Signal) {
        let begun = Instant::now();
        while self.ended.is_none() {
            assert!(begun.elapsed() < DEADLINE, "{}: it does not listen to {signal:?}", self.what);
            // It may be over since the last look; then the next one sees it.
            let _ = kill_process(self.pid, signal);
            self.ended = self.exit.recv_timeout(Duration::from_millis(20)).ok();
        }
    }

    /// Waits until the names of its threads are as wanted, or the process is over.
    pub(crate) fn wait_for_threads(&self, wanted: impl Fn(&[String]) -> bool) {
        let begun = Instant::now();
        while !wanted(&self.threads()) {
            assert!(begun.elapsed() < DEADLINE, "{}: still {:?}", self.what, self.threads());
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    fn threads(&self) -> Vec<String> {
        let tasks = format!("/proc/{}/task", self.pid.as_raw_nonzero());
        let tasks = std::fs::read_dir(tasks).into_iter().flatten().flatten();
        // A thread may end between the two looks at it.
        let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
        names.map(|name| name.trim_end().to_owned()).collect()
    }

    /// Waits for its end: process, output and all.
    pub(crate) fn end(mut self) -> Done {
        let status = match self.ended.map_or_else(|| self.exit.recv_timeout(DEADLINE), Ok) {
            Ok(status) => status,
            Err(RecvTimeoutError::Timeout) => {
                panic!("{}: it hangs, with threads {:?}", self.what, self.threads())
            }
            Err(RecvTimeoutError::Disconnected) => panic!("{}: it cannot be waited for", self.what),
        };
        self.ended = Some(status);
        self.seen.extend(self.lines.iter());
        let stderr = self.errors.take().expect("only once").join().expect("messages can be read");
        let stdout = self.seen.drain(..).map(|line| line + "\n").collect();
        Done { code: status.code(), signal: status.signal(), stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended.is_none() && self.exit.try_recv().is_err() {
            // It may have ended just now; then there is nothing left to end.
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }
}

impl Done {
    /// That it went well, and nothing was complained about.
    pub(crate) fn good(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{}", self.stdout);
        self.stdout
    }

    /// That it failed with this code and one message which says all of this; nothing was written but that.
    pub(crate) fn complains(&self, code: i32, said: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        for said in said {
            assert!(self.stderr.contains(said), "{said:?} is missing in:\n{}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        assert_eq!(self.stdout, "", "{self:?}");
        assert_no_cause_twice(&self.stderr);
    }

    /// The report, with all that must hold in any of them.
    pub(crate) fn report(&self) -> DemoReport {
        assert_eq!(self.stderr, "");
        let report: DemoReport = serde_json::from_str(&self.stdout).expect("a report");
        let value: serde_json::Value = serde_json::from_str(&self.stdout).expect("JSON");
        assert_eq!(serde_json::to_value(&report).expect("JSON"), value, "a field is not documented");
        conserved(&report);
        report
    }
}

/// Whether a line is the row of a second: it has a temperature and the columns of the agents.
pub(crate) fn is_row(line: &str) -> bool {
    line.contains(" °C ") && line.contains(" | ")
}

/// The agent called `name`.
pub(crate) fn agent<'a>(report: &'a DemoReport, name: &str) -> &'a AgentReport {
    report.agents.iter().find(|agent| agent.name == name).expect("both agents are in the report")
}

/// Money and energy, recomputed from the parts that the report shows.
pub(crate) fn conserved(report: &DemoReport) {
    let (books, energy) = (&report.conservation, &report.energy);
    assert!(books.money_holds && books.energy_holds, "{books:?}");
    assert_eq!((books.accounts_sum_uj, books.still_held_uj), (0, 0));
    assert_eq!(books.ticks_checked, report.ticks);
    for agent in &report.agents {
        let spent = agent.quanta_uj + agent.rent_uj + agent.tax_uj + agent.fees_uj;
        assert_eq!(agent.balance_uj, agent.funded_uj + agent.income_uj - spent, "{agent:?}");
        assert!(agent.income_uj == agent.ranges_paid as i64 * report.work.reward_per_range_uj);
    }
    let shares = energy.cells_uj + energy.idle_uj + energy.own_uj + energy.other_uj;
    assert_eq!(energy.package_uj - shares, energy.residual_uj);
    assert!(energy.residual_uj.abs() <= energy.error_uj, "{energy:?}");
}

/// An error that wraps another must not say the same twice.
fn assert_no_cause_twice(message: &str) {
    let parts: Vec<_> = message.trim().split(": ").collect();
    for (index, part) in parts.iter().enumerate() {
        assert!(!parts[..index].contains(part), "{part:?} is said twice in:\n{message}");
    }
}
