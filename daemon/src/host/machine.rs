//! CPU time of a real machine, as the kernel counts it in `/proc/stat`.
//!
//! The kernel keeps two accounts: what each CPU worked, by who made it work, and for how long each was idle. Everything
//! else than Maxwell and its cells comes from the first, busy time from the second, so that one checks the other.
//!
//! ```text
//!   cpu  user nice system idle iowait irq softirq steal ...      sums of all CPUs, in ticks of 10 ms
//! ```

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

use maxwell_core::limits::{QUANTUM, WINDOW};
use maxwell_core::units::{Moment, Nanoseconds};

use super::{BusyTime, CellsRun, HostMeter, process_cpu};

/// One tick of `/proc/stat` (`USER_HZ`), the same on every architecture that Maxwell runs on.
const USER_TICK: Nanoseconds = Nanoseconds::from_millis(10);

/// Each column is cut to whole ticks. Three of them are not busy time: so much more may have been idle than they say.
const CUT: Nanoseconds = Nanoseconds(3 * USER_TICK.0);

/// Bytes of a line of a CPU, and of the first: eleven words of at most twenty digits.
const LINE_MAX: usize = 256;

/// Columns of the first line up to the time that the host took.
const COLUMNS: usize = 8;

/// Why `/proc/stat` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MachineMeterError {
    /// It cannot be read; retrying does not help before somebody mounts it.
    #[error("cannot read the kernel's /proc/stat: {0}")]
    Unreadable(#[from] io::Error),
    /// It holds something else than sums of CPU time.
    #[error("the kernel's /proc/stat does not begin with the sums of all CPUs")]
    Malformed,
}

/// Sums of all CPUs since the machine started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    worked: Nanoseconds,
    /// Idle, waiting for a disk, or taken by the host.
    rested: Nanoseconds,
}

impl Sums {
    /// Of the first line of `/proc/stat`. Time in guests is contained in that of users. Allocates nothing.
    fn parse(text: &[u8]) -> Option<Self> {
        let line = text.split(|byte| *byte == b'\n').next()?;
        let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
        (words.next()? == "cpu").then_some(())?;
        let mut columns = [0_u64; COLUMNS];
        for column in &mut columns {
            *column = words.next()?.parse::<u64>().ok()?.checked_mul(USER_TICK.0)?;
        }
        let [user, nice, system, idle, iowait, irq, softirq, steal] = columns;
        let sum = |columns: &[u64]| {
            let whole = columns.iter().try_fold(0_u64, |sum, column| sum.checked_add(*column));
            whole.map(Nanoseconds)
        };
        let worked = sum(&[user, nice, system, irq, softirq])?;
        Some(Self { worked, rested: sum(&[idle, iowait, steal])? })
    }
}

/// The meter of a node on a real machine. It holds the file open and reads it once a window.
///
/// The kernel writes all of the file for whoever wants its first lines, which takes it the longer the more CPUs and
/// interrupts there are. So the meter belongs on a thread of its own, and the tick takes what it said last.
///
/// The count is interrupted, and [`BusyTime::epoch`] rises, as long as the file cannot be read, and when the number of
/// CPUs that are online changes: how long each was idle meanwhile is not known.
#[derive(Debug)]
pub struct MachineMeter {
    file: File,
    /// Has room for the lines of one CPU more than there are, so that a new one is seen.
    bytes: Vec<u8>,
    cells_run: CellsRun,
    cpus: usize,
    started: Instant,
    own_at_start: Nanoseconds,
    since: Beginning,
    due: Moment,
    /// Own time and that of cells, as of the last question.
    counted: Nanoseconds,
    other: Nanoseconds,
    busy: BusyTime,
    /// The last reading failed.
    is_lost: bool,
}

/// How everything stood when the count began, or began again.
#[derive(Clone, Copy, Debug, Default)]
struct Beginning {
    sums: Sums,
    wall: Nanoseconds,
    counted: Nanoseconds,
    other: Nanoseconds,
    busy: Nanoseconds,
}

impl MachineMeter {
    /// A meter at zero on `<root>/proc/stat`; the root is `/` but in tests.
    ///
    /// # Errors
    /// When the file cannot be read or is not the kernel's.
    pub fn start(root: &Path, cells_run: CellsRun) -> Result<Self, MachineMeterError> {
        let path = root.join("proc/stat");
        let text = std::fs::read(&path)?;
        let sums = Sums::parse(&text).ok_or(MachineMeterError::Malformed)?;
        let cpus = cpus(&text);
        if cpus == 0 {
            return Err(MachineMeterError::Malformed);
        }
        Ok(Self {
            file: File::open(&path)?,
            bytes: room_for(cpus),
            cells_run,
            cpus,
            started: Instant::now(),
            own_at_start: process_cpu(),
            since: Beginning { sums, ..Beginning::default() },
            due: Moment(0),
            counted: Nanoseconds::ZERO,
            other: Nanoseconds::ZERO,
            busy: BusyTime::default(),
            is_lost: false,
        })
    }

