//! What must hold for any bytes whatever that a parser of the ledger is given. The tests beside this file and the fuzzer in
//! `fuzz/` run the same functions: a wrong answer panics.
//!
//! Besides "no panic" each looks for what would be worth something to a liar: a second form of the same thing, a signature
//! that nobody gave, money from nowhere.

// The crate of the fuzz targets sees these functions from outside; the tests beside this file do not.
#![allow(unreachable_pub)]

use maxwell_core::bounty::Ranges;
use maxwell_core::bounty::terms::{Terms, Work};
use maxwell_core::units::Microjoules;
use maxwell_ledger::account::Salt;
use maxwell_ledger::books::{Books, Outcome};
use maxwell_ledger::codec;
use maxwell_ledger::frame::Frame;
use maxwell_ledger::head::{Genesis, Head, Signed};
use maxwell_ledger::operation::{Body, Operation, OperationId, SignedOperation};
use maxwell_ledger::receipt::Receipt;
use maxwell_ledger::record::Record;
use maxwell_ledger::wallet::keyfile::parse_key_text;
use maxwell_ledger::wallet::{Keypair, PublicKey, Session, SessionGrant, SessionKey, Signature};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A function of any bytes, by the name of its fuzz target.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 8] = [
    ("address", address),
    ("amount", amount),
    ("key_file", key_file),
    ("frame", frame),
    ("receipt", receipt),
    ("signed_operation", signed_operation),
    ("session", session),
    ("rows", rows),
];

/// What the bounties of these bodies pay for a key.
pub const REWARD: Microjoules = Microjoules(30);

/// The keys in these bodies: the host's, the mint's and a customer's.
pub fn keys() -> [Keypair; 3] {
    [1, 2, 3].map(|seed| Keypair::from_seed(&[seed; 32]))
}

/// An address that is read shows itself again, and its key is one that somebody can own.
pub fn address(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(key) = text.parse::<PublicKey>() {
        assert_eq!(key.to_string(), text.to_ascii_lowercase());
        key.check().expect("it was read");
    }
}

/// An amount that is read is shown as one that reads as the same.
pub fn amount(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(amount) = text.parse::<Microjoules>() {
        assert_eq!(amount.to_string().parse(), Ok(amount));
    }
}

/// A key that is read belongs to the address in the first line of its file.
pub fn key_file(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(key) = parse_key_text(text) {
        let first = text.lines().next().expect("two lines");
        assert_eq!(first.to_ascii_lowercase(), format!("# {}", key.public()));
    }
}

/// Whatever a journal says, the books keep their rules: no panic, nothing made or lost.
pub fn frame(bytes: &[u8]) {
    if let Ok(frame) = Frame::from_bytes(bytes) {
        assert_eq!(frame.to_bytes(), bytes);
        let mut books = books();
        frame.records.iter().for_each(|record| apply(&mut books, record));
    }
}

/// A receipt that verifies adds up, and in JSON it is the same.
pub fn receipt(bytes: &[u8]) {
    let compact = canonical::<Receipt>(bytes);
    let Some(receipt) = compact.or_else(|| serde_json::from_slice(bytes).ok()) else { return };
    let text = serde_json::to_vec(&receipt).expect("a receipt is plain data");
    // An address in JSON is checked when it is read, so a receipt that names nobody's key does not come back.
    let back = serde_json::from_slice::<Receipt>(&text).ok();
    assert!(back.as_ref().is_none_or(|back| *back == receipt), "JSON says something else: {receipt:?}");
    let [host, ..] = keys();
    if let Ok(bill) = receipt.verify(&host.public()) {
        assert!(back.is_some(), "a good receipt is lost in JSON: {receipt:?}");
        let changes = receipt.entries.iter().map(|entry| entry.change().expect("it was entered"));
        assert_eq!(bill.after, bill.before + changes.sum::<Microjoules>());
    }
}

/// An operation is carried out once or not at all, and only the one that was signed verifies.
pub fn signed_operation(bytes: &[u8]) {
    let Ok(signed) = SignedOperation::from_bytes(bytes) else { return };
    assert_eq!(signed.to_bytes(), bytes);
    let [host, ..] = keys();
    if signed.verify(&host.public()).is_ok() {
        assert!(operations().contains(&signed), "nobody has signed this: {signed:?}");
    }
    let mut books = books();
    let record = Record::Operation(Box::new(signed));
    apply(&mut books, &record);
    apply(&mut books, &record);
}

/// A session is opened by nothing but the grant that was signed, and takes no message that was not authenticated.
pub fn session(bytes: &[u8]) {
    let Some((grant, signature, key)) = canonical::<(SessionGrant, Signature, [u8; 32])>(bytes) else {
        return;
    };
    let [host, ..] = keys();
    let opened = Session::open(host.public(), &grant, &signature, SessionKey::from_bytes(key), 5);
    if let Ok(mut session) = opened {
        assert_eq!((grant, signature, key), granted(), "nobody has signed this grant");
        let key = SessionKey::from_bytes(key);
        session.accept(5, 1, bytes, &key.mac(5, 1, bytes)).expect("it is authenticated");
        session.accept(5, 1, bytes, &key.mac(5, 1, bytes)).expect_err("it was accepted before");
        session.accept(5, 2, bytes, &key.mac(5, 3, bytes)).expect_err("it is for another place");
    }
}

