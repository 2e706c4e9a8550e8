//! A ledger in memory, and people who use it.

#![allow(dead_code)]

pub(crate) mod dice;
pub(crate) mod plain;
pub(crate) mod workload;

use maxwell_core::tick::Provenance;
use maxwell_core::units::{Microjoules, Ppm};
use maxwell_ledger::account::{AccountName, Index};
use maxwell_ledger::books::Outcome;
use maxwell_ledger::ledger::{self, Close, Ledger, OrderError};
use maxwell_ledger::operation::{Body, Operation, OperationId, SignedOperation};
use maxwell_ledger::record::{At, Line, Record, Used, Window};
use maxwell_ledger::store::{MemoryStore, Store};
use maxwell_ledger::wallet::{Keypair, PublicKey};

/// A time to begin with: 2026-01-01.
pub(crate) const START_MS: u64 = 1_767_225_600_000;

const HOST: [u8; 32] = [1; 32];

/// The keys of a host, its mint and its customers.
pub(crate) struct Keys {
    pub(crate) host: Keypair,
    pub(crate) mint: Keypair,
    pub(crate) people: Vec<Keypair>,
}

impl Keys {
    /// Always the same, so that a failure can be played again.
    pub(crate) fn new(people: u8) -> Self {
        let key = |seed: u8| Keypair::from_seed(&[seed; 32]);
        Self {
            host: Keypair::from_seed(&HOST),
            mint: key(2),
            people: (0..people).map(|number| key(number + 10)).collect(),
        }
    }

    pub(crate) fn person(&self, number: usize) -> PublicKey {
        self.people[number].public()
    }

    pub(crate) fn store(&self) -> MemoryStore {
        MemoryStore::create(&self.genesis())
    }

    pub(crate) fn genesis(&self) -> Vec<u8> {
        ledger::found(&self.host, self.mint.public(), START_MS).expect("there is randomness")
    }

    pub(crate) fn ledger(&self) -> Ledger {
        self.open(Box::new(self.store()))
    }

    pub(crate) fn open(&self, store: Box<dyn Store>) -> Ledger {
        let host = Keypair::from_seed(&HOST);
        assert_eq!(host.public(), self.host.public());
        Ledger::open(store, host).expect("a whole store")
    }

    /// Money for a person, signed by the mint.
    pub(crate) fn fund(&self, nonce: u64, to: usize, amount: i64) -> SignedOperation {
        let body = Body::Fund { to: self.person(to), amount: Microjoules(amount) };
        self.signed(&self.mint, nonce, body)
    }

    /// An order of a person.
    pub(crate) fn order(&self, by: usize, nonce: u64, body: Body) -> SignedOperation {
        self.signed(&self.people[by], nonce, body)
    }

    pub(crate) fn transfer(&self, by: usize, nonce: u64, to: usize, amount: i64) -> SignedOperation {
        self.order(by, nonce, Body::Transfer { to: self.person(to), amount: Microjoules(amount) })
    }

    /// An order whose id follows from signer and nonce.
    pub(crate) fn signed(&self, key: &Keypair, nonce: u64, body: Body) -> SignedOperation {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&nonce.to_le_bytes());
        id[8..].copy_from_slice(&key.public().as_bytes()[..8]);
        let operation =
            Operation { host: self.host.public(), by: key.public(), nonce, id: OperationId(id), body };
        operation.sign(key)
    }
}

/// What somebody has.
pub(crate) fn balance(ledger: &Ledger, who: PublicKey) -> i64 {
    let books = ledger.books();
    books.find(&AccountName::Wallet(who)).map_or(0, |index| books.account(index).balance.0)
}

/// The place of somebody's account.
pub(crate) fn index(ledger: &Ledger, who: PublicKey) -> Index {
    ledger.books().find(&AccountName::Wallet(who)).expect("it was funded")
}

/// A window in which the first `wallets` people pay `price` for a quantum each.
pub(crate) fn window(ledger: &Ledger, keys: &Keys, tick: u64, wallets: usize, price: i64) -> Window {
    let line = |number: usize| Line {
        wallet: index(ledger, keys.person(number)),
        cell: number as u32,
        quanta: Microjoules(price),
        rent: Microjoules(1),
        tax: Microjoules(2),
        used: Used { energy: Microjoules(price / 2), used_ns: 9_000_000, awards: 1, ..Used::default() },
    };
    Window {
        at: At { run: 1, tick },
        tariff: Ppm::ONE,
        provenance: Provenance::Modelled,
        grid: Microjoules(price / 3),
        lines: (0..wallets).map(line).collect(),
    }
}

/// Enters what the host has done, and makes it durable.
pub(crate) fn entered(ledger: &mut Ledger, record: Record, now_ms: u64, close: Close) -> u64 {
    let outcome = ledger.enter(record).expect("a good record");
    ledger.commit(now_ms, close).expect("memory does not fail");
    outcome.sequence()
}

/// Carries out an order that must be right, and makes it durable.
pub(crate) fn done(ledger: &mut Ledger, order: &SignedOperation) -> Outcome {
    let outcome = ledger.order(order).expect("a good order");
    ledger.commit(START_MS, Close::Epoch).expect("memory does not fail");
    outcome
}

/// Why an order is refused.
pub(crate) fn refused(ledger: &mut Ledger, order: &SignedOperation) -> OrderError {
    let before = ledger.books().mark();
    let error = ledger.order(order).expect_err("a bad order");
    assert_eq!(ledger.books().mark(), before, "a refused order changes nothing");
    error
}