    /// CPUs that were online at the last reading.
    pub const fn cpus(&self) -> usize {
        self.cpus
    }

    /// The sums, and how many CPUs are online.
    fn read(&mut self) -> Option<(Sums, usize)> {
        let count = self.file.read_at(&mut self.bytes, 0).ok()?;
        let text = &self.bytes[..count];
        Sums::parse(text).map(|sums| (sums, cpus(text)))
    }

    /// Takes in what was read after the meter has run for `wall`.
    fn take(&mut self, read: Option<(Sums, usize)>, wall: Nanoseconds) {
        match read {
            Some((sums, cpus)) if cpus == self.cpus && !self.is_lost => self.count(sums, wall),
            Some((sums, cpus)) => {
                self.busy.epoch += 1;
                self.is_lost = false;
                self.cpus = cpus;
                self.bytes = room_for(cpus);
                let Self { counted, other, busy, .. } = *self;
                self.since = Beginning { sums, wall, counted, other, busy: busy.time };
            }
            None => {
                self.busy.epoch += 1;
                self.is_lost = true;
            }
        }
    }

    /// Counts on. Neither sum ever falls: what a cell used and has not told yet is other time until it does, and the
    /// kernel takes back a little idle time now and then.
    fn count(&mut self, sums: Sums, wall: Nanoseconds) {
        let since = self.since;
        let worked = sums.worked.saturating_sub(since.sums.worked);
        let rested = sums.rested.saturating_sub(since.sums.rested) + CUT;
        let there_was = Nanoseconds(self.cpus as u64 * wall.saturating_sub(since.wall).0);
        let ours = self.counted.saturating_sub(since.counted);
        self.other = self.other.max(since.other + worked.saturating_sub(ours));
        self.busy.time = self.busy.time.max(since.busy + there_was.saturating_sub(rested));
    }
}

/// CPUs that have a line in `/proc/stat`.
fn cpus(text: &[u8]) -> usize {
    let lines = text.split(|byte| *byte == b'\n');
    lines.filter(|line| line.starts_with(b"cpu") && line.get(3).is_some_and(u8::is_ascii_digit)).count()
}

/// Room for the lines of one CPU more than these, and for the line of all.
fn room_for(cpus: usize) -> Vec<u8> {
    vec![0; LINE_MAX * (cpus + 2)]
}

impl HostMeter for MachineMeter {
    fn own(&mut self, cells: Nanoseconds) -> Nanoseconds {
        let process = process_cpu().saturating_sub(self.own_at_start);
        let own = match self.cells_run {
            CellsRun::Inside => process.saturating_sub(cells),
            CellsRun::Outside => process,
        };
        self.counted = own + cells;
        own
    }

    fn other(&mut self, now: Moment) -> Nanoseconds {
        // A count that is lost is looked for in every tick, so that no window can lie between two attempts.
        if now >= self.due || self.is_lost {
            // Half a quantum early, so that a tick that comes a little too soon does not put it off to the next.
            self.due = now + WINDOW.saturating_sub(Nanoseconds(QUANTUM.0 / 2));
            let read = self.read();
            self.take(read, Nanoseconds(self.started.elapsed().as_nanos() as u64));
        }
        self.other
    }

