//! Valid bytes for each fuzz target, to begin from.

use maxwell_core::units::Microjoules;
use maxwell_ledger::account::{AccountName, Index};
use maxwell_ledger::codec;
use maxwell_ledger::frame::Frame;
use maxwell_ledger::ledger::{self, Close, Ledger};
use maxwell_ledger::receipt::{Period, Receipt};
use maxwell_ledger::record::{At, Line, Note, Payment, Reason, Record, Standing, Used, Window};
use maxwell_ledger::store::MemoryStore;
use maxwell_ledger::wallet::keyfile;

use crate::bodies;
use crate::common::START_MS;

/// Samples for the target of this name.
pub(crate) fn of(target: &str) -> Vec<Vec<u8>> {
    let [_, mint, customer] = bodies::keys();
    let text = |text: &str| text.as_bytes().to_vec();
    match target {
        "address" => [mint, customer].map(|key| text(&key.public().to_string())).to_vec(),
        "amount" => ["12.5 J", "-3 mJ", "250 µJ", "0.000001 J", "9223372036854775807 uJ"].map(text).to_vec(),
        "key_file" => vec![key_file()],
        "frame" => frames().iter().map(Frame::to_bytes).collect(),
        "receipt" => receipts(),
        "signed_operation" => bodies::operations().map(|signed| signed.to_bytes()).to_vec(),
        "session" => vec![codec::to_bytes(&bodies::granted())],
        "rows" => rows(),
        other => panic!("there are no samples for {other}"),
    }
}

fn key_file() -> Vec<u8> {
    let [.., customer] = bodies::keys();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("key");
    keyfile::create(&path, &customer, None).expect("a new key file");
    std::fs::read(path).expect("a file")
}

/// Frames that go on where the books of the bodies stand: the customer's account is the fifth, the escrow the sixth,
/// that of the bounty the seventh.
fn frames() -> Vec<Frame> {
    let (customer, escrow, at) = (Index(4), Index(5), At { run: 1, tick: 10 });
    let line = |cell| Line {
        wallet: customer,
        cell,
        quanta: Microjoules(150_000),
        rent: Microjoules(7),
        tax: Microjoules(3),
        used: Used { energy: Microjoules(90_000), used_ns: 9_000_000, awards: 1, ..Used::default() },
    };
    let window = Window { at, grid: Microjoules(40_000), lines: vec![line(1), line(2)], ..Window::default() };
    let amount = Microjoules(5);
    let payment = Payment { at, reason: Reason::Income, reference: 1, from: escrow, to: customer, amount };
    let income = |reference| {
        let (from, amount) = (Index(6), bodies::REWARD);
        Record::Payment(Payment { at, reason: Reason::Income, reference, from, to: customer, amount })
    };
    let note = Note { at, wallet: customer, cell: 1, standing: Standing::Hungry };
    let order = Record::Operation(Box::new(bodies::operations()[bodies::ENTERED]));
    let all =
        [Record::Window(window), Record::Payment(payment), Record::Note(note), order, income(7), income(9)];
    let alone = all.iter().map(|record| Frame { at_ms: START_MS, records: vec![record.clone()] });
    alone.chain([Frame { at_ms: START_MS, records: all.to_vec() }]).collect()
}

/// A ledger in which all of that has happened, a second apart.
fn ledger() -> Ledger {
    let [host, mint, _] = bodies::keys();
    let genesis = ledger::found(&host, mint.public(), START_MS).expect("there is randomness");
    let mut ledger = Ledger::open(Box::new(MemoryStore::create(&genesis)), host).expect("a new ledger");
    let orders = bodies::operations()
        .into_iter()
        .take(bodies::ENTERED)
        .map(|order| Record::Operation(Box::new(order)));
    let records = orders.chain(frames().into_iter().take(6).flat_map(|frame| frame.records));
    for (second, record) in records.enumerate() {
        ledger.enter(record).expect("a good record");
        ledger.commit(START_MS + 1_000 * second as u64, Close::Epoch).expect("memory does not fail");
    }
    ledger
}

fn receipts() -> Vec<Vec<u8>> {
    let (ledger, [.., customer]) = (ledger(), bodies::keys());
    let name = AccountName::Wallet(customer.public());
    let late = Period { from_ms: Some(START_MS + 2_000), to_ms: None };
    let bills = [(name, Period::default()), (name, late), (AccountName::Escrow(2), Period::default())];
    let receipts =
        bills.map(|(name, period)| Receipt::export(ledger.store(), name, period).expect("an account"));
    let json = |receipt: &Receipt| serde_json::to_vec(receipt).expect("a receipt is plain data");
    receipts.iter().flat_map(|receipt| [codec::to_bytes(receipt), json(receipt)]).collect()
}

fn rows() -> Vec<Vec<u8>> {
    let ledger = ledger();
    let (_, head) = ledger.store().last_head().expect("memory does not fail").expect("a head");
    vec![ledger.store().genesis().expect("memory does not fail"), head]
}
