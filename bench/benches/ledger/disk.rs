//! Money on disk, beside `SQLite` doing the same double entry.

use std::path::Path;
use std::time::{Duration, Instant};

use maxwell_ledger::ledger::{Close, Ledger};
use maxwell_ledger::record::Record;
use maxwell_ledger::store::{RedbStore, Store};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::world::{self, START_MS, genesis, host};
use crate::{rate, row};

const WALLETS: u32 = 100_000;
/// Transfers of one billing window.
const LINES: u32 = 10_000;
const WINDOWS_IN_ALL: u64 = 100;
/// Billing windows of which the growth of the file is measured: ten minutes.
const WINDOWS: u64 = 6_000;
const SLOTS: u32 = 8;

pub(crate) fn run() {
    let folder = tempfile::tempdir().expect("a folder");
    for windows in [1, 10] {
        throughput(&folder, windows);
    }
    small_commits(&folder);
    restart(&folder);
}

fn ledger(path: &Path, wallets: u32) -> Ledger {
    let store = RedbStore::create(path, &genesis()).expect("a new file");
    world::ledger(Box::new(store), wallets)
}

/// The same million transfers, in turns of ten windows, so many windows a commit.
fn throughput(folder: &TempDir, windows: u64) {
    let path = |name: &str| folder.path().join(format!("{name}-{windows}"));
    let mut ledger = ledger(&path("ledger"), WALLETS);
    let mut sqlite = Sqlite::create(&path("sqlite"));
    let (mut ours, mut theirs) = (Duration::ZERO, Duration::ZERO);
    for turn in (0..WINDOWS_IN_ALL).step_by(10) {
        let begun = Instant::now();
        for number in turn..turn + 10 {
            let window = world::window(number + 1, number as u32 * LINES, LINES, WALLETS);
            ledger.enter(Record::Window(window)).expect("a good window");
            if (number + 1) % windows == 0 {
                let now_ms = START_MS + (ours + begun.elapsed()).as_millis() as u64;
                ledger.commit(now_ms, Close::IfDue).expect("the disk takes it");
            }
        }
        ours += begun.elapsed();
        let begun = Instant::now();
        for number in (turn..turn + 10).step_by(windows as usize) {
            sqlite.transfer(number as u32 * LINES, windows as u32 * LINES);
        }
        theirs += begun.elapsed();
    }
    let count = WINDOWS_IN_ALL * u64::from(LINES);
    let each = windows * u64::from(LINES);
    row(
        &format!("durable transfers, {each} a commit, 100,000 wallets, signed each second"),
        &rate(count, ours),
    );
    row("SQLite (WAL, synchronous FULL), the same transfers and commits", &rate(count, theirs));
    row("ratio", &format!("{:.1} x", theirs.as_secs_f64() / ours.as_secs_f64()));
}

/// A window each tenth of a second, as a busy node of eight slots writes them.
fn small_commits(folder: &TempDir) {
    let mut ledger = ledger(&folder.path().join("windows"), SLOTS);
    let before = ledger.store().size().expect("it has one").0;
    let mut times = Vec::new();
    for tick in 1..=WINDOWS {
        let begun = Instant::now();
        ledger.enter(Record::Window(world::window(tick, 0, SLOTS, SLOTS))).expect("a good window");
        ledger.commit(START_MS + 100 * tick, Close::IfDue).expect("the disk takes it");
        times.push(begun.elapsed());
    }
    let grown = ledger.store().size().expect("it has one").0 - before;
    times.sort_unstable();
    let at = |percent: usize| times[times.len() * percent / 100].as_secs_f64() * 1e3;
    row("commit of one window of 8 cells, p50 and p99", &format!("{:.2} ms and {:.2} ms", at(50), at(99)));
    let windows_a_day = 864_000.0;
    let a_day = grown as f64 / WINDOWS as f64 * windows_a_day / 1e6;
    let each = a_day / f64::from(SLOTS);
    row("on disk for a day of 8 busy slots, and for each", &format!("{a_day:.0} MB, {each:.0} MB"));
}

/// A million wallets, and a million transfers since they were written down.
fn restart(folder: &TempDir) {
    const MILLION: u32 = 1_000_000;
    let path = folder.path().join("restart");
    let mut ledger = ledger(&path, MILLION);
    for batch in 0..WINDOWS_IN_ALL - 1 {
        let window = world::window(batch + 1, batch as u32 * LINES, LINES, MILLION);
        ledger.enter(Record::Window(window)).expect("a good window");
        ledger.commit(START_MS + 100 * batch, Close::IfDue).expect("the disk takes it");
    }
    drop(ledger);
    let begun = Instant::now();
    let store = RedbStore::open(&path).expect("a whole file");
    let file = begun.elapsed();
    let size = store.size().expect("it has one").0 as f64 / 1e6;
    let ledger = Ledger::open(Box::new(store), host()).expect("a whole ledger");
    let all = begun.elapsed();
    assert_eq!(ledger.books().accounts().len() as u32, MILLION + world::FIRST_WALLET);
    let (all, file) = (all.as_secs_f64(), file.as_secs_f64());
    row(
        &format!("restart, 1,000,000 wallets, tail of 1,000,000 transfers, {size:.0} MB"),
        &format!("{all:.2} s, of which {file:.2} s until the file is checked"),
    );
}

/// Accounts and transfers as one would write them in SQL.
struct Sqlite {
    connection: Connection,
    next: i64,
}

impl Sqlite {
    fn create(path: &Path) -> Self {
        let connection = Connection::open(path).expect("a new file");
        let setup = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
            CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL);
            CREATE TABLE transfers (id INTEGER PRIMARY KEY, payer INTEGER NOT NULL, payee INTEGER NOT NULL,
                amount INTEGER NOT NULL);";
        connection.execute_batch(setup).expect("good SQL");
        let fill = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
            INSERT INTO accounts SELECT i, 1000000000 FROM n";
        connection.execute(fill, [WALLETS]).expect("good SQL");
        Self { connection, next: 0 }
    }

    /// Account 0 is the treasury. Its balance changes once a commit, as in the ledger.
    fn transfer(&mut self, first: u32, count: u32) {
        let transaction = self.connection.transaction().expect("nobody else writes");
        {
            let insert = "INSERT INTO transfers VALUES (?1, ?2, 0, ?3)";
            let mut insert = transaction.prepare_cached(insert).expect("good SQL");
            let update = "UPDATE accounts SET balance = balance + ?2 WHERE id = ?1";
            let mut update = transaction.prepare_cached(update).expect("good SQL");
            let mut income = 0;
            for number in 0..count {
                let (payer, amount) = (1 + (first + number) % WALLETS, 1_437_911 + i64::from(number));
                insert.execute((self.next, payer, amount)).expect("good SQL");
                update.execute((payer, -amount)).expect("good SQL");
                income += amount;
                self.next += 1;
            }
            update.execute((0, income)).expect("good SQL");
        }
        transaction.commit().expect("the disk takes it");
    }
}
