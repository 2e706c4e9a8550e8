//! What records come to, by adding and taking away and nothing else: no rule, no tree, no store.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use maxwell_ledger::account::{AccountName, Index};
use maxwell_ledger::books::Books;
use maxwell_ledger::frame::Frame;
use maxwell_ledger::operation::{Body, Operation};
use maxwell_ledger::record::{Payment, Record, Window};
use maxwell_ledger::store::Store;

/// Balances and nonces, in the order in which accounts first had anything.
#[derive(Clone, Debug)]
pub(crate) struct Plain {
    pub(crate) sequence: u64,
    accounts: Vec<(AccountName, i128, u64)>,
    /// The keys that each bounty has paid.
    paid: BTreeMap<u64, BTreeSet<u64>>,
}

impl Plain {
    pub(crate) fn new() -> Self {
        Self {
            sequence: 0,
            accounts: AccountName::HOST.map(|name| (name, 0, 0)).to_vec(),
            paid: BTreeMap::new(),
        }
    }

    /// What comes next.
    pub(crate) fn play(&mut self, record: &Record) {
        self.sequence += 1;
        match record {
            Record::Operation(signed) => self.operation(&signed.operation),
            Record::Payment(Payment { from, to, amount, reference, .. }) => {
                if let AccountName::Escrow(number) = self.accounts[from.0 as usize].0
                    && let Some(paid) = self.paid.get_mut(&number)
                {
                    assert!(paid.insert(*reference), "bounty {number} pays key {reference} once more");
                }
                self.post(*from, -amount.0);
                self.post(*to, amount.0);
            }
            Record::Window(window) => self.window(window),
            Record::Note(_) => {}
        }
    }

    pub(crate) fn balance(&self, name: &AccountName) -> i128 {
        self.accounts.iter().find(|(known, ..)| known == name).map_or(0, |(_, balance, _)| *balance)
    }

    pub(crate) fn nonce(&self, name: &AccountName) -> u64 {
        self.accounts.iter().find(|(known, ..)| known == name).map_or(0, |(.., nonce)| *nonce)
    }

    pub(crate) fn names(&self) -> Vec<AccountName> {
        self.accounts.iter().map(|(name, ..)| *name).collect()
    }

    /// That books say the same, and sum to zero.
    pub(crate) fn agrees_with(&self, books: &Books) {
        assert_eq!(books.mark().sequence, self.sequence, "records are missing or too many");
        let accounts = books.accounts().iter();
        let found: Vec<_> = accounts.map(|a| (a.name, i128::from(a.balance.0), a.nonce)).collect();
        assert_eq!(found, self.accounts, "the accounts are not what was acknowledged");
        for (number, paid) in &self.paid {
            let (bounty, _) = books.bounty(*number).expect("it was posted");
            let all = paid.iter().all(|key| bounty.paid.contains(*key));
            assert!(all && bounty.paid.count() == paid.len() as u64, "bounty {number} has forgotten keys");
        }
        assert_eq!(found.iter().map(|(_, balance, _)| balance).sum::<i128>(), 0, "money was made or lost");
    }

    fn operation(&mut self, operation: &Operation) {
        let actor = self.open(operation.actor());
        self.accounts[actor].2 += 1;
        let escrow = AccountName::Escrow;
        let (from, to, amount) = match operation.body {
            Body::PostBounty { number, budget, .. } => {
                self.paid.insert(number, BTreeSet::new());
                (actor, escrow(number), budget.0)
            }
            Body::CloseBounty { number } => {
                let from = self.open(escrow(number));
                (from, operation.actor(), self.all_of(from))
            }
            Body::Fund { to, amount } | Body::Transfer { to, amount } => {
                (actor, AccountName::Wallet(to), amount.0)
            }
            Body::Deposit { into, amount } => (actor, into, amount.0),
            Body::SetMaxBid { .. } => return,
            Body::Close { to } => {
                let rest = self.all_of(actor);
                if rest == 0 {
                    return;
                }
                (actor, AccountName::Wallet(to), rest)
            }
        };
        let to = self.open(to);
        self.accounts[from].1 -= i128::from(amount);
        self.accounts[to].1 += i128::from(amount);
    }

    fn all_of(&self, account: usize) -> i64 {
        i64::try_from(self.accounts[account].1).expect("an account has 64 bits")
    }

    fn window(&mut self, window: &Window) {
        for line in &window.lines {
            self.post(line.wallet, -(line.quanta.0 + line.rent.0 + line.tax.0));
            self.post(Index::TREASURY, line.quanta.0 + line.rent.0);
            self.post(Index::TAX, line.tax.0);
        }
        self.post(Index::TREASURY, -window.grid.0);
        self.post(Index::GRID, window.grid.0);
    }

    fn post(&mut self, to: Index, amount: i64) {
        self.accounts[to.0 as usize].1 += i128::from(amount);
    }

    fn open(&mut self, name: AccountName) -> usize {
        let found = self.accounts.iter().position(|(known, ..)| *known == name);
        found.unwrap_or_else(|| {
            self.accounts.push((name, 0, 0));
            self.accounts.len() - 1
        })
    }
}

/// The records that a store still has the details of, with their places.
pub(crate) fn records(store: &dyn Store) -> Vec<(u64, Record)> {
    let mut records = Vec::new();
    let each = &mut |stored: maxwell_ledger::store::FrameRef<'_>| {
        let frame = Frame::from_bytes(stored.bytes).expect("a frame");
        records.extend((stored.first..).zip(frame.records));
        assert_eq!(
            records.last().map(|(sequence, _)| *sequence),
            Some(stored.last),
            "a frame is numbered right"
        );
        ControlFlow::Continue(())
    };
    store.frames(0, each).expect("a whole store");
    records
}
