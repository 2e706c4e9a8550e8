//! A node whose money is on record.

mod stage;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use maxwell_core::bounty::terms::BountyId;
use maxwell_core::event::Stop;
use maxwell_core::ledger::{BillingPolicy, Ledger, LedgerError, Opening, Role};
use maxwell_core::population::lifecycle::Reason;
use maxwell_core::population::standing::Change;
use maxwell_core::tick::{AccountId, CellId, Kind, Transfer};
use maxwell_core::units::{Bytes, Microjoules, Nanoseconds};
use maxwell_daemon::books::{find, ledger_of};
use maxwell_daemon::founding::{FOUNDED_MS, Founding};
use maxwell_daemon::journal::{Journal, Recorded, Unrecorded, Window};
use maxwell_daemon::node::{NodeError, Post};
use maxwell_hypervisor::simulated::Behaviour;
use maxwell_ledger::account::{Index, Totals};
use maxwell_ledger::audit::audit;
use maxwell_ledger::entry::What;
use maxwell_ledger::journal::{JournalError, JournalPolicy, Ticket};
use maxwell_ledger::receipt::{Bill, Period, Receipt};
use maxwell_ledger::record::Standing;
use stage::{Stage, Told, worker};

/// Ticks of a run: no more windows than may wait for the ledger's thread, which a virtual clock leaves behind.
const TICKS: u64 = 600;

/// A ledger in which wallets have this many base prices, and an escrow is full.
fn founding(wallets: &[u64]) -> Founding {
    let base = stage::base();
    let amounts: Vec<_> = wallets.iter().map(|quanta| base.times(*quanta)).collect();
    Founding::new(&amounts, Some(base.times(1_000_000)))
}

fn recorded(founding: Founding) -> Box<dyn Journal> {
    let milliseconds = AtomicU64::new(FOUNDED_MS);
    let clock = Box::new(move || milliseconds.fetch_add(400, Ordering::Relaxed));
    Box::new(Recorded::start(founding.ledger, JournalPolicy::default(), clock).unwrap())
}

/// What the telemetry said of a wallet: its cells' bills and its income, in the words of a receipt.
fn told_of(wallet: AccountId, cells: &BTreeMap<CellId, AccountId>, told: &Told) -> Totals {
    let mut totals = Totals::default();
    for obituary in told.ended.iter().filter(|obituary| cells[&obituary.cell] == wallet) {
        let bill = obituary.bill;
        totals.quanta += bill.quanta;
        totals.rent += bill.rent;
        totals.tax += bill.tax;
        totals.energy += obituary.energy;
        totals.used_ns += bill.used.0;
        totals.cycles += bill.cycles;
        totals.freed_bytes += bill.freed.0;
        totals.awards += bill.quanta_granted;
    }
    totals.fees = told.charged.iter().filter(|fee| fee.from == wallet).map(|fee| fee.amount).sum();
    totals.income = told.paid.iter().filter(|paid| paid.to == wallet).map(|paid| paid.amount).sum();
    totals
}

