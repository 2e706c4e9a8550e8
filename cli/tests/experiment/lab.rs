//! A folder for one experiment, and a look at what it leaves on the machine.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use maxwell_api::experiment::Run;
use maxwell_api::summary::Summary;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::common::{DEADLINE, Done};

/// Marks every process of an experiment in its environment.
const MARK: &str = "MAXWELL_TEST_MARK";
/// How long what is over may take to be gone altogether.
const GONE_WITHIN: Duration = Duration::from_secs(15);
/// How often a condition is looked at.
const PERIOD: Duration = Duration::from_millis(20);

/// Who runs the experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum User {
    /// Whoever runs the tests.
    Own,
    /// Somebody without any rights, who cannot even read the folder that the tests were built in.
    Nobody,
}

/// Where one experiment takes place.
pub(crate) struct Lab {
    folder: TempDir,
    program: PathBuf,
    user: User,
    stale_before: BTreeSet<PathBuf>,
}

/// An experiment that runs.
pub(crate) struct Going<'a> {
    lab: &'a Lab,
    child: Child,
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::of(User::Own)
    }

    pub(crate) fn of(user: User) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let mut program = PathBuf::from(env!("CARGO_BIN_EXE_maxwell"));
        if user == User::Nobody {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("it is ours");
            let copy = folder.path().join("maxwell");
            fs::copy(&program, &copy).expect("the command can be copied");
            program = copy;
        }
        Self { folder, program, user, stale_before: stale_groups() }
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A program of the test's own; its path as the command line takes it.
    pub(crate) fn script(&self, name: &str, body: &str) -> String {
        let path = self.path(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).expect("the test's own folder");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the test's own file");
        path.display().to_string()
    }

    /// Starts `maxwell experiment --out <folder>/out` with these arguments after it.
    pub(crate) fn start(&self, args: &[&str]) -> Going<'_> {
        self.start_in(&self.path("out"), args)
    }

    pub(crate) fn start_in(&self, out: &Path, args: &[&str]) -> Going<'_> {
        let mut command = match self.user {
            User::Own => Command::new(&self.program),
            User::Nobody => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&self.program);
                command
            }
        };
        command.arg("experiment").arg("--out").arg(out).args(args);
        command.env(MARK, self.folder.path()).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Going { lab: self, child: command.spawn().expect("the command starts") }
    }

    /// Runs the command to its end and looks at what is left.
    pub(crate) fn run(&self, args: &[&str]) -> Done {
        self.start(args).end()
    }

    /// The runs that were recorded, in their order.
    pub(crate) fn runs(&self) -> Vec<Run> {
        let mut runs: Vec<Run> = fs::read_dir(self.path("out/runs"))
            .expect("runs were recorded")
            .map(|entry| entry.expect("a folder can be read").path().join("run.json"))
            .map(|file| {
                serde_json::from_slice(&fs::read(file).expect("every run has one")).expect("a record")
            })
            .collect();
        runs.sort_by_key(|run| run.run);
        runs
    }

    /// How long the agents of a kind had waited for a CPU when a run was over, where the kernel counts it.
    pub(crate) fn sched_wait_s(&self, run: u32, kind: &str) -> Option<f64> {
        let table = fs::read_to_string(self.path("out/agents.csv")).expect("it was written");
        let mut rows = table.lines().map(|row| row.split(',').collect::<Vec<_>>());
        let header = rows.next().expect("a table has a header");
        let column = |name| header.iter().position(|title| *title == name).expect("a column of the format");
        let [number, kinds, wait] = ["run", "kind", "sched_wait_s"].map(column);
        let of_it = |row: &Vec<&str>| row[number] == run.to_string() && row[kinds] == kind;
        rows.rfind(of_it).and_then(|row| row[wait].parse().ok())
    }

    pub(crate) fn summary(&self) -> Summary {
        let text = fs::read(self.path("out/summary.json")).expect("there is a summary");
        serde_json::from_slice(&text).expect("a summary")
    }

    /// That no process and no control group of the experiment is left.
    pub(crate) fn nothing_is_left(&self) {
        let left =
            || (self.marked(""), stale_groups().difference(&self.stale_before).cloned().collect::<Vec<_>>());
        let begun = Instant::now();
        while !(left().0.is_empty() && left().1.is_empty()) {
            assert!(begun.elapsed() < GONE_WITHIN, "left behind: {:?}", left());
            std::thread::park_timeout(PERIOD);
        }
    }

    /// Waits for a process of the experiment whose command line has `word` in it: the youngest, because a keeper has the
    /// command line of its program in its own.
    pub(crate) fn process(&self, word: &str) -> Pid {
        let begun = Instant::now();
        loop {
            if let Some(pid) = self.marked(word).last() {
                return Pid::from_raw(*pid).expect("numbers of processes are positive");
            }
            assert!(begun.elapsed() < DEADLINE, "no process with {word:?}");
            std::thread::park_timeout(PERIOD);
        }
    }

    /// Processes with the mark and `word`. One without an environment is over and only waited for.
    fn marked(&self, word: &str) -> Vec<i32> {
        let mark = format!("{MARK}={}", self.folder.path().display());
        let entries = fs::read_dir("/proc").expect("there is /proc").flatten();
        let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        let has = |number: &i32, file: &str, what: &str| {
            let bytes = fs::read(format!("/proc/{number}/{file}")).unwrap_or_default();
            String::from_utf8_lossy(&bytes).contains(what)
        };
        numbers.filter(|number| has(number, "environ", &mark) && has(number, "cmdline", word)).collect()
    }
}

