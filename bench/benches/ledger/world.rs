//! A host with many wallets.

use maxwell_core::tick::Provenance;
use maxwell_core::units::{Microjoules, Ppm};
use maxwell_ledger::account::Index;
use maxwell_ledger::ledger::{self, Close, Ledger};
use maxwell_ledger::operation::{Body, Operation, OperationId, SignedOperation};
use maxwell_ledger::record::{At, Line, Record, Used, Window};
use maxwell_ledger::store::Store;
use maxwell_ledger::wallet::{Domain, Keypair, PublicKey};

/// A time to begin with: 2026-01-01.
pub(crate) const START_MS: u64 = 1_767_225_600_000;
/// The host's own accounts come first.
pub(crate) const FIRST_WALLET: u32 = 4;

/// The host's key.
pub(crate) fn host() -> Keypair {
    Keypair::from_seed(&[1; 32])
}

/// The first row of a new ledger.
pub(crate) fn genesis() -> Vec<u8> {
    ledger::found(&host(), mint().public(), START_MS).expect("there is randomness")
}

fn mint() -> Keypair {
    Keypair::from_seed(&[2; 32])
}

/// A ledger on `store` with so many wallets, written down.
pub(crate) fn ledger(store: Box<dyn Store>, wallets: u32) -> Ledger {
    // Nobody checks them here: checking signatures is measured elsewhere.
    let signature = mint().sign(Domain::Operation, &[]);
    funded(store, wallets, |operation| SignedOperation { operation, signature })
}

/// The same with good signatures, for who does check them.
pub(crate) fn audited(store: Box<dyn Store>, wallets: u32) -> Ledger {
    funded(store, wallets, |operation| operation.sign(&mint()))
}

fn funded(store: Box<dyn Store>, wallets: u32, sign: impl Fn(Operation) -> SignedOperation) -> Ledger {
    let mut ledger = Ledger::open(store, host()).expect("an empty store");
    for number in 0..wallets {
        let mut seed = [3; 32];
        seed[..4].copy_from_slice(&number.to_le_bytes());
        // Half of all numbers are points of the curve; the next one that is will do.
        let to = (0..).find_map(|byte| {
            seed[31] = byte;
            PublicKey::from_bytes(seed).ok()
        });
        let to = to.expect("one of many is a point");
        let body = Body::Fund { to, amount: Microjoules::from_joules(1_000) };
        let mut id = [0; 16];
        id[..4].copy_from_slice(&number.to_le_bytes());
        let (host, by, nonce) = (host().public(), mint().public(), u64::from(number));
        let signed = sign(Operation { host, by, nonce, id: OperationId(id), body });
        ledger.enter(Record::Operation(Box::new(signed))).expect("a good order");
    }
    ledger.commit(START_MS, Close::AndSave).expect("the disk takes it");
    ledger
}

/// A billing window in which so many wallets, beginning with `first`, pay for their quanta.
pub(crate) fn window(tick: u64, first: u32, lines: u32, wallets: u32) -> Window {
    let line = |number: u32| Line {
        wallet: Index(FIRST_WALLET + (first + number) % wallets),
        cell: number,
        quanta: Microjoules(1_437_911 + i64::from(number)),
        rent: Microjoules(2_611),
        tax: Microjoules::ZERO,
        used: Used {
            energy: Microjoules(1_391_207),
            granted_ns: 100_000_000,
            used_ns: 98_713_442,
            cycles: 0,
            freed_bytes: 0,
            awards: 10,
            cheapest: Microjoules(143_000),
            dearest: Microjoules(144_112),
        },
    };
    Window {
        at: At { run: 1, tick },
        tariff: Ppm::ONE,
        provenance: Provenance::Modelled,
        grid: Microjoules(2_100_000),
        lines: (0..lines).map(line).collect(),
    }
}