/// Heads and a genesis that verify are those that the host has signed.
pub fn rows(bytes: &[u8]) {
    let [host, mint, _] = keys();
    if let Some(genesis) = canonical::<Signed<Genesis>>(bytes)
        && genesis.verify().is_ok()
        && genesis.content.host == host.public()
    {
        assert_eq!(genesis.content.mint, mint.public(), "the host has signed no such ledger");
    }
    if let Some(head) = canonical::<Signed<Head>>(bytes)
        && head.verify(&host.public()).is_ok()
    {
        let sums = head.content.root.sums;
        assert_eq!(sums.credit, sums.debit, "the host has signed no such head");
    }
}

/// What the bytes are, if they are one, seen to be the only bytes for it.
fn canonical<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let value = codec::from_bytes::<T>(bytes).ok()?;
    assert_eq!(codec::to_bytes(&value), bytes);
    Some(value)
}

/// Applies a record: all of it, nothing of it, or it was before. Accounts sum to zero in any case.
fn apply(books: &mut Books, record: &Record) {
    let before = books.mark();
    match books.apply(record) {
        Ok(Outcome::Done(place)) => {
            assert_eq!(place, before.sequence + 1);
            if let Record::Operation(_) = record {
                assert_eq!(books.apply(record), Ok(Outcome::Already(place)));
            }
        }
        Ok(Outcome::Already(place)) => assert!(place <= before.sequence && books.mark() == before),
        Err(_) => assert_eq!(books.mark(), before),
    }
    let sum: i128 = books.accounts().iter().map(|account| i128::from(account.balance.0)).sum();
    assert_eq!(sum, 0, "money was made or lost");
    for (id, escrow) in books.open_bounties() {
        let (bounty, _) = books.bounty(id.0).expect("it is open");
        let owed = i128::from(bounty.terms.reward.0) * i128::from(bounty.paid.count());
        assert_eq!(i128::from(books.account(escrow).totals.sent.0), owed, "a key was paid twice, or wrongly");
    }
}

/// A small ledger's books: the customer has 1,000 J, of which 10 J are in escrow and 20 J are the budget of a bounty.
pub fn books() -> Books {
    let [host, mint, _] = keys();
    let genesis = Genesis { host: host.public(), mint: mint.public(), created_ms: 0, salt: Salt([9; 32]) };
    let mut books = Books::new(genesis);
    for operation in &operations()[..ENTERED] {
        books.apply(&Record::Operation(Box::new(*operation))).expect("good orders");
    }
    books
}

/// How many of the operations are in the books.
pub const ENTERED: usize = 3;

/// Everything that was ever signed in the ledger of these bodies. The first of them are in its books.
pub fn operations() -> [SignedOperation; 8] {
    use maxwell_ledger::account::AccountName::Escrow;
    let [host, mint, customer] = keys();
    let signed = |key: &Keypair, nonce, body| {
        let id = OperationId([nonce as u8; 16]);
        Operation { host: host.public(), by: key.public(), nonce, id, body }.sign(key)
    };
    let joules = Microjoules::from_joules;
    let terms = |work| Terms { work, reward: REWARD };
    let module = Work::Module { digest: [4; 32], fuel: 1_000_000, end: 100 };
    let primes = Work::Primes(Ranges { origin: 1, width: 1_000, first: 0, end: 100 });
    [
        signed(&mint, 0, Body::Fund { to: customer.public(), amount: joules(1_000) }),
        signed(&customer, 0, Body::Deposit { into: Escrow(1), amount: joules(10) }),
        signed(&customer, 1, Body::PostBounty { number: 2, terms: terms(module), budget: joules(20) }),
        signed(&customer, 2, Body::Transfer { to: mint.public(), amount: joules(3) }),
        signed(&customer, 2, Body::SetMaxBid { max_bid: Some(Microjoules(150_000)) }),
        signed(&customer, 2, Body::Close { to: mint.public() }),
        signed(&customer, 2, Body::PostBounty { number: 3, terms: terms(primes), budget: joules(1) }),
        signed(&customer, 2, Body::CloseBounty { number: 2 }),
    ]
}

/// The one grant that the customer has signed, with the key of its session.
pub fn granted() -> (SessionGrant, Signature, [u8; 32]) {
    let [host, _, customer] = keys();
    let key = [7; 32];
    let commitment = SessionKey::from_bytes(key).commitment();
    let grant =
        SessionGrant { host: host.public(), wallet: customer.public(), commitment, expires_epoch: 10 };
    (grant, grant.sign(&customer), key)
}
