//! The process that is killed, and the end of it that the killer holds.

use std::collections::VecDeque;
use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use maxwell_ledger::codec;
use maxwell_ledger::head::{Head, Signed};
use maxwell_ledger::journal::{Journal, JournalPolicy, Ticket};
use maxwell_ledger::ledger::{Close, Ledger};
use maxwell_ledger::record::Record;
use maxwell_ledger::store::RedbStore;

use crate::common::START_MS;
use crate::common::workload::{Floor, Workload};

/// Names the ledger to a worker, and makes a process one; the seed of its life.
const LEDGER: &str = "MAXWELL_KILL_LEDGER";
const LIFE: &str = "MAXWELL_KILL_LIFE";

/// People whose wallets are in the ledger.
pub(crate) const PEOPLE: u8 = 24;

/// Details are kept so long on the worker's clock: longer than three lives, so that the watcher, who looks at least about
/// that often, has seen everything before it is folded away.
const RETENTION_MS: u64 = 120_000;

/// How long a line of a worker is waited for, however busy the machine is.
const PATIENCE: Duration = Duration::from_mins(1);

/// Phases of work in a life; after that the worker waits for its end.
const PHASES_MAX: usize = 24;

/// Something that a worker has said.
pub(crate) enum Said {
    /// It is about to open the ledger.
    Opens,
    /// The ledger is open, up to this record.
    Opened(u64),
    /// This record is durable at this place.
    Durable(u64, Record),
}

impl Said {
    /// Nothing if the line is another program's, such as the test harness'.
    fn read(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["opens"] => Some(Self::Opens),
            ["opened", last] => Some(Self::Opened(last.parse().expect("a number"))),
            ["durable", place, bytes] => {
                let pairs = (0..bytes.len()).step_by(2).map(|at| &bytes[at..at + 2]);
                let bytes: Vec<u8> =
                    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hexadecimal")).collect();
                let record = codec::from_bytes(&bytes).expect("a record");
                Some(Self::Durable(place.parse().expect("a number"), record))
            }
            _ => None,
        }
    }
}

/// A worker, from its start to its kill. It is killed with this value, so that none is left behind by a test that fails.
pub(crate) struct Life {
    child: Child,
    lines: Receiver<Said>,
    said: Vec<Said>,
}