impl Going<'_> {
    /// Waits until something is there.
    pub(crate) fn wait_until(&mut self, what: &str, holds: impl Fn(&Lab) -> bool) {
        let begun = Instant::now();
        while !holds(self.lab) {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                panic!("it ended with {status} before {what}");
            }
            assert!(begun.elapsed() < DEADLINE, "waited in vain for {what}");
            std::thread::park_timeout(PERIOD);
        }
    }

    /// Waits until the first rows are written.
    pub(crate) fn wait_for_rows(&mut self) {
        self.wait_until("the first rows", |lab| {
            let folders = fs::read_dir(lab.path("out/runs")).into_iter().flatten().flatten();
            let files = folders.map(|folder| folder.path().join("node.csv"));
            files.filter_map(|file| fs::metadata(file).ok()).any(|file| file.len() > 0)
        });
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it is still there");
    }

    /// Waits for its end, and that nothing is left of it.
    pub(crate) fn end(mut self) -> Done {
        let mut errors = self.child.stderr.take().expect("it is piped");
        let errors = std::thread::spawn(move || {
            let mut text = String::new();
            errors.read_to_string(&mut text).map(|_| text)
        });
        let mut stdout = String::new();
        let mut output = self.child.stdout.take().expect("it is piped");
        output.read_to_string(&mut stdout).expect("lines are UTF-8");
        let status = self.child.wait().expect("a child can be waited for");
        let stderr = errors.join().expect("the reader does not fail").expect("messages are UTF-8");
        self.lab.nothing_is_left();
        Done { code: status.code(), signal: status.signal(), stdout, stderr }
    }
}

impl Drop for Going<'_> {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // The test has failed already; the run sees its conductor go and ends by itself.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Control groups of Maxwell whose owner is gone.
fn stale_groups() -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    gather(Path::new("/sys/fs/cgroup"), 4, &mut found);
    found
}

fn gather(folder: &Path, depth: u32, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(rest) = name.strip_prefix("maxwell-") {
            let owner = rest.split('-').next().unwrap_or_default();
            if !Path::new("/proc").join(owner).exists() {
                found.insert(path);
            }
        } else if depth > 0 && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            gather(&path, depth - 1, found);
        }
    }
}