#[test]
fn a_run_is_on_record_to_the_last_microjoule_and_its_receipts_say_what_was_told() {
    // A worker, a poor one with the highest bid, two that share a wallet, one that frees more than it can pay for.
    let founding = founding(&[10_000, 200, 20_000, 120]);
    let (host, names) = (founding.host, founding.wallets.clone());
    let ledger = ledger_of(founding.ledger.books(), BillingPolicy::default()).unwrap();
    let account = |name| find(founding.ledger.books(), name).unwrap();
    let wallets: Vec<AccountId> = names.iter().map(account).collect();
    let escrow = account(&founding.escrow.unwrap());
    let mut stage = Stage::new(ledger, recorded(founding), Some(TICKS));
    let base = stage::base();
    stage.node.post(Post::primes(BountyId(1), escrow, base.times(4), stage::ranges())).unwrap();
    let frees = Behaviour { freed_per_second: Bytes(8 << 30), ..Behaviour::default() };
    let ends = Behaviour { finish_after: Some(Nanoseconds::from_millis(700)), ..Behaviour::default() };
    let launches = [
        (0, 5, worker()),
        (1, 12, Behaviour::default()),
        (2, 6, ends),
        (2, 6, Behaviour::default()),
        (3, 30, frees),
    ];
    let mut cells = BTreeMap::new();
    for (wallet, bid, behaviour) in launches {
        let cell = stage.launch(wallets[wallet], base.times(bid), behaviour).unwrap();
        cells.insert(cell, wallets[wallet]);
    }
    let ending = stage.node.run().expect("every invariant holds");
    assert_eq!((ending.stop, ending.lost, ending.ticks), (Stop::Elapsed, None, TICKS));

    let posted: Vec<_> = {
        let accounts = stage.node.ledger().accounts();
        accounts.all().map(|(account, _)| accounts.balance(account)).collect()
    };
    let recorded = stage.node.into_recorded().expect("a recorded run leaves its ledger");
    let on_record: Vec<_> = recorded.books().accounts().iter().map(|account| account.balance).collect();
    assert_eq!(posted, on_record);
    let audit = audit(recorded.store()).expect("a whole ledger");
    assert_eq!(audit.unsigned, 0);

    let told = stage.told.lock().unwrap();
    let reasons: Vec<_> = told.ended.iter().map(|obituary| obituary.reason).collect();
    for reason in [Reason::Insolvent, Reason::Debt, Reason::Finished, Reason::Operator] {
        assert!(reasons.contains(&reason), "a run in which much happens: {reasons:?}");
    }
    assert!(told.paid.len() > 10, "and in which income is paid");
    for (number, name) in names.iter().enumerate() {
        let receipt = Receipt::export(recorded.store(), *name, Period::default()).unwrap();
        let Bill { totals, after, .. } = receipt.verify(&host).expect("it proves itself");
        assert_eq!(after, posted[wallets[number].0 as usize]);
        let received = totals.received;
        assert_eq!(totals, Totals { received, ..told_of(wallets[number], &cells, &told) }, "wallet {number}");
        let notes = receipt.entries.iter().filter_map(|entry| match &entry.what {
            What::Noted { standing, .. } => Some(*standing),
            _ => None,
        });
        let notes: Vec<_> = notes.collect();
        match number {
            1 => assert_eq!(notes, [Standing::Hungry, Standing::Insolvent]),
            3 => assert_eq!(notes[notes.len() - 2..], [Standing::InDebt, Standing::EndedForDebt]),
            _ => {}
        }
    }
}

/// Keeps nothing, and says that it has come as far as it is told, and fails when it is told.
struct Puppet {
    tickets: u64,
    durable: Arc<AtomicU64>,
    windows_left: u64,
}

impl Journal for Puppet {
    fn is_recorded(&self) -> bool {
        false
    }

    fn window(&mut self, _window: &Window<'_>) -> Result<(), JournalError> {
        self.windows_left = self.windows_left.saturating_sub(1);
        self.health()
    }

    fn payment(&mut self, payment: &Transfer, _key: u64) -> Ticket {
        self.tickets += u64::from(payment.kind == Kind::Bounty);
        Ticket(self.tickets)
    }

    fn note(&mut self, _tick: u64, _change: &Change) {}

    fn durable(&self) -> Ticket {
        Ticket(self.durable.load(Ordering::Relaxed))
    }

    fn health(&self) -> Result<(), JournalError> {
        if self.windows_left > 0 { Ok(()) } else { Err(JournalError::Failed("no room".to_owned())) }
    }

    fn close(self: Box<Self>) -> Result<Option<maxwell_ledger::ledger::Ledger>, JournalError> {
        self.health().map(|()| None)
    }
}

/// A stage with one worker, whose journal is as told.
fn with_worker(windows_left: u64) -> (Stage, Arc<AtomicU64>) {
    let durable = Arc::new(AtomicU64::new(0));
    let journal = Puppet { tickets: 0, durable: durable.clone(), windows_left };
    let mut stage = Stage::new(Ledger::new(BillingPolicy::default()), Box::new(journal), None);
    let base = stage::base();
    let wallet = stage.node.fund_wallet(base.times(10_000)).unwrap();
    stage.node.post_bounty(base.times(1_000_000), base.times(4), stage::ranges()).unwrap();
    stage.launch(wallet, base.times(5), worker()).unwrap();
    (stage, durable)
}