impl Life {
    pub(crate) fn begin(file: &Path, seed: u64) -> Self {
        let mut child = Command::new(env::current_exe().expect("this program"))
            .args(["--exact", "worker::a_worker_keeps_a_ledger_until_it_is_killed", "--nocapture"])
            .env(LEDGER, file)
            .env(LIFE, seed.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let output = child.stdout.take().expect("a pipe");
        let (to, lines) = sync_channel(1_000_000);
        std::thread::spawn(move || read(output, |said| to.send(said).is_ok()));
        Self { child, lines, said: Vec::new() }
    }

    /// Lets it open the ledger, as soon as it is there, so that a kill that follows at once finds it at that.
    pub(crate) fn open(&mut self) {
        self.lines(1);
        let input = self.child.stdin.as_mut().expect("a pipe");
        input.write_all(&[0]).expect("it listens");
    }

    /// Waits for so many lines.
    pub(crate) fn lines(&mut self, count: usize) {
        for _ in 0..count {
            let said = self.lines.recv_timeout(PATIENCE);
            self.said.push(said.expect("the worker has ended, or hangs"));
        }
    }

    /// Kills it, and gives everything that it has said.
    pub(crate) fn kill(mut self) -> Vec<Said> {
        self.child.kill().expect("a process");
        let status = self.child.wait().expect("its end");
        assert_eq!(status.signal(), Some(9), "the worker ended by itself: {status}");
        // What it wrote before it died counts, though nobody had read it yet.
        self.said.extend(self.lines.iter());
        std::mem::take(&mut self.said)
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads whole lines to the end; what a kill cut off was not said.
fn read(output: ChildStdout, mut each: impl FnMut(Said) -> bool) {
    let mut output = BufReader::new(output);
    let mut line = String::new();
    while output.read_line(&mut line).is_ok_and(|read| read > 0) && line.ends_with('\n') {
        if Said::read(&line).is_some_and(|said| !each(said)) {
            return;
        }
        line.clear();
    }
}

/// Says something, at once.
fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}").and_then(|()| output.flush()).expect("somebody listens");
}

fn say_durable(place: u64, record: &Record) {
    use std::fmt::Write;
    let mut line = format!("durable {place} ");
    for byte in codec::to_bytes(record) {
        write!(line, "{byte:02x}").expect("a string takes it");
    }
    say(&line);
}

/// The worker. Without a ledger there is nothing to do.
#[test]
fn a_worker_keeps_a_ledger_until_it_is_killed() {
    let Some(file) = env::var_os(LEDGER) else { return };
    let seed = env::var(LIFE).expect("a seed").parse().expect("a number");
    let mut workload = Workload::new(PEOPLE, seed);
    // The harness has begun a line.
    say("\nopens");
    std::io::stdin().read_exact(&mut [0]).expect("the killer's word");
    let mut ledger = workload.keys.open(Box::new(RedbStore::open(&file).expect("a ledger")));
    say(&format!("opened {}", ledger.books().mark().sequence));
    let mut now_ms = last_ms(&ledger);
    for _ in 0..PHASES_MAX {
        ledger = if workload.dice.below(3) == 0 {
            through_the_journal(&mut workload, ledger, &mut now_ms)
        } else {
            by_hand(&mut workload, ledger, &mut now_ms)
        };
    }
    // Ends with the killer's own end, if that comes first.
    let _ = std::io::stdin().read(&mut [0]);
    std::process::exit(1);
}

/// The clock goes on where the chain of heads ends.
fn last_ms(ledger: &Ledger) -> u64 {
    let head = ledger.store().last_head().expect("readable");
    let head = head.map(|(_, bytes)| codec::from_bytes::<Signed<Head>>(&bytes).expect("a head"));
    head.map_or(START_MS, |head| head.content.ended_ms)
}

/// Orders and whatever else, committed one or some at a time, with heads, checkpoints and folds in between.
fn by_hand(workload: &mut Workload, mut ledger: Ledger, now_ms: &mut u64) -> Ledger {
    for _ in 0..=workload.dice.below(6) {
        let entered: Vec<_> = (0..=workload.dice.below(5)).map(|_| workload.enter(&mut ledger)).collect();
        let close = [Close::IfDue, Close::IfDue, Close::Epoch, Close::AndSave][workload.dice.below(4)];
        *now_ms += workload.dice.below(500) as u64;
        ledger.commit(*now_ms, close).expect("the disk works");
        for (place, record) in &entered {
            say_durable(*place, record);
        }
        if workload.dice.below(6) == 0 {
            ledger.fold(now_ms.saturating_sub(RETENTION_MS), u64::MAX).expect("the disk works");
        }
    }
    ledger
}

/// Windows with payments before them, through the journal's thread, which folds once a second of its clock and saves when it ends.
fn through_the_journal(workload: &mut Workload, ledger: Ledger, now_ms: &mut u64) -> Ledger {
    let mut floor = Floor::of(ledger.books());
    let before = ledger.books().mark().sequence;
    if before == 0 {
        return by_hand(workload, ledger, now_ms);
    }
    let clock = AtomicU64::new(*now_ms);
    let clock = Box::new(move || clock.fetch_add(200, Ordering::Relaxed));
    let policy =
        JournalPolicy { retention: Duration::from_millis(RETENTION_MS), fold_every: Duration::from_secs(1) };
    let mut journal = Journal::start(ledger, policy, clock).expect("a thread");
    let mut waiting = VecDeque::new();
    for _ in 0..=workload.dice.below(12) {
        while workload.dice.below(2) == 0 {
            let Some(payment) = workload.payment(&mut floor) else { break };
            waiting.push_back((journal.payment(payment), Record::Payment(payment)));
        }
        let window = workload.window(&mut floor);
        let ticket = journal.window(|to| to.clone_from(&window)).expect("the disk works");
        waiting.push_back((ticket, Record::Window(window)));
        acknowledge(&journal, &mut waiting, before);
        *now_ms += 200;
    }
    while !waiting.is_empty() {
        journal.health().expect("the disk works");
        std::thread::yield_now();
        acknowledge(&journal, &mut waiting, before);
    }
    journal.close().expect("the disk works")
}

/// Says what has become durable since.
fn acknowledge(journal: &Journal, waiting: &mut VecDeque<(Ticket, Record)>, before: u64) {
    let durable = journal.durable();
    while let Some((ticket, record)) = waiting.pop_front_if(|(ticket, _)| *ticket <= durable) {
        say_durable(before + ticket.0, &record);
    }
}
