//! Who looks at the ledger after a kill.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use maxwell_core::units::Microjoules;
use maxwell_ledger::account::AccountName;
use maxwell_ledger::audit::audit;
use maxwell_ledger::books::{Outcome, Refusal};
use maxwell_ledger::ledger::{Ledger, OrderError};
use maxwell_ledger::limits::RECENT_OPERATIONS;
use maxwell_ledger::operation::SignedOperation;
use maxwell_ledger::receipt::{ExportError, Period, Receipt};
use maxwell_ledger::record::Record;
use maxwell_ledger::store::{RedbStore, Store};

use crate::common::Keys;
use crate::common::dice::Dice;
use crate::common::plain::{Plain, records};
use crate::worker::{PEOPLE, Said};

/// What was acknowledged, and what was found.
pub(crate) struct Watcher {
    file: PathBuf,
    keys: Keys,
    /// Everything up to the last look.
    plain: Plain,
    /// Acknowledged since the last look, by place.
    acknowledged: BTreeMap<u64, Record>,
    checks: u64,
    heard: u64,
    beyond: u64,
    /// Bills that were compared with the plain ledger.
    pub(crate) bills: u64,
}

impl Watcher {
    /// Makes an empty ledger.
    pub(crate) fn new(file: &Path) -> Self {
        let keys = Keys::new(PEOPLE);
        drop(RedbStore::create(file, &keys.genesis()).expect("a new ledger"));
        let (plain, acknowledged) = (Plain::new(), BTreeMap::new());
        Self { file: file.to_owned(), keys, plain, acknowledged, checks: 0, heard: 0, beyond: 0, bills: 0 }
    }

    /// Takes down what a worker said in its life.
    pub(crate) fn heard(&mut self, said: Vec<Said>) {
        for said in said {
            match said {
                Said::Opens => {}
                Said::Opened(last) => assert!(
                    last >= self.last_acknowledged(),
                    "a worker found {last} records, and {} were acknowledged",
                    self.last_acknowledged()
                ),
                Said::Durable(place, record) => {
                    self.heard += 1;
                    let again = self.acknowledged.insert(place, record);
                    assert!(again.is_none(), "record {place} was acknowledged twice");
                }
            }
        }
    }

    fn last_acknowledged(&self) -> u64 {
        self.acknowledged.last_key_value().map_or(self.plain.sequence, |(place, _)| *place)
    }

    /// Opens the ledger and compares all of it with what was acknowledged.
    pub(crate) fn check(&mut self, dice: &mut Dice) {
        self.checks += 1;
        let store = RedbStore::open(&self.file).expect("it opens after every kill");
        let last = store.last_sequence();
        assert!(
            last >= self.last_acknowledged(),
            "{} were acknowledged, {last} are there",
            self.last_acknowledged()
        );
        self.beyond += last - self.last_acknowledged();
        let orders = self.catch_up(&store);
        let found = audit(&store).expect("a ledger in order");
        assert_eq!(found.folded + found.records, last);
        assert_eq!(i128::from(-found.minted.0), self.plain.balance(&AccountName::Mint));
        let mut ledger = self.keys.open(Box::new(store));
        self.plain.agrees_with(ledger.books());
        for (place, order) in orders {
            self.send_again(&mut ledger, place, &order);
        }
        self.plain.agrees_with(ledger.books());
        self.bill(&ledger, found.unsigned == 0, dice);
    }

    /// Plays what has happened since the last look: what was acknowledged and, where nobody was told, what is there. The
    /// orders among it.
    fn catch_up(&mut self, store: &dyn Store) -> Vec<(u64, SignedOperation)> {
        let mut orders = Vec::new();
        let mut there: BTreeMap<u64, Record> = records(store).into_iter().collect();
        for place in self.plain.sequence + 1..=store.last_sequence() {
            let (acknowledged, stored) = (self.acknowledged.remove(&place), there.remove(&place));
            if let (Some(acknowledged), Some(stored)) = (&acknowledged, &stored) {
                assert_eq!(acknowledged, stored, "record {place} is not what was acknowledged");
            }
            let record = acknowledged.or(stored).expect("nothing is folded so soon");
            if let Record::Operation(order) = &record {
                orders.push((place, **order));
            }
            self.plain.play(&record);
        }
        assert!(self.acknowledged.is_empty());
        orders
    }

    /// An order that was carried out is known when it comes again, and never carried out twice.
    fn send_again(&self, ledger: &mut Ledger, place: u64, order: &SignedOperation) {
        let (name, nonce) = (order.operation.actor(), order.operation.nonce);
        let later = self.plain.nonce(&name) - nonce;
        match ledger.order(order) {
            Ok(Outcome::Already(before)) => assert_eq!(before, place),
            Err(OrderError::Refused(Refusal::NonceUsed { .. } | Refusal::Closed(_))) => {
                assert!(later > RECENT_OPERATIONS as u64, "order {nonce} of {name} was forgotten");
            }
            other => panic!("order {nonce} of {name} sent again: {other:?}"),
        }
    }

    /// The bill of somebody is right as far as the heads go.
    fn bill(&mut self, ledger: &Ledger, all_signed: bool, dice: &mut Dice) {
        let names = self.plain.names();
        let name = names[dice.below(names.len())];
        let receipt = match Receipt::export(ledger.store(), name, Period::default()) {
            Ok(receipt) => receipt,
            Err(ExportError::NoEpoch { .. } | ExportError::NoAccount(_)) => return,
            Err(error) => panic!("no bill for {name}: {error}"),
        };
        let bill = receipt.verify(&self.keys.host.public()).expect("an honest bill");
        let changes = receipt.entries.iter().map(|entry| entry.change().expect("an amount"));
        assert_eq!(bill.after, bill.before + changes.sum::<Microjoules>());
        if all_signed {
            assert_eq!(i128::from(bill.after.0), self.plain.balance(&name), "{name}");
            self.bills += 1;
        }
    }
}

impl fmt::Display for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { checks, heard, beyond, bills, plain, .. } = self;
        write!(
            f,
            "{heard} records acknowledged, {beyond} more found that were not; looked {checks} times, {bills} bills \
             compared; {} records in all",
            plain.sequence
        )
    }
}
