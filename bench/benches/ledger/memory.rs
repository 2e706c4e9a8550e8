//! Money in memory.

use std::hint::black_box;

use maxwell_core::ledger::{Balance, BillingPolicy, Ledger, Role};
use maxwell_core::tick::{AccountId, Kind, Transfer};
use maxwell_core::units::Microjoules;
use maxwell_ledger::record::Record;
use maxwell_ledger::store::MemoryStore;
use maxwell_ledger::wallet::{Domain, Keypair, SessionKey};

use crate::world::{self, genesis};
use crate::{median, rate, row};

const DEBITS: u64 = 10_000_000;
const TRANSFERS: u64 = 2_000_000;
const LINES: u32 = 10_000;
const WALLETS: u32 = 10_000;

pub(crate) fn run() {
    debits();
    transfers();
    books();
    signatures();
}

fn debits() {
    let balance = Balance::new(Microjoules(i64::MAX / 4));
    let took = median(5, || {
        for _ in 0..DEBITS {
            black_box(&balance).debit(black_box(Microjoules(1))).expect("there is enough");
        }
    });
    row("debit of one balance, uncontended", &format!("{:.1} ns", took.as_secs_f64() * 1e9 / DEBITS as f64));
}

/// Between random accounts, with the check that the payer has it.
fn transfers() {
    let mut ledger = Ledger::new(BillingPolicy::default());
    let fund = |ledger: &mut Ledger| ledger.fund_new(0, Role::Wallet, Microjoules::from_joules(1_000_000));
    let accounts: Vec<AccountId> = (0..WALLETS).map(|_| fund(&mut ledger).expect("room")).collect();
    let mut random = 1_u64;
    let took = median(5, || {
        for tick in 0..TRANSFERS {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (from, to) = ((random >> 33) as u32 % WALLETS, (random >> 43) as u32 % WALLETS);
            let to = if from == to { (to + 1) % WALLETS } else { to };
            let (from, to) = (accounts[from as usize], accounts[to as usize]);
            let transfer = Transfer { tick, kind: Kind::Bounty, from, to, amount: Microjoules(3) };
            ledger.pay(transfer).expect("there is enough");
        }
    });
    row("transfers between 10,000 accounts of a node, one core", &rate(TRANSFERS, took));
}

/// Lines of windows, each hashed into its wallet's history.
fn books() {
    let mut ledger = world::ledger(Box::new(MemoryStore::create(&genesis())), WALLETS);
    let mut tick = 0;
    let took = median(5, || {
        for _ in 0..20 {
            tick += 1;
            let window = world::window(tick, 0, LINES, WALLETS);
            ledger.enter(Record::Window(window)).expect("a good window");
        }
        ledger.commit(world::START_MS, maxwell_ledger::ledger::Close::IfDue).expect("memory does not fail");
    });
    row("bills entered and hashed into 10,000 histories, one core", &rate(20 * u64::from(LINES), took));
}

fn signatures() {
    let key = Keypair::from_seed(&[5; 32]);
    let message = [7; 100];
    let signature = key.sign(Domain::Operation, &message);
    let each = |runs: u32, work: &mut dyn FnMut()| {
        let took = median(5, || (0..runs).for_each(|_| work()));
        took.as_secs_f64() * 1e6 / f64::from(runs)
    };
    let sign = each(1_000, &mut || {
        black_box(key.sign(Domain::Operation, black_box(&message)));
    });
    let verify = each(1_000, &mut || {
        key.public().verify(Domain::Operation, black_box(&message), &signature).expect("it is good");
    });
    let session = SessionKey::generate().expect("there is randomness");
    let mac = each(100_000, &mut || {
        black_box(session.mac(1, 2, black_box(&message[..24])));
    });
    row("signature, check of one, MAC of an order", &format!("{sign:.1} µs, {verify:.1} µs, {mac:.2} µs"));
}
