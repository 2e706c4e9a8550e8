//! What every journal promises, and what those that keep something promise beyond it.

use maxwell_core::ledger::Line;
use maxwell_core::population::standing::{Change, Standing};
use maxwell_core::tick::{AccountId, CellId, Kind, Provenance, Transfer};
use maxwell_core::units::{Microjoules, Ppm};
use maxwell_daemon::books::find;
use maxwell_daemon::founding::{FOUNDED_MS, Founding};
use maxwell_daemon::journal::{InlineJournal, Journal, Recorded, Unrecorded, Window};
use maxwell_ledger::journal::{JournalPolicy, Ticket};
use maxwell_ledger::ledger::Ledger;
use maxwell_ledger::record::At;

/// A journal with the wallet and the escrow that it knows.
struct Made {
    journal: Box<dyn Journal>,
    wallet: AccountId,
    escrow: AccountId,
}

fn on(ledger: Ledger, journal: impl FnOnce(Ledger) -> Box<dyn Journal>) -> Made {
    let founded = founding();
    let account = |name| find(ledger.books(), name).unwrap();
    let (wallet, escrow) = (account(&founded.wallets[0]), account(&founded.escrow.unwrap()));
    Made { journal: journal(ledger), wallet, escrow }
}

fn founding() -> Founding {
    Founding::new(&[Microjoules(1_000)], Some(Microjoules(500)))
}

fn inline(ledger: Ledger) -> Box<dyn Journal> {
    Box::new(InlineJournal::new(ledger, FOUNDED_MS))
}

fn recorded(ledger: Ledger) -> Box<dyn Journal> {
    let clock = Box::new(|| FOUNDED_MS);
    Box::new(Recorded::start(ledger, JournalPolicy::default(), clock).unwrap())
}

fn unrecorded(_ledger: Ledger) -> Box<dyn Journal> {
    Box::new(Unrecorded)
}

impl Made {
    fn window(&mut self, tick: u64) {
        let line = Line {
            quanta: Microjoules(70),
            rent: Microjoules(20),
            tax: Microjoules(10),
            ..Line::new(CellId(0), self.wallet)
        };
        let window = Window {
            tick,
            tariff: Ppm::ONE,
            provenance: Provenance::Modelled,
            grid: Microjoules(30),
            lines: &[line],
        };
        // A failure may show now or later: `health` says it in any case.
        let _ = self.journal.window(&window);
    }

    fn payment(&mut self) -> Ticket {
        let (from, to, amount) = (self.escrow, self.wallet, Microjoules(200));
        self.journal.payment(&Transfer { tick: 3, kind: Kind::Bounty, from, to, amount }, 7)
    }

    fn note(&mut self) {
        let change = Change { cell: CellId(0), wallet: self.wallet, standing: Standing::Hungry };
        self.journal.note(4, &change);
    }
}

/// A payment, a note and a window.
fn what_is_told_becomes_durable_and_is_still_there_when_it_is_closed(
    journal: fn(Ledger) -> Box<dyn Journal>,
) {
    let mut made = on(founding().ledger, journal);
    let ticket = made.payment();
    made.note();
    made.window(9);
    while made.journal.durable() < ticket {
        made.journal.health().expect("it goes on");
        std::thread::yield_now();
    }
    let is_recorded = made.journal.is_recorded();
    let closed = made.journal.close().expect("everything is durable");
    assert_eq!(closed.is_some(), is_recorded);
    let Some(ledger) = closed else { return };
    let balances: Vec<_> = ledger.books().accounts().iter().map(|account| account.balance.0).collect();
    // Mint, treasury, grid, tax, the wallet, the sponsor, the escrow.
    assert_eq!(balances, [-1_500, 60, 30, 10, 1_100, 0, 300]);
    assert_eq!(ledger.books().mark().window, At { run: 1, tick: 9 });
    assert_eq!(ledger.store().last_sequence(), ledger.books().mark().sequence);
}

#[test]
fn every_journal_makes_durable_what_it_is_told() {
    for journal in [unrecorded, inline, recorded] {
        what_is_told_becomes_durable_and_is_still_there_when_it_is_closed(journal);
    }
}

#[test]
fn a_journal_that_was_told_something_impossible_has_failed_for_good() {
    for journal in [inline, recorded] {
        let mut made = on(founding().ledger, journal);
        made.window(9);
        made.window(9);
        while made.journal.health().is_ok() {
            std::thread::yield_now();
        }
        let said = made.journal.health().unwrap_err().to_string();
        assert!(said.contains("tick 9"), "it says what it was: {said}");
        made.window(19);
        assert!(made.journal.health().is_err());
        assert!(made.journal.close().is_err(), "and gives no ledger back that is not what was told");
    }
}

#[test]
fn every_start_of_a_host_is_a_run_of_its_own() {
    for journal in [inline, recorded] {
        let mut ledger = founding().ledger;
        for run in 1..=3 {
            let mut made = on(ledger, journal);
            made.window(0);
            ledger = made.journal.close().unwrap().expect("it is recorded");
            assert_eq!(ledger.books().mark().window, At { run, tick: 0 });
        }
    }
}

#[test]
fn a_node_that_runs_far_ahead_of_the_disk_is_told_so() {
    let blocked = std::sync::Arc::new(std::sync::Mutex::new(()));
    let held = blocked.lock().unwrap();
    let clock = {
        let blocked = blocked.clone();
        // The ledger's thread asks for the time before each commit, and waits here as it would for a disk.
        Box::new(move || {
            drop(blocked.lock().unwrap());
            FOUNDED_MS
        })
    };
    let recorded = |ledger| -> Box<dyn Journal> {
        Box::new(Recorded::start(ledger, JournalPolicy::default(), clock).unwrap())
    };
    let mut made = on(founding().ledger, recorded);
    let mut windows = 0;
    while made.journal.health().is_ok() {
        made.window(windows);
        windows += 1;
        assert!(windows < 1_000, "nothing is durable, and the node is not told");
    }
    assert!(made.journal.health().unwrap_err().to_string().contains("behind"));
    drop(held);
    assert!(made.journal.close().is_err(), "not everything became durable");
}