    fn busy(&mut self) -> Option<BusyTime> {
        Some(self.busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A tree with two CPUs that worked and rested for so many ticks.
    fn tree(first_line: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("proc")).unwrap();
        fs::write(root.path().join("proc/stat"), format!("{first_line}\ncpu0 1 2\ncpu1 3 4\nintr 5\n"))
            .unwrap();
        root
    }

    const fn ticks(count: u64) -> Nanoseconds {
        Nanoseconds(count * USER_TICK.0)
    }

    #[test]
    fn work_and_rest_come_from_columns_of_their_own() {
        let sums = Sums::parse(b"cpu  100 20 30 4000 500 6 7 80 9 10\ncpu0 1").unwrap();
        assert_eq!(sums, Sums { worked: ticks(163), rested: ticks(4_580) });
    }

    #[test]
    fn a_file_that_is_not_the_kernels_is_refused() {
        let huge = format!("cpu {} 0 0 0 0 0 0 0", u64::MAX);
        for line in ["", "cpu", "cpu 1 2 3", "cpu0 1 2 3 4 5 6 7 8", "cpu a b c d e f g h", &huge] {
            let root = tree(line);
            let error = MachineMeter::start(root.path(), CellsRun::Inside).unwrap_err();
            assert!(matches!(error, MachineMeterError::Malformed), "{line}: {error}");
        }
        let nothing = tempfile::tempdir().unwrap();
        let error = MachineMeter::start(nothing.path(), CellsRun::Inside).unwrap_err();
        assert!(matches!(error, MachineMeterError::Unreadable(_)), "{error}");
    }

    #[test]
    fn other_is_what_was_worked_beside_maxwell_and_busy_is_what_was_not_rested() {
        let root = tree("cpu 100 0 0 1000 0 0 0 0");
        let mut meter = MachineMeter::start(root.path(), CellsRun::Outside).unwrap();
        assert_eq!(meter.cpus(), 2);
        meter.counted = ticks(30);
        // Two CPUs for a second: 90 ticks of work, 100 at rest, 10 that nobody accounts for.
        meter.take(Some((Sums { worked: ticks(190), rested: ticks(1_100) }, 2)), ticks(100));
        assert_eq!(meter.other, ticks(60));
        assert_eq!(meter.busy, BusyTime { time: Nanoseconds(ticks(100).0 - CUT.0), epoch: 0 });
        meter.take(Some((Sums::default(), 2)), ticks(100));
        assert_eq!(meter.other, ticks(60), "a sum that fell takes nothing back");
    }

    #[test]
    fn a_file_that_turns_to_garbage_interrupts_the_count_until_it_is_good_again() {
        let root = tree("cpu 100 0 0 1000 0 0 0 0");
        let mut meter = MachineMeter::start(root.path(), CellsRun::Outside).unwrap();
        meter.take(Some((Sums { worked: ticks(150), rested: ticks(1_000) }, 2)), ticks(100));
        let (other, busy) = (meter.other, meter.busy);
        let file = root.path().join("proc/stat");
        let good = fs::read(&file).unwrap();
        fs::write(&file, "nonsense").unwrap();
        for tick in 0_u64..5 {
            assert_eq!(meter.other(Moment(tick)), other);
            assert_eq!(meter.busy(), Some(BusyTime { epoch: tick as u32 + 1, ..busy }), "in every tick");
        }
        fs::write(&file, good).unwrap();
        assert_eq!(meter.other(Moment(5)), other, "what was used meanwhile is nobody's");
        assert_eq!(meter.busy(), Some(BusyTime { epoch: 6, ..busy }));
        meter.other(Moment(1_000_000_000));
        assert_eq!(meter.busy().unwrap().epoch, 6, "and then it counts on");
    }

    #[test]
    fn a_cpu_that_comes_or_goes_begins_the_count_anew() {
        let root = tree("cpu 100 0 0 1000 0 0 0 0");
        let mut meter = MachineMeter::start(root.path(), CellsRun::Outside).unwrap();
        let of =
            |worked: u64, rested: u64| Sums { worked: ticks(100 + worked), rested: ticks(1_000 + rested) };
        meter.take(Some((of(50, 150), 2)), ticks(100));
        let busy = meter.busy;
        assert_eq!((meter.other, busy.time.0), (ticks(50), ticks(50).0 - CUT.0));
        // One CPU goes somewhen in the next second: its time is not idle time.
        meter.take(Some((of(100, 200), 1)), ticks(200));
        assert_eq!((meter.other, meter.busy), (ticks(50), BusyTime { epoch: 1, ..busy }));
        meter.take(Some((of(130, 270), 1)), ticks(300));
        assert_eq!(meter.other, ticks(80));
        assert_eq!(meter.busy.time.0, busy.time.0 + ticks(30).0 - CUT.0, "70 of 100 ticks were idle");
    }

    #[test]
    fn the_file_itself_says_how_many_cpus_there_are() {
        let root = tree("cpu 100 0 0 1000 0 0 0 0");
        let mut meter = MachineMeter::start(root.path(), CellsRun::Outside).unwrap();
        for cpus in [3, 9, 1] {
            let lines: Vec<String> =
                (0..cpus).map(|cpu| format!("cpu{cpu} 1 2 3 4 5 6 7 8 9 10\n")).collect();
            let text = format!("cpu 100 0 0 1000 0 0 0 0\n{}intr {}\n", lines.concat(), "5 ".repeat(4_000));
            fs::write(root.path().join("proc/stat"), text).unwrap();
            meter.other(Moment(meter.due.0));
            let epoch = meter.busy.epoch;
            meter.other(Moment(meter.due.0));
            assert_eq!((meter.cpus(), meter.busy.epoch), (cpus, epoch), "it is known after one reading");
        }
        assert_eq!(meter.busy.epoch, 3);
    }

    #[test]
    fn on_this_machine_busy_time_contains_what_this_process_used() {
        let root = Path::new("/");
        let mut meter = match MachineMeter::start(root, CellsRun::Outside) {
            Ok(meter) => meter,
            Err(error) => return println!("skipped, because {error}"),
        };
        let until = process_cpu() + Nanoseconds::from_millis(300);
        while process_cpu() < until {
            std::hint::black_box(meter.read());
        }
        let own = meter.own(Nanoseconds::ZERO);
        let (other, busy) = (meter.other(Moment(0)), meter.busy().unwrap().time);
        println!("own {own:?}, other {other:?}, busy {busy:?} on {} CPUs", meter.cpus());
        // The cut, and one of the kernel's own timer ticks on each CPU.
        let late = CUT.0 + 2 * USER_TICK.0 * meter.cpus() as u64;
        assert!(busy.0 + late >= own.0, "the kernel saw less busy time than this process used");
        let began = Instant::now();
        (0..200).for_each(|_| assert!(meter.read().is_some()));
        println!("one reading takes {:.1} us", began.elapsed().as_secs_f64() * 1e6 / 200.0);
    }
}