#[test]
fn income_is_acknowledged_once_it_is_durable_and_in_order() {
    let (mut stage, durable) = with_worker(u64::MAX);
    let before = stage.node.ledger().free(AccountId(4));
    stage.walk(100);
    assert_eq!(stage.told.lock().unwrap().paid.len(), 0, "nothing is durable yet");
    assert!(stage.node.ledger().free(AccountId(4)) > before, "but the wallet can spend it already");
    durable.store(3, Ordering::Relaxed);
    stage.walk(1);
    assert_eq!(stage.told.lock().unwrap().paid.len(), 3);
    durable.store(u64::MAX, Ordering::Relaxed);
    stage.walk(1);
    let told = stage.told.lock().unwrap();
    assert!(told.paid.len() > 10);
    assert!(told.paid.is_sorted_by_key(|paid| paid.tick));
}

#[test]
fn a_journal_that_fails_ends_the_run_and_nothing_more_is_sold() {
    let (mut stage, durable) = with_worker(3);
    durable.store(2, Ordering::Relaxed);
    let ending = stage.node.run().expect("every invariant holds");
    assert_eq!((ending.stop, ending.ticks), (Stop::LedgerLost, 30), "the third window is the last");
    assert_eq!(ending.lost, Some(JournalError::Failed("no room".to_owned())));
    assert!(stage.node.into_recorded().is_none());
    let told = stage.told.lock().unwrap();
    assert_eq!(told.ended.len(), 1, "the cell is ended as at any other stop");
    assert_eq!(told.paid.len(), 2, "what is not durable is never acknowledged");
}

#[test]
fn a_recorded_node_mints_nothing() {
    let founding = founding(&[100]);
    let ledger = ledger_of(founding.ledger.books(), BillingPolicy::default()).unwrap();
    let wallet = find(founding.ledger.books(), &founding.wallets[0]).unwrap();
    let mut node = Stage::new(ledger, recorded(founding), Some(0)).node;
    let (one, ranges) = (Microjoules(1), stage::ranges());
    assert!(matches!(node.fund_wallet(one), Err(NodeError::Recorded)));
    assert!(matches!(node.post_bounty(one, one, ranges), Err(NodeError::Recorded)));
    let posted = node.post(Post::primes(BountyId(1), wallet, one, ranges));
    assert!(matches!(posted, Err(NodeError::NotAnEscrow(_))));
    let ending = node.run().unwrap();
    assert_eq!((ending.ticks, ending.lost), (0, None));
    let recorded = node.into_recorded().unwrap();
    assert_eq!(
        recorded.books().mark().window.run,
        0,
        "a run in which nothing happened leaves nothing on record"
    );
    assert_eq!(recorded.books().account(Index(wallet.0)).balance, stage::base().times(100));
}

#[test]
fn a_bid_is_cut_to_what_the_wallet_s_owner_has_set_and_a_closed_wallet_launches_nothing() {
    let mut openings = [Role::Mint, Role::Treasury, Role::Grid, Role::Tax].map(Opening::empty).to_vec();
    let rich = Microjoules::from_joules(10_000);
    openings[0].balance = -rich;
    let max_bid = Some(Microjoules(77));
    openings.push(Opening { balance: rich, max_bid, ..Opening::empty(Role::Wallet) });
    openings.push(Opening { closed: true, ..Opening::empty(Role::Wallet) });
    let ledger = Ledger::with_accounts(BillingPolicy::default(), &openings).unwrap();
    let mut stage = Stage::new(ledger, Box::new(Unrecorded), None);
    let cell = stage.launch(AccountId(4), Microjoules(500), Behaviour::default()).unwrap();
    let limit = |stage: &Stage| stage.node.population().get(cell).unwrap().order.unwrap().limit;
    assert_eq!(limit(&stage), Microjoules(77));
    let refused = stage.launch(AccountId(5), Microjoules(500), Behaviour::default());
    assert!(matches!(refused, Err(NodeError::Ledger(LedgerError::Closed(AccountId(5))))));
}
